"""Where weights live: rows padded to whole vectors, in blocks aligned to cache lines.

The arrays are ordinary NumPy views of padded blocks, so that a fitted estimator holds nothing but
arrays, and the compiled engine works in place on what the user sees as ``coefs_``.

The first layer is stored row by row, one row per input: a presentation touches only the rows of its
non-zero inputs. Every later layer is stored column by column, one row of memory per unit. Either
way the long inner loops run along contiguous hidden units.
"""

from functools import partial

import numpy as np

ALIGNMENT = 64  # bytes: a cache line, and the widest vector


def padded(n_values, dtype):
    """Round a number of values up to whole multiples of `ALIGNMENT` bytes."""
    lanes = ALIGNMENT // np.dtype(dtype).itemsize
    return -(-n_values // lanes) * lanes


def aligned_zeros(n_rows, n_columns, dtype):
    """Return zeros of shape (n_rows, n_columns), a view of an aligned block with padded rows."""
    dtype = np.dtype(dtype)
    n_bytes = n_rows * padded(n_columns, dtype) * dtype.itemsize
    memory = np.zeros(n_bytes + ALIGNMENT, dtype=np.uint8)
    return aligned_part(memory).view(dtype).reshape(n_rows, -1)[:, :n_columns]


def aligned_part(memory):
    """View what is aligned of bytes as `aligned_zeros` takes them."""
    start = -memory.ctypes.data % ALIGNMENT
    return memory[start : start + memory.size - ALIGNMENT]


def with_padding(array):
    """View the memory of an array that `as_blocks` returned as one vector, with its padding."""
    return aligned_part(array.base).view(array.dtype)


def is_aligned(array, dtype):
    """Tell whether a two-dimensional array is such a view.

    A slice of a wider network's weights passes too, though its padding is not zero.
    """
    dtype = np.dtype(dtype)
    n_rows, n_columns = array.shape
    stride = padded(n_columns, dtype) * dtype.itemsize
    memory = array.base
    return (
        array.dtype == dtype
        and (n_rows == 1 or array.strides[0] == stride)
        and (n_columns == 1 or array.strides[1] == dtype.itemsize)
        and array.flags.writeable
        and isinstance(memory, np.ndarray)
        and memory.dtype == np.uint8
        and memory.size == n_rows * stride + ALIGNMENT
    )


def as_aligned(array, dtype, *, in_place):
    """Return a two-dimensional array as such a view: itself, if it is one and may be used."""
    if in_place and is_aligned(array, dtype):
        return array
    copy = aligned_zeros(*array.shape, dtype)
    copy[...] = array
    return copy


def has_rows(array, dtype):
    """Tell whether the engines can read a two-dimensional array row by row, where it lies."""
    dtype = np.dtype(dtype)
    stride, step = array.strides
    is_contiguous = step == dtype.itemsize and stride >= array.shape[1] * dtype.itemsize
    return array.dtype == dtype and is_contiguous and not is_aligned(array, dtype)


def as_blocks(coefs, intercepts, dtype, *, in_place=False, only_to_read=False):
    """Lay out the weights of a network for the engines, in arrays of a type and the same shapes.

    If `in_place`, arrays that an earlier call has laid out are returned as they are. A user's are
    not: what looks like one may be a part of a wider network's, with other weights for padding.

    If `only_to_read`, a first layer that is not laid out stays where it is if its rows are
    contiguous. It may be large, where sparse samples need a few of its rows.
    """
    as_block = partial(as_aligned, dtype=dtype, in_place=in_place)
    first, *later = coefs
    if not (only_to_read and has_rows(first, dtype)):
        first = as_block(first)
    blocks = [first] + [as_block(weights.T).T for weights in later]
    return blocks, [as_block(values[np.newaxis])[0] for values in intercepts]

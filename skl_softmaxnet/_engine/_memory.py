"""Where weights live: rows padded to whole vectors, in blocks aligned to cache lines.

The arrays are ordinary NumPy views of padded blocks, so that a fitted estimator holds nothing but
arrays, and the compiled engine works in place on what the user sees as ``coefs_``.

The first layer is stored row by row, one row per input: a presentation touches only the rows of its
non-zero inputs. Every later layer is stored column by column, one row of memory per unit. Either
way the long inner loops run along contiguous hidden units.
"""

import numpy as np

ALIGNMENT = 64  # bytes: a cache line, and the widest vector


def padded(n_values, dtype):
    """Round a number of values up to whole multiples of `ALIGNMENT` bytes."""
    lanes = ALIGNMENT // np.dtype(dtype).itemsize
    return -(-n_values // lanes) * lanes


def address(array):
    """Return where an array's first value is in memory."""
    return array.__array_interface__["data"][0]


def aligned_block(memory, n_rows, dtype):
    """View the aligned part of `memory`, bytes as `aligned_zeros` takes them, as whole rows."""
    start = -address(memory) % ALIGNMENT
    return memory[start : start + memory.size - ALIGNMENT].view(dtype).reshape(n_rows, -1)


def aligned_zeros(n_rows, n_columns, dtype):
    """Return zeros of shape (n_rows, n_columns), a view of an aligned block with padded rows."""
    dtype = np.dtype(dtype)
    n_bytes = n_rows * padded(n_columns, dtype) * dtype.itemsize
    memory = np.zeros(n_bytes + ALIGNMENT, dtype=np.uint8)
    return aligned_block(memory, n_rows, dtype)[:, :n_columns]


def is_aligned(array, dtype):
    """Tell whether a two-dimensional array is such a view, so that it can be used as it is."""
    dtype = np.dtype(dtype)
    n_rows, n_columns = array.shape
    stride = padded(n_columns, dtype) * dtype.itemsize
    memory = array.base
    if (
        array.dtype != dtype
        or not array.flags.writeable
        or (n_rows > 1 and array.strides[0] != stride)
        or (n_columns > 1 and array.strides[1] != dtype.itemsize)
        or not (isinstance(memory, np.ndarray) and memory.dtype == np.uint8)
        or memory.size != n_rows * stride + ALIGNMENT
    ):
        return False
    block = aligned_block(memory, n_rows, dtype)
    # padding is not zero in a slice of a wider network's weights, nor after training has diverged
    return address(array) == address(block) and not block[:, n_columns:].any()


def as_aligned(array, dtype):
    """Return a two-dimensional array as an aligned view, itself if it already is one."""
    if is_aligned(array, dtype):
        return array
    copy = aligned_zeros(*array.shape, dtype)
    copy[...] = array
    return copy


def as_blocks(coefs, intercepts, dtype):
    """Lay out the weights of a network for the engines, without a copy where they already are.

    Parameters
    ----------
    coefs : list of ndarray of shape (fan_in, fan_out)
    intercepts : list of ndarray of shape (fan_out,)
    dtype : float32 or float64

    Returns
    -------
    coefs, intercepts : lists of ndarray of `dtype`, of the same shapes
    """
    first, *later = coefs
    blocks = [as_aligned(first, dtype)] + [as_aligned(weights.T, dtype).T for weights in later]
    return blocks, [as_aligned(values[np.newaxis], dtype)[0] for values in intercepts]

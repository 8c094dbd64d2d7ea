"""Hashes of what rows hold, in NumPy; the compiled module does the same faster."""

import numpy as np
import scipy.sparse as sp

# Values hashed at a time: small enough for the temporaries to stay in a processor's cache.
_VALUES_PER_CHUNK = 1 << 14


def add_row_hashes(X, column_keys, hashes):
    """Add the hash of each row's non-zero columns and values to `hashes`, in place.

    The hash of a row is Σⱼ mix(bits of xⱼ, key of column j), modulo 2⁶⁴, over the columns j with
    xⱼ ≠ 0; float32 values have the bits of the float64 they are equal to.

    Parameters
    ----------
    X : ndarray or CSR of float32 or float64 of shape (n_samples, n_features)
        As :func:`~skl_softmaxnet._validation.check_rows` returns it.

    column_keys : ndarray of uint64 of shape (n_features,)
    hashes : ndarray of uint64 of shape (n_samples,)
    """
    n_samples = X.shape[0]
    row_hashes = _sparse_row_hashes if sp.issparse(X) else _dense_row_hashes
    n_values = X.nnz if sp.issparse(X) else X.size
    step = max(1, _VALUES_PER_CHUNK * n_samples // max(1, n_values))
    for start in range(0, n_samples, step):
        rows = slice(start, min(start + step, n_samples))
        hashes[rows] += row_hashes(X, rows, column_keys)


def _dense_row_hashes(X, rows, column_keys):
    return _mix(X[rows], column_keys).sum(axis=1, dtype=np.uint64)


def _sparse_row_hashes(X, rows, column_keys):
    bounds = X.indptr[rows.start : rows.stop + 1]
    entries = slice(bounds[0], bounds[-1])
    mixed = _mix(X.data[entries], column_keys[X.indices[entries]])
    return sums_of_rows(mixed, bounds - bounds[0])


def sums_of_rows(values, bounds):
    """Sum whole numbers between consecutive bounds; exact, as the sums wrap modulo 2**64."""
    running = np.concatenate([[np.uint64(0)], np.cumsum(values, dtype=np.uint64)])[bounds]
    return running[1:] - running[:-1]


def _mix(values, column_keys):
    """Hash values with the keys of their columns; zeros of either sign become 0."""
    bits = values.astype(np.float64).view(np.uint64)
    # the low bits of most doubles are zero: bring the high ones down before multiplying
    bits ^= bits >> np.uint64(32)
    bits ^= column_keys
    mixed = scramble(bits)
    mixed *= values != 0
    return mixed


def scramble(bits):
    """Make every bit depend on every other, in place (the finalizer of MurmurHash3)."""
    for shift, factor in ((33, 0xFF51AFD7ED558CCD), (33, 0xC4CEB9FE1A85EC53)):
        bits ^= bits >> np.uint64(shift)
        bits *= np.uint64(factor)
    bits ^= bits >> np.uint64(33)
    return bits

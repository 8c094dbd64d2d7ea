"""What to make sure of with sparse matrices before anything follows their indices."""

from itertools import chain

import numpy as np
import scipy.sparse as sp


def check_sparse(matrix, name):
    """Raise a ValueError if the parts of a sparse matrix point out of it.

    SciPy and the compiled engine follow them, into memory that is none of theirs. Anything but a
    sparse matrix passes.
    """
    if not sp.issparse(matrix) or len(matrix.shape) != 2:
        return
    if matrix.format == "lil":
        counts = [len(values) for values in matrix.data]
        indices = np.fromiter(chain.from_iterable(matrix.rows), np.int64)
        _check_pointers(np.cumsum([0, *counts]), matrix.shape[0], indices.size, name)
        _check_indices(indices, matrix.shape[1], sum(counts), name)
    elif matrix.format == "coo":
        for indices, length in zip((matrix.row, matrix.col), matrix.shape, strict=True):
            _check_indices(indices, length, matrix.data.size, name)
    elif matrix.format in ("csr", "csc", "bsr"):
        blocks = matrix.blocksize if matrix.format == "bsr" else (1, 1)
        n_lines, length = (size // block for size, block in zip(matrix.shape, blocks, strict=True))
        if matrix.format == "csc":
            n_lines, length = length, n_lines
        _check_pointers(matrix.indptr, n_lines, len(matrix.data), name)
        _check_indices(matrix.indices[: matrix.indptr[-1]], length, matrix.indptr[-1], name)


def _check_pointers(indptr, n_lines, n_stored, name):
    fits = indptr.size == n_lines + 1 and indptr[0] == 0 and indptr[-1] <= n_stored
    if not fits or np.diff(indptr).min(initial=0) < 0:
        raise ValueError(f"{name} is a sparse matrix whose indptr does not fit its shape and data.")


def _check_indices(indices, length, n_stored, name):
    if indices.size != n_stored:
        raise ValueError(f"{name} is a sparse matrix with {n_stored} values, not as many indices.")
    if indices.size and (indices.min() < 0 or indices.max() >= length):
        raise ValueError(
            f"{name} is a sparse matrix whose indices run from {indices.min()} to {indices.max()} "
            f"along an axis of length {length}."
        )


def without_duplicates(matrix):
    """Return a CSR matrix, or a copy of it, sorted and with duplicates added up."""
    if matrix.has_canonical_format:
        return matrix
    matrix = matrix.copy()
    matrix.sum_duplicates()
    return matrix

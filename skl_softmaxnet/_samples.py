"""From X as it is given to rows that the engines take."""

from copy import copy
from itertools import chain

import numpy as np
import scipy.sparse as sp
from sklearn.utils import check_array
from sklearn.utils.validation import validate_data

from ._labels import (
    as_label_lists,
    check_column,
    encode_targets,
    has_columns,
    learn_labels,
    learn_labels_of_stream,
    with_exact_labels,
    without_duplicates,
)
from ._weights import check_some, check_weights, numbers_of_floats

# Columns that are ticked off at a time.
_COLUMNS_AT_ONCE = 1 << 16


def learn_samples(model, X, y, sample_weight, *, is_new):
    """Validate what `fit` is given, and set, or compare, the features and classes of a model.

    Parameters
    ----------
    model : SoftmaxMLPClassifier
    X, y, sample_weight
        As in `fit`.
    is_new : bool
        Whether the model has seen no sample.

    Returns
    -------
    X : ndarray or CSR of shape (n_samples, n_features)
        As `as_rows` returns it.

    targets : ndarray of int32 of shape (n_samples,) or CSR array of shape (n_samples, n_labels)
    weights : ndarray of float64 of shape (n_samples,) or None
    """
    X, y = _check_samples(model, X, y, reset=is_new)
    weights = check_weights(sample_weight, X.shape[0])
    check_some(weights)
    return X, learn_labels(model, y, is_new=is_new), weights


def learn_samples_of_stream(model, X, y, classes, sample_weight, *, is_new):
    """The same for `partial_fit`, whose first call names the classes."""
    X, y = _check_samples(model, X, y, reset=is_new)
    weights = check_weights(sample_weight, X.shape[0])
    return X, learn_labels_of_stream(model, y, classes, weights), weights


def _check_samples(estimator, X, y, *, reset):
    X, y = with_own_pointers(X), with_own_pointers(y)
    check_sparse(X, "X")
    check_sparse(y, "y")
    with numbers_of_floats("X"):
        X, y = validate_data(
            estimator,
            X,
            with_exact_labels(y),
            accept_sparse="csr",
            dtype=_dtypes(X) if reset else estimator._dtype,
            order="C",
            multi_output=has_columns(y),
            reset=reset,
        )
    return as_rows(X), y


def check_validation_samples(estimator, X_val, y_val):
    """Return X_val as rows and y_val as targets, validated against a network that is set up."""
    check_sparse(X_val, "X_val")
    check_sparse(y_val, "y_val")
    with numbers_of_floats("X_val"):
        X = check_array(
            X_val, accept_sparse="csr", dtype=estimator._dtype, order="C", input_name="X_val"
        )
    validate_data(estimator, X_val, reset=False, skip_check_array=True)  # the features
    y_val = check_array(
        with_exact_labels(y_val),
        accept_sparse="csr",
        dtype=None,
        ensure_2d=False,
        input_name="y_val",
    )
    if has_columns(y_val) != estimator._multilabel:
        kinds = {True: "several columns (multilabel)", False: "one label a sample"}
        raise ValueError(
            f"y_val has {kinds[not estimator._multilabel]}, but y has "
            f"{kinds[estimator._multilabel]}."
        )
    if estimator._multilabel:
        if y_val.shape[1] != len(estimator.classes_):
            raise ValueError(
                f"y_val has {y_val.shape[1]} columns, in training it had {len(estimator.classes_)}."
            )
        targets = as_label_lists(y_val, estimator.out_activation_, "y_val")
    else:
        targets = encode_targets(check_column(y_val, "y_val"), estimator.classes_, name="y_val")
    if targets.shape[0] != X.shape[0]:
        raise ValueError(f"y_val has {targets.shape[0]} samples, X_val {X.shape[0]}.")
    return as_rows(X), targets


def check_rows(estimator, X):
    """Validate X for a fitted estimator to predict; dense rows need not be contiguous."""
    X = with_own_pointers(X)
    check_sparse(X, "X")
    with numbers_of_floats("X"):
        X = validate_data(estimator, X, accept_sparse="csr", dtype=_dtypes(X), reset=False)
    return as_rows(X) if sp.issparse(X) else X


def _dtypes(X):
    """What X may be computed in: float32 if it is that, of either byte order, else float64."""
    dtype = getattr(X, "dtype", None)
    if isinstance(dtype, np.dtype) and dtype.kind == "f" and dtype.itemsize == 4:
        return np.float32
    return (np.float64, np.float32)


def as_rows(X):
    """Return X as the engines want it, itself where it is so already.

    That is dense and aligned, or CSR with its indices sorted, no duplicates, and its parts
    contiguous and aligned.
    """
    if not sp.issparse(X):
        return np.require(X, requirements=["C", "A"])
    X = without_duplicates(X)
    index_dtype = np.int32 if X.indices.dtype == X.indptr.dtype == np.int32 else np.int64
    indices = np.require(X.indices, index_dtype, ["C", "A"])
    indptr = np.require(X.indptr, index_dtype, ["C", "A"])
    data = np.require(X.data, requirements=["C", "A"])
    if data is X.data and indices is X.indices and indptr is X.indptr:
        return X
    parts = sp.csr_array(X.shape, dtype=X.dtype)
    parts.data, parts.indices, parts.indptr = data, indices, indptr
    return parts


def with_own_pointers(matrix):
    """Return a CSR matrix with a copy of where its rows begin, which no other thread can change.

    SciPy follows these after they were checked. Whatever else it is, it is returned as it is.
    """
    if not sp.issparse(matrix) or matrix.format != "csr" or len(matrix.shape) != 2:
        return matrix
    own = copy(matrix)
    own.indptr = np.array(matrix.indptr)
    return own


def stored_columns(X):
    """Return the columns of CSR rows in which anything is stored, in order; None for dense rows.

    Of many they are ticked off: Ctrl-C would have to wait for the sort of millions.
    """
    if not sp.issparse(X):
        return None
    columns = X.indices[X.indptr[0] : X.indptr[-1]]
    if columns.size < X.shape[1] // 64:
        return np.unique(columns).astype(np.intp, copy=False)
    is_stored = np.zeros(X.shape[1], dtype=bool)
    for start in range(0, columns.size, _COLUMNS_AT_ONCE):
        is_stored[columns[start : start + _COLUMNS_AT_ONCE].astype(np.intp)] = True
    return np.flatnonzero(is_stored)


# ----------------------------------------------------------------------------------------------
# Sparse matrices whose parts do not belong together. SciPy follows them when it converts a matrix,
# into memory that is none of its own, so they are looked at before: its own `check_format` is there
# for some formats only, and subtracts neighbours of `indptr`, which may wrap around.


def check_sparse(matrix, name):
    """Raise a ValueError if the parts of a sparse matrix point out of it.

    Anything but a sparse matrix passes, and DOK, which holds no indices that SciPy does not check.
    """
    if not sp.issparse(matrix) or len(matrix.shape) != 2:
        return
    check = _CHECKS.get(matrix.format)
    try:
        problem = check and check(matrix)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        problem = "whose parts do not belong together"
    if problem:
        raise ValueError(f"{name} is a sparse matrix ({matrix.format.upper()}) {problem}.")


def _problem_of_compressed(matrix):
    blocks = matrix.blocksize if matrix.format == "bsr" else (1, 1)
    if any(size % block for size, block in zip(matrix.shape, blocks, strict=True)):
        return f"whose blocks of {blocks} do not divide its shape {matrix.shape}"
    n_lines, length = (size // block for size, block in zip(matrix.shape, blocks, strict=True))
    if matrix.format == "csc":
        n_lines, length = length, n_lines
    indptr, indices, data = matrix.indptr, matrix.indices, matrix.data
    if data.ndim != (3 if matrix.format == "bsr" else 1):
        return f"whose data have {data.ndim} dimensions"
    if not _are_whole(indptr, n_lines + 1) or not _are_whole(indices):
        return "whose indptr and indices are not vectors of whole numbers that fit its shape"
    n_stored = min(len(indices), len(data))
    if indptr[0] != 0 or indptr[-1] > n_stored or (indptr[1:] < indptr[:-1]).any():
        return "whose indptr does not fit its shape and data"
    return _problem_of_indices(indices[: indptr[-1]], length)


def _problem_of_coordinates(matrix):
    if matrix.data.ndim != 1:
        return f"whose data have {matrix.data.ndim} dimensions"
    for indices, length in zip((matrix.row, matrix.col), matrix.shape, strict=True):
        if not _are_whole(indices, matrix.data.size):
            return f"with {matrix.data.size} values, not as many whole numbers for indices"
        problem = _problem_of_indices(indices, length)
        if problem:
            return problem
    return None


def _problem_of_diagonals(matrix):
    n_rows, n_columns = matrix.shape
    if matrix.data.ndim != 2 or not _are_whole(matrix.offsets, len(matrix.data)):
        return "whose data do not have a row for each whole number in its offsets"
    if (matrix.offsets <= -n_rows).any() or (matrix.offsets >= n_columns).any():
        return f"whose offsets {matrix.offsets.tolist()[:10]} leave its shape {matrix.shape}"
    return None


def _problem_of_lists(matrix):
    lengths = [len(part) for part in (matrix.rows, matrix.data)]
    if lengths != [matrix.shape[0]] * 2:
        return f"with {lengths} lists of indices and values for {matrix.shape[0]} rows"
    if any(len(row) != len(values) for row, values in zip(matrix.rows, matrix.data, strict=True)):
        return "with lists of indices and values that differ in length"
    indices = np.array(list(chain.from_iterable(matrix.rows)))
    if indices.size and not _are_whole(indices):
        return "whose indices are not whole numbers"
    return _problem_of_indices(indices, matrix.shape[1])


def _are_whole(indices, size=None):
    """Tell whether indices are a vector of whole numbers, of a length if one is given."""
    is_vector = isinstance(indices, np.ndarray) and indices.ndim == 1 and indices.dtype.kind in "iu"
    return is_vector and (size is None or indices.size == size)


def _problem_of_indices(indices, length):
    if indices.size and (indices.min() < 0 or indices.max() >= length):
        lowest, highest = indices.min(), indices.max()
        return f"whose indices run from {lowest} to {highest} along an axis of length {length}"
    return None


_CHECKS = {
    "csr": _problem_of_compressed,
    "csc": _problem_of_compressed,
    "bsr": _problem_of_compressed,
    "coo": _problem_of_coordinates,
    "dia": _problem_of_diagonals,
    "lil": _problem_of_lists,
}

"""From X as it is given to rows that the engines take: see `as_rows`."""

from copy import copy
from itertools import chain
from operator import mod

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
    """Validate what `fit` is given; set the features and classes of a model, or compare them.

    Returns rows, targets and weights.
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
    targets = _check_validation_targets(estimator, y_val)
    if targets.shape[0] != X.shape[0]:
        raise ValueError(f"y_val has {targets.shape[0]} samples, X_val {X.shape[0]}.")
    return as_rows(X), targets


def _check_validation_targets(estimator, y_val):
    """Return y_val as targets of the classes that y had, in as many columns."""
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
        return as_label_lists(y_val, estimator.out_activation_, "y_val")
    return encode_targets(check_column(y_val, "y_val"), estimator.classes_, name="y_val")


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
    """Return X as the engines need it, or X itself where it is so already.

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
# into memory that is none of its own, so they are looked at before. It has a `check_format` for the
# compressed formats alone, which rounds indices of floats, and subtracts neighbours of `indptr`,
# which may wrap around.


def check_sparse(matrix, name):
    """Raise a ValueError if the parts of a sparse matrix point out of it.

    Anything but a sparse matrix passes, and DOK, which holds no indices that SciPy does not check.
    """
    if not sp.issparse(matrix) or len(matrix.shape) != 2 or matrix.format not in _CHECKS:
        return
    try:
        _CHECKS[matrix.format](matrix)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise ValueError(
            f"{name} is a sparse matrix ({matrix.format.upper()}) whose parts do not belong "
            f"together: {error}."
        ) from error


def _check_compressed(matrix):
    _check_whole(matrix.indptr, len(matrix.indptr))
    _check_whole(matrix.indices, len(matrix.indices))
    if matrix.format == "bsr" and any(map(mod, matrix.shape, matrix.blocksize)):
        raise ValueError(f"blocks of {matrix.blocksize} do not divide {matrix.shape}")
    copy(matrix).check_format(full_check=True)  # which may cut off what is not used
    if (matrix.indptr[1:] < matrix.indptr[:-1]).any():
        raise ValueError("indptr falls")


def _check_coordinates(matrix):
    if matrix.data.ndim != 1:
        raise ValueError(f"data has {matrix.data.ndim} dimensions")
    for indices, length in zip((matrix.row, matrix.col), matrix.shape, strict=True):
        _check_whole(indices, matrix.data.size)
        _check_inside(indices, 0, length)


def _check_diagonals(matrix):
    if matrix.data.ndim != 2:
        raise ValueError(f"data has {matrix.data.ndim} dimensions")
    _check_whole(matrix.offsets, len(matrix.data))
    _check_inside(matrix.offsets, 1 - matrix.shape[0], matrix.shape[1])


def _check_lists(matrix):
    if not len(matrix.rows) == len(matrix.data) == matrix.shape[0]:
        raise ValueError("it has not as many lists as rows")
    if any(len(row) != len(values) for row, values in zip(matrix.rows, matrix.data, strict=True)):
        raise ValueError("lists of indices and values differ in length")
    indices = np.array(list(chain.from_iterable(matrix.rows)))
    if indices.size:
        _check_whole(indices, indices.size)
        _check_inside(indices, 0, matrix.shape[1])


def _check_whole(indices, size):
    """Raise a ValueError unless indices are a vector of whole numbers of this length."""
    if indices.shape != (size,) or indices.dtype.kind not in "iu":
        raise ValueError(f"{size} integers are needed, not {indices.shape} of {indices.dtype}")


def _check_inside(indices, start, stop):
    """Raise a ValueError unless all indices are in [start, stop)."""
    if indices.size and (indices.min() < start or indices.max() >= stop):
        raise ValueError(f"{indices.min()} ... {indices.max()} are not in [{start}, {stop})")


_CHECKS = {
    "csr": _check_compressed,
    "csc": _check_compressed,
    "bsr": _check_compressed,
    "coo": _check_coordinates,
    "dia": _check_diagonals,
    "lil": _check_lists,
}

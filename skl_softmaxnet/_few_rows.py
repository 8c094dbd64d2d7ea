"""A few rows of a stream, their labels and their weights, as the short way takes them.

Each function returns None where it is not sure of what it is given: the ordinary way looks again.
Nothing here calls what was made for many rows, which would take longer than to learn from one.
"""

import sys

import numpy as np
import scipy.sparse as sp

from ._engine import MOST_PRESENTATIONS


def take_rows(X, names, dtype):
    """Return rows as an array or CSR of a type, None for that of X; None where that is not sure."""
    if names is not None:
        if not (_is_of_pandas(X, "DataFrame") and X.columns.tolist() == names):
            return None
        X = X.to_numpy()
    elif type(X) is list:
        X = _as_array(X)
    elif sp.issparse(X):
        return X
    if type(X) is not np.ndarray or X.ndim != 2 or X.dtype.kind not in "fiu":
        return None
    if dtype is None:
        dtype = np.float32 if X.dtype == np.float32 else np.float64
    if len(X) > MOST_PRESENTATIONS or (X.dtype == dtype and X.flags.c_contiguous):
        return X
    with np.errstate(over="ignore"):  # what is too large is not finite then
        return X.astype(dtype, order="C")


def _is_of_pandas(values, name):
    """Tell whether values are of a class of pandas, if that is in use at all."""
    return type(values) is getattr(sys.modules.get("pandas"), name, None)


def _as_array(rows):
    """Return a list of lists of numbers as an array, None if it holds anything else."""
    for row in rows:
        if (
            type(row) is not list
            or len(row) != len(rows[0])
            or not {*map(type, row)} <= {float, int}
        ):
            return None
    try:
        return np.array(rows, dtype=np.float64)
    except OverflowError:
        return None


def are_labels(classes, record):
    """Tell whether `classes` is a sequence or an array of just the labels in `classes_`."""
    if type(classes) is np.ndarray and _has_kind(classes, record):
        classes = classes.tolist()
    if type(classes) not in (list, tuple, range) or len(classes) != len(record.labels):
        return False
    return list(classes) == record.labels


def _has_kind(labels, record):
    """Tell whether arrays of this type may hold labels: objects only if all are str."""
    return labels.dtype.kind in ("biufUSO" if record.kind is str else "biufUS")


def find_labels(y, record):
    """Return the index of each label, or lists of them; None where any may be unknown."""
    is_multilabel = record.attributes["_multilabel"]
    if type(y) is not np.ndarray and _is_of_pandas(y, "Series"):
        y = y.to_numpy()
    if type(y) is np.ndarray:
        if y.ndim != 1 + is_multilabel or not _has_kind(y, record):
            return None
        y = y.tolist()
    elif type(y) is not list:
        return None
    if is_multilabel:
        return _list_columns(y, len(record.labels))
    kind, indices = record.kind, record.indices
    try:
        found = [indices[label] for label in y if type(label) is kind]
    except KeyError:
        return None
    return found if len(found) == len(y) else None


def _list_columns(rows, n_columns):
    """Return the columns of 1 in each row of an indicator matrix, None if it holds but 0 and 1."""
    for row in rows:
        if type(row) is not list or len(row) != n_columns:
            return None
        if not ({*map(type, row)} <= {bool, int, float} and {*row} <= {0, 1}):
            return None
    return [[column for column, value in enumerate(row) if value] for row in rows]


def weigh(sample_weight, labels, multipliers):
    """Return the weight of each row, None where that is not sure to be valid, or too large."""
    if sample_weight is None:
        weights = [1.0] * len(labels)
    else:
        if type(sample_weight) is np.ndarray:
            sample_weight = sample_weight.tolist()
        if type(sample_weight) is not list or not {*map(type, sample_weight)} <= {float, int}:
            return None
        if len(sample_weight) != len(labels):
            return None
        if not all(0 <= weight <= MOST_PRESENTATIONS for weight in sample_weight):
            return None
        weights = [float(weight) for weight in sample_weight]
    if multipliers:
        weights = [w * multipliers[k] for w, k in zip(weights, labels, strict=True)]
    return weights if max(weights) <= MOST_PRESENTATIONS else None

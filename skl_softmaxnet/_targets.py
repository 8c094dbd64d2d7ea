"""From labels to targets: which classes there are, which each sample has, and how they weigh.

Targets are the index of each sample's class, or, where a sample may have several labels, a CSR
array whose row i lists the labels of sample i. They are never expanded to one-hot vectors.
"""

import math

import numpy as np
import scipy.sparse as sp

from ._sparse import without_duplicates
from ._validation import CONVERSION_ERRORS

# Labels that are looked up at a time.
_LABELS_AT_ONCE = 1 << 16


def has_columns(y):
    """Tell whether y is a matrix with several columns, so that it holds several labels."""
    try:
        shape = y.shape if hasattr(y, "shape") else np.asarray(y).shape
    except ValueError:  # ragged
        return False
    return len(shape) == 2 and shape[1] > 1


def as_label_lists(y, output_activation, name="y"):
    """Return an indicator matrix as multilabel targets.

    Parameters
    ----------
    y : ndarray or sparse matrix of shape (n_samples, n_labels)
    output_activation : str

    Returns
    -------
    targets : CSR array of bool of shape (n_samples, n_labels)
        With sorted indices and nothing stored where the label is absent.

    Raises
    ------
    ValueError
        If y holds anything but 0 and 1, or the outputs are softmax.
    """
    if sp.issparse(y):
        y = without_duplicates(y)
    values = y.data if sp.issparse(y) else y
    is_number = values.dtype.kind in "biuf" or values.dtype == object
    if not is_number or not np.isin(values, [0, 1]).all():
        raise ValueError(
            f"{name} has several columns, so it must be an indicator matrix of 0 and 1 with a "
            "column for each label (multilabel). For one class a sample, give a column of labels."
        )
    if output_activation != "sigmoid":
        raise ValueError(
            f"{name} has several columns (multilabel), but softmax outputs are one distribution "
            'over classes of which each sample has one: use output_activation="sigmoid". If it is '
            f"one-hot, give the labels themselves, {name}.argmax(axis=1)."
        )
    targets = sp.csr_array(y if sp.issparse(y) else y != 0).astype(bool)
    targets.eliminate_zeros()
    return targets


def sorted_labels(y):
    """Return the different labels in y, sorted.

    Raises
    ------
    TypeError
        If they cannot be sorted, such as strings among numbers.
    """
    try:
        return np.unique(y)
    except TypeError as error:
        raise TypeError(
            f"y must hold labels of one kind, all strings or all numbers: {error}."
        ) from error


def check_two_classes(classes, argument):
    """Raise a ValueError unless there are at least two classes."""
    if len(classes) < 2:
        raise ValueError(
            f"{argument} must hold at least 2 classes with samples of weight above 0, "
            f"got {len(classes)} class: {list(classes)}."
        )


def encode_targets(y, classes, weights, name="y"):
    """Return the index in `classes` of each label, 0 for a sample of weight 0.

    Raises
    ------
    ValueError
        If a label of a sample that counts is not among `classes`.
    """
    is_text = [labels.dtype.kind in "US" for labels in (y, classes)]
    if "O" not in (y.dtype.kind, classes.dtype.kind) and is_text[0] != is_text[1]:
        raise ValueError(
            f"{name} holds labels of type {y.dtype}, but the classes are {list(classes)}."
        )
    indices = np.empty(y.shape, dtype=np.int32)
    unknown = np.empty(y.shape, dtype=bool)
    try:
        for start in range(0, y.size, _LABELS_AT_ONCE):  # for the sake of memory
            part = slice(start, start + _LABELS_AT_ONCE)
            found = np.minimum(np.searchsorted(classes, y[part]), len(classes) - 1)
            indices[part], unknown[part] = found, classes[found] != y[part]
    except TypeError as error:
        raise ValueError(
            f"{name} holds labels of another kind than the classes {list(classes)}: {error}."
        ) from error
    if weights is not None:
        unknown &= weights > 0
        indices[weights == 0] = 0
    if unknown.any():
        raise ValueError(
            f"{name} holds labels that are not among the classes {list(classes)}: "
            f"{list(np.unique(y[unknown]))}."
        )
    return indices


def class_multipliers(class_weight, classes, targets, weights):
    """Return what class_weight multiplies the weight of each sample by, None for nothing.

    "balanced" gives every class the same total, n / K, with n the sum of the weights and K the
    number of classes: n / (K · n_k) for a sample of class k, whose weights sum to n_k. For several
    labels that is taken for each label, present or absent, and multiplied.

    Parameters
    ----------
    class_weight : dict, "balanced" or None
    classes : ndarray of shape (n_classes,)
    targets : ndarray of int32 of shape (n_samples,) or CSR array of shape (n_samples, n_labels)
    weights : ndarray of float64 of shape (n_samples,) or None

    Returns
    -------
    multipliers : ndarray of float64 of shape (n_samples,) or None

    Raises
    ------
    ValueError
        If class_weight names other classes, or weights below 0.
    """
    if class_weight is None:
        return None
    if isinstance(class_weight, str):
        if weights is None:
            weights = np.ones(targets.shape[0])
        balanced = _balanced_labels if sp.issparse(targets) else _balanced_classes
        return balanced(targets, weights, len(classes))
    return _multipliers_of_classes(class_weight, classes, targets).take(targets)


def weighted(weights, multipliers):
    """Multiply weights by multipliers, either of which may be None for ones.

    A sample of weight 0 has none, though the multiplier of a class whose weights are next to
    nothing be infinite. Whatever overflows is for `check_weights` to refuse.
    """
    if weights is None or multipliers is None:
        return multipliers if weights is None else weights
    products = np.zeros(len(weights))
    with np.errstate(over="ignore"):
        return np.multiply(weights, multipliers, out=products, where=weights > 0)


def _multipliers_of_classes(class_weight, classes, targets):
    if sp.issparse(targets):
        raise ValueError(
            'class_weight must be "balanced" or None where samples have several labels, '
            f"got {class_weight!r}."
        )
    labels = classes.tolist()
    unknown = [label for label in class_weight if label not in labels]
    if unknown and any(label not in class_weight for label in labels):
        raise ValueError(f"class_weight names {unknown}, but the classes are {labels}.")
    try:
        numbers = [class_weight.get(label, 1.0) for label in labels]
        if np.iscomplexobj(numbers):
            raise TypeError("complex numbers")
        multipliers = np.array(numbers, dtype=np.float64)
    except CONVERSION_ERRORS as error:
        raise ValueError(f"class_weight must hold numbers, got {class_weight!r}.") from error
    if not (np.isfinite(multipliers) & (multipliers >= 0)).all():
        raise ValueError(
            f"class_weight must hold finite numbers of at least 0, got {class_weight!r}."
        )
    return multipliers


def _balanced_classes(targets, weights, n_classes):
    # exact sums, which do not depend on the order of the samples
    by_class = weights[np.argsort(targets, kind="stable")]
    stops = np.cumsum(np.bincount(targets, minlength=n_classes))[:-1]
    totals = np.array([math.fsum(of_class) for of_class in np.split(by_class, stops)])  # (K,)
    with np.errstate(divide="ignore", over="ignore"):
        return (math.fsum(weights) / (n_classes * totals)).take(targets)


def _balanced_labels(targets, weights, n_labels):
    columns = targets.tocsc()
    multipliers = np.ones(len(weights))
    for label in range(n_labels):
        has_label = columns.indices[columns.indptr[label] : columns.indptr[label + 1]]
        present = np.zeros(len(weights), dtype=np.intp)
        present[has_label] = 1
        counted = weights > 0
        n_kinds = len(np.unique(present[counted]))
        of_label = _balanced_classes(present, weights, n_kinds)
        with np.errstate(over="ignore"):  # see `weighted`
            multipliers *= np.where(counted, of_label, 1.0)
    return multipliers


def balanced_stream(targets, weights, totals):
    """The same for a stream, of which only the past is known: balanced by what has come so far.

    Sample i of class k gets n / (K · n_k), with n, K and n_k those of the samples up to and
    including i. So it does not matter where a stream is cut.

    Parameters
    ----------
    targets : ndarray of int32 of shape (n_samples,)
    weights : ndarray of float64 of shape (n_samples,)
    totals : ndarray of float64 of shape (n_classes + 1,)
        The weight of each class before, and of all.

    Returns
    -------
    multipliers : ndarray of float64 of shape (n_samples,)
    totals : ndarray of float64 of shape (n_classes + 1,)
        Those after.
    """
    *of_classes, of_all = totals.tolist()
    n_classes = sum(total > 0 for total in of_classes)
    multipliers = []
    for target, weight in zip(targets.tolist(), weights.tolist(), strict=True):
        n_classes += weight > 0 and of_classes[target] == 0
        of_classes[target] += weight
        of_all += weight
        multipliers.append(of_all / (n_classes * of_classes[target]) if weight > 0 else 1.0)
    return np.array(multipliers), np.array([*of_classes, of_all])

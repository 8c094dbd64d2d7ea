"""From sample_weight and class_weight to how often each row is presented.

Weights are counts: a sample of weight w is presented ⌊w⌋ times, and once more at the fraction
w − ⌊w⌋ of the rate. What is given is added up for equal rows first (by `_order.py`), then
multiplied by the weights of the classes, then, where that makes too little of it, scaled: in this
order, and once, so that repeated rows are whole weights and the order of the rows changes nothing.

Weights, and what multiplies them, are arrays of float64 with a number for each sample, or None for
ones. Targets are as `_labels.py` makes them.
"""

import math
import numbers
from contextlib import contextmanager

import numpy as np
import scipy.sparse as sp
from sklearn.utils import check_array

from ._labels import format_labels

# The list of an epoch's presentations would not fit into any memory beyond.
_MOST_PRESENTATIONS = 2**40

# What weights may miss whole numbers by.
_ROUNDING = 1e-12


def check_weights(sample_weight, n_samples):
    """Return the weights, once it is sure that each sample has a finite one of at least 0."""
    if sample_weight is None:
        return None
    if sp.issparse(sample_weight):
        raise TypeError("sample_weight must be a list or an array, got a sparse matrix.")
    if np.asarray(sample_weight).dtype.kind in "mM":
        raise TypeError("sample_weight must hold numbers, got times.")
    if isinstance(sample_weight, numbers.Number):
        sample_weight = np.full(n_samples, sample_weight)
    with numbers_of_floats("sample_weight"):
        weights = check_array(
            sample_weight, ensure_2d=False, dtype=np.float64, input_name="sample_weight"
        )
    if weights.shape != (n_samples,):
        raise ValueError(
            f"sample_weight must be one number for each of the {n_samples} samples, "
            f"got the shape {weights.shape}."
        )
    if weights.min() < 0:
        raise ValueError(f"sample_weight must not be negative, got {weights.min()}.")
    check_total(weights)
    return None if (weights == 1).all() else weights


@contextmanager
def numbers_of_floats(name):
    """Raise a ValueError where NumPy says that a number, such as 10**400, is beyond all floats."""
    try:
        yield
    except OverflowError as error:
        raise ValueError(
            f"{name} holds a number that is larger than any float: {error}."
        ) from error


def check_some(weights):
    """Raise a ValueError if all weights are 0."""
    if weights is not None and not weights.any():
        raise ValueError("sample_weight must not be zero for every sample.")


def check_total(weights):
    """Raise a ValueError if an epoch of these weights would be beyond all memory."""
    with np.errstate(over="ignore"):
        total = weights.sum()
    if not total < _MOST_PRESENTATIONS:
        raise ValueError(
            "sample_weight, times class_weight, says how many updates a sample makes in an "
            f"epoch, and must sum to less than 2**40, got {total}."
        )


def multiply(weights, multipliers):
    """Multiply weights by multipliers, either of which may be None for ones.

    A sample of weight 0 has none, though the multiplier of a class whose weights are next to
    nothing be infinite.
    """
    if weights is None or multipliers is None:
        products = multipliers if weights is None else weights
    else:
        products = np.zeros(len(weights))
        with np.errstate(over="ignore"):
            np.multiply(weights, multipliers, out=products, where=weights > 0)
    if products is not None:
        check_total(products)
    return products


def scaling(products, weights, n_rows):
    """Return what products are divided by and multiplied by to be counts: 1 and 1 if they are.

    AdaBoost's weights sum to one and survey weights are often normalised: taken as counts, an epoch
    of them would shrink to next to nothing. So products that sum to less than the number N of the
    samples they stand for are scaled to sum to N, which is the sum of the weights, or the number of
    rows if that is more; of the rows whose product is above 0. Sums are exact (:func:`math.fsum`).

    The products are the weights times those of the classes; `n_rows` says how many rows each stands
    for, None for one. They are divided by the largest first, since the inverse of a denormal sum
    would overflow.
    """
    if products is None or not products.any():
        return 1.0, 1.0
    counted = products > 0
    n_counted = np.count_nonzero(counted) if n_rows is None else n_rows[counted].sum()
    n_samples = max(n_counted, 0 if weights is None else math.fsum(weights[counted]))
    if math.fsum(products) >= n_samples * (1 - _ROUNDING):
        return 1.0, 1.0
    largest = products.max()
    return largest, n_samples / math.fsum(products / largest)


def scale(products, divisor, factor):
    """Scale products, and take what misses a whole number by rounding as that number."""
    if (divisor, factor) == (1.0, 1.0):
        return products
    scaled = products / divisor * factor
    nearest = np.rint(scaled)
    is_whole = (np.abs(scaled - nearest) <= _ROUNDING * nearest) & (nearest > 0)
    return np.where(is_whole, nearest, scaled)


def class_multipliers(class_weight, classes, targets, weights):
    """Return what class_weight multiplies the weight of each sample by, None for nothing.

    "balanced" gives every class the same total, n / K, with n the sum of the weights and K the
    number of classes that have any: n / (K · n_k) for a sample of class k, whose weights sum to
    n_k. For several labels that is taken for each label, present or absent, and multiplied. A dict
    that names other classes, or weights below 0, is a ValueError.
    """
    if class_weight is None:
        return None
    if not isinstance(class_weight, str):
        if sp.issparse(targets):
            raise ValueError(
                'class_weight must be "balanced" or None where samples have several labels, '
                f"got {class_weight!r}."
            )
        return multipliers_of_classes(class_weight, classes).take(targets)
    if weights is None:
        weights = np.ones(targets.shape[0])
    if sp.issparse(targets):
        return _balance_labels(targets, weights)
    return _balance(targets, weights)


def multipliers_of_classes(class_weight, classes):
    """Return what a dict multiplies the weight of each class by."""
    labels = classes.tolist()
    known = set(labels)
    unknown = [label for label in class_weight if label not in known]
    if unknown and any(label not in class_weight for label in labels):
        raise ValueError(
            f"class_weight names {format_labels(np.array(unknown, dtype=object))}, but the classes "
            f"are {format_labels(classes)}."
        )
    try:
        multipliers = np.array([float(class_weight.get(label, 1.0)) for label in labels])
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"class_weight must hold numbers, got {class_weight!r}.") from error
    if not (np.isfinite(multipliers) & (multipliers >= 0)).all():
        raise ValueError(
            f"class_weight must hold finite numbers of at least 0, got {class_weight!r}."
        )
    return multipliers


def _balance(targets, weights):
    totals = np.bincount(targets, weights)
    n_classes = np.count_nonzero(totals)
    with np.errstate(divide="ignore", over="ignore"):
        return (totals.sum() / (n_classes * totals)).take(targets)


def _balance_labels(targets, weights):
    columns = targets.tocsc()
    counted = weights > 0
    multipliers = np.ones(len(weights))
    for start, stop in zip(columns.indptr[:-1], columns.indptr[1:], strict=True):
        present = np.zeros(len(weights), dtype=np.intp)
        present[columns.indices[start:stop]] = 1
        with np.errstate(over="ignore"):  # whatever overflows is for `check_total` to refuse
            multipliers *= np.where(counted, _balance(present, weights), 1.0)
    return multipliers


def balance_stream(targets, weights, totals):
    """The same for a stream, of which only the past is known: balanced by what has come so far.

    Sample i of class k gets n / (K · n_k), with n, K and n_k those of the samples up to and
    including i. So it does not matter where a stream is cut. Returns the multipliers, and the
    `totals` after: the weight of each class, and of all, of shape (n_classes + 1,).
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


def weigh_stream(model, targets, weights):
    """Multiply the weights of a chunk by the `class_weight` of a model."""
    if model.class_weight != "balanced":
        multipliers = class_multipliers(model.class_weight, model.classes_, targets, weights)
    elif model._multilabel:
        raise ValueError(
            'class_weight="balanced" is not available in partial_fit where samples have several '
            "labels; pass sample_weight instead."
        )
    else:
        counted = np.ones(targets.size) if weights is None else weights
        multipliers, model._class_totals = balance_stream(targets, counted, model._class_totals)
    return multiply(weights, multipliers)

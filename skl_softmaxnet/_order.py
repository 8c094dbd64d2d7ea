"""From rows and their weights to the order in which a network sees them.

A *presentation* is one sample shown to the network and one update of its weights. A sample of
weight w is presented ⌊w⌋ times at full rate, and once more at the fraction w − ⌊w⌋ of the rate if
that is not zero. What an epoch presents is listed once; each epoch shuffles that list again, by a
permutation that is a pure function of a seed and the number of the epoch.

With `shuffle` the list is in *content order*: sorted by the values of the rows, then their targets,
equal rows made one whose weight is their sum. So the sequence of samples is the same however the
caller had ordered the rows, whether they were dense or sparse, and whether a repeated row stood
there twice or carried the weight 2. Values are compared as float32 first, so that the order is that
of the data and not of their last digits.

Throughout, X is an array or CSR of shape (n_samples, n_features), targets are an array of int32 of
shape (n_samples,) or, where a sample may have several labels, CSR of shape (n_samples, n_outputs),
and weights are an array of float64 of shape (n_samples,), or None where all are 1.
"""

import math
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from . import _engine
from ._weights import class_multipliers, multiply, scale, scaling, weigh_stream

# The number of the permutation that sets samples aside: no epoch has it.
_SPLIT = -1


@dataclass
class Samples:
    """The samples that count, each listed once."""

    rows: np.ndarray  # (n_listed,), their rows in X, in four bytes where that is enough
    weights: np.ndarray | None = None  # (n_listed,), all above 0; None where all are 1
    n_rows: np.ndarray | None = None  # (n_listed,), that each stands for; None where all are 1


def list_epoch(model, X, targets, weights, *, splits):
    """Return what an epoch of `fit` presents, and what is set aside if it splits, else None.

    Presentations are in content order or, without `shuffle`, in that of the rows. What is set aside
    is a pair of arrays of shape (n_set_aside,): rows and their weights.
    """
    samples = list_samples(
        X, targets, weights, in_content_order=model.shuffle or splits, merged=model.shuffle
    )
    rows, weights = samples.rows, samples.weights
    multipliers = None
    if model.class_weight is not None:
        listed = targets[_as_index(rows)]
        multipliers = class_multipliers(model.class_weight, model.classes_, listed, weights)
    products = multiply(weights, multipliers)
    counts = scaling(products, weights, samples.n_rows)
    set_aside = None
    if splits:
        kept, others = split(samples, targets, model.validation_fraction, model._seed)
        of_others = multiply(others, multipliers)
        set_aside = _as_index(rows[others > 0]), of_others[others > 0]
        products = multiply(kept, multipliers)
    if not model.shuffle:
        by_row = np.argsort(rows, kind="stable")
        rows, products = rows[by_row], products if products is None else products[by_row]
    return Presentations.of(rows, scale(products, *counts)), set_aside


def list_stream(model, targets, weights):
    """Return what `partial_fit` presents: one row after the other, as often as its weight says."""
    return Presentations.of(np.arange(targets.shape[0]), weigh_stream(model, targets, weights))


def list_samples(X, targets, weights, *, in_content_order, merged):
    """List the samples whose weight is above 0.

    Equal rows, in content order, are one sample that has the sum of their weights if `merged`.
    """
    if in_content_order:
        rows, is_first = _engine.sort_rows(X, targets)
    else:
        rows = np.arange(targets.shape[0], dtype=_engine.index_dtype(targets.shape[0]))
        is_first = np.ones(rows.size, dtype=bool)
    if weights is not None:
        weights = weights.take(rows)
    if merged and not is_first.all():
        return _merge(rows, weights, is_first)
    if weights is None:
        return Samples(rows)
    counted = weights > 0
    return Samples(rows[counted], weights[counted])


def _merge(rows, weights, is_first):
    """Give the weights of equal rows to the first of them.

    Sums are exact (:func:`math.fsum`): k rows of weight w become one of the weight that the product
    k · w rounds to.
    """
    starts = np.flatnonzero(is_first)
    if weights is None:
        n_rows = np.diff(starts, append=rows.size)
        return Samples(rows[starts], n_rows.astype(np.float64), n_rows)
    n_rows = np.add.reduceat((weights > 0).astype(np.intp), starts)
    totals = np.add.reduceat(weights, starts)
    if (weights % 1).any():
        stops = np.append(starts[1:], rows.size)
        for sample in np.flatnonzero(n_rows > 1):
            totals[sample] = math.fsum(weights[starts[sample] : stops[sample]])
    counted = n_rows > 0
    return Samples(rows[starts[counted]], totals[counted], n_rows[counted])


def split(samples, targets, validation_fraction, seed):
    """Set part of the samples aside, the same share of every class.

    A sample of weight 2 is two of which one may be set aside; the samples must be in content order,
    so that the same are chosen however the caller had ordered or repeated the rows. Samples with
    several labels are not stratified.

    Returns how much of each sample's weight is for training and for validation, two arrays of shape
    (n_listed,); a ValueError if one side would be empty.
    """
    units = Presentations.of(np.arange(samples.rows.size), samples.weights)
    strata = np.zeros(units.rows.size, dtype=np.intp)
    if not sp.issparse(targets):
        strata[:] = targets.take(samples.rows).take(units.rows)
    sizes = np.bincount(strata)
    counts = _counts_of_strata(sizes, validation_fraction)
    order = np.arange(units.rows.size)
    _engine.shuffle(order, seed, _SPLIT)
    order = order[np.argsort(strata[order], kind="stable")]  # random inside each stratum
    rank = np.arange(order.size) - (np.cumsum(sizes) - sizes)[strata[order]]
    set_aside = order[rank < counts[strata[order]]]
    if not 0 < set_aside.size < order.size:
        raise ValueError(
            f"validation_fraction={validation_fraction} sets {set_aside.size} of {order.size} "
            "samples aside: early_stopping needs at least one on either side, and two in some "
            "class. Change validation_fraction, pass X_val and y_val, or give more samples."
        )
    is_set_aside = np.zeros(order.size, dtype=bool)
    is_set_aside[set_aside] = True
    return tuple(
        np.bincount(units.rows[side], units.shares[side], minlength=samples.rows.size)
        for side in (~is_set_aside, is_set_aside)
    )


def _counts_of_strata(sizes, fraction):
    """How many of each stratum are set aside: in proportion, by the largest remainders.

    In all that is ⌈fraction · n⌉, as for scikit-learn's splitters; but every stratum keeps one for
    training.
    """
    n_wanted = int(np.ceil(fraction * sizes.sum()))
    quotas = n_wanted * sizes / sizes.sum()
    counts = np.minimum(np.floor(quotas), np.maximum(sizes - 1, 0)).astype(np.intp)
    for stratum in np.argsort(-(quotas - np.floor(quotas)), kind="stable"):
        if counts.sum() < n_wanted and counts[stratum] < sizes[stratum] - 1:
            counts[stratum] += 1
    return counts


@dataclass
class Presentations:
    """What one epoch presents, with the share of the learning rate that each presentation has."""

    rows: np.ndarray  # (n_presentations,)
    fractions: np.ndarray | None  # (n_presentations,), in (0, 1]; None where all are 1
    total_weight: float  # what a mean over the epoch divides by

    @classmethod
    def of(cls, rows, weights=None):
        """List what rows of these weights present, one after the other."""
        if weights is None:
            return cls(rows, None, float(rows.size))
        full = np.floor(weights)
        fraction = weights - full
        # of one type: where memory is short, mixing int and bool may crash NumPy
        repeats = np.ceil(weights).astype(np.intp)
        fractions = None
        if fraction.any():
            fractions = np.ones(repeats.sum())
            last = np.cumsum(repeats) - 1  # the last presentation of each row
            fractions[last[fraction > 0]] = fraction[fraction > 0]
        return cls(np.repeat(rows, repeats), fractions, math.fsum(weights))

    @property
    def shares(self):
        """The fractions, also where all are 1."""
        return np.ones(self.rows.size) if self.fractions is None else self.fractions

    def frequencies(self, targets, n_outputs):
        """Return the share of each class, or label, in the weight of what is presented."""
        if sp.issparse(targets):
            weights = np.bincount(self.rows, self.fractions, minlength=targets.shape[0])
            return targets.T @ weights / self.total_weight
        classes = targets.take(self.rows)
        return np.bincount(classes, self.fractions, minlength=n_outputs) / self.total_weight

    def shuffle(self, seed, epoch):
        """Return the same presentations in the random order of an epoch."""
        if self.fractions is None:
            rows = self.rows.copy()
            _engine.shuffle(rows, seed, epoch)
            return Presentations(rows, None, self.total_weight)
        order = np.arange(self.rows.size, dtype=_engine.index_dtype(self.rows.size))
        _engine.shuffle(order, seed, epoch)
        return Presentations(self.rows.take(order), self.fractions.take(order), self.total_weight)

    def slices(self, size, n_before):
        """Yield the rows, for the engines, and fractions of at most `size` presentations a time.

        The first slice has `n_before` less.
        """
        for start in range(-n_before, self.rows.size, size):
            part = slice(max(start, 0), start + size)
            yield (
                self.rows[part].astype(np.intp, copy=False),
                None if self.fractions is None else self.fractions[part],
            )


def _as_index(rows):
    """Return rows for NumPy to index by: where memory is short, int32 may crash it."""
    return rows.astype(np.intp, copy=False)

"""From rows and their weights to the order in which a network sees them.

A *presentation* is one sample shown to the network and one update of its weights. A sample of
weight w is presented ⌊w⌋ times at full rate, and once more at the fraction w − ⌊w⌋ of the rate if
that is not zero. What an epoch presents is listed once; each epoch then shuffles that list.

The list is in *content order*, sorted by a 64-bit hash of what a row holds and of its target, so
that a shuffle with the same seed gives the same sequence of samples however the caller had ordered
the rows, whether they were dense or sparse, and whether a repeated row stood there twice or carried
the weight 2.
"""

import math
from contextlib import closing
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from . import _engine
from ._engine._hashing import scramble, sums_of_rows

# A long list is sorted in 2**4 parts, one after the other, which takes less memory than at once.
_LONG = 1 << 20
_BITS_OF_PART = 4

# Random numbers drawn at a time.
_DRAWN_AT_ONCE = 1 << 14

# What weights may miss whole numbers by.
_ROUNDING = 1e-12


@dataclass
class Presentations:
    """What one epoch presents.

    Attributes
    ----------
    rows : ndarray of int32 or int64 of shape (n_presentations,)
        The row of each presentation, in four bytes where that is enough.

    fractions : ndarray of float64 of shape (n_presentations,) or None
        The share of the learning rate of each presentation, in (0, 1]; None where all are 1.

    total_weight : float
        The sum of the weights: what a mean over the epoch divides by.
    """

    rows: np.ndarray
    fractions: np.ndarray | None
    total_weight: float

    @property
    def shares(self):
        """The fractions, also where all are 1."""
        return np.ones(self.rows.size) if self.fractions is None else self.fractions

    @classmethod
    def from_weights(cls, n_samples, weights=None, hashes=None):
        """List the presentations of `n_samples` rows.

        In the order of the rows or, given their hashes (see `content_hash`), in content order, in
        which the presentations of equal rows are sorted by their fractions.
        """
        if weights is None and hashes is not None:
            return cls(_content_order(hashes), None, float(n_samples))
        every_row = np.arange(n_samples, dtype=_index_dtype(n_samples))
        if weights is None:
            return cls(every_row, None, float(n_samples))
        full = np.floor(weights)
        fraction = weights - full
        repeats = full.astype(np.intp) + (fraction > 0)
        rows = np.repeat(every_row, repeats)
        fractions = None
        if fraction.any():
            fractions = np.ones(rows.size)
            last = np.cumsum(repeats) - 1  # the last presentation of each row
            fractions[last[fraction > 0]] = fraction[fraction > 0]
        if hashes is not None:
            keys = hashes.take(rows)  # where memory is short, indexing by int32 may crash NumPy
            order = np.argsort(keys) if fractions is None else np.lexsort((fractions, keys))
            rows, fractions = rows[order], None if fractions is None else fractions[order]
        return cls(rows, fractions, math.fsum(weights))

    def shuffled(self, random_state, n_epochs, *, ahead=True):
        """Yield the same presentations in a new random order, `n_epochs` times.

        With `ahead`, random numbers for many small epochs are drawn at once.
        """
        if self.fractions is None:
            order = self.rows
        else:
            order = np.arange(self.rows.size, dtype=_index_dtype(self.rows.size))
        with closing(shuffles(order, random_state, n_epochs, ahead=ahead)) as orders:
            for order in orders:
                if self.fractions is None:
                    yield Presentations(order, None, self.total_weight)
                else:
                    rows, fractions = self.rows.take(order), self.fractions.take(order)
                    yield Presentations(rows, fractions, self.total_weight)

    def slices(self, size):
        """Yield the rows, for the engines, and fractions of at most `size` presentations a time."""
        for start in range(0, self.rows.size, size):
            part = slice(start, start + size)
            rows = self.rows[part].astype(np.intp)
            yield rows, None if self.fractions is None else self.fractions[part]


def _index_dtype(n):
    """The smallest type of number for indices below n."""
    return np.int32 if n <= 2**31 else np.int64


def _content_order(hashes):
    """Return the rows sorted by their hashes."""
    dtype = _index_dtype(hashes.size)
    if hashes.size <= _LONG:
        return np.argsort(hashes).astype(dtype)
    part_of = np.empty(hashes.size, np.uint8)
    np.right_shift(hashes, np.uint64(64 - _BITS_OF_PART), out=part_of, casting="unsafe")
    order = np.empty(hashes.size, dtype)
    stop = 0
    for part in range(2**_BITS_OF_PART):
        members = np.flatnonzero(part_of == part)
        start, stop = stop, stop + members.size
        order[start:stop] = members[np.argsort(hashes[members])]
    return order


def shuffles(values, random_state, n_times, *, ahead=True):
    """Yield copies of `values` in random order, by the shuffle of Fisher and Yates.

    Its random numbers are drawn for many small shuffles at once, or for a part of a large one, to
    the same effect as one by one. Closed before its end, this takes back what was drawn for
    shuffles that were not asked for: whoever goes on with `random_state` gets those.

    Parameters
    ----------
    values : ndarray of int32 or int64 of shape (n_values,)
    random_state : RandomState instance
    n_times : int
    ahead : bool, default=True
        Whether to draw for many small shuffles at once.

    Yields
    ------
    shuffled : ndarray of shape (n_values,)

    References
    ----------
    .. [1] D. E. Knuth, "The Art of Computer Programming", volume 2, section 3.4.2, algorithm P.
    """
    n_values = values.size
    at_once = max(1, min(n_times, _DRAWN_AT_ONCE // n_values)) if ahead else 1
    for start in range(0, n_times, at_once):
        before = random_state.get_state(legacy=False)
        shuffled = np.tile(values, (min(at_once, n_times - start), 1))
        n_used = 0
        try:
            _shuffle_in_place(shuffled, random_state)
            for row in shuffled:
                n_used += 1
                yield row
        except BaseException:
            if n_used < len(shuffled):
                random_state.set_state(before)
                random_state.random_sample((n_used, n_values))
            raise


def _shuffle_in_place(rows, random_state):
    """Shuffle each row; of a single long one, the random numbers are drawn in parts."""
    n_rows, n_values = rows.shape
    n_drawn = n_values if n_rows > 1 else _DRAWN_AT_ONCE
    for stop in range(n_values, 0, -n_drawn):
        uniforms = random_state.random_sample((n_rows, min(stop, n_drawn)))
        _engine.shuffle_rows(rows, uniforms, stop)


def merged(weights, hashes):
    """Give the weights of equal rows to the first of them, so that repetition adds weights up.

    Sums are exact (:func:`math.fsum`): k rows of weight w become one of the weight that the product
    k · w rounds to.

    Parameters
    ----------
    weights : ndarray of float64 of shape (n_samples,)
    hashes : ndarray of uint64 of shape (n_samples,)
        Equal for equal rows, see `content_hash`.

    Returns
    -------
    weights : ndarray of float64 of shape (n_samples,)
    """
    order = np.argsort(hashes, kind="stable")
    is_first = np.append(True, np.diff(hashes[order]) != 0)
    starts = np.flatnonzero(is_first)
    stops = np.append(starts[1:], len(order))
    result = np.zeros_like(weights)
    result[order[starts]] = weights[order[starts]]
    repeated = stops - starts > 1
    for start, stop in zip(starts[repeated], stops[repeated], strict=True):
        result[order[start]] = math.fsum(weights[order[start:stop]])
    return result


def relative_to_counts(weights, whole=None):
    """Scale weights that are too small to be counts, so that the mean of the positive ones is 1.

    AdaBoost's weights sum to one and survey weights are often normalised: taken as counts, an epoch
    of them would shrink to next to nothing. Weights whose positive ones have a mean of 1 or more
    are counts, and are returned as they are.

    The sum is exact (:func:`math.fsum`), so that it does not depend on the order of the rows. What
    the scaling misses a whole number by through rounding is not presented as a fraction.

    Parameters
    ----------
    weights : ndarray of float64 of shape (n_samples,)
    whole : ndarray of float64 of shape (n_samples,), default=None
        What the mean is taken of, where the weights are a part of it: not negative, not all zero.

    Returns
    -------
    weights : ndarray of float64 of shape (n_samples,)
    """
    whole = weights if whole is None else whole
    n_positive = np.count_nonzero(whole)
    if math.fsum(whole) >= n_positive * (1 - _ROUNDING):
        return weights
    # divided by the largest first, since the inverse of a denormal sum would overflow
    largest = whole.max()
    scaled = weights / largest * (n_positive / math.fsum(whole / largest))
    nearest = np.rint(scaled)
    is_whole = (np.abs(scaled - nearest) <= _ROUNDING * nearest) & (nearest > 0)
    return np.where(is_whole, nearest, scaled)


def content_hash(X, targets):
    """Hash each row's non-zero columns and values, with its target, to 64 bits.

    A row's hash is Σⱼ mix(bits of xⱼ, key of column j) + key of its target, modulo 2⁶⁴, over the
    columns j with xⱼ ≠ 0. The sum does not care in which order a sparse row stores its entries, and
    −0.0 is left out like 0.0. float32 values are hashed as the float64 they are equal to.

    Parameters
    ----------
    X : ndarray or CSR of float32 or float64 of shape (n_samples, n_features)
        As :func:`~skl_softmaxnet._validation.check_rows` returns it.

    targets : ndarray of int of shape (n_samples,) or CSR array of shape (n_samples, n_outputs)
        Of several targets, as CSR, the keys are added up.

    Returns
    -------
    hashes : ndarray of uint64 of shape (n_samples,)
    """
    n_features = X.shape[1]
    n_targets = targets.shape[1] if sp.issparse(targets) else targets.max(initial=0) + 1
    keys = _keys(np.arange(n_features + n_targets, dtype=np.uint64))
    column_keys, target_keys = keys[:n_features], keys[n_features:]
    if sp.issparse(targets):
        hashes = sums_of_rows(target_keys.take(targets.indices), targets.indptr)
    else:
        hashes = target_keys.take(targets)
    _engine.add_row_hashes(X, column_keys, hashes)
    return hashes


def _keys(numbers):
    """Spread small whole numbers over 64 bits (the constant is 2**64 over the golden ratio)."""
    return scramble((numbers + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15))

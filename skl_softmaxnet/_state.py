"""What training works on, and what it has to remember between two calls.

The weights that training moves are not always those that the estimator shows: with averaging
`coefs_` are the average. Training that goes on, by `partial_fit` or a warm start, goes on from the
former. After early stopping everything is as it was after the best epoch, and goes on from there.
"""

import itertools
import zlib
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from . import _engine

# Indices that are ticked off at a time.
_INDICES_AT_ONCE = 1 << 16

# Rows of the first layer that a cheap fingerprint looks at.
_ROWS_OF_FINGERPRINT = 64


@dataclass
class NetworkState:
    """Everything that presentations change, laid out for the engines.

    Each is a pair of lists, shaped like `coefs_` and `intercepts_`.

    Attributes
    ----------
    weights : pair of lists of ndarray

    velocities : pair of lists of ndarray or None
        None without momentum.

    averages : pair of lists of ndarray or None
        None without averaging.
    """

    weights: tuple
    velocities: tuple | None = None
    averages: tuple | None = None

    @property
    def shown(self):
        """The weights that a user of the network sees."""
        return self.weights if self.averages is None else self.averages

    def copy(self):
        """Copy all arrays."""
        pairs = (self.weights, self.velocities, self.averages)
        return NetworkState(*(copy_pair(pair) if pair else None for pair in pairs))

    def arrays(self):
        """Return all arrays, those of the first layer first."""
        pairs = [pair for pair in (self.weights, self.velocities, self.averages) if pair]
        first_layers = [coefs[0] for coefs, _ in pairs]
        others = [[*coefs[1:], *intercepts] for coefs, intercepts in pairs]
        return first_layers, list(itertools.chain(*others))

    def restorer(self, rows=None):
        """Return a function that gives the arrays back the values that they have now.

        Of the first layer only the given rows, if not None: all that training changes.
        """
        rows = slice(None) if rows is None else rows
        first_layers, others = self.arrays()
        before = [array[rows].copy() for array in first_layers], [array.copy() for array in others]

        def restore():
            for array, values in zip(first_layers, before[0], strict=True):
                array[rows] = values
            for array, values in zip(others, before[1], strict=True):
                array[...] = values

        return restore


def copy_pair(pair):
    """Copy a pair of lists of arrays."""
    coefs, intercepts = pair
    return [array.copy() for array in coefs], [array.copy() for array in intercepts]


def laid_out(pair, dtype, *, copy=False):
    """Lay a pair of lists out for the engines; without a copy where it is so and none is asked."""
    return _engine.as_blocks(*(copy_pair(pair) if copy else pair), dtype)


def zeros_like(pair):
    """Return zeros in the shapes of a pair of lists of arrays."""
    coefs, intercepts = pair
    return [np.zeros(array.shape) for array in coefs], [
        np.zeros(array.shape) for array in intercepts
    ]


def fingerprint(pair, *, of_all):
    """Return a number that tells whether a user has put other weights in.

    If not `of_all`, only rows at equal distances are looked at in the first layer of a wide input.
    """
    (first, *coefs), intercepts = pair
    sample = first if of_all else first[:: max(1, len(first) // _ROWS_OF_FINGERPRINT)]
    code = 0
    for array in (sample, *coefs, *intercepts):
        code = zlib.crc32(np.ascontiguousarray(array).data, code)
    return code


def touched_rows(X, alpha, momentum, average):
    """Return the rows of the first layer that presenting X changes, None for all."""
    if not sp.issparse(X) or alpha or momentum or average:
        return None
    return _different(X.indices[X.indptr[0] : X.indptr[-1]], X.shape[1])


def _different(indices, n):
    """Return the different indices, which are below n, in order.

    Of many they are ticked off: Ctrl-C would have to wait for the sort of millions.
    """
    if indices.size < n // 64:
        return np.unique(indices).astype(np.intp, copy=False)
    is_there = np.zeros(n, dtype=bool)
    for start in range(0, indices.size, _INDICES_AT_ONCE):
        part = indices[start : start + _INDICES_AT_ONCE]
        is_there[part.astype(np.intp)] = True  # see Presentations.from_weights on int32
    return np.flatnonzero(is_there)

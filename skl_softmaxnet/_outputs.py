"""From the sums of the output layer to decisions and probabilities.

======================== ======================= ===============================================
z: sums (n, K)           decision                probabilities
======================== ======================= ===============================================
softmax, K ≥ 3           z                       softmax(z)
sigmoid, K ≥ 3           log σ(z)                softmax(log σ(z)): σ(z) normalised per row
two classes              second minus first (n,) (n, 2), second column σ(decision)
several labels a sample  z                       σ(z)
======================== ======================= ===============================================

So softmax(decision) is the probability in every multiclass case and σ(decision) in every binary
and multilabel one. Normalising σ(z) through its logarithm cannot divide zero by zero, however
negative z is.
"""

import numpy as np
from scipy import special
from sklearn.utils import gen_batches

from ._functions import softmax_of_rows

# What a chunk of rows may hold, in inputs and in sums.
_VALUES_PER_CHUNK = 1 << 19


def decision(z, output_activation, multilabel=False):
    """Decision values of the sums z, by the table above."""
    if multilabel:
        return z
    if output_activation == "sigmoid":
        z = special.log_expit(z)
    if z.shape[1] > 2:
        return z
    with np.errstate(over="ignore"):  # as for the sums
        return z[:, 1] - z[:, 0]


def most_probable(decisions, multilabel=False):
    """Index of the most probable class; or 1 for each label with z > 0, else 0."""
    if multilabel or decisions.ndim == 1:
        return (decisions > 0).astype(np.intp)
    return np.argmax(decisions, axis=1)


def probabilities(decisions, multilabel=False):
    """Probabilities of the decision values, by the table above."""
    if multilabel:
        return special.expit(decisions)
    if decisions.ndim == 1:
        return special.expit(_as_columns(decisions))
    return softmax_of_rows(decisions)


def _as_columns(decisions):
    """Return the decisions for the first of two classes and for the second: −d and d."""
    columns = np.empty((len(decisions), 2), decisions.dtype)
    np.negative(decisions, out=columns[:, 0])
    columns[:, 1] = decisions
    return columns


def log_probabilities(decisions, multilabel=False):
    """Logarithms of the probabilities, finite also where those round to zero.

    Where a probability is above one half its logarithm is taken, so that both are rounded alike.
    """
    if multilabel:
        logarithms = special.log_expit(decisions)
    elif decisions.ndim == 1:
        logarithms = special.log_expit(_as_columns(decisions))
    else:
        with np.errstate(over="ignore"):  # to minus infinity
            logarithms = special.log_softmax(decisions, axis=1)
    values = probabilities(decisions, multilabel)
    return np.log(values, out=logarithms, where=values > 0.5)


def in_chunks(function, sums, X, n_outputs):
    """Apply `function` to the sums of the output layer, for as many rows at a time as fit a cache.

    `sums(X, rows)` returns those of a slice of rows, of shape (n, n_outputs), and `function` an
    array with as many rows.
    """
    n_samples, n_features = X.shape
    chunk_size = 64 * max(1, _VALUES_PER_CHUNK // (64 * max(n_features, n_outputs)))
    if n_samples <= chunk_size:
        return function(sums(X, slice(None)))
    values = None
    for rows in gen_batches(n_samples, chunk_size):
        part = function(sums(X, rows))
        if values is None:
            values = np.empty((n_samples, *part.shape[1:]), dtype=part.dtype)
        values[rows] = part
    return values

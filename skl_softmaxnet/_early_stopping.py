"""Early stopping: which samples are set aside, and how well the network does on them."""

import math
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from . import _outputs
from ._state import NetworkState


def split(presentations, targets, n_samples, validation_fraction, random_state):
    """Set part of the presentations aside, the same share of every class.

    The presentations must be in content order, so that the same samples are chosen however the
    caller had ordered the rows, and of a sample that is given twice or has the weight 2.

    Parameters
    ----------
    presentations : Presentations
    targets : ndarray of int32 of shape (n_samples,) or CSR array
        Multilabel targets, as CSR, are not stratified.
    n_samples : int
    validation_fraction : float
    random_state : RandomState instance

    Returns
    -------
    training_weights, validation_weights : ndarray of float64 of shape (n_samples,)
        How much of each sample's weight is on either side.

    Raises
    ------
    ValueError
        If one side would be empty.
    """
    rows, shares = presentations.rows, presentations.shares
    strata = np.zeros(rows.size, dtype=np.intp)
    if not sp.issparse(targets):
        strata[:] = targets.take(rows)
    counts = _counts_of_strata(np.bincount(strata), validation_fraction)
    order = random_state.permutation(rows.size)
    order = order[np.argsort(strata[order], kind="stable")]  # random inside each stratum
    start_of_stratum = np.cumsum(np.bincount(strata)) - np.bincount(strata)
    rank = np.arange(rows.size) - start_of_stratum[strata[order]]
    set_aside = order[rank < counts[strata[order]]]
    if not 0 < set_aside.size < rows.size:
        raise ValueError(
            f"validation_fraction={validation_fraction} sets {set_aside.size} of {rows.size} "
            "samples aside: early_stopping needs at least one on either side, and two in some "
            "class. Change validation_fraction, pass X_val and y_val, or give more samples."
        )
    left = np.delete(np.arange(rows.size), set_aside)
    training_weights = np.bincount(rows[left], shares[left], minlength=n_samples)
    validation_weights = np.bincount(rows[set_aside], shares[set_aside], minlength=n_samples)
    return training_weights, validation_weights


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
class Validation:
    """Samples that are set aside, and the best that the network has done on them.

    Attributes
    ----------
    X : ndarray or CSR array of shape (n_samples, n_features)
    targets : ndarray of int32 of shape (n_samples,) or CSR array of shape (n_samples, n_outputs)
    rows : ndarray of int of shape (n_presentations,)
        A sample may be set aside more than once, as often as its weight says.
    weights : ndarray of float64 of shape (n_presentations,)
        The weight of each of these.
    activation, output_activation : str
    best_state : NetworkState or None
        A copy of all that training works on, after the epoch with the best score.
    """

    X: object
    targets: object
    rows: np.ndarray
    weights: np.ndarray
    activation: str
    output_activation: str
    best_state: NetworkState | None = None

    def score(self, state):
        """Return the accuracy of the network; of several labels, all must be right."""
        multilabel = sp.issparse(self.targets)
        coefs, intercepts = state.shown

        def predict(X):
            z = _outputs.sums(X, coefs, intercepts, self.activation)
            decisions = _outputs.decision(z, self.output_activation, multilabel)
            return _outputs.most_probable(decisions, multilabel)

        predicted = _outputs.in_chunks(predict, self.X, [weights.shape[1] for weights in coefs])
        if multilabel:
            right = (predicted == self.targets.toarray()).all(axis=1)
        else:
            right = predicted == self.targets
        # exact sums of one weight for each presentation: the score does not depend on the order of
        # the samples, nor on whether one is repeated or has the weight 2
        return math.fsum(self.weights[right[self.rows]]) / math.fsum(self.weights)

    def keep(self, state):
        """Copy the network, the best so far."""
        self.best_state = state.copy()

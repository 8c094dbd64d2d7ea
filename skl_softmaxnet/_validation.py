"""The samples that early stopping judges a network by."""

import math
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from . import _engine, _outputs
from ._samples import check_validation_samples
from ._standardization import sums_of


def given_validation(model, X_val, y_val):
    """Return the samples that `fit` was given, None if it was not."""
    if X_val is None and y_val is None:
        return None
    if X_val is None or y_val is None:
        given, missing = ("X_val", "y_val") if y_val is None else ("y_val", "X_val")
        raise ValueError(f"{given} was given without {missing}.")
    if not model.early_stopping:
        raise ValueError("X_val and y_val are used by early_stopping, which is False.")
    X, targets = check_validation_samples(model, X_val, y_val)
    return set_aside(model, X, targets, slice(None), np.ones(X.shape[0]))


def set_aside(model, X, targets, rows, weights):
    """Set rows aside: those that `list_epoch` held out, or all of `X_val`."""
    if not weights.any():
        raise ValueError(
            "early_stopping has no sample to validate on whose weight is above 0; see "
            "class_weight and validation_fraction."
        )
    return Validation(X[rows], targets[rows], weights, model)


@dataclass
class Validation:
    """Samples that are set aside, and how well a network does on them.

    Attributes
    ----------
    X : ndarray or CSR array of shape (n_samples, n_features)
    targets : ndarray of int32 of shape (n_samples,) or CSR array of shape (n_samples, n_outputs)
    weights : ndarray of float64 of shape (n_samples,)
    model : SoftmaxMLPClassifier
        Knows the options of the network, and what is done to X.
    """

    X: object
    targets: object
    weights: np.ndarray
    model: object

    def measure(self, network):
        """Return the log loss and accuracy of a network; of several labels, all must be right.

        The loss is NaN or infinite where sums, or differences of them, are too large for a float.
        """
        multilabel = sp.issparse(self.targets)
        targets = self.targets.toarray() if multilabel else self.targets
        coefs, intercepts = network.shown

        def decide(z):
            return _outputs.decision(z, self.model.out_activation_, multilabel)

        forward_pass = _engine.Engine.forward_pass(coefs, intercepts, self.model.activation)
        sums = sums_of(self.model, forward_pass)
        with np.errstate(over="ignore", invalid="ignore"):
            decisions = _outputs.in_chunks(decide, sums, self.X, len(intercepts[-1]))
            losses = losses_of(decisions, targets).astype(np.float64)
        right = _outputs.most_probable(decisions, multilabel) == targets
        if multilabel:
            right = right.all(axis=1)
        total = math.fsum(self.weights)
        # divided first: the sum is then no larger than a loss
        return math.fsum(self.weights / total * losses), math.fsum(self.weights[right]) / total


def losses_of(decisions, targets):
    """Return the log loss of each sample; of several labels, a column each, their sum."""
    if targets.ndim == 2:
        decisions = np.where(targets, decisions, -decisions)
        return -_outputs.log_probabilities(decisions, multilabel=True).sum(axis=1)
    logarithms = _outputs.log_probabilities(decisions)  # (n, K)
    return -np.take_along_axis(logarithms, targets[:, np.newaxis], axis=1)[:, 0]

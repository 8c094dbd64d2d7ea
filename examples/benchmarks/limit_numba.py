"""The limit of ``limit.py`` where no C compiler is there: the same work in numba."""

import math

import numpy as np
from limit import aligned_zeros
from numba import njit
from numba_steps import SETTINGS
from peers_numba import FIRST_PASSES


def compile_limit(first_pass):
    """Return the loop over samples and units around one way to pass over the weights."""

    @njit(**SETTINGS)
    def present(X, weights, step, sums, units):
        for sample in range(1, X.shape[0]):
            first_pass(weights, X, sample - 1, step, sample, sums)
            for j in range(units.shape[0]):
                units[j] = math.exp(-units[j])

    return present


LOOPS = {name: compile_limit(first_pass) for name, first_pass in FIRST_PASSES.items()}


def make_limit(X, layer_sizes, form):
    """Return a function of a number of epochs that does the limit's work on X.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        In the dtype of the weights.

    layer_sizes : tuple of int
        Units per layer, inputs first.

    form : {"rows", "pairs", "non-zero"}
    """
    weights = aligned_zeros(*layer_sizes[:2], X.dtype)
    step, sums = aligned_zeros(2, layer_sizes[1], X.dtype)
    step += 1e-9  # no denormal numbers
    units = np.ones(sum(layer_sizes[1:]), dtype=X.dtype)

    def run(n_epochs):
        for _ in range(n_epochs):
            LOOPS[form](X, weights, step, sums, units)

    return run

"""The same rule in numba, as fast as it could be made: the strictest of the competitors.

What makes it fast, in the order of what it brings:

- the inner loops of ``numba_steps.py`` run along contiguous hidden units;
- the update of one sample is fused with the forward pass of the next, so that the first layer, by
  far the largest, is read and written once a sample;
- where most inputs are zero, the update runs along the previous sample's non-zero inputs and the
  forward pass along the next one's, from a list that is made anew for every sample;
- ``fastmath``, and sums in the dtype of the weights.

Samples are presented in order and no loss is kept, which is a little less than a fit does.

Tried and left out: four rows at a time against the hidden vector, and columns in blocks of eight
with the sums in registers (the compiler gives up vector instructions for both and takes twice the
time; two rows at a time are here as "pairs"), and an exponential written out as a polynomial (no
gain).
"""

import numpy as np
from numba import njit
from numba_steps import (
    SETTINGS,
    add,
    copy,
    hidden_delta,
    logistic_in_place,
    output_error_and_delta,
    softmax_in_place,
    sum_rows,
    update_and_send_back,
    update_and_sum,
    update_and_sum_in_pairs,
    update_and_sum_nonzero,
)


def compile_one_hidden_layer(first_pass):
    """Return the training loop for one hidden layer around one way to pass over its weights."""

    @njit(**SETTINGS)
    def present(X, targets, weights, intercepts, rate, one, n_epochs):
        (W1, W2), (b1, b2) = weights, intercepts
        hidden, delta_1, error_1 = np.empty_like(b1), np.zeros_like(b1), np.empty_like(b1)
        output, delta_2, error_2 = np.empty_like(b2), np.empty_like(b2), np.empty_like(b2)
        previous = 0
        for _ in range(n_epochs):
            for sample in range(X.shape[0]):
                copy(b1, hidden)
                first_pass(W1, X, previous, delta_1, sample, hidden)
                logistic_in_place(hidden, one)
                sum_rows(W2, b2, hidden, output)
                softmax_in_place(output)
                output_error_and_delta(output, targets[sample], rate, one, error_2, delta_2)
                update_and_send_back(W2, hidden, delta_2, error_2, error_1)
                hidden_delta(hidden, error_1, rate, one, delta_1)
                add(delta_2, b2)
                add(delta_1, b1)
                previous = sample
        # the last update, which no next sample takes along; these sums are of no use
        first_pass(W1, X, previous, delta_1, previous, hidden)

    return present


def compile_any_depth(first_pass):
    """Return the training loop for any number of hidden layers."""

    @njit(**SETTINGS)
    def present(X, targets, weights, intercepts, rate, one, n_epochs):
        last = len(weights) - 1
        outputs = [np.zeros_like(values) for values in intercepts]
        deltas = [np.zeros_like(values) for values in intercepts]
        errors = [np.zeros_like(values) for values in intercepts]
        previous = 0
        for _ in range(n_epochs):
            for sample in range(X.shape[0]):
                copy(intercepts[0], outputs[0])
                first_pass(weights[0], X, previous, deltas[0], sample, outputs[0])
                for i in range(1, last + 1):
                    logistic_in_place(outputs[i - 1], one)
                    sum_rows(weights[i], intercepts[i], outputs[i - 1], outputs[i])
                output = outputs[last]
                softmax_in_place(output)
                output_error_and_delta(
                    output, targets[sample], rate, one, errors[last], deltas[last]
                )
                for i in range(last, 0, -1):
                    below, error = outputs[i - 1], errors[i - 1]
                    update_and_send_back(weights[i], below, deltas[i], errors[i], error)
                    hidden_delta(below, error, rate, one, deltas[i - 1])
                for i in range(last + 1):
                    add(deltas[i], intercepts[i])
                previous = sample
        first_pass(weights[0], X, previous, deltas[0], previous, outputs[0])

    return present


FIRST_PASSES = {
    "rows": update_and_sum,
    "pairs": update_and_sum_in_pairs,
    "non-zero": update_and_sum_nonzero,
}
ONE_HIDDEN_LAYER = {name: compile_one_hidden_layer(step) for name, step in FIRST_PASSES.items()}
ANY_DEPTH = {name: compile_any_depth(step) for name, step in FIRST_PASSES.items()}


def train(X, targets, coefs, intercepts, *, rate, n_epochs, first_pass="rows"):
    """Present all of X in order, `n_epochs` times.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
    targets : ndarray of intp of shape (n_samples,)
    coefs : list of ndarray of shape (fan_in, fan_out), in the dtype of X
    intercepts : list of ndarray of shape (fan_out,), in the dtype of X
    rate : float
    n_epochs : int
    first_pass : {"rows", "pairs", "non-zero"}, default="rows"

    Returns
    -------
    coefs, intercepts : lists of ndarray, new ones, of the same shapes
    """
    weights = (coefs[0].copy(), *(np.ascontiguousarray(layer.T) for layer in coefs[1:]))
    intercepts = tuple(values.copy() for values in intercepts)
    present = (ONE_HIDDEN_LAYER if len(weights) == 2 else ANY_DEPTH)[first_pass]
    scalar = X.dtype.type
    present(X, targets, weights, intercepts, scalar(rate), scalar(1), n_epochs)
    return [weights[0], *(layer.T.copy() for layer in weights[1:])], list(intercepts)

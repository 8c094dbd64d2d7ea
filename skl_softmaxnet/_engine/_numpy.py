"""One presentation after the other in NumPy, to be read beside the formulas.

With the layers numbered l = 1 … L, inputs h₀ = x, activation f, target t and rate η:

=================  =====================================================================
sums               z_l = W_lᵀ h_{l−1} + b_l
hidden outputs     h_l = f(z_l)
network output     o = softmax(z_L) or σ(z_L)
output error       e = t − o
output delta       δ_L = −∂loss/∂z_L
signal             s_L = e for backprop="error", δ_L for backprop="gradient"
changes            G_l = η h_{l−1} δ_lᵀ − η·alpha W_l and g_l = η δ_l
velocities         V_l ← momentum V_l + G_l, v_l ← momentum v_l + g_l
update             W_l ← W_l + V_l and b_l ← b_l + v_l, with Nesterov's momentum
                   W_l ← W_l + momentum V_l + G_l and b_l ← b_l + momentum v_l + g_l
signal, one down   s_{l−1} = W_l s_l, through the updated W_l for "error", the W_l before for
                   "gradient"
hidden delta       δ_{l−1} = s_{l−1} ∘ f'(h_{l−1}); "gradient" sends this on as s_{l−1}
average            every 64 presentations, with k = 1, 2, … and c = 4 / (k + 3):
                   W̄_l ← (1 − c) W̄_l + c W_l and b̄_l ← (1 − c) b̄_l + c b_l
=================  =====================================================================

This engine serves where no compiler was there at install time, and it is what the compiled one is
tested against.

The same bits come out however the work is cut: zeros in the input are skipped in dense rows as they
are in sparse ones, and the sums are made by :func:`numpy.einsum`, which does not hand them to a
linear algebra library that would group them by the number of its threads. A row of the first layer
whose input is zero needs no more than its decay, by alpha, and gets that when it is next used.

References
----------
.. [1] O. Shamir and T. Zhang, "Stochastic gradient descent for non-smooth optimization: convergence
   results and optimal averaging schemes", ICML 2013, for the average, with their η = 3.
.. [2] I. Sutskever, J. Martens, G. Dahl and G. Hinton, "On the importance of initialization and
   momentum in deep learning", ICML 2013, for momentum.
"""

import itertools

import numpy as np
import scipy.sparse as sp

from .._functions import (
    ACTIVATIONS,
    OUTPUT_ACTIVATIONS,
    log_loss,
    log_loss_delta,
    squared_error,
    squared_error_delta,
)
from ._memory import as_aligned
from ._moments import all_inputs, count_rows, stored_inputs

# Weights are averaged whenever the presentations so far are a multiple of this.
AVERAGING_INTERVAL = 64

# Measured on one core: what a presentation costs, to cut an epoch into slices of about 0.2 s.
_SECONDS_PER_LAYER = 4e-5
_SECONDS_PER_WEIGHT = 4e-9


class _ForwardPass:
    """Sums of the output layer, as training would meet them.

    The weights are laid out by `as_blocks`, also only to read; rows may be of float32 or float64,
    whatever the weights are. A forward pass is not to be shared by threads.
    """

    def __init__(self, coefs, intercepts, activation):
        first, *later = coefs  # what einsum does depends on where the first lies
        self.coefs = [as_aligned(first, first.dtype, in_place=True), *later]
        self.intercepts = intercepts
        self.activate, _ = ACTIVATIONS[activation]

    def sums(self, X, rows):
        """Return the sums z of the output layer for a slice of the rows, of shape (n, K)."""
        numbers = range(*rows.indices(X.shape[0]))
        z = np.empty((len(numbers), self.intercepts[-1].size), self.coefs[0].dtype)
        with np.errstate(all="ignore"):
            for sums, row in zip(z, numbers, strict=True):
                columns, values = nonzero_inputs(X, row)
                values = values.astype(z.dtype, copy=False)
                _, sums[:] = forward(self.coefs, self.intercepts, self.activate, columns, values)
        return z


class NumpyEngine:
    """Run presentations on weights in place.

    Parameters
    ----------
    network : Network
        Its arrays are changed in place by `run`, the intercepts only with `fit_intercept`.

    model : SoftmaxMLPClassifier
        Has the options, and the number of presentations before those of this engine.

    blocks : bool, default=False
        Whether dense samples may be presented in blocks, which changes no more than roundings.
        This engine never does.

    Attributes
    ----------
    t : int
        Presentations so far.
    """

    name = "numpy"

    def __init__(self, network, model, *, blocks=False):
        self.coefs, self.intercepts = network.weights
        self.velocities = network.velocities
        self.averages = network.averages
        self.activate, self.derivative = ACTIVATIONS[model.activation]
        self.output_activation = model.out_activation_
        self.loss = model.loss
        self.backprop = model.backprop
        self.fit_intercept = model.fit_intercept
        # floats of Python: those of NumPy would bring their own precision into the sums
        self.alpha, self.momentum = float(model.alpha), float(model.momentum)
        self.nesterovs_momentum = model.nesterovs_momentum
        self.t = model.t_
        # What each row of the first layer still has to be multiplied by, for its decay.
        self.waiting = np.ones((len(self.coefs[0]), 1))

    def seconds_per_presentation(self, X):
        """An estimate from the size of the network alone."""
        n_weights = sum(weights.size for weights in self.coefs)
        return _SECONDS_PER_LAYER * len(self.coefs) + _SECONDS_PER_WEIGHT * n_weights

    def run(self, X, targets, order, fractions, rate):
        """Present rows of X one after the other, and return the sum of their losses.

        Each loss is that before the update, times the fraction.

        Parameters
        ----------
        X : ndarray or CSR array of shape (n_samples, n_features)
            In the dtype of the weights; CSR with sorted indices and no duplicates.

        targets : ndarray of int of shape (n_samples,) or CSR array of shape (n_samples, n_outputs)
            The index of each row's class; or the labels that each row has.

        order : ndarray of intp of shape (n_presentations,)
            The row of each presentation.

        fractions : ndarray of float64 of shape (n_presentations,) or None
            The share of the rate, and of the loss, of each presentation; None where all are 1.

        rate : float
            The learning rate η.
        """
        if fractions is None:
            fractions = np.ones(order.size)
        total = 0.0
        with np.errstate(all="ignore"):
            for row, fraction in zip(order, fractions.tolist(), strict=True):
                columns, values = nonzero_inputs(X, row)
                if self.momentum:  # every weight moves, whatever its input
                    columns, values = slice(None), all_inputs(X, columns, values)
                target = target_vector(targets, row, self.intercepts[-1])
                total += fraction * self.present(columns, values, target, rate * fraction)
                self.average()
        return total

    def is_finite(self, inputs=None):
        """Tell whether all weights and intercepts are finite.

        Of the first layer only the rows of the given inputs are looked at, if not None.
        """
        first, *coefs = self.coefs
        listed = first if inputs is None else first[inputs]
        return all(np.isfinite(array).all() for array in (listed, *coefs, *self.intercepts))

    def present(self, columns, values, target, rate):
        """Show one sample, update the weights, and return the sample's loss from before."""
        self.settle(columns)
        hidden, z = forward(self.coefs, self.intercepts, self.activate, columns, values)
        output = OUTPUT_ACTIVATIONS[self.output_activation](z)
        if self.loss == "squared_error":
            loss = squared_error(target, output)
            delta = squared_error_delta(target, output, self.output_activation)
        else:
            loss = log_loss(target, z, self.output_activation)
            delta = log_loss_delta(target, output)
        signal = delta if self.backprop == "gradient" else target - output

        for layer in range(len(self.coefs) - 1, 0, -1):
            weights, h = self.coefs[layer], hidden[layer - 1]
            if self.backprop == "gradient":
                sent = weighted_sums(signal, weights.T)  # (fan_in,) before the update
                self.update(layer, slice(None), h, delta, rate)
                signal = delta = sent * self.derivative(h)
            else:
                self.update(layer, slice(None), h, delta, rate)
                signal = weighted_sums(signal, weights.T)  # (fan_in,) after the update
                delta = signal * self.derivative(h)
        self.update(0, columns, values, delta, rate)
        self.t += 1
        return float(loss)

    count_rows = staticmethod(count_rows)

    forward_pass = _ForwardPass

    def update(self, layer, rows, inputs, delta, rate):
        """Change the weights in the rows of the non-zero inputs, and the intercepts."""
        step = rate * delta  # (fan_out,)
        change = inputs[:, np.newaxis] * step  # (n_rows, fan_out)
        if self.alpha:
            change -= rate * self.alpha * self.coefs[layer][rows]
        self.coefs[layer][rows] += self.movement(0, layer, change)
        if self.fit_intercept:
            self.intercepts[layer] += self.movement(1, layer, step)
        if layer == 0 and self.alpha:
            self.waiting *= 1 - rate * self.alpha
            self.waiting[rows] = 1

    def movement(self, kind, layer, change):
        """What a change of weights (kind 0) or intercepts (kind 1) moves them by."""
        if not self.momentum:
            return change
        velocity = self.velocities[kind][layer]
        velocity *= self.momentum
        velocity += change
        return self.momentum * velocity + change if self.nesterovs_momentum else velocity

    def settle(self, rows=slice(None)):
        """Apply the decay that rows of the first layer have waited for."""
        if self.alpha:
            self.coefs[0][rows] *= self.waiting[rows]
            self.waiting[rows] = 1

    def average(self):
        """Average the weights where it is time to; before the first time, the average is they."""
        k, rest = divmod(self.t, AVERAGING_INTERVAL)
        if self.averages is None or (k > 0 and rest > 0):
            return
        self.settle()
        share = 4 / (k + 3) if k > 0 else 1.0
        averages = itertools.chain(*self.averages)
        for average, weights in zip(averages, [*self.coefs, *self.intercepts], strict=True):
            average *= 1 - share
            average += share * weights


def forward(coefs, intercepts, activate, columns, values):
    """Return the outputs of the hidden layers, and the sums of the last, from non-zero inputs."""
    weights, *later_weights = coefs
    intercept, *later_intercepts = intercepts
    z = weighted_sums(values, weights[columns]) + intercept  # (fan_out,)
    hidden = []
    for weights, intercept in zip(later_weights, later_intercepts, strict=True):
        hidden.append(activate(z))
        z = weighted_sums(hidden[-1], weights) + intercept
    return hidden, z


def nonzero_inputs(X, row):
    """Return the non-zero columns of one row and their values, for dense and CSR alike."""
    columns, values = stored_inputs(X, row)
    nonzero = values.nonzero()[0]
    if nonzero.size == X.shape[1]:
        return slice(None), values
    return nonzero if isinstance(columns, slice) else columns[nonzero], values[nonzero]


def target_vector(targets, row, like):
    """Return the target t of one row: 1 for its class, or for each of its labels, else 0."""
    target = np.zeros(like.size, like.dtype)
    if sp.issparse(targets):
        target[targets.indices[targets.indptr[row] : targets.indptr[row + 1]]] = 1
    else:
        target[targets[row]] = 1
    return target


def weighted_sums(inputs, weights):
    """z_j = Σᵢ hᵢ W_ij, each added in the order of i."""
    return np.einsum("i,ij->j", inputs, weights)

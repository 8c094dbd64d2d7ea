"""One presentation after the other in NumPy, to be read beside the formulas.

With the layers numbered l = 1 … L, inputs h₀ = x, activation f, target t and rate η:

=================  =====================================================================
sums               z_l = W_lᵀ h_{l−1} + b_l
hidden outputs     h_l = f(z_l)
network output     o = softmax(z_L) or σ(z_L)
output error       e = t − o
output delta       δ_L = −∂loss/∂z_L
signal             s_L = e for backprop="error", δ_L for backprop="gradient"
update             W_l ← W_l + η h_{l−1} δ_lᵀ and b_l ← b_l + η δ_l
signal, one down   s_{l−1} = W_l s_l, through the updated W_l for "error", the W_l before for
                   "gradient"
hidden delta       δ_{l−1} = s_{l−1} ∘ f'(h_{l−1}); "gradient" sends this on as s_{l−1}
=================  =====================================================================

This engine serves where no compiler was there at install time, and it is what the compiled one is
tested against.

The same bits come out however the work is cut: zeros in the input are skipped in dense rows as they
are in sparse ones, and the sums are made by :func:`numpy.einsum`, which does not hand them to a
linear algebra library that would group them by the number of its threads.
"""

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

# Measured on one core: what a presentation costs, to cut an epoch into slices of about 0.2 s.
_SECONDS_PER_LAYER = 4e-5
_SECONDS_PER_WEIGHT = 4e-9


class NumpyEngine:
    """Run presentations on weights in place.

    Parameters
    ----------
    coefs : list of ndarray of shape (fan_in, fan_out)
        Changed in place by `run`.

    intercepts : list of ndarray of shape (fan_out,)
        Changed in place by `run`, unless `fit_intercept` is False.

    activation, output_activation, loss, backprop : str
        As in :class:`~skl_softmaxnet.SoftmaxMLPClassifier`.

    fit_intercept : bool
        Whether the intercepts learn.

    Attributes
    ----------
    n_presented : int
        Presentations run so far.
    """

    name = "numpy"

    def __init__(
        self, coefs, intercepts, *, activation, output_activation, loss, backprop, fit_intercept
    ):
        self.coefs = coefs
        self.intercepts = intercepts
        self.activate, self.derivative = ACTIVATIONS[activation]
        self.output_activation = output_activation
        self.loss = loss
        self.backprop = backprop
        self.fit_intercept = fit_intercept
        self.n_presented = 0

    @property
    def seconds_per_presentation(self):
        """An estimate from the size of the network alone."""
        n_weights = sum(weights.size for weights in self.coefs)
        return _SECONDS_PER_LAYER * len(self.coefs) + _SECONDS_PER_WEIGHT * n_weights

    def run(self, X, targets, rows, fractions, rate):
        """Present rows of X one after the other.

        Parameters
        ----------
        X : ndarray or CSR array of shape (n_samples, n_features)
            In the dtype of the weights; CSR with sorted indices and no duplicates.

        targets : ndarray of intp of shape (n_samples,)
            The index of each row's class.

        rows : ndarray of intp of shape (n_presentations,)
            The row of each presentation.

        fractions : ndarray of float64 of shape (n_presentations,) or None
            The share of the rate, and of the loss, of each presentation; None where all are 1.

        rate : float
            The learning rate η.

        Returns
        -------
        loss : float
            The sum of the losses, each before its update and times its fraction.
        """
        if fractions is None:
            fractions = np.ones(rows.size)
        total = 0.0
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            for row, fraction in zip(rows, fractions.tolist(), strict=True):
                columns, values = nonzero_inputs(X, row)
                total += fraction * self.present(columns, values, targets[row], rate * fraction)
        return total

    def present(self, columns, values, target_class, rate):
        """Show one sample, update the weights, and return the sample's loss from before."""
        outputs, z = self.forward(columns, values)
        *hidden, output = outputs
        target = np.zeros_like(output)
        target[target_class] = 1
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
        self.n_presented += 1
        return float(loss)

    def forward(self, columns, values):
        """Return the outputs of every layer, and the sums of the last."""
        weights, *later_weights = self.coefs
        intercept, *later_intercepts = self.intercepts
        z = weighted_sums(values, weights[columns]) + intercept  # (fan_out,)
        outputs = []
        for weights, intercept in zip(later_weights, later_intercepts, strict=True):
            outputs.append(self.activate(z))
            z = weighted_sums(outputs[-1], weights) + intercept
        return [*outputs, OUTPUT_ACTIVATIONS[self.output_activation](z)], z

    def update(self, layer, rows, inputs, delta, rate):
        """W ← W + η h δᵀ, in the rows of the non-zero inputs h, and b ← b + η δ."""
        step = rate * delta  # (fan_out,)
        self.coefs[layer][rows] += inputs[:, np.newaxis] * step
        if self.fit_intercept:
            self.intercepts[layer] += step


def nonzero_inputs(X, row):
    """Return the non-zero columns of one row and their values, for dense and CSR alike."""
    if sp.issparse(X):
        entries = slice(X.indptr[row], X.indptr[row + 1])
        columns, values = X.indices[entries], X.data[entries]
    else:
        columns, values = slice(None), X[row]
    nonzero = np.flatnonzero(values)
    if nonzero.size == X.shape[1]:
        return slice(None), values
    return nonzero if isinstance(columns, slice) else columns[nonzero], values[nonzero]


def weighted_sums(inputs, weights):
    """z_j = Σᵢ hᵢ W_ij, each added in the order of i."""
    return np.einsum("i,ij->j", inputs, weights)


def shuffle_rows(values, uniforms, stop):
    """Swap v[i] with v[⌊u (i + 1)⌋] in each row v, for i = stop − 1, stop − 2, …, one for each u.

    Parameters
    ----------
    values : ndarray of intp of shape (n_rows, n_values)
        Changed in place.
    uniforms : ndarray of float64 of shape (n_rows, n_swaps)
        Random numbers in [0, 1).
    stop : int
        From n_swaps to n_values.
    """
    for row, row_uniforms in zip(values, uniforms.tolist(), strict=True):
        for i, u in zip(range(stop - 1, -1, -1), row_uniforms, strict=False):
            j = int(u * (i + 1))
            row[i], row[j] = row[j], row[i]

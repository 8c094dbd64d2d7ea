"""The competitors in NumPy and scikit-learn: the tutorial's loop and MLPClassifier."""

import warnings
from itertools import pairwise

import numpy as np
from scipy.stats import truncnorm
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier


def initial_weights(layer_sizes, dtype, seed=0):
    """Draw as a tutorial does: normal, cut at ±1/√fan_in, by :mod:`scipy.stats`.

    Parameters
    ----------
    layer_sizes : sequence of int
        Units per layer, inputs first.
    dtype : dtype
    seed : int, default=0

    Returns
    -------
    coefs : list of ndarray of shape (fan_in, fan_out)
    intercepts : list of ndarray of shape (fan_out,), zeros
    """
    generator = np.random.default_rng(seed)
    coefs = []
    for fan_in, fan_out in pairwise(layer_sizes):
        bound = 1 / np.sqrt(fan_in)
        draw = truncnorm(-bound, bound).rvs((fan_in, fan_out), random_state=generator)
        coefs.append(draw.astype(dtype))
    return coefs, [np.zeros(fan_out, dtype) for fan_out in layer_sizes[1:]]


class TutorialNetwork:
    """The network as it is taught: column vectors, matrices of (units, inputs), no thought of time.

    Parameters
    ----------
    coefs : list of ndarray of shape (fan_in, fan_out)
    intercepts : list of ndarray of shape (fan_out,)
    rate : float
    """

    def __init__(self, coefs, intercepts, rate):
        self.matrices = [weights.T.copy() for weights in coefs]
        self.columns = [values.reshape(-1, 1).copy() for values in intercepts]
        self.rate = rate

    def train(self, sample, target):
        """Present one sample, with its one-hot target."""
        outputs = [np.array(sample, ndmin=2).T]
        for matrix, column in zip(self.matrices[:-1], self.columns[:-1], strict=True):
            sums = np.dot(matrix, outputs[-1]) + column
            outputs.append(1 / (1 + np.exp(-sums)))
        output = self.softmax(np.dot(self.matrices[-1], outputs[-1]) + self.columns[-1])

        error = np.array(target, ndmin=2).T - output
        delta = np.dot(self.softmax_jacobian(output), error)
        for i in reversed(range(len(self.matrices))):
            self.matrices[i] += self.rate * np.dot(delta, outputs[i].T)
            self.columns[i] += self.rate * delta
            if i:
                error = np.dot(self.matrices[i].T, error)
                delta = error * outputs[i] * (1 - outputs[i])

    @staticmethod
    def softmax(sums):
        """exp z / Σ exp z, here without the overflow of the tutorial's own."""
        powers = np.exp(sums - sums.max())
        return powers / powers.sum()

    @staticmethod
    def softmax_jacobian(output):
        """diag(o) − o oᵀ, all K × K of it."""
        return np.diagflat(output) - np.dot(output, output.T)


def train_tutorial(X, targets, coefs, intercepts, *, rate, n_epochs):
    """Present all of X in order, `n_epochs` times, with the tutorial's loop.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
    targets : ndarray of intp of shape (n_samples,)
    coefs : list of ndarray of shape (fan_in, fan_out)
    intercepts : list of ndarray of shape (fan_out,)
    rate : float
    n_epochs : int

    Returns
    -------
    coefs, intercepts : lists of ndarray, new ones, of the same shapes
    """
    network = TutorialNetwork(coefs, intercepts, rate)
    one_hot = np.eye(coefs[-1].shape[1], dtype=X.dtype)[targets]
    for _ in range(n_epochs):
        for sample, target in zip(X, one_hot, strict=True):
            network.train(sample, target)
    return [matrix.T for matrix in network.matrices], [column[:, 0] for column in network.columns]


def fit_mlp_classifier(X, targets, hidden_layer_sizes, *, n_epochs, batch_size=1):
    """Fit scikit-learn's MLPClassifier by plain gradient descent for `n_epochs`, without a test.

    Parameters
    ----------
    X : ndarray or sparse matrix of shape (n_samples, n_features)
    targets : ndarray of shape (n_samples,)
    hidden_layer_sizes : tuple of int
    n_epochs : int
    batch_size : int or "auto", default=1

    Returns
    -------
    model : MLPClassifier
    """
    model = MLPClassifier(
        hidden_layer_sizes,
        activation="logistic",
        solver="sgd",
        batch_size=batch_size,
        learning_rate_init=0.05,
        momentum=0,
        max_iter=n_epochs,
        tol=0,
        n_iter_no_change=n_epochs + 1,
        random_state=0,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(X, targets)

"""The data of the columns: two small real shapes and four synthetic ones."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from sklearn.datasets import load_digits, make_blobs


@dataclass(frozen=True)
class Shape:
    """One column of the table.

    Attributes
    ----------
    name : str
    layer_sizes : tuple of int
        Units per layer, inputs first.
    X : ndarray of float64 of shape (n_samples, n_features)
    targets : ndarray of intp of shape (n_samples,)
    sparse : bool
        Whether estimators get the samples as CSR.
    """

    name: str
    layer_sizes: tuple
    X: np.ndarray
    targets: np.ndarray
    sparse: bool = False

    @property
    def has_zeros(self):
        """Whether skipping zeros may help."""
        return bool((self.X == 0).mean() > 0.1)

    def as_given(self, X):
        """Turn samples into what the estimators get."""
        return sp.csr_array(X) if self.sparse else X


def blobs():
    """The tutorial's two clusters."""
    X, targets = make_blobs(n_samples=300, centers=([2, 6], [6, 2]), random_state=0)
    return X, targets.astype(np.intp)


def digits():
    """scikit-learn's digits, scaled to [0, 1]."""
    X, targets = load_digits(return_X_y=True)
    return X / 16, targets.astype(np.intp)


def noise(n_samples=5000, n_features=784, share_of_zeros=0.0):
    """Standard normal samples of ten classes: nothing to learn, but the cost does not depend on it.

    Parameters
    ----------
    n_samples, n_features : int
    share_of_zeros : float
        The chance of each value to be zero instead.

    Returns
    -------
    X : ndarray of float64 of shape (n_samples, n_features)
    targets : ndarray of intp of shape (n_samples,)
    """
    generator = np.random.default_rng(0)
    X = generator.standard_normal((n_samples, n_features))
    targets = generator.integers(0, 10, n_samples)
    X[generator.random(X.shape) < share_of_zeros] = 0
    return X, targets.astype(np.intp)


def columns():
    """Yield the columns of the table from left to right."""
    yield Shape("2-5-2", (2, 5, 2), *blobs())
    yield Shape("64-32-10", (64, 32, 10), *digits())
    dense, sparse = noise(), noise(share_of_zeros=0.8)
    yield Shape("784-100-10", (784, 100, 10), *dense)
    yield Shape("784-100-10, 80 % zeros", (784, 100, 10), *sparse)
    yield Shape("784-100-10, 80 % zeros, CSR", (784, 100, 10), *sparse, sparse=True)
    yield Shape("784-256-128-10", (784, 256, 128, 10), *dense)

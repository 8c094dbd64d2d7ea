"""Figures of merit of probabilistic classifiers, by cross-validation on six small data sets.

With p the predicted probabilities, t the one-hot label and n samples:

- Brier score: the mean of ‖p − t‖², from 0 to 2 [1]_;
- expected calibration error: the samples are put into bins by the confidence max p, and it is
  Σ over the bins of (their share of the samples) · |accuracy − mean confidence| [2]_. In a fold of
  few samples it is above zero even for a perfectly calibrated classifier: compare it within a data
  set only.

References
----------
.. [1] G. W. Brier, "Verification of forecasts expressed in terms of probability", Monthly Weather
   Review 78, 1950.
.. [2] C. Guo, G. Pleiss, Y. Sun and K. Q. Weinberger, "On calibration of modern neural networks",
   ICML 2017.
"""

import warnings
from dataclasses import dataclass

import numpy as np
from sklearn.base import clone
from sklearn.datasets import (
    load_breast_cancer,
    load_digits,
    load_iris,
    load_wine,
    make_blobs,
    make_moons,
)
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import StratifiedKFold, cross_validate
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

N_FOLDS = 5
N_BINS = 15

SETS = {
    "iris": lambda: load_iris(return_X_y=True),
    "wine": lambda: load_wine(return_X_y=True),
    "breast_cancer": lambda: load_breast_cancer(return_X_y=True),
    "digits": lambda: load_digits(return_X_y=True),
    "blobs": lambda: make_blobs(n_samples=600, centers=3, cluster_std=3.0, random_state=0),
    "moons": lambda: make_moons(n_samples=500, noise=0.25, random_state=0),
}

HIGHER_IS_BETTER = {
    "accuracy": True,
    "log loss": False,
    "Brier score": False,
    "calibration error": False,
}


def brier_score(targets, probabilities):
    """Return the mean squared distance of the probabilities from the one-hot labels.

    Parameters
    ----------
    targets : array-like of int of shape (n_samples,)
        The column of each sample's class.
    probabilities : ndarray of shape (n_samples, n_classes)

    Returns
    -------
    score : float
    """
    one_hot = np.eye(probabilities.shape[1])[targets]  # (n, K)
    return float(((probabilities - one_hot) ** 2).sum(axis=1).mean())


def calibration_error(targets, probabilities, n_bins=N_BINS):
    """Return the expected calibration error of the predicted classes.

    Parameters
    ----------
    targets : array-like of int of shape (n_samples,)
        The column of each sample's class.
    probabilities : ndarray of shape (n_samples, n_classes)
    n_bins : int, default=15
        Bins of equal width from 0 to 1, each without its lower edge and with its upper one.

    Returns
    -------
    error : float
    """
    confidence = probabilities.max(axis=1)  # (n,)
    right = probabilities.argmax(axis=1) == targets  # (n,)
    bins = np.ceil(confidence * n_bins).astype(np.intp)
    # A bin's share times its |accuracy − mean confidence| is |its sum of right − confidence| / n.
    gaps = np.bincount(bins, weights=right - confidence)
    return float(np.abs(gaps).sum() / len(confidence))


def figures(estimator, X, y):
    """Return every figure of a fitted classifier, as a scorer of `cross_validate`.

    Parameters
    ----------
    estimator : classifier
        Has met every class in `y`.
    X : ndarray of shape (n_samples, n_features)
    y : ndarray of shape (n_samples,)

    Returns
    -------
    figures : dict of float
    """
    probabilities = estimator.predict_proba(X)  # (n, K)
    targets = np.searchsorted(estimator.classes_, y)
    return {
        "accuracy": accuracy_score(y, estimator.predict(X)),
        "log loss": log_loss(y, probabilities, labels=estimator.classes_),
        "Brier score": brier_score(targets, probabilities),
        "calibration error": calibration_error(targets, probabilities),
    }


@dataclass(frozen=True)
class Result:
    """What cross-validation found out about one model on one data set.

    Attributes
    ----------
    folds : dict of ndarray of shape (n_folds,)
        Each figure in each fold, the mean over the repeats.
    seconds : float
        The median time of a fit.
    """

    folds: dict
    seconds: float


def evaluate(model, X, y, n_repeats):
    """Cross-validate a model on standardised features, with several seeds on the same folds.

    Parameters
    ----------
    model : classifier
        Has a parameter `random_state`.
    X : ndarray of shape (n_samples, n_features)
    y : ndarray of shape (n_samples,)
    n_repeats : int
        How many seeds.

    Returns
    -------
    result : Result
    """
    folds = StratifiedKFold(N_FOLDS, shuffle=True, random_state=0)
    repeats = []
    with warnings.catch_warnings():
        # Some models stop at their default max_iter: that is part of what is measured.
        warnings.simplefilter("ignore", ConvergenceWarning)
        for seed in range(n_repeats):
            seeded = clone(model).set_params(random_state=seed)
            pipeline = Pipeline([("scale", StandardScaler()), ("model", seeded)])
            repeats.append(
                cross_validate(pipeline, X, y, cv=folds, scoring=figures, error_score="raise")
            )
    means = {
        name: np.mean([repeat[f"test_{name}"] for repeat in repeats], axis=0)
        for name in HIGHER_IS_BETTER
    }
    return Result(means, float(np.median([repeat["fit_time"] for repeat in repeats])))


def mean_and_error(values):
    """Return the mean of an array and its standard error."""
    return float(np.mean(values)), float(np.std(values, ddof=1) / np.sqrt(len(values)))


def compare(ours, theirs, name):
    """Compare two results in one figure, fold by fold.

    Parameters
    ----------
    ours, theirs : Result
    name : str
        The figure.

    Returns
    -------
    difference, error : float
        The mean of ours − theirs over the folds, and its standard error.
    as_good : bool
        Whether ours is better, or worse by no more than one standard error.
    """
    difference, error = mean_and_error(ours.folds[name] - theirs.folds[name])
    advantage = difference if HIGHER_IS_BETTER[name] else -difference
    return difference, error, advantage >= -error

"""How good the probabilities are, beside those of scikit-learn's classifiers.

    python examples/benchmarks/quality.py [--sets NAME ...] [--models NAME ...] [--repeats N]

Prints Markdown: a table per data set of figures by 5-fold cross-validation, then one that says
whether our defaults are as good as those of MLPClassifier. The Brier score [1]_ is from 0 to 2. The
expected calibration error [2]_ is above zero even for a perfectly calibrated classifier in a fold
of few samples: compare it within a data set only.

.. [1] G. W. Brier, "Verification of forecasts expressed in terms of probability", 1950.
.. [2] C. Guo et al., "On calibration of modern neural networks", ICML 2017.
"""

import argparse
import warnings
from functools import partial
from typing import NamedTuple

import numpy as np
import sklearn.datasets as datasets
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import StratifiedKFold, cross_validate
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from timing import print_table, processor, use_one_thread

from skl_softmaxnet import SoftmaxMLPClassifier, show_versions

REAL = ("iris", "wine", "breast_cancer", "digits")
SETS = {name: partial(getattr(datasets, f"load_{name}"), return_X_y=True) for name in REAL}
SETS["blobs"] = partial(datasets.make_blobs, 600, centers=3, cluster_std=3.0, random_state=0)
SETS["moons"] = partial(datasets.make_moons, 500, noise=0.25, random_state=0)
MODELS = {"ours": SoftmaxMLPClassifier(), "mlp": MLPClassifier()}
MODELS |= {"logistic": LogisticRegression(), "trees": HistGradientBoostingClassifier()}
FIGURES = ("accuracy", "log loss", "Brier score", "calibration error")


def brier_score(targets, probabilities):
    """Return the mean of ‖p − t‖², with p the probabilities and t the one-hot label."""
    one_hot = np.eye(probabilities.shape[1])[targets]  # (n, K)
    return float(((probabilities - one_hot) ** 2).sum(axis=1).mean())


def calibration_error(targets, probabilities, n_bins=15):
    """Return Σ over bins of (their share of the samples) · |accuracy − mean confidence|."""
    confidence = probabilities.max(axis=1)  # (n,)
    # The bins are of equal width from 0 to 1, each without its lower edge and with its upper one.
    right = probabilities.argmax(axis=1) == targets  # (n,)
    bins = np.ceil(confidence * n_bins).astype(np.intp)
    # A bin's share times its |accuracy − mean confidence| is |its sum of right − confidence| / n.
    gaps = np.bincount(bins, weights=right - confidence)
    return float(np.abs(gaps).sum() / len(confidence))


def figures(estimator, X, y):
    """Return every figure of a fitted classifier, as a scorer of `cross_validate`."""
    probabilities = estimator.predict_proba(X)  # (n, K)
    targets = np.searchsorted(estimator.classes_, y)
    values = [accuracy_score(y, estimator.predict(X))]
    values += [log_loss(y, probabilities, labels=estimator.classes_)]
    values += [score(targets, probabilities) for score in (brier_score, calibration_error)]
    return dict(zip(FIGURES, values, strict=True))


class Result(NamedTuple):
    """What cross-validation found out about one model on one data set."""

    folds: dict  # of each figure an ndarray of shape (n_folds,), the mean over the repeats
    seconds: float  # the median time of a fit


def evaluate(model, X, y, n_repeats):
    """Cross-validate a model on standardised features, with several seeds on the same folds."""
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    repeats = []
    for seed in range(n_repeats):
        pipeline = make_pipeline(StandardScaler(), clone(model).set_params(random_state=seed))
        with warnings.catch_warnings():
            # Some models stop at their default max_iter: that is part of what is measured.
            warnings.simplefilter("ignore", ConvergenceWarning)
            repeat = cross_validate(pipeline, X, y, cv=folds, scoring=figures, error_score="raise")
        repeats.append(repeat)
    means = {name: np.mean([r[f"test_{name}"] for r in repeats], 0) for name in FIGURES}
    return Result(means, float(np.median([repeat["fit_time"] for repeat in repeats])))


def mean_and_error(values):
    """Return the mean of an array and its standard error."""
    return float(np.mean(values)), float(np.std(values, ddof=1) / np.sqrt(len(values)))


def compare(ours, theirs, name):
    """Return the mean of ours − theirs over the folds, its standard error, and if it is as good."""
    difference, error = mean_and_error(ours.folds[name] - theirs.folds[name])
    advantage = difference if name == "accuracy" else -difference
    return difference, error, advantage >= -error


def print_set(name, results, n_repeats):
    """Print the table of one data set: a line for each model's result."""
    lines = []
    for key, result in results.items():
        means = [mean_and_error(result.folds[figure]) for figure in FIGURES]
        cells = [f"{mean:.4f} ± {error:.4f}" for mean, error in means]
        lines.append([type(MODELS[key]).__name__, *cells, f"{result.seconds:.3f}"])
    print(f"## {name}\n")
    print_table([f"5 folds, seeds: {n_repeats}", *FIGURES, "s per fit"], lines)


def print_comparison(all_results):
    """Print what our defaults are worth beside those of MLPClassifier, on each data set."""
    lines = []
    for name, results in all_results.items():
        line = [name]
        for figure in ("accuracy", "log loss"):
            mean, error, good = compare(results["ours"], results["mlp"], figure)
            line += [f"{mean:+.4f} ± {error:.4f}", "yes" if good else "NO"]
        lines.append(line)
    print("## Our defaults less those of MLPClassifier\n")
    header = "mean over the folds ± standard error", "accuracy", "as good", "log loss", "as good"
    print_table(header, lines)
    print("As good: better, or worse by no more than one standard error of the difference.\n")


def main():
    """Read the command line, evaluate and print."""
    use_one_thread()
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for name, values in {"sets": SETS, "models": MODELS}.items():
        parser.add_argument(f"--{name}", nargs="+", choices=values, default=list(values))
    parser.add_argument("--repeats", type=int, default=3, help="seeds of every model")
    arguments = parser.parse_args()
    show_versions()
    print(f"\n- processor: {processor()}\n")
    all_results = {}
    for name in arguments.sets:
        X, y = SETS[name]()
        results = {key: evaluate(MODELS[key], X, y, arguments.repeats) for key in arguments.models}
        print_set(name, results, arguments.repeats)
        all_results[name] = results
    if {"ours", "mlp"} <= set(arguments.models):
        print_comparison(all_results)


if __name__ == "__main__":
    main()

"""How good the probabilities are, beside those of scikit-learn's classifiers.

    python examples/benchmarks/quality.py [--sets NAME ...] [--models NAME ...] [--repeats N]
                                          [--set PARAMETER=VALUE ...]

Prints Markdown: a table per data set of figures by 5-fold cross-validation, then one that says
whether our defaults are as good as those of MLPClassifier. `--set` changes a parameter in all our
rows, to try other defaults. The Brier score [1]_ is from 0 to 2. The expected calibration error
[2]_ is above zero even for a perfectly calibrated classifier in a fold of few samples: compare it
within a data set only.

References
----------
.. [1] G. W. Brier, "Verification of forecasts expressed in terms of probability", Monthly Weather
   Review 78, 1950.
.. [2] C. Guo, G. Pleiss, Y. Sun and K. Q. Weinberger, "On calibration of modern neural networks",
   ICML 2017.
"""

import argparse
import ast
import warnings
from contextlib import suppress
from functools import partial
from itertools import product
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
THEIRS = {"mlp": ("MLPClassifier", MLPClassifier())}
THEIRS["logistic"] = ("LogisticRegression", LogisticRegression())
THEIRS["trees"] = ("HistGradientBoostingClassifier", HistGradientBoostingClassifier())
FIGURES = ("accuracy", "log loss", "Brier score", "calibration error")


def brier_score(targets, probabilities):
    """Return the mean of ‖p − t‖², with p the probabilities and t the one-hot label."""
    one_hot = np.eye(probabilities.shape[1])[targets]  # (n, K)
    return float(((probabilities - one_hot) ** 2).sum(axis=1).mean())


def calibration_error(targets, probabilities, n_bins=15):
    """Return Σ over bins of (their share of the samples) · |accuracy − mean confidence|.

    The confidence is the highest probability. The bins are of equal width from 0 to 1, each without
    its lower edge and with its upper one.
    """
    confidence = probabilities.max(axis=1)  # (n,)
    right = probabilities.argmax(axis=1) == targets  # (n,)
    bins = np.ceil(confidence * n_bins).astype(np.intp)
    # A bin's share times its |accuracy − mean confidence| is |its sum of right − confidence| / n.
    gaps = np.bincount(bins, weights=right - confidence)
    return float(np.abs(gaps).sum() / len(confidence))


def figures(estimator, X, y):
    """Return every figure of a fitted classifier, as a scorer of `cross_validate`."""
    probabilities = estimator.predict_proba(X)  # (n, K)
    targets = np.searchsorted(estimator.classes_, y)
    return {
        "accuracy": accuracy_score(y, estimator.predict(X)),
        "log loss": log_loss(y, probabilities, labels=estimator.classes_),
        "Brier score": brier_score(targets, probabilities),
        "calibration error": calibration_error(targets, probabilities),
    }


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


def our_row(**parameters):
    """Return the name and the classifier of a row of ours."""
    model = SoftmaxMLPClassifier(**parameters)
    return f"ours, {model.output_activation}, {model.loss}", model


def choose_models(keys, settings):
    """Return the classifiers that the command line asks for, by the names of their rows."""
    models = dict([our_row(**settings)]) if "ours-default" in keys else {}
    if "ours" in keys:  # both outputs with both losses, unless the settings say which
        for output, loss in product(["softmax", "sigmoid"], ["squared_error", "log_loss"]):
            models |= dict([our_row(**{"output_activation": output, "loss": loss} | settings)])
    return models | dict(THEIRS[key] for key in THEIRS if key in keys)


def print_set(name, results, n_repeats):
    """Print the table of one data set: a line for each row's result."""
    lines = []
    for row, result in results.items():
        means = [mean_and_error(result.folds[figure]) for figure in FIGURES]
        cells = [f"{mean:.4f} ± {error:.4f}" for mean, error in means]
        lines.append([row, *cells, f"{result.seconds:.3f}"])
    print(f"## {name}\n")
    print_table([f"5 folds, seeds: {n_repeats}", *FIGURES, "s per fit"], lines)


def print_comparison(all_results, our_name):
    """Print what our defaults are worth beside those of MLPClassifier, on each data set."""
    lines = []
    for name, results in all_results.items():
        line = [name]
        for figure in ("accuracy", "log loss"):
            mean, error, good = compare(results[our_name], results["MLPClassifier"], figure)
            line += [f"{mean:+.4f} ± {error:.4f}", "yes" if good else "NO"]
        lines.append(line)
    print("## Our defaults less those of MLPClassifier\n")
    header = "mean over the folds ± standard error", "accuracy", "as good", "log loss", "as good"
    print_table(header, lines)
    print("As good: better, or worse by no more than one standard error of the difference.\n")


def setting(text):
    """Read a parameter and its value from `name=value`; what is no literal is a string."""
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form name=value")
    with suppress(ValueError, SyntaxError):
        value = ast.literal_eval(value)
    return name, value


def read_command_line():
    """Return the arguments, with `settings` and `our_name` worked out."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add, keys = parser.add_argument, ["ours", "ours-default", *THEIRS]
    add("--sets", nargs="+", choices=SETS, default=list(SETS), help="which data")
    add("--models", nargs="+", choices=keys, default=["ours", *THEIRS], help="which rows")
    add("--repeats", type=int, default=3, help="seeds of every model")
    add("--set", dest="settings", action="append", type=setting, default=[], help="name=value")
    arguments = parser.parse_args()
    arguments.settings = dict(arguments.settings)
    try:
        arguments.our_name, _ = our_row(**arguments.settings)
    except TypeError as error:
        parser.error(str(error))
    return arguments


def main():
    """Read the command line, evaluate and print."""
    use_one_thread()
    arguments = read_command_line()
    models = choose_models(arguments.models, arguments.settings)
    show_versions()
    print(f"\n- processor: {processor()}\n- our settings: {arguments.settings or 'defaults'}\n")
    all_results = {}
    for name in arguments.sets:
        X, y = SETS[name]()
        all_results[name] = {row: evaluate(models[row], X, y, arguments.repeats) for row in models}
        print_set(name, all_results[name], arguments.repeats)
    if {arguments.our_name, "MLPClassifier"} <= set(models):
        print_comparison(all_results, arguments.our_name)


if __name__ == "__main__":
    main()

"""The smaller promises: single calls, linear cost, options, large predictions and threads."""

import numpy as np
from ours import fit
from peers import fit_mlp_classifier
from section_memory import print_large_predictions
from section_options import print_options
from section_scale import print_scale
from section_threads import print_threads
from shapes import blobs, digits, noise
from sklearn.linear_model import SGDClassifier
from sklearn.neural_network import MLPClassifier
from tables import print_table
from timing import medians_of_calls

from skl_softmaxnet import SoftmaxMLPClassifier

OURS = "skl_softmaxnet"


def small_networks():
    """Yield the name, samples, targets and hidden layer of the two networks for single calls."""
    yield "64-32-10", *digits(), (32,)
    yield "784-100-10", *noise(n_samples=500), (100,)


def print_one_epoch_fit(effort):
    """Time a whole `fit` of 300 × 2 blobs for one epoch."""
    X, targets = blobs()
    seconds = medians_of_calls(
        {
            OURS: lambda: fit(X, targets, (5,), n_epochs=1),
            "MLPClassifier, default batch": lambda: fit_mlp_classifier(
                X, targets, (5,), n_epochs=1, batch_size="auto"
            ),
        },
        effort,
    )
    targets_of = {OURS: "≤ 1.0"}
    print("## One-epoch fit of 300 × 2 blobs, 5 hidden units\n")
    print_table(
        ["", "ms", "target"],
        [[name, f"{1e3 * t:.2f}", targets_of.get(name, "")] for name, t in seconds.items()],
    )


def learners(hidden):
    """Return the estimators that learn by `partial_fit`."""
    return {
        OURS: SoftmaxMLPClassifier(hidden, random_state=0),
        "MLPClassifier": MLPClassifier(hidden, solver="sgd", random_state=0),
        "SGDClassifier": SGDClassifier(loss="log_loss", random_state=0),
    }


def print_one_row(effort, method, target, functions_of):
    """Time a call with one row, on both networks.

    Parameters
    ----------
    effort : Effort
    method : str
    target : str
        What we promise.
    functions_of : callable
        Takes samples, targets and the hidden layer; returns what to time by the estimator's name.
    """
    figures = {
        name: medians_of_calls(functions_of(X, targets, hidden), effort)
        for name, X, targets, hidden in small_networks()
    }
    targets_of = dict.fromkeys(learners((1,)), "") | {OURS: target}
    names = next(iter(figures.values()))
    lines = [
        [name, *[f"{1e6 * column[name]:.0f}" for column in figures.values()], targets_of.get(name)]
        for name in names
    ]
    print(f"## `{method}` of one row, µs\n")
    print_table(["", *figures, "target"], lines)


def learning_calls(X, targets, hidden):
    """`partial_fit` of one row by each estimator, after the first call."""
    functions = {}
    for name, model in learners(hidden).items():
        model.partial_fit(X[:1], targets[:1], classes=np.arange(10))
        functions[name] = lambda model=model: model.partial_fit(X[:1], targets[:1])
    return functions


def predicting_calls(X, targets, hidden):
    """`predict_proba` of one row by each multilayer perceptron."""
    functions = {}
    for name, model in learners(hidden).items():
        if name != "SGDClassifier":
            model.partial_fit(X, targets, classes=np.arange(10))
            functions[name] = lambda model=model: model.predict_proba(X[:1])
    return functions


def print_learning_one_row(effort):
    """Time `partial_fit` of one row."""
    print_one_row(effort, "partial_fit", "≤ 200", learning_calls)


def print_predicting_one_row(effort):
    """Time `predict_proba` of one row."""
    print_one_row(effort, "predict_proba", "≤ 90", predicting_calls)


def print_linear_cost(effort):
    """Time fits that grow by fours: in samples, then in weights."""
    n_epochs = 5
    X, targets = noise(n_samples=32_000, n_features=100)
    sizes = (2_000, 8_000, 32_000)
    seconds = medians_of_calls(
        {n: lambda n=n: fit(X[:n], targets[:n], (100,), n_epochs=n_epochs) for n in sizes}, effort
    )
    print("## Cost of `fit`; linear where the last column does not grow\n")
    lines = [[f"{n:,}", f"{1e3 * t:.1f}", f"{1e6 * t / n:.1f}"] for n, t in seconds.items()]
    print_table([f"samples, 100-100-10, {n_epochs} epochs", "ms", "µs per sample"], lines)

    X, targets = noise(n_samples=1000)
    n_epochs = 20
    seconds = medians_of_calls(
        {n: lambda n=n: fit(X, targets, (n,), n_epochs=n_epochs) for n in (25, 100, 400)}, effort
    )
    lines = []
    for n_hidden, t in seconds.items():
        n_weights = (784 + 10) * n_hidden
        per_weight = 1e9 * t / n_weights / X.shape[0] / n_epochs
        lines.append(
            [f"784-{n_hidden}-10", f"{n_weights:,}", f"{1e3 * t:.1f}", f"{per_weight:.3f}"]
        )
    print_table(
        [f"1,000 samples, {n_epochs} epochs", "weights", "ms", "ns per weight and presentation"],
        lines,
    )
    print("Weights that outgrow a cache cost more each: that step is the processor's.\n")


SECTIONS = {
    "fit": print_one_epoch_fit,
    "partial_fit": print_learning_one_row,
    "predict_proba": print_predicting_one_row,
    "linear": print_linear_cost,
    "options": print_options,
    "large": print_large_predictions,
    "threads": print_threads,
    "scale": print_scale,
}

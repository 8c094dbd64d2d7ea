"""Softmax or sigmoid outputs
==========================

Softmax outputs share one probability among the classes: they sum to one for every sample. Sigmoid
outputs are detectors, one for each class, that do not know of each other, so their sum may be
anything from 0 to the number of classes. `predict_proba` divides them by their sum, so that its
rows sum to one all the same.

Here are three clouds of points that overlap. One straight line cannot separate the middle one from
both others, and without a hidden layer its detector has no more than that. It is rarely sure, but
it does not claim to be: except for the highest outputs, of which there are few, it is about as
often right as it says. Divided by the sum, which is small around the middle cloud, it no longer is.
Softmax outputs compare the classes with each other, need no hidden layer here, and are reliable.
With a hidden layer both kinds do well, and the sigmoid outputs nearly sum to one by themselves.

The script prints the sums and the quality of the probabilities on held-out samples. It draws, for
the networks without a hidden layer, the sum of the sigmoid outputs over the plane and a reliability
diagram. A classifier is reliable if, of the samples to which it gives a probability of 0.7, seven
in ten belong to the class.
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from scipy.special import expit
from sklearn.calibration import calibration_curve
from sklearn.datasets import make_blobs
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from skl_softmaxnet import SoftmaxMLPClassifier, softmax

PICTURE = Path(__file__).with_suffix(".png")
CENTRES = [[-3, 0], [0, 1], [3, 0]]
SHOWN_CLASS = 1
HIDDEN_LAYERS = ((), (20,))

# Blue, orange and green that differ for every kind of colour vision; markers tell them apart too.
COLOURS = ("#0072B2", "#D55E00", "#009E73")
MARKERS = ("o", "^", "s")
BLACK = {"colors": "black", "linewidths": 0.8}


def main():
    X, y = make_blobs(n_samples=5500, centers=CENTRES, cluster_std=1.5, random_state=0)
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, train_size=1500, stratify=y, random_state=0
    )
    networks = {
        (kind, hidden): network(kind, hidden).fit(X_train, y_train)
        for hidden in HIDDEN_LAYERS
        for kind in ("softmax", "sigmoid")
    }
    print_table(networks, X_test, y_test)

    softmax_network, sigmoid_network = networks["softmax", ()], networks["sigmoid", ()]
    curves = {
        "softmax outputs": softmax_network.predict_proba(X_test),
        "sigmoid outputs as they are": outputs(sigmoid_network, X_test),
        "sigmoid outputs, divided by their sum": sigmoid_network.predict_proba(X_test),
    }
    figure = draw(sigmoid_network, X_train, y_train, curves, y_test)
    figure.savefig(PICTURE, dpi=150)
    print(f"Picture: {PICTURE}")


def network(output_activation, hidden_layer_sizes):
    """The networks are the same but for these two."""
    return SoftmaxMLPClassifier(
        hidden_layer_sizes=hidden_layer_sizes,
        output_activation=output_activation,
        activation="tanh",
        alpha=0,
        learning_rate="inverse_time",
        learning_rate_init=0.05,
        max_iter=30,
        tol=None,
        random_state=0,
    )


def outputs(network, X):
    """The outputs as training sees them, before anything is divided."""
    *hidden_layers, output_layer = zip(network.coefs_, network.intercepts_, strict=True)
    for weights, intercepts in hidden_layers:
        X = np.tanh(X @ weights + intercepts)
    weights, intercepts = output_layer
    sums = X @ weights + intercepts
    return softmax(sums) if network.out_activation_ == "softmax" else expit(sums)


def print_table(networks, X, y):
    print(f"{len(y)} held-out samples\n")
    print("                        sum of the three outputs     of predict_proba")
    print("outputs    hidden       least     mean     most      accuracy    log loss")
    for (kind, hidden), network in networks.items():
        sums = outputs(network, X).sum(axis=1)
        loss = log_loss(y, network.predict_proba(X))
        print(
            f"{kind:11}{hidden!s:8}{sums.min():10.3f}{sums.mean():9.3f}{sums.max():9.3f}"
            f"{network.score(X, y):14.3f}{loss:12.3f}"
        )
    print("\nThe rows of predict_proba sum to one for all of them.")


def draw(sigmoid_network, X_train, y_train, curves, y_test):
    figure = Figure(figsize=(12, 5.4), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.12)
    left, right = figure.subplots(1, 2)
    draw_sums(left, sigmoid_network, X_train, y_train)
    draw_reliability(right, curves, y_test)
    return figure


def draw_sums(axes, network, X, y):
    """The sum of the outputs over the plane, with some of the training samples."""
    x0, x1 = np.meshgrid(np.linspace(-7, 7, 281), np.linspace(-5, 6, 221))
    sums = outputs(network, np.column_stack([x0.ravel(), x1.ravel()])).sum(axis=1)
    shades = {"cmap": "PuOr_r", "vmin": 0, "vmax": 2, "rasterized": True}
    image = axes.pcolormesh(x0, x1, sums.reshape(x0.shape), **shades)
    axes.figure.colorbar(image, ax=axes, label="sum of the three outputs")
    lines = axes.contour(x0, x1, sums.reshape(x0.shape), levels=[0.75, 1, 1.25], **BLACK)
    for label in range(3):
        points = X[y == label][:60].T
        look = {"marker": MARKERS[label], "facecolors": COLOURS[label], "edgecolors": "white"}
        axes.scatter(*points, s=28, linewidths=0.6, label=f"class {label}", **look)
    axes.set(title="Sigmoid outputs do not sum to one", xlabel="feature 0", ylabel="feature 1")
    axes.set(xlim=(-7, 7), ylim=(-5, 6))
    places = [(0.2, 4.3), (-1.8, 5), (2.4, 5), (-2.6, 5), (3, 4.2)]
    axes.clabel(lines, fmt="%g", fontsize=10, manual=places)
    axes.legend(loc="lower right", framealpha=0.9)


def draw_reliability(axes, curves, y_test):
    """How often samples are of the class, beside how probable the network said that is."""
    axes.plot([0, 1], [0, 1], color="#666666", linestyle=":", label="perfectly reliable")
    for (name, outputs), colour, marker in zip(curves.items(), COLOURS, MARKERS, strict=True):
        is_class = y_test == SHOWN_CLASS
        share, said = calibration_curve(is_class, outputs[:, SHOWN_CLASS], n_bins=10)
        axes.plot(said, share, color=colour, marker=marker, label=name)
    axes.set(title=f"Reliability: class {SHOWN_CLASS} against the rest", aspect="equal")
    axes.set(xlabel="mean output in the bin", ylabel=f"share of class {SHOWN_CLASS} in the bin")
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    axes.legend(loc="upper left")


if __name__ == "__main__":
    main()

"""The tutorial's network
======================

This package comes from a tutorial on softmax outputs, and this is its experiment. A network of 2
inputs, 5 hidden units and 2 softmax outputs learns to tell two clouds of points apart: no
intercepts, learning rate 0.3, the first 240 of 300 samples one after the other, in order.

The tutorial scores its network on the last 240 samples, most of which it was trained on. Here the
60 samples that training never sees are scored separately.

The script prints the figures, and draws the samples and what the network makes of the plane.
"""

from pathlib import Path

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from sklearn.datasets import make_blobs
from sklearn.inspection import DecisionBoundaryDisplay

from skl_softmaxnet import SoftmaxMLPClassifier

PICTURE = Path(__file__).with_suffix(".png")
N_TRAIN = 240
N_SEEDS = 20

# Blue and orange differ for every kind of colour vision; the markers tell the classes apart too.
COLOURS = ("#0072B2", "#D55E00")
MARKERS = ("o", "^")
# Light, so that the points stand out.
SHADES = LinearSegmentedColormap.from_list("shades", ["#A6CCE4", "#FFFFFF", "#F6CFB4"])


def main():
    X, y = make_blobs(n_samples=300, centers=([2, 6], [6, 2]), random_state=0)
    train, test = (X[:N_TRAIN], y[:N_TRAIN]), (X[N_TRAIN:], y[N_TRAIN:])

    print(f"{N_SEEDS} networks with different initial weights: how many samples they get right\n")
    print(f"        of {len(train[1])} trained on    of {len(test[1])} held out")
    print("passes    least    mean      least    mean    accuracy, held out")
    for n_passes in (1, 5):
        networks = [tutorial_network(n_passes, seed).fit(*train) for seed in range(N_SEEDS)]
        trained_on = [count_right(network, *train) for network in networks]
        held_out = [count_right(network, *test) for network in networks]
        print(
            f"{n_passes:6d}{min(trained_on):9d}{np.mean(trained_on):8.1f}"
            f"{min(held_out):11d}{np.mean(held_out):8.1f}{np.mean(held_out) / len(test[1]):12.3f}"
        )
    print("\nThe tutorial shows 240 right after one pass: that depends on the initial weights.")

    figure = draw(tutorial_network(n_passes=5, seed=0).fit(*train), train, test)
    figure.savefig(PICTURE, dpi=150)
    print(f"Picture: {PICTURE}")


def tutorial_network(n_passes, seed):
    """The tutorial's network: no intercepts, rows in order, a fixed number of passes."""
    return SoftmaxMLPClassifier(
        hidden_layer_sizes=5,
        output_activation="softmax",
        activation="logistic",
        loss="squared_error",
        backprop="error",
        fit_intercept=False,
        alpha=0,
        learning_rate="constant",
        learning_rate_init=0.3,
        shuffle=False,
        max_iter=n_passes,
        tol=None,
        random_state=seed,
    )


def count_right(network, X, y):
    return int(np.sum(network.predict(X) == y))


def draw(network, train, test):
    """The decision regions on the left, the probabilities on the right."""
    X = np.concatenate([train[0], test[0]])
    figure = Figure(figsize=(11, 5.2), layout="constrained")  # without pyplot, no screen is needed
    left, right = figure.subplots(1, 2, sharex=True, sharey=True)
    surface = {"grid_resolution": 300, "eps": 0.7, "plot_method": "pcolormesh"}
    surface |= {"cmap": SHADES, "vmin": 0, "vmax": 1}

    DecisionBoundaryDisplay.from_estimator(
        network, X, response_method="predict", ax=left, **surface
    )
    left.set_title("Decision regions after five passes")

    shown = DecisionBoundaryDisplay.from_estimator(
        network, X, response_method="predict_proba", ax=right, **surface
    )
    right.set_title("Probability of class 1")
    figure.colorbar(shown.surface_, ax=right, label="predict_proba(X)[:, 1]")
    grid = shown.xx0, shown.xx1, shown.response
    lines = right.contour(*grid, levels=[0.1, 0.5, 0.9], colors="black", linewidths=0.8)
    right.clabel(lines, fmt="%g", fontsize=9, manual=[(6.2, 5.7), (7.3, 6.2), (8.4, 6.6)])

    for axes in (left, right):
        scatter(axes, *train, held_out=False)
        scatter(axes, *test, held_out=True)
        axes.set(xlabel="feature 0", ylabel="feature 1")
        axes.label_outer()
    figure.legend(handles=legend_entries(), loc="outside lower center", ncols=4, frameon=False)
    return figure


def scatter(axes, X, y, *, held_out):
    """Points of both classes, those trained on filled and those held out as outlines."""
    for label in (0, 1):
        fill, edge = colours(label, held_out)
        points = X[y == label].T
        axes.scatter(*points, s=30, marker=MARKERS[label], facecolors=fill, edgecolors=edge)


def colours(label, held_out):
    """The colours of a point's face and edge."""
    return ("white", "black") if held_out else (COLOURS[label], "white")


def legend_entries():
    """One point of each kind, with its name."""
    entries = []
    for held_out in (False, True):
        for label in (0, 1):
            fill, edge = colours(label, held_out)
            name = f"class {label}, {'held out' if held_out else 'trained on'}"
            point = {"marker": MARKERS[label], "markerfacecolor": fill, "markeredgecolor": edge}
            entries.append(Line2D([], [], linestyle="none", markersize=7, label=name, **point))
    return entries


if __name__ == "__main__":
    main()

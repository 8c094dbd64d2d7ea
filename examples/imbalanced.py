"""A rare class and a common one, with three choices of class_weight.

Two clouds of points overlap. One sample in twenty belongs to the rare class, so a network that
counts every sample alike takes most of what is in doubt for the common one.
`class_weight="balanced"` gives both classes the same total weight, and a dict says how often the
samples of each class count. More of the rare class is then found, and more of the common class is
taken for it: what is right depends on which of the two mistakes costs more.

Prints what each network finds among held-out samples, and saves a picture of its decision beside
this script.
"""

from pathlib import Path

import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from sklearn.datasets import make_blobs
from sklearn.inspection import DecisionBoundaryDisplay
from sklearn.metrics import balanced_accuracy_score, confusion_matrix
from sklearn.model_selection import train_test_split

from skl_softmaxnet import SoftmaxMLPClassifier

PICTURE = Path(__file__).with_suffix(".png")
WEIGHTS = {"None": None, '"balanced"': "balanced", "{0: 1, 1: 5}": {0: 1, 1: 5}}

# Blue and orange differ for every kind of colour vision; the markers tell the classes apart too.
NAMES = ("common", "rare")
COLOURS = ("#0072B2", "#D55E00")
MARKERS = ("o", "^")
SHADES = ListedColormap(["#DCEBF5", "#FBE3D3"])


def main():
    X, y = make_blobs([3800, 200], centers=[[-1, 0], [1.2, 0.6]], random_state=0)
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, test_size=0.5, stratify=y, random_state=0
    )
    networks = {
        name: network(class_weight).fit(X_train, y_train) for name, class_weight in WEIGHTS.items()
    }
    counts = {
        name: confusion_matrix(y_test, fitted.predict(X_test)) for name, fitted in networks.items()
    }

    common, rare = np.bincount(y_test)
    print(f"Held out: {common} samples of the common class, {rare} of the rare one\n")
    print("class_weight    rare, found    common, taken for rare    accuracy    balanced accuracy")
    for name, fitted in networks.items():
        balanced = balanced_accuracy_score(y_test, fitted.predict(X_test))
        print(
            f"{name:16}{counts[name][1, 1]:11d}{counts[name][0, 1]:26d}"
            f"{fitted.score(X_test, y_test):12.3f}{balanced:21.3f}"
        )

    draw(networks, counts, X_test, y_test).savefig(PICTURE, dpi=150)
    print(f"\nPicture: {PICTURE}")


def network(class_weight):
    return SoftmaxMLPClassifier(
        hidden_layer_sizes=5,
        loss="log_loss",
        activation="tanh",
        learning_rate="inverse_time",
        decay=0.5,
        class_weight=class_weight,
        max_iter=15,
        tol=None,
        random_state=0,
    )


def draw(networks, counts, X, y):
    figure = Figure(figsize=(13, 5.4), layout="constrained")
    for axes, (name, fitted) in zip(
        figure.subplots(1, 3, sharex=True, sharey=True), networks.items(), strict=True
    ):
        draw_decision(axes, fitted, X, y)
        (_, taken), (_, found) = counts[name]
        common, rare = counts[name].sum(axis=1)
        axes.set_title(
            f"class_weight={name}\n{found} of {rare} rare ones found,\n"
            f"{taken} of {common} common ones taken for rare"
        )
        axes.set(xlabel="feature 0", ylabel="feature 1")
        axes.label_outer()
    entries = axes.get_legend_handles_labels()
    figure.legend(*entries, loc="outside lower center", ncols=2, frameon=False, markerscale=1.8)
    return figure


def draw_decision(axes, network, X, y):
    """What is taken for which class, with the held-out samples."""
    DecisionBoundaryDisplay.from_estimator(
        network,
        X,
        response_method="predict",
        ax=axes,
        cmap=SHADES,
        eps=0.3,
        grid_resolution=300,
        plot_method="pcolormesh",
        rasterized=True,
    )
    for label, size, alpha in ((0, 9, 0.5), (1, 26, 1)):
        look = {"marker": MARKERS[label], "color": COLOURS[label], "s": size, "alpha": alpha}
        points = X[y == label].T
        axes.scatter(*points, linewidths=0, label=f"{NAMES[label]} class, held out", **look)


if __name__ == "__main__":
    main()

"""Choosing hidden layers and learning rate
========================================

A pipeline scales the features and trains the network. GridSearchCV tries the combinations on three
overlapping clouds of points, a narrow, a medium and a wide one.

The script prints the mean accuracy of each combination over five folds, and that of the best one on
samples that the search never saw. It draws what the best one makes of the plane.
"""

from pathlib import Path

import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from sklearn.datasets import make_blobs
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skl_softmaxnet import SoftmaxMLPClassifier

PICTURE = Path(__file__).with_suffix(".png")
RATES = [0.001, 0.01, 0.1]
HIDDEN_LAYERS = [(), (5,), (20,), (10, 10)]

# Blue, orange and green that differ for every kind of colour vision; markers tell them apart too.
COLOURS = ("#0072B2", "#D55E00", "#009E73")
MARKERS = ("o", "^", "s")


def main():
    X, y = make_blobs(
        600, centers=3, cluster_std=[0.5, 1.5, 3.0], center_box=(-3, 3), random_state=4
    )
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, test_size=0.25, stratify=y, random_state=0
    )
    network = SoftmaxMLPClassifier(max_iter=50, tol=None, random_state=0)
    search = GridSearchCV(
        make_pipeline(StandardScaler(), network),
        {
            "softmaxmlpclassifier__learning_rate_init": RATES,
            "softmaxmlpclassifier__hidden_layer_sizes": HIDDEN_LAYERS,
        },
        cv=5,
        error_score="raise",
    )
    search.fit(X_train, y_train)

    print(f"Mean accuracy over {search.n_splits_} folds\n")
    print_table(search.cv_results_)
    best = search.best_estimator_[-1]
    print(
        f"\nBest: hidden_layer_sizes={best.hidden_layer_sizes}, "
        f"learning_rate_init={best.learning_rate_init}"
    )
    print(f"Accuracy on {len(y_test)} held-out samples: {search.score(X_test, y_test):.3f}")
    draw(search, X_test, y_test).savefig(PICTURE, dpi=150)
    print(f"Picture: {PICTURE}")


def print_table(results):
    """One row for each choice of hidden layers, one column for each rate."""
    scores = {
        (
            parameters["softmaxmlpclassifier__hidden_layer_sizes"],
            parameters["softmaxmlpclassifier__learning_rate_init"],
        ): score
        for parameters, score in zip(results["params"], results["mean_test_score"], strict=True)
    }
    print(f"{'hidden_layer_sizes':20}" + "".join(f"{f'rate {rate:g}':>11}" for rate in RATES))
    for sizes in HIDDEN_LAYERS:
        print(f"{sizes!s:20}" + "".join(f"{scores[sizes, rate]:11.3f}" for rate in RATES))


def draw(search, X, y):
    """What the best network takes for which class, with the held-out samples."""
    figure = Figure(figsize=(7, 5.6), layout="constrained")
    axes = figure.subplots()
    x0, x1 = np.meshgrid(*(np.linspace(least - 1, most + 1, 300) for least, most in bounds(X)))
    taken = search.predict(np.column_stack([x0.ravel(), x1.ravel()])).reshape(x0.shape)
    shades = {"cmap": ListedColormap(COLOURS), "vmin": 0, "vmax": 2, "alpha": 0.3}
    axes.pcolormesh(x0, x1, taken, rasterized=True, **shades)
    for label, (colour, marker) in enumerate(zip(COLOURS, MARKERS, strict=True)):
        look = {"color": colour, "marker": marker, "edgecolors": "white", "s": 36}
        axes.scatter(*X[y == label].T, label=f"class {label}, held out", **look)
    axes.set(title="The best network", xlabel="feature 0", ylabel="feature 1")
    axes.legend(loc="lower left", framealpha=0.9)
    return figure


def bounds(X):
    return zip(X.min(axis=0), X.max(axis=0), strict=True)


if __name__ == "__main__":
    main()

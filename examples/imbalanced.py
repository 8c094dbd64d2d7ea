"""A rare class, class weights and overfitting
===========================================

One sample in twenty belongs to the rare class, and the classes overlap in twenty features. A
network that counts every sample alike takes most of what is in doubt for the common class.
`class_weight="balanced"` gives both classes the same total weight. More of the rare class is then
found, and more of the common class is taken for it: which of the two mistakes costs more is not for
the network to say.

Class weights have a price. Each of the few rare samples now counts for many, and a network that is
large enough learns them by heart: it finds nearly all of them among the training samples, and far
fewer among others. The penalty `alpha` works against that. Without class weights the same penalty
makes the network forget the rare class altogether.

The script prints how many of the rare class are found among training and held-out samples, and
draws this for values of `alpha`.
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from sklearn.datasets import make_classification
from sklearn.metrics import balanced_accuracy_score, recall_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skl_softmaxnet import SoftmaxMLPClassifier

PICTURE = Path(__file__).with_suffix(".png")
ALPHAS = (0, 0.001, 0.003, 0.01, 0.03, 0.1)
CLASS_WEIGHTS = (None, "balanced")
N_SEEDS = 3

# Colours that differ for every kind of colour vision; the markers differ too.
COLOURS = {None: "#D55E00", "balanced": "#0072B2"}
MARKERS = {None: "^", "balanced": "o"}


def main():
    X, y = make_classification(
        8000,
        n_features=20,
        n_informative=8,
        n_redundant=0,
        n_clusters_per_class=3,
        weights=[0.95],
        class_sep=0.9,
        flip_y=0.01,
        random_state=3,
    )
    train, test, y_train, y_test = train_test_split(X, y, test_size=0.5, stratify=y, random_state=0)
    common, rare = np.bincount(y_test)
    print(f"Held out: {common} samples of the common class, {rare} of the rare one")
    print(f"Means over {N_SEEDS} seeds\n")
    print("                     rare class found among    common class     balanced accuracy,")
    print("class_weight  alpha   training    held out     taken for it     held out")
    results = {}
    for class_weight in CLASS_WEIGHTS:
        for alpha in ALPHAS:
            scores = [
                evaluate(class_weight, alpha, seed, train, y_train, test, y_test)
                for seed in range(N_SEEDS)
            ]
            results[class_weight, alpha] = np.mean(scores, axis=0)
            known, found, taken, balanced = results[class_weight, alpha]
            print(
                f"{class_weight!s:14}{alpha:<8g}{known:8.3f}{found:12.3f}{taken:15.3f}{balanced:16.3f}"
            )
    draw(results).savefig(PICTURE, dpi=150)
    print(f"\nPicture: {PICTURE}")


def evaluate(class_weight, alpha, seed, train, y_train, test, y_test):
    """What is found of the rare class, what is taken for it, and the balanced accuracy."""
    network = SoftmaxMLPClassifier(
        50,
        alpha=alpha,
        class_weight=class_weight,
        max_iter=40,
        tol=None,
        learning_rate="inverse_time",
        random_state=seed,
    )
    model = make_pipeline(StandardScaler(), network).fit(train, y_train)
    predicted = model.predict(test)
    return (
        recall_score(y_train, model.predict(train)),
        recall_score(y_test, predicted),
        np.mean(predicted[y_test == 0] == 1),
        balanced_accuracy_score(y_test, predicted),
    )


def draw(results):
    figure = Figure(figsize=(12, 5), layout="constrained")
    left, right = figure.subplots(1, 2)
    places = np.arange(len(ALPHAS))
    for class_weight in CLASS_WEIGHTS:
        curves = np.array([results[class_weight, alpha] for alpha in ALPHAS]).T
        look = {"color": COLOURS[class_weight], "marker": MARKERS[class_weight]}
        name = f"class_weight={class_weight!r}"
        left.plot(places, curves[0], linestyle="--", markerfacecolor="white", **look)
        left.plot(places, curves[1], label=name, **look)
        right.plot(places, curves[3], label=name, **look)
    left.plot([], [], color="black", linestyle="--", label="among the training samples")
    left.plot([], [], color="black", label="among held-out samples")
    left.set(title="Share of the rare class that is found", ylim=(0, 1.03))
    right.set(title="Balanced accuracy on held-out samples")
    for axes in (left, right):
        axes.set_xticks(places, [f"{alpha:g}" for alpha in ALPHAS])
        axes.set_xlabel("alpha")
        axes.grid(axis="y", alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False)
    return figure


if __name__ == "__main__":
    main()

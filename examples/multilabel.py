"""Several labels for a sample
===========================

Each sample may have any number of five labels, from none to all. y is a matrix of 0 and 1, with a
column for each label. With sigmoid outputs every output answers for its own label, whatever the
others say, so the probabilities of a sample need not sum to one.

The script prints for each label how well the held-out samples are told apart. It draws precision
against recall, and the probabilities of some samples beside the labels that they have.
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from sklearn.datasets import make_multilabel_classification
from sklearn.metrics import (
    average_precision_score,
    precision_recall_curve,
    precision_score,
    recall_score,
)
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skl_softmaxnet import SoftmaxMLPClassifier

PICTURE = Path(__file__).with_suffix(".png")
N_LABELS = 5
N_SHOWN = 14

# Colours that differ for every kind of colour vision; the markers differ too.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000")
MARKERS = ("o", "^", "s", "D", "v")


def main():
    X, y = make_multilabel_classification(
        3000, n_features=20, n_classes=N_LABELS, n_labels=2, random_state=3
    )
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.5, random_state=0)
    network = SoftmaxMLPClassifier(
        hidden_layer_sizes=20,
        output_activation="sigmoid",
        alpha=0.01,
        random_state=0,
    )
    model = make_pipeline(StandardScaler(), network).fit(X_train, y_train)
    probabilities = model.predict_proba(X_test)

    precisions = average_precision_score(y_test, probabilities, average=None)
    print_table(y_test, model.predict(X_test), precisions)
    print(f"\nSamples with all {N_LABELS} labels right: {model.score(X_test, y_test):.3f}")
    sums = probabilities.sum(axis=1)
    print(f"Sum of a sample's probabilities: {sums.min():.2f} to {sums.max():.2f}")
    print(f"Labels of a sample: {y_test.sum(axis=1).min()} to {y_test.sum(axis=1).max()}")

    draw(y_test, probabilities, precisions).savefig(PICTURE, dpi=150)
    print(f"Picture: {PICTURE}")


def print_table(y, predicted, average_precisions):
    print(f"{len(y)} held-out samples\n")
    print("label    share that has it    precision    recall    average precision")
    for label in range(N_LABELS):
        truth, said = y[:, label], predicted[:, label]
        print(
            f"{label:5d}{truth.mean():21.3f}{precision_score(truth, said):13.3f}"
            f"{recall_score(truth, said):10.3f}{average_precisions[label]:21.3f}"
        )


def draw(y, probabilities, precisions):
    figure = Figure(figsize=(12, 6), layout="constrained")
    left, right = figure.subplots(1, 2)
    draw_precision_and_recall(left, y, probabilities, precisions)
    draw_samples(right, y[:N_SHOWN], probabilities[:N_SHOWN])
    return figure


def draw_precision_and_recall(axes, y, probabilities, average_precisions):
    for label, (colour, marker) in enumerate(zip(COLOURS, MARKERS, strict=True)):
        precision, recall, _ = precision_recall_curve(y[:, label], probabilities[:, label])
        name = f"label {label}: {average_precisions[label]:.2f}"
        style = {"color": colour, "marker": marker, "markevery": 0.12, "markersize": 7}
        axes.plot(recall, precision, label=name, **style)
    axes.set(title="Precision and recall of each label", aspect="equal")
    axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1.01), ylim=(0, 1.01))
    axes.legend(title="average precision", loc="lower left")


def draw_samples(axes, y, probabilities):
    """The probabilities as shades, with a dot where the sample has the label."""
    image = axes.imshow(probabilities, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for (sample, label), probability in np.ndenumerate(probabilities):
        ink = "white" if probability > 0.7 else "black"
        place = {"ha": "center", "va": "center", "fontsize": 9}
        axes.text(label, sample, f"{probability:.2f}", color=ink, **place)
    samples, labels = np.nonzero(y)
    dot = {"s": 40, "marker": "o", "facecolors": "#E69F00", "edgecolors": "black"}
    axes.scatter(labels + 0.35, samples, linewidths=0.8, label="has the label", **dot)
    axes.set_xticks(range(N_LABELS), [f"label {label}" for label in range(N_LABELS)])
    axes.set_yticks(range(len(y)))
    axes.set(title=f"The first {len(y)} held-out samples", ylabel="sample")
    axes.tick_params(length=0)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.05), frameon=False)
    axes.figure.colorbar(image, ax=axes, label="predict_proba")


if __name__ == "__main__":
    main()

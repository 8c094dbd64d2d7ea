"""A stream that changes
=====================

Every row of a stream is first predicted and then learned, one at a time, as in a running service.
No row is kept. What the columns measure comes in units of its own, from thousandths to thousands,
and nobody has seen the data before: with `standardize=True` the network learns on the way how to
scale its inputs. In the middle of the stream the classes change places without notice.

The script prints the accuracy and the log loss of the predictions, each made before the label was
known, and draws both as means over the last 300 rows, with the same network on inputs as they come
and with GaussianNB, which never forgets.
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from sklearn.naive_bayes import GaussianNB

from skl_softmaxnet import SoftmaxMLPClassifier

PICTURE = Path(__file__).with_suffix(".png")
CLASSES = (0, 1, 2)
N_ROWS = 6_000
CHANGE = N_ROWS // 2  # the first row after the change
N_FIRST = 30  # rows that are learned in one call, for there is nothing to predict them by
WINDOW = 300
UNITS = np.array([1e-3, 0.1, 1, 50, 1e3])  # standard deviations of the columns, roughly
OFFSETS = np.array([0.02, 0, -3, 200, 1e4])

MODELS = {
    "standardize=True": SoftmaxMLPClassifier(standardize=True, random_state=0),
    "inputs as they come": SoftmaxMLPClassifier(random_state=0),
    "GaussianNB": GaussianNB(),
}
STYLES = {
    "standardize=True": {"color": "#0072B2", "linewidth": 2.5},
    "inputs as they come": {"color": "#D55E00", "linewidth": 1.5},
    "GaussianNB": {"color": "#666666", "linewidth": 1.5, "linestyle": "--"},
}


def main():
    X, y = changing_stream(np.random.default_rng(0))
    results = {name: test_then_train(model, X, y) for name, model in MODELS.items()}
    print(f"{'':22}before the change      after the change")
    print(f"{'':22}accuracy  log loss     accuracy  log loss")
    for name, (right, losses) in results.items():
        line = f"{name:22}"
        for rows in (slice(N_FIRST, CHANGE), slice(CHANGE, None)):
            line += f"{right[rows].mean():8.3f}{losses[rows].mean():10.3f}     "
        print(line.rstrip())
    draw(results).savefig(PICTURE, dpi=150)
    print(f"Picture: {PICTURE}")


def changing_stream(generator):
    """Three classes of two clouds each, whose clouds all move halfway through."""
    before, after = generator.normal(0, 1.2, size=(2, len(CLASSES), 2, len(UNITS)))
    y = generator.integers(len(CLASSES), size=N_ROWS)
    cloud = generator.integers(2, size=N_ROWS)
    is_after = np.arange(N_ROWS)[:, np.newaxis] >= CHANGE  # (n_rows, 1)
    centres = np.where(is_after, after[y, cloud], before[y, cloud])
    return OFFSETS + UNITS * generator.normal(centres, 0.7), y


def test_then_train(model, X, y):
    """Whether each row was predicted right before it was learned, and its log loss."""
    right, losses = np.full((2, N_ROWS), np.nan)
    model.partial_fit(X[:N_FIRST], y[:N_FIRST], classes=CLASSES)
    for i in range(N_FIRST, N_ROWS):
        row, label = X[i : i + 1], y[i : i + 1]
        probabilities = model.predict_proba(row)[0]
        right[i] = probabilities.argmax() == y[i]
        losses[i] = -np.log(max(probabilities[y[i]], 1e-15))  # GaussianNB says 0 at times
        model.partial_fit(row, label)
    return right, losses


def draw(results):
    figure = Figure(figsize=(8, 6.4), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True)
    window = np.ones(WINDOW) / WINDOW
    for name, figures in results.items():
        for axes, values in zip((upper, lower), figures, strict=True):
            means = np.convolve(values, window, mode="valid")
            axes.plot(np.arange(WINDOW, N_ROWS + 1), means, label=name, **STYLES[name])
    for axes in (upper, lower):
        axes.axvline(CHANGE, color="#999999", linewidth=1)
        axes.spines[["top", "right"]].set_visible(False)
    upper.set_title(f"Predicted, then learned: means over the last {WINDOW} rows")
    figure.legend(
        *upper.get_legend_handles_labels(), frameon=False, ncols=3, loc="outside upper center"
    )
    upper.set(ylabel="accuracy", ylim=(0, 1))
    lower.set(xlabel="rows", ylabel="log loss", ylim=(0, None), xlim=(0, N_ROWS))
    upper.text(CHANGE - 50, 0.05, "the classes change places", horizontalalignment="right")
    return figure


if __name__ == "__main__":
    main()

"""No rate to choose
=================

Which learning rate is best depends on the stream, and changes with it: a small one while nothing
moves, a large one while everything does. Nobody knows beforehand. Here eight networks, with two
activations and four rates, all learn every row, and their predictions are averaged. The more a
network's recent log loss has been, the less it counts: its weight is proportional to exp(−L), where

    L ← 0.99 · L + the log loss of the newest row.

This is the exponentially weighted average forecaster, which is never much worse than the best of
its members (Cesa-Bianchi and Lugosi, "Prediction, Learning, and Games", 2006); the decay lets it
forget who was best long ago (Herbster and Warmuth, "Tracking the best expert", 1998, reach the same
by other means).

The stream rests, then its classes drift, then it rests again. The script prints the mean log loss
of each network and of their average, row by row predicted and then learned, and draws the means
over the last 300 rows, with the weights of the four rates below.
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from skl_softmaxnet import SoftmaxMLPClassifier

PICTURE = Path(__file__).with_suffix(".png")
ACTIVATIONS = {"tanh": "--", "relu": "-"}
RATES = {0.003: "#56B4E9", 0.01: "#0072B2", 0.03: "#E69F00", 0.1: "#D55E00"}
DECAY = 0.99
CLASSES = (0, 1, 2)
N_FEATURES = 5
N_ROWS = 4_500
DRIFT = (1_500, 3_000)  # its first row, and the first after it
PARTS = {"rest": (100, 1_500), "drift": DRIFT, "rest again": (3_000, N_ROWS)}
WINDOW = 300


def main():
    X, y = drifting_stream(np.random.default_rng(0))
    networks = {
        f"{activation}, {rate:g}": SoftmaxMLPClassifier(
            activation=activation, learning_rate_init=rate, standardize=True, random_state=0
        )
        for activation in ACTIVATIONS
        for rate in RATES
    }
    probabilities = np.array([test_then_train(model, X, y) for model in networks.values()])
    losses = -np.log(np.maximum(probabilities[:, np.arange(N_ROWS), y], 1e-15))  # (network, row)
    weights = weigh(losses)  # (network, row)
    average = np.einsum("mn,mnk->nk", weights, probabilities)  # (row, class)
    of_average = -np.log(average[np.arange(N_ROWS), y])

    print(f"{'':18}" + "".join(f"{part:>12}" for part in PARTS) + f"{'all':>12}")
    for name, values in zip([*networks, "their average"], [*losses, of_average], strict=True):
        means = [values[first:end].mean() for first, end in PARTS.values()]
        print(f"{name:18}" + "".join(f"{mean:12.3f}" for mean in [*means, values[100:].mean()]))
    draw(list(networks), losses, of_average, weights).savefig(PICTURE, dpi=150)
    print(f"Picture: {PICTURE}")


def drifting_stream(generator):
    """Three classes of two clouds each, whose centres turn during the drift."""
    start, end = generator.normal(0, 1, size=(2, len(CLASSES), 2, N_FEATURES))
    y = generator.integers(len(CLASSES), size=N_ROWS)
    cloud = generator.integers(2, size=N_ROWS)
    turns = np.clip((np.arange(N_ROWS) - DRIFT[0]) / (DRIFT[1] - DRIFT[0]), 0, 1)
    angle = 2 * np.pi * 1.25 * turns[:, np.newaxis]
    centres = np.cos(angle) * start[y, cloud] + np.sin(angle) * end[y, cloud]
    return generator.normal(centres, 0.8), y


def test_then_train(model, X, y):
    """The probabilities of each row, predicted before it was learned."""
    probabilities = np.full((N_ROWS, len(CLASSES)), 1 / len(CLASSES))
    model.partial_fit(X[:1], y[:1], classes=CLASSES)
    for i in range(1, N_ROWS):
        probabilities[i] = model.predict_proba(X[i : i + 1])[0]
        model.partial_fit(X[i : i + 1], y[i : i + 1])
    return probabilities


def weigh(losses):
    """The weight of each network at each row, from the log losses of the rows before it."""
    recent, weights = np.zeros(len(losses)), np.empty_like(losses)
    for i in range(N_ROWS):
        powers = np.exp(recent.min() - recent)  # of the best network 1
        weights[:, i] = powers / powers.sum()
        recent = DECAY * recent + losses[:, i]
    return weights


def draw(names, losses, of_average, weights):
    figure = Figure(figsize=(9, 7.4), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[2, 1])
    rows = np.arange(WINDOW, N_ROWS + 1)
    for name, values in zip(names, losses, strict=True):
        activation, _, rate = name.partition(", ")
        style = {"color": RATES[float(rate)], "linestyle": ACTIVATIONS[activation]}
        upper.plot(rows, running_mean(values), linewidth=1.2, label=name, **style)
    upper.plot(rows, running_mean(of_average), color="black", linewidth=3, label="their average")

    of_rate = weights.reshape(len(ACTIVATIONS), len(RATES), N_ROWS).sum(axis=0)
    stacked = [running_mean(values) for values in of_rate]
    lower.stackplot(rows, stacked, colors=list(RATES.values()))
    for axes in (upper, lower):
        for row in DRIFT:
            axes.axvline(row, color="#999999", linewidth=1)
        axes.spines[["top", "right"]].set_visible(False)
    upper.text(sum(DRIFT) / 2, 0.15, "the classes drift", horizontalalignment="center")
    upper.set_title(f"Predicted, then learned: means over the last {WINDOW} rows")
    handles = upper.get_legend_handles_labels()
    figure.legend(*handles, ncols=5, frameon=False, loc="outside upper center")
    upper.set(ylabel="log loss", ylim=(0.1, None))
    lower.set(xlabel="rows", ylabel="weight of each rate", xlim=(0, N_ROWS), ylim=(0, 1))
    return figure


def running_mean(values):
    return np.convolve(values, np.ones(WINDOW) / WINDOW, mode="valid")


if __name__ == "__main__":
    main()

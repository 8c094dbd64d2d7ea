"""Two losses and two rules
========================

Four networks start from the same weights and see the same digits in the same order, at the same
learning rate. They differ in the loss and in what travels back to the hidden layer: the gradient of
the loss, or the raw error of the outputs, which is the tutorial's rule. The raw error travels back
through weights that have already been updated. With the log loss that is the only difference
between the rules.

The gradient of the squared error is small where the network is sure and wrong, and so it starts
slowly. The raw error does not. A single learning rate for all of them is not quite fair: the
gradient of the squared error would do better at a larger rate, and the raw error with the log loss
does not learn these digits at all at twice this rate.

`fit` with `warm_start=True` and `max_iter=1` trains for one epoch more at each call, so that the
held-out digits can be scored in between. Everything is repeated with three seeds.

The script prints the accuracy and the log loss on held-out digits, and draws them.
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from sklearn.datasets import load_digits
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from skl_softmaxnet import LossCurveDisplay, SoftmaxMLPClassifier

PICTURE = Path(__file__).with_suffix(".png")
N_EPOCHS = 15
N_SEEDS = 3
EPOCHS = np.arange(1, N_EPOCHS + 1)

# Colours that differ for every kind of colour vision; the markers tell the networks apart too.
STYLES = {
    ("squared_error", "error"): {"color": "#0072B2", "marker": "o", "linestyle": "-"},
    ("squared_error", "gradient"): {"color": "#56B4E9", "marker": "s", "linestyle": "--"},
    ("log_loss", "error"): {"color": "#D55E00", "marker": "^", "linestyle": "-"},
    ("log_loss", "gradient"): {"color": "#000000", "marker": "D", "linestyle": "--"},
}


def main():
    X, y = load_digits(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(
        X / 16, y, test_size=0.25, stratify=y, random_state=0
    )
    data = X_train, y_train, X_test, y_test

    print(
        f"{len(y_test)} held-out digits: means over {N_SEEDS} seeds, and the spread of the last\n"
    )
    print(f"{'':30}{'after epoch 3':^20}{f'after epoch {N_EPOCHS}':^32}")
    print(f"{'loss':16}{'backprop':12}  accuracy  log loss    accuracy            log loss")
    networks, curves = {}, {}
    for setting in STYLES:
        runs = [learn(*setting, seed, *data) for seed in range(N_SEEDS)]
        networks[setting] = runs[0][0]
        curves[setting] = np.array([scores for _, scores in runs])  # (seed, epoch, score)
        print_scores(setting, curves[setting])

    figure = draw(networks, curves)
    figure.savefig(PICTURE, dpi=150)
    print(f"\nPicture: {PICTURE}")


def learn(loss, backprop, seed, X_train, y_train, X_test, y_test):
    """Train a network; return it, and its accuracy and log loss after each epoch."""
    network = SoftmaxMLPClassifier(
        hidden_layer_sizes=40,
        activation="logistic",
        loss=loss,
        backprop=backprop,
        alpha=0,
        learning_rate="constant",
        learning_rate_init=0.1,
        max_iter=1,
        tol=None,
        warm_start=True,
        random_state=seed,
    )
    scores = []
    for _ in EPOCHS:
        network.fit(X_train, y_train)
        probabilities = network.predict_proba(X_test)
        scores.append([network.score(X_test, y_test), log_loss(y_test, probabilities)])
    return network, scores


def print_scores(setting, curves):
    early, last = curves[:, 2].mean(axis=0), curves[:, -1].mean(axis=0)
    least, most = curves[:, -1].min(axis=0), curves[:, -1].max(axis=0)
    spread = [f"{low:.3f} to {high:.3f}" for low, high in zip(least, most, strict=True)]
    print(
        f"{setting[0]:16}{setting[1]:12}{early[0]:10.3f}{early[1]:10.3f}"
        f"{last[0]:10.3f} ({spread[0]}){last[1]:8.3f} ({spread[1]})"
    )


def draw(networks, curves):
    """Above what counts, on held-out digits; below the losses that were trained on."""
    figure = Figure(figsize=(11, 8), layout="constrained")
    above, below = figure.subplots(2, 2)
    for (setting, scores), place in zip(curves.items(), range(4), strict=True):
        for number, axes in enumerate(above):
            label = f'loss="{setting[0]}", backprop="{setting[1]}"'
            style = STYLES[setting] | look(place)
            axes.plot(EPOCHS, scores[..., number].mean(axis=0), label=label, **style)
    above[0].set(
        title=f"Held-out digits: accuracy, mean of {N_SEEDS} seeds",
        xlabel="epoch",
        ylabel="accuracy",
    )
    above[1].set(
        title=f"Held-out digits: log loss, mean of {N_SEEDS} seeds",
        xlabel="epoch",
        ylabel="log loss",
    )
    above[1].set_yscale("log")
    above[1].set_yticks([0.1, 0.2, 0.5, 1, 2], ["0.1", "0.2", "0.5", "1", "2"])
    above[1].minorticks_off()

    for axes, loss in zip(below, ("squared_error", "log_loss"), strict=True):
        draw_training(axes, {key: one for key, one in networks.items() if key[0] == loss})
        axes.set(title=f'Training digits: loss="{loss}", first seed', ylabel=f"mean {loss}")
    entries = above[0].get_legend_handles_labels()
    figure.legend(*entries, loc="outside lower center", ncols=2, frameon=False)
    return figure


def draw_training(axes, networks):
    """The loss of each epoch, as training saw it."""
    for place, (setting, network) in enumerate(networks.items()):
        style = STYLES[setting] | look(place)
        LossCurveDisplay.from_estimator(network, ax=axes, name=setting[1], **style)
    axes.get_legend().remove()  # the figure has one for all axes
    axes.set_ylim(bottom=0)


def look(place):
    """Thinner lines and smaller markers on top, so that those below them show."""
    return {"linewidth": 2.6 if place % 2 == 0 else 1.6, "markersize": 7 if place % 2 == 0 else 4.5}


if __name__ == "__main__":
    main()

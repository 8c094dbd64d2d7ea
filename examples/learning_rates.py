"""Learning rates and averaging
============================

Three clouds of points overlap, so no classifier can be sure of every sample. The clouds are normal
distributions that are known here, and so the best log loss that any classifier could have is known
too.

A network that learns one sample at a time never comes to rest at a constant learning rate: the last
samples show in its weights, the more so the larger the rate. With `average=True` the weights are an
average over the course of training, which evens much of that out, so that a wider range of rates
does well. It does not repair a rate that is far too large, and where the rate is too small it costs
a little, because the early weights count too.

The script prints the log loss on held-out samples for each learning rate, and draws it.
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from sklearn.datasets import make_blobs
from sklearn.metrics import log_loss

from skl_softmaxnet import SoftmaxMLPClassifier, softmax

PICTURE = Path(__file__).with_suffix(".png")
RATES = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
N_SEEDS = 3
N_TRAIN = 400
CENTRES = np.array([[-1.5, 0.0], [1.5, 0.0], [0.0, 2.0]])
SPREAD = 1.2

STYLES = {
    False: {"color": "#D55E00", "marker": "^", "label": "average=False"},
    True: {"color": "#0072B2", "marker": "o", "label": "average=True"},
}


def main():
    X, y = make_blobs(3000, centers=CENTRES, cluster_std=SPREAD, random_state=0)
    train, test = (X[:N_TRAIN], y[:N_TRAIN]), (X[N_TRAIN:], y[N_TRAIN:])
    losses = {
        average: np.array([sweep(average, seed, train, test) for seed in range(N_SEEDS)])
        for average in STYLES
    }
    best = log_loss(test[1], best_probabilities(test[0]))

    print(f"Log loss on {len(test[1])} held-out samples, means over {N_SEEDS} seeds\n")
    print("learning rate    average=False    average=True")
    for number, rate in enumerate(RATES):
        means = [losses[average][:, number].mean() for average in STYLES]
        print(f"{rate:<13g}{means[0]:17.3f}{means[1]:16.3f}")
    print(f"\nWith the true probabilities, the best there are: {best:.3f}")

    draw(losses, best).savefig(PICTURE, dpi=150)
    print(f"Picture: {PICTURE}")


def sweep(average, seed, train, test):
    """The log loss on the samples not trained on, for each learning rate."""
    return [loss(rate, average, seed, train, test) for rate in RATES]


def loss(rate, average, seed, train, test):
    network = SoftmaxMLPClassifier(
        hidden_layer_sizes=10,
        activation="tanh",
        alpha=0,
        learning_rate="constant",
        learning_rate_init=rate,
        average=average,
        max_iter=20,
        tol=None,
        random_state=seed,
    )
    return log_loss(test[1], network.fit(*train).predict_proba(test[0]))


def best_probabilities(X):
    """Bayes' rule with the densities that the samples were drawn from, all classes alike."""
    squares = ((X[:, np.newaxis] - CENTRES) ** 2).sum(axis=2)  # distances, (sample, class)
    return softmax(-squares / (2 * SPREAD**2))


def draw(losses, best):
    figure = Figure(figsize=(8, 5.4), layout="constrained")
    axes = figure.subplots()
    for average, style in STYLES.items():
        axes.plot(RATES, losses[average].mean(axis=0), linewidth=2, **style)
        dots = {"color": style["color"], "marker": style["marker"], "s": 22, "alpha": 0.45}
        for of_one_seed in losses[average]:
            axes.scatter(RATES, of_one_seed, linewidths=0, **dots)
    axes.axhline(best, color="#666666", linestyle="--", label="the true probabilities")
    axes.set_xscale("log")
    axes.set_xticks(RATES, [f"{rate:g}" for rate in RATES])
    axes.set_yscale("log")
    ticks = (0.5, 0.6, 0.8, 1, 1.5, 2, 3, 4)
    axes.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.set(xlabel="learning_rate_init", ylabel="log loss on held-out samples")
    axes.set_title(f"Three overlapping clouds: {N_SEEDS} seeds (faint) and their means")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    return figure


if __name__ == "__main__":
    main()

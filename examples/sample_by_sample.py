"""One sample at a time
====================

Three spirals wind around each other. A stream of samples from them, with some noise, passes by once
and none is kept: `partial_fit` takes them as they come, in chunks of any size, and the network can
predict at any moment. The pictures are taken after 1,000, 5,000, 20,000 and 200,000 samples.

Each point of the plane has the mixture of the classes' colours that the probabilities say, and is
white where the network has no opinion. The script prints the accuracy and the log loss on held-out
samples, and the time of `partial_fit`, divided by the samples of its four calls.

All settings are the defaults but the hidden layers: two, since arms that wind are learned by one
layer only after many more samples.
"""

from pathlib import Path
from time import perf_counter

import numpy as np
from matplotlib.figure import Figure
from sklearn.metrics import accuracy_score, log_loss

from skl_softmaxnet import SoftmaxMLPClassifier

PICTURE = Path(__file__).with_suffix(".png")
MOMENTS = (1_000, 5_000, 20_000, 200_000)
CLASSES = (0, 1, 2)
EXTENT = 1.15  # of the plane drawn, in each direction
N_POINTS = 118  # along each side of a picture

# Blue, orange and green that differ for every kind of colour vision, and markers.
COLOURS = np.array([[0, 114, 178], [230, 120, 0], [0, 158, 115]]) / 255
MARKERS = ("o", "^", "s")


def main():
    generator = np.random.default_rng(0)
    X_test, y_test = spirals(3_000, generator)
    network = SoftmaxMLPClassifier((100, 50), random_state=0)
    figure = Figure(figsize=(12, 3.4), layout="constrained")
    n_seen, seconds = 0, 0.0
    print("  samples   accuracy   log loss   µs per sample")
    for n_samples, axes in zip(MOMENTS, figure.subplots(1, len(MOMENTS)), strict=True):
        X, y = spirals(n_samples - n_seen, generator)
        start = perf_counter()
        network.partial_fit(X, y, classes=CLASSES)
        seconds, n_seen = seconds + perf_counter() - start, n_samples
        probabilities = network.predict_proba(X_test)
        accuracy = accuracy_score(y_test, network.predict(X_test))
        loss = log_loss(y_test, probabilities)
        print(f"{n_seen:9,d}{accuracy:11.3f}{loss:11.3f}{seconds / n_seen * 1e6:16.2f}")
        draw(axes, network, X_test[:210], y_test[:210])
        axes.set_title(f"{n_seen:,} samples: {accuracy:.1%} right", fontsize=12)
    figure.savefig(PICTURE, dpi=90, pil_kwargs={"optimize": True})
    print(f"Picture: {PICTURE}")


def spirals(n_samples, generator):
    """Points along three arms that make one turn each, a third of a turn apart."""
    y = generator.integers(len(CLASSES), size=n_samples)
    radius = np.sqrt(generator.uniform(0.02, 1, size=n_samples))
    angle = 2 * np.pi * (radius + y / len(CLASSES)) + generator.normal(0, 0.25, size=n_samples)
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)]), y


def draw(axes, network, X, y):
    """What the network says of each point of the plane, and some samples."""
    line = np.linspace(-EXTENT, EXTENT, N_POINTS)
    points = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    shades = 1 - 0.6 * (1 - COLOURS)  # light, so that the samples stand out
    probabilities = network.predict_proba(points)  # (n_points, 3)
    # how far the probabilities are from a third each, and so from white
    opinion = (probabilities.max(axis=1, keepdims=True) - 1 / 3) * 1.5
    image = 1 - opinion * (1 - probabilities @ shades)
    extent = (-EXTENT, EXTENT, -EXTENT, EXTENT)
    axes.imshow(
        image.reshape(N_POINTS, N_POINTS, 3), origin="lower", extent=extent, interpolation="nearest"
    )
    for label, colour, marker in zip(CLASSES, COLOURS, MARKERS, strict=True):
        style = {"marker": marker, "facecolors": colour, "edgecolors": "white", "linewidths": 0.6}
        axes.scatter(*X[y == label].T, s=20, **style)
    axes.set(xticks=[], yticks=[])


if __name__ == "__main__":
    main()

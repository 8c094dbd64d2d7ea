"""Row by row, test then train: the defaults beside MLPClassifier's, on streams of every kind."""

import warnings
from importlib.util import find_spec
from itertools import islice

import numpy as np
import pytest
from sklearn.datasets import load_digits, make_classification, make_gaussian_quantiles, make_moons
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import scale

from skl_softmaxnet import SoftmaxMLPClassifier, _engine

N_SAMPLES = 3000
SEGMENTS = "1110111 0010010 1011101 1011011 0111010 1101011 1101111 1010010 1111111 1111010"


def sea(rng):
    """Whether a sum exceeds a threshold, which jumps (Street and Kim 2001)."""
    X = rng.uniform(size=(N_SAMPLES, 3))
    return X, X[:, 0] + X[:, 1] > np.repeat([0.8, 0.9, 0.7, 0.95], N_SAMPLES // 4)


def hyperplane(rng):
    """A plane that turns (Hulten, Spencer and Domingos 2001)."""
    X = rng.uniform(size=(N_SAMPLES, 10))
    normal = rng.uniform(size=10) + np.cumsum(rng.normal(size=X.shape) * 0.02, axis=0)
    return X, (X * normal).sum(axis=1) > normal.sum(axis=1) / 2


def moving_clusters(rng):
    centers, which = rng.uniform(size=(20, 10)), rng.randint(20, size=N_SAMPLES)
    drift = np.linspace(0, 0.3, N_SAMPLES)[:, np.newaxis]
    return centers[which] + drift + rng.normal(size=(N_SAMPLES, 10)) * 0.1, which % 4


def led(rng):
    """Digits of seven segments, each wrong with probability 0.1, and 17 that say nothing."""
    segments = np.array([[int(lit) for lit in digit] for digit in SEGMENTS.split()])
    y = rng.randint(10, size=N_SAMPLES)
    lit = segments[y] ^ (rng.uniform(size=(N_SAMPLES, 7)) < 0.1)
    return np.hstack([lit, rng.randint(2, size=(N_SAMPLES, 17))]).astype(float), y


def waveform(rng):
    """Mixtures of two of three waves (Breiman and others 1984)."""
    waves = np.maximum(6 - abs(np.arange(21) - np.array([[6], [14], [10]])), 0)
    y, share = rng.randint(3, size=N_SAMPLES), rng.uniform(size=(N_SAMPLES, 1))
    one, other = np.array([[0, 1], [0, 2], [1, 2]])[y].T
    mixed = share * waves[one] + (1 - share) * waves[other]
    return scale(mixed + rng.normal(size=mixed.shape)), y


def flipping(rng):
    """Two classes that change places in the middle."""
    X, y = make_classification(N_SAMPLES, 15, n_informative=6, random_state=rng)
    return scale(X), np.where(np.arange(N_SAMPLES) < N_SAMPLES // 2, y, 1 - y)


def scaled(X, y):
    return scale(X), y


STREAMS = {
    "sea": sea,
    "hyperplane": hyperplane,
    "moving clusters": moving_clusters,
    "LED": led,
    "waveform": waveform,
    "flipping": flipping,
    "digits": lambda rng: scaled(*load_digits(return_X_y=True)),
    "classification": lambda rng: scaled(
        *make_classification(N_SAMPLES, 20, n_informative=8, n_classes=4, random_state=rng)
    ),
    "moons": lambda rng: scaled(*make_moons(N_SAMPLES, noise=0.2, random_state=rng)),
    "quantiles": lambda rng: scaled(
        *make_gaussian_quantiles(n_samples=N_SAMPLES, n_features=6, n_classes=3, random_state=rng)
    ),
}


def of_river(name):
    from river import datasets

    pairs = list(islice(getattr(datasets, name)(), N_SAMPLES))
    X = scale([list(map(float, x.values())) for x, _ in pairs])
    return X, np.unique([str(y) for _, y in pairs], return_inverse=True)[1]


def log_loss(model, X, y):
    """The mean of −log p of each label before it is learned."""
    classes, losses = np.unique(y), []
    for i in range(len(y)):
        if i:
            p = model.predict_proba(X[[i]])[0, np.searchsorted(classes, y[i])]
            losses.append(-np.log(max(p, 1e-12)))
        model.partial_fit(X[[i]], y[[i]], classes=classes)
    return np.mean(losses)


@pytest.mark.slow
@pytest.mark.skipif(_engine.CompiledEngine is None, reason="it would take hours")
def test_defaults_are_at_least_level():
    """In the mean over the streams, to within its standard error."""
    streams = {name: make(np.random.RandomState(0)) for name, make in STREAMS.items()}
    if find_spec("river"):
        streams |= {name: of_river(name) for name in ("Phishing", "ImageSegments", "Bananas")}
    ratios = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        for name, (X, y) in streams.items():
            ours, theirs = (
                log_loss(Model(random_state=0), X, y)
                for Model in (SoftmaxMLPClassifier, MLPClassifier)
            )
            ratios[name] = ours / theirs
    logarithms = np.log(list(ratios.values()))
    error = logarithms.std(ddof=1) / np.sqrt(len(ratios))
    assert logarithms.mean() <= error, ratios

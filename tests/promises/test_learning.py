"""Small problems that the defaults must learn, and what is said where nothing was learned."""

import warnings

import numpy as np
import pytest
from helpers import TUTORIAL
from numpy.testing import assert_allclose
from option_transcription import loss_of_shares
from sklearn.datasets import load_breast_cancer, load_digits, load_wine, make_blobs, make_circles
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import scale

from skl_softmaxnet import SoftmaxMLPClassifier
from skl_softmaxnet._functions import loss_of_frequencies

each_seed = pytest.mark.parametrize("seed", range(5))


def xor():
    X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]] * 10)
    return X, X, *[X.sum(axis=1) == 1] * 2


def parity():
    X = np.array([[i >> bit & 1 for bit in range(4)] for i in range(16)] * 4, dtype=float)
    return X, X, *[X.sum(axis=1) % 2] * 2


def circles():
    X, y = make_circles(400, noise=0.1, factor=0.5, random_state=0)
    return train_test_split(scale(X), y, stratify=y, random_state=0)


def fit(X, y, sample_weight=None, **parameters):
    """Fit, and return the network and the texts of its warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = SoftmaxMLPClassifier(**parameters).fit(X, y, sample_weight=sample_weight)
    assert {warning.category for warning in caught} <= {ConvergenceWarning}
    return model, [str(warning.message) for warning in caught]


@each_seed
@pytest.mark.parametrize("problem", [xor, parity, circles])
def test_small_problems_that_are_not_linear(problem, seed, engine):
    X, X_test, y, y_test = problem()
    model, messages = fit(X, y, random_state=seed)
    assert model.score(X_test, y_test) == 1
    assert not [message for message in messages if "learned" in message]


@each_seed
def test_patience_does_not_end_the_training_of_the_tutorials_rule_before_it_has_begun(seed):
    X, _, y, _ = xor()
    model, _ = fit(X, y, random_state=seed, **TUTORIAL)
    assert model.score(X, y) == 1


@each_seed
@pytest.mark.parametrize(
    ("sizes", "activation"),
    [((50, 50), "relu"), ((50, 50), "tanh"), ((50, 50), "logistic"), ((32,) * 4, "relu")],
)
def test_several_layers(sizes, activation, seed):
    X, y = load_digits(return_X_y=True)
    X, X_test, y, y_test = train_test_split(scale(X), y, stratify=y, random_state=0)
    model, _ = fit(X, y, hidden_layer_sizes=sizes, activation=activation, random_state=seed)
    assert model.score(X_test, y_test) > 0.94


@pytest.mark.parametrize("outputs", ["softmax", "sigmoid"])
@pytest.mark.parametrize("loss", ["squared_error", "log_loss"])
def test_the_loss_of_frequencies_is_that_of_outputs_which_are_the_frequencies(loss, outputs):
    p = np.array([0.5, 0.3, 0.2])
    expected = loss_of_shares(
        [(None, t, f) for t, f in zip(np.eye(3), p, strict=True)], outputs, loss
    )
    assert_allclose(loss_of_frequencies(p, loss, outputs), expected, rtol=1e-14)


DEEP = TUTORIAL | {"activation": "relu", "hidden_layer_sizes": (50, 50)}


@pytest.mark.parametrize(
    ("load", "scaled", "parameters", "advice"),
    [
        *((load, np.asarray, {}, "StandardScaler") for load in (load_wine, load_breast_cancer)),
        (load_digits, scale, DEEP, 'backprop="gradient"'),
    ],
)
def test_a_network_that_learned_nothing_says_so(load, scaled, parameters, advice):
    X, y = load(return_X_y=True)
    _, (message,) = fit(scaled(X), y, random_state=0, **parameters)
    for words in ("learned next to nothing", "learning_rate_init", advice):
        assert words in message


def test_a_network_that_lost_what_it_had_learned_says_so():
    X, y = make_blobs(200, centers=2, random_state=0)
    settings = {"momentum": 0.99, "learning_rate_init": 0.3, "learning_rate": "constant"}
    messages = [
        message for seed in range(20) for message in fit(X, y, random_state=seed, **settings)[1]
    ]
    assert any("learned" in message for message in messages)


def test_without_a_tolerance_nothing_is_said():
    X, y = load_wine(return_X_y=True)
    assert fit(X, y, random_state=0, tol=None, max_iter=5)[1] == []


def test_a_warm_start_after_convergence_learns_new_data():
    first = make_blobs(600, centers=[[-2, 0], [2, 0]], random_state=0)
    second = make_blobs(600, centers=[[2, 3], [-2, 3]], random_state=1)
    model = SoftmaxMLPClassifier(20, warm_start=True, random_state=0).fit(*first)
    assert model._n_lowered > 3  # it had come to rest
    assert model.fit(*second).score(*second) > 0.95

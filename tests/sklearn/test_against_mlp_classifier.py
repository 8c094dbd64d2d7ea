"""Training as MLPClassifier trains, where both can: one sample a batch, log loss, its gradient.

MLPClassifier is an oracle that nobody here wrote. The weights that it draws are put into ours.
"""

from functools import cache

import numpy as np
import pytest
from helpers import assert_close, present_nothing, put_in
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.neural_network import MLPClassifier

from skl_softmaxnet import SoftmaxMLPClassifier

pytestmark = [
    pytest.mark.usefixtures("engine"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]

N_SAMPLES, N_FEATURES, N_CLASSES = 40, 6, 4
N_EPOCHS = 6
# The two have different defaults, and adaptive rates need the others.
DEFAULTS = {
    "alpha": 0.0,
    "momentum": 0.0,
    "nesterovs_momentum": False,
    "learning_rate_init": 0.05,
    "tol": 1e-4,
    "n_iter_no_change": np.inf,
}
OPTIONS = {
    "plain": {},
    "alpha": {"alpha": 0.03},
    "momentum": {"momentum": 0.7},
    "nesterov": {"momentum": 0.7, "nesterovs_momentum": True},
    "alpha and momentum": {"alpha": 0.03, "momentum": 0.7},
    "alpha and nesterov": {"alpha": 0.03, "momentum": 0.7, "nesterovs_momentum": True},
    "invscaling": {"learning_rate": "invscaling", "learning_rate_init": 0.15},
    "invscaling, power_t": {"learning_rate": "invscaling", "power_t": 0.3, "momentum": 0.5},
    # no loss improves by 10, so that the rate is divided after every second epoch
    "adaptive": {"learning_rate": "adaptive", "tol": 10, "n_iter_no_change": 1},
    "adaptive, momentum": {
        "learning_rate": "adaptive",
        "tol": 10,
        "n_iter_no_change": 1,
        "momentum": 0.7,
        "nesterovs_momentum": True,
    },
}
SIZES = [(7,), (8, 5)]


def samples():
    rng = np.random.RandomState(0)
    X = rng.normal(size=(N_SAMPLES, N_FEATURES))
    return X, (X @ rng.normal(size=(N_FEATURES, N_CLASSES))).argmax(axis=1)


def pair(hidden_layer_sizes, activation, **options):
    """Both classifiers with the same settings."""
    shared = DEFAULTS | {"activation": activation, "shuffle": False, "random_state": 0} | options
    shared = {"max_iter": N_EPOCHS} | shared
    theirs = MLPClassifier(hidden_layer_sizes, solver="sgd", batch_size=1, **shared)
    rule = {"loss": "log_loss", "backprop": "gradient", "fit_intercept": True}
    return SoftmaxMLPClassifier(hidden_layer_sizes, **rule, **shared), theirs


def write_in_place(model, coefs, intercepts):
    for own, given in zip(model.coefs_ + model.intercepts_, [*coefs, *intercepts], strict=True):
        own[...] = given


def start_alike(ours, theirs, X, y, put=put_in):
    """Let ours begin with the weights that theirs draws."""
    classes = range(y.shape[1] if y.ndim == 2 else N_CLASSES)
    still = clone(theirs).set_params(learning_rate_init=1e-300)
    still.partial_fit(X[:1], y[:1], classes=classes)  # at this rate, a step leaves them as they are
    present_nothing(ours.set_params(warm_start=True), X, y)
    put(ours, still.coefs_, still.intercepts_)
    return ours


@cache
def fitted_mlp(option, activation, hidden_layer_sizes):
    """MLPClassifier after training, kept for the other engine."""
    return pair(hidden_layer_sizes, activation, **OPTIONS[option])[1].fit(*samples())


def assert_learned_alike(ours, theirs, n_epochs=N_EPOCHS):
    assert_close(ours, theirs, rtol=1e-9, atol=1e-13)
    assert ours.t_ == theirs.t_ == n_epochs * N_SAMPLES
    assert ours.n_iter_ == theirs.n_iter_ == n_epochs
    if theirs.alpha == 0:  # their loss contains the penalty
        assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-9)


def check_fit(option, activation, hidden_layer_sizes, put=put_in):
    """Both classifiers learn the same with the option."""
    theirs = fitted_mlp(option, activation, hidden_layer_sizes)
    ours = pair(hidden_layer_sizes, activation, **OPTIONS[option])[0]
    assert_learned_alike(start_alike(ours, theirs, *samples(), put).fit(*samples()), theirs)


# --- fit ---


@pytest.mark.parametrize("hidden_layer_sizes", SIZES)
@pytest.mark.parametrize("option", OPTIONS)
def test_fit_with_each_option(option, hidden_layer_sizes):
    check_fit(option, "relu", hidden_layer_sizes)


@pytest.mark.parametrize("hidden_layer_sizes", SIZES)
@pytest.mark.parametrize("activation", ["logistic", "tanh", "identity"])
@pytest.mark.parametrize("option", ["plain", "alpha and nesterov", "invscaling"])
def test_fit_with_each_activation(option, activation, hidden_layer_sizes):
    check_fit(option, activation, hidden_layer_sizes)


@pytest.mark.parametrize("option", ["plain", "alpha and momentum", "adaptive, momentum"])
def test_fit_from_weights_written_in_place(option):
    check_fit(option, "relu", (8, 5), put=write_in_place)


def test_softmax_regression():
    check_fit("alpha and nesterov", "relu", ())


def test_each_option_changes_what_is_learned():
    """Otherwise the tests above would say little. MLPClassifier alone tells."""
    learned = [fitted_mlp(option, "relu", (7,)).coefs_[0] for option in OPTIONS]
    for index, weights in enumerate(learned):
        assert all(np.abs(weights - other).max() > 1e-3 for other in learned[:index])


@pytest.mark.parametrize(
    ("options", "n_epochs"),
    [
        # rates of 1e-5, 2e-6 and 4e-7, each for two epochs but the first, which has one more
        ({"learning_rate_init": 1e-5, "tol": 10}, 7),
        # the rate is divided where the loss falls by less than 0.05, not in every second epoch
        ({"learning_rate_init": 0.1, "tol": 0.05}, 14),
    ],
)
def test_adaptive_rate_follows_the_loss(options, n_epochs):
    X, y = samples()
    options = {"learning_rate": "adaptive", "n_iter_no_change": 1, "max_iter": 14} | options
    ours, theirs = pair((7,), "relu", **options)
    ours = start_alike(ours, theirs, X, y).fit(X, y)
    assert_learned_alike(ours, theirs.fit(X, y), n_epochs)


# --- partial_fit ---


@pytest.mark.parametrize(("hidden_layer_sizes", "put"), [((7,), put_in), ((8, 5), write_in_place)])
@pytest.mark.parametrize("schedule", ["plain", "invscaling", "invscaling, power_t"])
@pytest.mark.parametrize("option", ["plain", "momentum", "alpha and nesterov"])
def test_partial_fit_chunk_by_chunk(option, schedule, hidden_layer_sizes, put):
    X, y = samples()
    ours, theirs = pair(hidden_layer_sizes, "relu", **(OPTIONS[schedule] | OPTIONS[option]))
    start_alike(ours, theirs, X, y, put)
    for number, rows in enumerate(np.split(np.arange(N_SAMPLES), [1, 12, 15, 30]), start=1):
        ours.partial_fit(X[rows], y[rows])
        theirs.partial_fit(X[rows], y[rows], classes=range(N_CLASSES))
        assert_close(ours, theirs, rtol=1e-9, atol=1e-13)
        assert ours.t_ == theirs.t_
        assert ours.n_iter_ == number


# --- Several labels for one sample ---


@pytest.mark.parametrize("activation", ["relu", "logistic"])
@pytest.mark.parametrize("option", ["plain", "alpha and nesterov", "invscaling", "adaptive"])
def test_several_labels(option, activation):
    X, _ = samples()
    y = (X @ np.random.RandomState(2).normal(size=(N_FEATURES, 3)) > 0.2).astype(int)
    assert set(y.sum(axis=1)) == {0, 1, 2, 3}
    ours, theirs = pair((7,), activation, **OPTIONS[option])
    ours = start_alike(ours.set_params(output_activation="sigmoid"), theirs, X, y).fit(X, y)
    assert_learned_alike(ours, theirs.fit(X, y))
    assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=1e-9)
    assert_array_equal(ours.predict(X), theirs.predict(X))

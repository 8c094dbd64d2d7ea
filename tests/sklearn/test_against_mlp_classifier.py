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

from skl_softmaxnet import SoftmaxMLPClassifier, _training

pytestmark = [
    pytest.mark.usefixtures("engine"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]


@pytest.fixture(autouse=True)
def patience_from_the_first_epoch(monkeypatch):
    """MLPClassifier does not wait for training to begin, so that ours must not either."""
    monkeypatch.setattr(_training, "_BEGINNING", 0)


N_SAMPLES, N_FEATURES, N_CLASSES = 40, 6, 4
# The two have different defaults, and adaptive rates need the others.
SHARED = {"alpha": 0.0, "momentum": 0.0, "nesterovs_momentum": False, "learning_rate_init": 0.05}
SHARED |= {"tol": 1e-4, "n_iter_no_change": np.inf, "max_iter": 6}
SHARED |= {"shuffle": False, "random_state": 0, "learning_rate": "constant"}
NESTEROV = {"momentum": 0.7, "nesterovs_momentum": True}
# no loss improves by 10, so that the rate is divided after every second epoch
ADAPTIVE = {"learning_rate": "adaptive", "tol": 10, "n_iter_no_change": 1}
OPTIONS = {
    "plain": {},
    "alpha": {"alpha": 0.03},
    "momentum": {"momentum": 0.7},
    "nesterov": NESTEROV,
    "alpha and momentum": {"alpha": 0.03, "momentum": 0.7},
    "alpha and nesterov": {"alpha": 0.03, **NESTEROV},
    "invscaling": {"learning_rate": "invscaling", "learning_rate_init": 0.15},
    "invscaling, power_t": {"learning_rate": "invscaling", "power_t": 0.3, "momentum": 0.5},
    "adaptive": ADAPTIVE,
    "adaptive, momentum": ADAPTIVE | NESTEROV,
    # the rate is divided where the loss falls by less than 0.05, not in every second epoch
    "adaptive to the loss": ADAPTIVE | {"learning_rate_init": 0.1, "tol": 0.05, "max_iter": 14},
    # rates of 1e-5, 2e-6 and 4e-7, each for two epochs but the first, which has one more
    "adaptive to the end": ADAPTIVE | {"learning_rate_init": 1e-5, "max_iter": 14},
}
SIZES = [(7,), (8, 5)]
KINDS_OF_FIT = [
    *((option, "relu", sizes) for option in OPTIONS for sizes in SIZES),
    *(
        (option, activation, sizes)
        for option in ("plain", "alpha and nesterov", "invscaling")
        for activation in ("logistic", "tanh", "identity")
        for sizes in SIZES
    ),
    ("alpha and nesterov", "relu", ()),
]


def samples(*, multilabel=False):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(N_SAMPLES, N_FEATURES))
    scores = X @ rng.normal(size=(N_FEATURES, N_CLASSES))
    return X, (scores > 0.2).astype(int) if multilabel else scores.argmax(axis=1)


def new_mlp(option, activation, hidden_layer_sizes):
    parameters = SHARED | {"activation": activation} | OPTIONS[option]
    return MLPClassifier(hidden_layer_sizes, solver="sgd", batch_size=1, **parameters)


@cache
def fitted_mlp(*given, multilabel):
    """MLPClassifier after training, kept for the other engine."""
    return new_mlp(*given).fit(*samples(multilabel=multilabel))


def like(theirs, X, y):
    """Our network with the same settings, and the weights that theirs draws."""
    still = clone(theirs).set_params(learning_rate_init=1e-300)
    still.partial_fit(X[:1], y[:1], classes=range(N_CLASSES))  # which leaves them as they are
    parameters = {name: getattr(theirs, name) for name in [*SHARED, "activation", "power_t"]}
    rule = {"loss": "log_loss", "backprop": "gradient", "warm_start": True}
    rule |= {"output_activation": "sigmoid"} if y.ndim == 2 else {}
    ours = SoftmaxMLPClassifier(theirs.hidden_layer_sizes, **rule, **parameters)
    return put_in(present_nothing(ours, X, y), still.coefs_, still.intercepts_)


def check_fit(*given, multilabel=False):
    """Both classifiers learn the same."""
    X, y = samples(multilabel=multilabel)
    theirs = fitted_mlp(*given, multilabel=multilabel)
    ours = like(theirs, X, y).fit(X, y)
    assert_close(ours, theirs, rtol=1e-9, atol=1e-13)
    assert (ours.t_, ours.n_iter_) == (theirs.t_, theirs.n_iter_)
    if theirs.alpha == 0:  # their loss contains the penalty
        assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-9)
    assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=1e-9)
    assert_array_equal(ours.predict(X), theirs.predict(X))


@pytest.mark.parametrize(("option", "activation", "hidden_layer_sizes"), KINDS_OF_FIT)
def test_fit(option, activation, hidden_layer_sizes):
    check_fit(option, activation, hidden_layer_sizes)


@pytest.mark.parametrize("activation", ["relu", "logistic"])
@pytest.mark.parametrize("option", ["plain", "alpha and nesterov", "invscaling", "adaptive"])
def test_fit_of_several_labels(option, activation):
    check_fit(option, activation, (7,), multilabel=True)


def test_each_option_changes_what_is_learned():
    """Otherwise the tests above would say little. MLPClassifier alone tells."""
    learned = [fitted_mlp(o, "relu", (7,), multilabel=False).coefs_[0] for o in OPTIONS]
    for index, weights in enumerate(learned):
        assert all(np.abs(weights - other).max() > 1e-3 for other in learned[:index])


@pytest.mark.parametrize("hidden_layer_sizes", SIZES)
@pytest.mark.parametrize(
    "option", ["plain", "momentum", "alpha and nesterov", "invscaling", "invscaling, power_t"]
)
def test_partial_fit_chunk_by_chunk(option, hidden_layer_sizes):
    X, y = samples()
    theirs = new_mlp(option, "relu", hidden_layer_sizes)
    ours = like(theirs, X, y)
    for number, rows in enumerate(np.split(np.arange(N_SAMPLES), [1, 12, 15, 30]), start=1):
        ours.partial_fit(X[rows], y[rows])
        theirs.partial_fit(X[rows], y[rows], classes=range(N_CLASSES))
        assert_close(ours, theirs, rtol=1e-9, atol=1e-13)
        assert ours.t_ == theirs.t_
        assert ours.n_iter_ == number

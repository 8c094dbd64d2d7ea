"""Training as MLPClassifier trains, where both can: one sample a batch, log loss, its gradient.

MLPClassifier is an oracle that nobody here wrote. The weights that it draws are put into ours.
"""

from functools import cache

import numpy as np
import pytest
from helpers import OPTIONS as OURS
from helpers import assert_close, present_nothing, put_in
from numpy.testing import assert_allclose
from sklearn.base import clone
from sklearn.neural_network import MLPClassifier

from skl_softmaxnet import SoftmaxMLPClassifier, _training

pytestmark = [
    pytest.mark.usefixtures("engine"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]

# The two have different defaults, and adaptive rates need the others.
SHARED = {"alpha": 0.0, "momentum": 0.0, "nesterovs_momentum": False, "learning_rate_init": 0.05}
SHARED |= {"tol": 1e-4, "n_iter_no_change": np.inf, "max_iter": 6, "activation": "relu"}
SHARED |= {"shuffle": False, "random_state": 0, "learning_rate": "constant"}
NESTEROV = {"momentum": 0.7, "nesterovs_momentum": True}
# no loss improves by 10, so that the rate is divided after every second epoch
ADAPTIVE = {"learning_rate": "adaptive", "tol": 10, "n_iter_no_change": 1}
OPTIONS = {
    **{activation: {"activation": activation} for activation in ("logistic", "tanh", "identity")},
    **{
        name: OURS[name]
        for name in ("plain", "alpha", "momentum", "nesterov", "alpha and momentum")
    },
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
each_option = pytest.mark.parametrize("option", OPTIONS)


@pytest.fixture(autouse=True)
def patience_from_the_first_epoch(monkeypatch):
    """MLPClassifier does not wait for training to begin, so that ours must not either."""
    monkeypatch.setattr(_training, "_BEGINNING", 0)


def samples(*, multilabel=False):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(40, 6))
    scores = X @ rng.normal(size=(6, 4))
    return X, (scores > 0.2).astype(int) if multilabel else scores.argmax(axis=1)


@cache
def fitted_mlp(option, sizes, multilabel):
    """MLPClassifier after training, kept for the other engine."""
    mlp = MLPClassifier(sizes, solver="sgd", batch_size=1, **SHARED | OPTIONS[option])
    return mlp.fit(*samples(multilabel=multilabel))


def like(theirs, X, y):
    """Our network with the same settings, and the weights that theirs draws."""
    still = clone(theirs).set_params(learning_rate_init=1e-300)
    still.partial_fit(X[:1], y[:1], classes=range(4))  # which leaves them as they are
    parameters = {name: getattr(theirs, name) for name in [*SHARED, "power_t"]}
    rule = {"loss": "log_loss", "backprop": "gradient", "warm_start": True}
    rule |= {"output_activation": "sigmoid"} if y.ndim == 2 else {}
    ours = SoftmaxMLPClassifier(theirs.hidden_layer_sizes, **rule, **parameters)
    return put_in(present_nothing(ours, X, y), still.coefs_, still.intercepts_)


@each_option
@pytest.mark.parametrize(
    ("sizes", "multilabel"), [((7,), False), ((8, 5), False), ((), False), ((7,), True)]
)
def test_fit(sizes, multilabel, option):
    X, y = samples(multilabel=multilabel)
    theirs = fitted_mlp(option, sizes, multilabel)
    ours = like(theirs, X, y).fit(X, y)
    assert_close(ours, theirs, rtol=1e-9, atol=1e-13)
    assert (ours.t_, ours.n_iter_) == (theirs.t_, theirs.n_iter_)
    if theirs.alpha == 0:  # their loss contains the penalty
        assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-9)
    assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=1e-9)

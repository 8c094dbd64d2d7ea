"""Training that leaves the finite numbers says so in that epoch, and costs no model."""

import itertools
import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_array_equal
from sklearn.datasets import make_blobs
from sklearn.exceptions import ConvergenceWarning

from skl_softmaxnet import SoftmaxMLPClassifier, _engine

pytestmark = pytest.mark.usefixtures("engine")

X, Y = make_blobs(n_samples=60, centers=3, random_state=0)
WORDS = r"diverged in epoch {}\b.*Scale the inputs.*lower learning_rate_init"
OPTIONS = {
    "plain": {},
    "momentum": {"momentum": 0.9},
    "average": {"average": True},
    "alpha": {"alpha": 1e-3},
    "all": {"momentum": 0.5, "nesterovs_momentum": True, "average": True, "alpha": 1e-3},
}
each_option = pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)


def network(**parameters):
    defaults = {"hidden_layer_sizes": 6, "max_iter": 5, "tol": None, "random_state": 0}
    return SoftmaxMLPClassifier(**(defaults | parameters))


def state(model):
    """All that the model is and that training would go on with."""
    pairs = [(model.coefs_, model.intercepts_), model._weights, model._velocities]
    arrays = [array.copy() for pair in pairs if pair for part in pair for array in part]
    return [*arrays, np.array([model.t_, model.n_iter_, len(model.loss_curve_)])]


def assert_same_state(one, other):
    for a, b in zip(one, other, strict=True):
        assert_array_equal(a, b)


@each_option
@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_loss_that_is_not_finite(options, early_stopping):
    """Identity units and log loss: the loss itself runs away."""
    model = network(
        activation="identity",
        loss="log_loss",
        learning_rate_init=5.0,
        early_stopping=early_stopping,
        **options,
    )
    with pytest.raises(ValueError, match=WORDS.format(1)):
        model.fit(1e3 * X, Y)
    assert not hasattr(model, "coefs_")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("container", [np.asarray, sp.csr_array])
def test_a_weight_alone(dtype, container):
    """One sample, whose loss before its update is finite, and whose update is not."""
    row = container(np.full((1, 2), np.finfo(dtype).max / 4, dtype=dtype))
    model = network(hidden_layer_sizes=(), learning_rate_init=1e3, fit_intercept=False)
    zeros = container(np.zeros((3, 2), dtype=dtype))
    model.partial_fit(zeros, [0, 1, 2], classes=[0, 1, 2])
    for weights in model.coefs_:
        weights[...] = 0
    with pytest.raises(ValueError, match=r"epoch 2: a weight is not finite"):
        model.partial_fit(row, [1])
    for weights in model.coefs_:
        assert_array_equal(weights, 0)


def test_the_epoch_is_named():
    """Inputs grow with the weights they meet: alpha far too large doubles these in each step."""
    model = network(alpha=60.0, learning_rate_init=0.05, max_iter=50)  # 1 - 0.05 * 60 = -2
    with pytest.raises(ValueError, match=r"diverged in epoch 18\b"):
        model.fit(X, Y)
    assert 17 * 60 < np.finfo(float).maxexp < 18 * 60


@each_option
@pytest.mark.parametrize("container", [np.asarray, sp.csr_array])
def test_a_bad_chunk_leaves_no_trace(options, container):
    """The model is as it was, and the stream goes on as if the chunk had not come."""
    parameters = {"activation": "identity", "loss": "log_loss", "learning_rate_init": 0.01}
    model = network(**parameters, **options)
    spared = network(**parameters, **options)
    bad = np.r_[X[:30], 1e300 * X[30:]]
    for each in (model, spared):
        each.partial_fit(container(X), Y, classes=[0, 1, 2])
        each.partial_fit(container(X[:7]), Y[:7])
    before = state(model)
    with pytest.raises(ValueError, match=WORDS.format(3)):
        model.partial_fit(container(bad), Y)
    assert_same_state(state(model), before)
    for each in (model, spared):
        each.partial_fit(container(X[7:50]), Y[7:50])
    assert_same_state(state(model), state(spared))


@each_option
def test_a_fit_that_diverges_keeps_the_model(options):
    model = network(activation="identity", warm_start=True, **options).fit(X, Y)
    spared = network(activation="identity", warm_start=True, **options).fit(X, Y)
    before = state(model)
    with pytest.raises(ValueError, match=WORDS.format(6)):
        model.fit(1e300 * X, Y)
    assert_same_state(state(model), before)
    assert_same_state(state(model.fit(X, Y)), state(spared.fit(X, Y)))


def complaint_of_fit(model, X):
    """The message of the ValueError of a fit, None where there is none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        try:
            model.fit(X, Y)
        except ValueError as error:
            return str(error)
    return None


GRID = list(itertools.product([1e-300, 1.0, 1e3, 1e6, 1e10, 1e300], [1e-8, 0.05, 1.0, 1e4, 1e200]))


@pytest.mark.parametrize(("scale", "rate"), GRID)
@pytest.mark.parametrize("activation", ["logistic", "tanh", "relu", "identity"])
def test_no_fit_that_returns_gives_nan(scale, rate, activation):
    for loss, output, backprop in itertools.product(
        ["squared_error", "log_loss"], ["softmax", "sigmoid"], ["error", "gradient"]
    ):
        model = network(
            activation=activation,
            loss=loss,
            output_activation=output,
            backprop=backprop,
            learning_rate_init=rate,
            max_iter=2,
        )
        message = complaint_of_fit(model, scale * X)
        if message is not None:
            assert "diverged in epoch" in message
            continue
        assert all(np.isfinite(array).all() for array in model.coefs_ + model.intercepts_)
        assert np.isfinite(model.loss_curve_).all()
        assert np.isfinite(model.predict_proba(scale * X)).all()


def test_engines_tell_the_largest_weight():
    for dtype in (np.float32, np.float64):
        for sizes in ([(3, 2)], [(17, 9), (9, 4)]):
            coefs = [np.ones(shape) for shape in sizes]
            intercepts = [np.ones(shape[1]) for shape in sizes]
            coefs, intercepts = _engine.as_blocks(coefs, intercepts, dtype)
            options = {"activation": "relu", "output_activation": "softmax", "loss": "log_loss"}
            engine = _engine.Engine(
                coefs, intercepts, backprop="error", fit_intercept=True, **options
            )
            assert engine.largest_weight() == 1
            for array in (*coefs, *intercepts):
                for wrong in (np.nan, np.inf, -np.inf):
                    array.flat[-1] = wrong
                    assert engine.largest_weight() == np.inf
                    array.flat[-1] = 1
            coefs[0][1] = np.nan
            assert engine.largest_weight(np.array([0, 2])) == 1
            assert engine.largest_weight(np.array([0, 1])) == np.inf
            coefs[0][1] = -7
            assert engine.largest_weight() == 7


def test_finite_weights_whose_sums_are_not():
    """Their products overflow, which no loss has met yet."""
    rng = np.random.RandomState(0)
    inputs = rng.normal(size=(12, 4))
    model = network(hidden_layer_sizes=(4, 3), activation="identity", max_iter=1)
    with pytest.raises(ValueError, match=WORDS.format(1)):
        model.fit(1e10 * inputs, np.arange(12) % 3)


def test_an_interrupt_does_not_save_what_has_diverged(monkeypatch):
    class Interrupted(_engine.Engine):
        def run(self, X, targets, rows, fractions, rate):
            super().run(X, targets, rows, fractions, np.inf)
            raise KeyboardInterrupt

    model = network().fit(X, Y)
    before = state(model)
    monkeypatch.setattr(_engine, "Engine", Interrupted)
    with pytest.raises(ValueError, match=WORDS.format(1)):
        model.fit(X, Y)
    assert_same_state(state(model), before)

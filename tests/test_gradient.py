"""Both rules of backprop, at any depth, against formulas and differences written here."""

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.sparse import csr_matrix
from scipy.special import expit, softmax

from skl_softmaxnet import SoftmaxMLPClassifier

pytestmark = pytest.mark.usefixtures("engine")

RATE = 0.05
N_FEATURES, N_CLASSES = 5, 3
X_SEED = 5  # of the one sample of the central differences

FUNCTIONS = {
    "logistic": expit,
    "tanh": np.tanh,
    "relu": lambda s: np.maximum(s, 0),
    "identity": lambda s: s,
}
DERIVATIVES = {  # of the activation, from its value
    "logistic": lambda h: h * (1 - h),
    "tanh": lambda h: 1 - h**2,
    "relu": lambda h: (h > 0).astype(float),
    "identity": np.ones_like,
}
COMBINATIONS = list(
    itertools.product(FUNCTIONS, ["softmax", "sigmoid"], ["squared_error", "log_loss"])
)
each_combination = pytest.mark.parametrize(("activation", "output", "loss"), COMBINATIONS)


def forward(weights, intercepts, x, activation, output):
    """The values of all layers, the input first and the output last."""
    layers = [x]
    for W, b in zip(weights[:-1], intercepts[:-1], strict=True):
        layers.append(FUNCTIONS[activation](layers[-1] @ W + b))
    z = layers[-1] @ weights[-1] + intercepts[-1]
    layers.append(softmax(z) if output == "softmax" else expit(z))
    return layers


def loss_of_outputs(o, t, output, loss):
    """The loss of one sample; t is the one-hot target."""
    if loss == "squared_error":
        return np.sum((t - o) ** 2) / 2
    if output == "softmax":
        return -np.sum(t * np.log(o))
    return -np.sum(t * np.log(o) + (1 - t) * np.log(1 - o))


def output_delta(e, o, output, loss):
    """Minus the derivative of the loss by the output layer's sums."""
    if loss == "log_loss":
        return e
    if output == "softmax":
        return (np.diag(o) - np.outer(o, o)) @ e
    return e * o * (1 - o)


def step(weights, intercepts, x, t, *, rate, activation, output, loss, backprop):
    """One presentation in place, the layers from the last to the first."""
    layers = forward(weights, intercepts, x, activation, output)
    e = t - layers[-1]
    delta = output_delta(e, layers[-1], output, loss)
    for index in reversed(range(len(weights))):
        below, W_before = layers[index], weights[index].copy()
        weights[index] += rate * np.outer(below, delta)
        intercepts[index] += rate * delta
        # "error": the raw error through the new weights. "gradient": delta through the old ones.
        e = weights[index] @ e if backprop == "error" else W_before @ delta
        delta = e * DERIVATIVES[activation](below)


def prepared(hidden_layer_sizes, seed=0, **parameters):
    """A classifier with given weights and intercepts, and copies of both."""
    classifier = SoftmaxMLPClassifier(
        hidden_layer_sizes, learning_rate_init=RATE, random_state=seed, **parameters
    )
    classifier.partial_fit(
        np.zeros((1, N_FEATURES)), [0], classes=range(N_CLASSES), sample_weight=[0.0]
    )
    # Larger than the initial weights, so that no gradient is lost in the differences' rounding.
    rng = np.random.RandomState(seed)
    weights = [rng.normal(scale=0.7, size=W.shape) for W in classifier.coefs_]
    intercepts = [rng.normal(scale=0.3, size=b.shape) for b in classifier.intercepts_]
    if not classifier.fit_intercept:
        intercepts = [np.zeros_like(b) for b in intercepts]
    classifier.coefs_ = [W.copy() for W in weights]
    classifier.intercepts_ = [b.copy() for b in intercepts]
    return classifier, weights, intercepts


def central_difference(function, array, width=1e-5):
    """The gradient of ``function()`` by ``array``, which is changed in place and put back."""
    gradient = np.empty_like(array)
    for index in np.ndindex(array.shape):
        middle = array[index]
        array[index] = middle + width
        above = function()
        array[index] = middle - width
        gradient[index] = (above - function()) / (2 * width)
        array[index] = middle
    return gradient


@pytest.mark.parametrize("hidden_layer_sizes", [(4, 3), ()])
@each_combination
def test_gradient_is_that_of_the_loss(activation, output, loss, hidden_layer_sizes):
    classifier, weights, intercepts = prepared(
        hidden_layer_sizes,
        activation=activation,
        output_activation=output,
        loss=loss,
        backprop="gradient",
    )
    x, target = np.random.RandomState(X_SEED).normal(size=N_FEATURES), 1
    t = np.eye(N_CLASSES)[target]

    def loss_now():
        o = forward(weights, intercepts, x, activation, output)[-1]
        return loss_of_outputs(o, t, output, loss)

    classifier.partial_fit(x[np.newaxis], [target])

    assert_allclose(classifier.loss_, loss_now(), rtol=1e-12)  # from before the update
    for before, after in [
        *zip(weights, classifier.coefs_, strict=True),
        *zip(intercepts, classifier.intercepts_, strict=True),
    ]:
        gradient = central_difference(loss_now, before)
        assert np.abs(gradient).max() > 1e-3  # the test would otherwise say little
        # The differences themselves are good to some 1e-10, whatever the gradient's size.
        assert_allclose(after - before, -RATE * gradient, rtol=1e-5, atol=1e-9)


def test_relu_cases_are_away_from_the_kink():
    """The sums of the hidden units of the test above: none near zero, of both signs."""
    _, weights, intercepts = prepared((4, 3))
    x = np.random.RandomState(X_SEED).normal(size=N_FEATURES)
    sums = x @ weights[0] + intercepts[0]
    sums = np.append(sums, np.maximum(sums, 0) @ weights[1] + intercepts[1])
    assert np.abs(sums).min() > 0.1
    assert sums.min() < 0 < sums.max()


def assert_follows(classifier, weights, intercepts):
    """The classifier has these weights, which have not run away to where nothing compares."""
    assert max(np.abs(W).max() for W in weights) < 10
    for fitted, expected in [
        *zip(classifier.coefs_, weights, strict=True),
        *zip(classifier.intercepts_, intercepts, strict=True),
    ]:
        assert_allclose(fitted, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("backprop", ["error", "gradient"])
@each_combination
def test_many_steps_follow_the_rule(activation, output, loss, backprop, fit_intercept):
    rule = {"activation": activation, "loss": loss, "backprop": backprop}
    classifier, weights, intercepts = prepared(
        (4, 3), output_activation=output, fit_intercept=fit_intercept, **rule
    )
    rng = np.random.RandomState(2)
    X = rng.normal(size=(20, N_FEATURES))
    targets = rng.randint(N_CLASSES, size=20)
    X[rng.uniform(size=X.shape) < 0.4] = 0  # rows of the weights that a sample does not touch

    classifier.partial_fit(X[:10], targets[:10])
    classifier.partial_fit(csr_matrix(X[10:]), targets[10:])
    for x, target in zip(X, targets, strict=True):
        step(weights, intercepts, x, np.eye(N_CLASSES)[target], rate=RATE, output=output, **rule)
        if not fit_intercept:
            intercepts = [np.zeros_like(b) for b in intercepts]

    assert_follows(classifier, weights, intercepts)


@pytest.mark.parametrize("hidden_layer_sizes", [(), (4,), (4, 3, 5, 2)])
@pytest.mark.parametrize("backprop", ["error", "gradient"])
def test_any_depth_follows_the_rule(hidden_layer_sizes, backprop):
    rule = {"activation": "tanh", "loss": "squared_error", "backprop": backprop}
    classifier, weights, intercepts = prepared(hidden_layer_sizes, **rule)
    rng = np.random.RandomState(3)
    X, targets = rng.normal(size=(20, N_FEATURES)), rng.randint(N_CLASSES, size=20)

    classifier.partial_fit(X, targets)
    for x, target in zip(X, targets, strict=True):
        t = np.eye(N_CLASSES)[target]
        step(weights, intercepts, x, t, rate=RATE, output="softmax", **rule)

    assert_follows(classifier, weights, intercepts)

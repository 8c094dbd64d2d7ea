"""Both rules of backprop, at any depth, against formulas and differences written here."""

import itertools

import numpy as np
import pytest
from helpers import network, parameters_of, present_nothing, put_in
from numpy.testing import assert_allclose
from scipy.sparse import csr_matrix
from scipy.special import expit, softmax

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


def prepared(hidden_layer_sizes, **parameters):
    """A classifier with given weights and intercepts, and copies of both."""
    classifier = network(hidden_layer_sizes, learning_rate_init=RATE, **parameters)
    present_nothing(classifier, np.zeros((N_CLASSES, N_FEATURES)), np.arange(N_CLASSES))
    # Larger than the initial weights, so that no gradient is lost in the differences' rounding.
    rng = np.random.RandomState(0)
    weights = [rng.normal(scale=0.7, size=W.shape) for W in classifier.coefs_]
    intercepts = [rng.normal(scale=0.3, size=b.shape) for b in classifier.intercepts_]
    if not classifier.fit_intercept:
        intercepts = [np.zeros_like(b) for b in intercepts]
    return put_in(classifier, weights, intercepts), weights, intercepts


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
    rule = {"activation": activation, "loss": loss, "backprop": "gradient"}
    classifier, weights, intercepts = prepared(hidden_layer_sizes, output_activation=output, **rule)
    x, target = np.random.RandomState(X_SEED).normal(size=N_FEATURES), 1
    t = np.eye(N_CLASSES)[target]

    def loss_now():
        o = forward(weights, intercepts, x, activation, output)[-1]
        return loss_of_outputs(o, t, output, loss)

    classifier.partial_fit(x[np.newaxis], [target])

    assert_allclose(classifier.loss_, loss_now(), rtol=1e-12)  # from before the update
    for before, after in zip([*weights, *intercepts], parameters_of(classifier), strict=True):
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


EACH_RULE = [((4, 3), *combination) for combination in COMBINATIONS]
EACH_DEPTH = [(sizes, "tanh", "softmax", "squared_error") for sizes in [(), (4,), (4, 3, 5, 2)]]


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("backprop", ["error", "gradient"])
@pytest.mark.parametrize(
    ("hidden_layer_sizes", "activation", "output", "loss"), EACH_RULE + EACH_DEPTH
)
def test_many_steps_follow_the_rule(
    hidden_layer_sizes, activation, output, loss, backprop, fit_intercept
):
    rule = {"activation": activation, "loss": loss, "backprop": backprop}
    classifier, weights, intercepts = prepared(
        hidden_layer_sizes, output_activation=output, fit_intercept=fit_intercept, **rule
    )
    rng = np.random.RandomState(2)
    X, targets = rng.normal(size=(20, N_FEATURES)), rng.randint(N_CLASSES, size=20)
    X[rng.uniform(size=X.shape) < 0.4] = 0  # rows of the weights that a sample does not touch

    classifier.partial_fit(X[:10], targets[:10])
    classifier.partial_fit(csr_matrix(X[10:]), targets[10:])
    for x, target in zip(X, targets, strict=True):
        step(weights, intercepts, x, np.eye(N_CLASSES)[target], rate=RATE, output=output, **rule)
        if not fit_intercept:
            intercepts = [np.zeros_like(b) for b in intercepts]

    assert max(np.abs(W).max() for W in weights) < 10  # they have not run away
    for fitted, expected in zip(parameters_of(classifier), [*weights, *intercepts], strict=True):
        assert_allclose(fitted, expected, rtol=1e-10, atol=1e-12)

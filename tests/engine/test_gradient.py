"""backprop="gradient" steps along the gradient of the loss, which central differences find."""

from itertools import pairwise

import numpy as np
import pytest
from helpers import COMBINATIONS
from numpy.testing import assert_allclose
from problems import Problem, train

from skl_softmaxnet import _engine

RATE = 0.05
TARGETS, FIRST = np.array([1]), np.zeros(1, dtype=np.intp)


def problem(hidden_layer_sizes):
    """Weights larger than initial ones, so that no gradient is lost in rounding, and a sample.

    The sums of the hidden units are of both signs, and at least 0.1 away from the kink of "relu".
    """
    rng = np.random.RandomState(0)
    shapes = list(pairwise([5, *hidden_layer_sizes, 3]))
    coefs = [rng.normal(scale=0.7, size=shape) for shape in shapes]
    intercepts = [rng.normal(scale=0.3, size=n_units) for _, n_units in shapes]
    return (coefs, intercepts), np.random.RandomState(5).normal(size=(1, 5))


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


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("hidden_layer_sizes", [(4, 3), ()])
@pytest.mark.parametrize(
    "rule", [c for c in COMBINATIONS if c["backprop"] == "gradient" and c["fit_intercept"]], ids=str
)
def test_gradient_is_that_of_the_loss(rule, hidden_layer_sizes):
    network, X = problem(hidden_layer_sizes)
    one = Problem(network, X, TARGETS, FIRST, None)

    def present(rate):
        return train(_engine.Engine, one, rate=rate, **rule)

    after, _ = present(RATE)
    for array, moved in zip([*network[0], *network[1]], after, strict=True):
        gradient = central_difference(lambda: present(0.0)[1], array)
        assert np.abs(gradient).max() > 1e-3  # the test would otherwise say little
        # The differences themselves are good to some 1e-10, whatever the gradient's size.
        assert_allclose(moved - array, -RATE * gradient, rtol=1e-5, atol=1e-9)

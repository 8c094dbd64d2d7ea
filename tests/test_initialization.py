"""Initial weights: truncated normal, against SciPy's."""

from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from skl_softmaxnet import truncated_normal
from skl_softmaxnet._initialization import initial_weights

BOUNDS = [1e-3, 0.1, 0.5, 1.0, 3.0, 10.0]


@pytest.mark.parametrize("bound", BOUNDS)
def test_distribution(bound):
    values = truncated_normal(20_000, bound=bound, random_state=0)
    distribution = stats.truncnorm(-bound, bound)
    assert stats.kstest(values, distribution.cdf).pvalue > 0.01
    assert_allclose(values.std(), distribution.std(), rtol=0.02)


@pytest.mark.parametrize("bound", BOUNDS)
def test_wrong_distributions_are_told_apart(bound):
    """What the test above could see: another bound by 10 %, or a normal that is not cut."""
    values = truncated_normal(20_000, bound=bound, random_state=0)
    if bound <= 1:
        other = stats.truncnorm(-1.1 * bound, 1.1 * bound)
        assert stats.kstest(values, other.cdf).pvalue < 1e-6
        assert stats.kstest(values, stats.norm.cdf).pvalue < 1e-6
    else:  # so wide a cut takes next to nothing away
        assert stats.kstest(values, stats.truncnorm(-1, 1).cdf).pvalue < 1e-6


@pytest.mark.parametrize("bound", [1e-8, *BOUNDS, 40.0, np.inf])
def test_bounds(bound):
    values = truncated_normal(1000, bound=bound, random_state=0)
    assert np.isfinite(values).all()
    assert np.abs(values).max() <= bound
    assert values.min() < 0 < values.max()
    if bound <= 1:  # nearly uniform, so that it comes near both ends
        assert values.min() < -0.95 * bound
        assert values.max() > 0.95 * bound


@pytest.mark.parametrize("bound", [0, -1.0, np.nan, -np.inf])
def test_bounds_must_be_above_zero(bound):
    with pytest.raises(ValueError, match="bound must be above 0"):
        truncated_normal(3, bound=bound)


@pytest.mark.parametrize("size", [5, (5,), (2, 3), (0, 3), ()])
def test_size(size):
    values = truncated_normal(size, bound=0.5, random_state=0)
    assert np.shape(values) == (size if isinstance(size, tuple) else (size,))
    assert values.dtype == np.float64


def test_random_state():
    seeded = truncated_normal(4, bound=0.5, random_state=3)
    generator = np.random.RandomState(3)
    assert_array_equal(truncated_normal(4, bound=0.5, random_state=3), seeded)
    assert_array_equal(truncated_normal(4, bound=0.5, random_state=generator), seeded)
    assert not np.array_equal(truncated_normal(4, bound=0.5, random_state=generator), seeded)


@pytest.mark.parametrize("layer_sizes", [(4, 3), (1, 1, 2), (784, 17, 5, 10)])
def test_initial_weights(layer_sizes):
    coefs, intercepts = initial_weights(layer_sizes, np.random.RandomState(0))
    assert [weights.shape for weights in coefs] == list(pairwise(layer_sizes))
    assert [values.shape for values in intercepts] == [(size,) for size in layer_sizes[1:]]
    for weights, values in zip(coefs, intercepts, strict=True):
        assert np.abs(weights).max() <= 1 / np.sqrt(len(weights))
        assert not values.any()


def test_initial_weights_of_every_layer_are_distributed_alike():
    coefs, _ = initial_weights((400, 100, 50), np.random.RandomState(0))
    for weights in coefs:
        bound = 1 / np.sqrt(len(weights))
        assert stats.kstest(weights.ravel(), stats.truncnorm(-bound, bound).cdf).pvalue > 0.01


def test_a_layer_does_not_depend_on_the_layers_after_it():
    """Drawn from the inputs on: another number of classes leaves the first layer as it is."""
    three, _ = initial_weights((5, 4, 3), np.random.RandomState(0))
    ten, _ = initial_weights((5, 4, 10), np.random.RandomState(0))
    assert_array_equal(three[0], ten[0])

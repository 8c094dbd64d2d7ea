"""Initial weights: truncated normal, against SciPy's."""

from itertools import pairwise

import numpy as np
import pytest
from helpers import network, present_nothing
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from skl_softmaxnet import truncated_normal

BOUNDS = [1e-3, 0.1, 0.5, 1.0, 3.0, 10.0]


@pytest.mark.parametrize("bound", BOUNDS)
def test_distribution(bound):
    values = truncated_normal(20_000, bound=bound, random_state=0)
    distribution = stats.truncnorm(-bound, bound)
    assert stats.kstest(values, distribution.cdf).pvalue > 0.01
    assert_allclose(values.std(), distribution.std(), rtol=0.02)
    # wrong ones are told apart: another bound by 10 %, or a normal that is not cut; so wide a cut
    # as the last ones takes next to nothing away
    wrong = [stats.truncnorm(-1.1 * bound, 1.1 * bound), stats.norm]
    for other in wrong if bound <= 1 else [stats.truncnorm(-1, 1)]:
        assert stats.kstest(values, other.cdf).pvalue < 1e-6


@pytest.mark.parametrize("bound", [0, -1.0, np.nan, -np.inf, None, "1", [1, 0], 1j], ids=repr)
def test_bounds_must_be_above_zero(bound):
    with pytest.raises((ValueError, TypeError), match="bound"):
        truncated_normal(3, bound=bound, random_state=0)


@pytest.mark.parametrize("bound", [1e-8, *BOUNDS, 40.0, np.inf])
@pytest.mark.parametrize("size", [(), 5, (5,), (2, 3), (0, 3), (1000,)])
def test_bounds_sizes_and_random_states(size, bound):
    values = truncated_normal(size, bound=bound, random_state=3)
    assert np.shape(values) == (size if isinstance(size, tuple) else (size,))
    assert values.dtype == np.float64
    assert np.isfinite(values).all()
    assert np.abs(values).max(initial=0) <= bound
    if size == (1000,) and bound <= 1:  # nearly uniform, so that it comes near both ends
        assert values.min() < -0.95 * bound
        assert values.max() > 0.95 * bound
    generator = np.random.RandomState(3)
    assert_array_equal(truncated_normal(size, bound=bound, random_state=generator), values)
    again = truncated_normal(size, bound=bound, random_state=generator)
    assert values.size == 0 or not np.array_equal(again, values)


def initial(n_features, *hidden_layer_sizes, n_classes):
    """The network as it is before the first sample."""
    X, y = np.zeros((n_classes, n_features)), np.arange(n_classes)
    return present_nothing(network(hidden_layer_sizes), X, y)


@pytest.mark.parametrize("sizes", [(4, 3), (1, 1, 2), (784, 17, 5, 10), (400, 100, 50)])
def test_initial_weights(sizes):
    *sizes_below, n_classes = sizes
    model = initial(*sizes_below, n_classes=n_classes)
    assert [weights.shape for weights in model.coefs_] == list(pairwise(sizes))
    assert [values.shape for values in model.intercepts_] == [(size,) for size in sizes[1:]]
    assert model.n_layers_ == len(sizes)
    for weights, values in zip(model.coefs_, model.intercepts_, strict=True):
        bound = 1 / np.sqrt(len(weights))
        assert np.abs(weights).max() <= bound
        if weights.size > 1000:
            assert stats.kstest(weights.ravel(), stats.truncnorm(-bound, bound).cdf).pvalue > 0.01
        assert not values.any()


def test_a_layer_does_not_depend_on_the_layers_after_it():
    """Drawn from the inputs on: another number of classes leaves the first layer as it is."""
    three, ten = (initial(5, 4, n_classes=n_classes) for n_classes in (3, 10))
    assert_array_equal(three.coefs_[0], ten.coefs_[0])

"""Softmax against SciPy and central differences, and the compiled twins of all functions.

test_gradient.py has the derivatives of losses, promises/test_options.py the activations.
"""

import numpy as np
import pytest
import scipy.special
from helpers import each_dtype, only_compiled
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal
from problems import Problem, train

from skl_softmaxnet import _functions as functions
from skl_softmaxnet import softmax, softmax_jacobian, softmax_jacobian_product
from skl_softmaxnet._engine import CompiledEngine, NumpyEngine

repeatable = settings(max_examples=50, deadline=None, derandomize=True)


def vectors(bound):
    numbers = st.floats(-bound, bound)
    return st.integers(1, 12).flatmap(lambda size: arrays(np.float64, size, elements=numbers))


def differences(function, z, step=1e-6):
    """∂function/∂z by central differences: column j is the derivative by z_j."""
    steps = step * np.eye(len(z))
    return np.transpose([(function(z + one) - function(z - one)) / (2 * step) for one in steps])


@given(z=vectors(1e4))
@repeatable
def test_softmax_is_a_distribution(z):
    output = softmax(z)
    assert output.min() >= 0
    assert_allclose(output.sum(), 1, rtol=1e-14)
    assert_allclose(output, scipy.special.softmax(z), rtol=1e-14)
    assert_allclose(softmax(z + 8), output, rtol=1e-11)  # only differences of sums matter


def test_softmax_at_the_ends():
    for z, expected in (
        ([1e308, 1e308], [0.5, 0.5]),
        ([-1e308, -1e308], [0.5, 0.5]),
        ([1.7e308, -1.7e308], [1, 0]),
        ([-np.inf, 3.0], [0, 1]),  # impossible
        ([True, False], softmax([1.0, 0.0])),
    ):
        assert_array_equal(softmax(z), expected)


@given(data=st.data())
@repeatable
def test_softmax_of_whole_numbers(data):
    """Their differences do not wrap around."""
    kinds = [np.int8, np.uint8, np.int16, np.uint32, np.int64, np.uint64]
    limits = np.iinfo(data.draw(st.sampled_from(kinds)))
    numbers = st.integers(limits.min, limits.max) | st.integers(0, 9)
    z = np.array(data.draw(st.lists(numbers, min_size=1, max_size=5)), limits.dtype)
    for values in (z, z.astype(object), z.tolist()):
        assert_array_equal(softmax(values), softmax(z.astype(np.float64)))


@pytest.mark.parametrize("axis", [0, 1, -1, None])
@each_dtype
def test_softmax_along_an_axis(axis, dtype):
    z = np.random.RandomState(0).normal(size=(3, 4)).astype(dtype)
    output = softmax(z, axis=axis)
    assert output.dtype == dtype
    assert_allclose(output, scipy.special.softmax(z, axis=axis), rtol=2 * np.finfo(dtype).eps)


@pytest.mark.parametrize(
    "z", [[np.nan, 1], [np.inf, 1], [-np.inf, -np.inf], None, ["a"], [1j], [10**400], [[1], [1, 2]]]
)
def test_softmax_names_what_has_none(z):
    with pytest.raises(ValueError, match=r"\bz\b"):
        softmax(z)


@given(z=vectors(5), seed=st.integers(0, 9))
@repeatable
def test_the_jacobian_is_the_derivative(z, seed):
    output, vector = softmax(z), np.random.RandomState(seed).normal(size=len(z))
    jacobian = softmax_jacobian(output)
    assert_allclose(jacobian, differences(softmax, z), atol=1e-9)
    assert_array_equal(jacobian, jacobian.T)
    assert_allclose(jacobian.sum(axis=0), 0, atol=1e-15)
    assert np.isfinite(softmax_jacobian(softmax(1e300 * z))).all()
    one_hot = np.eye(len(z), dtype=[bool, np.uint8, object][seed % 3])[0]
    assert_allclose(softmax_jacobian(one_hot), 0 * jacobian)
    for arguments in ((output, vector), (output.tolist(), vector.tolist())):
        assert_allclose(softmax_jacobian_product(*arguments), jacobian @ vector, atol=1e-14)


@pytest.mark.parametrize(
    "wrong", [[[0.2], [0.8]], [[0.2, 0.8]], np.eye(2), 0.5, None, [np.nan, 1], [np.inf, 1], ["a"]]
)
def test_the_jacobian_is_that_of_a_vector(wrong):
    """A column or a row has another matrix."""
    with pytest.raises(ValueError, match="output must be"):
        softmax_jacobian(wrong)
    with pytest.raises(ValueError, match="output must be"):
        softmax_jacobian_product(wrong, [1.0, 2.0])
    with pytest.raises(ValueError, match="vector must be"):
        softmax_jacobian_product([0.2, 0.8], wrong)
    with pytest.raises(ValueError, match="output and vector differ in length: 2 and 3"):
        softmax_jacobian_product([0.2, 0.8], [1, 2, 3])


def test_losses_by_hand():
    target, z = np.array([1.0, 0]), np.array([-1000.0, 1000])  # could not be more wrong
    assert functions.log_loss(target, z, "softmax") == 2000
    assert functions.log_loss(target, z, "sigmoid") == 2000
    assert functions.squared_error(np.array([1.0, 0, 0]), np.array([0.5, 0.5, 0])) == 0.25
    at_the_kink = functions.relu(np.array([-0.0, 0.0]))
    assert functions.relu_derivative(at_the_kink).tolist() == [0, 0]


def sums(dtype):
    """Sums z over the whole range: ordinary, saturated, at edges, next to zero, denormal."""
    rng = np.random.RandomState(0)
    edges = [10, 20, 87, 88, 104, 708, 709, 710, 745, 746, 800]
    small = 10.0 ** np.arange(-45 if dtype == np.float32 else -323, 0)
    positive = np.concatenate([rng.uniform(0, 30, 500), rng.uniform(30, 800, 300), edges, small])
    return np.concatenate([[0.0], positive, -positive]).astype(dtype)


def values_on(engine_class, z, activation):
    """The outputs of units with sums z, read off the weights after one presentation of x = 1."""
    X, first = np.ones((1, 1), z.dtype), np.zeros(1, dtype=np.intp)
    coefs, options = [z[np.newaxis]], {"loss": "log_loss", "rate": 1.0}
    is_hidden = activation in functions.ACTIVATIONS
    if is_hidden:  # weights of 0 after it give o = (½, ½); at rate 2 they become ±h
        coefs.append(np.zeros((z.size, 2)))
        options |= {"activation": activation, "rate": 2.0}
    else:  # without a hidden layer, the intercepts become t − o at rate 1
        options |= {"output_activation": activation}
    network = coefs, [np.zeros(W.shape[1]) for W in coefs]
    rule = {"loss": "squared_error", "backprop": "error", "activation": "logistic"} | options
    weights, _ = train(engine_class, Problem(network, X, first, first, None), **rule)
    return weights[1][:, 0] if is_hidden else -weights[-1][1:]  # the target is left out


@only_compiled
@pytest.mark.usefixtures("engine")
@each_dtype
@pytest.mark.parametrize("activation", ["sigmoid", "softmax", *functions.ACTIVATIONS])
def test_compiled_functions(activation, dtype):
    """Within 4 units in the last place, down to where the compiled exp stops becoming smaller."""
    limits = np.finfo(dtype)
    z = -np.abs(sums(dtype)) if activation == "softmax" else sums(dtype)
    both = [values_on(engine, z, activation) for engine in (CompiledEngine, NumpyEngine)]
    if activation == "softmax":
        assert_allclose(both[0].max(), both[1].max(), rtol=1e3 * limits.eps)
        # the compiled engine flushes what is no normal number
        is_normal = both[1] >= limits.tiny
        assert (both[0][~is_normal] < limits.tiny).all()
        assert 0.5 < is_normal.mean() < 1
        # relative to the largest, exp(0), which leaves out how well so many were added up
        both = [values[is_normal] / values.max() for values in both]
    assert np.isfinite(both[0]).all()
    assert_allclose(*both, rtol=4 * limits.eps, atol=2 * limits.tiny)

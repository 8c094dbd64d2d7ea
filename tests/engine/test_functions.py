"""The mathematics against SciPy and central differences, and the compiled twins of it."""

import numpy as np
import pytest
import scipy.special
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal

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
    columns = [(function(z + one) - function(z - one)) / (2 * step) for one in steps]
    return np.transpose(columns)


# --- Softmax ---


@given(z=vectors(1e4))
@repeatable
def test_softmax_is_a_distribution(z):
    output = softmax(z)
    assert output.min() >= 0
    assert_allclose(output.sum(), 1, rtol=1e-14)
    assert_allclose(output, scipy.special.softmax(z), rtol=1e-14)
    assert_allclose(softmax(z + 8), output, rtol=1e-11)  # only differences of sums matter


@given(z=arrays(np.float64, 4, elements=st.floats(allow_nan=False, allow_infinity=False)))
@repeatable
def test_softmax_of_any_number(z):
    output = softmax(z)
    assert abs(output.sum() - 1) < 1e-12
    assert np.isfinite(softmax_jacobian(output)).all()


@pytest.mark.parametrize(
    ("z", "expected"),
    [
        ([1e308, 1e308], [0.5, 0.5]),
        ([-1e308, -1e308], [0.5, 0.5]),
        ([1.7e308, -1.7e308], [1, 0]),
        ([-np.inf, 3.0], [0, 1]),  # impossible
        ([True, False], softmax([1.0, 0.0])),
    ],
)
def test_softmax_at_the_ends(z, expected):
    assert_array_equal(softmax(z), expected)


INTEGERS = [np.int8, np.uint8, np.int16, np.uint32, np.int64, np.uint64]


@given(data=st.data())
@repeatable
def test_softmax_of_whole_numbers(data):
    """Their differences do not wrap around."""
    limits = np.iinfo(data.draw(st.sampled_from(INTEGERS)))
    numbers = st.integers(limits.min, limits.max) | st.integers(0, 9)
    z = np.array(data.draw(st.lists(numbers, min_size=1, max_size=5)), limits.dtype)
    for values in (z, z.astype(object), z.tolist()):
        assert_array_equal(softmax(values), softmax(z.astype(np.float64)))


@pytest.mark.parametrize(
    "z", [[np.nan, 1], [np.inf, 1], [-np.inf, -np.inf], None, ["a"], [1j], [10**400], [[1], [1, 2]]]
)
def test_softmax_names_what_has_none(z):
    with pytest.raises(ValueError, match=r"\bz\b"):
        softmax(z)


@pytest.mark.parametrize("axis", [0, 1, -1, None])
def test_softmax_along_an_axis(axis):
    z = np.random.RandomState(0).normal(size=(3, 4))
    assert_allclose(softmax(z, axis=axis), scipy.special.softmax(z, axis=axis), rtol=1e-15)
    assert_allclose(softmax(z, axis=axis).sum(axis=axis), 1, rtol=1e-14)


def test_softmax_keeps_float32():
    assert softmax(np.ones(3, dtype=np.float32)).dtype == np.float32
    assert softmax([0, 1, 2]).dtype == np.float64


@given(z=vectors(5))
@repeatable
def test_jacobian_is_the_derivative(z):
    jacobian = softmax_jacobian(softmax(z))
    assert_allclose(jacobian, differences(softmax, z), atol=1e-9)
    assert_array_equal(jacobian, jacobian.T)
    assert_allclose(jacobian.sum(axis=0), 0, atol=1e-15)


@given(z=vectors(5), seed=st.integers(0, 9))
@repeatable
def test_jacobian_product(z, seed):
    output, vector = softmax(z), np.random.RandomState(seed).normal(size=len(z))
    expected = softmax_jacobian(output) @ vector
    assert_allclose(softmax_jacobian_product(output, vector), expected, atol=1e-14)
    assert_allclose(softmax_jacobian_product(list(output), list(vector)), expected, atol=1e-14)


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


def test_the_jacobian_times_a_vector_of_another_length():
    with pytest.raises(ValueError, match="output and vector differ in length: 2 and 3"):
        softmax_jacobian_product([0.2, 0.8], [1, 2, 3])


@pytest.mark.parametrize("dtype", [bool, np.uint8, object])
def test_the_jacobian_of_whole_numbers(dtype):
    one_hot = np.array([0, 1, 0], dtype)
    assert_allclose(softmax_jacobian(one_hot), np.zeros((3, 3)))
    assert_allclose(softmax_jacobian_product(one_hot, [1, 2, 3]), np.zeros(3))


# --- Activations ---

ORACLES = {
    "logistic": scipy.special.expit,
    "tanh": np.tanh,
    "relu": lambda z: np.where(z > 0, z, 0),
    "identity": lambda z: z,
}
each_activation = pytest.mark.parametrize("activation", ORACLES)


def test_all_activations_are_tested():
    assert set(functions.ACTIVATIONS) == set(ORACLES)
    assert set(functions.OUTPUT_ACTIVATIONS) == {"softmax", "sigmoid"}


@each_activation
def test_activations(activation):
    activate, derivative = functions.ACTIVATIONS[activation]
    z = np.concatenate([np.linspace(-6, 6, 25) + 0.1, [-800.0, 800.0]])  # 0.1 off relu's kink
    h = activate(z)
    assert_allclose(h, ORACLES[activation](z), rtol=1e-14)
    expected = [differences(lambda x: activate(x)[0], np.array([one]))[0] for one in z]
    assert_allclose(derivative(h), expected, atol=1e-7)


@each_activation
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_activations_in_place_and_in_their_dtype(activation, dtype):
    activate, derivative = functions.ACTIVATIONS[activation]
    z = np.linspace(-3, 3, 7, dtype=dtype)
    expected = activate(z.copy())
    assert expected.dtype == derivative(expected).dtype == dtype
    assert activate(z, out=z) is z
    assert_array_equal(z, expected)


def test_the_derivative_of_relu_at_its_kink_is_zero():
    assert functions.relu_derivative(functions.relu(np.array([-0.0, 0.0]))).tolist() == [0, 0]


# --- Losses ---


def loss_of_sums(z, target, output_activation, loss):
    if loss == "log_loss":
        return functions.log_loss(target, z, output_activation)
    return functions.squared_error(target, functions.OUTPUT_ACTIVATIONS[output_activation](z))


def delta_of_sums(z, target, output_activation, loss):
    output = functions.OUTPUT_ACTIVATIONS[output_activation](z)
    if loss == "log_loss":
        return functions.log_loss_delta(target, output)
    return functions.squared_error_delta(target, output, output_activation)


@pytest.mark.parametrize("loss", ["squared_error", "log_loss"])
@pytest.mark.parametrize("output_activation", ["softmax", "sigmoid"])
@given(z=vectors(5), which=st.integers(0, 11))
@repeatable
def test_deltas_are_minus_the_derivatives(output_activation, loss, z, which):
    target = np.eye(len(z))[which % len(z)]
    expected = differences(lambda z: -loss_of_sums(z, target, output_activation, loss), z)
    assert_allclose(delta_of_sums(z, target, output_activation, loss), expected, atol=1e-8)


@given(z=vectors(30), which=st.integers(0, 11))
@repeatable
def test_log_loss_is_what_scipy_says(z, which):
    target = np.eye(len(z))[which % len(z)]
    expected = -scipy.special.log_softmax(z)[which % len(z)]
    assert_allclose(functions.log_loss(target, z, "softmax"), expected, rtol=1e-12, atol=1e-13)
    outputs, one_minus = scipy.special.expit(z), scipy.special.expit(-z)
    expected = scipy.special.xlogy(target, outputs) + scipy.special.xlogy(1 - target, one_minus)
    # the absolute terms: the oracles lose digits where they take the logarithm of nearly 1
    loss = functions.log_loss(target, z, "sigmoid")
    assert_allclose(loss, -expected.sum(), rtol=1e-12, atol=1e-13)


def test_log_loss_of_what_could_not_be_more_wrong_is_finite():
    target, z = np.array([1.0, 0]), np.array([-1000.0, 1000])
    assert functions.log_loss(target, z, "softmax") == 2000
    assert functions.log_loss(target, z, "sigmoid") == 2000


def test_squared_error_by_hand():
    assert functions.squared_error(np.array([1.0, 0, 0]), np.array([0.5, 0.5, 0])) == 0.25


# --- The compiled functions, read off the weights after one presentation ---


def sums(dtype):
    """Sums z over the whole range: ordinary, saturated, at edges, next to zero, denormal."""
    rng = np.random.RandomState(0)
    edges = [10, 20, 87, 88, 104, 708, 709, 710, 745, 746, 800]
    small = 10.0 ** np.arange(-45 if dtype == np.float32 else -323, 0)
    positive = np.concatenate([rng.uniform(0, 30, 500), rng.uniform(30, 800, 300), edges, small])
    return np.concatenate([[0.0], positive, -positive]).astype(dtype)


def outputs_on(run_engine, engine_class, z, output_activation):
    """Without a hidden layer, x = 1 and weights z, the intercepts become t − o at rate 1."""
    network = [z[np.newaxis]], [np.zeros(z.size)]
    X, first = np.ones((1, 1), z.dtype), np.zeros(1, dtype=np.intp)
    options = {"output_activation": output_activation, "loss": "log_loss", "rate": 1.0}
    weights, _ = run_engine(engine_class, network, X, first, first, **options)
    return -weights[-1][1:]  # but for the target, which is the first


def hidden_outputs_on(run_engine, engine_class, z, activation):
    """Weights of zero after the hidden layer give o = (½, ½); at rate 2 they become ±h."""
    network = [z[np.newaxis], np.zeros((z.size, 2))], [np.zeros(z.size), np.zeros(2)]
    X, first = np.ones((1, 1), z.dtype), np.zeros(1, dtype=np.intp)
    options = {"activation": activation, "loss": "log_loss", "rate": 2.0}
    weights, _ = run_engine(engine_class, network, X, first, first, **options)
    assert_array_equal(weights[1][:, 0], -weights[1][:, 1])
    return weights[1][:, 0]


def assert_few_ulp(values, expected):
    """Within 4 units in the last place, down to where the compiled exp stops becoming smaller."""
    limits = np.finfo(expected.dtype)
    assert np.isfinite(values).all()
    assert_allclose(values, expected, rtol=4 * limits.eps, atol=2 * limits.tiny)


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("engine", ["compiled"], indirect=True)  # skips where it is not built
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("activation", ["sigmoid", "softmax", *ORACLES])
def test_compiled_functions(activation, dtype, run_engine):
    z = -np.abs(sums(dtype)) if activation == "softmax" else sums(dtype)
    of_engine = hidden_outputs_on if activation in ORACLES else outputs_on
    compiled, expected = (
        of_engine(run_engine, engine, z, activation) for engine in (CompiledEngine, NumpyEngine)
    )
    if activation == "softmax":
        assert_allclose(compiled.max(), expected.max(), rtol=1e3 * np.finfo(dtype).eps)
        # the compiled engine flushes what is no normal number
        is_normal = expected >= np.finfo(dtype).tiny
        assert (compiled[~is_normal] < np.finfo(dtype).tiny).all()
        assert 0.5 < is_normal.mean() < 1
        # relative to the largest, exp(0), which leaves out how well so many were added up
        compiled, expected = (values[is_normal] / values.max() for values in (compiled, expected))
    assert_few_ulp(compiled, expected)

"""Numbers of any type and size: as the float that they are, or an error that names them."""

import datetime
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skl_softmaxnet import (
    SoftmaxMLPClassifier,
    softmax,
    softmax_jacobian,
    softmax_jacobian_product,
)

repeatable = settings(max_examples=100, deadline=None, derandomize=True)

X = np.random.RandomState(0).normal(size=(12, 2))
Y = np.arange(12) % 3


def network(**options):
    options = {"max_iter": 3, "tol": None, "random_state": 0} | options
    return SoftmaxMLPClassifier(3, **options)


def with_number(values, number):
    values = np.array(values, dtype=object)
    values.flat[3] = number
    return values


# --- Numbers in the data ---

EXACT = [7, -7, 0.25, True, Decimal("0.25"), Fraction(1, 4), np.int8(7), np.float16(0.25)]
EXACT += [np.longdouble(0.25), np.uint64(2**63), 2**80]
TOO_LARGE = [10**400, -(10**400), Fraction(10**400), Decimal("1e400"), np.longdouble("1e4000")]


@pytest.mark.parametrize("number", EXACT, ids=repr)
@pytest.mark.parametrize("form", [np.asarray, np.ndarray.tolist], ids=["array", "list"])
def test_exact_numbers_are_floats(number, form):
    given = form(with_number(X, number))
    plain = with_number(X, float(number)).astype(np.float64)
    model, expected = (network().fit(values, Y) for values in (given, plain))
    assert_array_equal(model.coefs_[0], expected.coefs_[0])
    assert_array_equal(model.predict_proba(given), expected.predict_proba(plain))


def refused_calls(number):
    fitted = network().fit(X, Y)
    wrong_X, wrong_weights = with_number(X, number), abs(with_number(np.ones(12), number))
    return {
        "X": lambda: network().fit(wrong_X, Y),
        "X of partial_fit": lambda: network().partial_fit(wrong_X, Y, [0, 1, 2]),
        "X of predict": lambda: fitted.predict(wrong_X),
        "X_val": lambda: network(early_stopping=True).fit(X, Y, X_val=wrong_X, y_val=Y),
        "sample_weight": lambda: network().fit(X, Y, sample_weight=wrong_weights),
        "sample_weight of partial_fit": lambda: network().partial_fit(
            X, Y, [0, 1, 2], sample_weight=wrong_weights
        ),
        "class_weight": lambda: network(class_weight={0: abs(number)}).fit(X, Y),
    }


@pytest.mark.filterwarnings("ignore:overflow encountered in cast:RuntimeWarning")
@pytest.mark.parametrize("call", refused_calls(1.0))
@pytest.mark.parametrize("number", TOO_LARGE, ids=lambda number: type(number).__name__)
def test_numbers_that_no_float_can_hold(number, call):
    with pytest.raises(ValueError, match=rf"\b{call.split()[0]}\b"):
        refused_calls(number)[call]()


COMPLEX_WEIGHTS = [np.full(12, 1 + 1j), [1j] * 12, 1 + 1j, np.complex64(1)]
TIMES = [np.arange(12).astype("datetime64[s]"), np.arange(12).astype("timedelta64[s]")]


@pytest.mark.parametrize("weights", COMPLEX_WEIGHTS + TIMES, ids=lambda weights: repr(weights)[:20])
def test_weights_are_real_numbers(weights):
    with pytest.raises(ValueError, match="sample_weight must hold numbers"):
        network().fit(X, Y, sample_weight=weights)


@pytest.mark.parametrize("weight", [1 + 1j, np.complex128(1 + 1j)])
def test_weights_of_classes_are_real_numbers(weight):
    with pytest.raises(ValueError, match="class_weight must hold numbers"):
        network(class_weight={0: weight}).fit(X, Y)


@pytest.mark.parametrize("wrong", [[[datetime.date(2020, 1, 1)]] * 12, [[object()]] * 12])
def test_the_one_of_both_that_is_wrong_is_named(wrong):
    with pytest.raises((ValueError, TypeError), match=r"^X\b"):
        network().fit(wrong, Y)


# --- Numbers as parameters ---

TYPES = [np.float16, np.float32, np.float64, np.longdouble]
PARAMETERS = ["alpha", "decay", "learning_rate_init", "momentum", "power_t"]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("schedule", ["invscaling", "inverse_time"])
@pytest.mark.parametrize("name", PARAMETERS)
def test_a_number_of_any_type_is_the_float_that_it_is(name, schedule, dtype, engine):
    """NumPy would take its type over into the sums."""
    for number_type in TYPES:
        number = number_type(0.3)
        options = {"alpha": 1e-3, "momentum": 0.5, "learning_rate": schedule}
        fits = [
            network(**(options | {name: value})).fit(X.astype(dtype), Y)
            for value in (number, float(number))
        ]
        for weights, expected in zip(*(fit.coefs_ for fit in fits), strict=True):
            assert_array_equal(weights, expected, strict=True)


@pytest.mark.parametrize("number", [10**400, np.longdouble("1e4000"), Fraction(1, 3)], ids=repr)
@pytest.mark.parametrize("name", [*PARAMETERS, "tol", "validation_fraction"])
def test_a_number_that_is_no_float_is_named(name, number):
    if isinstance(number, np.longdouble) and np.isinf(number):
        pytest.skip("a long double is no larger than a float here")
    for learn in ("fit", "partial_fit"):
        model = network(**{name: number, "early_stopping": True})
        classes = {"classes": [0, 1, 2]} if learn == "partial_fit" else {}
        with pytest.raises((ValueError, TypeError), match=name):
            getattr(model, learn)(X, Y, **classes)
        assert not hasattr(model, "coefs_")


@pytest.mark.parametrize("max_iter", [2**63, 10**30])
@pytest.mark.parametrize("shuffle", [True, False])
def test_epochs_beyond_all_counting(max_iter, shuffle):
    stopping = {"learning_rate": "constant", "tol": 10.0, "n_iter_no_change": 2}
    model = network(max_iter=max_iter, shuffle=shuffle, **stopping)
    assert model.fit(X, Y).n_iter_ == 4


def test_sizes_that_are_an_array_without_dimensions():
    with pytest.raises(ValueError, match="hidden_layer_sizes"):
        network().set_params(hidden_layer_sizes=np.array(3)).fit(X, Y)


# --- Sums that overflow ---


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
@pytest.mark.parametrize("activation", ["identity", "relu"])
@pytest.mark.parametrize("method", ["predict", "predict_proba", "predict_log_proba"])
def test_predicting_what_is_too_large_is_an_error(method, activation):
    model = network(activation=activation, max_iter=30, learning_rate_init=1.0).fit(X, Y)
    model.coefs_ = [100 * weights for weights in model.coefs_]
    assert np.isfinite(getattr(model, method)(X)).all()
    with pytest.raises(ValueError, match="X holds values that are too large"):
        getattr(model, method)(1e307 * X)


# --- The functions ---

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


def test_softmax_of_bools():
    assert_array_equal(softmax([True, False]), softmax([1.0, 0.0]))


def test_softmax_takes_minus_infinity_for_impossible():
    assert_array_equal(softmax([-np.inf, 3.0]), [0, 1])
    assert_array_equal(softmax([1.7e308, -1.7e308]), [1, 0])


@pytest.mark.parametrize(
    "z", [[np.nan, 1], [np.inf, 1], [-np.inf, -np.inf], None, ["a"], [1j], [10**400], [[1], [1, 2]]]
)
def test_softmax_names_what_has_none(z):
    with pytest.raises(ValueError, match=r"\bz\b"):
        softmax(z)


@pytest.mark.parametrize(
    "wrong", [[[0.2], [0.8]], [[0.2, 0.8]], np.eye(2), 0.5, None, [np.nan, 1], [np.inf, 1], ["a"]]
)
def test_the_jacobian_is_that_of_a_vector(wrong):
    """A column or row was given another matrix, without a word."""
    with pytest.raises(ValueError, match="output must be"):
        softmax_jacobian(wrong)
    with pytest.raises(ValueError, match="output must be"):
        softmax_jacobian_product(wrong, [1.0, 2.0])
    with pytest.raises(ValueError, match="vector must be"):
        softmax_jacobian_product([0.2, 0.8], wrong)


def test_the_jacobian_times_a_vector_of_another_length():
    with pytest.raises(ValueError, match="output and vector differ in length: 2 and 3"):
        softmax_jacobian_product([0.2, 0.8], [1, 2, 3])


def test_the_jacobian_of_whole_numbers():
    for dtype in (bool, np.uint8, object):
        one_hot = np.array([0, 1, 0], dtype)
        assert_allclose(softmax_jacobian(one_hot), np.zeros((3, 3)))
        assert_allclose(softmax_jacobian_product(one_hot, [1, 2, 3]), np.zeros(3))

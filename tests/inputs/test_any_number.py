"""Numbers of any type and size: as the float that they are, or an error."""

from contextlib import suppress
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from helpers import assert_same_bits, network, train
from numpy.testing import assert_array_equal

N = 12
X = np.random.RandomState(0).normal(size=(N, 2))
Y = np.arange(N) % 3


def with_number(values, number):
    values = np.array(values, dtype=object)
    values.flat[3] = number
    return values


EXACT = [7, -7, 0.25, True, Decimal("0.25"), Fraction(1, 4), np.int8(7), np.float16(0.25)]
EXACT += [np.longdouble(0.25), np.uint64(2**63), 2**80]
TOO_LARGE = [10**400, -(10**400), Fraction(10**400), Decimal("1e400"), np.longdouble("1e4000")]


@pytest.mark.parametrize("number", EXACT, ids=repr)
@pytest.mark.parametrize("form", [np.asarray, np.ndarray.tolist], ids=["array", "list"])
def test_exact_numbers_are_floats(number, form):
    given = form(with_number(X, number))
    plain = with_number(X, float(number)).astype(np.float64)
    model, expected = (network().fit(values, Y) for values in (given, plain))
    assert_same_bits(model, expected)
    assert_array_equal(model.predict_proba(given), expected.predict_proba(plain))


def refused_calls(number):
    wrong_X, wrong_weights = with_number(X, number), abs(with_number(np.ones(N), number))
    for method in ("fit", "partial_fit"):
        yield lambda method=method: train(network(), method, wrong_X, Y)
        yield lambda method=method: train(network(), method, X, Y, sample_weight=wrong_weights)
    yield lambda: network().fit(X, Y).predict(wrong_X)
    yield lambda: network(early_stopping=True).fit(X, Y, X_val=wrong_X, y_val=Y)
    yield lambda: network(class_weight={0: abs(number)}).fit(X, Y)


@pytest.mark.filterwarnings("ignore:overflow encountered in cast:RuntimeWarning")
@pytest.mark.parametrize("number", TOO_LARGE, ids=lambda number: type(number).__name__)
def test_numbers_that_no_float_can_hold(number):
    for call in refused_calls(number):
        with pytest.raises((ValueError, OverflowError)):
            call()


PARAMETERS = ["alpha", "decay", "learning_rate_init", "momentum", "power_t"]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("schedule", ["invscaling", "inverse_time"])
@pytest.mark.parametrize("name", PARAMETERS)
def test_a_number_of_any_type_is_the_float_that_it_is(name, schedule, dtype, engine):
    """NumPy would take its type over into the sums."""
    for number_type in (np.float16, np.float32, np.float64, np.longdouble):
        number = number_type(0.3)
        options = {"alpha": 1e-3, "momentum": 0.5, "learning_rate": schedule}
        model, expected = (
            network(3, **(options | {name: value})).fit(X.astype(dtype), Y)
            for value in (number, float(number))
        )
        assert_same_bits(model, expected)


@pytest.mark.parametrize("number", [10**400, np.longdouble("1e4000")], ids=["int", "long double"])
@pytest.mark.parametrize("name", [*PARAMETERS, "tol", "validation_fraction"])
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_a_parameter_that_is_no_float(method, name, number):
    """It is refused, or taken as the float nearest to it; nothing is left half done."""
    model = network(early_stopping=True, **{name: number})
    with suppress(ValueError, TypeError, OverflowError):
        train(model, method, X, Y)
    assert not hasattr(model, "coefs_") or np.isfinite(model.predict_proba(X)).all()


@pytest.mark.parametrize("max_iter", [2**63, 10**30])
@pytest.mark.parametrize("shuffle", [True, False])
def test_epochs_beyond_all_counting(max_iter, shuffle):
    stopping = {"learning_rate": "constant", "tol": 10.0, "n_iter_no_change": 2}
    model = network(max_iter=max_iter, shuffle=shuffle, **stopping)
    # three classes as frequent lose 1/3; the first three epochs in a row below 0.9 of that end it
    fails = np.array([0, 0, *(np.array(model.fit(X, Y).loss_curve_) < 0.3)], dtype=int)
    assert np.argmax(fails[:-2] + fails[1:-1] + fails[2:] == 3) + 1 == model.n_iter_


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
@pytest.mark.parametrize("activation", ["identity", "relu"])
@pytest.mark.parametrize("method", ["predict", "predict_proba", "predict_log_proba"])
def test_predicting_what_is_too_large_is_an_error(method, activation):
    model = network(activation=activation, max_iter=30).fit(X, Y)
    model.coefs_ = [100 * weights for weights in model.coefs_]
    assert np.isfinite(getattr(model, method)(X)).all()
    with pytest.raises(ValueError, match="X holds values that are too large"):
        getattr(model, method)(1e307 * X)

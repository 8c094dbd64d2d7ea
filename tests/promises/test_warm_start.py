"""A warm start goes on as if training had not stopped, or from the weights that are put in."""

import copy
import itertools
import warnings

import numpy as np
import pytest
from helpers import (
    KEPT,
    TRAININGS,
    assert_same_bits,
    assert_same_training,
    each_container,
    each_training,
    network,
    of_training,
    put_in,
    replace_run,
    train,
)
from numpy.testing import assert_array_equal
from sklearn.datasets import make_blobs

pytestmark = [
    pytest.mark.usefixtures("engine"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]

X, Y = make_blobs(n_samples=60, centers=3, cluster_std=3, random_state=0)
SCHEDULES = {
    "constant": {},
    "invscaling": {"learning_rate": "invscaling"},
    "inverse_time": {"learning_rate": "inverse_time", "decay": 0.7},
    "adaptive": {"learning_rate": "adaptive", "tol": 1.0, "n_iter_no_change": 1},
    "in order": {"shuffle": False},
}


def warm(*arguments, **parameters):
    """The rate is constant, for the rate of the defaults may fall."""
    return network(*arguments, **{"warm_start": True, "learning_rate": "constant"} | parameters)


def fit_parts(whole, data, keep=KEPT["itself"], sizes=(3, 4), **more):
    """Fit a copy of the model in parts, which have as many epochs as the whole."""
    parts = copy.deepcopy(whole)
    for size in sizes:
        parts = keep(parts.set_params(max_iter=size).fit(*data, **more))
        assert parts.n_iter_ == size
    return parts, whole.set_params(max_iter=sum(sizes)).fit(*data, **more)


@each_container
@pytest.mark.parametrize(
    ("training", "schedule"),
    [(training, "constant") for training in TRAININGS if "stopping" not in training]
    + [(training, schedule) for training in ("plain", "average, alpha") for schedule in SCHEDULES],
)
def test_three_and_four_epochs_are_seven(training, schedule, container):
    parameters, X, y = of_training(training)
    model = warm(**parameters | SCHEDULES[schedule])
    assert_same_training(*fit_parts(model, (container(X), y)))


@each_training
def test_an_interrupted_fit_is_that_of_as_many_epochs(training, monkeypatch):
    parameters, X, y = of_training(training)
    expected = network(**parameters, max_iter=6).fit(X, y)
    numbers = itertools.count(1)

    def press_ctrl_c(run, *arguments):
        if next(numbers) == 7:
            raise KeyboardInterrupt
        return run(*arguments)

    replace_run(monkeypatch, press_ctrl_c)
    with pytest.warns(UserWarning, match="interrupted"):
        model = network(**parameters, max_iter=12).fit(X, y)
    assert model.n_iter_ == len(model.loss_curve_) == 6
    assert_same_training(model, expected)
    assert_array_equal(model.predict_proba(X), expected.predict_proba(X))


def test_going_on_after_convergence():
    """With its patience back, with a new best loss, and with the epochs that were not run."""
    X, Y = make_blobs(n_samples=60, centers=3, random_state=0)
    model = warm(tol=10.0, n_iter_no_change=2, max_iter=100)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        n_first = model.fit(X, Y).n_iter_
        # the first epoch after convergence has nothing to improve on; the next three fail
        assert [model.fit(X, Y).n_iter_ for _ in range(2)] == [4, 4]
    # three classes as frequent lose 1/3, and it begins below 0.9 of that; then three fail
    n_flat = int(np.argmax(np.array(model.loss_curve_) < 0.3))
    assert n_first == n_flat + 3 > 4
    model.set_params(tol=None, max_iter=2).fit(X, Y)
    assert_same_training(model, warm(max_iter=n_first + 10).fit(X, Y))


@each_training
def test_without_it_fit_begins_anew(training):
    parameters, X, y = of_training(training)
    again = network(**parameters).fit(X, y).fit(X, y)
    assert_same_training(again, network(**parameters).fit(X, y))
    assert again.n_iter_ == 3
    if training != "balanced labels":
        streamed = train(network(**parameters), "partial_fit", X, y)
        assert_same_training(streamed.fit(X, y), again)


@pytest.mark.parametrize(
    ("before", "after", "divisors"),
    [
        ("inverse_time", "constant", [1.0, 1.0]),
        ("constant", "inverse_time", [1.3, 1.4]),
        ("constant", "invscaling", [181.0**0.5, 241.0**0.5]),
        ("invscaling", "adaptive", [1.0, 1.0]),
    ],
)
def test_the_schedule_and_the_rate_may_be_set_anew(before, after, divisors, presented):
    model = warm(learning_rate=before).fit(X, Y)
    presented.clear()
    model.set_params(max_iter=2, learning_rate=after, learning_rate_init=0.05).fit(X, Y)
    assert_array_equal([call.rate for call in presented], [0.05 / d for d in divisors])


def test_weights_of_another_kind_are_taken():
    """Nested lists, integers and float32, whatever the dtype was."""
    model, spared = (warm().fit(X, Y) for _ in range(2))
    for each in (model, spared):
        each.coefs_ = [np.round(3 * weights) for weights in each.coefs_]
    model.coefs_ = [model.coefs_[0].tolist(), *(W.astype(int) for W in model.coefs_[1:])]
    model.intercepts_ = [values.tolist() for values in model.intercepts_]
    assert_array_equal(model.fit(X, Y).coefs_[0], spared.fit(X, Y).coefs_[0])


@pytest.mark.parametrize("keep", KEPT.values(), ids=KEPT)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_weights_that_are_put_back_are_new_ones(method, keep):
    """Though each is the same number: what tells is whether it is the array. Also in a copy."""

    def after_an_epoch():
        return warm(momentum=0.9, shuffle=False, max_iter=1).fit(X, Y)

    def with_its_own():
        model = after_an_epoch()
        return put_in(model, model.coefs_, model.intercepts_)

    gone_on, at_rest = keep(after_an_epoch()), keep(with_its_own())
    for model, expected in ((gone_on, after_an_epoch()), (at_rest, with_its_own())):
        getattr(model, method)(X, Y)
        assert_same_bits(model, getattr(expected, method)(X, Y))
    assert not np.array_equal(gone_on.coefs_[0], at_rest.coefs_[0])

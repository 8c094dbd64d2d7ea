"""Every option of training against the formulas of option_transcription.py."""

import functools

import numpy as np
import option_transcription
import pytest
from helpers import (
    COMBINATIONS,
    OPTIONS,
    assert_same_bits,
    each_method,
    parameters_of,
    present_nothing,
    put_in,
    train,
)
from helpers import network as any_network
from numpy.testing import assert_allclose
from option_transcription import Network, presentations
from scipy.sparse import csr_matrix
from sklearn.base import clone

pytestmark = pytest.mark.usefixtures("engine")

N_FEATURES, N_CLASSES = 13, 3
CLASSES = range(N_CLASSES)
SCHEDULES = {
    "constant": {},
    "invscaling": {"learning_rate": "invscaling", "learning_rate_init": 0.5},
    "power_t": {"learning_rate": "invscaling", "power_t": 0.3, "learning_rate_init": 0.2},
    "inverse_time": {"learning_rate": "inverse_time"},
    "decay": {"learning_rate": "inverse_time", "decay": 0.7},
    "adaptive": {"learning_rate": "adaptive", "learning_rate_init": 0.1},
}
each_option = pytest.mark.parametrize("option", OPTIONS)
each_schedule = pytest.mark.parametrize("schedule", SCHEDULES)
each_depth = pytest.mark.parametrize("hidden_layer_sizes", [(), (11,), (9, 5)])
each_rule = pytest.mark.parametrize("backprop", ["error", "gradient"])


def samples(n_samples, n_features=N_FEATURES, n_classes=N_CLASSES):
    """Rows with half of their values zero, one row and one column all zero; classes to learn."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n_samples, n_features))
    X[rng.uniform(size=X.shape) < 0.5] = 0
    X[7] = 0
    X[:, 4] = 0
    scores = X @ rng.normal(size=(n_features, n_classes)) + rng.normal(size=(n_samples, n_classes))
    return X, scores.argmax(axis=1)


network = functools.partial(any_network, hidden_layer_sizes=(9, 5), shuffle=False)


def transcribed(model, X, y, classes=CLASSES):
    """The oracle with the options and the initial weights of the model."""
    start = present_nothing(clone(model), X, y, classes)
    options = {name: getattr(model, name) for name in option_transcription.OPTIONS}
    return Network(start.coefs_, start.intercepts_, **options)


def one_epoch(X, y, weights=None, n_classes=N_CLASSES):
    """What one epoch presents in the order given."""
    return presentations(X, np.eye(n_classes)[y], weights)


@functools.cache
def trained_oracle(n_epochs, shape, weighted, **parameters):
    """The oracle after epochs, with its samples; kept for the other engine."""
    X, y = samples(*shape)
    weights = np.random.RandomState(1).uniform(0, 4, size=len(y)) if weighted else None
    n_classes = shape[2] if len(shape) > 2 else N_CLASSES
    oracle = transcribed(network(**parameters), X, y, range(n_classes))
    oracle.train([one_epoch(X, y, weights, n_classes)] * n_epochs)
    return X, y, weights, oracle


def assert_follows(model, oracle, rtol=1e-10, atol=1e-13):
    """The model has the oracle's weights, which have not run away, its losses and its count."""
    for fitted, expected in zip(parameters_of(model), oracle.shown, strict=True):
        assert np.abs(expected).max() < 10
        assert_allclose(fitted, expected, rtol=rtol, atol=atol)
    assert_allclose(model.loss_curve_, oracle.loss_curve, rtol=rtol)
    assert model.t_ == oracle.n_presented


def check(method, shape, *, n_epochs=1, weighted=False, tolerances=(), **parameters):
    """The network follows the formulas, on dense and sparse samples of this shape."""
    X, y, weights, oracle = trained_oracle(n_epochs, shape, weighted, **parameters)
    for container in (np.asarray, csr_matrix):
        model = network(max_iter=n_epochs, **parameters)
        train(model, method, container(X), y, sample_weight=weights)
        assert_follows(model, oracle, *tolerances)
    return oracle


@each_depth
@each_rule
@each_option
@pytest.mark.parametrize("weighted", [False, True])
def test_partial_fit_follows_the_formulas(weighted, option, backprop, hidden_layer_sizes):
    rule = {"hidden_layer_sizes": hidden_layer_sizes, "backprop": backprop}
    check("partial_fit", (200 if weighted else 500,), weighted=weighted, **rule, **OPTIONS[option])


@each_depth
@each_option
@pytest.mark.parametrize("weighted", [False, True])
def test_fit_follows_the_formulas(weighted, option, hidden_layer_sizes):
    given = {"hidden_layer_sizes": hidden_layer_sizes, "weighted": weighted, **OPTIONS[option]}
    oracle = check("fit", (43,), n_epochs=4, **given)
    assert oracle.n_presented > 2 * 64  # averages are taken


@pytest.mark.parametrize("rule", COMBINATIONS, ids=str)
def test_every_combination_with_all_options(rule):
    # the rate is for "error" with layers that have no bounds
    check("partial_fit", (200,), **OPTIONS["everything"] | rule | {"learning_rate_init": 0.02})


@pytest.mark.parametrize(
    ("n_features", "hidden_layer_sizes", "n_classes"),
    [(6, (4, 3, 5, 2), 2), (37, (70,), 11), (5, (1, 17), 2), (90, (33, 8), 5)],
)
@pytest.mark.parametrize("option", ["alpha and momentum", "everything"])
def test_any_shape(option, n_features, hidden_layer_sizes, n_classes):
    sizes = {"hidden_layer_sizes": hidden_layer_sizes}
    check("partial_fit", (200, n_features, n_classes), **sizes, **OPTIONS[option])


@pytest.mark.parametrize(("rate", "alpha"), [(1.0, 0.99), (0.5, 1.0), (0.1, 9.5), (0.05, 1.0)])
@pytest.mark.parametrize("n_samples", [8, 332, 333, 334, 700])
def test_decay_of_any_strength(rate, alpha, n_samples):
    """However often the product of all decays leaves the numbers there are."""
    rule = {"hidden_layer_sizes": (), "loss": "log_loss"}
    decay = {"learning_rate_init": rate, "alpha": alpha}
    check("partial_fit", (n_samples,), tolerances=(1e-9,), **rule, **decay)


def test_the_options_differ():
    """Otherwise the tests above would say little."""
    shown = [trained_oracle(1, (500,), False, **options)[-1].shown for options in OPTIONS.values()]
    for index, one in enumerate(shown):
        for other in shown[:index]:
            pairs = zip(one, other, strict=True)
            assert max(np.abs(left - right).max() for left, right in pairs) > 1e-3


@pytest.mark.parametrize("option", ["plain", "everything"])
@each_rule
@each_schedule
def test_schedules_of_fit(schedule, backprop, option):
    rule = OPTIONS[option] | SCHEDULES[schedule] | {"backprop": backprop}
    check("fit", (100,), n_epochs=5, **rule)


@pytest.mark.parametrize("option", ["plain", "everything"])
@each_schedule
def test_a_call_of_partial_fit_is_an_epoch(schedule, option):
    X, y = samples(300)
    model = network(**(OPTIONS[option] | SCHEDULES[schedule]))
    oracle = transcribed(model, X, y)
    for rows in np.split(np.arange(300), [1, 40, 45, 200]):
        model.partial_fit(X[rows], y[rows], classes=CLASSES)
        oracle.train([one_epoch(X[rows], y[rows])])
        assert_follows(model, oracle)
    assert model.n_iter_ == oracle.n_epochs == 5


def test_a_stream_has_no_epochs_that_lower_the_rate():
    """With a tol of 10 no call improves; yet "adaptive" is "constant" there, also after a fit."""
    X, y = samples(63)
    stopping = {"tol": 10, "n_iter_no_change": 1, "max_iter": 50}
    models = [network(learning_rate=rate, **stopping) for rate in ("adaptive", "constant")]
    for row in range(63):
        one, other = (m.partial_fit(X[[row]], y[[row]], classes=CLASSES) for m in models)
        assert_same_bits(one, other)
    models[0].fit(X, y)  # lowers the rate until it stops
    put_in(models[1], models[0].coefs_, models[0].intercepts_)
    assert_same_bits(*(model.partial_fit(X, y) for model in models))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    ("parameters", "tol", "n_iter_no_change", "n_rates", "n_epochs"),
    [
        # with a tol of 10 no epoch improves; with 0.05 some do, between others that do not
        (SCHEDULES["adaptive"] | OPTIONS["momentum"], 10, 1, 6, 14),
        (SCHEDULES["adaptive"] | OPTIONS["momentum"], 0.05, 1, 3, 14),
        # 10⁻⁵ is divided after 3 that fail, and again; 4·10⁻⁷ is the end. At such rates training
        # does not begin, so that none fails in 158 epochs, 9954 presentations: 158 + 3 + 3 + 3
        (SCHEDULES["adaptive"] | {"learning_rate_init": 1e-5}, 10, 2, 3, 167),
        # the loss that stops training is that of the weights as they are, without the penalty
        (OPTIONS["everything"] | {"learning_rate": "constant"}, 0.01, 1, 1, None),
    ],
)
def test_when_the_rate_falls_and_training_stops(
    parameters, tol, n_iter_no_change, n_rates, n_epochs
):
    rule = {"tol": tol, "n_iter_no_change": n_iter_no_change, "loss": "log_loss"}
    max_iter = 14 if n_epochs == 14 else 200
    oracle = check("fit", (63,), n_epochs=max_iter, hidden_layer_sizes=(9,), **rule, **parameters)
    assert len(set(oracle.rates)) == n_rates
    assert oracle.n_epochs == n_epochs or 10 < oracle.n_epochs < 50


def assign(model, oracle, coefs, intercepts):
    """New arrays: the optimiser and the schedule start anew."""
    put_in(model, coefs, intercepts)
    oracle.start_from(coefs, intercepts)


def assign_one(model, oracle, coefs, intercepts):
    """One is enough."""
    model.intercepts_[-1] = intercepts[-1]
    shown, n_layers = oracle.shown, len(coefs)
    oracle.start_from(shown[:n_layers], [*shown[n_layers:-1], intercepts[-1]])


def write_in_place(model, oracle, coefs, intercepts):
    """Other numbers in the arrays there are: that is not noticed, and the optimiser goes on."""
    for arrays in (parameters_of(model), oracle.shown):
        for own, given in zip(arrays, [*coefs, *intercepts], strict=True):
            own[...] = given


@each_method
@pytest.mark.parametrize("put", [assign, assign_one, write_in_place])
@pytest.mark.parametrize("schedule", ["constant", "invscaling", "inverse_time"])
@pytest.mark.parametrize("option", ["nesterov", "alpha and momentum", "average", "everything"])
def test_new_weights(option, schedule, put, method):
    X, y = samples(63)
    model = network(warm_start=True, max_iter=1, **OPTIONS[option] | SCHEDULES[schedule])
    oracle = transcribed(model, X, y)
    coefs, intercepts = (
        [W / 2 + 0.1 for W in arrays] for arrays in (oracle.coefs, oracle.intercepts)
    )
    for new_weights in (False, True):
        if new_weights:
            put(model, oracle, coefs, intercepts)
        for _ in range(3):
            train(model, method, X, y)
            oracle.train([one_epoch(X, y)])
            assert_follows(model, oracle)


def test_the_first_average_is_the_weights():
    """c = 4 / (1 + 3) = 1 after 64 presentations; before, the weights are shown as they stand."""
    X, y = samples(127)
    averaged, plain = network(average=True), network()
    for start, stop in [(0, 1), (1, 63), (63, 64)]:
        for model in (averaged, plain):
            model.partial_fit(X[start:stop], y[start:stop], classes=CLASSES)
        assert_same_bits(averaged, plain)
    averaged.partial_fit(X[64:], y[64:])  # 127 presentations: no second average yet
    assert_same_bits(averaged, plain)
    averaged.partial_fit(X, y)
    plain.partial_fit(X, y)
    assert not np.array_equal(averaged.predict_proba(X), plain.predict_proba(X))
    put_in(plain, averaged.coefs_, averaged.intercepts_)
    assert np.array_equal(averaged.predict_proba(X), plain.predict_proba(X))

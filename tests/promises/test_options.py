"""Every option of training against the formulas of option_transcription.py."""

import functools
import warnings

import numpy as np
import option_transcription
import pytest
from helpers import assert_same_bits, parameters_of, present_nothing, put_in
from helpers import network as any_network
from numpy.testing import assert_allclose, assert_array_equal
from option_transcription import Network, presentations
from scipy.sparse import csr_matrix
from sklearn.base import clone

from skl_softmaxnet import _engine

pytestmark = pytest.mark.usefixtures("engine")

N_FEATURES, N_CLASSES = 13, 3
CLASSES = range(N_CLASSES)
OPTIONS = {
    "plain": {},
    "alpha": {"alpha": 0.02},
    "momentum": {"momentum": 0.8},
    "nesterov": {"momentum": 0.8, "nesterovs_momentum": True},
    "alpha and momentum": {"alpha": 0.02, "momentum": 0.6},
    "no intercepts": {"alpha": 0.02, "momentum": 0.6, "fit_intercept": False},
    "average": {"average": True},
    "everything": {"alpha": 0.01, "momentum": 0.6, "nesterovs_momentum": True, "average": True},
}
SCHEDULES = {
    "constant": {},
    "invscaling": {"learning_rate": "invscaling", "learning_rate_init": 0.5},
    "power_t": {"learning_rate": "invscaling", "power_t": 0.3, "learning_rate_init": 0.2},
    "inverse_time": {"learning_rate": "inverse_time"},
    "decay": {"learning_rate": "inverse_time", "decay": 0.7},
    "adaptive": {"learning_rate": "adaptive", "learning_rate_init": 0.1},
}
KINDS = {"dense": np.asarray, "CSR": csr_matrix}
each_option = pytest.mark.parametrize("option", OPTIONS)
each_schedule = pytest.mark.parametrize("schedule", SCHEDULES)
each_kind = pytest.mark.parametrize("kind", KINDS)
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


def network(hidden_layer_sizes=(9, 5), **parameters):
    return any_network(
        hidden_layer_sizes, **{"learning_rate_init": 0.05, "shuffle": False} | parameters
    )


def initialised(model, X, y, classes=CLASSES):
    """A copy of the model with its initial weights."""
    return present_nothing(clone(model), X, y, classes)


def transcribed(model, X, y, classes=CLASSES):
    """The oracle with the options and the initial weights of the model."""
    start = initialised(model, X, y, classes)
    options = {name: getattr(model, name) for name in option_transcription.OPTIONS}
    return Network(start.coefs_, start.intercepts_, **options)


def one_epoch(X, y, weights=None, n_classes=N_CLASSES):
    """What one epoch presents in the order given."""
    return presentations(X, np.eye(n_classes)[y], weights)


@functools.cache
def trained_oracle(n_samples, n_epochs=1, **parameters):
    """The oracle after epochs of samples, kept for the next kind of X and the other engine."""
    X, y = samples(n_samples)
    return transcribed(network(**parameters), X, y).train([one_epoch(X, y)] * n_epochs)


def assert_follows(model, oracle, rtol=1e-10, atol=1e-13):
    """The model has the oracle's weights, which have not run away, its losses and its count."""
    for fitted, expected in zip(parameters_of(model), oracle.shown, strict=True):
        assert np.abs(expected).max() < 10
        assert_allclose(fitted, expected, rtol=rtol, atol=atol)
    assert_allclose(model.loss_curve_, oracle.loss_curve, rtol=rtol)
    assert model.t_ == oracle.n_presented


# --- One call of partial_fit ---


@each_depth
@each_rule
@each_option
def test_partial_fit_follows_the_formulas(option, backprop, hidden_layer_sizes):
    X, y = samples(500)
    parameters = {"hidden_layer_sizes": hidden_layer_sizes, "backprop": backprop} | OPTIONS[option]
    oracle = trained_oracle(500, **parameters)
    for kind in KINDS.values():
        assert_follows(network(**parameters).partial_fit(kind(X), y, classes=CLASSES), oracle)


@pytest.mark.parametrize("activation", ["logistic", "tanh", "relu", "identity"])
@pytest.mark.parametrize("output_activation", ["softmax", "sigmoid"])
@pytest.mark.parametrize("loss", ["squared_error", "log_loss"])
@each_rule
def test_every_combination_with_all_options(activation, output_activation, loss, backprop):
    X, y = samples(200)
    rule = {"activation": activation, "output_activation": output_activation, "loss": loss}
    # the rate is for "error" with layers that have no bounds
    parameters = OPTIONS["everything"] | rule | {"backprop": backprop, "learning_rate_init": 0.02}
    model = network(**parameters).partial_fit(csr_matrix(X), y, classes=CLASSES)
    assert_follows(model, trained_oracle(200, **parameters))


@pytest.mark.parametrize(
    ("n_features", "hidden_layer_sizes", "n_classes"),
    [(6, (4, 3, 5, 2), 2), (37, (70,), 11), (5, (1, 17), 2), (90, (33, 8), 5)],
)
@pytest.mark.parametrize("option", ["alpha and momentum", "everything"])
def test_any_shape(option, n_features, hidden_layer_sizes, n_classes):
    X, y = samples(200, n_features, n_classes)
    model = network(hidden_layer_sizes, **OPTIONS[option])
    oracle = transcribed(model, X, y, range(n_classes))
    oracle.train([one_epoch(X, y, n_classes=n_classes)])
    model.partial_fit(X, y, classes=range(n_classes))
    assert_follows(model, oracle)


@each_option
def test_fractions_of_presentations(option):
    X, y = samples(130)
    sample_weight = np.random.RandomState(1).uniform(0, 4, size=130)
    sample_weight[::9] = 0
    model = network(**OPTIONS[option])
    oracle = transcribed(model, X, y).train([one_epoch(X, y, sample_weight)])
    assert oracle.n_presented > 4 * 64
    for kind in KINDS.values():
        fitted = clone(model)
        fitted.partial_fit(kind(X), y, classes=CLASSES, sample_weight=sample_weight)
        assert_follows(fitted, oracle)


@each_kind
@each_option
def test_float32_stays_near(option, kind):
    X, y = samples(200)
    X = X.astype(np.float32)
    model = network(**OPTIONS[option])
    oracle = transcribed(model, X, y).train([one_epoch(X.astype(float), y)])
    model.partial_fit(KINDS[kind](X), y, classes=CLASSES)
    assert all(array.dtype == np.float32 for array in parameters_of(model))
    assert_follows(model, oracle, rtol=1e-3, atol=1e-4)


def test_the_options_differ():
    """Otherwise the tests above would say little."""
    oracles = [trained_oracle(500, **options) for options in OPTIONS.values()]
    for index, oracle in enumerate(oracles):
        for other in oracles[:index]:
            differences = [
                np.abs(one - two).max() for one, two in zip(oracle.shown, other.shown, strict=True)
            ]
            assert max(differences) > 1e-3


# --- Epochs of fit, calls of partial_fit, and the schedules ---


@each_depth
@each_option
def test_fit_follows_the_formulas(option, hidden_layer_sizes):
    X, y = samples(43)
    parameters = {"hidden_layer_sizes": hidden_layer_sizes} | OPTIONS[option]
    oracle = trained_oracle(43, 4, **parameters)
    for kind in KINDS.values():
        assert_follows(network(max_iter=4, **parameters).fit(kind(X), y), oracle)


@pytest.mark.parametrize("option", ["plain", "everything"])
@each_rule
@each_schedule
def test_schedules_of_fit(schedule, backprop, option):
    X, y = samples(100)
    parameters = OPTIONS[option] | SCHEDULES[schedule] | {"backprop": backprop}
    model = network(max_iter=5, **parameters).fit(X, y)
    assert_follows(model, trained_oracle(100, 5, **parameters))


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
    adaptive, constant = (
        network(learning_rate=learning_rate, **stopping)
        for learning_rate in ("adaptive", "constant")
    )
    for row in range(63):
        for model in (adaptive, constant):
            model.partial_fit(X[[row]], y[[row]], classes=CLASSES)
    assert_array_equal(adaptive.coefs_[0], constant.coefs_[0])

    adaptive.fit(X, y)  # lowers the rate until it stops
    put_in(constant, adaptive.coefs_, adaptive.intercepts_)
    for model in (adaptive, constant):
        model.partial_fit(X, y)
    assert_array_equal(adaptive.coefs_[0], constant.coefs_[0])


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(("tol", "n_rates"), [(10, 7), (0.05, 3)])
@each_kind
def test_adaptive_rate_follows_the_loss(kind, tol, n_rates):
    """With a tol of 10 no epoch improves; with 0.05 some do, between others that do not."""
    X, y = samples(63)
    stopping = {"tol": tol, "n_iter_no_change": 1, "max_iter": 14}
    model = network((9,), loss="log_loss", momentum=0.5, **(SCHEDULES["adaptive"] | stopping))
    oracle = transcribed(model, X, y).train([one_epoch(X, y)] * 14)
    assert len(set(oracle.rates)) == n_rates
    assert_follows(model.fit(KINDS[kind](X), y), oracle)


def test_adaptive_rate_stops_when_it_is_small():
    """With 2 epochs allowed, 10⁻⁵ is divided after 3 that fail, and again; 4·10⁻⁷ is the end.

    The first epoch improves on nothing, so it does not fail: 1 + 3 + 3 + 3 epochs.
    """
    X, y = samples(63)
    stopping = {"tol": 10, "n_iter_no_change": 2, "max_iter": 50, "learning_rate_init": 1e-5}
    model = network(**(SCHEDULES["adaptive"] | stopping))
    oracle = transcribed(model, X, y).train([one_epoch(X, y)] * 50)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # it has converged
        model.fit(X, y)
    assert model.n_iter_ == 10
    assert_follows(model, oracle)


def test_fit_stops_at_the_same_epoch_with_any_options():
    """The loss that stops training is that of the weights as they are, without the penalty."""
    X, y = samples(63)
    stopping = {"tol": 0.01, "n_iter_no_change": 1, "max_iter": 50}
    model = network((9,), loss="log_loss", **(OPTIONS["everything"] | stopping))
    oracle = transcribed(model, X, y).train([one_epoch(X, y)] * 50)
    model.fit(X, y)
    assert 10 < model.n_iter_ < 50
    assert_follows(model, oracle)


# --- With a pencil ---


@pytest.mark.parametrize("nesterov", [False, True])
def test_two_steps_of_momentum_by_hand(nesterov):
    """One feature, two outputs, no intercepts: W = (a, −a), and x = 1 of class 0 adds to a.

    From W = 0 the outputs are ½ and ½, δ = (½, −½), and with the rate 0.1 the step is 0.05.
    """
    model = network((), loss="log_loss", momentum=0.5, nesterovs_momentum=nesterov)
    model.set_params(learning_rate_init=0.1, fit_intercept=False)
    put_in(present_nothing(model, [[1.0]], [0], [0, 1]), [np.zeros((1, 2))], [np.zeros(2)])

    model.partial_fit([[1.0]], [0])
    # v = 0.05 and a = v, or a = 0.5 v + 0.05 = 0.075
    first = 0.075 if nesterov else 0.05
    assert_allclose(model.coefs_[0], [[first, -first]], rtol=1e-14)

    model.partial_fit([[1.0]], [0])
    # δ = 1 − σ(2 a); v = 0.5 · 0.05 + 0.1 δ; a grows by v, or by 0.5 v + 0.1 δ
    step = 0.1 / (1 + np.exp(2 * first))
    velocity = 0.025 + step
    second = first + (0.5 * velocity + step if nesterov else velocity)
    assert_allclose(model.coefs_[0], [[second, -second]], rtol=1e-14)


@each_kind
def test_weights_of_an_absent_feature_decay(kind):
    """Each presentation takes the share η·alpha of them, and the intercepts stay out of it."""
    X, y = samples(500)
    model = network(alpha=0.02)
    start = initialised(model, X, y).coefs_[0][4]
    model.partial_fit(KINDS[kind](X), y, classes=CLASSES)
    assert_allclose(model.coefs_[0][4], start * (1 - 0.05 * 0.02) ** 500, rtol=1e-10)


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


def test_predictions_are_those_of_the_average():
    X, y = samples(300)
    model = network(average=True).partial_fit(X, y, classes=CLASSES)
    shown = network().partial_fit(X, y, classes=CLASSES)
    assert not np.array_equal(model.predict_proba(X), shown.predict_proba(X))
    put_in(shown, model.coefs_, model.intercepts_)
    assert_array_equal(model.predict_proba(X), shown.predict_proba(X))


# --- Class weights ---


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    "class_weight", [{0: 2, 1: 1, 2: 0.25}, {0: 3 / 64, 1: 1 / 64, 2: 2 / 64}, "balanced"], ids=str
)
def test_class_weights(class_weight, weighted):
    """They multiply the weights of samples; products of a small sum are scaled to that of these.

    Balanced classes have n / (n_classes · n_k), with the sums of weights for the numbers of rows.
    """
    X, y = samples(90)
    y[:20] = 0  # so that they are not balanced as they are
    given = np.random.RandomState(1).uniform(1, 5, size=90) if weighted else np.ones(90)
    if class_weight == "balanced":
        products = given * (given.sum() / (N_CLASSES * np.bincount(y, given)))[y]
        assert_allclose(np.bincount(y, products), given.sum() / 3, rtol=1e-12)
    else:
        products = given * np.array([class_weight[k] for k in y])
        products *= max(1, given.sum() / products.sum())
    model = network(max_iter=3, class_weight=class_weight, **OPTIONS["everything"])
    oracle = transcribed(model, X, y).train([one_epoch(X, y, products)] * 3)
    assert_follows(model.fit(X, y, sample_weight=given if weighted else None), oracle)


# --- Weights that a user puts in ---


def assign(model, oracle, coefs, intercepts):
    """New arrays: the optimiser starts anew."""
    put_in(model, coefs, intercepts)
    oracle.start_from(coefs, intercepts)


def write_in_place(model, oracle, coefs, intercepts):
    """Other numbers in the arrays there are: that is not noticed, and the optimiser goes on."""
    for arrays in (parameters_of(model), oracle.shown):
        for own, given in zip(arrays, [*coefs, *intercepts], strict=True):
            own[...] = given


@pytest.mark.parametrize("method", ["partial_fit", "fit"])
@pytest.mark.parametrize("put", [assign, write_in_place])
@pytest.mark.parametrize("schedule", ["constant", "invscaling", "inverse_time"])
@pytest.mark.parametrize("option", ["nesterov", "alpha and momentum", "average", "everything"])
def test_new_weights(option, schedule, put, method):
    X, y = samples(63)
    model = network(warm_start=True, max_iter=1, **OPTIONS[option] | SCHEDULES[schedule])
    more = {"classes": CLASSES} if method == "partial_fit" else {}
    oracle = transcribed(model, X, y)
    coefs, intercepts = (
        [W / 2 + 0.1 for W in arrays] for arrays in (oracle.coefs, oracle.intercepts)
    )
    for new_weights in (False, True):
        if new_weights:
            put(model, oracle, coefs, intercepts)
        for _ in range(3):
            getattr(model, method)(X, y, **more)
            oracle.train([one_epoch(X, y)])
            assert_follows(model, oracle)


@pytest.mark.parametrize("name", ["coefs_", "intercepts_"])
def test_one_new_array_starts_the_optimiser_anew(name):
    X, y = samples(63)
    model = network(**(OPTIONS["momentum"] | SCHEDULES["inverse_time"]))
    oracle = transcribed(model, X, y).train([one_epoch(X, y)] * 2)
    for _ in range(2):
        model.partial_fit(X, y, classes=CLASSES)
    new = np.full_like(getattr(model, name)[-1], 0.25)
    getattr(model, name)[-1] = new
    getattr(oracle, name.removesuffix("_"))[-1][...] = new
    oracle.start_from(oracle.coefs, oracle.intercepts)
    for _ in range(2):
        model.partial_fit(X, y)
        oracle.train([one_epoch(X, y)])
        assert_follows(model, oracle)


# --- Decay that rows wait for ---


@pytest.mark.parametrize(("rate", "alpha"), [(1.0, 1.0), (0.5, 1.0), (0.1, 10.5), (0.05, 1.0)])
@pytest.mark.parametrize("n_presentations", [1, 2, 332, 333, 334, 700])
def test_decay_of_any_strength(rate, alpha, n_presentations, run_engine):
    """However often the product of all decays leaves the numbers there are, on dense and CSR."""
    rng = np.random.RandomState(0)
    X = np.where(rng.uniform(size=(9, 6)) < 0.5, 0.0, rng.normal(size=(9, 6)))
    X[:, 5] = 0  # a row of weights that only decays
    order = rng.randint(9, size=n_presentations)
    weights, intercepts = start = np.full((6, 3), 0.5), np.zeros(3)
    for row in order:
        z = X[row] @ weights + intercepts
        delta = np.eye(3)[row % 3] - np.exp(z - z.max()) / np.exp(z - z.max()).sum()
        weights = (1 - rate * alpha) * weights + rate * np.outer(X[row], delta)
        intercepts = intercepts + rate * delta
    given = ([start[0]], [start[1]])
    targets = np.arange(9, dtype=np.int32) % 3
    options = {"activation": "relu", "loss": "log_loss", "rate": rate, "alpha": alpha}
    for container in (np.asarray, csr_matrix):
        for cuts in ((), (1,), range(1, n_presentations, 50)):
            (found, _), _ = run_engine(
                _engine.Engine, given, container(X), targets, order, cuts=cuts, **options
            )
            assert_allclose(found, weights, rtol=1e-9, atol=1e-13)

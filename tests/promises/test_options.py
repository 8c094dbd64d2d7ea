"""Every option of training against the formulas of option_transcription.py, and its promises."""

import copy
import functools
import io
import pickle
import warnings

import joblib
import numpy as np
import option_transcription
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from option_transcription import Network, presentations
from scipy.sparse import csr_matrix
from sklearn.base import clone

from skl_softmaxnet import SoftmaxMLPClassifier, _engine

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
    defaults = {"learning_rate_init": 0.05, "random_state": 0, "shuffle": False, "tol": None}
    return SoftmaxMLPClassifier(hidden_layer_sizes, **(defaults | parameters))


def initialised(model, X, y, classes=CLASSES):
    """A copy of the model with its initial weights: samples of weight 0 do not train it."""
    nothing = np.zeros(len(y))
    return clone(model).partial_fit(X, y, classes=classes, sample_weight=nothing)


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


def parameters_of(model):
    return [*model.coefs_, *model.intercepts_]


def assert_follows(model, oracle, rtol=1e-10, atol=1e-13):
    """The model has the oracle's weights, which have not run away, its losses and its counts."""
    for fitted, expected in zip(parameters_of(model), oracle.shown, strict=True):
        assert np.abs(expected).max() < 10
        assert_allclose(fitted, expected, rtol=rtol, atol=atol)
    assert_allclose(model.loss_curve_, oracle.loss_curve, rtol=rtol)
    assert (model.t_, model.n_iter_) == (oracle.n_presented, oracle.n_epochs)


def assert_same_bits(one, other):
    for left, right in zip(parameters_of(one), parameters_of(other), strict=True):
        assert np.isfinite(left).all()
        assert left.dtype == right.dtype
        assert left.tobytes() == right.tobytes(), f"they differ by {np.abs(left - right).max()}"


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
    constant.coefs_ = [weights.copy() for weights in adaptive.coefs_]
    constant.intercepts_ = [intercept.copy() for intercept in adaptive.intercepts_]
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
    model.partial_fit([[1.0]], [0], classes=[0, 1], sample_weight=[0.0])
    model.coefs_ = [np.zeros((1, 2))]

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
    shown.coefs_, shown.intercepts_ = model.coefs_, model.intercepts_
    np.testing.assert_array_equal(model.predict_proba(X), shown.predict_proba(X))


# --- Class weights ---


def test_class_weights_multiply_sample_weights():
    X, y = samples(90)
    names = np.array(["red", "green", "blue"])[y]
    sample_weight = np.random.RandomState(1).uniform(0.5, 3, size=90)
    product = sample_weight * np.select([names == "red", names == "blue"], [1.7, 0.6], 1.0)
    for method, more in [("fit", {}), ("partial_fit", {"classes": ["blue", "green", "red"]})]:
        weighted = network(max_iter=3, class_weight={"red": 1.7, "blue": 0.6})
        getattr(weighted, method)(X, names, sample_weight=sample_weight, **more)
        expected = network(max_iter=3)
        getattr(expected, method)(X, names, sample_weight=product, **more)
        assert_same_bits(weighted, expected)
        assert weighted.t_ == expected.t_


def test_class_weights_without_sample_weights():
    X, y = samples(90)
    sample_weight = np.array([2.0, 1.0, 0.25])[y]
    assert sample_weight.mean() > 1  # so that fit does not scale them
    model = network(max_iter=3, class_weight={0: 2, 1: 1, 2: 0.25}, **OPTIONS["everything"])
    oracle = transcribed(model, X, y).train([one_epoch(X, y, sample_weight)] * 3)
    assert_follows(model.fit(X, y), oracle)


def test_small_class_weights_are_relative():
    X, y = samples(90)
    large, small = {0: 3.0, 1: 1.5, 2: 1.5}, {0: 3 / 64, 1: 1.5 / 64, 2: 1.5 / 64}
    mean = np.array([3, 1.5, 1.5])[y].mean()
    model = network(max_iter=2, class_weight=small).fit(X, y)
    oracle = transcribed(network(max_iter=2), X, y)
    oracle.train([one_epoch(X, y, np.array([large[k] for k in y]) / mean)] * 2)
    assert_follows(model, oracle)


@pytest.mark.parametrize("weighted", [False, True])
def test_balanced_classes_have_equal_weight(weighted):
    """Class k gets n / (n_classes · n_k), with the sums of weights for the numbers of rows."""
    X, y = samples(90)
    y[:20] = 0  # so that they are not balanced as they are
    given = np.random.RandomState(1).uniform(1, 5, size=90) if weighted else np.ones(90)
    of_class = np.array([given[y == k].sum() for k in CLASSES])
    product = given * (given.sum() / (N_CLASSES * of_class))[y]
    assert_allclose([product[y == k].sum() for k in CLASSES], given.sum() / 3, rtol=1e-12)

    model = network(max_iter=3, class_weight="balanced")
    oracle = transcribed(network(), X, y).train([one_epoch(X, y, product)] * 3)
    model.fit(X, y, sample_weight=given if weighted else None)
    assert_follows(model, oracle)


# --- Streams: chunks, pickles ---


def streamed(model, X, y, cuts, keep=lambda model: model):
    """Train on the chunks of a stream; `keep` is what becomes of the model between them."""
    for X_chunk, y_chunk in zip(np.split(X, cuts), np.split(y, cuts), strict=True):
        model.partial_fit(X_chunk, y_chunk, classes=CLASSES)
        model = keep(model)
    return model


CUTS = {"singly": range(1, 200), "sevens": range(7, 200, 7), "unequal": [1, 64, 127, 129, 180]}
each_cut = pytest.mark.parametrize("how", CUTS)


@each_cut
@pytest.mark.parametrize("option", ["average", "momentum", "nesterov", "average and nesterov"])
def test_chunks_do_not_matter(option, how):
    options = OPTIONS.get(option, OPTIONS["average"] | OPTIONS["nesterov"])
    X, y = samples(200)
    whole = network(**options).partial_fit(X, y, classes=CLASSES)
    in_chunks = streamed(network(**options), X, y, CUTS[how])
    assert whole.t_ == in_chunks.t_ == 200
    assert_same_bits(whole, in_chunks)


@each_cut
@pytest.mark.parametrize("option", ["alpha", "alpha and momentum", "everything"])
def test_chunks_of_sparse_rows_with_decay_agree(option, how):
    X, y = samples(200)
    whole = network(**OPTIONS[option]).partial_fit(csr_matrix(X), y, classes=CLASSES)
    in_chunks = network(**OPTIONS[option])
    for rows in np.split(np.arange(200), CUTS[how]):
        in_chunks.partial_fit(csr_matrix(X[rows]), y[rows], classes=CLASSES)
    for one, other in zip(parameters_of(whole), parameters_of(in_chunks), strict=True):
        assert_allclose(one, other, rtol=1e-10, atol=1e-14)


def through_pickle(model):
    return pickle.loads(pickle.dumps(model))


def through_joblib(model):
    buffer = io.BytesIO()
    joblib.dump(model, buffer)
    buffer.seek(0)
    return joblib.load(buffer)


@pytest.mark.parametrize(
    ("option", "schedule"),
    [
        *((option, "constant") for option in OPTIONS),
        ("everything", "invscaling"),
        ("everything", "inverse_time"),
    ],
)
def test_state_survives_storage_between_calls(option, schedule):
    X, y = samples(100)
    cuts = [1, 64, 70, 90]
    options = OPTIONS[option] | SCHEDULES[schedule]
    kept = streamed(network(**options), X, y, cuts)
    for store in (through_pickle, through_joblib, copy.deepcopy):
        stored = streamed(network(**options), X, y, cuts, store)
        assert_same_bits(kept, stored)
        assert kept.loss_curve_ == stored.loss_curve_


@pytest.mark.parametrize("shuffle", [True, False])
@each_option
def test_sparse_is_dense(option, shuffle):
    X, y = samples(90)
    parameters = {"shuffle": shuffle, "max_iter": 3} | OPTIONS[option]
    dense = network(**parameters).fit(X, y)
    assert_same_bits(dense, network(**parameters).fit(csr_matrix(X), y))


# --- Warm starts ---


WARM_OPTIONS = {
    "plain": {},
    "momentum": OPTIONS["momentum"],
    "average": OPTIONS["average"],
    "average and nesterov": OPTIONS["average"] | OPTIONS["nesterov"],
}


@pytest.mark.parametrize("option", WARM_OPTIONS)
@pytest.mark.parametrize(
    ("schedule", "kind"), [*((schedule, "dense") for schedule in SCHEDULES), ("constant", "CSR")]
)
def test_warm_start_goes_on(schedule, kind, option):
    X, y = samples(30)
    X = KINDS[kind](X)
    parameters = WARM_OPTIONS[option] | SCHEDULES[schedule] | {"shuffle": True}
    whole = network(max_iter=7, **parameters).fit(X, y)
    begun = network(max_iter=3, warm_start=True, **parameters).fit(X, y)
    for resumed in (through_pickle(begun), begun):
        resumed.set_params(max_iter=4).fit(X, y)
        assert_same_bits(whole, resumed)
        assert whole.loss_curve_ == resumed.loss_curve_
        assert (resumed.n_iter_, resumed.t_) == (7, 7 * 30)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_warm_start_goes_on_counting_what_fails():
    X, y = samples(50)
    stopping = {"tol": 10, "n_iter_no_change": 1} | SCHEDULES["adaptive"]
    whole = network(max_iter=7, **stopping).fit(X, y)
    resumed = network(max_iter=4, warm_start=True, **stopping).fit(X, y)
    assert_same_bits(whole, resumed.set_params(max_iter=3).fit(X, y))


@pytest.mark.parametrize("option", ["alpha", "everything"])
def test_warm_start_with_decay_and_fractions_goes_on(option):
    X, y = samples(50)
    sample_weight = np.random.RandomState(1).uniform(0.5, 3, size=50)
    parameters = OPTIONS[option] | {"shuffle": True}
    whole = network(max_iter=7, **parameters).fit(X, y, sample_weight=sample_weight)
    resumed = network(max_iter=3, warm_start=True, **parameters)
    resumed.fit(X, y, sample_weight=sample_weight).set_params(max_iter=4)
    resumed.fit(X, y, sample_weight=sample_weight)
    for one, other in zip(parameters_of(whole), parameters_of(resumed), strict=True):
        assert_allclose(one, other, rtol=1e-10, atol=1e-14)


def test_without_warm_start_fit_starts_anew():
    X, y = samples(50)
    model = network(max_iter=3, **OPTIONS["everything"]).fit(X, y)
    again = copy.deepcopy(model).fit(X, y)
    assert_same_bits(model, again)
    assert (again.t_, again.n_iter_) == (150, 3)


# --- Weights that a user puts in ---


def assign_lists(model, coefs, intercepts):
    model.coefs_ = [W.copy() for W in coefs]
    model.intercepts_ = [b.copy() for b in intercepts]


def write_in_place(model, coefs, intercepts):
    for own, given in zip(parameters_of(model), [*coefs, *intercepts], strict=True):
        own[...] = given


@pytest.mark.parametrize("method", ["partial_fit", "fit"])
@pytest.mark.parametrize("put", [assign_lists, write_in_place])
@pytest.mark.parametrize("schedule", ["constant", "invscaling", "inverse_time"])
def test_new_weights_start_the_optimiser_anew(schedule, put, method):
    X, y = samples(63)
    options = OPTIONS["nesterov"] | OPTIONS["alpha"] | SCHEDULES[schedule]
    model = network(warm_start=True, max_iter=1, **options)
    train = getattr(model, method)
    more = {"classes": CLASSES} if method == "partial_fit" else {}
    oracle = transcribed(model, X, y)
    coefs, intercepts = (
        [W / 2 + 0.1 for W in arrays] for arrays in (oracle.coefs, oracle.intercepts)
    )
    for new_weights in (False, True):
        if new_weights:
            put(model, coefs, intercepts)
            oracle.start_from(coefs, intercepts)
        for _ in range(3):
            train(X, y, **more)
            oracle.train([one_epoch(X, y)])
            assert_follows(model, oracle)


@pytest.mark.parametrize("name", ["coefs_", "intercepts_"])
def test_one_new_weight_starts_the_optimiser_anew(name):
    X, y = samples(63)
    model = network(**(OPTIONS["momentum"] | SCHEDULES["inverse_time"]))
    oracle = transcribed(model, X, y).train([one_epoch(X, y)] * 2)
    for _ in range(2):
        model.partial_fit(X, y, classes=CLASSES)
    getattr(model, name)[-1][..., 1] = 0.25
    getattr(oracle, name.removesuffix("_"))[-1][..., 1] = 0.25
    oracle.start_from(oracle.coefs, oracle.intercepts)
    for _ in range(2):
        model.partial_fit(X, y)
        oracle.train([one_epoch(X, y)])
        assert_follows(model, oracle)


# --- Decay that rows wait for ---


def decayed(engine_class, X, rows, rate, alpha, cuts=()):
    """The weights after presentations with decay, from 0.5 on, on an engine alone."""
    coefs, intercepts = [np.full((X.shape[1], 3), 0.5)], [np.zeros(3)]
    options = {"activation": "relu", "output_activation": "softmax", "loss": "log_loss"}
    coefs, intercepts = _engine.as_blocks(coefs, intercepts, X.dtype)
    engine = engine_class(
        coefs, intercepts, backprop="error", fit_intercept=True, alpha=alpha, **options
    )
    targets = np.arange(X.shape[0]) % 3
    for part in map(slice, [0, *cuts], [*cuts, len(rows)]):
        engine.run(X, targets, rows[part], None, rate)
    engine.catch_up()
    return coefs[0]


@pytest.mark.parametrize(("rate", "alpha"), [(1.0, 1.0), (0.5, 1.0), (0.1, 10.5), (0.05, 1.0)])
@pytest.mark.parametrize("n_presentations", [1, 2, 332, 333, 334, 700])
@pytest.mark.usefixtures("engine")
def test_decay_of_any_strength(rate, alpha, n_presentations):
    """However often the product of all decays leaves the numbers there are, on dense and CSR."""
    rng = np.random.RandomState(0)
    X = np.where(rng.uniform(size=(9, 6)) < 0.5, 0.0, rng.normal(size=(9, 6)))
    X[:, 5] = 0  # a row of weights that only decays
    rows = rng.randint(9, size=n_presentations)
    weights = np.full((6, 3), 0.5)
    intercepts = np.zeros(3)
    for row in rows:
        z = X[row] @ weights + intercepts
        delta = np.eye(3)[row % 3] - np.exp(z - z.max()) / np.exp(z - z.max()).sum()
        weights = (1 - rate * alpha) * weights + rate * np.outer(X[row], delta)
        intercepts = intercepts + rate * delta
    for container in (np.asarray, csr_matrix):
        for cuts in ((), (1,), range(1, n_presentations, 50)):
            found = decayed(_engine.Engine, container(X), rows, rate, alpha, cuts)
            assert_allclose(found, weights, rtol=1e-9, atol=1e-13)

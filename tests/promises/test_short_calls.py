"""A few rows at a time take a short way, and nobody can tell: but for the time it takes."""

import copy
import gc
import signal
import tracemalloc
import warnings
import weakref
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from forms import drawn
from helpers import RULES, TUTORIAL, state, through_pickle
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import config_context
from sklearn.base import clone

from skl_softmaxnet import SoftmaxMLPClassifier, _classifier, _engine, _stream
from skl_softmaxnet._network import Network, zeros_like

pytestmark = pytest.mark.skipif(
    _engine.CompiledEngine is None, reason="the engine in NumPy has the ordinary way only"
)

N_FEATURES, N_CLASSES = 5, 3
NAMES = [f"feature {number}" for number in range(N_FEATURES)]


def rows(seed, n_rows, dtype=np.float64):
    X = np.random.RandomState(seed).normal(size=(n_rows, N_FEATURES)).astype(dtype)
    X[X < -0.5] = 0
    return X


def labels(seed, n_rows):
    return np.random.RandomState(seed + 1).randint(N_CLASSES, size=n_rows)


def network(**parameters):
    return SoftmaxMLPClassifier(**{"hidden_layer_sizes": (4,), "random_state": 0} | parameters)


def trained(X=None, y=None, **parameters):
    """A network that has learned a first few rows."""
    X = rows(0, 4) if X is None else X
    y = labels(0, 4) if y is None else y
    classes = range(N_CLASSES) if np.ndim(y) == 1 else None
    return network(**parameters).partial_fit(X, y, classes=classes)


FORMS = {
    "float64": rows,
    "float32": lambda seed, n: rows(seed, n, np.float32),
    "csr_array": lambda seed, n: sp.csr_array(rows(seed, n)),
    "csr_matrix of float32": lambda seed, n: sp.csr_matrix(rows(seed, n, np.float32)),
    "lists": lambda seed, n: rows(seed, n).tolist(),
    "whole numbers": lambda seed, n: np.rint(rows(seed, n)).astype(int),
    "columns": lambda seed, n: np.asfortranarray(rows(seed, n)),
    "every second": lambda seed, n: rows(seed, 2 * n)[::2],
    "loaded": lambda seed, n: through_pickle(rows(seed, n)),
    "loaded csr_array": lambda seed, n: through_pickle(sp.csr_array(rows(seed, n))),
    "frame": lambda seed, n: pd.DataFrame(rows(seed, n), columns=NAMES),
    "frame of whole numbers": lambda seed, n: FORMS["frame"](seed, n).round().astype(int),
}
OPTIONS = {
    "defaults": {},
    "tutorial": TUTORIAL | {"alpha": 0},
    "momentum": {"momentum": 0.9, "nesterovs_momentum": True},
    "average": {"average": True, "alpha": 0.0},
    "invscaling": {"learning_rate": "invscaling"},
    "inverse_time": {"learning_rate": "inverse_time"},
    "class weights": {"class_weight": {0: 2, 1: 0.5}},
    "deep": {"hidden_layer_sizes": (3, 4), "activation": "tanh"},
    "none hidden": {"hidden_layer_sizes": ()},
    "sigmoid": {"output_activation": "sigmoid", "fit_intercept": False},
    "standardize": {"standardize": True, "alpha": 0.0},
    "standardize, class weights": {"standardize": True, "class_weight": {0: 2.3, 1: 0.5}},
}


@pytest.fixture
def n_ordinary(monkeypatch):
    """Count the calls that take the ordinary way."""
    counts = {"learn": 0, "predict": 0}

    def count(kind, owner, name):
        ordinary = getattr(owner, name)

        def counted(*arguments):
            counts[kind] += 1
            return ordinary(*arguments)

        monkeypatch.setattr(owner, name, counted)

    count("learn", SoftmaxMLPClassifier, "_partial_fit")
    count("predict", _classifier, "check_rows")
    return counts


# --- Where the short way is taken ---


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("form", FORMS)
def test_the_second_call_is_short(form, options, n_ordinary):
    take = FORMS[form]
    model = trained(take(0, 4), **OPTIONS[options])
    for seed in (1, 2, 3):
        model.partial_fit(take(seed, seed), labels(seed, seed), sample_weight=[1.5] * seed)
    assert n_ordinary["learn"] == 1
    for method in ("predict", "predict_proba", "predict_log_proba", "decision_function"):
        getattr(model, method)(take(4, 2))
    assert n_ordinary["predict"] == 1


@pytest.mark.parametrize("form", [list, tuple, np.array, lambda classes: classes])
def test_classes_may_be_given_again(form, n_ordinary):
    model = trained()
    model.partial_fit(rows(1, 1), labels(1, 1), classes=form(range(N_CLASSES)))
    assert n_ordinary["learn"] == 1
    with pytest.raises(ValueError, match="classes"):
        model.partial_fit(rows(1, 1), labels(1, 1), classes=form(range(N_CLASSES + 1)))


TWO = (labels(0, 4) > 0).astype(int)
SEVERAL = np.array([[0, 1, 1], [0, 0, 0], [1, 0, 1], [1, 1, 1]])
KINDS_OF_LABELS = {
    "one": (labels(0, 4), [1], np.array([1], np.int8), pd.Series([1]), np.array([1], np.uint64)),
    **{kind.__name__: (TWO.astype(kind), TWO[:1].astype(kind)) for kind in (str, float, bool)},
    "objects": (TWO.astype(str).astype(object), TWO[:1].astype(str).astype(object)),
    "several": (SEVERAL, SEVERAL[:1], SEVERAL[1:2].tolist(), SEVERAL.astype(bool)),
}


@pytest.mark.parametrize("kind", KINDS_OF_LABELS)
def test_labels_of_any_kind(kind, n_ordinary):
    first, *others = KINDS_OF_LABELS[kind]
    classes = None if kind == "several" else np.unique(first) if kind != "one" else [0, 1, 2]
    model = network(output_activation="sigmoid").partial_fit(rows(0, 4), first, classes=classes)
    for y in others:
        model.partial_fit(rows(1, len(y)), y, classes=classes)
    assert n_ordinary["learn"] == 1


def test_predictions_are_short_after_fit_and_after_loading(n_ordinary):
    X, fitted = rows(1, 1), network(max_iter=2, tol=None).fit(rows(0, 9), labels(0, 9))
    for number, model in enumerate([fitted, through_pickle(fitted)], start=1):
        model.predict(X)
        assert model.predict_proba(X).tobytes() == fitted.predict_proba(X).tobytes()
        assert n_ordinary["predict"] == number


# --- Nobody can tell ---


def outcome(call):
    """What a call returns or raises, and what it warns of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = call()
        except Exception as error:
            result = type(error).__name__, str(error)
    return state(result), [(warning.category, str(warning.message)) for warning in caught]


# What a user may do to a model, as statements.
CHANGES = [
    "model.coefs_[0] *= 1.5",
    "model.coefs_[-1][0, 0] = [np.nan, 1e200, np.inf][seed % 3]",
    "model.coefs_ = [weights * 0.5 for weights in model.coefs_]",
    "model.intercepts_[0] = model.intercepts_[0] + 0.25",
    "model.coefs_[0].flags.writeable = False",
    "model.__setstate__(through_pickle(model).__getstate__())",
    "if model.class_weight: model.class_weight[2] = 1 + seed % 3",
    "if hasattr(model, 'feature_names_in_'): model.feature_names_in_[0] = f'feature {seed % 2}'",
    "model.intercepts_.insert(0, model.coefs_.pop())",
    "model.intercepts_[-1].shape = (-1, 1)",
    "model.intercepts_[-1].strides = (0,) * model.intercepts_[-1].ndim",
    "model.intercepts_[-1].dtype = f'i{model.intercepts_[-1].itemsize}'",
    "model.loss_curve_ = np.array(model.loss_curve_)",
]
PARAMETERS = [
    {"learning_rate_init": 0.05},
    {"learning_rate_init": 1e6},
    {"learning_rate_init": -1.0},
    {"momentum": 0.5},
    {"average": True},
    {"alpha": 0.01},
    {"alpha": True},
    {"loss": "squared_error"},
    {"verbose": True},
    {"class_weight": "balanced"},
    {"activation": "tanh"},
    {"standardize": True},
]


def without(part, matrix):
    delattr(matrix, part)
    return matrix


BAD_ROWS = [
    lambda X: X * 1e200,
    lambda X: X * np.nan,
    lambda X: X[:, :-1],
    lambda X: X[0],
    lambda X: X.astype(str),
    lambda X: X.astype(object),
    lambda X: X > 0,
    lambda X: sp.csr_array(X) * np.inf,
    lambda X: sp.csc_array(X),
    lambda X: sp.csr_array((X.ravel(), np.arange(X.size)[::-1] % N_FEATURES, [0, X.size]), (1, 5)),
    lambda X: X[:0],
    lambda X: [[1.0, "2", 3, 4, 5]],
    lambda X: [[10**400, 2, 3, 4, 5]],
    lambda X: pd.DataFrame(X),
    lambda X: pd.DataFrame(X, columns=NAMES[::-1]),
    lambda X: X.view(np.recarray),
    lambda X: without("data", sp.csr_array(X)),
    lambda X: without("indices", sp.csr_array(X)),
]
LABELS = [
    lambda y: y,
    lambda y: y.tolist(),
    lambda y: y + 2,
    lambda y: y[:, np.newaxis],
    lambda y: y.astype(float),
    lambda y: y / 3,
    lambda y: y > 0,
    lambda y: y.astype(str),
    lambda y: y.astype(object),
    lambda y: y.astype("m8[s]"),
    lambda y: y[1:],
    lambda y: np.eye(3)[y],
    lambda y: None,
]
WEIGHTS = [
    lambda n: np.full(n, 2.5),
    lambda n: np.zeros(n),
    lambda n: [1] * n,
    lambda n: 3.0,
    lambda n: -np.ones(n),
    lambda n: np.full(n, np.nan),
    lambda n: np.ones(n + 1),
    lambda n: np.full(n, 70.25),
    lambda n: ["1"] * n,
    lambda n: [1e308] * n,
    lambda n: [10**400] * n,
    lambda n: np.arange(n) / 3,
]
CLASSES = [[0, 1, 2], np.arange(3), [2, 1, 0], [0, 1], [0.0, 1.0, 2.0], ["0", "1", "2"], 3]


@st.composite
def steps(draw):
    """One thing that is done to a network, as a function of it."""
    seed, n = draw(st.integers(0, 99)), draw(st.integers(1, 70) | st.integers(1, 3))
    kind = draw(st.sampled_from(["learn"] * 4 + ["predict"] * 3 + ["change", "set"]))
    take = FORMS[draw(st.sampled_from(list(FORMS)))]
    # mostly as it should be: what is bad takes the ordinary way, and tells little
    good = draw(st.integers(0, 3)) > 0
    X = take(seed, n) if good else draw(st.sampled_from(BAD_ROWS))(rows(seed, n))
    if kind == "predict":
        method = draw(st.sampled_from(["predict", "predict_proba", "predict_log_proba"]))
        return lambda model: getattr(model, method)(X)
    if kind == "change":
        change = draw(st.sampled_from(CHANGES))
        return lambda model: exec(change, globals() | {"model": model, "seed": seed})
    if kind == "set":
        parameters = draw(st.sampled_from(PARAMETERS))
        return lambda model: model.set_params(**parameters) and None
    y = labels(seed, n) if good else draw(st.sampled_from(LABELS))(labels(seed, n))
    weights = draw(st.none() | st.sampled_from(WEIGHTS).map(lambda weights: weights(n)))
    classes = draw(st.none() | st.sampled_from(CLASSES))
    return lambda model: model.partial_fit(X, y, classes, weights) and None


scripts = st.lists(steps(), min_size=3, max_size=12)


@pytest.mark.parametrize("form", ["float64", "float32", "csr_array", "frame"])
@drawn(60, 1500, options=st.sampled_from(list(OPTIONS)), script=scripts)
def test_every_sequence_of_calls_ends_the_same(form, options, script):
    short, ordinary = (
        trained(FORMS[form](0, 4), **copy.deepcopy(OPTIONS[options])) for _ in range(2)
    )
    for step in script:
        taken = outcome(lambda step=step: step(short))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(_stream, "_find_any", lambda estimator: None)
            expected = outcome(lambda step=step: step(ordinary))
        assert taken == expected
        assert state(vars(short)) == state(vars(ordinary))


def test_copies_and_clones_go_their_own_way():
    model = trained()
    model.partial_fit(rows(1, 1), labels(1, 1))
    other, new = copy.deepcopy(model), clone(model)
    before = state(vars(other))
    model.partial_fit(rows(2, 1), labels(2, 1))
    assert state(vars(other)) == before
    assert not hasattr(new, "coefs_")
    other.partial_fit(rows(2, 1), labels(2, 1))
    assert state(vars(other)) == state(vars(model))


def test_parameters_that_were_not_validated_are_looked_at_next_time():
    model = trained()
    with config_context(skip_parameter_validation=True):
        model.set_params(learning_rate_init=-1.0).partial_fit(rows(1, 1), labels(1, 1))
    with pytest.raises(ValueError, match="learning_rate_init"):
        model.partial_fit(rows(1, 1), labels(1, 1))


def test_parameters_that_were_set_meanwhile_count_next_time():
    class Rows:
        def __array__(self, dtype=None, copy=None):
            model.set_params(learning_rate_init=0.5)
            return rows(1, 1)

    model, other = trained(), trained()
    model.partial_fit(Rows(), labels(1, 1))
    other.partial_fit(rows(1, 1), labels(1, 1)).set_params(learning_rate_init=0.5)
    for each in (model, other):
        each.partial_fit(rows(2, 1), labels(2, 1))
    assert state(vars(model)) == state(vars(other))


def test_weights_of_classes_that_change_inside():
    weights, y = [{0: np.array(2.0)} for _ in range(2)], np.zeros(1, int)
    model = trained(class_weight=weights[0]).partial_fit(rows(1, 1), y)
    other = trained(class_weight=weights[1]).partial_fit(rows(1, 1), y)
    for each in weights:
        each[0][...] = 5
    model.partial_fit(rows(1, 1), y)
    other.set_params(class_weight={0: 5.0}).partial_fit(rows(1, 1), y)
    assert state(model.coefs_) == state(other.coefs_)


def test_an_estimator_need_not_be_hashable():
    class Comparable(SoftmaxMLPClassifier):
        def __eq__(self, other):
            return True

        __hash__ = None

    first, second = (Comparable(4, random_state=seed) for seed in range(2))
    for model in (first, second):
        model.partial_fit(rows(0, 4), labels(0, 4), classes=range(N_CLASSES))
    probabilities = [model.predict_proba(rows(1, 1)).tolist() for model in (first, second)]
    assert probabilities[0] != probabilities[1]
    assert [model.predict_proba(rows(1, 1)).tolist() for model in (first, second)] == probabilities


def test_a_network_of_loaded_rows_sees_infinite_sums():
    X = through_pickle(rows(0, 4))  # their dtype is not np.float64's, but equal
    model = trained(X, hidden_layer_sizes=())
    model.predict(X)
    model.coefs_[0][:, -1] = 1e308
    with pytest.raises(ValueError, match="overflow"):
        model.predict(np.full((1, N_FEATURES), 1e3))


# --- Ctrl-C ---


def interrupted_stream(options, n_rows):
    """Feed rows one by one while a timer presses Ctrl-C; return how often, and if all is right."""
    X, y = rows(0, n_rows), labels(0, n_rows)
    expected, model = (trained(**OPTIONS[options]) for _ in range(2))
    for i in range(n_rows):
        expected.partial_fit(X[[i]], y[[i]])
    rng, n_pressed, n_before = np.random.RandomState(0), 0, model.n_iter_

    def is_fed():
        return model.n_iter_ - n_before == n_rows

    def press_ctrl_c(*_):
        if not is_fed():  # the last may come when the timer is already off
            raise KeyboardInterrupt

    # A function of its own: Python 3.13 has jumps that the "try" around a loop does not reach.
    def feed():
        signal.setitimer(signal.ITIMER_REAL, rng.uniform(1e-6, 3e-4))
        while not is_fed():
            row = model.n_iter_ - n_before
            model.partial_fit(X[[row]], y[[row]])
        signal.setitimer(signal.ITIMER_REAL, 0)

    signal.signal(signal.SIGALRM, press_ctrl_c)
    while not is_fed():
        try:
            feed()
        except KeyboardInterrupt:
            n_pressed += 1
    return n_pressed, state(vars(model)) == state(vars(expected))


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there are no timers")
@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("n_rows", [2_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_ctrl_c_between_rows(options, n_rows, in_child):
    n_pressed, is_whole = in_child(interrupted_stream, options, n_rows)
    assert n_pressed > n_rows / 200
    assert is_whole


# --- Nothing overflows unseen ---


@settings(max_examples=100, deadline=None)
@given(
    rule=st.fixed_dictionaries({name: st.sampled_from(values) for name, values in RULES.items()}),
    sizes=st.sampled_from([(), (3,), (4, 2), (2, 3, 2)]),
    more=st.sampled_from([{}, {"momentum": 0.9}, {"momentum": 0.9, "nesterovs_momentum": True}]),
    exponent=st.integers(-2, 3),
    rate=st.sampled_from([1e-3, 0.1, 10.0]),
    seed=st.integers(0, 10**6),
)
def test_the_bound_is_above_all_that_was_measured(rule, sizes, more, exponent, rate, seed):
    rng = np.random.RandomState(seed)
    shapes = list(zip((N_FEATURES, *sizes), (*sizes, N_CLASSES), strict=True))
    coefs = [rng.uniform(-1, 1, size=shape) * 10.0**exponent for shape in shapes]
    intercepts = [rng.uniform(-1, 1, size=shape[1]) for shape in shapes]
    weights = _engine.as_blocks(coefs, intercepts, np.float64)
    velocities = _engine.as_blocks(*zeros_like(weights), np.float64) if more else None
    options = {"alpha": 0.0, "momentum": 0.0, "nesterovs_momentum": False, "t_": 0} | rule | more
    model = SimpleNamespace(out_activation_=rule["output_activation"], **options)
    engine = _engine.CompiledEngine(Network(weights, velocities), model)
    n = 8
    X = rng.uniform(-1, 1, size=(n, N_FEATURES)) * 10.0 ** rng.randint(-1, 4)
    bound = engine.bound(abs(X).max(), N_FEATURES, rate, n)
    engine.run(X, labels(seed, n).astype(np.int32), np.arange(n), None, rate)
    measured = max(abs(array).max() for part in weights for array in part)
    sums = _engine.CompiledEngine.forward_pass(*weights, rule["activation"]).sums(X, slice(None))
    if np.isfinite(bound):
        assert measured <= bound * (1 + 1e-9)
        assert engine.is_finite()
        assert np.isfinite(sums).all()


def test_what_might_overflow_takes_the_ordinary_way(n_ordinary):
    model = trained()
    model.partial_fit(rows(1, 1), labels(1, 1))
    assert n_ordinary["learn"] == 0 + 1
    with pytest.raises(ValueError, match="diverged"):
        model.partial_fit(rows(2, 3) * 1e300, labels(2, 3))
    assert n_ordinary["learn"] == 2


# --- Memory ---


def test_a_long_stream_holds_its_losses_alone():
    model, X, y = trained(), rows(1, 1), labels(1, 1)
    for _ in range(100):
        model.partial_fit(X, y)
    tracemalloc.start()
    n_calls = 100_000
    for _ in range(n_calls):
        model.partial_fit(X, y)
        model.predict_proba(X)
    grown = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert grown < 45 * n_calls  # a float of 24 bytes, and its place in a list that grows ahead


@pytest.mark.parametrize("method", ["partial_fit", "predict"])
@pytest.mark.parametrize("is_owner", [False, True])
def test_no_estimator_is_kept_alive(is_owner, method):
    """Whatever others put into it."""
    model = trained()
    if is_owner:
        model.owner = [model]
    for _ in range(2):
        model.partial_fit(rows(1, 1), labels(1, 1)) if method == "partial_fit" else None
        model.predict(rows(1, 1))
    n_records, reference = len(_stream._records), weakref.ref(model)
    del model
    gc.collect()
    assert reference() is None
    assert is_owner or len(_stream._records) < n_records


def test_fit_lets_go_of_former_weights():
    model = trained(tol=None, max_iter=2).fit(rows(0, 9), labels(0, 9))
    model.predict(rows(1, 1))
    weights = weakref.ref(model.coefs_[0])
    model.fit(rows(0, 9), labels(0, 9))
    gc.collect()
    assert weights() is None


def many_stored_values(n_rows, n_columns):
    """Standardize rows of which one is presented, though all store more than there is room."""
    X = sp.csr_array(np.ones((n_rows, n_columns)))
    model = trained(X[:4], labels(0, 4), standardize=True, alpha=0.0)
    before = model._input_moments.copy()
    model.partial_fit(X, labels(0, n_rows), sample_weight=[1.0] + [0.0] * (n_rows - 1))
    return bool((model._input_moments[1] == before[1] + 1).all())


def test_rows_that_are_not_presented_need_no_room(in_child):
    assert in_child(many_stored_values, 64, 8000)

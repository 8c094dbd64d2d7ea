"""Ctrl-C at any moment: what is being trained stays whole, and can be trained further.

The interrupts are signals, sent by a timer at random moments, most of them while Python is busy
around the engine: networks and data are small.
"""

import copy
import signal
import time
import warnings
from contextlib import suppress
from functools import partial

import numpy as np
import pytest
import scipy.sparse as sp
from helpers import OPTIONS, TRAININGS, bits, child_process, each_method, samples, state, train
from helpers import network as any_network
from sklearn.model_selection import GridSearchCV

from skl_softmaxnet import _engine

pytestmark = pytest.mark.skipif(
    not hasattr(signal, "setitimer"), reason="the system has no timers that send signals"
)

ENGINES = {"numpy": _engine.NumpyEngine, "compiled": _engine.CompiledEngine}
SETTINGS = {
    "adaptive": {"learning_rate": "adaptive", "tol": 1.0, "n_iter_no_change": 1},
    "average": OPTIONS["average"],
    "everything": OPTIONS["everything"] | {"learning_rate": "inverse_time"},
}
for name in ("plain", "momentum", "balanced", "standardize", "stopping"):
    SETTINGS[name] = TRAININGS[name]
each_number_of_trials = pytest.mark.parametrize(
    "n_trials", [30, pytest.param(300, marks=pytest.mark.slow)]
)
# Pressed again after so many seconds, Ctrl-C may come while what it has interrupted is undone.
each_gap = pytest.mark.parametrize(
    "gaps", [(None,), (2e-6, 1e-5, 3e-5, 1e-4)], ids=["once", "twice"]
)


network = partial(any_network, max_iter=200)


def interrupt(call, seconds, gap=None):
    """Call, and send SIGINT so much later; return the warnings, None if it was an error."""
    n_pressed, has_returned = 0, False

    def press_ctrl_c(*_):
        nonlocal n_pressed
        n_pressed += 1
        if gap and n_pressed == 1:
            signal.setitimer(signal.ITIMER_REAL, gap)
        signal.raise_signal(signal.SIGINT)

    signal.signal(signal.SIGALRM, press_ctrl_c)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with suppress(KeyboardInterrupt):
            with suppress(KeyboardInterrupt):
                signal.setitimer(signal.ITIMER_REAL, seconds)
                call()
                has_returned = True
                signal.setitimer(signal.ITIMER_REAL, 0)
            for _ in range(10):  # unless the second one has come, or was called off with the first
                time.sleep(gap if gap and n_pressed == 1 else 0)
    return [str(warning.message) for warning in caught] if has_returned else None


def moments(n_trials, call):
    """Make a call for each trial; yield what it returned, and a random moment of such a call.

    Some of the moments come after its end.
    """
    for share in np.random.RandomState(0).uniform(0, 1.3, size=n_trials):
        start = time.perf_counter()
        result = call()
        yield result, max(1e-6, share * (time.perf_counter() - start))


def answers_ctrl_c():
    return signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize("method", ["spawn", "fork"])
def test_a_child_answers_where_its_parent_does_not(method):
    """As it is where a shell has started the tests in the background; the rest would say little."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with child_process(method) as call:
            assert call(answers_ctrl_c)
    finally:
        signal.signal(signal.SIGINT, before)


# --- partial_fit ---


def interrupted_stream(engine, setting, container, gaps, n_trials):
    """Interrupt partial_fit again and again; return whether it was as if not called, or called."""
    _engine.Engine = ENGINES[engine]
    X, y = samples()
    X = container(X)
    model = network(**SETTINGS[setting]).partial_fit(X, y, classes=np.unique(y))
    before = state(model)
    outcomes = []
    for called, seconds in moments(n_trials, lambda: copy.deepcopy(model).partial_fit(X, y)):
        interrupt(lambda: model.partial_fit(X, y), seconds, gaps[len(outcomes) % len(gaps)])
        now = state(model)
        outcomes.append("not called" if now == before else now == state(called) and "called")
        before = now
    return outcomes


@each_number_of_trials
@each_gap
@pytest.mark.parametrize(
    ("setting", "container"),
    [(setting, np.asarray) for setting in SETTINGS]
    + [("plain", sp.csr_array), ("balanced", sp.csr_array), ("standardize", sp.csr_array)],
)
def test_an_interrupted_partial_fit_is_done_or_not_done(
    setting, container, gaps, n_trials, engine, in_child
):
    """So a stream whose chunk is given again ends with the model of one without interrupts."""
    outcomes = in_child(interrupted_stream, engine, setting, container, gaps, n_trials)
    assert "not called" in outcomes
    assert set(outcomes) <= {"not called", "called"}


# --- fit ---


def interrupted_fits(engine, setting, gaps, n_trials):
    """Interrupt warm starts again and again; tell of each what came of it, and what is wrong."""
    _engine.Engine = ENGINES[engine]
    X, y = samples()
    parameters = SETTINGS[setting] | {"warm_start": True, "shuffle": False, "tol": None}
    first = network(max_iter=20 if engine == "compiled" else 3, **parameters).fit(X, y)
    outcomes = []
    for fitted, seconds in moments(n_trials, lambda: copy.deepcopy(first).fit(X, y)):
        model = copy.deepcopy(first)
        gap = gaps[len(outcomes) % len(gaps)]
        caught = interrupt(lambda: model.fit(X, y), seconds, gap)  # noqa: B023
        wrong = what_is_wrong(first, model, engine, X, y)
        if caught == [] and state(model) != state(fitted):
            wrong += ["interrupted without a word"]
        outcomes.append((caught, wrong))
    return outcomes


def what_is_wrong(first, model, engine, X, y):
    """Name what in an interrupted fit does not go together, if anything."""
    n_epochs, was_run = len(model.loss_curve_), state(model) != state(first)
    n_new, n_rows = n_epochs - len(first.loss_curve_), first.t_ // len(first.loss_curve_)
    stops, scores = model.early_stopping, model.validation_scores_ or []
    wrong = {
        "attributes": set(vars(model)) != set(vars(first)),
        "parameters": model.get_params() != first.get_params(),
        "n_iter_": was_run and model.n_iter_ != n_new,
        "best_loss_": model.best_loss_ != (None if stops else min(model.loss_curve_)),
        "loss_": model.loss_ != model.loss_curve_[-1],
        "t_": not 0 <= model.t_ - n_epochs * n_rows <= n_rows,
        "scores": len(scores) != n_epochs * stops,
        # presentations of the engine in NumPy may be left half way
        "coefs_": engine == "compiled"
        and not stops
        and weights(model) != weights(replayed(first, n_new, model.t_, X, y)),
        "fit": copy.deepcopy(model).set_params(max_iter=2).fit(X, y).n_iter_ != 2,
    }
    return [name for name, is_wrong in wrong.items() if is_wrong]


def replayed(first, n_epochs, t, X, y):
    """Present to a copy of the first model as much as another has seen."""
    again = copy.deepcopy(first)
    if n_epochs:
        again.set_params(max_iter=n_epochs).fit(X, y)
    n_more = t - again.t_
    return again.partial_fit(X[:n_more], y[:n_more]) if n_more else again


def weights(model):
    """All that training moves."""
    return state([model.coefs_, model.intercepts_, model._weights, model._velocities])


@each_number_of_trials
@each_gap
@pytest.mark.parametrize("setting", SETTINGS.keys() - {"balanced", "standardize"})
def test_an_interrupted_fit_has_seen_what_it_says(setting, gaps, n_trials, engine, in_child):
    outcomes = in_child(interrupted_fits, engine, setting, gaps, n_trials)
    assert ["Training interrupted by user."] in [caught for caught, _ in outcomes]
    assert not [wrong for _, wrong in outcomes if wrong]


# --- In the middle of a long pass ---

# some hundred slices each; in the second, time goes to exponentials and logarithms, not to weights
LONG = {
    "wide": (10, 100_000, {"hidden_layer_sizes": 2000}),
    "many outputs": (
        *(1000, 500),
        {"output_activation": "sigmoid", "loss": "log_loss", "hidden_layer_sizes": 2},
    ),
}


def interrupted_long_call(engine, method, n_classes, repeats, parameters):
    """Interrupt a pass that would take minutes; return how long it went on, and if it is right."""
    _engine.Engine = ENGINES[engine]
    X = np.random.RandomState(0).normal(size=(2 * n_classes, 50))
    y = np.arange(len(X)) % n_classes
    model = network(**parameters | {"max_iter": 1, "shuffle": False})
    if method == "partial_fit":
        train(model, method, X, y)
    before, weights = state(model), np.full(len(y), repeats)
    start = time.perf_counter()
    caught = interrupt(lambda: train(model, method, X, y, sample_weight=weights), 0.6)
    seconds = time.perf_counter() - start - 0.6
    if method == "partial_fit":  # raised, which ends the loop that the call stands in
        return seconds, caught is None and state(model) == before
    # the rows are presented in order, so it is known which ones t_ presentations have shown
    shown = np.clip(model.t_ - repeats * np.arange(len(y)), 0, repeats)
    same = train(network(**model.get_params()), "partial_fit", X, y, sample_weight=shown)
    # presentations of the engine in NumPy may be left half way; partial_fit makes no blocks
    t_is_right = engine == "numpy" or np.allclose(model.coefs_[0], same.coefs_[0], 1e-6, 1e-9)
    is_told = caught == ["Training interrupted by user."] and model.n_iter_ == 0
    return seconds, is_told and t_is_right and model.t_ > 0


@each_method
@pytest.mark.parametrize("case", LONG)
def test_ctrl_c_in_the_middle_of_a_long_pass(case, method, engine, in_child):
    seconds, is_right = in_child(interrupted_long_call, engine, method, *LONG[case])
    assert seconds < 5  # 0.2 where the machine has nothing else to do
    assert is_right


def interrupted_searches(n_trials):
    """Interrupt one search again and again; tell whether it then finds what it would have found."""

    def found(search):
        search.fit(X, y)
        return search.cv_results_["mean_test_score"].tolist(), bits(search.best_estimator_)

    X, y = samples()
    grid = {"learning_rate_init": [0.01, 0.3], "hidden_layer_sizes": [3, (4, 2)]}
    search = GridSearchCV(network(max_iter=60), grid, cv=3, error_score="raise")
    expected, untouched = found(copy.deepcopy(search)), state(search.estimator)
    caught = []
    for _, seconds in moments(n_trials, lambda: copy.deepcopy(search).fit(X, y)):
        caught.append(interrupt(lambda: search.fit(X, y), seconds))
        assert state(search.estimator) == untouched
    assert any(words != [] for words in caught)  # some came in time
    return found(search) == expected


@pytest.mark.parametrize("n_trials", [10, pytest.param(100, marks=pytest.mark.slow)])
def test_an_interrupted_search_can_be_repeated(n_trials, in_child):
    assert in_child(interrupted_searches, n_trials)

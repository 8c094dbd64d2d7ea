"""A bad input gets an error that names it, before any training, and spoils no fitted model."""

import copy
import re

import forms
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from forms import said_of
from helpers import LABELS, STOPPING, as_labels, each_method, network, replace_run, state, train
from sklearn.exceptions import NotFittedError

N = 12
X = np.random.RandomState(0).normal(size=(N, 4))
Y = np.arange(N) % 3
SEVERAL = as_labels(X, Y)
COLORS = np.array(["blue", "green", "red"])
NAN, INF = np.nan, np.inf

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.DataConversionWarning"),
    pytest.mark.filterwarnings("ignore:X (has|does not have) (valid )?feature names:UserWarning"),
    pytest.mark.filterwarnings("ignore:invalid value encountered in cast:RuntimeWarning"),
]
each_output = pytest.mark.parametrize(
    "output", ["predict", "predict_proba", "predict_log_proba", "decision_function"]
)


@pytest.fixture
def no_work(monkeypatch):
    replace_run(monkeypatch, lambda *arguments: pytest.fail("the engine has run"))


def frame(X, columns="abcd"):
    return pd.DataFrame(X, columns=list(columns))


# what is balanced is counted, and must not be where a chunk fails
FITTED = network(class_weight="balanced").fit(frame(X), Y)
FITTED_SEVERAL = network(**LABELS).fit(frame(X), SEVERAL)


def assert_refused(model, method, parameters, given, message=""):
    """The call is an error that changes nothing of the model, not an attribute and not a bit."""
    model = copy.deepcopy(model).set_params(**parameters)
    before = state(model)
    given = {"X": X, "y": Y} | given
    if method == "fit":
        given.pop("classes", None)
    said = said_of(train, model, method, **given)
    assert re.search(message, said), said
    assert state(model) == before


def assert_refused_by_all(method, parameters, given, message):
    """By a new model; and, in whatever words, by one that was fitted and one that goes on."""
    assert_refused(network(), method, parameters, given, message)
    fitted = FITTED_SEVERAL if parameters.items() >= LABELS.items() else FITTED
    for warm_start in (False, True):
        assert_refused(fitted, method, parameters | {"warm_start": warm_start}, given)


# --- Parameters ---

NO_SIZES = [0, -1, (5, 0), (5, -2), 2.5, "5", (2.5,), ("5",), None, ((3, 2),), np.array(3)]
NO_CLASS_WEIGHTS = ["equal", 2, [1, 1, 1], [{0: 1.0}], {5: 2.0}, {0: 1.0, 5: 2.0}, {"0": 2.0}]
NO_CLASS_WEIGHTS += [{0: w} for w in (-1.0, NAN, INF, None, "a", 1 + 1j, [1.0, 2.0], 1e300)]
WRONG_PARAMETERS = {
    "hidden_layer_sizes": NO_SIZES,
    "output_activation": ["logistic", "Softmax", None, 1],
    "activation": ["sigmoid", "RELU", None],
    "loss": ["hinge", "log", None],
    "backprop": ["exact", True, None],
    "fit_intercept": ["no", 2.5, None],
    "alpha": [-1e-4, NAN, INF, "0", None],
    "learning_rate": ["optimal", "Adaptive", 0.1, None],
    "decay": [-0.1, NAN, INF, "0.1", None],
    "learning_rate_init": [0, -0.1, NAN, INF, "0.1", "constant", None],
    "power_t": [-0.5, NAN, INF, "0.5", None],
    "momentum": [-0.1, 1.1, NAN, "0.9", None],
    "nesterovs_momentum": ["yes", 2.5, None],
    "max_iter": [0, -1, 2.5, "200", None],
    "tol": [-1e-4, NAN, INF, "1e-4"],
    "n_iter_no_change": [0, -1, 2.5, -INF, NAN, "10", None],
    "average": ["yes", 10, None],
    "early_stopping": ["yes", 2.5, None],
    "validation_fraction": [0, 0.0, 1.0, 1.5, -0.1, NAN, "0.1", None],
    "standardize": ["yes", 2.5, None],
    "shuffle": ["yes", 2.5, None],
    "class_weight": NO_CLASS_WEIGHTS,
    "warm_start": ["yes", 2.5, None],
    "random_state": ["0", -1, 2.5],
    "verbose": ["yes", None],
}


@each_method
@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name, values in WRONG_PARAMETERS.items() for value in values],
    ids=repr,
)
@pytest.mark.usefixtures("no_work")
def test_wrong_parameters_are_named(name, value, method):
    """The constructor accepts anything."""
    assert_refused(network(), method, {name: value}, {}, name)
    assert_refused(FITTED, "fit", {name: value}, {}, name)


@each_method
@pytest.mark.parametrize(
    ("rate", "alpha"), [(1.0, 1.0), (0.1, 10.5), (0.05, 20.0), (0.05, 60), (1e-3, 1e300)]
)
@pytest.mark.usefixtures("no_work")
def test_a_penalty_that_turns_weights_round_is_named(rate, alpha, method):
    """One that takes them whole is refused too; test_options.py has those that leave a part."""
    words = re.escape(f"alpha={alpha!r} is too large")
    assert_refused_by_all(method, {"learning_rate_init": rate, "alpha": alpha}, {}, words)


@pytest.mark.parametrize(
    "sizes", [4, (4,), [4], np.array([4]), np.int64(4), (np.int32(4),)], ids=repr
)
def test_hidden_layer_sizes_in_any_form(sizes):
    model = network(sizes).fit(X, Y)
    assert [W.shape for W in model.coefs_] == [(4, 4), (4, 3)]
    assert model.hidden_layer_sizes is sizes


# --- X, y and weights ---


def X_with(value):
    return np.where(np.arange(X.size).reshape(X.shape) == 6, value, X)


def weights_with(value):
    return np.r_[np.ones(N - 1), value]


WIDER = np.column_stack([X, X])
WRONG_X = {
    "NaN": (X_with(NAN), "X contains NaN"),
    "infinity": (X_with(INF), "X contains infinity"),
    "minus infinity": (X_with(-INF), "X contains infinity"),
    "sparse NaN": (sp.csr_matrix(X_with(NAN)), "X contains NaN"),
    "float32 infinity": (X_with(INF).astype(np.float32), "X contains infinity"),
    "NaN, wider": (np.c_[X_with(NAN), X], "X contains NaN"),
    "NaN, other names": (frame(X_with(NAN), "dcba"), "X contains NaN"),
    "complex": (X + 1j, "[Cc]omplex"),
    "strings": (np.full(X.shape, "red", dtype=object), "(?i)could not convert|numeric|string"),
    "one-dimensional": (np.zeros(N), "2D array"),
    "three-dimensional": (np.zeros((N, 2, 2)), "dim 3"),
    "no rows": (np.zeros((0, 4)), r"0 sample\(s\)"),
    "no columns": (np.zeros((N, 0)), r"0 feature\(s\)"),
    "fewer rows than y": (X[:-1], "inconsistent numbers of samples"),
}
WRONG_Y = {
    "continuous": (X[:, 0], r"\by\b.*(whole|continuous)"),
    "continuous, float32": (X[:, 0].astype(np.float32), r"\by\b.*(whole|continuous)"),
    "texts and numbers": (np.array([0, "a", "b"] * 4, dtype=object), r"\by\b.*(strings|kind)"),
    "None and texts": (np.array([None, "a", "b"] * 4, dtype=object), r"\by\b.*missing"),
    "objects": (np.array([object()] * N), r"\by\b.*objects"),
    "dicts": (np.array([{}, {"a": 1}] * 6), r"\by\b.*objects"),
    "tuples": (forms.as_objects([(0, 1), (1, 2)] * 6), r"\by\b.*tuple"),
    "NaN": (np.array([0, 1, np.nan] * 4), r"\by\b.*NaN"),
    "missing in pandas": (pd.Series([0, 1, None] * 4, dtype="Int64"), r"\by\b.*NaN"),
    "two columns": (np.column_stack([Y, Y]), "y has several columns.* 0 and 1"),
    "counts": (2 * SEVERAL, "y has several columns.* 0 and 1"),
    "ones in two parts": (forms.in_halves(2 * SEVERAL), "y has several columns.* 0 and 1"),
    "columns of text": (SEVERAL.astype(str), "y has several columns.* 0 and 1"),
    "NaN in columns": (np.where(SEVERAL, NAN, 0), "y contains NaN"),
    "fewer rows of columns": (SEVERAL[:-1], "inconsistent numbers of samples"),
    "one-hot": (np.eye(3, dtype=int)[Y], r'"sigmoid".*one-hot.*y\.argmax\(axis=1\)'),
}
WRONG_WEIGHTS = {
    "negative": weights_with(-1e-3),
    "NaN": weights_with(NAN),
    "infinity": weights_with(INF),
    "too many to count": weights_with(1e15),
    "beyond counting": weights_with(1e300),
    "missing": [None] + [1] * (N - 1),
    "too few": np.ones(N - 1),
    "two columns": np.ones((N, 2)),
    "complex": np.full(N, 1 + 1j),
    "list of complex": [1j] * N,
    "one complex": 1 + 1j,
    "dates": np.arange(N).astype("datetime64[s]"),
    "times": np.arange(N).astype("timedelta64[s]"),
}
SOFTMAX = {"output_activation": "softmax"}
BOTH_OUTPUTS = [("", SOFTMAX), (", sigmoid", LABELS)]
WRONG = {
    **{f"X: {name}": ({}, {"X": wrong}, words) for name, (wrong, words) in WRONG_X.items()},
    **{
        f"y: {name}{output}": (parameters, {"y": wrong, "classes": [0, 1, 2]}, words)
        for name, (wrong, words) in WRONG_Y.items()
        for output, parameters in BOTH_OUTPUTS[: 1 if name == "one-hot" else 2]
    },
    **{
        f"weights: {name}": ({}, {"sample_weight": wrong}, r"(?i)sample_?weight|[Cc]omplex")
        for name, wrong in WRONG_WEIGHTS.items()
    },
    "several labels, softmax": ({}, {"y": SEVERAL}, 'output_activation="sigmoid"'),
    "several labels, dict": (LABELS | {"class_weight": {0: 2.0}}, {"y": SEVERAL}, "class_weight"),
    "several labels, no dict": (LABELS | {"class_weight": {}}, {"y": SEVERAL}, "class_weight"),
    "weight of another class": ({"class_weight": {7: 1.0}}, {"X": WIDER}, "class_weight"),
    "a rate, other features": ({"learning_rate_init": -1}, {"X": WIDER}, "learning_rate_init"),
}
RARE = {"class_weight": {0: 0.0}, "validation_fraction": 0.1}
NO_WEIGHT = {"class_weight": {0: 0.0, 1: 0.0}}
JUDGED = STOPPING | {"output_activation": "sigmoid"}
X_VAL, Y_VAL, SEVERAL_VAL, TWO_VAL = X[:5], Y[:5], SEVERAL[:5], SEVERAL[:5, :2]


def held_out(X_val, y_val, y=Y):
    return JUDGED, {"y": y, "X_val": X_val, "y_val": y_val}


WRONG_FOR_FIT = {
    "one class": ({}, {"y": Y * 0}, r"^(?!.*weight).*2 classes"),
    "one class, other names": ({}, {"X": frame(X, "dcba"), "y": Y * 0}, "2 classes"),
    "no weight": ({}, {"sample_weight": np.zeros(N)}, "sample_weight"),
    "no weight, wider": ({}, {"X": WIDER, "sample_weight": np.zeros(N)}, "sample_weight"),
    "no class with a weight": ({"class_weight": {0: 0, 1: 0, 2: 0}}, {}, "class_weight"),
    "no sample of one": (NO_WEIGHT, {"sample_weight": (Y < 2) * 1.0}, "class_weight"),
    "a layer beyond all memory": ({"hidden_layer_sizes": 10**30}, {}, ""),
    "one sample of each class": (STOPPING, {"X": X[:3], "y": Y[:3]}, "validation_fraction.*X_val"),
    "none to judge by": (STOPPING | RARE, {"y": (np.arange(N) > 9) * 1}, "class_weight|validation"),
    "no y_val": (*held_out(X_VAL, None), "X_val.*y_val"),
    "no X_val": (*held_out(None, Y_VAL), "y_val.*X_val"),
    "not stopping": ({}, {"X_val": X_VAL, "y_val": Y_VAL}, "X_val.*early_stopping"),
    "X_val: features": (*held_out(WIDER[:5], Y_VAL), "8 features"),
    "X_val: sparse features": (*held_out(sp.csr_array(X_VAL[:, :1]), Y_VAL), "1 features"),
    "X_val: one-dimensional": (*held_out(X_VAL[0], Y_VAL), "X_val|Expected 2D array"),
    "X_val: NaN": (*held_out(X_with(NAN)[:5], Y_VAL), "X_val contains NaN"),
    "X_val: infinity": (*held_out(X_with(INF)[:5], Y_VAL), "X_val contains inf"),
    "y_val: fewer": (*held_out(X_VAL, Y_VAL[:-1]), "y_val.*4|4.*y_val|inconsistent"),
    "y_val: more": (*held_out(X_VAL, Y), "y_val.*12|12.*y_val|inconsistent"),
    "y_val: unknown": (*held_out(X_VAL, [0, 1, 2, 0, 7]), r"y_val.*not among.*7"),
    "y_val: pink": (*held_out(X_VAL, [*COLORS, "red", "pink"], COLORS[Y]), "y_val.*pink"),
    "y_val: text for numbers": (*held_out(X_VAL, COLORS[Y_VAL]), "y_val"),
    "y_val: objects for numbers": (*held_out(X_VAL, COLORS[Y_VAL].astype(object)), "y_val"),
    "y_val: numbers for objects": (*held_out(X_VAL, Y_VAL, COLORS[Y].astype(object)), "y_val"),
    "y_val: None": (*held_out(X_VAL, np.full(5, None), COLORS[Y].astype(object)), "y_val"),
    "y_val: NaN": (*held_out(X_VAL, np.where(Y_VAL == 1, NAN, Y_VAL)), "y_val"),
    "y_val: several": (*held_out(X_VAL, np.eye(3, dtype=int)[Y_VAL]), "y_val"),
    "y_val: sparse": (*held_out(X_VAL, sp.csr_array(np.eye(3)[Y_VAL])), "y_val"),
    "y_val: one for several": (*held_out(X_VAL, Y_VAL, SEVERAL), "y_val"),
    "y_val: fewer columns": (*held_out(X_VAL, TWO_VAL, SEVERAL), "y_val has 2 columns"),
    "y_val: fewer, sparse": (*held_out(X_VAL, sp.csr_array(TWO_VAL), SEVERAL), "has 2 columns"),
    "y_val: fewer rows": (*held_out(X_VAL, SEVERAL_VAL[:4], SEVERAL), "y_val.*4|4.*y_val"),
    "y_val: counts": (*held_out(X_VAL, SEVERAL_VAL * 2, SEVERAL), "y_val.*0 and 1"),
    "y_val: columns of text": (*held_out(X_VAL, SEVERAL_VAL.astype(str), SEVERAL), "0 and 1"),
    "y_val: NaN in columns": (*held_out(X_VAL, np.where(SEVERAL_VAL, NAN, 0), SEVERAL), "y_val"),
}
for names in ("dcba", "efgh"):
    held = {"X": frame(X), "X_val": frame(X_VAL, names), "y_val": Y_VAL}
    WRONG_FOR_FIT[f"X_val: names {names}"] = (JUDGED, held, "names")
BALANCED_LABELS = LABELS | {"class_weight": "balanced"}
WRONG_FOR_PARTIAL_FIT = {
    "one class": ({}, {"y": Y * 0, "classes": [0]}, r"^(?!.*weight).*classes"),
    "numbers of columns": (LABELS, {"y": SEVERAL, "classes": list("abc")}, "numbers of the 3 col"),
    "balanced": (BALANCED_LABELS, {"y": SEVERAL}, "class_weight.*sample_weight"),
}
CASES = [(method, WRONG, name) for method in ("fit", "partial_fit") for name in WRONG]
CASES += [("fit", WRONG_FOR_FIT, name) for name in WRONG_FOR_FIT]
CASES += [("partial_fit", WRONG_FOR_PARTIAL_FIT, name) for name in WRONG_FOR_PARTIAL_FIT]


@pytest.mark.parametrize(
    ("method", "table", "case"), [pytest.param(*c, id=f"{c[0]} {c[2]}") for c in CASES]
)
@pytest.mark.usefixtures("no_work")
def test_a_failure_changes_nothing(method, table, case):
    parameters, given, message = table[case]
    assert_refused_by_all(method, parameters, given, message)


# --- A model that was trained and goes on ---

WARM = {"warm_start": True}
BOTH = ("fit", "partial_fit")
DOES_NOT_GO_ON = [
    (BOTH, FITTED, {}, {"y": np.r_[Y[:-1], 7]}, r"y holds .*7"),
    (BOTH, FITTED, {}, {"X": WIDER}, "X has 8 features"),
    (BOTH, FITTED, {}, {"X": frame(X, "dcba")}, "feature names"),
    (BOTH, FITTED, LABELS, {"y": SEVERAL}, "output_activation|several labels"),
    (BOTH, FITTED, {}, {"X": frame(X_with(NAN))}, "X contains NaN"),
    (BOTH, FITTED_SEVERAL, {}, {}, "one class a sample"),
    (BOTH, FITTED_SEVERAL, {}, {"y": SEVERAL[:, :2]}, "not the same as"),
    (["fit"], FITTED, {}, {"y": Y + 1}, r"y holds \[.*1.*2.*3.*0"),
    (["fit"], FITTED, {}, {"y": Y % 2}, "y holds"),
    (["fit"], FITTED, {"hidden_layer_sizes": 7}, {}, "hidden_layer_sizes"),
    (["fit"], FITTED, {"hidden_layer_sizes": (5, 4, 6)}, {}, "hidden_layer_sizes"),
    (["fit"], FITTED, {"output_activation": "sigmoid"}, {}, "output_activation"),
    (["partial_fit"], FITTED, {}, {"classes": [0, 1, 2, 3]}, "classes"),
]
PUT_IN = {
    "intercepts too short": ("intercepts_", 0, np.zeros(3)),
    "coefs too long": ("coefs_", 1, np.zeros((5000, 4))),
    "coefs too narrow": ("coefs_", 0, np.zeros((2, 3))),
    "outputs too few": ("coefs_", 2, np.zeros((4, 2))),
    "one dimension": ("coefs_", 0, np.zeros(2)),
    "a number": ("intercepts_", 1, 0.5),
}


@pytest.mark.parametrize(("methods", "model", "parameters", "given", "message"), DOES_NOT_GO_ON)
@pytest.mark.usefixtures("no_work")
def test_what_does_not_go_on(methods, model, parameters, given, message):
    for method in methods:
        assert_refused(model, method, WARM | parameters, {"X": frame(X)} | given, message)


def test_the_first_call_of_a_stream_names_the_classes():
    assert "classes" in said_of(network().partial_fit, X, Y)


@each_method
@pytest.mark.parametrize("case", PUT_IN)
@pytest.mark.usefixtures("no_work")
def test_weights_of_another_shape_are_refused(case, method):
    name, index, array = PUT_IN[case]
    model = copy.deepcopy(FITTED)
    getattr(model, name)[index] = array
    words = r"coefs_ .* 4 inputs and 3 outputs|coefs_ have the shapes"
    assert_refused(model, method, WARM, {"X": frame(X)}, words)


# --- Predictions ---


@each_output
def test_predicting(output):
    with pytest.raises(NotFittedError, match="SoftmaxMLPClassifier"):
        getattr(network(), output)(X)
    predict = getattr(FITTED, output)
    assert re.search(r"X has 3 features.*expecting 4 features", said_of(predict, X[:, :3]))
    assert re.search("X contains NaN", said_of(predict, X_with(NAN)))

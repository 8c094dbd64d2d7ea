"""A bad input gets an error that names it, before any training, and spoils no fitted model."""

import re

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from helpers import network, state, train
from sklearn.exceptions import NotFittedError

N = 12
X = np.random.RandomState(0).normal(size=(N, 4))
Y = np.arange(N) % 3
NAN, INF = np.nan, np.inf

each_method = pytest.mark.parametrize("method", ["fit", "partial_fit"])
each_output = pytest.mark.parametrize(
    "output", ["predict", "predict_proba", "predict_log_proba", "decision_function"]
)

# --- Parameters ---

NO_SIZES = [0, -1, (5, 0), (5, -2), 2.5, "5", (2.5,), ("5",), None, ((3, 2),), np.array(3)]
NO_CLASS_WEIGHTS = ["equal", 2, [1, 1, 1], {"no such class": 1.0}, {0: -1.0}, {0: NAN}]
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
def test_wrong_parameters_are_named(name, value, method):
    model = network().set_params(**{name: value})  # the constructor accepts anything
    with pytest.raises(ValueError, match=name):
        train(model, method, X, Y)
    assert not hasattr(model, "coefs_")


@each_method
@pytest.mark.parametrize(
    ("rate", "alpha"), [(1.0, 1.0), (0.1, 10.5), (0.05, 20.0), (0.05, 60), (1e-3, 1e300)]
)
def test_a_penalty_that_turns_weights_round_is_named(rate, alpha, method):
    """One that takes them whole is refused too; test_options.py has those that leave a part."""
    model = network(learning_rate_init=rate, alpha=alpha)
    with pytest.raises(ValueError, match=re.escape(f"alpha={alpha!r} is too large")):
        train(model, method, X, Y)
    assert not hasattr(model, "coefs_")


@pytest.mark.parametrize(
    "sizes", [4, (4,), [4], np.array([4]), np.int64(4), (np.int32(4),)], ids=repr
)
def test_hidden_layer_sizes_in_any_form(sizes):
    model = network(sizes).fit(X, Y)
    assert [W.shape for W in model.coefs_] == [(4, 4), (4, 3)]
    assert model.hidden_layer_sizes is sizes


# --- X ---


def X_with(value):
    wrong = X.copy()
    wrong[1, 2] = value
    return wrong


WRONG_X = {
    "NaN": (X_with(NAN), "X contains NaN"),
    "infinity": (X_with(INF), "X contains infinity"),
    "minus infinity": (X_with(-INF), "X contains infinity"),
    "sparse NaN": (sp.csr_matrix(X_with(NAN)), "X contains NaN"),
    "float32 infinity": (X_with(INF).astype(np.float32), "X contains infinity"),
    "complex": (X + 1j, "[Cc]omplex"),
    "strings": (np.full(X.shape, "red"), "(?i)could not convert|numeric|string"),
    "one-dimensional": (np.zeros(N), "2D array"),
    "three-dimensional": (np.zeros((N, 2, 2)), "dim 3"),
    "no rows": (np.zeros((0, 4)), r"0 sample\(s\)"),
    "no columns": (np.zeros((N, 0)), r"0 feature\(s\)"),
    "fewer rows than y": (X[:-1], "inconsistent numbers of samples"),
}


@each_method
@pytest.mark.parametrize("case", WRONG_X)
def test_wrong_X(case, method):
    wrong, message = WRONG_X[case]
    with pytest.raises(ValueError, match=message):
        train(network(), method, wrong, Y)


@each_output
def test_predicting_wants_the_features_that_were_fitted(output):
    model = network().fit(X, Y)
    with pytest.raises(ValueError, match=r"X has 3 features.*expecting 4 features"):
        getattr(model, output)(X[:, :3])
    with pytest.raises(ValueError, match="X contains NaN"):
        getattr(model, output)(X_with(NAN))


@each_output
def test_predicting_before_fitting(output):
    with pytest.raises(NotFittedError, match="SoftmaxMLPClassifier"):
        getattr(network(), output)(X)


# --- sample_weight ---


def weights_with(value):
    return np.r_[np.ones(N - 1), value]


WRONG_WEIGHTS = {
    "negative": weights_with(-1e-3),
    "NaN": weights_with(NAN),
    "infinity": weights_with(INF),
    "too many to count": weights_with(1e15),
    "beyond counting": weights_with(1e300),
    "missing": [None] + [1] * (N - 1),
    "too few": np.ones(N - 1),
    "two columns": np.ones((N, 2)),
}


@each_method
@pytest.mark.parametrize("case", WRONG_WEIGHTS)
def test_wrong_weights(case, method):
    with pytest.raises(ValueError, match=r"(?i)sample_?weight"):
        train(network(), method, X, Y, sample_weight=WRONG_WEIGHTS[case])


def test_all_weights_zero():
    with pytest.raises(ValueError, match=r"(?i)sample_?weight"):
        network().fit(X, Y, sample_weight=np.zeros(N))


# --- A failure leaves an earlier model as it was ---


def frame(X, columns="abcd"):
    return pd.DataFrame(X, columns=list(columns))


WIDER = np.column_stack([X, X])
ANYWHERE = {  # parameters, X, y, weights; a fit may come with other features or classes
    "parameter": ({"learning_rate_init": -1}, X, Y, None),
    "parameter, wider": ({"learning_rate_init": -1}, WIDER, Y % 2, None),
    "hidden_layer_sizes": ({"hidden_layer_sizes": (0,)}, WIDER, Y % 2, None),
    "NaN": ({}, frame(X_with(NAN)), Y, None),
    "NaN, wider": ({}, np.c_[X_with(NAN), X], Y % 2, None),
    "NaN, other names": ({}, frame(X_with(NAN), "dcba"), Y % 2, None),
    "continuous y": ({}, WIDER, X[:, 0], None),
    "negative weight": ({}, X, Y, weights_with(-1)),
    "negative weight, wider": ({}, WIDER, Y % 2, weights_with(-1)),
}
FAILED = {
    "fit": ANYWHERE
    | {
        "one class": ({}, WIDER, Y * 0, None),
        "one class, other names": ({}, frame(X, "dcba"), Y * 0, None),
        "weights all zero": ({}, WIDER, Y % 2, np.zeros(N)),
    },
    "partial_fit": ANYWHERE
    | {
        "class": ({}, X, np.r_[Y[:-1], 7], None),
        "features": ({}, frame(WIDER, "abcdefgh"), Y, None),
        "feature names": ({}, frame(X, "dcba"), Y, None),
    },
}


@pytest.mark.parametrize(
    ("method", "case"), [(method, case) for method, cases in FAILED.items() for case in cases]
)
@pytest.mark.parametrize("earlier", ["none", "fit", "warm start"])
@pytest.mark.filterwarnings("ignore:X does not have valid feature names:UserWarning")
def test_a_failure_changes_nothing(method, case, earlier):
    if earlier == "none" and case.startswith("feature"):
        pytest.skip("there is nothing yet that the features could differ from")
    parameters, wrong_X, wrong_y, weights = FAILED[method][case]
    model = network(warm_start=earlier == "warm start")
    if earlier != "none":
        model.fit(frame(X), Y)
    before = state(model.set_params(**parameters))
    first = {"classes": [0, 1, 2]} if earlier == "none" and method == "partial_fit" else {}
    with pytest.raises(ValueError):  # noqa: PT011 - the messages are tested above
        getattr(model, method)(wrong_X, wrong_y, sample_weight=weights, **first)
    assert state(model) == before

"""Whatever is passed: it works, or a ValueError or TypeError names what is wrong with it.

Never another exception, never probabilities that are no numbers, and a model that was there before
is there after an error, unchanged.
"""

import copy
import re
import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from child import state
from hypothesis import given, settings
from hypothesis import strategies as st

from skl_softmaxnet import (
    SoftmaxMLPClassifier,
    softmax,
    softmax_jacobian,
    softmax_jacobian_product,
    truncated_normal,
)

repeatable = settings(max_examples=400, deadline=None, derandomize=True)
deep = settings(max_examples=5000, deadline=None, print_blob=True)

N = 6
GOOD_X = np.arange(2.0 * N).reshape(N, 2) / 10
GOOD_Y = np.arange(N) % 2

SCALARS = (None, True, 0, -1, 3, 2.5, np.nan, np.inf, "text", b"bytes", 1j, object(), {}, ())
VECTORS = (
    [0, 1] * (N // 2),
    [0, 1, 2] * (N // 3),
    ["a", "b"] * (N // 2),
    [b"a", b"b"] * (N // 2),
    [True, False] * (N // 2),
    [0, "a"] * (N // 2),
    [0, None] * (N // 2),
    [0.5, 1.5] * (N // 2),
    [0, np.nan] * (N // 2),
    [np.inf, 1] * (N // 2),
    [-1, 1] * (N // 2),
    [0] * N,
    [1e300] * N,
    [1j, 0] * (N // 2),
    [[1], [1, 2]] * (N // 2),
    [0, 1],
    [],
    np.zeros(0),
    np.arange(N, dtype=object),
    np.array(["2020-01-01"] * N, dtype="datetime64[D]"),
    np.arange(N).astype("timedelta64[s]"),
    np.zeros(N, dtype=[("a", float)]),
    pd.Series([0, 1, None] * (N // 3), dtype="Int64"),
    pd.Series(["a", None] * (N // 2), dtype="string"),
    pd.Categorical(["a", "b"] * (N // 2)),
)
MATRICES = (
    GOOD_X,
    GOOD_X[:2],
    GOOD_X[:, :1],
    np.zeros((N, 0)),
    np.zeros((0, 2)),
    np.zeros((N, 2, 2)),
    GOOD_X + 1j,
    GOOD_X * np.nan,
    np.full((N, 2), -np.inf),
    GOOD_X.astype(str),
    GOOD_X.astype(object),
    np.array([[None, 1]] * N),
    np.array([["a", 1]] * N, dtype=object),
    np.ma.masked_less(GOOD_X, 0.5),
    np.eye(N, 2, dtype=int),
    np.eye(N, 3) * 2,
    np.ones((N, 2), dtype=bool),
    pd.DataFrame({"a": ["x", "y"] * (N // 2), "b": range(N)}),
    pd.DataFrame({"a": [1, None] * (N // 2), "b": range(N)}, dtype="Int64"),
    pd.DataFrame(GOOD_X, columns=["a", "a"]),
    pd.DataFrame(GOOD_X, columns=["a", 1]),
    sp.csr_array(GOOD_X),
    sp.csr_array(GOOD_X * np.nan),
    sp.csr_array((N, 2), dtype=bool),
    sp.coo_array(GOOD_X + 1j),
    sp.csr_array((N, 0)),
    sp.coo_array(np.ones(N)),
)
ANYTHING = st.sampled_from([*SCALARS, *VECTORS, *MATRICES])

# The arguments, and what scikit-learn says of X and y without their names.
CULPRITS = "X|y|y_val|X_val|sample_weight|classes|[Ll]abels?|[Tt]arget|feature names|column names"


def quietly(function, *arguments, **named):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*arguments, **named)


def outcome(function, *arguments, **named):
    """What a call returns, and the error that it may raise."""
    try:
        return quietly(function, *arguments, **named), None
    except (ValueError, TypeError) as error:
        return None, error


def network(**options):
    return SoftmaxMLPClassifier(3, max_iter=2, tol=None, random_state=0, **options)


FITTED = network().fit(GOOD_X, GOOD_Y)
FITTED_MULTILABEL = network(output_activation="sigmoid").fit(GOOD_X, np.eye(N, 3, dtype=int))


def check(estimator, method, arguments):
    """Call the method, and see that it works or says what is wrong and leaves all as it was."""
    before = state(estimator)
    result, error = outcome(getattr(estimator, method), **arguments)
    if error:
        assert re.search(rf"\b({CULPRITS})\b", str(error)), error
        assert state(estimator) == before
        return
    if method in ("fit", "partial_fit"):
        probabilities = quietly(estimator.predict_proba, np.zeros((1, estimator.n_features_in_)))
    else:
        probabilities = result
    if method != "predict":
        assert np.isfinite(probabilities).all()


def learning(data, anything=ANYTHING):
    """One of the estimators, one of the ways to learn, and anything for each argument."""
    estimator = data.draw(st.sampled_from([network(), FITTED, FITTED_MULTILABEL]))
    estimator = copy.deepcopy(estimator)
    method = data.draw(st.sampled_from(["fit", "partial_fit"]))
    optional = ["sample_weight", *(["classes"] if method == "partial_fit" else ["X_val", "y_val"])]
    # most of them as they should be, so that the others are looked at
    X = data.draw(st.just(GOOD_X) | anything)
    y = data.draw(st.just(GOOD_Y) | anything)
    names = data.draw(st.lists(st.sampled_from(optional), unique=True))
    if "X_val" in names:
        estimator.set_params(early_stopping=True)
    return estimator, method, {"X": X, "y": y} | {name: data.draw(anything) for name in names}


@given(data=st.data())
@repeatable
def test_learning(data):
    check(*learning(data))


@pytest.mark.slow
@given(data=st.data())
@deep
def test_learning_at_random(data):
    """With new random numbers in every run."""
    check(*learning(data))


@pytest.mark.parametrize(
    "method", ["predict", "predict_proba", "predict_log_proba", "decision_function"]
)
@pytest.mark.parametrize("fitted", [FITTED, FITTED_MULTILABEL], ids=["classes", "labels"])
@pytest.mark.parametrize("X", [*SCALARS, *VECTORS, *MATRICES], ids=lambda X: repr(X)[:25])
def test_predicting(X, fitted, method):
    check(copy.deepcopy(fitted), method, {"X": X})


KINDS = st.sampled_from(["?", "i1", "u8", "f2", ">f4", "f8", "g", "c8", "O", "U3"])


def arrays_of_any_shape():
    """Of no dimension to three, some of no or one entry, and of any kind of number."""
    shapes = st.lists(st.integers(0, 4) | st.just(N), max_size=3)
    return st.builds(lambda shape, kind: np.resize([1, 0, 0], shape).astype(kind), shapes, KINDS)


@given(data=st.data())
@repeatable
def test_any_shape(data):
    check(*learning(data, arrays_of_any_shape()))


@pytest.mark.slow
@given(data=st.data())
@deep
def test_any_shape_at_random(data):
    """With new random numbers in every run."""
    check(*learning(data, arrays_of_any_shape()))


@given(X=arrays_of_any_shape(), method=st.sampled_from(["predict", "predict_proba"]))
@repeatable
def test_any_shape_to_predict(X, method):
    check(copy.deepcopy(FITTED), method, {"X": X})


class Unconvertible:
    """What cannot be made an array of, and says so in its own way."""

    shape = (N, 2)

    def __init__(self, error):
        self.error = error

    def __len__(self):
        return N

    def __array__(self, dtype=None, copy=None):
        raise self.error


def calls_with(wrong):
    """Calls with a wrong argument, by its name."""
    good = {"X": GOOD_X, "y": GOOD_Y}
    validated = network(early_stopping=True)
    for name in (*good, "sample_weight"):
        yield name, network().fit, good | {name: wrong}
        yield name, network().partial_fit, good | {"classes": [0, 1], name: wrong}
    for name in ("X_val", "y_val"):
        yield name, validated.fit, good | {"X_val": GOOD_X, "y_val": GOOD_Y, name: wrong}
    yield "classes", network().partial_fit, good | {"classes": wrong}
    yield "X", FITTED.predict, {"X": wrong}


@pytest.mark.parametrize("error", [RuntimeError("no"), NotImplementedError(), KeyError("no")])
def test_errors_of_other_libraries(error):
    """polars and PyArrow raise their own exceptions, which are neither of the two."""
    for name, method, arguments in calls_with(Unconvertible(error)):
        _, raised = outcome(method, **arguments)
        assert re.search(rf"\b{name}\b", str(raised)), name


@pytest.mark.parametrize("error", [MemoryError(), OSError("disk"), UserWarning("an error")])
def test_errors_that_are_not_about_an_argument(error):
    for _, method, arguments in calls_with(Unconvertible(error)):
        with pytest.raises(type(error)):
            method(**arguments)


@given(data=st.data())
@repeatable
def test_parameters(data):
    """A parameter may be anything until `fit`, which names it."""
    name = data.draw(st.sampled_from(sorted(SoftmaxMLPClassifier().get_params())))
    value = data.draw(st.sampled_from([*SCALARS, *VECTORS, GOOD_X, "balanced", {0: -1}, {0: 2.0}]))
    estimator = network().set_params(**{name: value})
    _, error = outcome(estimator.fit, GOOD_X, GOOD_Y)
    if error:
        assert name in str(error)
        assert not hasattr(estimator, "coefs_")
    else:
        assert np.isfinite(estimator.predict_proba(GOOD_X)).all()


@pytest.mark.parametrize("wrong", [*SCALARS, *VECTORS, *MATRICES], ids=lambda X: repr(X)[:25])
@pytest.mark.parametrize("function", [softmax, softmax_jacobian, softmax_jacobian_product])
def test_functions(function, wrong):
    arguments = (wrong, wrong) if function is softmax_jacobian_product else (wrong,)
    result, error = outcome(function, *arguments)
    assert (result is None) == bool(str(error or ""))


@pytest.mark.parametrize("bound", [None, "1", np.nan, 0, -1, [1, 0], 1j], ids=repr)
def test_bound_of_truncated_normal(bound):
    with pytest.raises((ValueError, TypeError), match="bound"):
        truncated_normal(3, bound=bound, random_state=0)

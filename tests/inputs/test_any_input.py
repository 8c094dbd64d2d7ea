"""Whatever is passed: it works, or a ValueError or TypeError says what is wrong with it.

Never another exception, never probabilities that are no numbers, and a model that was there before
is there after an error, unchanged.
"""

import copy

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from forms import drawn, outcome
from helpers import network, state, train
from hypothesis import strategies as st

from skl_softmaxnet import SoftmaxMLPClassifier, softmax, softmax_jacobian, softmax_jacobian_product

pytestmark = pytest.mark.filterwarnings("ignore")

N = 6
GOOD_X = np.arange(2.0 * N).reshape(N, 2) / 10
GOOD_Y = np.arange(N) % 2

SCALARS = (None, True, 0, -1, 3, 2.5, np.nan, np.inf, "text", b"bytes", 1j, object(), {}, ())
PAIRS = (
    *([0, 1], ["a", "b"], [b"a", b"b"], [True, False], [0, "a"], [0, None], [0.5, 1.5]),
    *([0, np.nan], [np.inf, 1], [-1, 1], [0, 0], [1e300, 1e300], [1j, 0], [[1], [1, 2]]),
    *([(0, 1), (1, 0)], [10**400, 0], [{}, {"a": 1}], [None, None]),
)
VECTORS = (
    *(pair * (N // 2) for pair in PAIRS),
    *([0, 1, 2] * (N // 3), [0, 1], [], np.zeros(0), np.arange(N, dtype=object)),
    np.array(["2020-01-01"] * N, dtype="datetime64[D]"),
    np.arange(N).astype("timedelta64[s]"),
    np.zeros(N, dtype=[("a", float)]),
    pd.Series([0, 1, None] * (N // 3), dtype="Int64"),
    pd.Series(["a", None] * (N // 2), dtype="string"),
    pd.Categorical(["a", "b"] * (N // 2)),
)
MATRICES = (
    *(GOOD_X, GOOD_X[:2], GOOD_X[:, :1], np.zeros((N, 0)), np.zeros((0, 2)), np.zeros((N, 2, 2))),
    *(GOOD_X + 1j, GOOD_X * np.nan, np.full((N, 2), -np.inf), GOOD_X.astype(str)),
    *(GOOD_X.astype(object), np.array([[None, 1]] * N), np.array([["a", 1]] * N, dtype=object)),
    *(np.ma.masked_less(GOOD_X, 0.5), np.eye(N, 2, dtype=int), np.eye(N, 3) * 2),
    np.ones((N, 2), dtype=bool),
    pd.DataFrame({"a": ["x", "y"] * (N // 2), "b": range(N)}),
    pd.DataFrame({"a": [1, None] * (N // 2), "b": range(N)}, dtype="Int64"),
    pd.DataFrame(GOOD_X, columns=["a", "a"]),
    pd.DataFrame(GOOD_X, columns=["a", 1]),
    *(sp.csr_array(GOOD_X), sp.csr_array(GOOD_X * np.nan), sp.csr_array((N, 2), dtype=bool)),
    *(sp.coo_array(GOOD_X + 1j), sp.csr_array((N, 0)), sp.coo_array(np.ones(N))),
)
ANYTHING = st.sampled_from([*SCALARS, *VECTORS, *MATRICES])
each_thing = pytest.mark.parametrize(
    "anything", [*SCALARS, *VECTORS, *MATRICES], ids=lambda anything: repr(anything)[:25]
)


FITTED = network().fit(GOOD_X, GOOD_Y)
FITTED_MULTILABEL = network(output_activation="sigmoid").fit(GOOD_X, np.eye(N, 3, dtype=int))


def check(estimator, method, arguments):
    """Call the method, and see that it works or says what is wrong and leaves all as it was."""
    before = state(estimator)
    result, error = outcome(getattr(estimator, method), **arguments)
    if error:
        assert str(error)
        assert state(estimator) == before
        return
    if method in ("fit", "partial_fit"):
        result = estimator.predict_proba(np.zeros((1, estimator.n_features_in_)))
    if method != "predict":
        assert np.isfinite(result).all()


def learning(data, anything):
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


KINDS = st.sampled_from(["?", "i1", "u8", "f2", ">f4", "f8", "g", "c8", "O", "U3"])


def arrays_of_any_shape():
    """Of no dimension to three, some of no or one entry, and of any kind of number."""
    shapes = st.lists(st.integers(0, 4) | st.just(N), max_size=3)
    return st.builds(lambda shape, kind: np.resize([1, 0, 0], shape).astype(kind), shapes, KINDS)


@pytest.mark.parametrize("anything", [ANYTHING, arrays_of_any_shape()], ids=["any", "any shape"])
@drawn(400, 5000, data=st.data())
def test_learning(anything, data):
    check(*learning(data, anything))


@pytest.mark.parametrize(
    "method", ["predict", "predict_proba", "predict_log_proba", "decision_function"]
)
@pytest.mark.parametrize("fitted", [FITTED, FITTED_MULTILABEL], ids=["classes", "labels"])
@each_thing
def test_predicting(anything, fitted, method):
    check(copy.deepcopy(fitted), method, {"X": anything})


@drawn(200, 2000, X=arrays_of_any_shape(), method=st.sampled_from(["predict", "predict_proba"]))
def test_any_shape_to_predict(X, method):
    check(copy.deepcopy(FITTED), method, {"X": X})


@drawn(400, 2000, data=st.data())
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


@each_thing
@pytest.mark.parametrize("function", [softmax, softmax_jacobian, softmax_jacobian_product])
def test_functions(function, anything):
    arguments = (anything, anything) if function is softmax_jacobian_product else (anything,)
    outcome(function, *arguments)


class Unconvertible:
    """What cannot be made an array of, and says so in its own way."""

    shape = (N, 2)

    def __len__(self):
        return N

    def __array__(self, dtype=None, copy=None):
        raise OSError("disk")


@pytest.mark.parametrize("name", ["X", "y", "sample_weight", "X_val", "y_val", "classes"])
def test_errors_that_are_not_about_an_argument(name):
    """They come through as they are."""
    given = {"X": GOOD_X, "y": GOOD_Y}
    if "val" in name:
        given |= {"X_val": GOOD_X, "y_val": GOOD_Y}
    method = "partial_fit" if name == "classes" else "fit"
    with pytest.raises(OSError, match="disk"):
        train(network(early_stopping=True), method, **given | {name: Unconvertible()})

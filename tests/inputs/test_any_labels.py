"""Labels whatever they are called: the model is that of their places in the sorted list.

And what cannot be labels: a message says what to pass.
"""

import re
import warnings

import numpy as np
import pandas as pd
import pytest
from forms import drawn, said_of
from helpers import assert_same_bits, each_method, network, state, train
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.DataConversionWarning")

# NumPy drops what is zero at the end of a text.
texts = st.text(max_size=8).filter(lambda text: not text.endswith("\0"))
KINDS = {
    "texts": texts,
    "small ints": st.integers(-3, 3),
    "int64": st.integers(-(2**63), 2**63 - 1),
    "uint64": st.integers(2**63, 2**64 - 1),
    "whole floats": st.integers(-(2**53), 2**53).map(float),
    "bools": st.booleans(),
}
N = 12
X = np.random.RandomState(0).normal(size=(N, 2))
Y = np.arange(N) % 3


def learned(method, labels, classes):
    return train(network(), method, X, labels, classes=classes)


@each_method
@pytest.mark.parametrize("kind", KINDS)
@drawn(25, 500, data=st.data())
def test_labels_are_their_places(kind, method, data):
    """A model of two to four classes learns from labels what it learns from their places."""
    names = sorted(data.draw(st.lists(KINDS[kind], min_size=2, max_size=4, unique=True)))
    rest = data.draw(st.lists(st.integers(0, len(names) - 1), min_size=N, max_size=N))
    places = np.array([*range(len(names)), *rest])[:N]
    labels = data.draw(st.sampled_from([list, np.array]))([names[place] for place in places])
    model = learned(method, labels, data.draw(st.permutations(names)))
    expected = learned(method, places, range(len(names)))
    assert model.classes_.tolist() == names
    assert_same_bits(model, expected)
    predicted = model.predict(X)
    assert predicted.tolist() == [names[place] for place in expected.predict(X)]
    assert model.score(X, predicted) == 1
    unknown = data.draw(KINDS[kind])
    if unknown not in names:
        before = state(model)
        with pytest.raises(ValueError, match="y holds labels that are not among the classes"):
            model.partial_fit(X[:2], np.array([names[0], unknown]))
        assert state(model) == before


NEXT_TO_EACH_OTHER = 2**53 + np.arange(N) % 4  # the same floats two by two
EXACT = {
    "Int64": lambda y: pd.Series(y, dtype="Int64"),
    "UInt64": lambda y: pd.Series(y, dtype="UInt64"),
    "array": lambda y: pd.array(y, dtype="Int64"),
    "column": lambda y: pd.DataFrame({"y": pd.array(y, dtype="Int64")}),
    "sparse": lambda y: pd.Series(pd.arrays.SparseArray(y)),
    "categorical": lambda y: pd.Series(pd.Categorical(y)),
}


@each_method
@pytest.mark.parametrize("form", EXACT)
def test_large_whole_numbers_of_pandas_are_not_rounded(form, method):
    names = np.unique(NEXT_TO_EACH_OTHER)
    classes = pd.Series(names, dtype="UInt64" if form == "UInt64" else "Int64")
    model = learned(method, EXACT[form](NEXT_TO_EACH_OTHER), classes)
    assert_array_equal(model.classes_, names)
    assert model.classes_.dtype.kind in "iu"
    assert_same_bits(model, learned(method, NEXT_TO_EACH_OTHER, names))
    assert model.score(X, model.predict(X)) == 1


def test_large_whole_numbers_to_validate_on():
    model = network(early_stopping=True)
    for y_val in (EXACT["Int64"](NEXT_TO_EACH_OTHER), NEXT_TO_EACH_OTHER):
        model.fit(X, NEXT_TO_EACH_OTHER, X_val=X, y_val=y_val)
        assert model.score(X, NEXT_TO_EACH_OTHER) == model.best_validation_score_


@each_method
@pytest.mark.parametrize(
    "classes", [[0, 1], [2.0, 3.0], ["green", "red"], [False, True], np.array([0, 1], np.int8)]
)
def test_labels_are_printed_as_those_of_python(classes, method):
    y = np.resize(np.array(classes), N)
    model = learned(method, y, classes)
    unknown = np.r_[y[:-1], ["black"] if y.dtype.kind == "U" else [7]]
    message = said_of(model.partial_fit, X, unknown)
    assert str(np.array(classes).tolist()) in message
    assert str(unknown[-1:].tolist()) in message


@pytest.mark.parametrize("dtype", [np.float64, np.float32, int])
def test_ten_labels_at_most_are_printed(dtype):
    classes, wrong = np.arange(1000, 11_000), np.linspace(1e5, 2.3e6, 100_000).astype(dtype)
    message = said_of(network().partial_fit, np.zeros((100_000, 2)), wrong, classes=classes)
    assert len(re.findall(r"\d+(?:\.\d+)?", message)) < 30
    message = said_of(network().partial_fit, X, np.arange(N), classes=classes)
    for labels in (classes, range(N)):
        assert f"{labels[9]}, " in message
        assert not re.search(rf"\b{labels[10]}\b", message)
    weights = {f"no {label}": 1.0 for label in range(50)}
    assert said_of(network(class_weight=weights).fit, X, Y).count("no ") <= 10


@pytest.mark.parametrize("dtype", [float, int])
def test_many_floats_are_warned_of(dtype):
    y = np.arange(404) % 101
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        network(3, max_iter=1).fit(np.zeros((404, 2)), y.astype(dtype))
    texts = [str(warning.message) for warning in caught]
    assert [text for text in texts if "regressor" in text] == texts
    assert len(texts) == (dtype is float)

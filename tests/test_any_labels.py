"""Labels whatever they are called: the model is that of their places in the sorted list."""

import numpy as np
import pandas as pd
import pytest
from child import state
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from skl_softmaxnet import SoftmaxMLPClassifier

repeatable = settings(max_examples=25, deadline=None, derandomize=True)
deep = settings(max_examples=500, deadline=None, print_blob=True)

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
FORMS = {
    "list": list,
    "array": np.array,
    "objects": lambda labels: np.array(labels, dtype=object),
    "backwards": lambda labels: np.array(labels[::-1])[::-1],
    "column": lambda labels: np.array(labels)[:, np.newaxis],
}
X = np.random.RandomState(0).normal(size=(12, 2))


def network():
    return SoftmaxMLPClassifier(3, max_iter=2, tol=None, random_state=0)


def names_of(kind):
    """The sorted names of two to four classes."""
    return st.lists(KINDS[kind], min_size=2, max_size=4, unique=True).map(sorted)


def learned(method, labels, classes):
    more = {"classes": classes} if method == "partial_fit" else {}
    return getattr(network(), method)(X, labels, **more)


def check(data, kind, method):
    """Train on labels, and on their places."""
    names = data.draw(names_of(kind))
    rest = data.draw(st.lists(st.integers(0, len(names) - 1), min_size=12, max_size=12))
    places = np.array([*range(len(names)), *rest])[: len(X)]
    # objects that are no texts are what scikit-learn says no to
    forms = [form for form in FORMS if form != "objects" or kind == "texts"]
    form = data.draw(st.sampled_from(forms))
    labels = FORMS[form]([names[place] for place in places])

    model = learned(method, labels, data.draw(st.permutations(names)))
    expected = learned(method, places, range(len(names)))

    assert model.classes_.tolist() == names
    assert_array_equal(model.coefs_[0], expected.coefs_[0])
    predicted = model.predict(X)
    assert predicted.tolist() == [names[place] for place in expected.predict(X)]
    assert model.score(X, predicted) == 1
    check_unknown(model, names, data.draw(KINDS[kind]))


def check_unknown(model, names, label):
    """A label that is none of the classes is named, and the model stays as it was."""
    if label in names:
        return
    before = state(model)
    with pytest.raises(ValueError, match="y holds labels that are not among the classes"):
        model.partial_fit(X[:2], np.array([names[0], label]))
    assert state(model) == before


each_kind = pytest.mark.parametrize("kind", KINDS)
each_method = pytest.mark.parametrize("method", ["fit", "partial_fit"])
ignore_columns = pytest.mark.filterwarnings("ignore::sklearn.exceptions.DataConversionWarning")


@ignore_columns
@each_kind
@each_method
@given(data=st.data())
@repeatable
def test_labels_are_their_places(kind, method, data):
    check(data, kind, method)


@pytest.mark.slow
@ignore_columns
@each_kind
@each_method
@given(data=st.data())
@deep
def test_labels_are_their_places_at_random(kind, method, data):
    """With new random numbers in every run."""
    check(data, kind, method)


# --- Labels of pandas that floats cannot hold ---

NEXT_TO_EACH_OTHER = 2**53 + np.arange(12) % 4  # the same floats two by two
EXACT = {
    "Int64": lambda y: pd.Series(y, dtype="Int64"),
    "UInt64": lambda y: pd.Series(y, dtype="UInt64"),
    "array": lambda y: pd.array(y, dtype="Int64"),
    "column": lambda y: pd.DataFrame({"y": pd.array(y, dtype="Int64")}),
    "sparse": lambda y: pd.Series(pd.arrays.SparseArray(y)),
    "categorical": lambda y: pd.Series(pd.Categorical(y)),
}


@ignore_columns
@each_method
@pytest.mark.parametrize("form", EXACT)
def test_large_whole_numbers_of_pandas_are_not_rounded(form, method):
    names = np.unique(NEXT_TO_EACH_OTHER)
    labels = EXACT[form](NEXT_TO_EACH_OTHER)
    model = learned(
        method, labels, pd.Series(names, dtype="UInt64" if form == "UInt64" else "Int64")
    )
    assert_array_equal(model.classes_, names)
    assert model.classes_.dtype.kind in "iu"
    assert_array_equal(model.coefs_[0], learned(method, NEXT_TO_EACH_OTHER, names).coefs_[0])
    assert model.score(X, model.predict(X)) == 1


def test_large_whole_numbers_to_validate_on():
    y_val = pd.Series(NEXT_TO_EACH_OTHER, dtype="Int64")
    scores = [
        network()
        .set_params(early_stopping=True)
        .fit(X, NEXT_TO_EACH_OTHER, X_val=X, y_val=given)
        .validation_scores_
        for given in (y_val, NEXT_TO_EACH_OTHER)
    ]
    assert scores[0] == scores[1]


@pytest.mark.parametrize("dtype", ["boolean", "Int8"])
def test_labels_of_pandas_keep_their_kind(dtype):
    model = learned("fit", pd.Series(np.arange(12) % 2, dtype=dtype), None)
    assert model.predict(X).dtype.kind == {"boolean": "b", "Int8": "i"}[dtype]


@each_method
def test_missing_labels_of_pandas_are_named(method):
    labels = pd.Series([0, 1, None] * 4, dtype="Int64")
    with pytest.raises(ValueError, match=r"\by\b.*NaN"):
        learned(method, labels, [0, 1])

"""Samples, labels and weights in whatever form they come: the model is that of the plain arrays."""

import copy

import forms
import numpy as np
import pytest
import scipy.sparse as sp
from forms import drawn
from helpers import (
    LABELS,
    TRAININGS,
    assert_same_bits,
    assert_same_training,
    each_method,
    each_shuffle,
    network,
    of_training,
    samples,
    state,
    train,
    weights_of_kind,
)
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_array_equal

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.DataConversionWarning"),
    pytest.mark.filterwarnings("ignore:X has feature names"),
]
both_engines = pytest.mark.usefixtures("engine")

each_way = pytest.mark.parametrize("way", ["fit", "partial_fit", "X_val, y_val"])


def plain_labels(y):
    """An array that is of no type of its own, as those of old versions of pandas are."""
    return np.array(np.asarray(y).ravel().tolist())


def trained(way, X, y, plain, *, shuffle=True, **parameters):
    """A network that has learned from the samples, or has held them out and learned from others."""
    # sizes that leave vectors half full
    model = network((17, 5), max_iter=2, shuffle=shuffle, **parameters)
    if way == "X_val, y_val":
        return model.set_params(early_stopping=True).fit(*plain, X_val=X, y_val=y)
    classes = np.unique(plain_labels(y)) if np.ndim(plain[1]) == 1 else None
    return train(model, way, X, y, classes=classes)


def assert_says_the_same(model, X, expected, plain):
    """Training told the same, and so do predictions, to the bit and in the dtype of the plain X."""
    assert_same_training(model, expected)
    for name in ("decision_function", "predict_proba", "predict_log_proba"):
        output = getattr(model, name)(X)
        assert output.dtype == plain.dtype == model.coefs_[0].dtype
        assert_array_equal(output, getattr(expected, name)(plain))


def parts_of(matrix):
    """What a CSR matrix holds, but for what it has found out of itself."""
    return state([vars(matrix).get(name) for name in ("data", "indices", "indptr")])


@st.composite
def weighted_samples(draw):
    X, y = draw(forms.samples())
    weights = draw(arrays(np.float64, len(y), elements=st.integers(0, 12).map(lambda n: n / 4)))
    weights[:3] = np.maximum(weights[:3], 0.25)  # each class has a sample that counts
    return X, y, weights


@both_engines
@each_way
@pytest.mark.parametrize("form", forms.DENSE)
@drawn(4, 40, samples=forms.samples(), shuffle=st.booleans())
def test_dense(form, way, samples, shuffle):
    X, y = samples
    X = forms.DENSE[form](X)
    plain = forms.plain(X)
    model, expected = (trained(way, given, y, (plain, y), shuffle=shuffle) for given in (X, plain))
    assert_says_the_same(model, X, expected, plain)


@both_engines
@each_way
@pytest.mark.parametrize("form", forms.SPARSE)
@drawn(4, 40, samples=forms.samples(), shuffle=st.booleans())
def test_sparse(form, way, samples, shuffle):
    X, y = samples
    for plain in (X, X.astype(np.float32)):
        matrix = forms.SPARSE[form](plain)
        before = parts_of(matrix)
        model, expected = (
            trained(way, given, y, (plain, y), shuffle=shuffle) for given in (matrix, plain)
        )
        assert_says_the_same(model, matrix, expected, plain)
        assert parts_of(matrix) == before


@each_way
@pytest.mark.parametrize("form", [*forms.LABELS, *forms.TWO_LABELS])
@drawn(5, 40, samples=forms.samples())
def test_labels(form, way, samples):
    X, y = samples
    if form in forms.TWO_LABELS:
        y = np.minimum(y, 1)
    labels = (forms.LABELS | forms.TWO_LABELS)[form](y)
    values = plain_labels(labels)
    model = trained(way, X, labels, (X, values))
    assert_same_training(model, trained(way, X, y, (X, y)))
    assert set(model.classes_.tolist()) == set(values.tolist())
    predicted = model.predict(X)
    assert predicted.dtype == model.classes_.dtype
    assert {predicted.dtype.kind, values.dtype.kind} in ({"i"}, {"f"}, {"b"}, {"U"}, {"O", "U"})
    assert model.score(X, values) == np.mean(predicted == values)


@each_way
@pytest.mark.parametrize("form", forms.INDICATORS)
@drawn(5, 40, samples=forms.samples())
def test_several_labels(form, way, samples):
    X, y = samples
    labels = np.column_stack([y == 0, y > 0, X[:, 0] > 0, y < 0]).astype(int)
    given = forms.INDICATORS[form](labels)
    plain = X, labels if way == "X_val, y_val" and form == "floats" else given
    model = trained(way, X, given, plain, **LABELS)
    assert_same_training(model, trained(way, X, labels, (X, labels), **LABELS))
    assert type(model.predict(X)) is np.ndarray


@each_method
@pytest.mark.parametrize("form", forms.WEIGHTS)
@drawn(5, 40, samples=weighted_samples())
def test_weights(form, method, samples):
    X, y, weights = samples
    given_weights = forms.WEIGHTS[form](weights)
    plain = np.asarray(given_weights).astype(np.float64)
    model, expected = (
        train(network(max_iter=2), method, X, y, sample_weight=w) for w in (given_weights, plain)
    )
    assert_same_training(model, expected)


@both_engines
@pytest.mark.parametrize("format", ["csr", "coo"])
@each_shuffle
@pytest.mark.parametrize("training", [name for name in TRAININGS if "standardize" not in name])
def test_sparse_is_dense(training, shuffle, format):
    parameters, X, y = of_training(training)
    parameters = parameters | {"shuffle": shuffle}
    weights = weights_of_kind("fractional", len(y))
    dense = network(**parameters).fit(X, y, sample_weight=weights)
    sparse = network(**parameters)
    sparse.fit(sp.csr_array(X).asformat(format), y, sample_weight=weights)
    assert_same_training(dense, sparse)


@both_engines
@pytest.mark.parametrize("form", [np.array, np.asfortranarray, forms.spread, sp.csr_array])
@each_method
@pytest.mark.parametrize("standardize", [False, True])
def test_inputs_are_only_read(standardize, method, form):
    X, y = samples()
    given = [form(X), y.copy(), weights_of_kind("relative", len(y))]
    before = copy.deepcopy(given)
    for array in given[1:] if sp.issparse(given[0]) else given:
        array.flags.writeable = False
    model = train(network(standardize=standardize), method, *given[:2], sample_weight=given[2])
    model.predict_proba(given[0])
    assert state(given) == state(before)
    expected = network(standardize=standardize)
    assert_same_bits(model, train(expected, method, *before[:2], sample_weight=before[2]))

"""Samples, labels and weights in whatever form they come: the model is that of the plain arrays."""

import forms
import numpy as np
import pandas as pd
import pytest
from forms import drawn
from helpers import assert_same_bits, network, state, train
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.DataConversionWarning")

each_method = pytest.mark.parametrize("method", ["fit", "partial_fit"])


def plain_labels(y):
    """An array that is of no type of its own, as those of old versions of pandas are."""
    return np.array(np.asarray(y).ravel().tolist())


def trained(method, X, y, **weights):
    """A network that has learned from the samples in one of both ways."""
    if method == "partial_fit":
        weights["classes"] = np.unique(plain_labels(y))
    return train(network(3, max_iter=2), method, X, y, **weights)


def assert_same_model(model, expected):
    assert_same_bits(model, expected)
    assert model.loss_curve_ == expected.loss_curve_


def parts_of(matrix):
    """What a CSR matrix holds, but for what it has found out of itself."""
    return state([vars(matrix).get(name) for name in ("data", "indices", "indptr")])


@st.composite
def weighted_samples(draw):
    X, y = draw(forms.samples())
    weights = draw(arrays(np.float64, len(y), elements=st.integers(0, 12).map(lambda n: n / 4)))
    weights[:3] = np.maximum(weights[:3], 0.25)  # each class has a sample that counts
    return X, y, weights


@each_method
@pytest.mark.parametrize("form", forms.DENSE)
@drawn(8, 40, samples=forms.samples())
def test_dense(form, method, samples):
    X, y = samples
    X = forms.DENSE[form](X)
    plain = forms.plain(X)
    model, expected = trained(method, X, y), trained(method, plain, y)
    assert_same_model(model, expected)
    rtol = 1e-4 if plain.dtype == np.float32 else 1e-12
    assert_allclose(model.predict_proba(X), expected.predict_proba(plain), rtol=rtol)


@each_method
@pytest.mark.parametrize("form", forms.SPARSE)
@drawn(8, 40, samples=forms.samples())
def test_sparse(form, method, samples):
    X, y = samples
    for plain in (X, X.astype(np.float32)):
        matrix = forms.SPARSE[form](plain)
        before = parts_of(matrix)
        assert_same_model(trained(method, matrix, y), trained(method, plain, y))
        assert parts_of(matrix) == before


@each_method
@pytest.mark.parametrize("form", [*forms.LABELS, *forms.TWO_LABELS])
@drawn(8, 40, samples=forms.samples())
def test_labels(form, method, samples):
    X, y = samples
    if form in forms.TWO_LABELS:
        y = np.minimum(y, 1)
    labels = (forms.LABELS | forms.TWO_LABELS)[form](y)
    model = trained(method, X, labels)
    assert_same_model(model, trained(method, X, y))
    values = plain_labels(labels)
    assert set(model.classes_.tolist()) == set(values.tolist())
    predicted = model.predict(X)
    assert predicted.dtype == model.classes_.dtype
    assert {predicted.dtype.kind, values.dtype.kind} in ({"i"}, {"f"}, {"b"}, {"U"}, {"O", "U"})
    assert model.score(X, values) == np.mean(predicted == values)


@each_method
@pytest.mark.parametrize("form", forms.WEIGHTS)
@drawn(8, 40, samples=weighted_samples())
def test_weights(form, method, samples):
    X, y, weights = samples
    given_weights = forms.WEIGHTS[form](weights)
    plain = np.asarray(given_weights).astype(np.float64)
    model, expected = (trained(method, X, y, sample_weight=w) for w in (given_weights, plain))
    assert_same_model(model, expected)


@each_method
def test_memmap(method, tmp_path):
    X, y = np.random.RandomState(0).normal(size=(20, 3)), np.arange(20) % 2
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    assert_same_model(trained(method, mapped, y), trained(method, X, y))


def test_names_of_features_are_kept():
    X, y = np.random.RandomState(0).normal(size=(20, 2)), np.arange(20) % 2
    model = trained("fit", pd.DataFrame(X, columns=["width", "height"]), y)
    assert_array_equal(model.feature_names_in_, ["width", "height"])

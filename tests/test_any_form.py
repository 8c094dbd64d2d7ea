"""Samples, labels and weights in whatever form they come: the model is that of the plain arrays."""

import warnings

import numpy as np
import pandas as pd
import pytest
import strategies
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import DataConversionWarning

from skl_softmaxnet import SoftmaxMLPClassifier

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.DataConversionWarning")

repeatable = settings(max_examples=8, deadline=None, derandomize=True)
deep = settings(max_examples=300, deadline=None, print_blob=True)

METHODS = ("fit", "partial_fit")


def plain_labels(y):
    """An array that is of no type of its own, as those of old versions of pandas are."""
    return np.array(np.asarray(y).ravel().tolist())


def trained(method, X, y, sample_weight=None):
    """A network that has learned from the samples in one of both ways."""
    network = SoftmaxMLPClassifier(3, max_iter=2, tol=None, random_state=0)
    classes = {"classes": np.unique(plain_labels(y))} if method == "partial_fit" else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataConversionWarning)
        return getattr(network, method)(X, y, sample_weight=sample_weight, **classes)


def assert_same_model(network, expected):
    for name in ("coefs_", "intercepts_", "loss_curve_"):
        for array, expected_array in zip(
            getattr(network, name), getattr(expected, name), strict=True
        ):
            assert_array_equal(array, expected_array, strict=not np.isscalar(array))


def check_dense(form, method, data):
    X, y = data
    X = strategies.DENSE[form](X)
    plain = strategies.plain(X)
    expected, network = trained(method, plain, y), trained(method, X, y)
    assert_same_model(network, expected)
    rtol = 1e-4 if plain.dtype == np.float32 else 1e-12
    assert_allclose(network.predict_proba(X), expected.predict_proba(plain), rtol=rtol)


def check_sparse(form, method, data):
    X, y = data
    for dtype in (np.float64, np.float32):
        plain = X.astype(dtype)
        expected, network = (
            trained(method, plain, y),
            trained(method, strategies.SPARSE[form](plain), y),
        )
        assert_same_model(network, expected)


def check_labels(form, method, data):
    X, y = data
    if form in strategies.TWO_LABELS:
        y = np.minimum(y, 1)
        labels = strategies.TWO_LABELS[form](y)
    else:
        labels = strategies.LABELS[form](y)
    network = trained(method, X, labels)
    assert_same_model(network, trained(method, X, y))
    values = plain_labels(labels)
    assert set(network.classes_.tolist()) == set(values.tolist())
    predicted = network.predict(X)
    assert predicted.dtype == network.classes_.dtype
    assert network.score(X, values) == np.mean(predicted == values)


def check_weights(form, method, data):
    X, y, weights = data
    given_weights = strategies.WEIGHTS[form](weights)
    plain = np.asarray(given_weights).astype(np.float64)
    assert_same_model(trained(method, X, y, given_weights), trained(method, X, y, plain))


@st.composite
def weighted_samples(draw):
    X, y = draw(strategies.samples())
    weights = draw(arrays(np.float64, len(y), elements=st.integers(0, 12).map(lambda n: n / 4)))
    weights[:3] = np.maximum(weights[:3], 0.25)  # each class has a sample that counts
    return X, y, weights


each_method = pytest.mark.parametrize("method", METHODS)


@each_method
@pytest.mark.parametrize("form", strategies.DENSE)
@given(data=strategies.samples())
@repeatable
def test_dense(form, method, data):
    check_dense(form, method, data)


@each_method
@pytest.mark.parametrize("form", strategies.SPARSE)
@given(data=strategies.samples())
@repeatable
def test_sparse(form, method, data):
    check_sparse(form, method, data)


@each_method
@pytest.mark.parametrize("form", [*strategies.LABELS, *strategies.TWO_LABELS])
@given(data=strategies.samples())
@repeatable
def test_labels(form, method, data):
    check_labels(form, method, data)


@each_method
@pytest.mark.parametrize("form", strategies.WEIGHTS)
@given(data=weighted_samples())
@repeatable
def test_weights(form, method, data):
    check_weights(form, method, data)


def test_memmap(tmp_path):
    X, y = np.random.RandomState(0).normal(size=(20, 3)), np.arange(20) % 2
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    for method in METHODS:
        assert_same_model(trained(method, mapped, y), trained(method, X, y))


def test_names_of_features_are_kept():
    X, y = np.random.RandomState(0).normal(size=(20, 2)), np.arange(20) % 2
    network = trained("fit", pd.DataFrame(X, columns=["width", "height"]), y)
    assert_array_equal(network.feature_names_in_, ["width", "height"])


CHECKS = {
    check_dense: (sorted(strategies.DENSE), strategies.samples()),
    check_sparse: (sorted(strategies.SPARSE), strategies.samples()),
    check_labels: (sorted(strategies.LABELS | strategies.TWO_LABELS), strategies.samples()),
    check_weights: (sorted(strategies.WEIGHTS), weighted_samples()),
}


@pytest.mark.slow
@pytest.mark.parametrize("check", CHECKS)
@given(data=st.data())
@deep
def test_any_form_at_random(check, data):
    """With new random numbers in every run."""
    forms, samples = CHECKS[check]
    check(
        data.draw(st.sampled_from(forms)), data.draw(st.sampled_from(METHODS)), data.draw(samples)
    )

"""Several labels for a sample, with sigmoid outputs."""

import itertools

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit, log_expit
from sklearn.datasets import make_multilabel_classification
from sklearn.metrics import accuracy_score, hamming_loss
from sklearn.preprocessing import scale

from skl_softmaxnet import SoftmaxMLPClassifier, _engine
from skl_softmaxnet._engine import NumpyEngine

X, Y = make_multilabel_classification(n_samples=80, n_features=6, n_classes=4, random_state=0)
X = scale(X)


def network(**parameters):
    defaults = {"hidden_layer_sizes": 6, "max_iter": 4, "tol": None, "random_state": 0}
    return SoftmaxMLPClassifier(**(defaults | {"output_activation": "sigmoid"} | parameters))


def assert_same_bits(one, other):
    for a, b in zip(one.coefs_ + one.intercepts_, other.coefs_ + other.intercepts_, strict=True):
        assert_array_equal(a, b)
    assert one.t_ == other.t_


@pytest.mark.usefixtures("engine")
def test_outputs():
    model = network(max_iter=20).fit(X, Y)
    hidden = expit(X @ model.coefs_[0] + model.intercepts_[0])
    z = hidden @ model.coefs_[1] + model.intercepts_[1]  # (n, L)
    assert_allclose(model.decision_function(X), z, rtol=1e-10, atol=1e-13)
    assert_allclose(model.predict_proba(X), expit(z), rtol=1e-10)
    assert_allclose(model.predict_log_proba(X), log_expit(z), rtol=1e-9, atol=1e-13)
    assert_array_equal(model.predict(X), (z > 0).astype(int))
    assert model.predict(X).dtype.kind == "i"
    assert model.score(X, Y) == accuracy_score(Y, model.predict(X))
    assert_array_equal(model.classes_, np.arange(4))
    assert (model.n_outputs_, model.out_activation_) == (4, "sigmoid")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_logarithms_stay_finite(dtype):
    model = network().fit(X.astype(dtype), Y)
    model.intercepts_[1][...] = [-1e4, 1e4, -30, 30]
    logarithms = model.predict_log_proba(X.astype(dtype))
    assert np.isfinite(logarithms).all()
    assert (logarithms <= 0).all()
    assert_array_equal(np.exp(logarithms) > 0.5, model.predict_proba(X.astype(dtype)) > 0.5)


KINDS = {
    "int": np.asarray,
    "list": np.ndarray.tolist,
    "bool": lambda y: y.astype(bool),
    "float": lambda y: y.astype(float),
    "Fortran": np.asfortranarray,
    "csr": sp.csr_array,
    "csc": sp.csc_matrix,
    "coo": sp.coo_array,
    "lil of bool": lambda y: sp.lil_array(y.astype(bool)),
    "DataFrame": lambda y: pd.DataFrame(y, columns=list("abcd")),
    "stored zeros": lambda y: sp.csr_array(
        (y.ravel(), np.tile(np.arange(4), len(y)), np.arange(0, y.size + 1, 4)), shape=y.shape
    ),
}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_kinds_of_indicator_matrix(kind, method):
    model = getattr(network(), method)(X, kind(Y))
    assert_same_bits(model, getattr(network(), method)(X, Y))
    assert type(model.predict(X)) is np.ndarray


def test_labels_that_none_or_all_have():
    indicator = np.column_stack([np.zeros(80, dtype=int), Y, np.ones(80, dtype=int)])
    indicator[:5] = 0
    model = network(max_iter=50).fit(X, indicator)
    assert_array_equal(model.predict(X)[:, [0, -1]], np.tile([0, 1], (80, 1)))


@pytest.mark.usefixtures("engine")
def test_order_repetition_and_kind_of_X_do_not_matter():
    order = np.random.RandomState(1).permutation(80)
    weights = np.random.RandomState(2).randint(0, 4, size=80)
    repeated = np.repeat(order, weights[order])
    for parameters in ({}, {"early_stopping": True}, {"alpha": 1e-3, "average": True}):
        model = network(**parameters).fit(X, Y, sample_weight=weights)
        again = network(**parameters).fit(sp.csr_array(X[repeated]), sp.csc_array(Y[repeated]))
        assert_same_bits(model, again)


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("classes", [None, [0, 1, 2, 3]])
def test_chunks_do_not_matter(classes):
    whole = network().partial_fit(X, Y, classes)
    cut = network()
    for part in (slice(0, 1), slice(1, 30), slice(30, 31), slice(31, None)):
        cut.partial_fit(X[part], sp.csr_array(Y[part]), classes)
    assert_same_bits(whole, cut)


OPTIONS = list(
    itertools.product(["squared_error", "log_loss"], ["error", "gradient"], [(), 5, (6, 4)])
)


@pytest.mark.parametrize("engine", ["compiled"], indirect=True)
@pytest.mark.parametrize(("loss", "backprop", "hidden_layer_sizes"), OPTIONS)
def test_engines_agree(engine, monkeypatch, loss, backprop, hidden_layer_sizes):
    options = {"loss": loss, "backprop": backprop, "hidden_layer_sizes": hidden_layer_sizes}
    weights = np.random.RandomState(3).choice([0.5, 1.0, 2.25], size=80)
    compiled = network(**options).fit(X, Y, sample_weight=weights)
    monkeypatch.setattr(_engine, "Engine", NumpyEngine)
    plain = network(**options).fit(X, Y, sample_weight=weights)
    for a, b in zip(compiled.coefs_, plain.coefs_, strict=True):
        assert_allclose(a, b, rtol=1e-9, atol=1e-12)
    assert_allclose(compiled.loss_curve_, plain.loss_curve_, rtol=1e-9)


@pytest.mark.usefixtures("engine")
def test_losses_by_hand():
    """One presentation of a network whose weights are zero: all outputs are one half."""
    for loss, expected in (("squared_error", 4 * 0.5 * 0.25), ("log_loss", 4 * np.log(2))):
        model = network(hidden_layer_sizes=(), loss=loss, learning_rate_init=0.4)
        model.partial_fit(X[:1], Y[:1], sample_weight=[0])
        model.coefs_[0][...] = 0
        model.partial_fit(X[:1], [[1, 0, 1, 1]])
        assert_allclose(model.loss_, expected, rtol=1e-14)
        error = np.array([0.5, -0.5, 0.5, 0.5])
        delta = error * 0.25 if loss == "squared_error" else error
        assert_allclose(model.coefs_[0], np.outer(X[0], 0.4 * delta), rtol=1e-13)
        assert_allclose(model.intercepts_[0], 0.4 * delta, rtol=1e-13)


def test_it_learns():
    X, Y = make_multilabel_classification(n_samples=600, n_labels=2, random_state=1)
    X = scale(X)
    model = network(hidden_layer_sizes=30, max_iter=50).fit(X[:400], Y[:400])
    constant = np.tile((Y[:400].mean(axis=0) > 0.5).astype(int), (200, 1))
    assert hamming_loss(Y[400:], model.predict(X[400:])) < 0.6 * hamming_loss(Y[400:], constant)


def test_validation_samples_of_ones_own():
    for y_val in (Y[60:], sp.csr_array(Y[60:])):
        model = network(early_stopping=True).fit(X[:60], Y[:60], X_val=X[60:], y_val=y_val)
        assert model.best_validation_score_ == model.score(X[60:], Y[60:])


def test_the_tag_is_true_only_of_sigmoid_outputs():
    for output_activation, expected in (("sigmoid", True), ("softmax", False)):
        tags = network(output_activation=output_activation).__sklearn_tags__()
        assert tags.classifier_tags.multi_label is expected


WRONG = {
    "softmax": ({"output_activation": "softmax"}, Y, 'output_activation="sigmoid"'),
    "counts": ({}, 2 * Y, "0 and 1"),
    "text": ({}, Y.astype(str), "0 and 1"),
    "NaN": ({}, np.where(Y, np.nan, 0), "y contains NaN"),
    "fewer rows": ({}, Y[:-1], "inconsistent numbers of samples"),
}


@pytest.mark.parametrize(("parameters", "labels", "message"), WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_wrong_labels(parameters, labels, message, method):
    model = network(**parameters)
    with pytest.raises(ValueError, match=message):
        getattr(model, method)(X, labels)
    assert not hasattr(model, "classes_")


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_one_kind_of_labels_goes_on_with_the_same(method):
    several = network(warm_start=True).fit(X, Y)
    single = network(warm_start=True).fit(X, Y[:, 0] + Y[:, 1])
    for model, labels, message in (
        (several, Y[:, 0] + Y[:, 1], "one class a sample"),
        (several, Y[:, :3], r"not the same as"),
        (single, Y, "several labels"),
    ):
        before = model.predict_proba(X)
        with pytest.raises(ValueError, match=message):
            getattr(model, method)(X, labels)
        assert_array_equal(model.predict_proba(X), before)
    with pytest.raises(ValueError, match="numbers of the 4 columns"):
        network().partial_fit(X, Y, classes=list("abcd"))


def test_objects_that_are_zeros_and_ones():
    assert_same_bits(network().fit(X, Y.astype(object)), network().fit(X, Y))


def test_balanced_labels_without_samples_of_no_weight():
    """A label that only such samples have is a label that none has."""
    indicator = np.column_stack([Y, np.arange(80) < 5])
    weights = (np.arange(80) >= 5).astype(float)
    one = network(class_weight="balanced").fit(X, indicator, sample_weight=weights)
    assert_same_bits(one, network(class_weight="balanced").fit(X[5:], indicator[5:]))

"""Several labels for a sample, with sigmoid outputs."""

import numpy as np
import pytest
from helpers import (
    LABELS,
    present_nothing,
)
from helpers import network as any_network
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit, log_expit
from sklearn.datasets import make_multilabel_classification
from sklearn.metrics import accuracy_score, hamming_loss
from sklearn.preprocessing import scale

X, Y = make_multilabel_classification(n_samples=80, n_features=6, n_classes=4, random_state=0)
X = scale(X)


def network(hidden_layer_sizes=6, **parameters):
    return any_network(hidden_layer_sizes, **LABELS | parameters)


@pytest.mark.usefixtures("engine")
def test_outputs():
    model = network(max_iter=20, learning_rate_init=0.05).fit(X, Y)
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
    model.intercepts_[-1][...] = [-1e4, 1e4, -30, 30]
    logarithms = model.predict_log_proba(X.astype(dtype))
    assert np.isfinite(logarithms).all()
    assert (logarithms <= 0).all()
    assert_array_equal(np.exp(logarithms) > 0.5, model.predict_proba(X.astype(dtype)) > 0.5)


def test_labels_that_none_or_all_have():
    indicator = np.column_stack([np.zeros(80, dtype=int), Y, np.ones(80, dtype=int)])
    indicator[:5] = 0
    model = network(max_iter=50, learning_rate_init=0.05).fit(X, indicator)
    assert_array_equal(model.predict(X)[:, [0, -1]], np.tile([0, 1], (80, 1)))


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize(
    ("loss", "expected", "slope"),
    [("squared_error", 4 * 0.5 * 0.25, 0.25), ("log_loss", 4 * np.log(2), 1)],
)
def test_losses_by_hand(loss, expected, slope):
    """One presentation of a network whose weights are zero: all outputs are one half."""
    model = present_nothing(network((), loss=loss, learning_rate_init=0.4), X, Y)
    model.coefs_[0][...] = 0
    model.partial_fit(X[:1], [[1, 0, 1, 1]])
    assert_allclose(model.loss_, expected, rtol=1e-14)
    delta = np.array([0.5, -0.5, 0.5, 0.5]) * slope
    assert_allclose(model.coefs_[0], np.outer(X[0], 0.4 * delta), rtol=1e-13)
    assert_allclose(model.intercepts_[0], 0.4 * delta, rtol=1e-13)


def test_it_learns():
    X, Y = make_multilabel_classification(n_samples=600, n_labels=2, random_state=1)
    X = scale(X)
    model = network(30, max_iter=50, learning_rate_init=0.05).fit(X[:400], Y[:400])
    constant = np.tile((Y[:400].mean(axis=0) > 0.5).astype(int), (200, 1))
    assert hamming_loss(Y[400:], model.predict(X[400:])) < 0.6 * hamming_loss(Y[400:], constant)


def test_the_tag_is_true_only_of_sigmoid_outputs():
    for output_activation, expected in (("sigmoid", True), ("softmax", False)):
        tags = network(output_activation=output_activation).__sklearn_tags__()
        assert tags.classifier_tags.multi_label is expected

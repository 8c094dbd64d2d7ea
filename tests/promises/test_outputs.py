"""What comes out: decisions, probabilities and labels, of one class or of several labels."""

import warnings

import numpy as np
import pytest
from helpers import LABELS, each_dtype, network, present_nothing, put_in
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import log_expit, log_softmax, softmax
from sklearn.datasets import make_multilabel_classification
from sklearn.metrics import hamming_loss
from sklearn.preprocessing import scale

from skl_softmaxnet import _functions

EXTREME = {
    2: [[0, 0], [1, -2], [-900, 900], [800, -800], [-2000, -2001]],
    3: [[0, 0, 0], [1, -2, 3], [-900, 0, 900], [-800, -801, -802], [1e4, 1e4, -1e4]],
}
CLASSES = {2: ["a", "c"], 3: ["a", "b", "c"]}
CASES = [("softmax", 3), ("sigmoid", 3), ("softmax", 2), ("sigmoid", 2), ("labels", 3)]


def model_of_sums(outputs, n_classes, dtype=np.float64):
    """A model whose output sums z are its inputs, and those inputs."""
    z = np.array(EXTREME[n_classes], dtype)
    model = network((), output_activation="sigmoid" if outputs == "labels" else outputs)
    if outputs == "labels":
        present_nothing(model, z[:1], [[1, 0, 0]])
    else:
        present_nothing(model, z[:1], ["a"], classes=CLASSES[n_classes][::-1])
    return put_in(model, [np.eye(n_classes, dtype=dtype)], [np.zeros(n_classes, dtype)]), z


def expected_outputs(z, outputs, n_classes):
    """Decisions, and the logarithms of probabilities: of σ(z) divided by their sum, or softmax(z).

    So a row of sums of -800 and less keeps the ratios of what is 0 in floating point.
    """
    if outputs == "labels":
        return z, log_expit(z)
    columns = z if outputs == "softmax" else log_expit(z)
    if n_classes == 3:
        return columns, log_softmax(columns, axis=1)
    decision = columns[:, 1] - columns[:, 0]
    return decision, np.column_stack([log_expit(-decision), log_expit(decision)])


@each_dtype
@pytest.mark.parametrize(("outputs", "n_classes"), CASES)
def test_outputs(outputs, n_classes, dtype, engine):
    model, z = model_of_sums(outputs, n_classes, dtype)
    decision, logarithms = expected_outputs(z.astype(float), outputs, n_classes)
    rtol = 1e-12 if dtype == np.float64 else 1e-5
    assert_allclose(model.decision_function(z), decision, rtol=rtol)
    assert_allclose(model.predict_log_proba(z), logarithms, rtol=rtol, atol=rtol / 1e3)
    assert np.isfinite(model.predict_log_proba(z)).all()
    probabilities = model.predict_proba(z)
    assert probabilities.shape == z.shape
    assert_allclose(probabilities, np.exp(logarithms), rtol=rtol, atol=1e-30)
    if outputs == "labels":
        labels, classes = (z > 0).astype(int), range(3)
        assert model.predict(z).dtype.kind == "i"
    else:
        assert_allclose(probabilities.sum(axis=1), 1, rtol=rtol)  # a saturated row as well
        classes = np.array(CLASSES[n_classes])
        labels = classes[probabilities.argmax(axis=1)]
    assert_array_equal(model.classes_, classes)
    assert_array_equal(model.predict(z), labels)
    assert model.score(z, labels) == 1
    assert model.n_outputs_ == n_classes
    assert model.out_activation_ == ("softmax" if outputs == "softmax" else "sigmoid")
    tags = model.__sklearn_tags__().classifier_tags
    assert tags.multi_label == (outputs != "softmax")


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize(
    ("loss", "expected", "slope"),
    [("squared_error", 4 * 0.5 * 0.25, 0.25), ("log_loss", 4 * np.log(2), 1)],
)
def test_losses_by_hand(loss, expected, slope):
    """One presentation of a network whose weights are zero: all outputs are one half."""
    X = np.array([[1.0, -2, 0.5]])
    model = network((), loss=loss, learning_rate_init=0.4, **LABELS)
    put_in(present_nothing(model, X, [[1, 0, 1, 1]]), [np.zeros((3, 4))], [np.zeros(4)])
    model.partial_fit(X, [[1, 0, 1, 1]])
    assert_allclose(model.loss_, expected, rtol=1e-14)
    delta = np.array([0.5, -0.5, 0.5, 0.5]) * slope
    assert_allclose(model.coefs_[0], np.outer(X[0], 0.4 * delta), rtol=1e-13)
    assert_allclose(model.intercepts_[0], 0.4 * delta, rtol=1e-13)


def test_labels_are_learned():
    """Also one that none has and one that all have."""
    X, Y = make_multilabel_classification(n_samples=600, n_labels=2, random_state=1)
    X, Y = scale(X), np.column_stack([Y, np.zeros(600, dtype=int), np.ones(600, dtype=int)])
    model = network(30, max_iter=50, **LABELS).fit(X[:400], Y[:400])
    predicted = model.predict(X[400:])
    assert_array_equal(predicted[:, -2:], [[0, 1]] * 200)
    constant = np.tile((Y[:400].mean(axis=0) > 0.5).astype(int), (200, 1))
    assert hamming_loss(Y[400:], predicted) < 0.6 * hamming_loss(Y[400:], constant)


@each_dtype
@pytest.mark.parametrize("n_rows", [1, 2])
def test_sums_as_large_as_can_be(n_rows, dtype):
    """Their differences overflow, without a warning."""
    largest = np.finfo(dtype).max
    model = network(()).partial_fit(np.eye(3, dtype=dtype), range(3), classes=range(3))
    put_in(model, [np.eye(3, dtype=dtype)], [np.zeros(3, dtype)])
    X = np.array([[largest, -largest, 0]] * n_rows, dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(2):
            assert_array_equal(model.predict_proba(X), [[1, 0, 0]] * n_rows)
            assert_array_equal(model.predict_log_proba(X)[:, 1:] < -1e30, [[True, True]] * n_rows)


@each_dtype
@pytest.mark.parametrize("n_classes", [3, 7, 8, 9, 16, 127, 130, 1000])
def test_softmax_is_scipys_to_the_bit(n_classes, dtype):
    z = np.random.RandomState(0).normal(size=(5, n_classes), scale=10).astype(dtype)
    expected = softmax(z, axis=1)
    assert _functions.softmax_of_rows(z).tobytes() == expected.tobytes()
    for row in range(5):
        assert _functions.softmax_of_rows(z[[row]]).tobytes() == expected[row].tobytes()

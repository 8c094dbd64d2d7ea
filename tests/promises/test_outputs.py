"""What comes out: decisions, probabilities and labels, of softmax and of sigmoid outputs."""

import numpy as np
import pytest
from helpers import network, present_nothing, put_in
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit, log_expit, log_softmax, softmax

EXTREME = {
    2: [[0, 0], [1, -2], [-900, 900], [800, -800], [-2000, -2001]],
    3: [[0, 0, 0], [1, -2, 3], [-900, 0, 900], [-800, -801, -802], [1e4, 1e4, -1e4]],
}
each_case = pytest.mark.parametrize(
    ("output_activation", "n_classes"),
    [("softmax", 3), ("sigmoid", 3), ("softmax", 2), ("sigmoid", 2)],
)


def model_of_sums(output_activation, n_classes):
    """A model whose output sums z are its inputs, and those inputs."""
    z = np.array(EXTREME[n_classes], dtype=float)
    model = network((), output_activation=output_activation)
    present_nothing(model, z[:1], ["a"], classes=["c", "a", "b"][:n_classes])
    return put_in(model, [np.eye(n_classes)], [np.zeros(n_classes)]), z


@each_case
def test_decision_function(output_activation, n_classes):
    model, z = model_of_sums(output_activation, n_classes)
    columns = z if output_activation == "softmax" else log_expit(z)
    expected = columns if n_classes == 3 else columns[:, 1] - columns[:, 0]
    assert_allclose(model.decision_function(z), expected, rtol=1e-12)


@each_case
def test_probabilities_come_from_the_decision(output_activation, n_classes):
    model, z = model_of_sums(output_activation, n_classes)
    decision, probabilities = model.decision_function(z), model.predict_proba(z)
    assert probabilities.shape == z.shape
    assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-12)  # a saturated sigmoid row as well
    if n_classes == 2:
        assert_allclose(probabilities[:, 1], expit(decision), rtol=1e-12)
        assert_allclose(probabilities[:, 0], expit(-decision), rtol=1e-12)
    else:
        assert_allclose(probabilities, softmax(decision, axis=1), rtol=1e-12)


def test_sigmoid_probabilities_are_the_normalised_outputs():
    model, z = model_of_sums("sigmoid", 3)
    ordinary = z[:2]
    expected = expit(ordinary) / expit(ordinary).sum(axis=1, keepdims=True)
    assert_allclose(model.predict_proba(ordinary), expected, rtol=1e-12)
    # σ(-800) is 0 in floating point; the row's ratios e^0 : e^-1 : e^-2 are not lost.
    assert_allclose(model.predict_proba([[-800, -801, -802]]), [softmax([0, -1, -2])], rtol=1e-12)


@each_case
def test_log_probabilities_stay_finite(output_activation, n_classes):
    model, z = model_of_sums(output_activation, n_classes)
    decision, logarithms = model.decision_function(z), model.predict_log_proba(z)
    if n_classes == 2:
        expected = np.column_stack([log_expit(-decision), log_expit(decision)])
    else:
        expected = log_softmax(decision, axis=1)
    assert np.isfinite(logarithms).all()
    assert_allclose(logarithms, expected, rtol=1e-12, atol=1e-15)


@each_case
def test_predict_gives_the_labels(output_activation, n_classes):
    model, z = model_of_sums(output_activation, n_classes)
    classes = ["a", "b", "c"] if n_classes == 3 else ["a", "c"]
    assert_array_equal(model.classes_, classes)
    predicted = model.predict(z)
    assert_array_equal(predicted, np.array(classes)[model.predict_proba(z).argmax(axis=1)])
    assert model.score(z, predicted) == 1

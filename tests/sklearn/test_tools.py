"""The estimator in scikit-learn's tools to look at classifiers, and on mixed columns."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from helpers import network as any_network
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit, softmax
from sklearn import model_selection
from sklearn.compose import make_column_transformer
from sklearn.datasets import make_blobs
from sklearn.inspection import DecisionBoundaryDisplay
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

network = partial(any_network, 10, activation="tanh", max_iter=60)


def clouds(n_classes=3):
    """Clouds that overlap a little, with strings for labels."""
    X, y = make_blobs(150, centers=n_classes, cluster_std=1.2, center_box=(-7, 7), random_state=8)
    return StandardScaler().fit_transform(X), np.array(["red", "green", "blue"])[y]


@pytest.mark.parametrize("n_classes", [2, 3])
def test_cross_val_predict(n_classes):
    X, y = clouds(n_classes)
    methods = ("predict", "predict_proba", "predict_log_proba", "decision_function")
    predicted, probabilities, logarithms, decisions = (
        model_selection.cross_val_predict(network(), X, y, cv=3, method=m) for m in methods
    )
    assert_allclose(probabilities.sum(axis=1), 1)
    assert_allclose(np.exp(logarithms), probabilities)
    if n_classes == 2:
        assert_allclose(expit(decisions), probabilities[:, 1])
    else:
        assert_allclose(softmax(decisions, axis=1), probabilities)
    assert_array_equal(predicted, np.unique(y)[probabilities.argmax(axis=1)])
    assert (predicted == y).mean() > 0.9


@pytest.mark.parametrize("incremental", [False, True])
def test_learning_curve(incremental):
    """`exploit_incremental_learning` goes on by `partial_fit` with the samples that are new."""
    X, y = clouds()
    curve = {"train_sizes": [5, 20, 100], "shuffle": True, "random_state": 0}
    how = {"cv": 3, "error_score": "raise", "exploit_incremental_learning": incremental}
    _, _, scores = model_selection.learning_curve(network(), X, y, **curve, **how)
    few, _, many = scores.mean(axis=1)
    assert many > max(0.9, few)


@pytest.mark.parametrize("method", ["predict_proba", "decision_function", "predict"])
def test_decision_boundary_display(method):
    matplotlib = pytest.importorskip("matplotlib", reason="the displays draw with matplotlib")
    matplotlib.use("Agg")
    X, y = clouds()
    classifier = network().fit(X, y)
    one_class = {} if method == "predict" else {"class_of_interest": "green"}
    display = DecisionBoundaryDisplay.from_estimator(
        classifier, X, response_method=method, grid_resolution=20, **one_class
    )
    matplotlib.pyplot.close("all")
    points = np.column_stack([display.xx0.ravel(), display.xx1.ravel()])
    answers = getattr(classifier, method)(points)
    if method == "predict":  # drawn as the number of the class
        expected = np.searchsorted(classifier.classes_, answers)
    else:
        expected = answers[:, list(classifier.classes_).index("green")]
    assert_array_equal(display.response.ravel(), expected)


@pytest.mark.parametrize("sparse_threshold", [0, 1])
def test_columns_of_two_kinds(sparse_threshold):
    """Which side of the line is which depends on the shop, so both columns are needed."""
    generator = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"size": generator.normal(50, 20, 400), "shop": generator.choice(["A", "B", "C"], 400)}
    )
    y = np.where((frame["size"] > 50) ^ (frame["shop"] == "B"), "sold", "kept")
    columns = make_column_transformer(
        (StandardScaler(), ["size"]),
        (OneHotEncoder(handle_unknown="ignore"), ["shop"]),
        sparse_threshold=sparse_threshold,
    )
    pipeline = make_pipeline(columns, network()).fit(frame[:300], y[:300])

    assert sp.issparse(pipeline[0].transform(frame)) == bool(sparse_threshold)
    assert pipeline.score(frame[300:], y[300:]) > 0.9
    new = pd.DataFrame({"shop": ["D", "A"], "size": [90.0, 90.0]})  # reordered, and a new shop
    assert pipeline.predict(new)[1] == "sold"

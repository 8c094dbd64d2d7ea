"""A converted classifier says what the classifier says."""

import subprocess
import sys

import numpy as np
import pytest
from extras import optional
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_breast_cancer, load_digits, make_multilabel_classification
from sklearn.ensemble import VotingClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skl_softmaxnet import SoftmaxMLPClassifier

skl2onnx = optional("skl2onnx")
onnx = optional("onnx")
onnxruntime = optional("onnxruntime")
data_types = skl2onnx.common.data_types

NO_ZIPMAP = {"zipmap": False}


def binary():
    return load_breast_cancer(return_X_y=True)


def multiclass():
    return load_digits(return_X_y=True)


def multilabel():
    return make_multilabel_classification(500, n_classes=4, random_state=0)


def texts(y):
    return np.array([f"class {label}, größer" for label in y])


def network(hidden_layer_sizes=(10,), **options):
    options = {"max_iter": 10, "tol": None, "random_state": 0} | options
    return SoftmaxMLPClassifier(hidden_layer_sizes, **options)


def converted(estimator, X, options=NO_ZIPMAP, **arguments):
    """Run the converted estimator on X; return all that comes out."""
    import skl_softmaxnet.onnx  # noqa: F401

    of_step = {id(estimator): options} if options else None
    model = skl2onnx.to_onnx(estimator, X[:1], options=of_step, **arguments)
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return session.run(None, {"X": X})


def assert_converts(estimator, X, atol=1e-5, **arguments):
    labels, probabilities = converted(estimator, X, **arguments)
    assert_array_equal(labels, estimator.predict(X))
    assert_allclose(probabilities, estimator.predict_proba(X), rtol=0, atol=atol)
    assert probabilities.dtype == X.dtype
    return probabilities


@pytest.mark.parametrize("activation", ["logistic", "tanh", "relu", "identity"])
@pytest.mark.parametrize("output_activation", ["softmax", "sigmoid"])
@pytest.mark.parametrize("data", [binary, multiclass])
@pytest.mark.parametrize("labels", [np.asarray, texts])
def test_labels_are_equal_and_probabilities_agree(activation, output_activation, data, labels):
    X, y = data()
    X = X.astype(np.float32)
    classifier = network(activation=activation, output_activation=output_activation)
    pipeline = make_pipeline(StandardScaler(), classifier).fit(X, labels(y))
    assert_converts(pipeline, X)


@pytest.mark.parametrize("activation", ["logistic", "tanh", "relu", "identity"])
def test_several_labels(activation):
    X, y = multilabel()
    X = X.astype(np.float32)
    classifier = network(activation=activation, output_activation="sigmoid")
    pipeline = make_pipeline(StandardScaler(), classifier).fit(X, y)
    probabilities = assert_converts(pipeline, X)
    assert probabilities.shape == y.shape
    assert pipeline.predict(X).any()


@pytest.mark.parametrize("hidden_layer_sizes", [(), (3,), (8, 5, 4)])
@pytest.mark.parametrize("options", [{}, {"fit_intercept": False}, {"average": True}], ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_networks(hidden_layer_sizes, options, dtype):
    X, y = multiclass()
    X = (X / 16).astype(dtype)
    classifier = network(hidden_layer_sizes, **options).fit(X, y)
    atol = 1e-5 if dtype == np.float32 else 1e-12
    assert_converts(classifier, X, atol=atol)


@pytest.mark.parametrize("output_activation", ["softmax", "sigmoid"])
@pytest.mark.parametrize("data", [binary, multiclass, multilabel])
def test_large_sums(output_activation, data):
    """Sums of a thousand: probabilities of 0 and 1, and none that is not a number."""
    X, y = data()
    if y.ndim == 2:
        output_activation = "sigmoid"
    X = StandardScaler().fit_transform(X).astype(np.float32)
    classifier = network((), output_activation=output_activation).fit(X, y)
    for weights in classifier.coefs_:
        weights *= 3000
    assert abs(classifier.decision_function(X)).max() > 1000
    assert_converts(classifier, X)


LABELS = {
    "negative": ([-3, 7], np.int64),
    "bool": ([False, True], np.int64),
    "whole float": ([1.0, 2.0], np.int64),
    "text": (["no", "yes"], object),
    "object": (np.array(["no", "yes"], dtype=object), object),
}


@pytest.mark.parametrize("kind", LABELS)
def test_kinds_of_labels(kind):
    classes, dtype = LABELS[kind]
    X, y = binary()
    X = StandardScaler().fit_transform(X).astype(np.float32)
    classifier = network().fit(X, np.asarray(classes)[y])
    labels, _ = converted(classifier, X)
    assert labels.dtype == dtype
    assert_array_equal(labels, classifier.predict(X))


@pytest.mark.parametrize(
    "classes",
    [
        np.array([1, 2**63 + 5], dtype=np.uint64),
        np.array([2**64 - 2, 2**64 - 1], dtype=np.uint64),
        np.array(["2020", "2021"], dtype="datetime64[Y]"),
    ],
    ids=lambda classes: str(classes),
)
def test_labels_that_a_converted_model_cannot_hold(classes):
    """They would come out as other labels."""
    X, y = binary()
    X = X.astype(np.float32)
    classifier = network().fit(X, classes[y])
    with pytest.raises(ValueError, match="nocl=True"):
        converted(classifier, X)
    positions, _ = converted(classifier, X, options={"zipmap": False, "nocl": True})
    assert_array_equal(classes[positions], classifier.predict(X))


def test_columns_as_several_inputs():
    """They need a step before the classifier that joins them; no input is left out quietly."""
    X, y = binary()
    X = X[:, :3].astype(np.float32)
    classifier, pipeline = network(), make_pipeline(StandardScaler(), network())
    inputs = [(name, data_types.FloatTensorType([None, 1])) for name in "abc"]
    import skl_softmaxnet.onnx  # noqa: F401

    with pytest.raises(RuntimeError, match="at most 1 input"):
        skl2onnx.convert_sklearn(classifier.fit(X, y), initial_types=inputs)
    model = skl2onnx.convert_sklearn(pipeline.fit(X, y), initial_types=inputs)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    labels, _ = session.run(None, {name: X[:, [j]] for j, name in enumerate("abc")})
    assert_array_equal(labels, pipeline.predict(X))


def test_option_nocl():
    X, y = binary()
    X = X.astype(np.float32)
    classifier = network().fit(X, texts(y))
    positions, _ = converted(classifier, X, options={"zipmap": False, "nocl": True})
    assert positions.dtype == np.int64
    assert_array_equal(classifier.classes_[positions], classifier.predict(X))


@pytest.mark.parametrize("output_activation", ["softmax", "sigmoid"])
@pytest.mark.parametrize("data", [binary, multiclass, multilabel])
def test_option_raw_scores(output_activation, data):
    X, y = data()
    if y.ndim == 2:
        output_activation = "sigmoid"
    X = StandardScaler().fit_transform(X).astype(np.float32)
    classifier = network(output_activation=output_activation).fit(X, y)
    labels, scores = converted(classifier, X, options={"zipmap": False, "raw_scores": True})
    decision = classifier.decision_function(X)
    if decision.ndim == 1:
        decision = np.column_stack([-decision, decision])
    assert_allclose(scores, decision, rtol=1e-4, atol=1e-4)
    assert_array_equal(labels, classifier.predict(X))


@pytest.mark.parametrize("dtype", [np.int64, np.float64])
def test_types_of_input(dtype):
    X, y = multiclass()
    classifier = network().fit(X, y)
    labels, probabilities = converted(classifier, X.astype(dtype))
    assert_array_equal(labels, classifier.predict(X))
    is_double = dtype == np.float64
    assert probabilities.dtype == (np.float64 if is_double else np.float32)
    atol = 1e-12 if is_double else 1e-5
    assert_allclose(probabilities, classifier.predict_proba(X), rtol=0, atol=atol)


@pytest.mark.parametrize("target_opset", [13, 15, 18, None])
def test_operator_sets(target_opset):
    X, y = multiclass()
    X = X.astype(np.float32)
    for output_activation in ("softmax", "sigmoid"):
        classifier = network(output_activation=output_activation).fit(X, y)
        assert_converts(classifier, X, target_opset=target_opset)


def test_option_zipmap():
    X, y = multiclass()
    X = X[:20].astype(np.float32)
    classifier = network().fit(X, texts(y[:20]))
    expected = classifier.predict_proba(X)
    for options in ({}, {"zipmap": True}):
        _, maps = converted(classifier, X, options=options)
        assert [list(row) for row in maps] == [list(classifier.classes_)] * 20
        assert_allclose([list(row.values()) for row in maps], expected, rtol=0, atol=1e-5)
    _, *columns = converted(classifier, X, options={"zipmap": "columns"})
    assert_allclose(np.column_stack(columns), expected, rtol=0, atol=1e-5)


def test_option_output_class_labels():
    X, y = multiclass()
    X = X.astype(np.float32)
    classifier = network().fit(X, y)
    options = {"zipmap": False, "output_class_labels": True}
    _, _, classes = converted(classifier, X, options=options)
    assert_array_equal(classes, classifier.classes_)


def test_inside_other_estimators():
    X, y = multiclass()
    X = (X / 16).astype(np.float32)
    search = GridSearchCV(network(), {"hidden_layer_sizes": [5, 10]}, cv=2)
    networks = [("a", network(5)), ("b", network(10))]
    together = VotingClassifier(networks, voting="soft", flatten_transform=False)
    calibrated = [
        CalibratedClassifierCV(network(output_activation=output_activation), cv=2)
        for output_activation in ("softmax", "sigmoid")
    ]
    for estimator in (search, together, *calibrated, OneVsRestClassifier(network())):
        estimator.fit(X, y)
        labels, probabilities = converted(estimator, X)
        assert_array_equal(labels, estimator.predict(X))
        assert_allclose(probabilities, estimator.predict_proba(X), rtol=0, atol=1e-5)


def test_missing_skl2onnx_is_said():
    code = (
        "import sys; sys.modules['skl2onnx'] = None\n"
        "import skl_softmaxnet\n"
        "try:\n    import skl_softmaxnet.onnx\n"
        "except ImportError as error:\n    print(error)\n"
    )
    finished = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True
    )
    assert "pip install 'skl_softmaxnet[onnx]'" in finished.stdout


def test_the_package_does_not_import_it():
    code = "import sys, skl_softmaxnet; print('skl2onnx' in sys.modules, 'onnx' in sys.modules)"
    finished = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True
    )
    assert finished.stdout.split() == ["False", "False"]

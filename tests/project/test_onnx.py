"""A converted classifier says what the classifier says."""

import importlib
import sys
from functools import cache

import numpy as np
import pytest
from helpers import RULES, network, optional
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_breast_cancer, load_digits, make_multilabel_classification
from sklearn.ensemble import VotingClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

skl2onnx = optional("skl2onnx")
onnx = optional("onnx")
onnxruntime = optional("onnxruntime")
data_types = skl2onnx.common.data_types

KINDS = ["binary softmax", "binary sigmoid", "classes softmax", "classes sigmoid", "labels sigmoid"]
each_kind = pytest.mark.parametrize("kind", KINDS)


@cache
def samples(kind):
    """X of float32, and y."""
    X, y = {
        "binary": lambda: load_breast_cancer(return_X_y=True),
        "classes": lambda: load_digits(return_X_y=True),
        "labels": lambda: make_multilabel_classification(500, n_classes=4, random_state=0),
    }[kind.split()[0]]()
    return X.astype(np.float32), y


def texts(y):
    return np.array([f"class {label}, größer" for label in y])


def unfitted(hidden_layer_sizes=(10,), **options):
    return network(hidden_layer_sizes, max_iter=10, **options)


def fitted(kind, labels=np.asarray, **options):
    """A network that was fitted to scaled samples, and those."""
    X, y = samples(kind)
    X = StandardScaler().fit_transform(X)
    if " " in kind:
        options["output_activation"] = kind.split()[1]
    return unfitted(**options).fit(X, labels(y)), X


def converted(estimator, X, *, target_opset=None, **options):
    """Run the converted estimator on X; return all that comes out."""
    import skl_softmaxnet.onnx  # noqa: F401

    options = {"zipmap": False} | options if options != {"zipmap": None} else {}
    of_step = {id(estimator): options} if options else None
    model = skl2onnx.to_onnx(estimator, X[:1], options=of_step, target_opset=target_opset)
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return session.run(None, {"X": X})


def assert_converts(estimator, X, atol=1e-5, **options):
    labels, probabilities = converted(estimator, X, **options)
    assert_array_equal(labels, estimator.predict(X))
    assert_allclose(probabilities, estimator.predict_proba(X), rtol=0, atol=atol)
    return probabilities


@pytest.mark.parametrize("activation", RULES["activation"])
@each_kind
@pytest.mark.parametrize("labels", [np.asarray, texts])
def test_labels_are_equal_and_probabilities_agree(activation, kind, labels):
    if kind.startswith("labels") and labels is texts:
        pytest.skip("several labels have no names")
    X, y = samples(kind)
    classifier = unfitted(activation=activation, output_activation=kind.split()[1])
    pipeline = make_pipeline(StandardScaler(), classifier).fit(X, labels(y))
    probabilities = assert_converts(pipeline, X)
    assert probabilities.dtype == np.float32
    assert probabilities.shape == (len(X), classifier.n_outputs_)
    assert len(np.unique(pipeline.predict(X))) > 1


@pytest.mark.parametrize("hidden_layer_sizes", [(), (3,), (8, 5, 4)])
@pytest.mark.parametrize("options", [{}, {"fit_intercept": False}, {"average": True}], ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_networks(hidden_layer_sizes, options, dtype):
    X, y = samples("classes")
    X = (X / 8).astype(dtype)
    classifier = unfitted(hidden_layer_sizes, **options).fit(X, y)
    is_double = dtype == np.float64
    probabilities = assert_converts(classifier, X, atol=1e-12 if is_double else 1e-5)
    assert probabilities.dtype == (np.float64 if is_double else np.float32)


@pytest.mark.parametrize("container", [np.asarray, csr_array])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_raw_inputs(dtype, container):
    """Standardized inside; where they are centred, also far from zero."""
    X, y = samples("binary")
    X = (X + 1024 * (container is np.asarray)).astype(dtype)
    classifier = unfitted(standardize=True).fit(container(X), y)
    atol = 1e-5 if dtype == np.float32 else 1e-12
    probabilities = assert_converts(classifier, X, atol=atol)
    assert probabilities.dtype == dtype
    assert classifier.score(X, y) > 0.9


@each_kind
def test_large_sums(kind):
    """Sums of a thousand: probabilities of 0 and 1, and none that is not a number."""
    classifier, X = fitted(kind, hidden_layer_sizes=())
    for weights in classifier.coefs_:
        weights *= 3000
    assert abs(classifier.decision_function(X)).max() > 1000
    assert_converts(classifier, X)


# What comes out, None for labels that would come out as others: all but texts have to be numbered.
LABELS = {
    "negative": ([-3, 7], np.int64),
    "bool": ([False, True], np.int64),
    "whole float": ([1.0, 2.0], np.int64),
    "text": (np.array(["no", "größer"]), object),
    "object": (np.array(["no", "yes"], dtype=object), object),
    "one too large": (np.array([1, 2**63 + 5], np.uint64), None),
    "both too large": (np.array([2**64 - 2, 2**64 - 1], np.uint64), None),
    "dates": (np.array(["2020", "2021"], "datetime64[Y]"), None),
}


@pytest.mark.parametrize("kind", LABELS)
def test_kinds_of_labels(kind):
    classes, dtype = LABELS[kind]
    classifier, X = fitted("binary", np.asarray(classes).take)
    expected = classifier.predict(X)
    if dtype is None:
        with pytest.raises(ValueError, match="nocl=True"):
            converted(classifier, X)
    else:
        labels, _ = converted(classifier, X)
        assert labels.dtype == dtype
        assert_array_equal(labels, expected)
    if dtype is not np.int64:
        positions, _ = converted(classifier, X, nocl=True)
        assert positions.dtype == np.int64
        assert_array_equal(classifier.classes_[positions], expected)


def test_columns_as_several_inputs():
    """They need a step before the classifier that joins them; no input is left out quietly."""
    import skl_softmaxnet.onnx  # noqa: F401

    X, y = samples("binary")
    X = X[:, :3]
    classifier, pipeline = unfitted(), make_pipeline(StandardScaler(), unfitted())
    inputs = [(name, data_types.FloatTensorType([None, 1])) for name in "abc"]
    with pytest.raises(RuntimeError, match="at most 1 input"):
        skl2onnx.convert_sklearn(classifier.fit(X, y), initial_types=inputs)
    model = skl2onnx.convert_sklearn(pipeline.fit(X, y), initial_types=inputs)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    labels, _ = session.run(None, {name: X[:, [j]] for j, name in enumerate("abc")})
    assert_array_equal(labels, pipeline.predict(X))


@pytest.mark.parametrize("target_opset", [13, 15, 18])
def test_operator_sets(target_opset):
    for kind in ("classes softmax", "classes sigmoid"):
        assert_converts(*fitted(kind), target_opset=target_opset)


@each_kind
def test_options_raw_scores_and_output_class_labels(kind):
    classifier, X = fitted(kind)
    labels, scores, classes = converted(classifier, X, raw_scores=True, output_class_labels=True)
    assert_array_equal(classes, classifier.classes_)
    decision = classifier.decision_function(X)
    if decision.ndim == 1:
        decision = np.column_stack([-decision, decision])
    assert_allclose(scores, decision, rtol=1e-4, atol=1e-4)
    assert_array_equal(labels, classifier.predict(X))


def test_option_zipmap():
    classifier, X = fitted("classes", texts)
    X = X[:20]
    expected = classifier.predict_proba(X)
    for zipmap in (None, True):  # None for nothing said
        _, maps = converted(classifier, X, zipmap=zipmap)
        assert [list(row) for row in maps] == [list(classifier.classes_)] * 20
        assert_allclose([list(row.values()) for row in maps], expected, rtol=0, atol=1e-5)
    _, *columns = converted(classifier, X, zipmap="columns")
    assert_allclose(np.column_stack(columns), expected, rtol=0, atol=1e-5)


def test_inside_other_estimators():
    X, y = samples("classes")
    X = X / 16
    search = GridSearchCV(unfitted(), {"hidden_layer_sizes": [5, 10]}, cv=2)
    networks = [("a", unfitted(5)), ("b", unfitted(10))]
    together = VotingClassifier(networks, voting="soft", flatten_transform=False)
    outputs = unfitted(), unfitted(output_activation="sigmoid")
    calibrated = [CalibratedClassifierCV(network, cv=2) for network in outputs]
    for estimator in (search, together, *calibrated, OneVsRestClassifier(unfitted())):
        assert_converts(estimator.fit(X, y), X)


def test_missing_skl2onnx_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "skl2onnx", None)  # makes the import fail
    monkeypatch.delitem(sys.modules, "skl_softmaxnet.onnx", raising=False)
    with pytest.raises(ImportError, match=r"pip install 'skl_softmaxnet\[onnx\]'"):
        importlib.import_module("skl_softmaxnet.onnx")

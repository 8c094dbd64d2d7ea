"""Conversion to ONNX, with skl2onnx: ``import skl_softmaxnet.onnx`` is all it takes.

The import tells skl2onnx how to convert SoftmaxMLPClassifier, alone or in a pipeline, a search or
anything else that skl2onnx converts. The converted model computes in the type of its input: float32
for a ``FloatTensorType``; what `standardize` does to the input is computed in float64. Its options
are those that skl2onnx has for other classifiers: ``zipmap``, ``nocl``, ``output_class_labels``
and, for decision values in place of probabilities (with two columns for two classes),
``raw_scores``.

See Also
--------
skl2onnx.to_onnx : Convert a fitted estimator.

Examples
--------
>>> import numpy as np
>>> import onnxruntime
>>> from skl2onnx import to_onnx
>>> from sklearn.datasets import load_iris
>>> import skl_softmaxnet.onnx
>>> from skl_softmaxnet import SoftmaxMLPClassifier
>>> X, y = load_iris(return_X_y=True)
>>> X = X.astype(np.float32)
>>> classifier = SoftmaxMLPClassifier(10, tol=None, random_state=0).fit(X, y)
>>> model = to_onnx(classifier, X[:1], options={"zipmap": False})
>>> session = onnxruntime.InferenceSession(model.SerializeToString())
>>> labels, probabilities = session.run(None, {"X": X})
>>> bool((labels == classifier.predict(X)).all())
True
>>> bool(abs(probabilities - classifier.predict_proba(X)).max() < 1e-5)
True
"""

from typing import Any

import numpy as np

from ._classifier import SoftmaxMLPClassifier

try:
    from skl2onnx import update_registered_converter
    from skl2onnx.algebra import onnx_ops as ops
    from skl2onnx.common.data_types import DoubleTensorType, Int64TensorType, StringTensorType
    from skl2onnx.common.utils import check_input_and_output_numbers
    from skl2onnx.proto import TensorProto
except ImportError as error:
    raise ImportError(
        "skl_softmaxnet.onnx needs skl2onnx. Install it with `pip install 'skl_softmaxnet[onnx]'` "
        "or `pip install skl2onnx`."
    ) from error

__all__: list[str] = []  # importing the module is all there is to it

OPTIONS = {
    "zipmap": [True, False, "columns"],
    "nocl": [False, True],
    "output_class_labels": [False, True],
    "raw_scores": [False, True],
}
ACTIVATIONS = {"logistic": ops.OnnxSigmoid, "tanh": ops.OnnxTanh, "relu": ops.OnnxRelu}


def set_output_types(operator: Any) -> None:
    """Say what comes out for n rows: labels of shape (n,) or (n, n_labels), and probabilities.

    The probabilities have the type of the input, or float32 where that is no floating-point type.
    """
    check_input_and_output_numbers(operator, input_count_range=1, output_count_range=2)
    classifier = operator.raw_operator
    n_rows, n_outputs = operator.inputs[0].get_first_dimension(), classifier.n_outputs_
    shape = [n_rows, n_outputs] if classifier._multilabel else [n_rows]
    is_text = exported_classes(operator).dtype.kind == "U"
    operator.outputs[0].set_type((StringTensorType if is_text else Int64TensorType)(shape))
    operator.outputs[1].type.shape = [n_rows, n_outputs]


def exported_classes(operator: Any) -> np.ndarray:
    """The classes as ONNX holds them: texts or whole numbers.

    Raises
    ------
    ValueError
        If they are neither, or too large: a model must not say other labels than the classifier.
    """
    classifier = operator.raw_operator
    options = operator.scope_inst.get_options(classifier, {"nocl": False})
    if options["nocl"]:
        return np.arange(len(classifier.classes_))
    known = classifier.classes_
    classes = np.array(known.tolist())
    if classes.dtype.kind == "U":
        return classes
    if known.dtype.kind not in "biuf" or known.max() > np.iinfo(np.int64).max:
        raise ValueError(
            "ONNX has labels that are texts or whole numbers of 64 bits with a sign, not those of "
            f"classes_, {known}. The option nocl=True gives their places in classes_ instead."
        )
    return classes.astype(np.int64)


def standardize(X: Any, classifier: SoftmaxMLPClassifier, version: int) -> Any:
    """The inputs as the network sees them, in double precision: (x − mean) / scale."""
    X = ops.OnnxCast(X, to=TensorProto.DOUBLE, op_version=version)
    X = ops.OnnxSub(X, classifier.input_mean_, op_version=version)
    return ops.OnnxDiv(X, classifier.input_scale_, op_version=version)


def output_sums(X: Any, classifier: SoftmaxMLPClassifier, dtype: type, version: int) -> Any:
    """The sums z of the output layer."""
    values = X
    for layer, weights in enumerate(classifier.coefs_):
        if layer > 0 and classifier.activation in ACTIVATIONS:
            values = ACTIVATIONS[classifier.activation](values, op_version=version)
        intercept: np.ndarray = classifier.intercepts_[layer].astype(dtype)
        values = ops.OnnxMatMul(values, np.ascontiguousarray(weights, dtype), op_version=version)
        values = ops.OnnxAdd(values, intercept, op_version=version)
    return values


def decisions(z: Any, classifier: SoftmaxMLPClassifier, dtype: type, version: int) -> Any:
    """What the decision is made by: z, log σ(z), or for two classes the columns −d and d.

    With d the second less the first; log σ(z) = −log(1 + exp(−z)).
    """
    if classifier._multilabel:
        return z
    if classifier.out_activation_ == "sigmoid":
        softplus = ops.OnnxSoftplus(ops.OnnxNeg(z, op_version=version), op_version=version)
        z = ops.OnnxNeg(softplus, op_version=version)
    if classifier.n_outputs_ == 2:
        differences: np.ndarray = np.array([[1, -1], [-1, 1]], dtype)
        z = ops.OnnxMatMul(z, differences, op_version=version)
    return z


def convert(scope: Any, operator: Any, container: Any) -> None:
    """Add the nodes of a fitted classifier to a graph, by the table in `_outputs.py`."""
    classifier, (X,) = operator.raw_operator, operator.inputs
    label_name, scores_name = ([output] for output in operator.outputs)
    version = container.target_opset
    is_double = isinstance(X.type, DoubleTensorType)
    dtype, to = (np.float64, TensorProto.DOUBLE) if is_double else (np.float32, TensorProto.FLOAT)
    if hasattr(classifier, "input_mean_"):
        X = standardize(X, classifier, version)
    X = ops.OnnxCast(X, to=to, op_version=version)
    values = decisions(output_sums(X, classifier, dtype, version), classifier, dtype, version)
    named = {"op_version": version, "output_names": label_name}
    if classifier._multilabel:
        above = ops.OnnxGreater(values, np.zeros(1, dtype), op_version=version)
        labels = ops.OnnxCast(above, to=TensorProto.INT64, **named)
    else:
        best = ops.OnnxArgMax(values, axis=1, keepdims=0, op_version=version)
        labels = ops.OnnxGather(exported_classes(operator), best, **named)
    if container.get_options(classifier, {"raw_scores": False})["raw_scores"]:
        to_scores = ops.OnnxIdentity
    elif classifier._multilabel or classifier.n_outputs_ == 2:
        to_scores = ops.OnnxSigmoid
    else:
        to_scores = ops.OnnxSoftmax
    scores = to_scores(values, op_version=version, output_names=scores_name)
    labels.add_to(scope, container)
    scores.add_to(scope, container)


update_registered_converter(
    SoftmaxMLPClassifier, "SklSoftmaxnetClassifier", set_output_types, convert, options=OPTIONS
)

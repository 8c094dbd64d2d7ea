"""A pipeline in ONNX
==================

A scaler and a network learn the digits, skl2onnx converts both, and onnxruntime predicts with the
result, which needs neither Python nor scikit-learn. The script prints how large the converted model
is, and how far its answers are from the pipeline's.

This example needs skl2onnx and onnxruntime: ``pip install -e '.[onnx]'``.
"""

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skl_softmaxnet import SoftmaxMLPClassifier

try:
    import onnxruntime
    from skl2onnx import to_onnx

    import skl_softmaxnet.onnx  # noqa: F401  tells skl2onnx how to convert the classifier
except ImportError as error:
    raise SystemExit(
        f"This example needs the extra onnx: pip install -e '.[onnx]' ({error})."
    ) from None


def main():
    X, y = load_digits(return_X_y=True)
    X_train, X_test, y_train, _ = train_test_split(X.astype(np.float32), y, random_state=0)
    network = SoftmaxMLPClassifier(50, max_iter=30, tol=None, random_state=0)
    pipeline = make_pipeline(StandardScaler(), network).fit(X_train, y_train)

    model = to_onnx(pipeline, X_train[:1], options={id(pipeline): {"zipmap": False}})
    written = model.SerializeToString()  # what a file with the ending .onnx holds
    session = onnxruntime.InferenceSession(written)
    labels, probabilities = session.run(None, {"X": X_test})

    operators = [node.op_type for node in model.graph.node]
    print(f"Operators: {', '.join(operators)}")
    print(f"Size: {len(written) / 1024:.1f} KiB")
    n_equal = np.sum(labels == pipeline.predict(X_test))
    print(f"Equal labels: {n_equal} of {len(X_test)}")
    difference = abs(probabilities - pipeline.predict_proba(X_test)).max()
    print(f"Largest difference of a probability: {difference:.0e}")


if __name__ == "__main__":
    main()

"""How the package is used, for mypy to check."""

from typing import Any, assert_type

import numpy as np
from numpy.typing import NDArray

from skl_softmaxnet import (
    LossCurveDisplay,
    SoftmaxMLPClassifier,
    WeightsDisplay,
    softmax,
    softmax_jacobian,
    truncated_normal,
)


def is_read_and_never_run() -> None:
    X = np.zeros((4, 2), dtype=np.float32)
    y = ["a", "b", "a", "b"]

    classifier = SoftmaxMLPClassifier((20, 10), activation="tanh", tol=None, random_state=0)
    SoftmaxMLPClassifier(np.array([20, 10]), n_iter_no_change=3)
    SoftmaxMLPClassifier([20, 10], n_iter_no_change=np.inf)
    classifier.fit(X, y, sample_weight=[1, 2, 1, 2])
    classifier.partial_fit(X.tolist(), y, classes=["a", "b"])
    assert_type(classifier.predict_proba(X), NDArray[np.floating])
    assert_type(classifier.predict(X), NDArray[Any])
    assert_type(classifier.coefs_, list[NDArray[np.floating]])
    assert_type(classifier.loss_curve_, list[float])
    assert_type(classifier.best_loss_, float | None)

    assert_type(softmax([1.0, 0.0]), NDArray[np.floating])
    assert_type(softmax_jacobian(softmax([1.0, 0.0])), NDArray[np.floating])
    assert_type(truncated_normal((3, 2), bound=0.5, random_state=0), NDArray[np.floating])
    assert_type(LossCurveDisplay.from_estimator(classifier), LossCurveDisplay)
    assert_type(WeightsDisplay.from_estimator(classifier, image_shape=(1, 2)), WeightsDisplay)

    # What is wrong is found: mypy complains where one of these needs no `ignore`.
    SoftmaxMLPClassifier(activation="rectified")  # type: ignore[arg-type]
    SoftmaxMLPClassifier(5, "softmax")  # type: ignore[call-arg]
    truncated_normal((3, 2), bound="half")  # type: ignore[arg-type]

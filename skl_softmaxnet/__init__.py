"""A multilayer perceptron classifier for scikit-learn that learns one sample at a time."""

from ._classifier import SoftmaxMLPClassifier
from ._functions import softmax, softmax_jacobian, softmax_jacobian_product
from ._network import truncated_normal
from ._plot import LossCurveDisplay, WeightsDisplay
from ._versions import show_versions

__version__ = "0.1.0"

__all__ = [
    "LossCurveDisplay",
    "SoftmaxMLPClassifier",
    "WeightsDisplay",
    "show_versions",
    "softmax",
    "softmax_jacobian",
    "softmax_jacobian_product",
    "truncated_normal",
]

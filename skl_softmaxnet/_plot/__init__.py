"""Pictures of a fitted network: the loss of its epochs and the weights of its units.

As scikit-learn's displays do, a display keeps the numbers, draws them in `plot` and keeps what it
has drawn. Only drawing imports matplotlib, which is not needed for anything else here.
"""

from ._loss_curve import LossCurveDisplay
from ._weights import WeightsDisplay

__all__ = ["LossCurveDisplay", "WeightsDisplay"]

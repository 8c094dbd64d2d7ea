"""Schedules of the learning rate: what η is divided by, from one epoch to the next.

============== ========================================================================
learning_rate  learning rate of an epoch
============== ========================================================================
constant       η
invscaling     η / (t + 1)^power_t, with t the presentations so far
inverse_time   η / (1 + decay · n), with n the epochs so far
adaptive       η / 5^k, with k how often training had stopped to improve
============== ========================================================================

The first epoch of a new network has the rate η in each of them, and so has the first epoch after a
user has put other weights in, as it has in MLPClassifier, where t goes on too. In a stream, whose
chunks are no epochs that could be compared, "adaptive" is "constant".

References
----------
.. [1] L. Bottou, "Stochastic gradient descent tricks", in Neural Networks: Tricks of the Trade,
   Springer, 2012, section 5.2, for rates that fall with the inverse of time.
"""

import math
from dataclasses import dataclass, replace

LEARNING_RATES = ("constant", "invscaling", "adaptive", "inverse_time")

# As in scikit-learn: what "adaptive" divides the rate by, and where that ends.
_ADAPTIVE_DIVISOR = 5.0
_LOWEST_RATE = 1e-6


def invscaling_divisor(n_presentations, power_t):
    """(t + 1)^power_t, or infinity where that is beyond all numbers."""
    try:
        return (n_presentations + 1.0) ** power_t
    except OverflowError:
        return math.inf


def inverse_time_divisor(n_epochs, decay):
    """1 + decay · n."""
    return 1.0 + decay * n_epochs


@dataclass(frozen=True)
class Schedule:
    """The parameters of the estimator that determine the learning rate."""

    learning_rate: str
    learning_rate_init: float
    decay: float = 0.1
    power_t: float = 0.5

    def rate(self, history):
        """Return the rate of the next epoch."""
        return self.learning_rate_init / self._divisor(history)

    def _divisor(self, history):
        if self.learning_rate == "adaptive":
            return history.rate_divisor
        if self.learning_rate == "constant" or history.has_new_weights:
            return 1.0
        if self.learning_rate == "invscaling":
            return invscaling_divisor(history.n_presentations, self.power_t)
        return inverse_time_divisor(history.n_epochs, self.decay)

    def of_stream(self):
        """Return what the schedule is for chunks of a stream."""
        return replace(self, learning_rate="constant") if self.learning_rate == "adaptive" else self

    def remembers(self, history):
        """Tell whether what has been done so far slows down what is to come."""
        if self.learning_rate == "adaptive":
            return history.rate_divisor > 1 or history.n_without_improvement > 0
        return self.learning_rate != "constant"

    def end_epoch(self, history):
        """Note that an epoch has been run at this rate."""
        history.has_new_weights = False
        if self.learning_rate != "adaptive":
            history.rate_divisor = 1.0

    def lower(self, history):
        """Lower the rate where training no longer improves; return whether that was possible."""
        if self.learning_rate != "adaptive" or self.rate(history) <= _LOWEST_RATE:
            return False
        history.rate_divisor *= _ADAPTIVE_DIVISOR
        return True

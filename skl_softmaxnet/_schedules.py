"""Schedules of the learning rate: what η is divided by, from one epoch to the next.

============== ========================================================================
learning_rate  learning rate of an epoch
============== ========================================================================
constant       η
invscaling     η / (t + 1)^power_t, with t the presentations so far
inverse_time   η / (1 + decay · n), with n the epochs so far
adaptive       η / 5^k, with k how often training had stopped improving
============== ========================================================================

The first epoch of a new network has the rate η in each of them. In a stream, whose chunks are not
epochs that could be compared, "adaptive" is "constant".

References
----------
.. [1] L. Bottou, "Stochastic gradient descent tricks", in Neural Networks: Tricks of the Trade,
   Springer, 2012, section 5.2, for rates that fall with the inverse of time.
"""

import math
from dataclasses import dataclass

# As in scikit-learn: where "adaptive" ends.
_LOWEST_RATE = 1e-6


def invscaling_divisor(t, power_t):
    """(t + 1)^power_t, or infinity where that is beyond all numbers."""
    try:
        return (t + 1.0) ** power_t
    except OverflowError:
        return math.inf


def inverse_time_divisor(n_epochs, decay):
    """1 + decay · n."""
    return 1.0 + decay * n_epochs


def adaptive_divisor(n_lowered):
    """5^k."""
    return 5.0**n_lowered


@dataclass(frozen=True)
class Schedule:
    """The parameters of the estimator that determine the learning rate."""

    learning_rate: str
    learning_rate_init: float
    decay: float = 0.1
    power_t: float = 0.5

    def rate(self, t, n_epochs, n_lowered):
        """Return the rate of the next epoch, by the table above."""
        divisor = {
            "constant": lambda: 1.0,
            "invscaling": lambda: invscaling_divisor(t, self.power_t),
            "inverse_time": lambda: inverse_time_divisor(n_epochs, self.decay),
            "adaptive": lambda: adaptive_divisor(n_lowered),
        }[self.learning_rate]
        return self.learning_rate_init / divisor()

    def can_lower(self, n_lowered):
        """Tell whether the rate may be lowered where training no longer improves."""
        return self.learning_rate == "adaptive" and self.rate(0, 0, n_lowered) > _LOWEST_RATE

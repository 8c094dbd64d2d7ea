"""Initial weights: truncated normal, cut where the sums of a unit stay moderate."""

from itertools import pairwise
from numbers import Real

import numpy as np
from scipy import special
from sklearn.utils import check_random_state

from ._typing import FloatArray, RandomStateLike


def truncated_normal(
    size: int | tuple[int, ...], *, bound: float, random_state: RandomStateLike = None
) -> FloatArray:
    """Draw from the standard normal distribution, cut at ±`bound`.

    By inversion: with Φ the normal distribution function, Φ⁻¹(u) for u uniform on
    [Φ(−bound), Φ(bound)] has the wanted distribution. That is two calls into
    :mod:`scipy.special`, where `scipy.stats.truncnorm.rvs` spends more on a small network than its
    training does.

    Parameters
    ----------
    size : int or tuple of int
        The shape to draw.

    bound : float
        Where the distribution is cut on both sides, above 0.

    random_state : int, RandomState instance or None, default=None
        The generator, or its seed.

    Returns
    -------
    values : ndarray of float64 of shape `size`
        Values in [−bound, bound], with mean 0.

    Raises
    ------
    ValueError
        If `bound` is not a number above 0.

    See Also
    --------
    scipy.stats.truncnorm : The distribution, with its density and moments.

    References
    ----------
    .. [1] L. Devroye, "Non-Uniform Random Variate Generation", Springer, 1986, chapter II.2.

    Examples
    --------
    >>> from skl_softmaxnet import truncated_normal
    >>> weights = truncated_normal((1000, 4), bound=0.5, random_state=0)
    >>> weights.shape, bool(abs(weights).max() <= 0.5)
    ((1000, 4), True)
    """
    if not isinstance(bound, Real) or not bound > 0:
        raise ValueError(f"bound must be above 0, got {bound!r}.")
    generator = check_random_state(random_state)
    values = special.ndtri(generator.uniform(special.ndtr(-bound), special.ndtr(bound), size))
    # the round trip through Φ may step over the edge by a rounding error
    return np.clip(values, -bound, bound)


def own_random_state(random_state):
    """Return the generator of an estimator: of its own where NumPy's would be shared with others.

    Parameters
    ----------
    random_state : int, RandomState instance or None
        None for a new generator, whose seed is drawn from NumPy's.

    Returns
    -------
    generator : RandomState instance
    """
    generator = check_random_state(random_state)
    if random_state is not None:
        return generator
    return np.random.RandomState(generator.randint(2**32, size=8, dtype=np.uint32))


def initial_weights(layer_sizes, random_state):
    """Weights and intercepts of a network before its first presentation.

    Parameters
    ----------
    layer_sizes : sequence of int
        Units per layer, from the inputs to the outputs.

    random_state : RandomState instance
        Advanced by one draw per layer, from the inputs on.

    Returns
    -------
    coefs : list of ndarray of float64 of shape (fan_in, fan_out)
        Truncated normal, mean 0, standard deviation 1, cut at ±1/√fan_in.

    intercepts : list of ndarray of float64 of shape (fan_out,)
        Zeros.
    """
    shapes = list(pairwise(layer_sizes))
    coefs = [
        truncated_normal(shape, bound=1 / np.sqrt(shape[0]), random_state=random_state)
        for shape in shapes
    ]
    return coefs, [np.zeros(fan_out) for _, fan_out in shapes]

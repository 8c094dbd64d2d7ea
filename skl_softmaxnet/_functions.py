"""The mathematics of the network, a few lines each: outputs, activations, losses.

Every function stands beside its derivative. Derivatives of activations are written in terms of the
activation's *output* h, because that is what training still holds when the error comes back.

========== ============================ =====================
activation h(z)                         h'(z) in terms of h
========== ============================ =====================
logistic   1 / (1 + exp(−z))            h (1 − h)
tanh       tanh(z)                      1 − h²
relu       max(z, 0)                    1 where h > 0, else 0
identity   z                            1
========== ============================ =====================

References
----------
.. [1] J. S. Bridle, "Probabilistic interpretation of feedforward classification network outputs,
   with relationships to statistical pattern recognition", in Neurocomputing, Springer, 1990.
.. [2] D. E. Rumelhart, G. E. Hinton and R. J. Williams, "Learning representations by
   back-propagating errors", Nature 323, 1986.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from ._typing import FloatArray

# A number whose size is no matter to floats of either type.
_LARGE = 1e38

# ----------------------------------------------------------------------------------------------
# Softmax and its Jacobian


def _as_floats(values, name):
    """Return an array of floats: in whole numbers of few bytes, differences would wrap around."""
    try:
        values = np.asarray(values)
        if values.dtype.kind not in "fiubO":
            raise TypeError(f"they are of type {values.dtype}")
        return values if values.dtype.kind == "f" else values.astype(np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{name} must be an array of real numbers: {error}.") from error


def _as_vector(values, name):
    values = _as_floats(values, name)
    if values.ndim != 1 or not np.isfinite(values).all():
        raise ValueError(f"{name} must be a vector of finite numbers, got {values!r}.")
    return values


def softmax(z: ArrayLike, axis: int | None = -1) -> FloatArray:
    """Turn sums into probabilities: oᵢ = exp(zᵢ) / Σⱼ exp(zⱼ).

    Computed as exp(z − max z) / Σ exp(z − max z), which is the same number and never overflows.

    Parameters
    ----------
    z : array-like of float
        The sums of the output layer, of any shape.

    axis : int or None, default=-1
        The axis along which the outputs sum to one; None for the whole array.

    Returns
    -------
    output : ndarray of float, same shape as `z`
        Numbers in [0, 1] that sum to one along `axis`.

    Raises
    ------
    ValueError
        If `z` does not hold numbers, or holds NaN, infinity, or along `axis` nothing but minus
        infinity.

    See Also
    --------
    softmax_jacobian : The derivative of this function.
    scipy.special.softmax : The function that does the work.

    References
    ----------
    .. [1] J. S. Bridle, "Probabilistic interpretation of feedforward classification network
       outputs, with relationships to statistical pattern recognition", Springer, 1990.

    Examples
    --------
    >>> from skl_softmaxnet import softmax
    >>> print(softmax([1, 0, 3, 5]).round(8))
    [0.01578405 0.00580663 0.11662925 0.86178007]
    >>> print(softmax([1000.0, 1000.0]))
    [0.5 0.5]
    """
    with np.errstate(over="ignore", invalid="ignore"):  # a difference of −∞ has the exponential 0
        output = special.softmax(_as_floats(z, "z"), axis=axis)
    if np.isnan(output).any():
        raise ValueError("z holds NaN or infinity, or nothing but minus infinity.")
    return output


def softmax_of_rows(z):
    """The same along the last axis, with the same bits, for a row in less time than SciPy's."""
    if z.size == z.shape[-1]:  # numbers, where arrays of one would take longer
        numbers = z.ravel().tolist()
        highest = max(numbers)
        if highest - min(numbers) < _LARGE:
            powers = np.exp(z - highest)
            return powers / np.add.reduce(powers, axis=None)
    with np.errstate(over="ignore"):  # to minus infinity
        powers = np.exp(z - np.maximum.reduce(z, axis=-1, keepdims=True))
    return powers / np.add.reduce(powers, axis=-1, keepdims=True)


def softmax_jacobian(output: ArrayLike) -> FloatArray:
    """Derivative of every softmax output by every sum: J = diag(o) − o oᵀ.

    With S = Σⱼ exp(zⱼ) and oᵢ = exp(zᵢ) / S, the quotient rule gives
    ∂oᵢ/∂zⱼ = (δᵢⱼ exp(zᵢ) S − exp(zᵢ) exp(zⱼ)) / S² = oᵢ (δᵢⱼ − oⱼ).
    J is symmetric and its rows sum to zero, since the outputs always sum to one.

    Parameters
    ----------
    output : array-like of float of shape (n_outputs,)
        The outputs o = softmax(z).

    Returns
    -------
    jacobian : ndarray of float of shape (n_outputs, n_outputs)
        ∂oᵢ/∂zⱼ in row i and column j.

    Raises
    ------
    ValueError
        If `output` is not a vector of finite numbers.

    See Also
    --------
    softmax_jacobian_product : J times a vector, without the matrix.

    Examples
    --------
    >>> from skl_softmaxnet import softmax, softmax_jacobian
    >>> print(softmax_jacobian(softmax([0, 4, 5])).round(8))
    [[ 0.00487766 -0.00131181 -0.00356586]
     [-0.00131181  0.196001   -0.1946892 ]
     [-0.00356586 -0.1946892   0.19825505]]
    """
    o = _as_vector(output, "output")
    return np.diag(o) - np.outer(o, o)


def softmax_jacobian_product(output: ArrayLike, vector: ArrayLike) -> FloatArray:
    """The softmax Jacobian times a vector, in O(K): J v = o ∘ (v − o·v).

    From J = diag(o) − o oᵀ it follows that J v = o ∘ v − o (oᵀ v), so no K × K matrix is needed.
    Training with the squared error uses this, with the error t − o for `vector`.

    Parameters
    ----------
    output : array-like of float of shape (n_outputs,)
        The outputs o = softmax(z).

    vector : array-like of float of shape (n_outputs,)
        The vector v.

    Returns
    -------
    product : ndarray of float of shape (n_outputs,)
        J v.

    Raises
    ------
    ValueError
        If `output` and `vector` are not two vectors of finite numbers, of the same length.

    See Also
    --------
    softmax_jacobian : The matrix J.

    Examples
    --------
    >>> import numpy as np
    >>> from skl_softmaxnet import softmax, softmax_jacobian, softmax_jacobian_product
    >>> output, vector = softmax([0, 4, 5]), np.array([1.0, -2.0, 0.5])
    >>> np.allclose(softmax_jacobian(output) @ vector, softmax_jacobian_product(output, vector))
    True
    """
    o, v = _as_vector(output, "output"), _as_vector(vector, "vector")
    if len(o) != len(v):
        raise ValueError(f"output and vector differ in length: {len(o)} and {len(v)}.")
    return _jacobian_product(o, v)


def _jacobian_product(output, vector):
    """The same without the checks, for the training of each sample."""
    return output * (vector - np.dot(output, vector))


# ----------------------------------------------------------------------------------------------
# Activations of the hidden layers: h(z), and h'(z) from h


def logistic(z):
    """h = σ(z) = 1 / (1 + exp(−z))."""
    return special.expit(z)


def logistic_derivative(h):
    """σ' = σ (1 − σ): with u = exp(−z), σ' = u / (1 + u)² = σ · u / (1 + u)."""
    return h * (1 - h)


def tanh(z):
    """h = tanh(z)."""
    return np.tanh(z)


def tanh_derivative(h):
    """tanh' = 1 − tanh²."""
    return 1 - h * h


def relu(z):
    """h = max(z, 0)."""
    return np.maximum(z, 0)


def relu_derivative(h):
    """1 where the unit is on, else 0; 0 is taken at the kink."""
    return (h > 0).astype(h.dtype)


def identity(z):
    """h = z."""
    return z


def identity_derivative(h):
    """1."""
    return np.ones_like(h)


ACTIVATIONS = {
    "logistic": (logistic, logistic_derivative),
    "tanh": (tanh, tanh_derivative),
    "relu": (relu, relu_derivative),
    "identity": (identity, identity_derivative),
}

OUTPUT_ACTIVATIONS = {"softmax": softmax_of_rows, "sigmoid": logistic}


# ----------------------------------------------------------------------------------------------
# Losses of one sample, and the output delta −∂loss/∂z that belongs to each


def squared_error(target, output):
    """½ ‖t − o‖².

    Its output delta −∂/∂z is (∂o/∂z)ᵀ (t − o), which `squared_error_delta` gives for both outputs.
    """
    error = target - output
    return 0.5 * np.dot(error, error)


def squared_error_delta(target, output, output_activation):
    """−∂(½‖t − o‖²)/∂z: J (t − o) for softmax, (t − o) ∘ o ∘ (1 − o) for sigmoid."""
    error = target - output
    if output_activation == "softmax":
        return _jacobian_product(output, error)
    return error * logistic_derivative(output)


def log_loss(target, z, output_activation):
    """Cross-entropy of the target, from the sums z, so that no logarithm of zero is met.

    Softmax: −Σ tₖ log oₖ = log Σ exp(zₖ) − t·z, for a target that sums to one, where
    log Σ exp(zₖ) = max z + log Σ exp(zₖ − max z). (:func:`scipy.special.logsumexp`, which is made
    for whole arrays, takes longer than all the rest of a presentation.)
    Sigmoid: −Σ (tₖ log oₖ + (1 − tₖ) log(1 − oₖ)) = Σ (log(1 + exp(zₖ)) − tₖ zₖ), and
    log(1 + exp(z)) = −log σ(−z).
    """
    if output_activation == "softmax":
        highest = z.max()
        return highest + np.log(np.exp(z - highest).sum()) - np.dot(target, z)
    return -np.sum(special.log_expit(np.where(target > 0, z, -z)))


def loss_of_frequencies(frequencies, loss, output_activation):
    """What a network that knows only the frequencies p of the classes, or labels, loses on average.

    With outputs o = p, ½‖t − o‖² has the mean ½ Σ pₖ (1 − pₖ), and the log loss is the entropy:
    −Σ pₖ log pₖ for softmax, −Σ (pₖ log pₖ + (1 − pₖ) log(1 − pₖ)) for sigmoid.
    """
    p = np.asarray(frequencies)
    if loss == "squared_error":
        return 0.5 * float(np.sum(p * (1 - p)))
    entropy = special.entr(p) + (special.entr(1 - p) if output_activation == "sigmoid" else 0)
    return float(entropy.sum())


def log_loss_delta(target, output):
    """−∂(log loss)/∂z = t − o, for both outputs: they are the canonical links of this loss."""
    return target - output

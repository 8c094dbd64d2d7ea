"""The same rule in JAX: one ``lax.scan`` over the samples, jitted, the weights donated.

Two ways to write it, of which now one, now the other is faster: "plain", every layer updated at the
end of its own presentation, and "fused", the first layer updated at the start of the next one,
where the compiler may join it with the forward pass.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

jax.config.update("jax_enable_x64", True)


def forward(coefs, intercepts, x):
    """Return the outputs of every layer, the inputs first."""
    outputs = [x]
    last = len(coefs) - 1
    for i, (weights, values) in enumerate(zip(coefs, intercepts, strict=True)):
        activate = jax.nn.softmax if i == last else jax.nn.sigmoid
        outputs.append(activate(outputs[-1] @ weights + values))
    return outputs


def backward(coefs, intercepts, outputs, error, rate):
    """Update all layers but the first; return all, and the step η δ of the first."""
    coefs, intercepts = list(coefs), list(intercepts)
    output = outputs[-1]
    step = rate * output * (error - jnp.dot(output, error))  # η J e
    for i in range(len(coefs) - 1, 0, -1):
        coefs[i] = coefs[i] + jnp.outer(outputs[i], step)
        intercepts[i] = intercepts[i] + step
        error = coefs[i] @ error  # raw, through the updated weights
        step = rate * error * outputs[i] * (1 - outputs[i])
    intercepts[0] = intercepts[0] + step
    return coefs, intercepts, step


def present_plain(rate, state, sample):
    """Present one sample; the state is the weights."""
    coefs, intercepts = state
    x, target = sample
    outputs = forward(coefs, intercepts, x)
    coefs, intercepts, step = backward(coefs, intercepts, outputs, target - outputs[-1], rate)
    coefs[0] = coefs[0] + jnp.outer(x, step)
    return (coefs, intercepts), None


def present_fused(rate, state, sample):
    """Present one sample; the state holds the update that the first layer still lacks."""
    (coefs, intercepts), (previous, step) = state
    x, target = sample
    coefs = [coefs[0] + jnp.outer(previous, step), *coefs[1:]]
    outputs = forward(coefs, intercepts, x)
    coefs, intercepts, step = backward(coefs, intercepts, outputs, target - outputs[-1], rate)
    return ((coefs, intercepts), (x, step)), None


@partial(jax.jit, static_argnums=(3, 4), donate_argnums=0)
def train_one_epoch(weights, X, targets, rate, form):
    """Scan over the samples; `targets` is one-hot."""
    if form == "plain":
        return jax.lax.scan(partial(present_plain, rate), weights, (X, targets))[0]
    nothing = jnp.zeros_like(X[0]), jnp.zeros_like(weights[1][0])
    state = (weights, nothing)
    state = jax.lax.scan(partial(present_fused, rate), state, (X, targets))[0]
    (coefs, intercepts), (x, step) = state
    return [coefs[0] + jnp.outer(x, step), *coefs[1:]], intercepts


def to_device(X, targets, n_classes):
    """Copy the samples to where JAX computes, the targets as one-hot rows in the dtype of X."""
    return jnp.asarray(X), jnp.asarray(np.eye(n_classes, dtype=X.dtype)[targets])


def train(X, targets, coefs, intercepts, *, rate, n_epochs, form="plain"):
    """Present all of X in order, `n_epochs` times.

    Parameters
    ----------
    X : array of shape (n_samples, n_features), from `to_device`
    targets : array of shape (n_samples, n_classes), from `to_device`
    coefs : list of ndarray of shape (fan_in, fan_out), in the dtype of X
    intercepts : list of ndarray of shape (fan_out,), in the dtype of X
    rate : float
    n_epochs : int
    form : {"plain", "fused"}, default="plain"

    Returns
    -------
    coefs, intercepts : lists of ndarray, new ones, of the same shapes
    """
    # copies, for these are given away
    weights = [jnp.array(layer) for layer in coefs], [jnp.array(values) for values in intercepts]
    for _ in range(n_epochs):
        weights = train_one_epoch(weights, X, targets, rate, form)
    return tuple([np.asarray(array) for array in arrays] for arrays in weights)

"""MLPClassifier and a scan in JAX: each `prepare` returns what trains for a number of epochs."""

import warnings
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from itertools import pairwise

import numpy as np
from ours import present_in_order
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from timing import task


def initial_weights(layer_sizes, dtype):
    """Draw weights of up to ±1/√fan_in; the intercepts are zeros."""
    generator = np.random.default_rng(0)
    draws = [generator.uniform(-1, 1, sizes) / np.sqrt(sizes[0]) for sizes in pairwise(layer_sizes)]
    intercepts = [np.zeros(fan_out, dtype) for fan_out in layer_sizes[1:]]
    return [draw.astype(dtype) for draw in draws], intercepts


def prepare_jax(shape, X, targets, coefs, intercepts, rule, options):
    """Train in JAX: one ``lax.scan`` over the samples, jitted, the weights donated."""
    import jax  # here, for it may be missing

    jax.config.update("jax_enable_x64", True)
    step = partial(present_in_jax, jax, rule, options["learning_rate_init"], options["alpha"])
    scan = jax.jit(lambda weights, data: jax.lax.scan(step, weights, data)[0], donate_argnums=0)
    data = jax.device_put((X, np.eye(shape.layer_sizes[-1], dtype=X.dtype)[targets]))

    def run(n_epochs):
        weights = jax.tree.map(lambda array: jax.numpy.array(array), (coefs, intercepts))
        for _ in range(n_epochs):
            weights = scan(weights, data)
        return jax.tree.map(np.asarray, weights)

    return run


def present_in_jax(jax, rule, rate, alpha, weights, sample):
    """Present one sample by either rule; return the new weights, as ``lax.scan`` wants them."""
    coefs, intercepts = map(list, weights)
    (x, target), tutorial = sample, rule == "tutorial"
    activate = jax.nn.sigmoid if tutorial else jax.nn.relu
    outputs = [x]
    for matrix, values in zip(coefs[:-1], intercepts[:-1], strict=True):
        outputs.append(activate(outputs[-1] @ matrix + values))
    output = jax.nn.softmax(outputs[-1] @ coefs[-1] + intercepts[-1])
    error = target - output
    delta = output * (error - output @ error) if tutorial else error  # J e
    for i in reversed(range(len(coefs))):
        before = coefs[i]
        coefs[i] = (1 - rate * alpha) * before + jax.numpy.outer(outputs[i], rate * delta)
        intercepts[i] = intercepts[i] + rate * delta
        if i and tutorial:
            error = coefs[i] @ error  # raw, through the updated weights
            delta = error * outputs[i] * (1 - outputs[i])
        elif i:
            delta = (before @ delta) * (outputs[i] > 0)
    return (coefs, intercepts), None


def prepare_mlp_classifier(shape, X, targets, options, batch_size):
    """Fit scikit-learn's MLPClassifier by plain gradient descent, by the gradient of its loss."""
    settings = {"solver": "sgd", "momentum": 0, "tol": 0, "random_state": 0}
    settings |= {"hidden_layer_sizes": shape.layer_sizes[1:-1], "batch_size": batch_size}
    settings |= {name: options[name] for name in ("activation", "alpha", "learning_rate_init")}
    warnings.simplefilter("ignore", ConvergenceWarning)  # since it stops where it is told
    return lambda n: MLPClassifier(max_iter=n, n_iter_no_change=n + 1, **settings).fit(X, targets)


def peak_task(shape, dtype):
    """Return the fused multiply-adds of one update at the processor's peak as a task."""
    # Two for each weight of the first layer, for the sums and the update, and three of later ones.
    first, *later = [inputs * units for inputs, units in pairwise(shape.layer_sizes)]
    needed = 2 * first * (1 - shape.zeros) + 3 * sum(later)
    multiply_and_add = import_module("peers_numba").multiply_and_add
    values = np.ones(512, dtype)
    constants = values.dtype.type(0.5), values.dtype.type(0.25)
    return task(partial(multiply_and_add, values, *constants), 8 * values.size / needed)


def peers_of(rule):
    """Return, by name, the installed peers that make the same updates as ours."""
    peers = {"JAX scan": prepare_jax} if find_spec("jax") else {}
    return peers | ({"numba": import_module("peers_numba").prepare} if find_spec("numba") else {})


def check_peers(shape, X, targets, rule, options):
    """Check that each peer moves the weights as ours does but for rounding; exit where not."""
    tolerance = {"float64": 1e-9, "float32": 1e-2}[X.dtype.name]
    X, targets = X[:100], targets[:100]
    start = initial_weights(shape.layer_sizes, X.dtype)
    ours = present_in_order(X, targets, *start, **options)
    for peer, prepare in peers_of(rule).items():
        theirs = prepare(shape, X, targets, *start, rule, options)(1)
        difference = largest_difference(theirs, ours) / largest_difference(start, ours)
        if not difference < tolerance:
            raise SystemExit(f"{peer} differs from ours by {difference:.1e}: {rule}, {shape}")


def largest_difference(weights, others):
    """Compare two networks, each a pair of lists of arrays."""
    pairs = zip([*weights[0], *weights[1]], [*others[0], *others[1]], strict=True)
    return max(np.abs(a - b).max() for a, b in pairs)

"""The peers in NumPy, scikit-learn and JAX: the tutorial's loop, MLPClassifier, and a scan.

Each `prepare` returns a function that trains for a number of epochs and returns what it trained.
"""

import warnings
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from itertools import pairwise

import numpy as np
from ours import present_in_order
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier


def initial_weights(layer_sizes, dtype):
    """Draw weights of up to ±1/√fan_in; the intercepts are zeros."""
    generator = np.random.default_rng(0)
    draws = [generator.uniform(-1, 1, sizes) / np.sqrt(sizes[0]) for sizes in pairwise(layer_sizes)]
    intercepts = [np.zeros(fan_out, dtype) for fan_out in layer_sizes[1:]]
    return [draw.astype(dtype) for draw in draws], intercepts


def present_as_taught(x, target, matrices, columns, rate):
    """Present one sample as it is taught: column vectors, matrices of (units, inputs)."""
    outputs = [np.array(x, ndmin=2).T]
    for matrix, column in zip(matrices[:-1], columns[:-1], strict=True):
        outputs.append(1 / (1 + np.exp(-(np.dot(matrix, outputs[-1]) + column))))
    powers = np.exp(np.dot(matrices[-1], outputs[-1]) + columns[-1])
    output = powers / powers.sum()
    error = np.array(target, ndmin=2).T - output
    jacobian = np.diagflat(output) - np.dot(output, output.T)  # diag(o) − o oᵀ, all K × K of it
    delta = np.dot(jacobian, error)
    for i in reversed(range(len(matrices))):
        matrices[i] += rate * np.dot(delta, outputs[i].T)
        columns[i] += rate * delta
        if i:
            error = np.dot(matrices[i].T, error)
            delta = error * outputs[i] * (1 - outputs[i])


def prepare_tutorial(shape, X, targets, coefs, intercepts, rule, options):
    """Train with the tutorial's loop, which knows its own rule only."""
    one_hot = np.eye(shape.layer_sizes[-1], dtype=X.dtype)[targets]
    rate = options["learning_rate_init"]

    def run(n_epochs):
        matrices = [weights.T.copy() for weights in coefs]
        columns = [values.reshape(-1, 1).copy() for values in intercepts]
        for _ in range(n_epochs):
            for x, target in zip(X, one_hot, strict=True):
                present_as_taught(x, target, matrices, columns, rate)
        return [matrix.T for matrix in matrices], [column[:, 0] for column in columns]

    return run


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

    def run(n_epochs):
        lengths = {"max_iter": n_epochs, "n_iter_no_change": n_epochs + 1}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return MLPClassifier(**lengths, **settings).fit(X, targets)

    return run


def peers_of(rule):
    """Return, by name, the installed peers that make the same updates as ours."""
    peers = {"tutorial's loop": prepare_tutorial} if rule == "tutorial" else {}
    peers |= {"JAX scan": prepare_jax} if find_spec("jax") else {}
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

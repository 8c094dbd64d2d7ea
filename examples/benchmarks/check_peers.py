"""Check that the competitors do the same work: one pass from the same weights, compared.

    python examples/benchmarks/check_peers.py

Prints the largest difference of any weight from the tutorial's loop after one pass in order, in
float64, for every other competitor and for this package's engines.
"""

import environment  # noqa: F401  before NumPy
import numpy as np
from competitors import FORMS_OF_JAX, FORMS_OF_NUMBA, peers_jax, peers_numba
from ours import pass_in_order
from peers import initial_weights, train_tutorial

RATE = 0.05


def others(X, targets, coefs, intercepts):
    """Yield the name and the weights of each competitor after one pass."""
    settings = {"rate": RATE, "n_epochs": 1}
    for form in FORMS_OF_NUMBA if peers_numba else ():
        weights = peers_numba.train(X, targets, coefs, intercepts, first_pass=form, **settings)
        yield f"numba, {form}", weights
    for form in FORMS_OF_JAX if peers_jax else ():
        samples = peers_jax.to_device(X, targets, coefs[-1].shape[1])
        yield f"JAX, {form}", peers_jax.train(*samples, coefs, intercepts, form=form, **settings)
    for name, weights in pass_in_order(X, targets, coefs, intercepts, rate=RATE):
        yield f"skl_softmaxnet, {name}", weights


def largest_difference(weights, expected):
    """Compare two networks, each a pair of lists of arrays."""
    pairs = zip([*weights[0], *weights[1]], [*expected[0], *expected[1]], strict=True)
    return max(np.abs(a - b).max() for a, b in pairs)


def main():
    """Compare on three shapes, one of them deep and one of an odd size, half of the inputs zero."""
    generator = np.random.default_rng(0)
    for layer_sizes in ((2, 5, 2), (65, 33, 10), (50, 32, 16, 10)):
        X = generator.standard_normal((1000, layer_sizes[0]))
        X *= generator.random(X.shape) < 0.5
        targets = generator.integers(0, layer_sizes[-1], X.shape[0])
        coefs, intercepts = initial_weights(layer_sizes, np.float64)
        expected = train_tutorial(X, targets, coefs, intercepts, rate=RATE, n_epochs=1)
        moved = largest_difference(expected, (coefs, intercepts))
        print("-".join(map(str, layer_sizes)), f": a pass moves the weights by up to {moved:.2g}")
        for name, weights in others(X, targets, coefs, intercepts):
            print(f"  {name:30}{largest_difference(weights, expected):.1e}")


if __name__ == "__main__":
    main()

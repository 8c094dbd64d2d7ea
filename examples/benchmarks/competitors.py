"""Every row of the table: what it runs on a shape, and in how many forms."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import limit
import ours
from peers import fit_mlp_classifier, initial_weights, train_tutorial

RATE = 0.05  # our default
N_SAMPLES_OF_SLOW_ROWS = 1000


def import_if_installed(module):
    """Import one of the modules here, or return None where the library it needs is missing."""
    try:
        return importlib.import_module(module)
    except ImportError:
        return None


peers_numba = import_if_installed("peers_numba")
peers_jax = import_if_installed("peers_jax")
FORMS_OF_NUMBA = ("rows", "pairs", "non-zero")
FORMS_OF_JAX = ("plain", "fused")


@dataclass(frozen=True)
class Row:
    """One row of the table.

    Attributes
    ----------
    name : str
    dtype : str
        "float64" or "float32".
    kind : {"ours", "peer", "batch", "limit"}
        "batch" does fewer updates than one a sample.
    prepare : callable
        Takes a shape and the samples in the row's dtype; returns functions of a number of epochs by
        the name of their form. The fastest form is the row's figure.
    available : bool, default=True
    slow : bool, default=False
        Whether to train on fewer samples and as few epochs as will do.
    """

    name: str
    dtype: str
    kind: str
    prepare: Callable
    available: bool = True
    slow: bool = False

    def tasks(self, shape):
        """Return the functions of a number of epochs, and the presentations in each epoch."""
        X, targets = shape.X, shape.targets
        if self.slow:
            X, targets = X[:N_SAMPLES_OF_SLOW_ROWS], targets[:N_SAMPLES_OF_SLOW_ROWS]
        X = X.astype(self.dtype, copy=False)
        return self.prepare(shape, X, targets), X.shape[0]


def our_fit(engine_name, shuffle, shape, X, targets):
    """Our public fit, of sparse samples where the shape says so."""
    samples = shape.as_given(X)
    hidden = shape.layer_sizes[1:-1]

    def run(n_epochs):
        ours.fit(
            samples, targets, hidden, n_epochs=n_epochs, engine_name=engine_name, shuffle=shuffle
        )

    return {engine_name: run}


def mlp_fit(batch_size, shape, X, targets):
    """Fit MLPClassifier, to sparse samples where the shape says so."""
    samples = shape.as_given(X)
    hidden = shape.layer_sizes[1:-1]

    def run(n_epochs):
        fit_mlp_classifier(samples, targets, hidden, n_epochs=n_epochs, batch_size=batch_size)

    return {"fit": run}


def tutorial_loop(shape, X, targets):
    """Train with the tutorial's loop, which knows dense samples only."""
    weights = initial_weights(shape.layer_sizes, X.dtype)
    return {
        "loop": lambda n_epochs: train_tutorial(X, targets, *weights, rate=RATE, n_epochs=n_epochs)
    }


def numba_loops(shape, X, targets):
    """Train in numba, on dense samples; skipping zeros where there are any."""
    weights = initial_weights(shape.layer_sizes, X.dtype)
    train = partial(peers_numba.train, X, targets, *weights, rate=RATE)
    forms = FORMS_OF_NUMBA if shape.has_zeros else FORMS_OF_NUMBA[:2]
    return {form: partial(_epochs_of, train, first_pass=form) for form in forms}


def jax_scans(shape, X, targets):
    """Train in JAX, on dense samples."""
    weights = initial_weights(shape.layer_sizes, X.dtype)
    samples = peers_jax.to_device(X, targets, shape.layer_sizes[-1])
    train = partial(peers_jax.train, *samples, *weights, rate=RATE)
    return {form: partial(_epochs_of, train, form=form) for form in FORMS_OF_JAX}


def _epochs_of(train, n_epochs, **form):
    """Make the number of epochs the first argument."""
    train(n_epochs=n_epochs, **form)


def limit_passes(shape, X, targets):
    """Pass over the weights, in every order that the shape allows; in numba without a compiler."""
    if limit.compiler() is None:
        limit_numba = importlib.import_module("limit_numba")
        forms = FORMS_OF_NUMBA if shape.has_zeros else FORMS_OF_NUMBA[:2]
        return {form: limit_numba.make_limit(X, shape.layer_sizes, form) for form in forms}
    orders = ("by rows", "by columns", "apart") if shape.has_zeros else ("by rows", "by columns")
    return {order: limit.make_limit(X, shape.layer_sizes, order) for order in orders}


def rows():
    """List the rows of the table from top to bottom."""
    both = ("float64", "float32")
    compiled = ours.ENGINES["compiled"] is not None
    # in the order of the rows, as the tutorial's loop, JAX and numba run; then as it is by default
    in_order, shuffled = (partial(our_fit, "compiled", shuffle) for shuffle in (False, True))
    fit_numpy = partial(our_fit, "NumPy", False)
    has_limit = limit.compiler() is not None or peers_numba is not None
    name = "skl_softmaxnet, {} engine"
    return [
        *[Row(name.format("compiled"), t, "ours", in_order, compiled) for t in both],
        *[Row(name.format("compiled") + ", shuffled", t, "ours", shuffled, compiled) for t in both],
        *[Row(name.format("NumPy"), t, "ours", fit_numpy, slow=True) for t in both],
        Row("tutorial's loop", "float64", "peer", tutorial_loop, slow=True),
        Row("MLPClassifier, batch 1", "float64", "peer", partial(mlp_fit, 1), slow=True),
        *[Row("MLPClassifier, default batch", t, "batch", partial(mlp_fit, "auto")) for t in both],
        *[Row("JAX scan", t, "peer", jax_scans, peers_jax is not None) for t in both],
        *[Row("numba", t, "peer", numba_loops, peers_numba is not None) for t in both],
        *[Row("limit", t, "limit", limit_passes, has_limit) for t in both],
    ]

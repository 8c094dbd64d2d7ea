"""This package in the benchmark: its public `fit` with either engine."""

from contextlib import contextmanager

import numpy as np

from skl_softmaxnet import SoftmaxMLPClassifier, _engine

ENGINES = {"compiled": _engine.CompiledEngine, "NumPy": _engine.NumpyEngine}


@contextmanager
def engine(name):
    """Make "compiled" or "NumPy" the engine of every fit inside the block."""
    usual = _engine.Engine
    _engine.Engine = ENGINES[name]
    try:
        yield
    finally:
        _engine.Engine = usual


def fit(
    X, targets, hidden_layer_sizes, *, n_epochs, engine_name="compiled", shuffle=True, **options
):
    """Fit with the default rule for `n_epochs` epochs, without a test.

    Parameters
    ----------
    X : ndarray or sparse array of shape (n_samples, n_features)
    targets : ndarray of shape (n_samples,)
    hidden_layer_sizes : tuple of int
    n_epochs : int
    engine_name : {"compiled", "NumPy"}, default="compiled"
    shuffle : bool, default=True
    **options
        Other parameters of the classifier.

    Returns
    -------
    model : SoftmaxMLPClassifier
    """
    model = SoftmaxMLPClassifier(
        hidden_layer_sizes=hidden_layer_sizes,
        max_iter=n_epochs,
        tol=None,
        shuffle=shuffle,
        random_state=0,
        **options,
    )
    with engine(engine_name):
        return model.fit(X, targets)


def pass_in_order(X, targets, coefs, intercepts, *, rate):
    """Yield each engine's name and its weights after one pass from the same initial weights."""
    rule = {"activation": "logistic", "output_activation": "softmax", "backprop": "error"}
    rule |= {"loss": "squared_error", "fit_intercept": True}
    rows = np.arange(X.shape[0], dtype=np.intp)
    for name, engine_class in ENGINES.items():
        if engine_class is not None:
            copies = [a.copy() for a in coefs], [a.copy() for a in intercepts]
            weights = _engine.as_blocks(*copies, X.dtype)
            engine_class(*weights, **rule).run(X, targets, rows, None, rate)
            yield name, weights

"""What the tests share: a network, samples, comparisons to the bit, a process of one's own."""

import ast
import copy
import importlib
import io
import itertools
import os
import pickle
import signal
import tracemalloc
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context

import joblib
import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal

from skl_softmaxnet import SoftmaxMLPClassifier, _engine

SECONDS = 200  # many times what a call in another process takes

# The tutorial's rule, with the patience of MLPClassifier.
TUTORIAL = {"activation": "logistic", "loss": "squared_error", "backprop": "error", "alpha": 0.0}
TUTORIAL |= {"learning_rate_init": 0.05, "n_iter_no_change": 10}

# Ways to train that each promise is tested with; "labels" in a name stands for several a sample.
STOPPING = {"early_stopping": True, "validation_fraction": 0.3}
LABELS = {"output_activation": "sigmoid"}
FRACTIONS = {"class_weight": {0: 0.3, 2: 2.6}}
BALANCED = {"class_weight": "balanced"}
TRAININGS = {
    "plain": {},
    "gradient": {"loss": "log_loss", "backprop": "gradient", "activation": "relu"},
    "sigmoid": {"output_activation": "sigmoid", "activation": "tanh"},
    "regression": {"hidden_layer_sizes": ()},
    "tutorial": {"fit_intercept": False, "hidden_layer_sizes": (3,)},
    "momentum": {"momentum": 0.8, "nesterovs_momentum": True, "learning_rate_init": 0.02},
    "average, alpha": {"average": True, "alpha": 1e-3},
    "labels": LABELS,
    "standardize": {"standardize": True},
    "class weights": FRACTIONS,
    "balanced": BALANCED,
    "balanced labels": LABELS | BALANCED,
    "stopping": STOPPING,
    "stopping, average": STOPPING | {"average": True},
    "stopping, standardize": STOPPING | {"standardize": True},
    "stopping, labels": STOPPING | LABELS,
    "stopping, class weights": STOPPING | FRACTIONS,
    "stopping, balanced": STOPPING | BALANCED,
}
OPTIONS = {
    "plain": {},
    "alpha": {"alpha": 0.02},
    "momentum": {"momentum": 0.8},
    "nesterov": {"momentum": 0.8, "nesterovs_momentum": True},
    "alpha and momentum": {"alpha": 0.02, "momentum": 0.6},
    "no intercepts": {"alpha": 0.02, "momentum": 0.6, "fit_intercept": False},
    "average": {"average": True},
    "average, nesterov": {"average": True, "momentum": 0.8, "nesterovs_momentum": True},
    "everything": {"alpha": 0.01, "momentum": 0.6, "nesterovs_momentum": True, "average": True},
}
each_training = pytest.mark.parametrize("training", TRAININGS)
each_method = pytest.mark.parametrize("method", ["fit", "partial_fit"])
each_dtype = pytest.mark.parametrize("dtype", [np.float64, np.float32])
each_shuffle = pytest.mark.parametrize("shuffle", [True, False])
each_container = pytest.mark.parametrize("container", [np.asarray, sp.csr_array])
each_kind_of_weights = pytest.mark.parametrize(
    "kind", ["none", "integer", "fractional", "relative"]
)
# Run on the compiled engine alone, skipped where it was not built.
only_compiled = pytest.mark.parametrize("engine", ["compiled"], indirect=True)
COMPILED = [only_compiled, pytest.mark.usefixtures("engine")]

# What makes a rule: each with each.
RULES = {
    "activation": ["relu", "logistic", "tanh", "identity"],
    "output_activation": ["softmax", "sigmoid"],
    "loss": ["log_loss", "squared_error"],
    "backprop": ["gradient", "error"],
    "fit_intercept": [True, False],
}
COMBINATIONS = [
    dict(zip(RULES, values, strict=True)) for values in itertools.product(*RULES.values())
]


# --- Networks and samples ---


def network(hidden_layer_sizes=(5, 4), **parameters):
    """A small network with a seed, by the tutorial's rule, which runs all of a few epochs."""
    defaults = {"max_iter": 3, "tol": None, "random_state": 0}
    return SoftmaxMLPClassifier(hidden_layer_sizes, **(TUTORIAL | defaults | parameters))


def samples(n_samples=30, dtype=np.float64, *, multilabel=False):
    """Rows of 7 features, half of them zeros, and three classes or three labels.

    One row comes four times, once with another target; one is all zeros.
    """
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n_samples, 7)).astype(dtype)
    X[rng.uniform(size=X.shape) < 0.5] = 0
    X[3], X[4], X[6] = X[0], X[0], X[0]  # targets 0, 1, 0 beside the 0 of row 0
    X[5] = 0
    y = np.arange(n_samples) % 3
    return X, as_labels(X, y) if multilabel else y


def digits(n_samples=None):
    """Eight by eight pictures, the grey values brought to 0..1."""
    from sklearn.datasets import load_digits  # here: it imports more than a child process needs

    X, y = load_digits(return_X_y=True)
    return X[:n_samples] / 16, y[:n_samples]


def of_training(training, n_samples=30, dtype=np.float64):
    """The parameters of a network, and samples for it."""
    return TRAININGS[training], *samples(n_samples, dtype, multilabel="labels" in training)


def as_labels(X, y):
    """Three labels for each sample, which X and y tell."""
    return np.column_stack([y == 0, X[:, 0] > 0, X[:, 1] > X[:, 0]]).astype(int)


def weights_of_kind(kind, n_samples):
    rng = np.random.RandomState(1)
    return {
        "none": None,
        "integer": rng.randint(0, 5, size=n_samples),
        "fractional": rng.uniform(0, 3, size=n_samples),
        "relative": rng.uniform(0, 1, size=n_samples) / n_samples,
    }[kind]


def train(model, method, X, y, **more):
    """Call `fit` or `partial_fit`, which has to be told the classes the first time."""
    if method == "fit":
        more.pop("classes", None)
    elif np.ndim(y) == 1 and not hasattr(model, "classes_") and more.get("classes") is None:
        more["classes"] = np.unique(y)
    return getattr(model, method)(X, y, **more)


def present_nothing(model, X, y, classes=None):
    """Initialise the weights and leave them as they were drawn."""
    if classes is None and np.ndim(y) == 1:
        classes = np.unique(y)
    return model.partial_fit(X, y, classes=classes, sample_weight=np.zeros(len(y)))


def put_in(model, coefs, intercepts):
    """Let the model go on from copies of these weights."""
    model.coefs_ = [np.array(W) for W in coefs]
    model.intercepts_ = [np.array(b) for b in intercepts]
    return model


# --- Comparisons ---


def parameters_of(model):
    """All weights, then all intercepts."""
    return [*model.coefs_, *model.intercepts_]


def bits(model):
    """The weights and intercepts, down to the bits."""
    return state(parameters_of(model))


def assert_same_bits(one, other):
    """The weights and intercepts of two models agree in dtype, shape and every bit."""
    for left, right in zip(parameters_of(one), parameters_of(other), strict=True):
        assert left.dtype == right.dtype
        assert np.isfinite(left).all()
        assert_array_equal(left, right)  # for its message; -0.0 would pass here
        assert left.tobytes() == right.tobytes()


def assert_same_course(one, other):
    """Two models agree in every bit, and in what was recorded on the way but for rounding."""
    assert_same_bits(one, other)
    assert one.t_ == other.t_
    for name in ("loss_curve_", "validation_scores_", "validation_loss_curve_"):
        left, right = getattr(one, name), getattr(other, name)
        assert (left is None) == (right is None), name
        assert_allclose(left or [], right or [], rtol=1e-12, err_msg=name)


def assert_same_training(one, other):
    """And exactly in all that does not depend on the order of a sum, however many calls it took."""
    assert_same_course(one, other)
    for name in ("loss_curve_", "best_loss_", "validation_scores_"):
        assert getattr(one, name) == getattr(other, name), name


def assert_close(one, other, rtol=1e-9, atol=1e-12):
    for left, right in zip(parameters_of(one), parameters_of(other), strict=True):
        assert_allclose(left, right, rtol=rtol, atol=atol)


def assert_differs(one, other):
    assert not np.allclose(one.coefs_[0], other.coefs_[0], rtol=1e-6)


def state(value):
    """All that an estimator, or a part of it, holds, down to the bits of its arrays."""
    if isinstance(value, np.ndarray):
        content = value.tolist() if value.dtype == object else value.tobytes()
        return value.dtype.str, value.shape, content
    if isinstance(value, np.random.RandomState):
        return state(value.get_state(legacy=False))
    if isinstance(value, dict):
        return {name: state(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [state(part) for part in value]
    if hasattr(value, "__dict__"):
        return state(vars(value))
    return repr(value)  # tells 0.0 from -0.0, and finds nan equal to itself


# --- Memory ---


def peak_memory(function, *arguments):
    """Return how many bytes a call held at most, and its result, which is part of them.

    NumPy tells tracemalloc of the memory of its arrays, whether it is ever written to or not.
    """
    tracemalloc.start()
    try:
        result = function(*arguments)
        return tracemalloc.get_traced_memory()[1], result
    finally:
        tracemalloc.stop()


# --- Ways to keep a model ---


def through_pickle(model):
    return pickle.loads(pickle.dumps(model))


def through_joblib(model):
    file = io.BytesIO()
    joblib.dump(model, file)
    file.seek(0)
    return joblib.load(file)


KEPT = {
    "itself": lambda model: model,
    "copy": copy.deepcopy,
    "pickle": through_pickle,
    "joblib": through_joblib,
}


# --- Ctrl-C, other processes, and what may be missing ---


def replace_run(patch, function):
    """Let a function run in place of the engine's `run`, which is its first argument."""

    class Replaced(_engine.Engine):
        def run(self, *arguments):
            return function(super().run, *arguments)

    patch.setattr(_engine, "Engine", Replaced)


def answer_ctrl_c():
    """Have this process interrupted by SIGINT, which those in the background of a shell ignore."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def child_process(method="spawn"):
    """Start a process, and yield a function that calls functions of test modules there.

    They are called in its main thread, one after the other. What they return or raise comes back.
    It is for what could take pytest with it: signals, limits, crashes.
    """
    context = get_context(method)
    with ProcessPoolExecutor(1, mp_context=context, initializer=answer_ctrl_c) as pool:

        def call(function, *arguments):
            return pool.submit(function, *arguments).result(timeout=SECONDS)

        yield call


def packages_in(code):
    """What a module imports that is not of its own package, anywhere in it."""
    nodes = list(ast.walk(ast.parse(code)))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [n.module for n in nodes if isinstance(n, ast.ImportFrom) and n.level == 0]
    return {name.partition(".")[0] for name in names}


def optional(name):
    """Import a library, or skip the tests that need it where it is missing.

    With SKL_SOFTMAXNET_REQUIRE_EXTRAS in the environment they fail instead.
    """
    if os.environ.get("SKL_SOFTMAXNET_REQUIRE_EXTRAS"):
        return importlib.import_module(name)
    return pytest.importorskip(name)

"""What a fit holds in memory and what it leaves alone; that Ctrl-C and other threads are served."""

import hashlib
import signal
import threading
import time
import tracemalloc
import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from helpers import assert_same_bits, child_process, network, train

from skl_softmaxnet import _engine

MIB = 2**20
only_compiled = pytest.mark.parametrize("engine", ["compiled"], indirect=True)  # or skips
each_dtype = pytest.mark.parametrize("dtype", [np.float64, np.float32])
each_method = pytest.mark.parametrize("method", ["fit", "partial_fit"])


def train_once(method, X, y, hidden_layer_sizes=(2,)):
    """One pass over the samples; a small network, so that X is nearly all there is to hold."""
    return train(network(hidden_layer_sizes, max_iter=1), method, X, y)


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


def wide_samples(dtype, n_bytes=50 * MIB):
    """Few rows of many features, so that what is held for each row is small beside the row."""
    n_features = 4096
    n_samples = n_bytes // (n_features * np.dtype(dtype).itemsize)
    X = (np.arange(n_samples * n_features) % 251).astype(dtype).reshape(n_samples, n_features)
    return X + dtype(1), np.arange(n_samples) % 3  # no zeros, for the sparse ones


def as_sparse(X):
    columns = np.tile(np.arange(X.shape[1], dtype=np.int32), len(X))
    bounds = np.arange(len(X) + 1, dtype=np.int32) * X.shape[1]
    return sp.csr_array((X.ravel(), columns, bounds), shape=X.shape)


# --- X is neither copied nor written to ---


@only_compiled
@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("container", [np.asarray, as_sparse])
@each_method
@each_dtype
def test_samples_are_not_copied(method, dtype, container):
    X, y = wide_samples(dtype)
    given = container(X)
    peak, classifier = peak_memory(train_once, method, given, y)
    assert classifier.coefs_[0].dtype == dtype
    assert peak < X.nbytes / 10


@only_compiled
@pytest.mark.usefixtures("engine")
def test_sparse_samples_are_not_made_dense():
    n_samples, n_features = 20_000, 50_000
    columns = np.random.RandomState(0).randint(n_features, size=n_samples * 10)
    parts = np.ones(columns.size), columns, np.arange(n_samples + 1) * 10
    X = sp.csr_array(parts, shape=(n_samples, n_features))  # 8 GB, were it dense
    X.sum_duplicates()
    peak, classifier = peak_memory(train_once, "fit", X, np.arange(n_samples) % 3)
    assert peak < 16 * MIB
    assert peak_memory(classifier.predict_proba, X)[0] < 16 * MIB


@pytest.mark.usefixtures("engine")
@each_method
@each_dtype
def test_a_read_only_memory_map(method, dtype, tmp_path):
    """Neither is it copied into memory, nor does a byte of the file change."""
    X, y = wide_samples(dtype, n_bytes=5 * MIB)
    path = tmp_path / "X.bin"
    X.tofile(path)
    before = hashlib.sha256(path.read_bytes()).digest()
    mapped = np.memmap(path, mode="r", dtype=dtype, shape=X.shape)
    peak, classifier = peak_memory(train_once, method, mapped, y)
    assert peak < X.nbytes / 2
    assert peak_memory(classifier.predict_proba, mapped)[0] < X.nbytes / 2
    assert_same_bits(classifier, train_once(method, X, y))
    assert hashlib.sha256(path.read_bytes()).digest() == before


# --- Nothing of the size of samples times units ---


@only_compiled
@pytest.mark.usefixtures("engine")
def test_targets_are_never_one_hot():
    n_samples, n_classes = 200_000, 1000
    X = np.random.RandomState(0).normal(size=(n_samples, 2)).astype(np.float32)
    peak, classifier = peak_memory(train_once, "fit", X, np.arange(n_samples) % n_classes)
    assert classifier.coefs_[1].shape == (2, n_classes)
    # a few numbers for each sample; in float32 the matrix would be 763 MiB, in bits still 24
    assert peak < 16 * MIB


# --- Ctrl-C, and other threads ---


def interrupted_fit(engine, n_classes, repeats, parameters):
    """Press Ctrl-C in the third slice of an epoch of half a minute or more; tell what came."""
    starts = []

    class Watched({"numpy": _engine.NumpyEngine, "compiled": _engine.CompiledEngine}[engine]):
        def run(self, *arguments):
            starts.append(time.perf_counter())
            if len(starts) == 3:
                threading.Timer(0.05, signal.raise_signal, [signal.SIGINT]).start()
            return super().run(*arguments)

    _engine.Engine = Watched
    X = np.random.RandomState(0).normal(size=(2 * n_classes, 50))
    y = np.arange(len(X)) % n_classes
    model = network(max_iter=1, learning_rate_init=0.05, shuffle=False, **parameters)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X, y, sample_weight=np.full(len(y), repeats))
    seconds = time.perf_counter() - starts[2]

    # the rows are presented in order, so it is known which ones t_ presentations have shown
    shown = np.clip(model.t_ - repeats * np.arange(len(y)), 0, repeats)
    same = train(network(**model.get_params()), "partial_fit", X, y, sample_weight=shown)
    # presentations of the engine in NumPy may be left half way; partial_fit makes no blocks
    t_is_right = engine == "numpy" or np.allclose(model.coefs_[0], same.coefs_[0], 1e-6, 1e-9)
    return seconds, [str(warning.message) for warning in caught], model.n_iter_, t_is_right


# some hundred slices each; in the second, time goes to exponentials and logarithms, not to weights
LONG = {
    "one long epoch": (10, 100_000, {"hidden_layer_sizes": 2000}),
    "many outputs": (
        *(1000, 500),
        {"output_activation": "sigmoid", "loss": "log_loss", "hidden_layer_sizes": 2},
    ),
}


@pytest.mark.parametrize("case", LONG)
def test_ctrl_c_in_a_long_epoch(case, engine):
    with child_process() as call:
        seconds, caught, n_iter, t_is_right = call(interrupted_fit, engine, *LONG[case])
    assert seconds < 5  # 0.2 where the machine has nothing else to do
    assert caught == ["Training interrupted by user."]
    assert n_iter == 0
    assert t_is_right

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
from helpers import assert_same_bits, bits, child_process, network, train
from numpy.testing import assert_allclose

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
    X += 1  # no zeros, for the sparse ones
    return X, np.arange(n_samples) % 3


# --- X is neither copied nor written to ---


@only_compiled
@pytest.mark.usefixtures("engine")
@each_method
@each_dtype
def test_dense_samples_are_not_copied(method, dtype):
    X, y = wide_samples(dtype)
    peak, classifier = peak_memory(train_once, method, X, y)
    assert classifier.coefs_[0].dtype == dtype
    assert peak < X.nbytes / 10


@only_compiled
@pytest.mark.usefixtures("engine")
@each_dtype
def test_sparse_samples_are_not_copied(dtype):
    dense, y = wide_samples(dtype)
    n_samples, n_features = dense.shape
    columns = np.tile(np.arange(n_features, dtype=np.int32), n_samples)
    bounds = np.arange(n_samples + 1, dtype=np.int32) * n_features
    X = sp.csr_array((dense.ravel(), columns, bounds), shape=dense.shape)
    peak, _ = peak_memory(train_once, "fit", X, y)
    assert peak < X.data.nbytes / 10


@only_compiled
@pytest.mark.usefixtures("engine")
def test_sparse_samples_are_not_made_dense():
    n_samples, n_features = 20_000, 50_000
    columns = np.random.RandomState(0).randint(n_features, size=(n_samples, 10))
    columns.sort(axis=1)
    X = sp.csr_array(
        (np.ones(columns.size), columns.ravel(), np.arange(n_samples + 1) * 10),
        shape=(n_samples, n_features),  # 8 GB, were it dense
    )
    X.sum_duplicates()
    peak, classifier = peak_memory(train_once, "fit", X, np.arange(n_samples) % 3)
    assert peak < 16 * MIB
    peak, _ = peak_memory(classifier.predict_proba, X)
    assert peak < 16 * MIB


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
    peak, _ = peak_memory(classifier.predict_proba, mapped)
    assert peak < X.nbytes / 2
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


def test_probabilities_are_computed_in_chunks():
    X = np.random.RandomState(0).normal(size=(100_000, 100))
    classifier = train_once("partial_fit", X[:3], np.arange(3), hidden_layer_sizes=(1000,))
    peak, probabilities = peak_memory(classifier.predict_proba, X)
    assert peak - probabilities.nbytes < 64 * MIB  # one hidden layer of all rows would be 763
    assert probabilities.shape == (100_000, 3)
    assert_allclose(probabilities[-5:], classifier.predict_proba(X[-5:]), rtol=1e-5)


# --- Ctrl-C ---


def interrupted_fit(engine, n_classes, repeats, parameters):
    """Fit two rows of each class so often, press Ctrl-C in the third slice, and tell what came."""
    in_third_slice, calls, sent = threading.Event(), [], []

    class Watched({"numpy": _engine.NumpyEngine, "compiled": _engine.CompiledEngine}[engine]):
        def run(self, *arguments):
            calls.append(arguments)
            if len(calls) == 3:
                in_third_slice.set()
            return super().run(*arguments)

    def press_ctrl_c():
        in_third_slice.wait()
        time.sleep(0.05)
        sent.append(time.perf_counter())
        signal.raise_signal(signal.SIGINT)

    _engine.Engine = Watched
    X = np.random.RandomState(0).normal(size=(2 * n_classes, 50))
    y = np.arange(len(X)) % n_classes
    parameters = {"learning_rate_init": 0.05, "shuffle": False} | parameters
    threading.Thread(target=press_ctrl_c, daemon=True).start()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = network(**parameters).fit(X, y, sample_weight=np.full(len(y), repeats))
    seconds = time.perf_counter() - sent[0]

    # the rows are presented in order, so it is known which ones t_ presentations have shown
    shown = np.clip(model.t_ - repeats * np.arange(len(y)), 0, repeats)
    same = train(network(**parameters), "partial_fit", X, y, sample_weight=shown)
    return {
        "seconds": seconds,
        "warned": any("interrupt" in str(warning.message).lower() for warning in caught),
        "n_iter": model.n_iter_,
        "n_losses": len(model.loss_curve_),
        "t": model.t_,
        "usable": np.isfinite(model.predict_proba(X)).all(),
        "t_is_right": bits(model) == bits(same),
        "still_learns": same.t_ < same.partial_fit(X, y).t_,
    }


def assert_ends_well(engine, n_classes, repeats, **parameters):
    with child_process() as call:
        result = call(interrupted_fit, engine, n_classes, repeats, parameters)
    assert result["seconds"] < 5  # 0.2 where the machine has nothing else to do
    assert result["warned"]
    assert result["usable"]
    assert result["n_losses"] == result["n_iter"]
    assert result["still_learns"]
    return result


# these two epochs would take half a minute or more, which is some hundred slices
def test_ctrl_c_in_one_long_epoch(engine):
    result = assert_ends_well(engine, 10, 100_000, hidden_layer_sizes=2000, max_iter=1)
    assert result["n_iter"] == 0
    assert result["t"] > 0
    if engine == "compiled":  # whose presentations are not left half way
        assert result["t_is_right"]


@only_compiled
def test_ctrl_c_with_many_outputs(engine):
    """Time goes to exponentials and logarithms here, not to weights."""
    parameters = {"output_activation": "sigmoid", "loss": "log_loss", "hidden_layer_sizes": 2}
    result = assert_ends_well(engine, 1000, 500, max_iter=1, **parameters)
    assert result["n_iter"] == 0
    assert result["t"] > 0
    assert result["t_is_right"]


@only_compiled
def test_ctrl_c_in_many_short_epochs(engine):
    assert assert_ends_well(engine, 10, 1, hidden_layer_sizes=2000, max_iter=10**7)["n_iter"] >= 2


# --- Other threads ---


@only_compiled
def test_other_threads_run_during_a_slice(engine, run_engine):
    rng = np.random.RandomState(0)
    coefs = [rng.normal(size=(784, 100)), rng.normal(size=(100, 10))]
    weights = coefs, [np.zeros(100), np.zeros(10)]
    X, targets = rng.normal(size=(50, 784)), np.arange(50) % 10
    order = np.resize(np.arange(50), 50_000)
    ticks, done = [], threading.Event()

    def tick():
        while not done.wait(0.002):
            ticks.append(time.perf_counter())

    ticker = threading.Thread(target=tick)
    ticker.start()
    try:
        start = time.perf_counter()
        run_engine(_engine.Engine, weights, X, targets, order, rate=0.01)
        end = time.perf_counter()
    finally:
        done.set()
        ticker.join()
    # Were the GIL held, there could be one tick before the slice and one after it.
    assert sum(start < when < end for when in ticks) > 10

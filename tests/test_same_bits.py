"""The compiled engine gives the same bits for the same samples, whatever the circumstances."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal

from skl_softmaxnet import SoftmaxMLPClassifier, _engine, _training

pytestmark = [
    pytest.mark.parametrize("engine", ["compiled"], indirect=True),  # skips where it is not built
    pytest.mark.usefixtures("engine"),
]

DTYPES = [np.float64, np.float32]
each_dtype = pytest.mark.parametrize("dtype", DTYPES)
each_shuffle = pytest.mark.parametrize("shuffle", [True, False])
OPTIONS = [
    dict(
        zip(
            ("activation", "output_activation", "loss", "backprop", "fit_intercept"), v, strict=True
        )
    )
    for v in itertools.product(
        ["logistic", "tanh", "relu", "identity"],
        ["softmax", "sigmoid"],
        ["squared_error", "log_loss"],
        ["error", "gradient"],
        [True, False],
    )
]


def samples(dtype=np.float64, n_samples=60):
    """Rows of 19 features, half of them zeros, one row of zeros, some without any; four classes."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n_samples, 19)).astype(dtype)
    X[20:][rng.uniform(size=X[20:].shape) < 0.5] = 0
    X[20] = 0
    return X, rng.permutation(n_samples) % 4


def fitted(X, y, **parameters):
    """A network of uneven sizes, so that vectors have padding at their ends."""
    defaults = {"hidden_layer_sizes": (17, 5), "learning_rate_init": 0.05, "random_state": 0}
    defaults |= {"max_iter": 4, "tol": None}
    return SoftmaxMLPClassifier(**(defaults | parameters)).fit(X, y)


def weight_bits(classifier):
    weights = [*classifier.coefs_, *classifier.intercepts_]
    assert all(np.isfinite(array).all() for array in weights)
    return [array.tobytes() for array in weights]


def assert_same_model(one, other):
    assert weight_bits(one) == weight_bits(other)
    assert one.loss_curve_ == other.loss_curve_
    assert one.t_ == other.t_


@each_dtype
@each_shuffle
def test_repeated(shuffle, dtype):
    X, y = samples(dtype)
    models = [fitted(X, y, shuffle=shuffle) for _ in range(3)]
    for model in models[1:]:
        assert_same_model(models[0], model)
    other_seed = fitted(X, y, shuffle=shuffle, random_state=1)
    assert weight_bits(other_seed) != weight_bits(models[0])


# --- Where and how X is stored ---


def with_stored_zeros(X, index_dtype=np.int32):
    """CSR that stores all values, half of the zeros as -0.0."""
    n_samples, n_features = X.shape
    data = X.ravel().copy()
    data[(data == 0) & (np.arange(data.size) % 2 == 0)] = -0.0
    indices = np.tile(np.arange(n_features, dtype=index_dtype), n_samples)
    indptr = np.arange(n_samples + 1, dtype=index_dtype) * n_features
    return sp.csr_array((data, indices, indptr), shape=X.shape)


CONTAINERS = {
    "csr_array": sp.csr_array,
    "csr_matrix": sp.csr_matrix,
    "stored zeros": with_stored_zeros,
    "64-bit indices": lambda X: with_stored_zeros(X, np.int64),
    "minus zero": lambda X: np.where(X == 0, -X.dtype.type(0), X),
    "Fortran order": np.asfortranarray,
    "every second column": lambda X: np.repeat(X, 2, axis=1)[:, ::2],
    "backwards": lambda X: X[::-1, ::-1].copy()[::-1, ::-1],
}


@pytest.mark.parametrize("container", CONTAINERS)
@each_dtype
@each_shuffle
def test_containers(container, shuffle, dtype):
    X, y = samples(dtype)
    same_X = CONTAINERS[container](X)
    assert same_X.dtype == dtype
    assert_same_model(fitted(X, y, shuffle=shuffle), fitted(same_X, y, shuffle=shuffle))


def at_offset(array, n_bytes):
    """A copy that starts so many bytes behind the beginning of a cache line."""
    memory = np.empty(array.nbytes + 64 + n_bytes, dtype=np.uint8)
    start = -memory.ctypes.data % 64 + n_bytes
    copy = memory[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


# 1 and 3: what a memory map of a file with a header of any length may be
@pytest.mark.parametrize("n_bytes", [0, 1, 3, 4, 8, 24, 32, 56])
@each_dtype
def test_offsets_in_memory(dtype, n_bytes):
    X, y = samples(dtype)
    expected = fitted(X, y)
    assert_same_model(expected, fitted(at_offset(X, n_bytes), y))
    moved = sp.csr_array(X)
    moved.data = at_offset(moved.data, n_bytes)
    moved.indices = at_offset(moved.indices, n_bytes)
    moved.indptr = at_offset(moved.indptr, n_bytes)
    assert_same_model(expected, fitted(moved, y))


def spread(array):
    """The same values, every second one of a longer array."""
    return np.repeat(array, 2)[::2]


CSR_PARTS = {
    "spread data": ("data", spread),
    "spread indices": ("indices", spread),
    "spread indptr": ("indptr", spread),
    "data backwards in memory": ("data", lambda array: array[::-1].copy()[::-1]),
    "indices of 64 bits": ("indices", lambda array: array.astype(np.int64)),
    "indptr of 64 bits": ("indptr", lambda array: array.astype(np.int64)),
    "big-endian indices": ("indices", lambda array: array.astype(">i4")),
    "big-endian data": ("data", lambda array: array.astype(array.dtype.newbyteorder(">"))),
}


@pytest.mark.parametrize("part", CSR_PARTS)
@each_shuffle
def test_layouts_of_the_parts_of_csr(part, shuffle):
    """SciPy takes any arrays as data, indices and indptr, and leaves them as they are."""
    X, y = samples()
    same_X = sp.csr_array(X)
    name, laid_out = CSR_PARTS[part]
    setattr(same_X, name, laid_out(getattr(same_X, name)))
    assert_same_model(fitted(X, y, shuffle=shuffle), fitted(same_X, y, shuffle=shuffle))


# --- Threads ---


@each_dtype
def test_threads(dtype):
    """Fits at the same time do not meet: each has weights and buffers of its own."""
    X, y = samples(dtype, n_samples=400)
    barrier = Barrier(4)

    def fit(seed):
        barrier.wait()
        container = [np.asarray, sp.csr_array][seed % 2]
        return fitted(container(X), y, max_iter=20, random_state=seed // 2)

    with ThreadPoolExecutor(4) as pool:
        at_once = list(pool.map(fit, range(4)))
    for seed, model in enumerate(at_once):
        assert_same_model(model, fitted(X, y, max_iter=20, random_state=seed // 2))


# --- Instruction sets ---


@pytest.mark.parametrize(
    "options", OPTIONS, ids=lambda options: "-".join(map(str, options.values()))
)
@each_dtype
def test_instruction_sets(dtype, options, monkeypatch):
    X, y = samples(dtype)
    models = []
    for name in _engine.INSTRUCTION_SETS:
        engine = type("Chosen", (_engine.CompiledEngine,), {"instruction_set": name})
        monkeypatch.setattr(_engine, "Engine", engine)
        for hidden_layer_sizes in ((17, 5), (3,), ()):
            rate = 0.01 if options["activation"] in ("relu", "identity") else 0.05
            models.append(
                fitted(
                    X, y, hidden_layer_sizes=hidden_layer_sizes, learning_rate_init=rate, **options
                )
            )
    for index, model in enumerate(models):
        assert_same_model(models[index % 3], model)


# --- Cuts ---


def problem(dtype, n_presentations=60):
    """What a call of `run` is given."""
    X, targets = samples(dtype)
    rng = np.random.RandomState(1)
    sizes = [X.shape[1], 17, 5, 4]
    coefs = [rng.uniform(-0.5, 0.5, size=shape) for shape in itertools.pairwise(sizes)]
    intercepts = [rng.uniform(-0.5, 0.5, size=size) for size in sizes[1:]]
    # some presentations repeat the one before, as integer weights do
    rows = np.repeat(rng.randint(len(X), size=n_presentations), 2)[:n_presentations]
    fractions = rng.choice([1.0, 0.3], size=n_presentations)
    return (coefs, intercepts), X, targets, rows, fractions


@pytest.mark.parametrize("container", [np.asarray, sp.csr_array])
@each_dtype
def test_calls_may_end_anywhere(container, dtype, run_engine):
    network, X, targets, rows, fractions = problem(dtype)
    given = (_engine.Engine, network, container(X), targets, rows, fractions)
    whole, whole_loss = run_engine(*given, rate=0.05)
    every_cut = [[cut] for cut in range(1, len(rows))]
    for cuts in [*every_cut, range(1, len(rows)), range(7, len(rows), 7), [0, 1, 1, 59, 60]]:
        parts, loss = run_engine(*given, rate=0.05, cuts=cuts)
        assert [array.tobytes() for array in parts] == [array.tobytes() for array in whole]
        assert_allclose(loss, whole_loss, rtol=1e-12)  # added up in another order


@pytest.mark.parametrize("n_presentations", [1, 2, 7, 60, 100])
@each_dtype
def test_slices_of_any_size(n_presentations, dtype, monkeypatch):
    X, y = samples(dtype)
    expected = fitted(X, y)
    sizes = []

    class Counting(_engine.CompiledEngine):
        seconds_per_presentation = 1.0

        def run(self, X, targets, rows, *rest):
            sizes.append(len(rows))
            return super().run(X, targets, rows, *rest)

    monkeypatch.setattr(_engine, "Engine", Counting)
    monkeypatch.setattr(_training, "_SECONDS_PER_SLICE", float(n_presentations))
    sliced = fitted(X, y)
    assert max(sizes) == min(n_presentations, len(y))
    assert weight_bits(sliced) == weight_bits(expected)
    assert_array_equal(sliced.t_, expected.t_)
    assert_allclose(sliced.loss_curve_, expected.loss_curve_, rtol=1e-12)

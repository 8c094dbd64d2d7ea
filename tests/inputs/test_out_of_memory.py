"""Where memory runs out there is a MemoryError, and a model that was there before is still whole.

A process limits its own memory, again and again, each time to a little more than the time before,
so that one allocation after the other is the one that fails, until there is enough for all.
"""

import sys
import traceback
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from helpers import child_process, network, state

import skl_softmaxnet
from skl_softmaxnet import _engine

try:
    import resource
except ImportError:  # Windows
    resource = None

pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="such limits are Linux's"),
    pytest.mark.skipif(_engine.CompiledEngine is None, reason="takes too long in NumPy"),
]

KIB = 2**10
SHAPES = {"wide": (300, 2000), "tall": (60_000, 4)}
KINDS = {
    "dense": np.asarray,
    "Fortran order": np.asfortranarray,
    "integers": lambda X: (100 * X).astype(np.int32),
    "float32": lambda X: X.astype(np.float32),
    "CSR": sp.csr_array,
}
SETTINGS = {
    "plain": {},
    "in order": {"shuffle": False},
    "warm start": {"warm_start": True},
    "weighted": {"class_weight": "balanced"},
    "all": {"momentum": 0.9, "average": True, "alpha": 1e-4, "early_stopping": True},
}
# without early stopping where X is sparse: SciPy crashes where memory for some rows is missing
CASES = [
    ("wide", "Fortran order", "all", 512 * KIB),
    ("tall", "CSR", "weighted", 256 * KIB),
]
SLOW_CASES = [
    ("wide", "integers", "warm start", 64 * KIB),
    ("wide", "float32", "all", 64 * KIB),
    ("wide", "CSR", "plain", 64 * KIB),
    ("tall", "dense", "in order", 64 * KIB),
    ("tall", "Fortran order", "all", 64 * KIB),
    ("tall", "integers", "weighted", 64 * KIB),
]
each_case = pytest.mark.parametrize(
    ("shape", "kind", "setting", "step"),
    [*CASES, *(pytest.param(*case, marks=pytest.mark.slow) for case in SLOW_CASES)],
)


@pytest.fixture(scope="module")
def in_child():
    with pytest.MonkeyPatch.context() as patch:
        # what is freed goes back to the system, and is not there for the next attempt
        for name in ("MMAP_THRESHOLD", "TRIM_THRESHOLD"):
            patch.setenv(f"MALLOC_{name}_", str(32 * KIB))
        # OpenBLAS ends the process where it has no memory to share work between threads
        patch.setenv("OPENBLAS_NUM_THREADS", "1")
        with child_process() as call:
            yield call


def samples(shape, kind):
    n_samples, n_features = SHAPES[shape]
    X = np.random.RandomState(0).normal(size=(n_samples, n_features))
    return KINDS[kind](X), np.arange(n_samples) % 3


def of_setting(setting):
    return network((100, 5), learning_rate_init=0.05, max_iter=1, **SETTINGS[setting])


@contextmanager
def limited_memory(n_bytes):
    """Allow this process so many bytes more than it has."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    n_pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (n_pages * resource.getpagesize() + n_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def place(error):
    """Name the line of the package where an error came from."""
    package = Path(skl_softmaxnet.__file__).parent
    frames = traceback.extract_tb(error.__traceback__)
    inside = [frame for frame in frames if package in Path(frame.filename).parents]
    return f"{inside[-1].filename}:{inside[-1].lineno}" if inside else "outside"


def sweep(call, probe, step):
    """Call with more and more memory, until there is enough.

    Returns
    -------
    places : list of str
        Where memory ran out, each time.
    changed : list of str
        Those after which what `probe` returns was not what it had been.
    """
    expected = probe()
    places, changed = [], []
    for n_steps in range(10_000):
        try:
            with limited_memory(n_steps * step):
                call()
            break
        except MemoryError as error:
            places.append(place(error))
        if probe() != expected:
            changed.append(places[-1])
    return places, changed


def sweep_method(method, is_fitted, shape, kind, setting, step):
    """Sweep with a model that was fitted before, or with one that was not."""
    X, y = samples(shape, kind)
    arguments = (X,) if method == "predict_proba" else (X, y)
    model = of_setting(setting)
    if not is_fitted:
        return sweep(lambda: model.fit(X, y), lambda: state(model), step)
    some_X, some_y = X[:99], y[:99]
    model.fit(some_X, some_y).partial_fit(some_X, some_y)
    return sweep(
        lambda: getattr(model, method)(*arguments),
        lambda: (state(model), model.predict_proba(some_X).tobytes()),
        step,
    )


def assert_stays(in_child, *arguments):
    places, changed = in_child(sweep_method, *arguments)
    assert places  # memory did run out
    assert not changed


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@each_case
def test_a_fitted_model_is_still_whole(method, shape, kind, setting, step, in_child):
    assert_stays(in_child, method, True, shape, kind, setting, step)


@each_case
def test_an_unfitted_estimator_is_still_unfitted(shape, kind, setting, step, in_child):
    assert_stays(in_child, "fit", False, shape, kind, setting, step)


@pytest.mark.parametrize("kind", ["dense", "integers", "float32"])
def test_predictions(kind, in_child):
    assert_stays(in_child, "predict_proba", True, "tall", kind, "plain", 256 * KIB)

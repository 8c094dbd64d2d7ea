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

resource = pytest.importorskip("resource", reason="Windows has no such limits")
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
    "weighted": {"class_weight": "balanced", "standardize": True},
    "all": {"momentum": 0.9, "average": True, "alpha": 1e-4, "early_stopping": True},
}
# without early stopping where X is sparse: SciPy crashes where memory for some rows is missing
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
    [
        ("wide", "Fortran order", "all", 512 * KIB),
        ("tall", "CSR", "weighted", 256 * KIB),
        *(pytest.param(*case, marks=pytest.mark.slow) for case in SLOW_CASES),
    ],
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
    """Call with more and more memory until there is enough; return where it ran out, each time.

    And after which of these times what `probe` returns was not what it had been.
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
    n_samples, n_features = SHAPES[shape]
    X, y = np.random.RandomState(0).normal(size=(n_samples, n_features)), np.arange(n_samples) % 3
    X = KINDS[kind](X)
    model = network((100, 5), max_iter=1, **SETTINGS[setting])
    if is_fitted:
        model.fit(X[:99], y[:99]).partial_fit(X[:99], y[:99])
    arguments = (X,) if method == "predict_proba" else (X, y)

    def probe():
        return state(model), is_fitted and model.predict_proba(X[:99]).tobytes()

    return sweep(lambda: getattr(model, method)(*arguments), probe, step)


EACH_CALL = [("fit", True), ("partial_fit", True), ("fit", False)]


@pytest.mark.parametrize(("method", "is_fitted"), EACH_CALL)
@each_case
def test_a_model_is_as_it_was(method, is_fitted, shape, kind, setting, step, in_child):
    places, changed = in_child(sweep_method, method, is_fitted, shape, kind, setting, step)
    assert places  # memory did run out
    assert not changed


@pytest.mark.parametrize("kind", ["dense", "integers", "float32"])
def test_predictions(kind, in_child):
    places, changed = in_child(
        sweep_method, "predict_proba", True, "tall", kind, "plain", 256 * KIB
    )
    assert places
    assert not changed

"""What was passed is changed while training runs: any model or error may come of it, but no crash.

That is what a callback may do, another thread, or a conversion that an argument brings along. All
of it runs in a process of its own, which a crash would end.
"""

import threading

import numpy as np
import pytest
import scipy.sparse as sp
from forms import surviving_child
from helpers import bits, network, train

from skl_softmaxnet import _engine

pytestmark = pytest.mark.skipif(
    _engine.CompiledEngine is None, reason="only the compiled engine could crash"
)

N = 20_000
FAR = 2**31 - 5
junk = []  # what comes to lie where arrays were that are freed


def samples():
    X = sp.random(N, 50, density=0.2, format="csr", random_state=0)
    y = sp.csr_array(np.eye(3, dtype=int)[np.arange(N) % 3])
    return X, y


def replace(X, y):
    for matrix in (X, y):
        matrix.data, matrix.indices = matrix.data.copy(), matrix.indices.copy()
        matrix.indptr = matrix.indptr.copy()
    junk[:] = [np.full(X.nnz, FAR, np.int32) for _ in range(8)]


def prune(X, y):
    for matrix in (X, y):
        matrix.data[: matrix.nnz * 3 // 4] = 0
        matrix.eliminate_zeros()
    junk[:] = [np.full(N * 10, FAR, np.int32) for _ in range(8)]


def fill_indices(number):
    def change(X, y):
        X.indices[:] = number
        y.indices[:] = number

    return change


def fill_pointers(X, y):
    X.indptr[1:-1] = FAR
    y.indptr[1:-1] = FAR


def cut(X, y):
    X.data, X.indices = X.data[:3].copy(), X.indices[:3].copy()
    y.indices = y.indices[:3].copy()


CHANGES = {
    "replaced": replace,
    "pruned": prune,
    "indices beyond": fill_indices(FAR),
    "indices below 0": fill_indices(-7),
    "pointers beyond": fill_pointers,
    "cut": cut,
}


def trained(method, X, y, sample_weight=None, **parameters):
    """Train; return the bits of the weights, or what error there was."""
    model = network(5, max_iter=4, output_activation="sigmoid", **parameters)
    try:
        return bits(train(model, method, X, y, sample_weight=sample_weight))
    except Exception as error:  # whichever: what matters is that there is a process to tell of it
        return repr(error)


def train_with_changes(method, change):
    """Change X and y before every call of the engine, as a callback may from epoch to epoch."""
    X, y = samples()

    class Disturbed(_engine.CompiledEngine):
        def run(self, *arguments):
            CHANGES[change](X, y)
            return super().run(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_engine, "Engine", Disturbed)
        return trained(method, X, y)


def train_beside_a_thread(change):
    """Change X and y again and again while the engine runs."""
    X, y = samples()
    stop = threading.Event()

    def work():
        while not stop.is_set():
            CHANGES[change](X, y)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        return trained("fit", X, y, shuffle=False)
    finally:
        stop.set()
        thread.join()


class Meddling:
    """Weights that change X when they are converted."""

    def __init__(self, X):
        self.X = X

    def __len__(self):
        return N

    def __array__(self, dtype=None, copy=None):
        self.X.indices[:] = FAR
        return np.full(N, 2.0)


class Wild(np.random.RandomState):
    """A generator whose numbers are not in [0, 1)."""

    def random_sample(self, size=None):
        return np.full(size, 1e6)


def train_on_what_meddles(method, what):
    X, y = samples()
    if what == "weights":
        return trained(method, X, y, sample_weight=Meddling(X))
    return trained(method, X, y, random_state=Wild(0))


@pytest.fixture(scope="module")
def in_child():
    with surviving_child() as call:
        yield call


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_changes_between_calls_of_the_engine(method, change, in_child):
    result = in_child(train_with_changes, method, change)
    assert result != "crashed"
    if change == "replaced":  # by the same
        assert result == trained(method, *samples())


@pytest.mark.parametrize("change", ["replaced", "indices beyond", "pointers beyond"])
def test_changes_by_another_thread(change, in_child):
    assert in_child(train_beside_a_thread, change) != "crashed"


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize("what", ["weights", "generator"])
def test_arguments_that_meddle(what, method, in_child):
    assert in_child(train_on_what_meddles, method, what) != "crashed"

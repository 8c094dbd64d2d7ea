"""What was passed is changed while training runs: any model or error may come of it, but no crash.

That is what a callback may do, another thread, or a conversion that an argument brings along. All
of it runs in a process of its own, which a crash would end.
"""

import threading

import numpy as np
import pytest
import scipy.sparse as sp
from helpers import bits, each_method, network, train

from skl_softmaxnet import _engine

pytestmark = pytest.mark.skipif(
    _engine.CompiledEngine is None, reason="only the compiled engine could crash"
)

N = 20_000
FAR = 2**31 - 5
junk = []  # what comes to lie where arrays were that are freed


def samples():
    X = sp.random(N, 50, density=0.2, format="csr", random_state=0)
    return X, sp.csr_array(np.eye(3, dtype=int)[np.arange(N) % 3])


def replace(matrix):
    for name in ("data", "indices", "indptr"):
        setattr(matrix, name, getattr(matrix, name).copy())
    junk[:] = [np.full(matrix.nnz, FAR, np.int32) for _ in range(8)]


def prune(matrix):
    matrix.data[: matrix.nnz * 3 // 4] = 0
    matrix.eliminate_zeros()
    junk[:] = [np.full(N * 10, FAR, np.int32) for _ in range(8)]


def cut(matrix):
    matrix.data, matrix.indices = matrix.data[:3].copy(), matrix.indices[:3].copy()


CHANGES = {
    "replaced": replace,
    "pruned": prune,
    "cut": cut,
    "indices beyond": lambda matrix: matrix.indices.fill(FAR),
    "indices below 0": lambda matrix: matrix.indices.fill(-7),
    "pointers beyond": lambda matrix: matrix.indptr[1:-1].fill(FAR),
}


def trained(method, X, y, **more):
    """Train; return the bits of the weights, or what error there was."""
    model = network(5, max_iter=4, output_activation="sigmoid")
    try:
        return bits(train(model, method, X, y, **more))
    except Exception as error:  # whichever: what matters is that there is a process to tell of it
        return repr(error)


def train_with_changes(method, change):
    """Change X and y before every call of the engine, as a callback may from epoch to epoch."""
    X, y = samples()

    class Disturbed(_engine.CompiledEngine):
        def run(self, *arguments):
            CHANGES[change](X)
            CHANGES[change](y)
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
            CHANGES[change](X)
            CHANGES[change](y)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        return trained("fit", X, y)
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


def train_on_what_meddles(method):
    X, y = samples()
    return trained(method, X, y, sample_weight=Meddling(X))


@pytest.mark.parametrize("change", CHANGES)
@each_method
def test_changes_between_calls_of_the_engine(method, change, in_child):
    result = in_child(train_with_changes, method, change)
    assert result != "crashed"
    if change == "replaced":  # by the same
        assert result == trained(method, *samples())


@pytest.mark.parametrize("change", ["replaced", "indices beyond", "pointers beyond"])
def test_changes_by_another_thread(change, in_child):
    assert in_child(train_beside_a_thread, change) != "crashed"


@each_method
def test_weights_that_meddle(method, in_child):
    assert in_child(train_on_what_meddles, method) != "crashed"

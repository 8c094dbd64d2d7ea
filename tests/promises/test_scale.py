"""Millions of rows: what a fit needs beside its data, and what it makes of them."""

import os
import signal
import sys
import threading
import time
import warnings
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from helpers import assert_same_bits, child_process, network, train

from skl_softmaxnet import _engine

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(_engine.CompiledEngine is None, reason="in NumPy it takes minutes"),
]

STATUS = Path("/proc/self/status")


def dense_samples():
    X = np.random.default_rng(0).standard_normal((2_000_000, 50), dtype=np.float32)
    return X, (X[:, 0] > 0).astype(int) + (X[:, 1] > 0), (64,)


def sparse_samples():
    generator = np.random.default_rng(0)
    indices = generator.integers(100_000, size=50_000_000, dtype=np.int32)
    data = generator.random(indices.size, dtype=np.float32)
    X = sp.csr_array((data, indices, np.arange(1_000_001, dtype=np.int32) * 50))
    X.sum_duplicates()
    return X, X.indices[X.indptr[:-1]] % 3, (32,)


def one_epoch(X, y, hidden):
    return network(hidden, max_iter=1).fit(X, y)


def bytes_now(key):
    (line,) = [line for line in STATUS.read_text().splitlines() if line.startswith(key)]
    return int(line.split()[1]) * 1024


def peak_of_fit(samples):
    """What the process grew by while it fitted, and how many samples it got right."""
    X, y, hidden = samples()
    one_epoch(X[:1000], y[:1000], hidden)  # whatever is loaded at the first call
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    before = bytes_now("VmRSS")
    model = one_epoch(X, y, hidden)
    return bytes_now("VmHWM") - before, model.t_, model.score(X[:10_000], y[:10_000])


@pytest.mark.skipif(not STATUS.exists(), reason="the peak is read where Linux has it")
@pytest.mark.parametrize(
    ("samples", "n_samples", "least_score", "weights"),
    [
        (dense_samples, 2_000_000, 0.95, 0),
        # the weights are drawn in float64
        (sparse_samples, 1_000_000, 0, 100_000 * 32 * 8),
    ],
)
def test_a_fit_needs_forty_bytes_a_row_beside_its_data(samples, n_samples, least_score, weights):
    with child_process() as call:
        peak, n_presented, score = call(peak_of_fit, samples)
    assert n_presented == n_samples
    assert score > least_score
    assert 1_000_000 < peak < 40 * n_samples + 2 * weights


def test_the_order_of_millions_of_rows_does_not_matter():
    X, y, hidden = dense_samples()
    backwards = one_epoch(np.ascontiguousarray(X[::-1]), y[::-1], hidden)
    assert_same_bits(one_epoch(X, y, hidden), backwards)


MOMENTS = (0.05, 0.2, 0.4, 0.7, 1.0, 1.4, 1.9, 2.5)  # seconds


def wide_samples():
    """A million features: with momentum all their weights move, whatever a row holds."""
    columns = np.random.RandomState(0).randint(1_000_000, size=20_000)
    X = sp.csr_array((np.ones(20_000), columns, np.arange(20_001)), shape=(20_000, 1_000_000))
    return X, np.arange(20_000) % 3, (32,)


def slowest_answer(samples, method, parameters):
    """The longest that training goes on after Ctrl-C, in seconds that the process itself had."""
    X, y, hidden = samples()
    one_epoch(X[:1000], y[:1000], hidden)
    answers, pressed = [], []

    def press_ctrl_c():
        pressed.append(time.process_time())
        os.kill(os.getpid(), signal.SIGINT)

    for moment in MOMENTS:
        model = network(hidden, max_iter=100, **parameters)
        pressed.clear()
        timer = threading.Timer(moment, press_ctrl_c)
        timer.start()
        with warnings.catch_warnings(), suppress(KeyboardInterrupt):
            warnings.filterwarnings("ignore", message="Training interrupted")
            while not pressed:  # a pass may have ended
                train(model, method, X, y)
            timer.join()  # it may be late, and so may the signal
            time.sleep(0.01)
        answers.append(time.process_time() - pressed[0])
    return max(answers)


@pytest.mark.skipif(sys.platform == "win32", reason="os.kill ends processes there")
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize(
    ("samples", "parameters"),
    [(dense_samples, {}), (sparse_samples, {}), (wide_samples, {"momentum": 0.9})],
)
def test_ctrl_c_is_answered_within_a_second(samples, parameters, method):
    with child_process() as call:
        assert call(slowest_answer, samples, method, parameters) < 1

"""One epoch of millions of rows: its time, its memory, and how soon it answers Ctrl-C."""

import os
import signal
import threading
import time
import tracemalloc
import warnings
from contextlib import suppress

import numpy as np
import scipy.sparse as sp
from ours import fit
from tables import print_table
from timing import medians_of_calls

N_SMALL = 2_000
MEBIBYTE = 2**20
MOMENTS = (0.05, 0.2, 0.4, 0.7, 1.0, 1.3)  # seconds into training


def dense_samples(n_samples=2_000_000, n_features=50):
    """Normal values in float32, and three classes: 400 MB."""
    X = np.random.default_rng(0).standard_normal((n_samples, n_features), dtype=np.float32)
    return X, (X[:, 0] > 0).astype(int) + (X[:, 1] > 0)


def sparse_samples(n_samples=1_000_000, n_features=100_000, n_in_row=50):
    """Fifty values or so in each of a million rows of CSR: 400 MB."""
    generator = np.random.default_rng(0)
    indices = generator.integers(n_features, size=n_samples * n_in_row, dtype=np.int32)
    data = generator.random(indices.size, dtype=np.float32)
    indptr = np.arange(0, indices.size + 1, n_in_row, dtype=np.int32)
    X = sp.csr_array((data, indices, indptr), shape=(n_samples, n_features))
    X.sum_duplicates()
    return X, X.indices[X.indptr[:-1]] % 3


SHAPES = {
    "2,000,000 × 50, 64 hidden units": (dense_samples, (64,)),
    "1,000,000 × 100,000 CSR, 32 hidden units": (sparse_samples, (32,)),
}


def bytes_of(X):
    """The memory that samples take."""
    parts = (X.data, X.indices, X.indptr) if sp.issparse(X) else (X,)
    return sum(part.nbytes for part in parts)


def nanoseconds(X, targets, hidden, effort):
    """The cost of a presentation: of a few samples, of all in order, and of all shuffled.

    Of a few samples, many epochs: the cost that the table of speed shows.
    """
    few = X[:N_SMALL], targets[:N_SMALL]
    seconds = medians_of_calls(
        {
            "few": lambda: fit(*few, hidden, n_epochs=21, shuffle=False),
            "few, one epoch": lambda: fit(*few, hidden, n_epochs=1, shuffle=False),
            "in order": lambda: fit(X, targets, hidden, n_epochs=1, shuffle=False),
            "shuffled": lambda: fit(X, targets, hidden, n_epochs=1),
        },
        effort,
    )
    few_epochs = seconds["few"] - seconds["few, one epoch"]
    per_row = 1e9 / X.shape[0]
    return (
        1e9 * few_epochs / 20 / N_SMALL,
        per_row * seconds["in order"],
        per_row * seconds["shuffled"],
    )


def peak_beyond_samples(X, targets, hidden):
    """The most that NumPy holds during `fit` beside the samples, in bytes."""
    tracemalloc.start()
    try:
        fit(X, targets, hidden, n_epochs=1)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def slowest_answer(X, targets, hidden):
    """The longest that `fit` goes on after Ctrl-C, of several moments, in seconds."""
    answers = []
    for moment in MOMENTS:
        timer = threading.Timer(moment, os.kill, (os.getpid(), signal.SIGINT))
        start = time.perf_counter()
        timer.start()
        with suppress(KeyboardInterrupt):
            fit(X, targets, hidden, n_epochs=10)
        answers.append(time.perf_counter() - start - moment)
    return max(answers)


def print_scale(effort):
    """Time and weigh one epoch of each shape.

    Parameters
    ----------
    effort : Effort
    """
    lines = []
    for name, (samples, hidden) in SHAPES.items():
        X, targets = samples()
        few, in_order, shuffled = nanoseconds(X, targets, hidden, effort)
        memory = peak_beyond_samples(X, targets, hidden)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Training interrupted")
            answer = slowest_answer(X, targets, hidden)
        lines += [
            [name, "ns a presentation, a few samples", f"{few:.0f}", ""],
            ["", "whole fit in order / that", f"{in_order / few:.2f}", "≤ 1.2"],
            ["", "whole fit shuffled / that", f"{shuffled / few:.2f}", "≤ 1.2"],
            ["", "MiB beside the samples", f"{memory / MEBIBYTE:.0f}", ""],
            ["", "share of the samples", f"{memory / bytes_of(X):.1%}", "≤ 10 %"],
            ["", "seconds to answer Ctrl-C", f"{answer:.2f}", "≤ 1"],
        ]
    print("## One epoch of millions of rows, float32\n")
    print_table(["", "", "", "target"], lines)

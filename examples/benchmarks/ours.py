"""This package in the benchmarks: shapes, samples, and its classifier in processes of its own.

`Worker(python)` starts this script with that Python, and asks it to time tasks: so two commits of
the package, installed in two environments, are measured in turns in one run.
"""

import json
import subprocess
import sys
from functools import cache, partial
from itertools import cycle
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from sklearn.datasets import load_digits
from timing import Task, cpu_seconds, repeat

from skl_softmaxnet import SoftmaxMLPClassifier

TUTORIAL = {"activation": "logistic", "loss": "squared_error", "backprop": "error", "alpha": 0}
TUTORIAL |= {"learning_rate": "constant", "learning_rate_init": 0.05, "tol": None}
RELU = TUTORIAL | {"activation": "relu", "loss": "log_loss", "backprop": "gradient"}
RELU |= {"alpha": 2e-3, "learning_rate_init": 0.015}
RULES = {"relu": RELU, "tutorial": TUTORIAL}


class Shape(NamedTuple):
    """The sizes of a network and of its samples."""

    layer_sizes: tuple  # units per layer, inputs first
    n_samples: int = 2000
    zeros: float = 0.0  # the share of the inputs that are zero
    sparse: bool = False  # whether estimators get the samples as CSR


SHAPES = {
    "2-5-2": Shape((2, 5, 2), 300),
    "64-32-10": Shape((64, 32, 10), 1797),
    "20-100-2": Shape((20, 100, 2)),
    "784-100-10": Shape((784, 100, 10)),
    "784-256-10": Shape((784, 256, 10)),
    "784-100-10, 80 % zeros": Shape((784, 100, 10), zeros=0.8),
    "784-100-10, 80 % zeros, CSR": Shape((784, 100, 10), zeros=0.8, sparse=True),
    "784-256-128-10": Shape((784, 256, 128, 10)),
    "3072-1024-10": Shape((3072, 1024, 10), 400),
    "784-100-10, 99 % zeros, CSR": Shape((784, 100, 10), zeros=0.99, sparse=True),
    "2^18-20-7, CSR, 26 a row": Shape((2**18, 20, 7), zeros=1 - 26 / 2**18, sparse=True),
}


@cache
def samples(name, dtype, as_dense=False):
    """Return the samples of a shape: digits, else noise, which costs as much to learn."""
    layer_sizes, n_samples, zeros, sparse = SHAPES[name]
    generator = np.random.default_rng(0)
    targets = generator.integers(0, layer_sizes[-1], n_samples)
    if layer_sizes[0] > 10_000:  # never dense
        draw = {"density": 1 - zeros, "format": "csr", "rng": generator, "dtype": dtype}
        return sp.random_array((n_samples, layer_sizes[0]), **draw), targets
    X = generator.standard_normal((n_samples, layer_sizes[0])) / np.sqrt(layer_sizes[0])
    if zeros:
        X[generator.random(X.shape) < zeros] = 0
    if name == "64-32-10":
        X, targets = load_digits(return_X_y=True)
        X /= 16
    X = X.astype(dtype)
    return sp.csr_array(X) if sparse and not as_dense else X, targets.astype(np.intp)


def network(hidden, n_epochs=1, **options):
    """Return our classifier, with the tutorial's rule where options do not say otherwise."""
    return SoftmaxMLPClassifier(hidden, max_iter=n_epochs, random_state=0, **TUTORIAL | options)


def present_in_order(X, targets, coefs, intercepts, **options):
    """Return the weights after one epoch in order that starts from the weights given."""
    hidden = [values.size for values in intercepts[:-1]]
    model = network(hidden, warm_start=True, shuffle=False, **options)
    model.partial_fit(X[:1], targets[:1], classes=np.arange(intercepts[-1].size))
    model.coefs_ = [weights.copy() for weights in coefs]
    model.intercepts_ = [values.copy() for values in intercepts]
    model.fit(X, targets)
    return model.coefs_, model.intercepts_


@cache
def prepare(text):
    """Return the function of a number of repetitions that a task's text stands for."""
    call, name, dtype, options, n_rows = json.loads(text)
    X, targets = samples(name, dtype)
    hidden, weight = SHAPES[name].layer_sizes[1:-1], options.pop("sample_weight", None)
    weights = {} if weight is None else {"sample_weight": np.full(n_rows, weight)}
    model = network(hidden, **options).fit(X, targets)  # the first in a process imports more
    if call == "fit":  # a repetition is an epoch
        return lambda n_epochs: network(hidden, n_epochs, **options).fit(X, targets)
    chunks = cut(X, None if call == "predict_proba" else targets, n_rows)
    function = partial(getattr(model, call), **weights)
    function(*chunks[0])  # the first call of a stream checks everything
    return repeat(function, chunks)


def cut(X, targets, n_rows):
    """Cut samples into chunks of so many rows, with their targets if there are some."""
    slices = [slice(i, i + n_rows) for i in range(0, X.shape[0] - n_rows + 1, n_rows)]
    return [(X[i],) if targets is None else (X[i], targets[i]) for i in slices]


class Worker:
    """Processes that time this package as it is installed beside a Python, given by its path.

    Each task goes round all: where memory comes to lie makes a process faster or slower by a tenth.
    """

    def __init__(self, python, count=5):
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.processes = [subprocess.Popen([python, __file__], **pipes) for _ in range(count)]

    def task(self, call, name, dtype, options, n_rows=1, units=1, at_least=1):
        """Return a call of our classifier on the samples of a shape as a task."""
        text, processes = json.dumps([call, name, dtype, options, n_rows]), cycle(self.processes)

        def seconds(n_times):
            process = next(processes)
            print(json.dumps([text, n_times]), file=process.stdin, flush=True)
            if not (answer := process.stdout.readline()):
                raise RuntimeError(f"{process.args[0]} ended at {text}")
            return float(answer)

        return Task(seconds, units, at_least)


def our_tasks(workers, label, dtype, call, name, options, **counts):
    """Return a call of ours as a task for each environment, by the names of their rows."""
    arguments = call, name, dtype, options
    return {(who, label, dtype): workers[who].task(*arguments, **counts) for who in workers}


def main():
    """Answer each request from the standard input with the seconds it took."""
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        text, n_times = json.loads(line)
        print(cpu_seconds(prepare(text), n_times), file=answers, flush=True)


if __name__ == "__main__":
    main()

"""How fast this package is, beside others that train one sample at a time.

    taskset -c 0 python examples/benchmarks/speed.py [--quick] [--section NAME ...]
        [--rule NAME ...] [--shape NAME ...] [--python PYTHON]

Prints tables in Markdown. The extra `bench` installs numba and JAX, whose rows are left out where
they are missing; before a peer is timed, it is checked that it comes to the same weights as ours.
Where most inputs are zero, numba skips them, and JAX and the loop do not. `--python` adds rows
"before", and their ratios to ours: this package as it is installed beside another Python, such as
the commit before, timed in turns with ours. What counts is the ratios of one run.
"""

import argparse
import os
import sys
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import timing
from ours import RELU, RULES, SHAPES, TUTORIAL, Worker, network, samples
from peers import check_peers, initial_weights, peers_of, prepare_mlp_classifier
from sklearn.linear_model import SGDClassifier
from timing import QUICK, THOROUGH, measure, print_table, repeat, task

DTYPES, ORDERS = ("float64", "float32"), ("in order", "shuffled")
MLP, BATCH, BATCH_1 = (f"MLPClassifier{kind}" for kind in ("", ", default batch", ", batch 1"))
OURS, LOOP = "skl_softmaxnet", "tutorial's loop"
# Below each table the least of these times is divided by ours.
RATIOS = {"before": ["before"], "best peer": [LOOP, BATCH_1, "JAX scan", "numba"]}
RATIOS |= {BATCH: [BATCH], MLP: [MLP]}  # one update for 200 samples makes no peer
*TRAINED, VERY_SPARSE, FEW, MANY = SHAPES
PREDICTED = ("20-100-2", "784-100-10", "784-100-10, 80 % zeros, CSR", "784-256-128-10")
OPTIONS = {"average": True, "alpha": 1e-3, "momentum": 0.9}


def print_medians(title, columns, effort, unit):
    """Measure and print a table in a unit of so many seconds, and below it `RATIOS`.

    Its columns are dicts of tasks, by whose time it is, in what order or the like, and dtype.
    """
    measured = {name: measure(tasks, effort) for name, tasks in columns.items()}
    rows = {row: None for column in measured.values() for row in column}
    lines = []
    for row in rows:
        figures = [f"{column.get(row, np.nan) / unit:,.4g}" for column in measured.values()]
        lines.append([", ".join(filter(None, row)), *figures])
    for ratio, whose in RATIOS.items():
        for who, label, dtype in rows:
            ratios = [best_ratio(column, whose, label, dtype) for column in measured.values()]
            if who == OURS and not np.isnan(ratios).all():
                name = ", ".join(filter(None, [f"{ratio} / ours", label, dtype]))
                lines.append([f"**{name}**", *[f"{x:.2f}" for x in ratios]])
    print(f"## {title}\n")
    print_table(["", *measured], lines)


def best_ratio(column, whose, label, dtype):
    """Divide the least of some times by ours; nan where there is none."""
    rows = [(who, each, dtype) for who in whose for each in {label, ""}]
    times = [column[row] for row in rows if row in column]
    return min(times, default=np.nan) / column.get((OURS, label, dtype), np.nan)


def our_tasks(workers, label, dtype, call, name, options, **counts):
    """Return a call of ours as a task for each environment, by the names of their rows."""
    arguments = call, name, dtype, options
    return {(who, label, dtype): workers[who].task(*arguments, **counts) for who in workers}


def training_tasks(name, rule, dtype, workers, effort):
    """Return all that trains a network of a shape, as tasks by the names of their rows."""
    shape, options, tasks = SHAPES[name], RULES[rule], {}
    counts = {"units": shape.n_samples, "at_least": effort.epochs}
    for label in ORDERS:
        changed = options | {"shuffle": label == "shuffled"}
        tasks |= our_tasks(workers, label, dtype, "fit", name, changed, **counts)
    X, targets = samples(name, dtype, as_dense=True)
    check_peers(shape, X, targets, rule, options)
    few = len(X) // 5  # for those that are slow
    start = initial_weights(shape.layer_sizes, dtype)
    for peer, prepare in peers_of(rule).items():
        n = few if peer == LOOP else len(X)
        run = prepare(shape, X[:n], targets[:n], *start, rule, options)
        tasks[peer, "", dtype] = task(run, n)
    X, targets = samples(name, dtype)
    for row, n, batch_size in ((BATCH_1, few, 1), (BATCH, shape.n_samples, "auto")):
        run = prepare_mlp_classifier(shape, X[:n], targets[:n], options, batch_size)
        tasks[row, "", dtype] = task(run, n)
    return tasks


def print_training(effort, workers, arguments):
    """Time updates: every peer, every shape, both rules."""
    for rule in arguments.rule:
        columns = {}
        for name in arguments.shape:
            if effort is THOROUGH or name != "3072-1024-10":
                tasks = [training_tasks(name, rule, dtype, workers, effort) for dtype in DTYPES]
                columns[name] = tasks[0] | tasks[1]
        print_medians(f"Nanoseconds per update, {rule}", columns, effort, 1e-9)


def print_predictions(effort, workers, arguments):
    """Time `predict_proba` of one row, ten and many."""
    columns = {}
    for name in PREDICTED:
        tasks = columns[name] = {}
        for dtype in DTYPES:
            X, targets = samples(name, dtype)
            model = prepare_mlp_classifier(SHAPES[name], X, targets, RELU, 200)(1)
            for n in (1, 10, len(targets)):
                label, counts = f"{n} rows", {"n_rows": n, "units": n}
                tasks |= our_tasks(workers, label, dtype, "predict_proba", name, RELU, **counts)
                tasks[MLP, label, dtype] = task(repeat(partial(model.predict_proba, X[:n])), n)
    print_medians("`predict_proba`, µs a row", columns, effort, 1e-6)


def print_fixed_costs(effort, workers, arguments):
    """Time calls that hardly depend on the network: a short fit, and learning one row."""
    columns = {}
    for call, name in (("short fit", "2-5-2"), ("partial_fit", "64-32-10")):
        tasks = our_tasks(workers, "", "float64", call, name, RELU)
        X, targets = samples(name, "float64")
        fit = prepare_mlp_classifier(SHAPES[name], X, targets, RELU, "auto")
        linear = SGDClassifier(max_iter=1, tol=None)
        calls = {MLP: partial(fit, 1), "SGDClassifier": partial(linear.fit, X, targets)}
        if call == "partial_fit":
            models, rows = {who: fit() for who, fit in calls.items()}, (X[:1], targets[:1])
            calls = {who: partial(model.partial_fit, *rows) for who, model in models.items()}
        tasks |= {(who, "", "float64"): task(repeat(learn)) for who, learn in calls.items()}
        columns[f"`{call}`, {name}"] = tasks
    print_medians("One epoch of 300 rows, and one row, µs a call", columns, effort, 1e-6)


def print_options(effort, workers, arguments):
    """Time updates with options, on dense and on very sparse rows."""
    columns = {}
    for name in ("784-100-10", VERY_SPARSE):
        columns[name], counts = {}, {"units": SHAPES[name].n_samples, "at_least": effort.epochs}
        for label in ("no option", *OPTIONS):
            options = TUTORIAL | {key: OPTIONS[key] for key in OPTIONS if key == label}
            columns[name] |= our_tasks(workers, label, "float64", "fit", name, options, **counts)
    print_medians("What options cost, ns per update", columns, effort, 1e-9)


def print_scale(effort, workers, arguments):
    """Time one epoch of few rows and of very many."""
    columns = {}
    for name in (FEW, MANY):
        columns[name], n = {}, SHAPES[name].n_samples
        for label in ORDERS:
            call = "short fit", name, RELU | {"shuffle": label == "shuffled"}
            columns[name] |= our_tasks(workers, label, "float32", *call, units=n)
    print_medians("A fit of one epoch, ns per update", columns, effort, 1e-9)


def print_memory(effort, workers, arguments):
    """Weigh `fit` of many rows beside them, and `predict_proba` beside its output."""
    X, targets = samples("784-100-10", "float64")
    X, targets = np.tile(X, (50, 1)), np.tile(targets, 50)
    model, line = network((100,), **RELU), []
    for call in (partial(model.fit, X, targets), partial(model.predict_proba, X)):
        tracemalloc.start()
        n_bytes = getattr(call(), "nbytes", 0)
        line.append(f"{(tracemalloc.get_traced_memory()[1] - n_bytes) / 2**20:,.1f}")
        tracemalloc.stop()
    print("## Memory for 100,000 × 784, 100 hidden units, MiB\n")
    print_table(["fit", "predict_proba"], [line])


def print_threads(effort, workers, arguments):
    """Time two fits in two threads against one, by the clock on the wall."""
    X, targets = samples("784-100-10", "float64")
    pinned = os.sched_getaffinity(0)
    os.sched_setaffinity(0, range(os.cpu_count()))

    def fits_a_second(n_threads):
        models = [network((100,), 4 * effort.epochs) for _ in range(n_threads)]
        start = time.perf_counter()
        with ThreadPoolExecutor(n_threads) as pool:
            list(pool.map(lambda model: model.fit(X, targets), models))
        return n_threads / (time.perf_counter() - start)

    rounds = [[fits_a_second(1), fits_a_second(2)] for _ in range(effort.rounds)]
    os.sched_setaffinity(0, pinned)
    one, two = np.median(rounds, axis=0)
    print("## Fits of 784-100-10 a second, in one thread and in two\n")
    print_table(["one", "two", "ratio"], [[f"{x:.2f}" for x in (one, two, two / one)]])


SECTIONS = {"table": print_training, "predict": print_predictions, "fixed": print_fixed_costs}
SECTIONS |= {"options": print_options, "memory": print_memory, "scale": print_scale}
SECTIONS |= {"threads": print_threads} if hasattr(os, "sched_setaffinity") else {}


def main():
    """Read the command line, then print the sections asked for."""
    timing.use_one_thread()
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="short repeats: figures scatter more")
    for name, values in {"section": SECTIONS, "rule": RULES, "shape": TRAINED}.items():
        choices = {"nargs": "+", "choices": list(values), "default": list(values)}
        choices["help"] = "of: " + "; ".join(values).replace("%", "%%")
        parser.add_argument(f"--{name}", metavar="NAME", **choices)
    parser.add_argument("--python", help="where another commit of this package is installed")
    arguments = parser.parse_args()
    effort = QUICK if arguments.quick else THOROUGH
    pythons = {OURS: sys.executable} | ({"before": arguments.python} if arguments.python else {})
    timing.print_header(effort, pythons.values())
    workers = {who: Worker(python) for who, python in pythons.items()}
    for name in arguments.section:
        SECTIONS[name](effort, workers, arguments)


if __name__ == "__main__":
    main()

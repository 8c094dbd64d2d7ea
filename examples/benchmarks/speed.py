"""How fast this package is, beside others that train one sample at a time.

    taskset -c 0 python examples/benchmarks/speed.py [--quick] [--section NAME ...]
        [--rule NAME ...] [--shape NAME ...] [--python PYTHON]

Prints tables in Markdown. The extra `bench` installs numba, JAX and river, without which their rows
are left out. Peers are checked to come to the same weights as ours. Where most inputs are zero,
numba skips them and JAX does not. `--python` adds rows "before": this package as it is installed
beside another Python, timed in turns with ours. What counts is the ratios of one run.
"""

import argparse
import sys
from functools import partial
from importlib.util import find_spec

import timing
from ours import RELU, RULES, SHAPES, TUTORIAL, Worker, our_tasks, samples
from peers import check_peers, initial_weights, peak_task, peers_of, prepare_mlp_classifier
from streams import print_streams
from timing import BATCH, BATCH_1, MLP, OURS, PEAK, QUICK, THOROUGH, print_medians, repeat, task

DTYPES, ORDERS = ("float64", "float32"), ("in order", "shuffled")
*TRAINED, VERY_SPARSE, _ = SHAPES
PREDICTED = ("20-100-2", "784-100-10", "784-100-10, 80 % zeros, CSR", "784-256-128-10")
OPTIONS = {"average": True, "alpha": 1e-3, "momentum": 0.9}


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
        tasks[peer, "", dtype] = task(prepare(shape, X, targets, *start, rule, options), len(X))
    if find_spec("numba"):
        tasks[PEAK, "", dtype] = peak_task(shape, dtype)
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
    """Time `predict_proba` of many rows."""
    columns = {}
    for name in PREDICTED:
        tasks, n = {}, SHAPES[name].n_samples
        for dtype in DTYPES:
            X, targets = samples(name, dtype)
            model = prepare_mlp_classifier(SHAPES[name], X, targets, RELU, 200)(1)
            tasks |= our_tasks(workers, "", dtype, "predict_proba", name, RELU, n_rows=n, units=n)
            tasks[MLP, "", dtype] = task(repeat(partial(model.predict_proba, X)), n)
        columns[name] = tasks
    print_medians("`predict_proba` of 2,000 rows, µs a row", columns, effort, 1e-6)


def print_options(effort, workers, arguments):
    """Time updates with options, on dense and on very sparse rows."""
    columns = {}
    for name in ("784-100-10", VERY_SPARSE):
        columns[name], counts = {}, {"units": SHAPES[name].n_samples, "at_least": effort.epochs}
        for label in ("no option", *OPTIONS):
            options = TUTORIAL | {key: OPTIONS[key] for key in OPTIONS if key == label}
            columns[name] |= our_tasks(workers, label, "float64", "fit", name, options, **counts)
    print_medians("What options cost, ns per update", columns, effort, 1e-9)


# Beside each, how many seconds it takes, the first for each shape and rule, and where quick.
SECTIONS = {"table": (print_training, 50, 20), "streams": (print_streams, 200, 80)}
SECTIONS |= {"predict": (print_predictions, 60, 20), "options": (print_options, 60, 20)}


def announce(arguments):
    """Say how long it takes, on the machine of docs/speed.md if it is quiet."""
    counts = {"table": len(arguments.rule) * len(arguments.shape)}
    seconds = [
        counts.get(name, 1) * SECTIONS[name][1 + arguments.quick] for name in arguments.section
    ]
    print(f"This takes about {sum(seconds) / 60:.1f} minutes.", file=sys.stderr, flush=True)


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
    announce(arguments)
    pythons = {OURS: sys.executable} | ({"before": arguments.python} if arguments.python else {})
    timing.print_header(effort, pythons.values())
    workers = {who: Worker(python) for who, python in pythons.items()}
    for name in arguments.section:
        SECTIONS[name][0](effort, workers, arguments)


if __name__ == "__main__":
    main()

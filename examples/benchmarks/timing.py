"""Times that can be compared: one thread, interleaved rounds and their medians; and the tables."""

import contextlib
import datetime
import itertools
import math
import os
import platform
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

OURS, MLP = "skl_softmaxnet", "MLPClassifier"
BATCH, BATCH_1 = f"{MLP}, default batch", f"{MLP}, batch 1"
PEAK, STEP = "arithmetic at peak", "a step in numba"
RIVER = "river's SoftmaxRegression"
# Below each table the least of these times is divided by ours.
RATIOS = {"before": ["before"], "best peer": [BATCH_1, "JAX scan", "numba"], PEAK: [PEAK]}
RATIOS |= {BATCH: [BATCH], MLP: [MLP], STEP: [STEP]}  # one update for 200 samples makes no peer

LIBRARIES = ("OMP", "OPENBLAS", "MKL", "BLIS", "VECLIB_MAXIMUM", "NUMEXPR", "NUMBA")
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in LIBRARIES} | {"JAX_PLATFORMS": "cpu"}
ONE_THREAD["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"


def use_one_thread():
    """Start the script anew, unless every library was imported with one thread."""
    wanted = os.environ | ONE_THREAD
    for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):  # would hold back who uses OpenBLAS
        wanted.pop(name, None)
    if wanted != dict(os.environ):
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], wanted)


class Effort(NamedTuple):
    """How long to measure."""

    rounds: int  # repeats of everything, of which the median is taken
    seconds: float  # the least length of one repeat
    epochs: int  # the least number of them in one of our fits, so that what it does once vanishes


THOROUGH = Effort(rounds=5, seconds=0.3, epochs=20)
QUICK = Effort(rounds=5, seconds=0.05, epochs=5)


class Task(NamedTuple):
    """What is timed."""

    seconds: Callable  # does a number of repetitions, returns the seconds that they took
    units: int = 1  # how many of what is counted, such as updates, one repetition has
    at_least: int = 1  # the least number of repetitions


def cpu_seconds(run, n_times):
    """Time `run(n_times)` by the processor's clock, without what others got of the core."""
    start = time.process_time()
    run(n_times)
    return time.process_time() - start


def task(run, units=1):
    """Make a task of a function of a number of repetitions, timed in this process."""
    return Task(lambda n_times: cpu_seconds(run, n_times), units)


def repeat(function, arguments=((),)):
    """Turn a function into one of a number of repetitions, which take the arguments in turns."""
    turns = itertools.cycle(arguments)

    def run(n_times):
        for _ in range(n_times):
            function(*next(turns))

    return run


def find_n_times(task, seconds):
    """Find how often to repeat so that it takes long enough."""
    task.seconds(1)  # compiles what compiles late
    n_times = 1
    while (taken := task.seconds(n_times)) < seconds / 10:
        n_times *= 4
    return max(task.at_least, math.ceil(n_times * seconds / taken))


def measure(tasks, effort):
    """Return the median seconds of a unit of each task; rounds, so that drift hits all alike."""
    n_times = {key: find_n_times(task, effort.seconds) for key, task in tasks.items()}
    taken = {key: [] for key in tasks}
    for _ in range(effort.rounds):
        for key, task in tasks.items():
            taken[key].append(task.seconds(n_times[key]) / n_times[key] / task.units)
    return {key: statistics.median(values) for key, values in taken.items()}


def print_medians(title, columns, effort, unit):
    """Measure and print a table in a unit of so many seconds, and below it `RATIOS`.

    Columns are dicts of tasks, by whose time it is, in what order or the like, and dtype. Each is
    printed on the standard error as soon as it is measured.
    """
    measured = {}
    for name, tasks in columns.items():
        measured[name] = measure(tasks, effort)
        figures = [f"{join(row)} {show(time / unit)}" for row, time in measured[name].items()]
        print(f"{title}, {name}: {'; '.join(figures)}", file=sys.stderr, flush=True)
    rows = {row: None for column in measured.values() for row in column}
    lines = []
    for row in rows:
        figures = [show(column.get(row, math.nan) / unit) for column in measured.values()]
        lines.append([join(row), *figures])
    for ratio, whose in RATIOS.items():
        for who, *kind in rows:
            ratios = [best_ratio(column, whose, *kind) for column in measured.values()]
            if who == OURS and not all(map(math.isnan, ratios)):
                name = join([f"{ratio} / ours", *kind])
                lines.append([f"**{name}**", *map(show, ratios)])
    print(f"## {title}\n")
    print_table(["", *measured], lines)


def show(number):
    """Round to three digits and write in full; a dash for nan."""
    return "–" if math.isnan(number) else f"{float(f'{number:.3g}'):,.12g}"


def join(names):
    return ", ".join(filter(None, names))


def best_ratio(column, whose, label, dtype):
    """Divide the least of some times by ours; nan where there is none."""
    rows = [(who, each, dtype) for who in whose for each in {label, ""}]
    times = [column[row] for row in rows if row in column]
    return min(times, default=math.nan) / column.get((OURS, label, dtype), math.nan)


def print_table(header, lines):
    """Print a table in Markdown, its first column to the left and its figures to the right."""
    for line in (header, ["---", *["---:"] * (len(header) - 1)], *lines):
        print("| " + " | ".join(line) + " |")
    print(flush=True)


def processor():
    """Return the processor's name, as the system knows it."""
    with contextlib.suppress(OSError, TypeError):
        return re.search("^model name\t: (.*)$", Path("/proc/cpuinfo").read_text(), re.M)[1]
    return platform.processor() or platform.machine()


def print_header(effort, pythons):
    """Print the machine and what runs on it, with `show_versions` of ours beside each Python."""
    print(f"- {processor()}, {datetime.date.today()}, `{' '.join(sys.argv[1:])}`")
    for name in ("numba", "jax", "river"):
        print(f"- {name}: {version(name) if find_spec(name) else 'not installed'}")
    print(f"- medians of {effort.rounds} interleaved rounds of at least {effort.seconds} s each")
    show = "import skl_softmaxnet; skl_softmaxnet.show_versions()"
    for python in pythons:
        shown = subprocess.run([python, "-Pc", show], capture_output=True, text=True, check=True)
        print(f"\n```\n{shown.stdout.strip()}\n```")
    if not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) > 1:
        print("\n**Not pinned to one core: not comparable.** Run with `taskset -c 0` in front.")
    print(flush=True)

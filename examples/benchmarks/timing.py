"""Times that can be compared: one thread, interleaved rounds and their medians; and the tables."""

import contextlib
import datetime
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


def repeat(function):
    """Turn a function without arguments into one of a number of repetitions."""

    def run(n_times):
        for _ in range(n_times):
            function()

    return run


def find_n_times(task, seconds):
    """Find how often to repeat so that it takes long enough."""
    task.seconds(1)  # compiles what compiles late
    n_times = 1
    while (taken := task.seconds(n_times)) < seconds / 10:
        n_times *= 4
    return max(task.at_least, math.ceil(n_times * seconds / taken))


def measure(tasks, effort):
    """Return the median time of one unit of each task, in seconds.

    Tasks run in rounds, one after the other in each, so that drift of the machine hits all.
    """
    n_times = {key: find_n_times(task, effort.seconds) for key, task in tasks.items()}
    taken = {key: [] for key in tasks}
    for _ in range(effort.rounds):
        for key, task in tasks.items():
            taken[key].append(task.seconds(n_times[key]) / n_times[key] / task.units)
    return {key: statistics.median(values) for key, values in taken.items()}


def print_table(header, lines):
    """Print a table in Markdown, its first column to the left and its figures to the right."""
    print("| " + " | ".join(header) + " |")
    print("|---|" + "---:|" * (len(header) - 1))
    for line in lines:
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
    for name in ("numba", "jax"):
        print(f"- {name}: {version(name) if find_spec(name) else 'not installed'}")
    print(f"- medians of {effort.rounds} interleaved rounds of at least {effort.seconds} s each")
    show = "import skl_softmaxnet; skl_softmaxnet.show_versions()"
    for python in pythons:
        shown = subprocess.run([python, "-Pc", show], capture_output=True, text=True, check=True)
        print(f"\n```\n{shown.stdout.strip()}\n```")
    if not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) > 1:
        print("\n**Not pinned to one core: not comparable.** Run with `taskset -c 0` in front.")
    print(flush=True)

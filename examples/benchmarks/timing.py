"""Times that can be compared: interleaved rounds, and medians over them."""

import math
import statistics
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Effort:
    """How long to measure.

    Attributes
    ----------
    rounds : int
        Repeats of everything, of which the median is taken.
    seconds : float
        The least length of one repeat.
    epochs : int
        The least number of epochs in a repeat of our compiled engine, so that what `fit` does once
        vanishes beside them.
    """

    rounds: int
    seconds: float
    epochs: int


THOROUGH = Effort(rounds=7, seconds=0.3, epochs=20)
QUICK = Effort(rounds=5, seconds=0.05, epochs=5)


def cpu_seconds(run, n_times):
    """Time `run(n_times)` by the processor's clock of this process.

    With one thread on one core that is the time it takes, less what the core gave to others.
    """
    start = time.process_time()
    run(n_times)
    return time.process_time() - start


def enough_times(run, seconds, at_least=1):
    """Find how often to repeat so that it takes long enough; also compiles what is compiled late.

    Parameters
    ----------
    run : callable
        Takes a number of repetitions.
    seconds : float
        How long it should take.
    at_least : int
        How many repetitions at least.

    Returns
    -------
    n_times : int
    """
    run(1)
    n_times = 1
    while (taken := cpu_seconds(run, n_times)) < seconds / 10:
        n_times *= 4
    return max(at_least, math.ceil(n_times * seconds / taken))


def repeat(function):
    """Turn a function without arguments into one of a number of repetitions."""

    def run(n_times):
        for _ in range(n_times):
            function()

    return run


def interleaved_medians(tasks, effort, at_least=None):
    """Time tasks in rounds, one after the other in each, so that drift of the machine hits all.

    Parameters
    ----------
    tasks : dict of callable
        Each takes a number of repetitions.
    effort : Effort
    at_least : dict of int, default=None
        The least number of repetitions of some tasks.

    Returns
    -------
    seconds : dict of float
        The median time of one repetition of each task.
    """
    at_least = at_least or {}
    times = {
        key: enough_times(run, effort.seconds, at_least.get(key, 1)) for key, run in tasks.items()
    }
    taken = {key: [] for key in tasks}
    for _ in range(effort.rounds):
        for key, run in tasks.items():
            taken[key].append(cpu_seconds(run, times[key]) / times[key])
    return {key: statistics.median(values) for key, values in taken.items()}


def medians_of_calls(functions, effort):
    """Do the same for functions without arguments."""
    tasks = {key: repeat(function) for key, function in functions.items()}
    return interleaved_medians(tasks, effort)

"""Two fits in two threads, against the same fits one after the other."""

import os
import statistics
import threading
import time
from contextlib import contextmanager

from machine import allowed_processors
from ours import fit
from shapes import noise
from tables import print_table


@contextmanager
def all_processors():
    """Let this thread, and those it starts, run on every processor there is."""
    before = allowed_processors()
    if before is None:  # this system pins nothing
        yield os.cpu_count()
        return
    try:
        os.sched_setaffinity(0, range(os.cpu_count()))
        yield len(allowed_processors())
    finally:
        os.sched_setaffinity(0, before)


def wall_seconds(work, n_threads):
    """Run `work` in as many threads at a time, and time it by the clock on the wall."""
    threads = [threading.Thread(target=work) for _ in range(n_threads)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - start


def print_threads(effort):
    """Compare the throughput of two threads with one's.

    Parameters
    ----------
    effort : Effort
    """
    print("## Two fits in two threads, 784-100-10\n")
    X, targets = noise(n_samples=2000)

    def work():
        fit(X, targets, (100,), n_epochs=20)

    with all_processors() as n_processors:
        if n_processors < 2:
            print("Not measured: there is only one processor to run on.\n")
            return
        work()
        rounds = [[wall_seconds(work, n) for n in (1, 2)] for _ in range(effort.rounds)]
    one, two = (statistics.median(column) for column in zip(*rounds, strict=True))
    lines = [
        ["one", f"{one:.3f}", "1.00", ""],
        ["two", f"{two:.3f}", f"{2 * one / two:.2f}", "≥ 1.8"],
    ]
    print_table(["threads", "s", "throughput", "target"], lines)

"""What the figures were measured on."""

import contextlib
import datetime
import importlib.metadata
import importlib.util
import io
import os
import platform
import sys
from pathlib import Path

import skl_softmaxnet


def processor():
    """Return the processor's name, as the system knows it."""
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def versions():
    """Return the installed versions of what takes part."""
    names = ("numpy", "scipy", "scikit-learn", "numba", "jax")
    found = [f"Python {platform.python_version()}"]
    for name in names:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found.append(f"{name} {importlib.metadata.version(name)}")
    return ", ".join(found)


def own_versions():
    """Return what :func:`skl_softmaxnet.show_versions` prints: engine, instruction set and more."""
    if not hasattr(skl_softmaxnet, "show_versions"):
        return ""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        skl_softmaxnet.show_versions()
    return printed.getvalue().strip()


def allowed_processors():
    """Return the processors that this process may run on, or None where nobody can tell."""
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None


def print_header(effort):
    """Print the machine, the date, the versions and the command, and a warning where due.

    Parameters
    ----------
    effort : Effort
    """
    command = " ".join(["python", "examples/benchmarks/speed.py", *sys.argv[1:]])
    print(f"- processor: {processor()}, {os.cpu_count()} cores seen, {platform.system()}")
    if hasattr(os, "getloadavg"):
        print(f"- load when started: {os.getloadavg()[0]:.1f}")
    print(f"- date: {datetime.datetime.now(datetime.UTC):%Y-%m-%d %H:%M} UTC")
    print(f"- versions: {versions()}")
    print(f"- command: `{command}`")
    print(f"- medians of {effort.rounds} interleaved rounds of at least {effort.seconds} s each")
    if own_versions():
        print(f"\n```\n{own_versions()}\n```")
    if allowed_processors() is None or len(allowed_processors()) != 1:
        print(
            "\n**Warning: not pinned to one core, so these figures are not comparable.** "
            "Run with `taskset -c 0` in front."
        )
    print()

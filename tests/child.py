"""A process of its own for what could take pytest with it: signals, limits, crashes."""

from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context

import numpy as np

SECONDS = 200  # many times what anything takes


@contextmanager
def child_process(method="spawn"):
    """Start a process, and yield a function that calls functions of test modules there.

    They are called in its main thread, one after the other. What they return or raise comes back.
    """
    with ProcessPoolExecutor(1, mp_context=get_context(method)) as pool:

        def call(function, *arguments):
            return pool.submit(function, *arguments).result(timeout=SECONDS)

        yield call


def state(value):
    """All that an estimator, or a part of it, holds, down to the bits of its arrays."""
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, np.random.RandomState):
        return state(value.get_state(legacy=False))
    if isinstance(value, dict):
        return {name: state(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [state(part) for part in value]
    if hasattr(value, "__dict__"):
        return state(vars(value))
    return repr(value)  # tells 0.0 from -0.0, and finds nan equal to itself

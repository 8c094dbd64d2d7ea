"""The engines, which run presentations on the weights of a network, and the choice between them.

`Engine` is the one in use: the compiled engine where it was built, else the one in NumPy.
"""

from .._warnings import warn
from ._memory import as_blocks, is_aligned, with_padding
from ._moments import mean_and_scale
from ._numpy import NumpyEngine
from ._sorting import index_dtype

try:
    from ._compiled import (
        INSTRUCTION_SETS,
        MOST_PRESENTATIONS,
        CompiledEngine,
        are_same,
        are_same_items,
        shuffle,
        sort_rows,
    )
except ImportError:  # no compiler was there at install time
    from ._sorting import shuffle, sort_rows

    CompiledEngine, INSTRUCTION_SETS, MOST_PRESENTATIONS = None, (), 0

Engine = CompiledEngine or NumpyEngine

__all__ = [
    "INSTRUCTION_SETS",
    "MOST_PRESENTATIONS",
    "CompiledEngine",
    "Engine",
    "NumpyEngine",
    "are_same",
    "are_same_items",
    "as_blocks",
    "index_dtype",
    "is_aligned",
    "mean_and_scale",
    "shuffle",
    "sort_rows",
    "warn_once_without_compiled",
    "with_padding",
]

_has_warned = False


def warn_once_without_compiled():
    """Tell the user, at the first fit of a process, that training could be much faster."""
    global _has_warned
    if CompiledEngine is None and not _has_warned:
        _has_warned = True
        warn(
            "skl_softmaxnet runs without its compiled engine and trains with NumPy, which is some "
            "hundred times slower. Install a C compiler (such as gcc or clang, or the Microsoft "
            "C++ Build Tools) and then skl_softmaxnet again, with `pip install --force-reinstall "
            "--no-cache-dir --no-deps`, and -e for a checkout that Python is started in."
        )

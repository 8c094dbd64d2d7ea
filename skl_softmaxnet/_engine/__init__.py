"""The engines, which run presentations on the weights of a network, and the choice between them.

`Engine` is the one in use: the compiled engine where it was built, else the one in NumPy.
"""

import warnings
from pathlib import Path

from ._memory import as_blocks
from ._numpy import NumpyEngine

try:
    from ._compiled import INSTRUCTION_SETS, CompiledEngine, shuffle, sort_rows
except ImportError:  # no compiler was there at install time
    from ._sorting import shuffle, sort_rows

    CompiledEngine, INSTRUCTION_SETS = None, ()

Engine = CompiledEngine or NumpyEngine

__all__ = [
    "INSTRUCTION_SETS",
    "CompiledEngine",
    "Engine",
    "NumpyEngine",
    "as_blocks",
    "shuffle",
    "sort_rows",
    "warn_once_without_compiled",
]

_has_warned = False


def warn_once_without_compiled():
    """Tell the user, at the first fit of a process, that training could be much faster."""
    global _has_warned
    if CompiledEngine is None and not _has_warned:
        _has_warned = True
        warnings.warn(
            "skl_softmaxnet was installed without its compiled engine and trains with NumPy, which "
            "is some hundred times slower. Install a C compiler (such as gcc or clang, or the "
            "Microsoft C++ Build Tools) and then skl_softmaxnet again, with "
            f"`pip install --force-reinstall --no-cache-dir --no-deps`.{advice_beside_sources()}",
            UserWarning,
            stacklevel=5,  # the line that called fit
        )


def advice_beside_sources():
    """What else may be the matter in a checkout, where Python finds the sources first."""
    folder = Path(__file__).parent
    if not (folder / "_compiled.pyx").exists():  # no wheel has it
        return ""
    return (
        f" Or, if it was installed with it: Python found the sources in {folder.parent} first. "
        "Start it outside the checkout, or install the checkout with `pip install -e`."
    )

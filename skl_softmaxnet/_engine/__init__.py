"""The engines, which run presentations on the weights of a network, and the choice between them.

`Engine` is the one in use: the compiled engine where it was built, else the one in NumPy.
"""

from ._memory import as_blocks
from ._numpy import NumpyEngine

try:
    from ._compiled import CompiledEngine
except ImportError:  # no compiler was there at install time
    CompiledEngine = None

Engine = CompiledEngine or NumpyEngine

__all__ = ["CompiledEngine", "Engine", "NumpyEngine", "as_blocks"]

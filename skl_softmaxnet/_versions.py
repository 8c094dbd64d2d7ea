"""What is installed, for a report of a bug or of a measurement."""

import platform
from importlib.metadata import version

from . import _engine


def show_versions() -> None:
    """Print the engine in use, its instruction set and the versions of what it runs on.

    The instruction set is the widest that this processor and this build have. AVX2 and AVX-512 give
    the same bits; the baseline agrees with them to rounding.

    See Also
    --------
    sklearn.show_versions : The same for scikit-learn and what it was built with.

    Examples
    --------
    >>> from skl_softmaxnet import show_versions
    >>> show_versions()  # doctest: +ELLIPSIS
    skl_softmaxnet: ...
    engine: ...
    instruction set: ...
    python: ...
    numpy: ...
    scipy: ...
    scikit-learn: ...
    machine: ...
    """
    instruction_sets = _engine.INSTRUCTION_SETS
    print("skl_softmaxnet:", version("skl_softmaxnet"))
    print("engine:", _engine.Engine.name)
    print("instruction set:", instruction_sets[-1] if instruction_sets else "none: not compiled")
    print("python:", platform.python_version())
    for package in ("numpy", "scipy", "scikit-learn"):
        print(f"{package}:", version(package))
    print("machine:", platform.platform(), platform.machine())

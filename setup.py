"""Build for the stable ABI, so that one wheel serves Python 3.11 and all later ones.

pyproject.toml describes the extension; this file holds what it cannot say, which is when not to.
Free-threaded Python has no stable ABI that serves the others too. And where no compiler was there,
the wheel has no compiled engine: it then serves only the Python that it was built with.
"""

import sysconfig
from pathlib import Path

from setuptools import setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_ext import build_ext

HAS_STABLE_ABI = not sysconfig.get_config_var("Py_GIL_DISABLED")


class BuildForStableABI(build_ext):
    """Compile against the stable ABI of the oldest Python supported."""

    def finalize_options(self):
        """Ask for it before the names of the files are chosen."""
        for extension in self.distribution.ext_modules:
            extension.py_limited_api = True
            extension.define_macros = [
                ("Py_LIMITED_API", "0x030B0000"),
                ("CYTHON_LIMITED_API", "1"),
            ]
        super().finalize_options()


class WheelOfWhatWasBuilt(bdist_wheel):
    """Claim the stable ABI only for a wheel with the compiled engine."""

    def get_tag(self):
        """Return the tags in the name of the wheel."""
        built = self.get_finalized_command("build_ext").get_outputs()
        if all(Path(path).exists() for path in built):
            self.py_limited_api = "cp311"
        return super().get_tag()


commands = {"build_ext": BuildForStableABI, "bdist_wheel": WheelOfWhatWasBuilt}
setup(cmdclass=commands if HAS_STABLE_ABI else {})

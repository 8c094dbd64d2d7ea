"""Libraries that only an extra installs."""

import importlib
import os

import pytest


def optional(name):
    """Import a library, or skip the tests that need it where it is missing.

    With SKL_SOFTMAXNET_REQUIRE_EXTRAS in the environment they fail instead.
    """
    if os.environ.get("SKL_SOFTMAXNET_REQUIRE_EXTRAS"):
        return importlib.import_module(name)
    return pytest.importorskip(name)

"""Warnings that point to the line of the user's own code."""

import os
import sys
import warnings

import sklearn

# Where the frames lie that are passed over: what is called in there is not the user's line.
_INSIDE = tuple(os.path.join(os.path.dirname(path), "") for path in (__file__, sklearn.__file__))


def warn(message, category=UserWarning):
    """Warn of the line that called this package, directly or through scikit-learn."""
    stacklevel, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_INSIDE):
        stacklevel, frame = stacklevel + 1, frame.f_back
    warnings.warn(message, category, stacklevel=stacklevel)

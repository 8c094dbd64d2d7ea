"""The limit: what the memory and the exponentials alone cost a presentation.

One fused pass over the first layer, w ← w + a x and z ← z + x' w, reads and writes every weight
once, and the units take one exponential each. No per-sample rule can do with less; later layers and
the rest of the arithmetic are not counted. Where inputs are zero, only the rows of non-zero inputs
are visited, from lists that cost nothing here. ``limit.c`` is compiled for this very processor, in
a temporary directory; its three orders of the same work are separate figures, and the least counts.
"""

import ctypes
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np

ORDERS = {"by rows": 0, "by columns": 1, "apart": 2}
ALIGNMENT = 64
SOURCE = Path(__file__).with_name("limit.c")
_libraries = {}


def compiler():
    """Return the path of a C compiler, or None."""
    return shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")


def library(dtype):
    """Compile `limit.c` for a dtype, once a process, and load it."""
    real = {"float64": "double", "float32": "float"}[np.dtype(dtype).name]
    if real not in _libraries:
        with tempfile.TemporaryDirectory() as folder:
            target = str(Path(folder) / "limit.so")
            command = [compiler(), "-O3", "-march=native", "-ffast-math", "-shared", "-fPIC"]
            command += [f"-DREAL={real}", str(SOURCE), "-o", target]
            with_vector_exp = subprocess.run([*command, "-lmvec", "-lm"], capture_output=True)
            if with_vector_exp.returncode:  # not glibc
                subprocess.run([*command, "-lm"], check=True, capture_output=True)
            _libraries[real] = ctypes.CDLL(target)  # stays loaded when the file is gone
    return _libraries[real]


def aligned_zeros(n_rows, n_columns, dtype):
    """Return zeros whose rows are padded to, and start at, multiples of 64 bytes."""
    itemsize = np.dtype(dtype).itemsize
    width = -(-n_columns * itemsize // ALIGNMENT) * ALIGNMENT
    memory = np.zeros(n_rows * width + ALIGNMENT, dtype=np.uint8)
    start = -memory.ctypes.data % ALIGNMENT
    return memory[start : start + n_rows * width].view(dtype).reshape(n_rows, -1)


def rows_to_visit(X, order):
    """List the rows that each sample needs with its successor, or for "apart" alone.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
    order : {"by rows", "by columns", "apart"}

    Returns
    -------
    rows : ndarray of int64, all lists one after the other
    starts : ndarray of int64 of shape (n_samples + 1,) or less, where each begins
    """
    needed = X != 0  # (n_samples, n_features)
    if order != "apart":
        needed = needed[:-1] | needed[1:]
    rows = np.nonzero(needed)[1].astype(np.int64)
    starts = np.concatenate([[0], needed.sum(axis=1).cumsum()]).astype(np.int64)
    return rows, starts


def make_limit(X, layer_sizes, order):
    """Return a function of a number of epochs that does the limit's work on X.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        In the dtype of the weights.

    layer_sizes : tuple of int
        Units per layer, inputs first.

    order : {"by rows", "by columns", "apart"}
        "apart" only makes sense, and is only possible, where X has zeros.
    """
    dtype = X.dtype
    n_inputs, n_hidden = layer_sizes[:2]
    weights = aligned_zeros(n_inputs, n_hidden, dtype)
    step, sums = aligned_zeros(2, n_hidden, dtype)
    step += 1e-9  # no denormal numbers
    # whole vectors of exponentials, as the weights' rows are
    units = np.concatenate([aligned_zeros(1, n, dtype)[0] for n in layer_sizes[1:]])
    lists = rows_to_visit(X, order) if not X.all() else (None, None)
    pointers = [None if a is None else ctypes.c_void_p(a.ctypes.data) for a in lists]
    weights_at, step_at, sums_at, X_at, units_at = (
        ctypes.c_void_p(a.ctypes.data) for a in (weights, step, sums, X, units)
    )
    width, n_samples, n_features, n_units = map(
        ctypes.c_int64, (weights.shape[1], *X.shape, units.size)
    )
    present = library(dtype).present
    arguments = [ORDERS[order], weights_at, step_at, sums_at, width]
    arguments += [X_at, n_samples, n_features, *pointers, units_at, n_units]
    arrays = (weights, step, sums, units, lists)  # kept alive by the function below

    def run(n_epochs):
        for _ in range(n_epochs):
            present(*arguments)
        return arrays

    return run

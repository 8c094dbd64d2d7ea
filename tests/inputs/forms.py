"""The forms in which samples, labels and weights come, and what tests do with what they draw."""

import faulthandler
import functools
import inspect

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

try:
    import polars
except ImportError:
    polars = None


def drawn(few, many, **strategies):
    """Run a test on a few examples, always the same, and, as a slow test, on many new ones."""
    repeatable = settings(max_examples=few, deadline=None, derandomize=True)
    new = settings(max_examples=many, deadline=None, print_blob=True)
    each = [pytest.param(repeatable, id="few"), pytest.param(new, id="new", marks=pytest.mark.slow)]

    def decorate(test):
        @pytest.mark.parametrize("examples", each)
        @functools.wraps(test)
        def run(examples, **arguments):
            examples(given(**strategies)(test))(**arguments)

        signature = inspect.signature(test)
        others = [p for name, p in signature.parameters.items() if name not in strategies]
        examples = inspect.Parameter("examples", inspect.Parameter.KEYWORD_ONLY)
        run.__signature__ = signature.replace(parameters=[*others, examples])
        return run

    return decorate


def outcome(function, *arguments, **named):
    """What a call returns, and the error that it may raise instead: of two kinds, no other."""
    try:
        return function(*arguments, **named), None
    except (ValueError, TypeError) as error:
        return None, error


def said_of(call, *arguments, **named):
    """The message of an error, which no array of labels can make long."""
    with pytest.raises((ValueError, TypeError)) as caught:
        call(*arguments, **named)
    message = str(caught.value)
    assert len(message) < 1000
    assert "np." not in message  # labels are printed as Python's
    return message


def within_a_minute(function, *arguments):
    """Call the function, and let the process crash where it does not come back."""
    faulthandler.dump_traceback_later(60, exit=True)
    try:
        return function(*arguments)
    finally:
        faulthandler.cancel_dump_traceback_later()


# Whole quarters: exact in every type of number, so that no form changes a value.
quarters = st.integers(-12, 12).map(lambda number: number / 4)


@st.composite
def samples(draw, values=quarters, n_classes=3):
    """X of float64 in C order, and y with all of a few classes."""
    n_samples, n_features = draw(st.integers(4, 12)), draw(st.integers(1, 9))
    X = draw(arrays(np.float64, (n_samples, n_features), elements=values))
    rest = draw(arrays(np.int64, n_samples - n_classes, elements=st.integers(0, n_classes - 1)))
    return X, np.concatenate([np.arange(n_classes), rest])


# --- Dense X: each form of an array, which holds other values where its type asks for them ---


def spread(array):
    """The same values, every second one of a longer array."""
    return np.repeat(array, 2, axis=-1)[..., ::2]


def backwards(array):
    """The same values, the last one first in memory."""
    return np.flip(np.flip(array).copy())


def read_only(X):
    return np.frombuffer(X.tobytes(), X.dtype).reshape(X.shape)


def at_offset(array, n_bytes):
    """A copy that starts so many bytes behind the beginning of a cache line."""
    memory = np.empty(array.nbytes + 64 + n_bytes, dtype=np.uint8)
    start = -memory.ctypes.data % 64 + n_bytes
    copy = memory[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


def mixed_frame(X):
    """A column of whole numbers, one of bools, and the rest."""
    frame = pd.DataFrame(X, columns=[f"column {j}" for j in range(X.shape[1])])
    for name, dtype in zip(frame, (np.int32, bool), strict=False):
        frame[name] = np.floor(frame[name]).astype(dtype)
    return frame


DENSE = {
    **{
        np.dtype(name).name + " " + np.dtype(name).str: lambda X, name=name: X.astype(name)
        for name in ("i1", "i8", ">i4", "?", "f2", "f4", ">f4", ">f8", "g", "O")
    },
    "uint8": lambda X: abs(X).astype(np.uint8),
    "Fortran": np.asfortranarray,
    "every second": lambda X: spread(np.repeat(X, 2, axis=0))[::2],
    "backwards": backwards,
    "read-only": read_only,
    "minus zero": lambda X: np.where(X == 0, -0.0, X),
    "float32, Fortran": lambda X: np.asfortranarray(X, np.float32),
    # 1 and 3: what a memory map of a file with a header of any length may be
    **{f"at offset {n}": lambda X, n=n: at_offset(X, n) for n in (0, 1, 3, 8, 24, 56)},
    **{f"f32, offset {n}": lambda X, n=n: at_offset(X.astype("f4"), n) for n in (1, 4, 32)},
    "lists": lambda X: X.tolist(),
    "tuples": lambda X: tuple(map(tuple, X.tolist())),
    "DataFrame": pd.DataFrame,
    "DataFrame of float32": lambda X: pd.DataFrame(X.astype(np.float32)),
    "DataFrame of all kinds": mixed_frame,
    "nullable Float64": lambda X: pd.DataFrame(X).astype("Float64"),
    "nullable Int64": lambda X: pd.DataFrame(np.floor(X)).astype("Int64"),
    "nullable boolean": lambda X: pd.DataFrame(X > 0).astype("boolean"),
}


def plain(X):
    """The array that a dense form says: C order, float32 if it was, else float64."""
    values = np.asarray(X)
    is_single = values.dtype.newbyteorder("=") == np.float32
    return np.array(values, np.float32 if is_single else np.float64, order="C")


# --- Sparse X, all with the values of the array ---


def with_parts(X, change, *names):
    """CSR with some of its arrays laid out otherwise: SciPy leaves them as they are."""
    X = sp.csr_array(X)
    for name in names or ("data", "indices", "indptr"):
        setattr(X, name, change(getattr(X, name)))
    return X


def stored(X, order, times=1):
    """CSR that stores every value in so many entries, also zeros, every second as -0.0.

    The columns come in any order.
    """
    columns = np.tile(np.arange(X.shape[1])[order], times * len(X))
    entries = np.tile(X[:, order] / times, times).ravel()
    entries[(entries == 0) & (np.arange(entries.size) % 2 == 0)] = -0.0
    return sp.csr_array((entries, columns, np.arange(len(X) + 1) * times * X.shape[1]), X.shape)


def in_halves(X):
    """COO that stores every value in two entries."""
    rows, columns = np.tile(np.indices(X.shape).reshape(2, -1), 2)
    return sp.coo_array((np.tile(X.ravel() / 2, 2), (rows, columns)), X.shape)


FORMATS = ("csr", "csc", "coo", "bsr", "dok", "lil", "dia")
SPARSE = {
    **{f"{name}_array": getattr(sp, f"{name}_array") for name in FORMATS},
    **{f"{name}_matrix": getattr(sp, f"{name}_matrix") for name in FORMATS},
    "spread": lambda X: with_parts(X, spread),
    "backwards": lambda X: with_parts(X, backwards),
    "big-endian": lambda X: with_parts(X, lambda a: a.astype(a.dtype.newbyteorder(">"))),
    "big-endian indices": lambda X: with_parts(X, lambda a: a.astype(">i4"), "indices"),
    "wide indices": lambda X: with_parts(X, np.int64, "indices", "indptr"),
    "wide columns": lambda X: with_parts(X, np.int64, "indices"),
    "wide pointers": lambda X: with_parts(X, np.int64, "indptr"),
    **{f"at offset {n}": lambda X, n=n: with_parts(X, lambda a: at_offset(a, n)) for n in (1, 4)},
    "zeros stored": lambda X: stored(X, slice(None)),
    "unsorted": lambda X: stored(X, slice(None, None, -1)),
    "in halves": in_halves,
    "halves in csr": lambda X: stored(X, slice(None), 2),
    "unsorted halves": lambda X: stored(X, slice(None, None, -1), 2),
}

# --- Labels ---


def as_objects(labels):
    """An array that holds the labels as they are, even tuples, which are else made rows of."""
    result = np.empty(len(labels), dtype=object)
    result[:] = labels
    return result


def texts(y, names=("a", "b", "c")):
    return np.array(names)[y]


# The labels 0, 1, 2 in other words, sorted alike
LABELS = {
    "lists": lambda y: y.tolist(),
    "int8": lambda y: y.astype(np.int8),
    "big-endian": lambda y: y.astype(">i4"),
    "negative": lambda y: y - 5,
    "whole floats": lambda y: y * 1.0,
    "float16": lambda y: y.astype(np.float16),
    "texts": lambda y: texts(y, ["a", "b b", "ç"]),
    "objects": lambda y: texts(y, ["a", "b b", "ç"]).astype(object),
    "column": lambda y: y[:, np.newaxis],
    "backwards": lambda y: y[::-1].copy()[::-1],
    "Series": lambda y: pd.Series(y, index=y + 100),
    "nullable Int64": lambda y: pd.Series(y, dtype="Int64"),
    "nullable string": lambda y: pd.Series(texts(y), dtype="string"),
    "categorical": lambda y: pd.Series(pd.Categorical(texts(y))),
}
TWO_LABELS = {
    "bools": lambda y: y > 0,
    "nullable boolean": lambda y: pd.Series(y > 0, dtype="boolean"),
}

# Several labels for each sample
INDICATORS = {
    "lists": np.ndarray.tolist,
    "bools": lambda labels: labels.astype(bool),
    "floats": lambda labels: labels.astype(float),
    "objects": lambda labels: labels.astype(object),
    "Fortran": np.asfortranarray,
    "DataFrame": pd.DataFrame,
    "csr": sp.csr_matrix,
    "csc": sp.csc_array,
    "coo": sp.coo_array,
    "lil of bools": lambda labels: sp.lil_array(labels.astype(bool)),
    "zeros stored": lambda labels: stored(labels, slice(None)),
    "in halves": in_halves,
    "halves in csr": lambda labels: stored(labels, slice(None), 2),
}

# --- Weights, whole quarters too ---

WEIGHTS = {
    "lists": lambda weights: weights.tolist(),
    "float32": lambda weights: weights.astype(np.float32),
    "big-endian": lambda weights: weights.astype(">f8"),
    "objects": lambda weights: weights.astype(object),
    "ints": lambda weights: np.ceil(weights).astype(np.int32),
    "bools": lambda weights: weights > 0,
    "backwards": lambda weights: weights[::-1].copy()[::-1],
    "Series": lambda weights: pd.Series(weights, index=np.arange(len(weights)) + 7),
    "nullable": lambda weights: pd.Series(weights, dtype="Float64"),
}

if polars:
    DENSE["polars"] = lambda X: polars.DataFrame(X)
    DENSE["polars of all kinds"] = lambda X: polars.from_pandas(mixed_frame(X))
    LABELS["polars"] = lambda y: polars.Series(y)
    WEIGHTS["polars"] = lambda weights: polars.Series(weights)

"""What goes into training, checked before any work: sizes, samples, weights."""

import math
import numbers
import re
from contextlib import contextmanager
from itertools import pairwise

import numpy as np
import scipy.sparse as sp
from sklearn.utils import check_array, column_or_1d
from sklearn.utils.multiclass import unique_labels
from sklearn.utils.validation import validate_data

from ._sparse import check_sparse, without_duplicates

# What NumPy raises for what it cannot make numbers of, such as 10**400.
CONVERSION_ERRORS = (TypeError, ValueError, ArithmeticError)

# What says nothing of the argument that is being converted. Anything else does: polars and PyArrow
# have exceptions of their own, scikit-learn 1.6 an AttributeError for missing values of pandas.
_OTHER_ERRORS = (MemoryError, OSError, Warning)

# The list of an epoch's presentations would not fit into any memory beyond.
_MOST_PRESENTATIONS = 2**40


@contextmanager
def unchanged_on_error(estimator, random_state=None):
    """Give the estimator its attributes back if what is done inside fails.

    And its generator the state that it had, if one is given that will be drawn from.

    Yields
    ------
    undo : list of callable
        Empty, for functions that take back what is then done in place, which are called too.
    """
    before = vars(estimator).copy()
    generator = random_state and random_state.get_state(legacy=False)
    undo = []
    try:
        yield undo
    except BaseException:
        for function in undo:
            function()
        vars(estimator).clear()
        vars(estimator).update(before)
        if random_state:
            random_state.set_state(generator)
        raise


def check_numbers(estimator, names):
    """Raise a ValueError or TypeError if a parameter is a number, but none that a float can hold.

    scikit-learn, which validates the rest, lets 10**400 pass, and stumbles over a Fraction without
    saying where.
    """
    for name in names:
        value = getattr(estimator, name)
        if not isinstance(value, numbers.Real):
            continue
        if not isinstance(value, float | np.floating | numbers.Integral):
            raise TypeError(f"{name} must be an int or a float, got {value!r}.")
        try:
            is_too_large = value < math.inf and float(value) == math.inf  # a long double
        except OverflowError:
            is_too_large = True
        if is_too_large:
            raise ValueError(f"{name} is larger than any float.")


def check_hidden_layer_sizes(hidden_layer_sizes):
    """Return the sizes as a list of int."""
    sizes = list(hidden_layer_sizes) if np.iterable(hidden_layer_sizes) else [hidden_layer_sizes]
    for size in sizes:
        is_whole = isinstance(size, numbers.Integral) and not isinstance(size, bool | np.bool_)
        if not is_whole or size < 1:
            raise ValueError(
                "hidden_layer_sizes must be an int or a sequence of ints, each at least 1, "
                f"got {hidden_layer_sizes!r}."
            )
    return [int(size) for size in sizes]


def check_network(coefs, intercepts, n_features, n_outputs):
    """Raise a ValueError unless weights, which a user may have put in, belong to one network."""
    shapes = [np.shape(weights) for weights in coefs]
    lengths = [np.shape(intercept) for intercept in intercepts]
    sizes = [n_features, *(shape[-1] if shape else 0 for shape in shapes)]
    fits = shapes == list(pairwise(sizes)) and lengths == [(size,) for size in sizes[1:]]
    if not fits or sizes[-1] != n_outputs:
        raise ValueError(
            f"coefs_ of shapes {shapes} and intercepts_ of shapes {lengths} do not make a network "
            f"with {n_features} inputs and {n_outputs} outputs."
        )


def check_kept(pair, shown):
    """Raise a ValueError unless what training has kept is shaped like the weights that it shows.

    It is, unless the estimator comes from a file that somebody has changed.
    """
    shapes, expected = (
        [[np.shape(array) for array in part] for part in both] for both in (pair, shown)
    )
    if shapes != expected:
        raise ValueError(
            f"What training has kept in order to go on has the shapes {shapes}, which must be "
            f"those of coefs_ and intercepts_, {expected}."
        )


def check_rows(X):
    """Return X as the engines want it.

    That is dense and aligned, or CSR with its indices sorted, no duplicates, and its parts
    contiguous and aligned. X itself is returned where it is so already.

    Raises
    ------
    ValueError
        If the parts of a sparse X do not describe a matrix of its shape.
    """
    if not sp.issparse(X):
        return np.require(X, requirements=["C", "A"])
    X = without_duplicates(X)
    index_dtype = np.int32 if X.indices.dtype == X.indptr.dtype == np.int32 else np.int64
    indices = np.require(X.indices, index_dtype, ["C", "A"])
    indptr = np.require(X.indptr, index_dtype, ["C", "A"])
    data = np.require(X.data, requirements=["C", "A"])
    if np.diff(indptr).max(initial=0) > X.shape[1]:
        raise ValueError("X is a sparse matrix whose indptr has more in a row than columns.")
    if data is X.data and indices is X.indices and indptr is X.indptr:
        return X
    parts = sp.csr_array(X.shape, dtype=X.dtype)
    parts.data, parts.indices, parts.indptr = data, indices, indptr
    return parts


@contextmanager
def named(argument, called=None):
    """Let errors of NumPy and scikit-learn name the argument, or what it is called here."""
    called = called or argument
    try:
        yield
    except _OTHER_ERRORS:
        raise
    except Exception as error:
        message = re.sub(rf"\b{argument}\b", called, str(error))
        if not re.search(rf"\b{called}\b", message):
            message = f"{called}: {message}"
        elif called == argument and isinstance(error, TypeError | ValueError):
            raise
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(message) from error


@contextmanager
def named_of_both(X):
    """Let errors of what validates X and y together name the one that they are about."""
    try:
        yield
    except _OTHER_ERRORS:
        raise
    except Exception as error:
        is_ours = isinstance(error, TypeError | ValueError)
        if is_ours and re.search(r"\b(X|y|feature names)\b", str(error)):
            raise
        with named("X"):
            check_array(X, accept_sparse="csr", dtype=np.float64)
        with named("y"):
            raise


def with_exact_labels(y):
    """Return labels of pandas's whole numbers or bools as those of NumPy.

    scikit-learn makes floats of them, which are not the same labels beyond 2**53. Whatever else y
    is, and where labels are missing, it is returned as it is.
    """
    dtypes = getattr(y, "dtypes", getattr(y, "dtype", None))
    dtypes = list(dtypes) if np.iterable(dtypes) else [dtypes]
    kinds = {getattr(dtype, "kind", None) for dtype in dtypes}
    is_of_numpy = all(isinstance(dtype, np.dtype) for dtype in dtypes)
    if is_of_numpy or kinds not in ({"b"}, {"i"}, {"u"}) or np.any(y.isna()):
        return y
    return y.to_numpy(dtype={"b": bool, "i": np.int64, "u": np.uint64}[kinds.pop()])


def check_validation_samples(estimator, X_val, y_val, dtype, multilabel):
    """Return X_val and y_val, validated against what the estimator is fitted on.

    Raises
    ------
    ValueError
        If they do not go together, or with the samples that training is given.
    """
    check_sparse(X_val, "X_val")
    check_sparse(y_val, "y_val")
    with named("X", "X_val"):
        checked = check_array(
            X_val, accept_sparse="csr", dtype=dtype, order="C", input_name="X_val"
        )
        validate_data(estimator, X_val, reset=False, skip_check_array=True)  # the features
        X_val = checked
    with named("y", "y_val"):
        y_val = with_exact_labels(y_val)
        if multilabel:
            y_val = check_array(y_val, accept_sparse="csr", dtype=None)
            if y_val.shape[1] != len(estimator.classes_):
                raise ValueError(
                    f"y has {y_val.shape[1]} columns, in training it had {len(estimator.classes_)}."
                )
        elif sp.issparse(y_val):
            raise ValueError("y is sparse, which only a matrix of labels may be.")
        else:
            y_val = column_or_1d(y_val, warn=True)
    if y_val.shape[0] != X_val.shape[0]:
        raise ValueError(f"y_val has {y_val.shape[0]} samples, X_val {X_val.shape[0]}.")
    return check_rows(X_val), y_val


def check_classes(classes):
    """Return the different labels in `classes`, sorted.

    Raises
    ------
    ValueError or TypeError
        If it is no list of labels.
    """
    if sp.issparse(classes):
        raise TypeError("classes must be a list or an array of labels, got a sparse matrix.")
    with named("classes"):
        return unique_labels(with_exact_labels(classes))


def check_weights(sample_weight, n_samples):
    """Return the weights as float64, or None where every sample counts once.

    Raises
    ------
    ValueError
        If they are not a finite number of at least 0 for each sample.
    """
    if sample_weight is None:
        return None
    if isinstance(sample_weight, numbers.Number):
        sample_weight = np.full(n_samples, sample_weight)
    try:
        if np.asarray(sample_weight).dtype.kind in "cmM":
            raise TypeError("they are complex numbers or times")
        sample_weight = np.asarray(sample_weight, dtype=np.float64)
    except _OTHER_ERRORS:
        raise
    except Exception as error:
        raise ValueError(f"sample_weight must hold numbers: {error}.") from error
    with named("sample_weight"):
        weights = check_array(
            sample_weight, ensure_2d=False, dtype=np.float64, input_name="sample_weight"
        )
    if weights.shape != (n_samples,):
        raise ValueError(
            f"sample_weight must be one number for each of the {n_samples} samples, "
            f"got the shape {weights.shape}."
        )
    if weights.min() < 0:
        raise ValueError(f"sample_weight must not be negative, got {weights.min()}.")
    if weights.sum() >= _MOST_PRESENTATIONS:
        raise ValueError(
            "sample_weight, times class_weight, counts how often a sample is presented in an "
            f"epoch, and must sum to less than 2**40, got {weights.sum()}."
        )
    return None if (weights == 1).all() else weights

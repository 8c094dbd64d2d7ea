"""Inputs that a network standardizes itself: (x − mean) / scale, in double precision.

`fit` takes the mean and the standard deviation of what an epoch presents, in the order of its list,
and standardizes a copy of X. `partial_fit` counts every presentation and then standardizes it by
all that were counted, so that neither chunks matter nor whether a row came twice or with weight 2.
Predictions take what was learned. Sparse X is scaled alone; whether inputs are centred is decided
by the first samples. A model has

================== =========================================================================
`_input_moments`   K, S₁ and S₂ of each input, see `_engine/_moments.py`; None without
                   `standardize`
`_input_totals`    the weight and the number of the presentations that were counted
`_is_centred`      whether inputs are centred
================== =========================================================================

A network that is centred makes dense rows of sparse ones, a few at a time.
"""

import numpy as np
import scipy.sparse as sp
from sklearn.utils import gen_batches

from . import _engine

# Rows of so many values are standardized at a time: they stay in the cache.
_VALUES_AT_ONCE = 1 << 15


def begin_standardization(model, X):
    """Set what a model knows of its inputs before the first presentation of X."""
    model._input_moments = np.zeros((3, X.shape[1])) if model.standardize else None
    model._input_totals = np.zeros(2)
    model._is_centred = bool(model.standardize) and not sp.issparse(X)


def check_same_standardization(model):
    """Raise a ValueError if `standardize` was changed since the network was set up."""
    was_standardized = model._input_moments is not None
    if bool(model.standardize) != was_standardized:
        raise ValueError(
            f"standardize={model.standardize} cannot continue a network that was trained with "
            f"standardize={was_standardized}: its weights belong to other inputs. Set standardize "
            "back, or call fit with warm_start=False."
        )


def open_stream(model, X, *, is_new):
    """Set what a model knows of its inputs as `partial_fit` begins, on copies."""
    if is_new:
        begin_standardization(model, X)
        return
    check_same_standardization(model)
    if model.standardize:
        model._input_moments = model._input_moments.copy()
        model._input_totals = model._input_totals.copy()


def statistics(model, columns=None):
    """Return the mean and the scale of inputs, None for all, of a model that standardizes them."""
    moments = model._input_moments
    if columns is not None:  # which another thread may have changed since they were checked
        moments = moments.take(columns, axis=1, mode="clip")
    return _engine.mean_and_scale(moments, model._input_totals, model._is_centred)


def learn_inputs(model, X, presentations):
    """Take the mean and the scale of what an epoch presents, and return X standardized by them."""
    begin_standardization(model, X)
    if not model.standardize:
        return X
    rows = presentations.rows.astype(np.intp, copy=False)
    if model._is_centred:  # about a row, then about the mean, for less rounding
        model._input_moments[0] = X[rows[0]]
        _count(model, X, rows, presentations.fractions)
        mean, _ = statistics(model)
        begin_standardization(model, X)
        model._input_moments[0] = mean
    _count(model, X, rows, presentations.fractions)
    return standardize(model, X)


def learn_stream(model, X, targets, rows, fractions):
    """Yield what the engine is to run in place of rows of X: the same, counted and standardized.

    The statistics of the model change in place. What is yielded has a row for each presentation, a
    few at a time.
    """
    if model._is_centred and model._input_totals[1] == 0:
        model._input_moments[0] = _dense(X, slice(rows[0], rows[0] + 1))
    is_sparse = sp.issparse(X) and not model._is_centred
    n_most = np.diff(X.indptr).max() if is_sparse else X.shape[1]
    for part in gen_batches(rows.size, max(1, _VALUES_AT_ONCE // max(1, int(n_most)))):
        shares = None if fractions is None else fractions[part]
        lists = _lists(X, rows[part]) if is_sparse else None
        out = np.empty(lists[0].size if is_sparse else (rows[part].size, X.shape[1]), model._dtype)
        _count(model, X, rows[part], shares, out, columns=lists[0] if is_sparse else slice(None))
        if is_sparse:
            out = _csr(out, *lists, X.shape[1])
        yield out, targets[rows[part]], np.arange(rows[part].size), shares


@np.errstate(over="ignore", under="ignore")
def standardize(model, X, rows=slice(None)):
    """Return a slice of rows, standardized, in the type of the network."""
    n_features = X.shape[1]
    start, stop, _ = rows.indices(X.shape[0])
    if sp.issparse(X) and not model._is_centred:
        bounds = X.indptr[start : stop + 1]
        data, columns = (part[bounds[0] : bounds[-1]] for part in (X.data, X.indices))
        out = np.empty(data.size, model._dtype)
        scales = None if data.size < n_features else statistics(model)[1]
        for first in range(0, data.size, _VALUES_AT_ONCE):
            part = slice(first, first + _VALUES_AT_ONCE)
            if scales is None:
                out[part] = data[part] / statistics(model, columns[part])[1]
            else:
                out[part] = data[part] / scales.take(columns[part], mode="clip")
        return _csr(out, columns, bounds - bounds[0], n_features)
    mean, scale = statistics(model)
    out = np.empty((stop - start, n_features), model._dtype)
    for part in gen_batches(stop - start, max(1, _VALUES_AT_ONCE // n_features)):
        given = slice(start + part.start, start + part.stop)
        z = _dense(X, given) - mean
        out[part] = np.divide(z, scale, out=z)
    return out


def sums_of(model, forward_pass):
    """Return the method `sums` of a forward pass for rows as they are given to a model."""
    if model._input_moments is None:
        return forward_pass.sums
    return lambda X, rows: forward_pass.sums(standardize(model, X, rows), slice(None))


def _count(model, X, rows, fractions, out=None, columns=slice(None)):
    """Count rows, of which nothing is stored outside of some columns."""
    moments, totals = model._input_moments, model._input_totals
    _engine.Engine.count_rows(X, rows, fractions, moments, totals, model._is_centred, out)
    if not np.isfinite(moments[2, columns]).all():
        raise ValueError(
            "X holds values that are too large for standardize=True: the sum of their squares "
            "overflows."
        )


def _lists(X, rows):
    """Return the columns of rows of a CSR matrix, one row after the other, and where they begin."""
    starts = X.indptr[rows]
    bounds = np.append(0, np.cumsum(X.indptr[rows + 1] - starts))
    entries = np.arange(bounds[-1]) + np.repeat(starts - bounds[:-1], np.diff(bounds))
    return X.indices[entries], bounds.astype(X.indptr.dtype)


def _csr(data, columns, bounds, n_features):
    """Return a CSR array of these parts, which need no check."""
    X = sp.csr_array((len(bounds) - 1, n_features), dtype=data.dtype)
    X.data, X.indices, X.indptr = data, columns, bounds
    return X


def _dense(X, rows):
    """Return a slice of rows as an array; of sparse ones SciPy would follow the columns unseen."""
    if not sp.issparse(X):
        return X[rows].astype(np.float64, copy=False)
    bounds = X.indptr[rows.start : rows.stop + 1]
    entries = slice(bounds[0], bounds[-1])
    values = np.zeros((len(bounds) - 1, X.shape[1]))
    values[np.repeat(np.arange(len(values)), np.diff(bounds)), X.indices[entries]] = X.data[entries]
    return values

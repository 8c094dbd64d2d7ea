"""The mean and the scale of each input, from sums that grow by one sample at a time.

With the weight w of each presentation so far, n = Σ w of N of them, and a shift K for each input:

===========  =====================================================================
S₁           Σ w (x − K)
S₂           Σ w (x − K)²
mean         K + S₁ / n; inputs that are not centred have K = 0, and 0 for a mean
variance     S₂ / n − (S₁ / n)²
scale        √variance, or 1 where that is no more than rounding leaves
===========  =====================================================================

Such shifted sums [1]_ are as good as Welford's recurrences where K is one of the samples, or near
the mean. They need nothing of an input of zero where K is 0: a sparse sample costs as much as it
stores. What rounding leaves is taken as 4 N ε S₂ / n, for the sums, and (256 ε mean)², for the
inputs, with ε the distance from 1 to the next float. scikit-learn's StandardScaler has N for 256: a
long stream would one day find inputs constant that are not.

The compiled engine does the same in _moments.h, with the same bits.

References
----------
.. [1] T. F. Chan, G. H. Golub and R. J. LeVeque, "Algorithms for computing the sample variance:
   analysis and recommendations", The American Statistician 37, 1983.
"""

import numpy as np
import scipy.sparse as sp

_EPSILON = np.finfo(np.float64).eps


def mean_and_scale(moments, totals, is_centred):
    """Return the mean and the scale of inputs; 0 and 1 where nothing was counted."""
    shift, sums, squares = moments  # K, S₁ and S₂, (n_inputs,) each
    n = totals[0] if totals[1] > 0 else 1.0  # of n and N
    rest, square = sums / n, squares / n
    mean = shift + rest
    share, doubt = 4 * totals[1] * _EPSILON, 256 * _EPSILON * mean
    with np.errstate(over="ignore", under="ignore"):
        variance = square - rest * rest
        varies = variance > share * square + doubt * doubt
    scale = np.sqrt(variance, out=np.ones_like(mean), where=varies)
    return (mean if is_centred else np.zeros_like(mean)), scale


def count_rows(X, rows, fractions, moments, totals, is_centred, out=None):
    """Count rows one after the other, and standardize each by what is counted then.

    Parameters
    ----------
    X : ndarray or CSR of float32 or float64 of shape (n_samples, n_features)

    rows : ndarray of intp of shape (n_presentations,)
    fractions : ndarray of float64 of shape (n_presentations,) or None
        The weights; None where all are 1.

    moments : ndarray of float64 of shape (3, n_features)
    totals : ndarray of float64 of shape (2,)
        K, S₁ and S₂, and n and N: all but K change in place.

    is_centred : bool
    out : ndarray, default=None
        Where standardized rows are written, one after the other: all inputs of each or, where X is
        CSR and `is_centred` is False, the values that it stores.
    """
    weights = np.ones(rows.size) if fractions is None else fractions
    n_written = 0
    for row, weight in zip(rows.tolist(), weights.tolist(), strict=True):
        columns, values = stored_inputs(X, row)
        if is_centred:
            columns, values = slice(None), all_inputs(X, columns, values)
        values = values.astype(np.float64)
        totals += weight, 1
        shift, sums, squares = moments
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            distances = values - shift[columns]
            weighted = weight * distances
            sums[columns] += weighted
            squares[columns] += weighted * distances
            if out is not None:
                mean, scale = mean_and_scale(moments[:, columns], totals, is_centred)
                out.reshape(-1)[n_written : n_written + values.size] = (values - mean) / scale
        n_written += values.size


def stored_inputs(X, row):
    """Return the columns of one row that are stored and their values, for dense and CSR alike."""
    if not sp.issparse(X):
        return slice(None), X[row]
    entries = slice(X.indptr[row], X.indptr[row + 1])
    return X.indices[entries], X.data[entries]


def all_inputs(X, columns, values):
    """Return one row with its zeros, from the columns and values of others."""
    inputs = np.zeros(X.shape[1], dtype=X.dtype)
    inputs[columns] = values
    return inputs

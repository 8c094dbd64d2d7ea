"""Both engines count and standardize rows with the same bits."""

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_array_equal

from skl_softmaxnet import _engine


def counted(engine, X, rows, fractions, is_centred, n_values, dtype):
    moments, totals, out = np.zeros((3, X.shape[1])), np.zeros(2), np.empty(n_values, dtype)
    if is_centred:
        moments[0] = [0.1, 7, 0, 1e9, -3]
    engine.count_rows(X, rows, fractions, moments, totals, is_centred)
    engine.count_rows(X, rows[::-1].copy(), fractions, moments, totals, is_centred, out)
    return moments, totals, out


@pytest.mark.parametrize("is_centred", [True, False])
@pytest.mark.parametrize("container", [np.asarray, sp.csr_array])
@pytest.mark.parametrize("dtypes", [("f8", "f8"), ("f4", "f4"), ("f8", "f4")])
@pytest.mark.parametrize("has_fractions", [True, False])
@pytest.mark.skipif(_engine.CompiledEngine is None, reason="there is nothing to compare")
def test_same_bits(is_centred, container, dtypes, has_fractions):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(50, 5)) * [1, 1e-3, 1e3, 1e-7, 0] + [0, 1, 1e5, 1e9, 0.1]
    X[rng.uniform(size=X.shape) < 0.3] = 0
    X = container(X.astype(dtypes[0]))
    rows = rng.randint(10, 50, size=200)
    fractions = rng.uniform(size=200) if has_fractions else None
    is_listed = sp.issparse(X) and not is_centred
    n_values = np.diff(X.indptr)[rows].sum() if is_listed else rows.size * 5
    given = X, rows, fractions, is_centred, n_values, dtypes[1]
    results = (counted(e, *given) for e in (_engine.NumpyEngine, _engine.CompiledEngine))
    for one, other in zip(*results, strict=True):
        assert_array_equal(one, other, strict=True)

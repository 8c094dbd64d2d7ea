"""Which rows of the first layer a chunk of a stream changes."""

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_array_equal

from skl_softmaxnet._state import touched_rows


@pytest.mark.parametrize("dtype", [np.int32, np.int64])
@pytest.mark.parametrize("n_stored", [0, 1, 50, 1_000, 200_000])
@pytest.mark.parametrize("n_features", [1, 70, 1_000, 100_000])
def test_touched_rows_are_those_of_the_columns_stored(n_stored, n_features, dtype):
    """Few are sorted, many ticked off."""
    columns = np.random.RandomState(0).randint(n_features, size=n_stored).astype(dtype)
    indptr = np.array([0, n_stored], dtype)
    X = sp.csr_array((np.ones(n_stored), columns, indptr), shape=(1, n_features))
    rows = touched_rows(X, alpha=0.0, momentum=0.0, average=False)
    assert rows.dtype == np.intp
    assert_array_equal(rows, np.unique(columns))


def test_all_rows_are_touched_where_not_only_the_columns_stored_are():
    X = sp.csr_array(np.eye(3))
    none = {"alpha": 0.0, "momentum": 0.0, "average": False}
    assert touched_rows(X, **none) is not None
    assert touched_rows(X.toarray(), **none) is None
    for more in ({"alpha": 1e-4}, {"momentum": 0.9}, {"average": True}):
        assert touched_rows(X, **none | more) is None

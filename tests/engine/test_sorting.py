"""Rows are listed in content order, whatever form and order they come in."""

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from problems import csr_with_stored_zeros

from skl_softmaxnet import _engine
from skl_softmaxnet._engine import _sorting

# Some tie in float32, with others, with infinity or with zero.
NUMBERS = [-1e300, -1e39, -1.0, -1e-50, -0.0, 0.0, 1e-50, 1e-45, 0.1, 0.1 + 1e-12, 1.0, 1e39]
# one where the compiled engine was not built
each_sorter = pytest.mark.parametrize("sort_rows", {_engine.sort_rows, _sorting.sort_rows})


def contents(X, targets):
    """What each row is compared by, as Python compares tuples."""
    labels = targets.tolil().rows if sp.issparse(targets) else targets.tolist()
    with np.errstate(over="ignore"):
        return list(zip(X.astype(np.float32).tolist(), X.tolist(), labels, strict=True))


def assert_in_content_order(sort_rows, X, targets):
    rows = contents(X, targets)
    expected = sorted(range(len(rows)), key=lambda row: (rows[row], row))
    firsts = [k == 0 or rows[expected[k]] != rows[expected[k - 1]] for k in range(len(rows))]
    with_zeros = [csr_with_stored_zeros(X, dtype) for dtype in (np.int32, np.int64)]
    for same_X in (X, sp.csr_array(X), *with_zeros):
        order, is_first = sort_rows(same_X, targets)
        assert order.dtype == np.int32
        assert is_first.dtype == bool
        assert_array_equal(order, expected)
        assert_array_equal(is_first, firsts)


@st.composite
def problems(draw):
    """Rows of few different ones, and targets of either kind."""
    n_rows, n_columns = draw(st.integers(0, 40)), draw(st.sampled_from([0, 1, 2, 3, 17, 40]))
    rng = np.random.RandomState(draw(st.integers(0, 2**31)))
    numbers = draw(st.lists(st.sampled_from(NUMBERS), min_size=1, max_size=4))
    different = rng.choice(numbers, size=(draw(st.integers(1, 12)), n_columns))
    different[:, rng.uniform(size=n_columns) < draw(st.sampled_from([0, 0.9]))] = 0
    X = different[rng.randint(len(different), size=n_rows)]
    if draw(st.booleans()):
        with np.errstate(over="ignore"):
            X = np.nan_to_num(X.astype(np.float32))
    if draw(st.booleans()):
        return X, rng.randint(3, size=n_rows).astype(np.int32)
    return X, sp.csr_array(rng.uniform(size=(n_rows, 20)) < draw(st.sampled_from([0.02, 0.98])))


@each_sorter
@given(problem=problems())
@settings(max_examples=150, deadline=None, derandomize=True)
def test_as_python_sorts_tuples(sort_rows, problem):
    assert_in_content_order(sort_rows, *problem)


@each_sorter
@pytest.mark.parametrize("n_values", [2, 5, 10**9])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_many_rows(sort_rows, dtype, n_values):
    rng = np.random.RandomState(0)
    X = rng.randint(n_values, size=(1000, 20)).astype(dtype) - dtype(n_values // 2)
    X[:, 3] = 1
    X[500:600] = X[:100]
    assert_in_content_order(sort_rows, X, rng.randint(2, size=1000).astype(np.int32))


@each_sorter
def test_by_hand(sort_rows):
    """A list of labels that begins another, and rows that tie in float32, but for a column."""
    targets = sp.csr_array(np.tri(40, 40, dtype=bool)[::-1])
    assert_in_content_order(sort_rows, np.zeros((40, 2)), targets)
    X = np.array([[0.1 + 1e-12, 0.0], [0.1, 5.0], [1e-50, 1.0], [0.0, 2.0]])
    assert_in_content_order(sort_rows, X, np.zeros(4, np.int32))


@each_sorter
def test_numbers_of_rows_in_eight_bytes(sort_rows, monkeypatch):
    X, targets = np.random.RandomState(0).normal(size=(200, 3)), np.zeros(200, np.int32)
    expected, _ = sort_rows(X, targets)
    monkeypatch.setattr(_sorting, "MOST_ROWS_OF_INT32", 1)
    order, _ = sort_rows(X, targets)
    assert order.dtype == np.int64
    assert_array_equal(order, expected)


@each_sorter
def test_columns_beyond_four_bytes(sort_rows):
    columns = np.array([2**33 - 1, 5, 2**32 + 5])
    X = sp.csr_array((np.ones(3), columns, [0, 1, 2, 3]), shape=(3, 2**33))
    assert_array_equal(sort_rows(X, np.zeros(3, np.int32))[0], [0, 2, 1])


@pytest.mark.skipif(_engine.CompiledEngine is None, reason="the compiled engine was not built")
@pytest.mark.parametrize("indptr", [[0, 1, 2], [0, 3, 1, 4], [-1, 0, 1, 4], [0, 1, 2, 5]])
def test_no_list_of_rows_leads_out_of_the_data(indptr):
    X = sp.csr_array(np.eye(3, 4) + np.eye(3, 4, 1))
    X.data, X.indices, X.indptr = X.data[:4], X.indices[:4], np.array(indptr, np.int32)
    with pytest.raises(ValueError, match="indptr"):
        _engine.sort_rows(X, np.zeros(3, np.int32))

"""A sparse matrix that lies about where its values are: an error, and never a crash.

Whatever takes such a matrix runs in a process of its own, which a crash would end.
"""

import copy

import numpy as np
import pytest
import scipy.sparse as sp
from forms import drawn, outcome
from helpers import network, state
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

N = 6
X = np.arange(1.0, 2 * N + 1).reshape(N, 2) / 10
Y = np.eye(3, dtype=int)[np.arange(N) % 3]

# Where a matrix may be passed: the argument's name, the method, parameters.
PLACES = {
    "fit X": ("X", "fit", {}),
    "fit X in order": ("X", "fit", {"shuffle": False}),
    "partial_fit X": ("X", "partial_fit", {}),
    "fit y": ("y", "fit", {}),
    "fit y in order": ("y", "fit", {"shuffle": False}),
    "partial_fit y": ("y", "partial_fit", {}),
    "balanced y": ("y", "fit", {"class_weight": "balanced"}),
    "X_val": ("X_val", "fit", {"early_stopping": True}),
    "y_val": ("y_val", "fit", {"early_stopping": True}),
    "predict_proba": ("X", "predict_proba", {}),
    "predict": ("X", "predict", {}),
}
each_place = pytest.mark.parametrize("place", PLACES)


def unfitted(**options):
    return network(3, output_activation="sigmoid", max_iter=2, **options)


FITTED = unfitted().fit(X, Y)


def good(place):
    """What the argument should be."""
    return Y if PLACES[place][0].startswith("y") else X


def result_of(place, matrix):
    """What the call makes of the matrix; None if it is an error that leaves all as it was."""
    argument, method, options = PLACES[place]
    predicts = method.startswith("predict")
    model = copy.deepcopy(FITTED) if predicts else unfitted(**options)
    arguments = {"X": X} if predicts else {"X": X, "y": Y}
    if argument.endswith("_val"):
        arguments |= {"X_val": X, "y_val": Y}
    before = state(model)
    result, error = outcome(getattr(model, method), **(arguments | {argument: matrix}))
    if error:
        assert state(model) == before
        return None
    return result if predicts else result.coefs_[0]


def put(where, value):
    """A function that replaces one entry."""

    def function(values):
        values = values.copy()
        values[where] = value
        return values

    return function


def wrapping(dtype):
    """A function that makes pointers of which all differences are positive, but for overflow."""
    ends = np.iinfo(dtype)
    middle = [ends.max, ends.min, -1, 5]
    return lambda p: np.array([0, *[*middle, *p[5:]][: len(p) - 2], p[-1]], dtype)


# Lies: which attribute of a matrix is replaced by what a function makes of it.
COMPRESSED = {
    "pointers that wrap": ("indptr", wrapping(np.int32)),
    "wide pointers that wrap": ("indptr", wrapping(np.int64)),
    "pointers that fall": ("indptr", lambda p: put(1, p[-1] + 1)(p)),
    "unsigned pointers that fall": ("indptr", lambda p: put(1, p[-1] + 1)(p).astype(np.uint32)),
    "pointers beyond the data": ("indptr", put(-1, 2**20)),
    "pointers of floats": ("indptr", lambda p: p.astype(float)),
    "too few pointers": ("indptr", lambda p: p[:-1]),
    "an index beyond": ("indices", put(1, 2**20)),
    "indices of floats": ("indices", lambda i: i + 0.5),
    "indices of two dimensions": ("indices", lambda i: i[np.newaxis]),
    "too few indices": ("indices", lambda i: i[:-1]),
    "too little data": ("data", lambda d: d[:-1]),
    "data of another dimension": ("data", lambda d: d[np.newaxis]),
    "more lines than pointers": ("_shape", lambda shape: (shape[0] + 4, shape[1] + 4)),
    "fewer columns than it has": ("_shape", lambda shape: (shape[0], shape[1] - 1)),
}
OTHERS = {
    "coo: a row beyond": ("row", put(1, 2**20)),
    "coo: a column below 0": ("col", put(1, -1)),
    "coo: too few rows": ("row", lambda i: i[:-1]),
    "coo: data of two dimensions": ("data", lambda d: d[np.newaxis]),
    "bsr: blocks that do not divide the shape": ("data", lambda d: np.ones((len(d), 4, 5))),
    "dia: data of one dimension": ("data", np.ravel),
    "dia: too few offsets": ("offsets", lambda o: o[:-1]),
    "dia: offsets of floats": ("offsets", lambda o: o + 0.5),
    "dia: offsets of two dimensions": ("offsets", lambda o: o[np.newaxis]),
    "lil: a column beyond": ("rows", put(2, [2**20])),
    "lil: a column below 0": ("rows", put(2, [-7])),
    "lil: more columns than values": ("rows", put(2, [0, 1, 1])),
    "lil: more values than columns": ("data", put(2, [1, 1, 1])),
    "lil: too few rows": ("rows", lambda rows: rows[:-1]),
}
FORMATS = ("csr", "csc", "bsr")
LIES = {f"{form}: {lie}": COMPRESSED[lie] for form in FORMATS for lie in COMPRESSED} | OTHERS


def lying(lie, values):
    """A matrix of these values that lies."""
    name, function = LIES[lie]
    matrix = getattr(sp, f"{lie[:3]}_array")(values)
    if name == "rows":  # as many values as columns, unless that is the lie
        matrix.data[2] = [1] * min(2, len(function(matrix.rows)[2]))
    setattr(matrix, name, function(getattr(matrix, name)))
    return matrix


@pytest.mark.parametrize("lie", LIES)
def test_a_matrix_that_lies(lie, in_child):
    results = {place: in_child(result_of, place, lying(lie, good(place))) for place in PLACES}
    assert {place: result for place, result in results.items() if result is not None} == {}


def twice_in_order(values):
    """A matrix that holds every value twice, in a first row longer than itself, and denies it."""
    columns = np.tile(np.arange(values.shape[1]), 2 * N)
    pointers = np.array([0, *[columns.size] * N])
    matrix = sp.csr_array((np.ones(columns.size), columns, pointers), shape=values.shape)
    matrix.has_canonical_format = True
    return matrix


@each_place
def test_a_matrix_that_means_something(place, in_child):
    """It may be refused as well as taken for what it holds."""
    result = in_child(result_of, place, twice_in_order(good(place)))
    assert result is None or np.isfinite(result).all()


def is_valid(matrix):
    """Tell whether SciPy would build this matrix from its parts."""
    if matrix.format == "coo":
        parts = matrix.data, (matrix.row, matrix.col)
        return outcome(sp.coo_array, parts, matrix.shape)[1] is None
    if outcome(copy.deepcopy(matrix).check_format, full_check=True)[1]:
        return False
    return (matrix.indptr[1:] >= matrix.indptr[:-1]).all()  # not looked at where the last is 0


@drawn(150, 10_000, data=st.data())
def test_a_number_that_says_where_a_value_is(in_child, data):
    place = data.draw(st.sampled_from(list(PLACES)))
    form = data.draw(st.sampled_from(["csr", "csc", "coo", "bsr"]))
    matrix = getattr(sp, f"{form}_array")(good(place))
    names = ["row", "col"] if form == "coo" else ["indices", "indptr"]
    part = getattr(matrix, data.draw(st.sampled_from(names)))
    values = st.integers(-3, 20) | st.sampled_from([2**20, 2**30, -(2**30), 2**31 - 1, -(2**31)])
    part[data.draw(st.integers(0, part.size - 1))] = data.draw(values)
    result = in_child(result_of, place, matrix)
    if is_valid(matrix):
        expected = in_child(result_of, place, matrix.tocsr().toarray())
        assert_array_equal(result, expected)  # a valid one, if another
    else:
        assert result is None

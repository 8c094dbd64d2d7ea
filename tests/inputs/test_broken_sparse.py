"""A sparse matrix that lies about where its values are: an error, and never a crash.

Whatever takes such a matrix runs in a process of its own, which a crash would end.
"""

import copy

import numpy as np
import pytest
import scipy.sparse as sp
from forms import drawn, outcome, surviving_child
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


@pytest.fixture(scope="module")
def in_child():
    with surviving_child() as call:
        yield call


# --- Lies ---


def replaced(form, **parts):
    """Build such a matrix, and replace some of its attributes by what functions make of them."""

    def make(values):
        matrix = getattr(sp, f"{form}_array")(values)
        for name, function in parts.items():
            setattr(matrix, name, function(getattr(matrix, name)))
        return matrix

    return make


def put(where, value):
    """A function that replaces one entry."""

    def function(values):
        values = values.copy()
        values.flat[where] = value
        return values

    return function


def wrapping(dtype):
    """A function that makes pointers of which all differences are positive, but for overflow."""
    limits = np.iinfo(dtype)

    def function(indptr):
        middle = [limits.max, limits.min, -1, 5, *indptr[5:-1]][: len(indptr) - 2]
        return np.array([0, *middle, indptr[-1]], dtype)

    return function


def longer_rows(matrix):
    """Lists of columns and values of a LIL matrix that differ in length."""
    rows = copy.deepcopy(matrix)
    rows[2] = [*rows[2], 0]
    return rows


COMPRESSED = {
    "pointers that wrap": {"indptr": wrapping(np.int32)},
    "wide pointers that wrap": {"indptr": wrapping(np.int64)},
    "unsigned pointers that fall": {"indptr": lambda p: put(1, p[-1])(p).astype(np.uint32)},
    "pointers that fall": {"indptr": lambda p: put(1, p[-1])(p)},
    "pointers below 0": {"indptr": put(1, -1)},
    "pointers that start late": {"indptr": put(0, 1)},
    "pointers beyond the data": {"indptr": put(-1, 2**20)},
    "pointers of floats": {"indptr": lambda p: p.astype(float)},
    "too few pointers": {"indptr": lambda p: p[:-1]},
    "an index beyond": {"indices": put(1, 2**20)},
    "an index far beyond": {"indices": put(1, 2**30)},
    "an index below 0": {"indices": put(1, -1)},
    "indices of floats": {"indices": lambda i: i + 0.5},
    "indices of two dimensions": {"indices": lambda i: i[np.newaxis]},
    "too few indices": {"indices": lambda i: i[:-1]},
    "too little data": {"data": lambda d: d[:-1]},
    "data of another dimension": {"data": lambda d: d[np.newaxis]},
    "more lines than pointers": {"_shape": lambda shape: (shape[0] + 4, shape[1] + 4)},
    "fewer columns than it has": {"_shape": lambda shape: (shape[0], shape[1] - 1)},
}
LIES = {
    f"{form}: {lie}": replaced(form, **parts)
    for form in ("csr", "csc", "bsr")
    for lie, parts in COMPRESSED.items()
}
COORDINATES = {
    "a row beyond": lambda pair: (put(1, 2**20)(pair[0]), pair[1]),
    "a column below 0": lambda pair: (pair[0], put(1, -1)(pair[1])),
    "rows of floats": lambda pair: (pair[0] + 0.5, pair[1]),
    "too few rows": lambda pair: (pair[0][:-1], pair[1]),
}
LIES |= {f"coo: {lie}": replaced("coo", coords=change) for lie, change in COORDINATES.items()}
LIES |= {
    "coo: data of two dimensions": replaced("coo", data=lambda d: d[np.newaxis]),
    "bsr: blocks that do not divide the shape": replaced(
        "bsr", data=lambda d: np.ones((len(d), 4, 5))
    ),
    "dia: data of one dimension": replaced("dia", data=np.ravel),
    "dia: too few offsets": replaced("dia", offsets=lambda o: o[:-1]),
    "dia: offsets of floats": replaced("dia", offsets=lambda o: o + 0.5),
    "dia: offsets of two dimensions": replaced("dia", offsets=lambda o: o[np.newaxis]),
    "lil: a column beyond": replaced("lil", rows=lambda rows: put_list(rows, 2, [2**20])),
    "lil: a column below 0": replaced("lil", rows=lambda rows: put_list(rows, 2, [-7])),
    "lil: more columns than values": replaced("lil", rows=longer_rows),
    "lil: more values than columns": replaced("lil", data=longer_rows),
    "lil: too few rows": replaced("lil", rows=lambda rows: rows[:-1]),
    "dok: a key outside": replaced("dok", _dict=lambda values: values | {(2**20, 0): 1.0}),
}


def put_list(rows, where, columns):
    rows = copy.deepcopy(rows)
    rows[where] = columns + rows[where][1:]
    return rows


@pytest.mark.parametrize("lie", LIES)
def test_a_matrix_that_lies(lie, in_child):
    results = {place: in_child(result_of, place, LIES[lie](good(place))) for place in PLACES}
    assert {place: result for place, result in results.items() if result is not None} == {}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("offset", [-(2**31), -100, 100, 2**31 - 1])
def test_diagonals_outside_of_the_matrix(offset, place, in_child):
    """They hold nothing of it, so they may be left out as well as refused."""
    matrix = replaced("dia", offsets=put(0, offset))(good(place))
    result = in_child(result_of, place, matrix)
    assert result is None or np.isfinite(result).all()


@pytest.mark.parametrize("place", PLACES)
def test_a_matrix_that_says_that_it_is_in_order(place, in_child):
    """It holds every value twice, in a first row that is longer than the matrix is wide."""
    values = good(place)
    columns = np.tile(np.arange(values.shape[1]), 2 * N)
    pointers = np.array([0, *[columns.size] * N])
    matrix = sp.csr_array((np.ones(columns.size), columns, pointers), shape=values.shape)
    matrix.has_canonical_format = True
    result = in_child(result_of, place, matrix)
    assert result is None or np.isfinite(result).all()


# --- Any number anywhere ---


def parts(matrix):
    """The arrays of whole numbers that say where the values are."""
    return [*matrix.coords] if matrix.format == "coo" else [matrix.indices, matrix.indptr]


def is_valid(matrix):
    """Tell whether SciPy would build this matrix from its parts."""
    if matrix.format == "coo":
        return outcome(sp.coo_array, (matrix.data, matrix.coords), matrix.shape)[1] is None
    if outcome(copy.deepcopy(matrix).check_format, full_check=True)[1]:
        return False
    return (matrix.indptr[1:] >= matrix.indptr[:-1]).all()  # not looked at where the last is 0


@drawn(150, 10_000, data=st.data())
def test_a_number_that_says_where_a_value_is(in_child, data):
    place = data.draw(st.sampled_from(list(PLACES)))
    form = data.draw(st.sampled_from(["csr", "csc", "coo", "bsr"]))
    matrix = getattr(sp, f"{form}_array")(good(place))
    part = data.draw(st.sampled_from(parts(matrix)))
    values = st.integers(-3, 20) | st.sampled_from([2**20, 2**30, -(2**30), 2**31 - 1, -(2**31)])
    part[data.draw(st.integers(0, part.size - 1))] = data.draw(values)
    result = in_child(result_of, place, matrix)
    if is_valid(matrix):
        expected = in_child(result_of, place, matrix.tocsr().toarray())
        assert_array_equal(result, expected)  # a valid one, if another
    else:
        assert result is None


@pytest.mark.parametrize("form", ["csr", "csc", "coo"])
@pytest.mark.parametrize(("values", "valid"), [((0.5, 0.5), True), ((1.0, 1.0), False)])
def test_labels_in_two_parts_are_added_up(values, valid, form):
    rows, columns = Y.nonzero()
    entries = np.r_[values, np.ones(N - 1)]
    labels = sp.coo_array((entries, (np.r_[0, rows], np.r_[0, columns])), Y.shape)
    if form != "coo":
        pointers = [0, 2, *range(3, N + 2)]
        labels = sp.csr_array((entries, labels.coords[1], pointers), Y.shape).asformat(form)
    if valid:
        assert_array_equal(unfitted().fit(X, labels).coefs_[0], unfitted().fit(X, Y).coefs_[0])
    else:
        with pytest.raises(ValueError, match=r"y has several columns.* 0 and 1"):
            unfitted().fit(X, labels)

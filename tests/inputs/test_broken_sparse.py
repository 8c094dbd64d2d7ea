"""A sparse matrix whose parts point out of it: an error that names it, never a crash."""

import copy

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from skl_softmaxnet import SoftmaxMLPClassifier

repeatable = settings(max_examples=150, deadline=None, derandomize=True)
deep = settings(max_examples=10_000, deadline=None, print_blob=True)

N = 6
X = np.arange(1.0, 2 * N + 1).reshape(N, 2) / 10
Y = np.eye(3, dtype=int)[np.arange(N) % 3]
LABELS = np.arange(N) % 2


def network(**options):
    options = {"max_iter": 2, "tol": None, "random_state": 0} | options
    return SoftmaxMLPClassifier(3, output_activation="sigmoid", **options)


# Where a matrix may be passed: the argument's name, what it holds, what is called.
PLACES = {
    "fit X": ("X", X, lambda model, X: model.fit(X, LABELS)),
    "fit X in order": ("X", X, lambda model, X: model.set_params(shuffle=False).fit(X, LABELS)),
    "partial_fit X": ("X", X, lambda model, X: model.partial_fit(X, LABELS, [0, 1])),
    "fit y": ("y", Y, lambda model, Y: model.fit(X, Y)),
    "fit y in order": ("y", Y, lambda model, Y: model.set_params(shuffle=False).fit(X, Y)),
    "partial_fit y": ("y", Y, lambda model, Y: model.partial_fit(X, Y)),
    "balanced y": ("y", Y, lambda model, Y: model.set_params(class_weight="balanced").fit(X, Y)),
    "X_val": ("X_val", X, lambda model, X_val: stopped(model).fit(X, Y, X_val=X_val, y_val=Y)),
    "y_val": ("y_val", Y, lambda model, Y_val: stopped(model).fit(X, Y, X_val=X, y_val=Y_val)),
    "predict_proba": ("X", X, lambda model, X: FITTED.predict_proba(X)),
    "predict": ("X", X, lambda model, X: FITTED.predict(X)),
}
FITTED = network().fit(X, LABELS)


def stopped(model):
    return model.set_params(early_stopping=True)


def parts(matrix):
    """The arrays of whole numbers that say where the values are."""
    return [matrix.row, matrix.col] if matrix.format == "coo" else [matrix.indices, matrix.indptr]


def is_valid(matrix):
    """Tell whether SciPy would build this matrix from its parts."""
    try:
        if matrix.format == "coo":
            sp.coo_array((matrix.data, (matrix.row, matrix.col)), matrix.shape)
        else:
            copy.deepcopy(matrix).check_format(full_check=True)
    except ValueError:
        return False
    # which it does not look at where the last is 0
    return matrix.format == "coo" or (np.diff(matrix.indptr) >= 0).all()


def result_of(place, matrix):
    """What the call makes of the matrix, or its error."""
    name, _, call = PLACES[place]
    model = network()
    before = copy.copy(model)
    try:
        result = call(model, matrix)
    except ValueError as error:
        message = str(error)
    else:
        return result.coefs_[0] if isinstance(result, SoftmaxMLPClassifier) else result
    assert name in message
    assert vars(model).keys() == vars(before).keys()
    return ValueError


def check(data):
    place = data.draw(st.sampled_from(list(PLACES)))
    form = data.draw(st.sampled_from(["csr", "csc", "coo", "bsr"]))
    matrix = getattr(sp, f"{form}_array")(PLACES[place][1])
    part = data.draw(st.sampled_from(parts(matrix)))
    values = st.integers(-3, 20) | st.sampled_from([2**20, 2**30, -(2**30)])
    part[data.draw(st.integers(0, part.size - 1))] = data.draw(values)
    if not is_valid(matrix):
        assert result_of(place, matrix) is ValueError
        return
    result, expected = result_of(place, matrix), result_of(place, matrix.tocsr().toarray())
    assert_array_equal(result, expected)  # a valid one, if another


@given(data=st.data())
@repeatable
def test_a_number_that_says_where_a_value_is(data):
    check(data)


@pytest.mark.slow
@given(data=st.data())
@deep
def test_a_number_that_says_where_a_value_is_at_random(data):
    """With new random numbers in every run."""
    check(data)


@pytest.mark.parametrize("part", ["data", "indices", "indptr"])
@pytest.mark.parametrize("form", ["csr", "csc", "bsr"])
@pytest.mark.parametrize("place", PLACES)
def test_a_part_that_is_too_short(place, form, part):
    matrix = getattr(sp, f"{form}_array")(PLACES[place][1])
    setattr(matrix, part, getattr(matrix, part)[:-1])
    assert result_of(place, matrix) is ValueError


@pytest.mark.parametrize("place", PLACES)
def test_a_list_of_lists_with_a_column_too_many(place):
    matrix = sp.lil_array(PLACES[place][1])
    matrix.rows[2], matrix.data[2] = [2**20], [1.0]
    assert result_of(place, matrix) is ValueError


@pytest.mark.parametrize("form", ["csr", "csc", "coo"])
@pytest.mark.parametrize(("values", "valid"), [((0.5, 0.5), True), ((1.0, 1.0), False)])
def test_labels_in_two_parts_are_added_up(values, valid, form):
    rows, columns = Y.nonzero()
    entries = np.r_[values, np.ones(N - 1)]
    labels = sp.coo_array((entries, (np.r_[0, rows], np.r_[0, columns])), Y.shape)
    if form != "coo":
        pairs = labels.row, labels.col
        labels = sp.csr_array((entries, pairs[1], [0, 2, *range(3, N + 2)]), Y.shape)
        labels = labels if form == "csr" else sp.csc_array(labels)
    if valid:
        assert_array_equal(network().fit(X, labels).coefs_[0], network().fit(X, Y).coefs_[0])
    else:
        with pytest.raises(ValueError, match=r"y has several columns.* 0 and 1"):
            network().fit(X, labels)

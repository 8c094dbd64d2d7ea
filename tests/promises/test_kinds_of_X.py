"""The same samples in whatever X holds them: dense or sparse, of any type, wherever in memory."""

import numpy as np
import pytest
import scipy.sparse as sp
from helpers import (
    TRAININGS,
    assert_same_bits,
    assert_same_training,
    network,
    of_training,
    samples,
    train,
    weights_of_kind,
)
from numpy.testing import assert_allclose, assert_array_equal

pytestmark = pytest.mark.usefixtures("engine")

FORMATS = ["csr", "csc", "coo", "lil", "dok", "bsr", "dia"]
each_dtype = pytest.mark.parametrize("dtype", [np.float64, np.float32])
each_shuffle = pytest.mark.parametrize("shuffle", [True, False])


def with_stored_zeros(X, index_dtype=np.int32):
    """CSR that stores all values, half of the zeros as -0.0."""
    n_samples, n_features = X.shape
    data = X.ravel().copy()
    data[(data == 0) & (np.arange(data.size) % 2 == 0)] = -0.0
    indices = np.tile(np.arange(n_features, dtype=index_dtype), n_samples)
    indptr = np.arange(n_samples + 1, dtype=index_dtype) * n_features
    return sp.csr_array((data, indices, indptr), shape=X.shape)


def at_offset(array, n_bytes):
    """A copy that starts so many bytes behind the beginning of a cache line."""
    memory = np.empty(array.nbytes + 64 + n_bytes, dtype=np.uint8)
    start = -memory.ctypes.data % 64 + n_bytes
    copy = memory[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


def with_parts(X, change, names=("data", "indices", "indptr")):
    """CSR with some of its arrays laid out otherwise: SciPy leaves them as they are."""
    X = sp.csr_array(X)
    for name in names:
        setattr(X, name, change(getattr(X, name)))
    return X


def spread(array):
    """The same values, every second one of a longer array."""
    return np.repeat(array, 2, axis=-1)[..., ::2]


def backwards(array):
    """The same values, the last one first in memory."""
    return np.flip(np.flip(array).copy())


KINDS = {
    **{f"{name}_array": lambda X, name=name: sp.csr_array(X).asformat(name) for name in FORMATS},
    **{f"{name}_matrix": lambda X, name=name: sp.csr_matrix(X).asformat(name) for name in FORMATS},
    "minus zero": lambda X: np.where(X == 0, -X.dtype.type(0), X),
    "Fortran order": np.asfortranarray,
    "every second column": spread,
    "backwards": backwards,
    "big-endian": lambda X: X.astype(X.dtype.newbyteorder(">")),
    "stored zeros": with_stored_zeros,
    "64-bit indices": lambda X: with_stored_zeros(X, np.int64),
    "spread parts": lambda X: with_parts(X, spread),
    "parts backwards": lambda X: with_parts(X, backwards),
    "big-endian parts": lambda X: with_parts(X, lambda a: a.astype(a.dtype.newbyteorder(">"))),
    "big-endian indices": lambda X: with_parts(X, lambda a: a.astype(">i4"), ["indices"]),
    "indices of 64 bits": lambda X: with_parts(X, lambda a: a.astype(np.int64), ["indices"]),
    "indptr of 64 bits": lambda X: with_parts(X, lambda a: a.astype(np.int64), ["indptr"]),
    # 1 and 3: what a memory map of a file with a header of any length may be
    **{f"at offset {n}": lambda X, n=n: at_offset(X, n) for n in (0, 1, 3, 4, 8, 24, 32, 56)},
    **{
        f"parts at offset {n}": lambda X, n=n: with_parts(X, lambda a: at_offset(a, n))
        for n in (1, 4, 24)
    },
}


@each_dtype
@each_shuffle
@pytest.mark.parametrize("kind", KINDS)
def test_kinds_of_X(kind, shuffle, dtype):
    X, y = samples(dtype=dtype)
    same_X = KINDS[kind](X)
    model = network((17, 5), shuffle=shuffle).fit(X, y)  # sizes that leave vectors half full
    again = network((17, 5), shuffle=shuffle).fit(same_X, y)
    assert_same_training(model, again)
    assert again.coefs_[0].dtype == dtype
    assert_allclose(again.predict_proba(same_X), model.predict_proba(X), rtol=1e-5)


@pytest.mark.parametrize("format", ["csr", "coo"])
@each_shuffle
@pytest.mark.parametrize("training", [name for name in TRAININGS if "standardize" not in name])
def test_sparse_is_dense(training, shuffle, format):
    parameters, X, y = of_training(training)
    parameters = parameters | {"shuffle": shuffle}
    weights = weights_of_kind("fractional", len(y))
    dense = network(**parameters).fit(X, y, sample_weight=weights)
    sparse = network(**parameters)
    sparse.fit(sp.csr_array(X).asformat(format), y, sample_weight=weights)
    assert_same_training(dense, sparse)


@each_shuffle
def test_sparse_oddities_are_dense(shuffle):
    """Unsorted columns, stored zeros of both signs, an entry given in two parts."""
    dense = np.array([[0.0, 3, 5], [7, 0, 0], [0, 2, 0]])
    data, indices = [5.0, 1, 2, -0.0, 7, 0, 2], [2, 1, 1, 1, 0, 0, 1]
    odd = sp.csr_matrix((data, indices, [0, 3, 5, 7]), shape=(3, 3))
    before = [array.copy() for array in (odd.data, odd.indices, odd.indptr)]
    expected = network(shuffle=shuffle).fit(dense, [0, 1, 2])
    assert_same_bits(expected, network(shuffle=shuffle).fit(odd, [0, 1, 2]))
    for array, copy in zip((odd.data, odd.indices, odd.indptr), before, strict=True):
        assert_array_equal(array, copy)


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [("f4", np.float32), (">f4", np.float32)]
    + [(t, np.float64) for t in ("f8", ">f8", "f2", int, bool)],
)
def test_dtypes(dtype, expected):
    X, y = samples()
    X = X.astype(dtype)
    model = network().fit(X, y)
    for array in (*model.coefs_, *model.intercepts_):
        assert array.dtype == expected
        assert array.dtype.isnative
    for name in ("decision_function", "predict_proba", "predict_log_proba"):
        assert getattr(model, name)(X).dtype == expected
    assert_same_bits(model, network().fit(X.astype(expected), y))


@pytest.mark.parametrize("order", ["C", "F", "strided"])
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_inputs_are_only_read(method, order):
    X, y = samples()
    sample_weight = weights_of_kind("relative", len(y))
    given = spread(X) if order == "strided" else X.copy(order=order)
    arrays = [given, y.copy(), sample_weight.copy()]
    for array in arrays:
        array.flags.writeable = False
    model = train(network(), method, *arrays[:2], sample_weight=arrays[2])
    model.predict_proba(given)
    for array, original in zip(arrays, (X, y, sample_weight), strict=True):
        assert_array_equal(array, original)
    assert_same_bits(model, train(network(), method, X, y, sample_weight=sample_weight))

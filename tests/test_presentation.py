"""From rows and weights to the order of presentations."""

import itertools
import math
import struct

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from skl_softmaxnet import _engine, _presentation
from skl_softmaxnet._engine import _hashing, _numpy
from skl_softmaxnet._presentation import Presentations, content_hash, relative_to_counts, shuffles

repeatable = settings(max_examples=50, deadline=None, derandomize=True)


# --- The list of presentations ---


def listed(weights):
    """The rule, row by row: ⌊w⌋ times in full, and once more at the rest."""
    for row, weight in enumerate(weights):
        yield from [(row, 1.0)] * math.floor(weight)
        yield from [(row, weight % 1)] * (weight % 1 > 0)


def pairs(presentations):
    fractions = presentations.fractions
    if fractions is None:
        fractions = np.ones(len(presentations.rows))
    return list(zip(presentations.rows.tolist(), fractions.tolist(), strict=True))


def test_from_weights_by_hand():
    presentations = Presentations.from_weights(4, np.array([2.0, 0, 0.25, 1.5]))
    assert pairs(presentations) == [(0, 1), (0, 1), (2, 0.25), (3, 1), (3, 0.5)]
    assert presentations.total_weight == 3.75


@given(weights=st.lists(st.floats(0, 5) | st.integers(0, 5).map(float), min_size=1, max_size=9))
@repeatable
def test_from_weights(weights):
    presentations = Presentations.from_weights(len(weights), np.array(weights))
    assert pairs(presentations) == list(listed(weights))
    assert presentations.total_weight == math.fsum(weights)
    assert presentations.rows.dtype == np.int32
    assert (presentations.fractions is None) == all(weight % 1 == 0 for weight in weights)


def test_no_weights_are_ones():
    for weights in (None, np.ones(5)):
        presentations = Presentations.from_weights(5, weights)
        assert_array_equal(presentations.rows, range(5))
        assert presentations.fractions is None
        assert presentations.total_weight == 5


@pytest.mark.parametrize("weights", [None, np.array([2.0, 0, 0.25, 1.5, 1.5])])
def test_shuffled_is_a_new_permutation_every_epoch(weights):
    presentations = Presentations.from_weights(5, weights)
    before = pairs(presentations)
    epochs = list(presentations.shuffled(np.random.RandomState(0), 20))
    for shuffled in epochs:
        assert sorted(pairs(shuffled)) == sorted(before)
        assert shuffled.total_weight == presentations.total_weight
    assert len(epochs) == 20
    assert len({tuple(pairs(shuffled)) for shuffled in epochs}) > 10
    assert pairs(presentations) == before


@pytest.fixture(params=["numpy", "chosen"])
def each_shuffle(request, monkeypatch):
    """Run the test on the shuffle written in Python, and on the one chosen at import."""
    if request.param == "numpy":
        monkeypatch.setattr(_engine, "shuffle_rows", _numpy.shuffle_rows)


@pytest.mark.usefixtures("each_shuffle")
def test_every_order_is_as_likely():
    orders = [tuple(order) for order in shuffles(np.arange(4), np.random.RandomState(0), 24_000)]
    counts = [orders.count(order) for order in itertools.permutations(range(4))]
    assert stats.chisquare(counts).pvalue > 0.01


def fisher_yates(values, generator):
    """Algorithm P, word for word."""
    values = values.copy()
    for last in range(len(values) - 1, -1, -1):
        other = int(generator.random_sample() * (last + 1))
        values[last], values[other] = values[other], values[last]
    return values


@pytest.mark.usefixtures("each_shuffle")
@pytest.mark.parametrize("drawn_at_once", [1, 5, 12, 13, 25, 26, 50, 1000])
def test_shuffles_draw_numbers_in_any_portions(drawn_at_once, monkeypatch):
    monkeypatch.setattr(_presentation, "_DRAWN_AT_ONCE", drawn_at_once)
    values, generator = np.arange(12, 25), np.random.RandomState(3)
    for shuffled in shuffles(values, np.random.RandomState(3), 5):
        assert_array_equal(shuffled, fisher_yates(values, generator))


@pytest.mark.parametrize("size", [1, 4, 5, 100])
def test_slices(size):
    presentations = Presentations.from_weights(5, np.array([2.0, 0, 0.25, 1.5, 1.5]))
    slices = [pairs(Presentations(*part, total_weight=0)) for part in presentations.slices(size)]
    assert list(itertools.chain(*slices)) == pairs(presentations)
    assert [len(part) for part in slices[:-1]] == [size] * (len(slices) - 1)
    assert len(slices[-1]) <= size


@given(seed=st.integers(0, 99), weighted=st.booleans())
@repeatable
def test_content_order_does_not_depend_on_the_rows_order(seed, weighted):
    rng = np.random.RandomState(seed)
    X = rng.randint(3, size=(12, 2)).astype(float)  # repeats rows, also with other targets
    targets, order = rng.randint(2, size=12), rng.permutation(12)
    weights = rng.choice([0, 0.5, 1, 1.25, 2], size=12) if weighted else None

    def contents(X, targets, weights):
        presentations = Presentations.from_weights(12, weights, content_hash(X, targets))
        return [(*X[row], targets[row], fraction) for row, fraction in pairs(presentations)]

    permuted = contents(X[order], targets[order], None if weights is None else weights[order])
    assert permuted == contents(X, targets, weights)


def test_content_order_of_a_long_list_is_sorted_in_parts(monkeypatch):
    X, targets = random_rows(n_samples=3000)
    hashes = content_hash(X, targets)
    at_once = Presentations.from_weights(3000, hashes=hashes)
    assert_array_equal(hashes[at_once.rows], np.sort(hashes))
    monkeypatch.setattr(_presentation, "_LONG", 2999)
    in_parts = Presentations.from_weights(3000, hashes=hashes)
    assert_array_equal(in_parts.rows, at_once.rows)
    assert in_parts.rows.dtype == at_once.rows.dtype == np.int32


# --- Relative weights ---


def test_relative_to_counts_by_hand():
    assert_array_equal(relative_to_counts(np.array([0.25, 0, 0.5, 0.75])), [0.5, 0, 1, 1.5])


@given(weights=arrays(float, st.integers(1, 20), elements=st.floats(0, 1)).filter(np.any))
@repeatable
def test_relative_to_counts(weights):
    scaled = relative_to_counts(weights)
    n_positive = np.count_nonzero(weights)
    assert_array_equal(scaled[weights == 0], 0)
    if math.fsum(weights) >= n_positive:
        assert_array_equal(scaled, weights)
    else:
        assert_allclose(math.fsum(scaled), n_positive, rtol=1e-11)
        assert_allclose(scaled * (weights.max() / scaled.max()), weights, rtol=1e-11, atol=1e-300)


@pytest.mark.parametrize("n_samples", [3, 10, 49, 1000])
@pytest.mark.parametrize("scale", [1, 1e-3, 1e-300, 5e-324])
def test_equal_weights_become_ones(n_samples, scale):
    """49 times 1 / 49 is not 1 in floating point, and the sum of denormals has no inverse."""
    weights = np.full(n_samples, scale if scale < 1e-300 else scale / n_samples)
    assert_array_equal(relative_to_counts(weights), 1)


@given(weights=arrays(float, 8, elements=st.floats(0.01, 3)), seed=st.integers(0, 9))
@repeatable
def test_relative_to_counts_does_not_depend_on_the_order(weights, seed):
    order = np.random.RandomState(seed).permutation(8)
    assert_array_equal(relative_to_counts(weights[order]), relative_to_counts(weights)[order])


# --- The hash of what a row holds ---


def random_rows(n_samples=500, n_features=30):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n_samples, n_features)).astype(np.float32)
    X[rng.uniform(size=X.shape) < 0.6] = 0
    X[3] = 0
    return X, rng.randint(3, size=n_samples)


def stored_in_full(X):
    """CSR that stores every value, zeros of both signs among them, last column first."""
    n_samples, n_features = X.shape
    backwards = np.where(X == 0, -X, X)[:, ::-1]
    columns = np.tile(np.arange(n_features)[::-1], n_samples)
    return sp.csr_array((backwards.ravel(), columns, np.arange(n_samples + 1) * n_features))


def test_hash_is_its_formula():
    """Computed with Python's whole numbers, which do not wrap."""

    def scrambled(bits):
        for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
            bits = (bits ^ bits >> 33) * factor % 2**64
        return bits ^ bits >> 33

    def key(number):
        return scrambled((number + 1) * 0x9E3779B97F4A7C15 % 2**64)

    def mixed(value, column):
        (bits,) = struct.unpack("<Q", struct.pack("<d", value))
        return scrambled(bits ^ bits >> 32 ^ key(column)) if value else 0

    X, targets = random_rows(n_samples=20)
    expected = [
        (sum(mixed(value, j) for j, value in enumerate(row)) + key(len(row) + target)) % 2**64
        for row, target in zip(X.tolist(), targets.tolist(), strict=True)
    ]
    assert content_hash(X, targets).tolist() == expected


@pytest.mark.parametrize("values_per_chunk", [1, 100, 1 << 14, 1 << 30])
def test_hash_does_not_depend_on_the_container_or_the_engine(values_per_chunk, monkeypatch):
    X, targets = random_rows()
    expected = content_hash(X, targets)
    assert expected.dtype == np.uint64
    check_hashes_of_containers(X, targets, expected)
    monkeypatch.setattr(_engine, "add_row_hashes", _hashing.add_row_hashes)
    monkeypatch.setattr(_hashing, "_VALUES_PER_CHUNK", values_per_chunk)
    check_hashes_of_containers(X, targets, expected)


def check_hashes_of_containers(X, targets, expected):
    doubles = X.astype(float)
    for same_X in (X, doubles, np.where(X == 0, -X, X)):
        assert_array_equal(content_hash(same_X, targets), expected)
    wide = sp.csr_array(doubles)
    wide.indices, wide.indptr = wide.indices.astype(np.int64), wide.indptr.astype(np.int64)
    for same_X in (sp.csr_array(X), sp.csr_matrix(doubles), stored_in_full(X), wide):
        assert_array_equal(content_hash(same_X, targets), expected)
    assert_array_equal(content_hash(X[::-1].copy(), targets[::-1]), expected[::-1])


def test_hash_of_empty_sparse_rows():
    empty = sp.csr_array((4, 3))
    assert_array_equal(
        content_hash(empty, np.arange(4)), content_hash(np.zeros((4, 3)), np.arange(4))
    )


def grid(n_values, n_features):
    return np.array(list(itertools.product(range(n_values), repeat=n_features)), dtype=float)


ROWS = {
    "whole numbers": grid(16, 4),
    "fractions": grid(16, 4) / 16,
    "of both signs": grid(16, 4) - 8,
    "thirds": grid(16, 4) / 3,
    "bits": grid(2, 16),
    "one hot": np.eye(1000),
    "neighbours": np.nextafter(1, 2) ** np.arange(50_000)[:, np.newaxis],
    "large": np.arange(50_000.0)[:, np.newaxis] * 2.0**40,
    "float32": grid(16, 4).astype(np.float32) / np.float32(3),
    "powers of two": 2.0 ** np.arange(-1074, 1024)[:, np.newaxis],
}


@pytest.mark.parametrize("kind", ROWS)
def test_distinct_rows_have_distinct_hashes(kind):
    """What chance would make of 65,536 rows: one collision in 10^10 such sets."""
    X = ROWS[kind]
    assert len({row.tobytes() for row in X}) == len(X)
    assert len(np.unique(content_hash(X, np.zeros(len(X), dtype=int)))) == len(X)


def test_distinct_targets_have_distinct_hashes():
    X = grid(4, 4)
    rows, targets = np.repeat(X, 100, axis=0), np.tile(np.arange(100), len(X))
    assert len(np.unique(content_hash(rows, targets))) == len(rows)


def test_columns_and_targets_are_not_taken_for_each_other():
    """The keys of columns and of targets come from one series: column j is not target j."""
    for n_features in (1, 2, 5):
        X = np.concatenate([np.zeros((1, n_features)), np.eye(n_features)])
        rows, targets = np.repeat(X, 20, axis=0), np.tile(np.arange(20), len(X))
        assert len(np.unique(content_hash(rows, targets))) == len(rows)


def test_hashes_look_random():
    """Each of the 64 bits is set in half of the rows, in a set as regular as a grid."""
    hashes = content_hash(grid(16, 4), np.zeros(16**4, dtype=int))
    shares = [np.mean(hashes >> np.uint64(bit) & np.uint64(1)) for bit in range(64)]
    assert_allclose(shares, 0.5, atol=5 * 0.5 / np.sqrt(16**4))  # five standard deviations

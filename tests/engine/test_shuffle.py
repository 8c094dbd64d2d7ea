"""The shuffle of an epoch depends on the seed and the number of the epoch alone."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skl_softmaxnet import _engine
from skl_softmaxnet._engine import _sorting

# one where the compiled engine was not built
each_shuffle = pytest.mark.parametrize("shuffle", {_engine.shuffle, _sorting.shuffle})


def shuffled(shuffle, n_values, seed, epoch, dtype=np.int32):
    values = np.arange(n_values, dtype=dtype)
    assert shuffle(values, seed, epoch) is None
    return values


def mix(number):
    """The finalizer of SplitMix64, in Python's whole numbers."""
    number = (number ^ number >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    number = (number ^ number >> 27) * 0x94D049BB133111EB % 2**64
    return number ^ number >> 31


def expected_shuffle(n_values, seed, epoch):
    key = mix((mix(seed) + epoch) % 2**64)
    values = list(range(n_values))
    for i in range(n_values - 1, 0, -1):
        uniform = (mix((key + (i + 1) * 0x9E3779B97F4A7C15) % 2**64) >> 11) / 2**53
        j = int(uniform * (i + 1))
        values[i], values[j] = values[j], values[i]
    return values


def test_the_generator_is_splitmix64():
    """The first numbers of the reference implementation, seeded with 0."""
    assert [mix(k * 0x9E3779B97F4A7C15 % 2**64) for k in (1, 2)] == [
        0xE220A8397B1DCDAF,
        0x6E789E6AA1B965F4,
    ]


@each_shuffle
@pytest.mark.parametrize("dtype", [np.int32, np.int64])
@pytest.mark.parametrize("epoch", [-1, 0, 1, 2**40, 2**63 - 1])
@pytest.mark.parametrize("seed", [0, 1, 2**64 - 1])
def test_as_in_plain_python(shuffle, seed, epoch, dtype):
    for n_values in (0, 1, 2, 31, 32, 33, 34, 1000):
        values = shuffled(shuffle, n_values, seed, epoch, dtype)
        assert values.dtype == dtype
        assert_array_equal(values, expected_shuffle(n_values, seed, epoch))


@each_shuffle
def test_long_ones_are_the_same_in_parts(shuffle, monkeypatch):
    expected = shuffled(_engine.shuffle, 200_000, 3, 4)
    monkeypatch.setattr(_sorting, "_DRAWN_AT_ONCE", 999)
    values = shuffled(shuffle, 200_000, 3, 4)
    assert_array_equal(values, expected)
    assert_array_equal(np.sort(values), np.arange(200_000))


@each_shuffle
@pytest.mark.parametrize("seed", [-1, 2**64])
def test_seeds_are_not_cut(shuffle, seed):
    with pytest.raises(OverflowError):
        shuffle(np.arange(3), seed, 0)

"""What a fit holds in memory and what it leaves alone."""

import hashlib

import numpy as np
import pytest
import scipy.sparse as sp
from helpers import (
    assert_same_bits,
    each_dtype,
    each_method,
    network,
    only_compiled,
    peak_memory,
    train,
)

pytestmark = pytest.mark.usefixtures("engine")
MIB = 2**20


def train_once(method, X, y, hidden_layer_sizes=(2,)):
    """One pass over the samples; a small network, so that X is nearly all there is to hold."""
    return train(network(hidden_layer_sizes, max_iter=1), method, X, y)


def wide_samples(dtype, n_bytes=50 * MIB):
    """Few rows of many features, so that what is held for each row is small beside the row."""
    n_features = 4096
    n_samples = n_bytes // (n_features * np.dtype(dtype).itemsize)
    X = (np.arange(n_samples * n_features) % 251).astype(dtype).reshape(n_samples, n_features)
    return X + dtype(1), np.arange(n_samples) % 3  # no zeros, for the sparse ones


def as_sparse(X):
    columns = np.tile(np.arange(X.shape[1], dtype=np.int32), len(X))
    bounds = np.arange(len(X) + 1, dtype=np.int32) * X.shape[1]
    return sp.csr_array((X.ravel(), columns, bounds), shape=X.shape)


@only_compiled
@pytest.mark.parametrize("container", [np.asarray, as_sparse])
@each_method
@each_dtype
def test_samples_are_not_copied(method, dtype, container):
    X, y = wide_samples(dtype)
    given = container(X)
    peak, classifier = peak_memory(train_once, method, given, y)
    assert classifier.coefs_[0].dtype == dtype
    assert peak < X.nbytes / 10


@only_compiled
def test_sparse_samples_are_not_made_dense():
    n_samples, n_features = 20_000, 50_000
    columns = np.random.RandomState(0).randint(n_features, size=n_samples * 10)
    parts = np.ones(columns.size), columns, np.arange(n_samples + 1) * 10
    X = sp.csr_array(parts, shape=(n_samples, n_features))  # 8 GB, were it dense
    X.sum_duplicates()
    peak, classifier = peak_memory(train_once, "fit", X, np.arange(n_samples) % 3)
    assert peak < 16 * MIB
    assert peak_memory(classifier.predict_proba, X)[0] < 16 * MIB


@each_method
@each_dtype
def test_a_read_only_memory_map(method, dtype, tmp_path):
    """Neither is it copied into memory, nor does a byte of the file change."""
    X, y = wide_samples(dtype, n_bytes=5 * MIB)
    path = tmp_path / "X.bin"
    X.tofile(path)
    before = hashlib.sha256(path.read_bytes()).digest()
    mapped = np.memmap(path, mode="r", dtype=dtype, shape=X.shape)
    peak, classifier = peak_memory(train_once, method, mapped, y)
    assert peak < X.nbytes / 2
    assert peak_memory(classifier.predict_proba, mapped)[0] < X.nbytes / 2
    assert_same_bits(classifier, train_once(method, X, y))
    assert hashlib.sha256(path.read_bytes()).digest() == before


@only_compiled
def test_targets_are_never_one_hot():
    n_samples, n_classes = 200_000, 1000
    X = np.random.RandomState(0).normal(size=(n_samples, 2)).astype(np.float32)
    peak, classifier = peak_memory(train_once, "fit", X, np.arange(n_samples) % n_classes)
    assert classifier.coefs_[1].shape == (2, n_classes)
    # a few numbers for each sample; in float32 the matrix would be 763 MiB, in bits still 24
    assert peak < 16 * MIB

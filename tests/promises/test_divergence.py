"""Training that leaves the finite numbers says so in that epoch, and costs no model."""

import copy
import itertools
import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from helpers import (
    OPTIONS,
    each_container,
    each_dtype,
    network,
    present_nothing,
    put_in,
    replace_run,
    state,
    train,
)
from numpy.testing import assert_array_equal
from sklearn.datasets import make_blobs

pytestmark = pytest.mark.usefixtures("engine")

X, Y = make_blobs(n_samples=60, centers=3, random_state=0)
WORDS = r"diverged in epoch {}\b.*Scale the inputs.*lower learning_rate_init"
IDENTITY = {"activation": "identity", "loss": "log_loss"}
each_option = pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)


@each_dtype
@each_container
def test_a_weight_alone(dtype, container):
    """One sample, whose loss before its update is finite, and whose update is not."""
    row = container(np.full((1, 2), np.finfo(dtype).max / 4, dtype=dtype))
    model = network((), learning_rate_init=1e3, fit_intercept=False)
    train(model, "partial_fit", container(np.zeros((3, 2), dtype=dtype)), [0, 1, 2])
    put_in(model, [np.zeros((2, 3), dtype)], [np.zeros(3, dtype)])
    with pytest.raises(ValueError, match=r"epoch 2: a weight is not finite"):
        model.partial_fit(row, [1])
    assert_array_equal(model.coefs_[0], 0)


def test_the_epoch_is_named(monkeypatch):
    numbers = itertools.count(1)

    replace_run(monkeypatch, lambda run, *given: run(*given) if next(numbers) < 18 else np.inf)
    with pytest.raises(ValueError, match=WORDS.format(18)):
        network(6, max_iter=50).fit(X, Y)


@each_option
@each_container
def test_a_bad_chunk_leaves_no_trace(options, container):
    """The model is as it was, and the stream goes on as if the chunk had not come."""
    model = network(learning_rate_init=0.01, **IDENTITY, **options)
    model.partial_fit(container(X), Y, classes=[0, 1, 2]).partial_fit(container(X[:7]), Y[:7])
    spared = copy.deepcopy(model)
    with pytest.raises(ValueError, match=WORDS.format(3)):
        model.partial_fit(container(np.r_[X[:30], 1e300 * X[30:]]), Y)
    assert state(model) == state(spared)
    given = container(X[7:50]), Y[7:50]
    assert state(model.partial_fit(*given)) == state(spared.partial_fit(*given))


@each_option
@pytest.mark.parametrize("n_stored", [1, 50, 5_000])
@pytest.mark.parametrize("n_features", [1, 70, 1_000, 100_000])
def test_a_bad_chunk_of_a_wide_stream_leaves_no_trace(n_features, n_stored, options):
    """Whatever inputs it has, few or many, next to those of the network."""
    rng = np.random.RandomState(0)
    columns = np.sort(rng.choice(n_features, size=min(n_stored, n_features), replace=False))
    row = sp.csr_array((np.full(columns.size, 1e300), columns, [0, columns.size]), (1, n_features))
    model = network(3, learning_rate_init=0.01, **IDENTITY, **options)
    present_nothing(model, row, [0], classes=[0, 1])
    model.partial_fit(row * 1e-300, [1])
    before = state(model)
    with pytest.raises(ValueError, match="diverged"):
        model.partial_fit(sp.vstack([row * 1e-300, row, row, row]), [1, 0, 1, 0])
    assert state(model) == before


@each_option
@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_fit_that_diverges_keeps_the_model(options, early_stopping):
    new = network(learning_rate_init=5.0, early_stopping=early_stopping, **IDENTITY, **options)
    before = state(new)
    with pytest.raises(ValueError, match=WORDS.format(1)):
        new.fit(1e3 * X, Y)
    assert state(new) == before
    warm = {"warm_start": True, "learning_rate_init": 0.01, "early_stopping": early_stopping}
    model = network(activation="identity", **warm, **options).fit(X, Y)
    spared = copy.deepcopy(model)
    with pytest.raises(ValueError, match=WORDS.format(4)):
        model.fit(1e300 * X, Y)
    assert state(model) == state(spared)
    assert state(model.fit(X, Y)) == state(spared.fit(X, Y))


def test_held_out_samples_whose_loss_is_too_large():
    """Finite sums may have an infinite difference, and finite losses an infinite sum."""
    model = network((), early_stopping=True, learning_rate_init=0.5, **IDENTITY)
    model.fit(X / 10, Y)
    before = state(model)
    large, wrong = 1.7e308 / abs(X).max() * X[:9], (Y[:9] + 1) % 3
    with warnings.catch_warnings():
        warnings.filterwarnings("error", module="skl_softmaxnet")
        with pytest.raises(ValueError, match=r"in epoch 1: its validation loss is (inf|nan)"):
            model.fit(X / 10, Y, X_val=large, y_val=wrong)
        assert state(model) == before
        model.fit(X / 10, Y, X_val=1e-9 * large, y_val=wrong)
    assert np.isfinite(model.validation_loss_curve_).all()


def test_an_interrupt_does_not_save_what_has_diverged(monkeypatch):
    def diverge_and_interrupt(run, *arguments):
        run(*arguments[:-1], np.inf)  # the rate
        raise KeyboardInterrupt

    model = network().fit(X, Y)
    before = state(model)
    replace_run(monkeypatch, diverge_and_interrupt)
    with pytest.raises(ValueError, match=WORDS.format(1)):
        model.fit(X, Y)
    assert state(model) == before

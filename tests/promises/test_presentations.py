"""What is presented, how often, and in which order: as the engine is told."""

import math

import numpy as np
import pytest
from helpers import (
    STOPPING,
    as_labels,
    assert_close,
    assert_differs,
    assert_same_bits,
    each_container,
    network,
    of_training,
    samples,
    state,
    through_pickle,
    weights_of_kind,
)
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_breast_cancer, load_digits, load_iris
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skl_softmaxnet import SoftmaxMLPClassifier


def listed(weights):
    """The rule, row by row: ⌊w⌋ times in full, and once more at the rest."""
    for row, weight in enumerate(np.asarray(weights).tolist()):
        yield from [(row, 1.0)] * math.floor(weight)
        yield from [(row, weight % 1)] * (weight % 1 > 0)


def pairs(calls):
    """The row and the fraction of each presentation."""
    return [
        pair
        for call in calls
        for pair in zip(call.order.tolist(), call.fractions.tolist(), strict=True)
    ]


def different_rows(n_samples):
    return np.arange(1.0, n_samples + 1)[:, np.newaxis] / n_samples, np.arange(n_samples) % 2


def test_relative_weights_of_any_size(presented):
    rng = np.random.RandomState(0)
    for _ in range(50):
        weights = rng.uniform(0, 1, size=rng.randint(4, 20)) * 10.0 ** rng.randint(-300, 1)
        weights[2:][rng.uniform(size=weights.size - 2) < 0.3] = 0
        presented.clear()
        X, y = different_rows(weights.size)
        network(shuffle=False, max_iter=1).fit(X, y, sample_weight=weights)
        (call,) = presented
        scaled = np.bincount(call.order, call.fractions, minlength=weights.size)
        n_positive = np.count_nonzero(weights)
        assert_array_equal(scaled[weights == 0], 0)
        assert_allclose(scaled.sum(), n_positive, rtol=1e-11)
        assert_allclose(scaled, weights * (n_positive / weights.sum()), rtol=1e-11)


@pytest.mark.parametrize("weights", [np.ones(5), np.array([2.0, 0, 0.25, 1.5, 1.5])])
def test_each_epoch_is_another_permutation(weights, presented):
    network(max_iter=20).fit(*different_rows(5), sample_weight=weights)
    epochs = [pairs([call]) for call in presented]
    assert len(epochs) == 20
    assert all(sorted(epoch) == sorted(listed(weights)) for epoch in epochs)
    assert len(set(map(tuple, epochs))) > 10


def test_the_order_is_that_of_the_seed_and_the_epoch(presented):
    """Whatever happened in the epochs before, and wherever they were run."""
    X, y = samples()
    network(max_iter=6).fit(X, y)
    whole = [call.order.tolist() for call in presented]
    presented.clear()
    model = network(max_iter=2, warm_start=True).fit(X, y)
    model = through_pickle(model).partial_fit(X, y).set_params(max_iter=1, momentum=0.9)
    model.fit(X, y).set_params(max_iter=2).fit(X, y)
    orders = [call.order.tolist() for call in presented]
    assert orders.pop(2) == list(range(len(y)))  # one pass in the order given
    assert orders == whole[:2] + whole[3:]


@pytest.mark.parametrize("stopping", [{}, STOPPING], ids=["to the end", "stopping"])
@pytest.mark.parametrize("seed", [0, None])
def test_random_numbers_are_drawn_at_initialisation_only(seed, stopping):
    """From a generator, or from that of NumPy, whatever follows."""
    X, y = samples()
    shared, left = np.random.mtrand._rand, []
    before = shared.get_state()
    try:
        stops = {"max_iter": 50, "tol": 10.0, "n_iter_no_change": 2, "learning_rate_init": 0.3}
        for parameters in ({"max_iter": 1}, {"max_iter": 5}, stops):
            shared.seed(3)
            generator = None if seed is None else np.random.RandomState(seed)
            model = network(random_state=generator, warm_start=True, **stopping | parameters)
            model.fit(X, y).partial_fit(X, y).fit(X, y)
            left.append(state(generator or shared))
        assert left[0] == left[1] == left[2] != state(np.random.RandomState(seed or 3))
    finally:
        shared.set_state(before)


def orders(calls):
    found = [call.order.tolist() for call in calls]
    calls.clear()
    return found


@pytest.mark.parametrize("training", ["plain", "labels", "stopping", "stopping, labels"])
@each_container
@pytest.mark.parametrize("kind", ["none", "fractional"])
def test_float32_is_shown_in_the_same_order(training, kind, container, presented):
    parameters, X, y = of_training(training, 40)
    weights = weights_of_kind(kind, len(y))
    double = network(**parameters).fit(X, y, sample_weight=weights)
    expected = orders(presented)
    single = network(**parameters)
    single.fit(container(X.astype(np.float32)), y, sample_weight=weights)
    assert orders(presented) == expected
    assert_close(single, double, rtol=1e-3, atol=1e-4)
    other_seed = network(**parameters | {"random_state": 1}).fit(X, y, sample_weight=weights)
    assert orders(presented) != expected
    assert_differs(other_seed, double)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("load", [load_iris, load_breast_cancer, load_digits])
def test_behind_a_scaler_row_order_does_not_matter(load):
    """Means over rows in another order differ in their last digits, and so does all that is fed."""
    X, y = load(return_X_y=True)
    pipeline = make_pipeline(StandardScaler(), SoftmaxMLPClassifier(random_state=0))
    fitted = pipeline.fit(X, y).predict_proba(X)
    for seed in range(2):
        order = np.random.RandomState(seed).permutation(len(y))
        again = pipeline.fit(X[order], y[order]).predict_proba(X)
        assert_allclose(again, fitted, rtol=0, atol=1e-6)


@each_container
@pytest.mark.parametrize("multilabel", [False, True])
def test_rows_that_differ_beyond_float32_have_an_order_too(multilabel, container):
    rng = np.random.RandomState(0)
    X = np.array([[1.0, 0, -3], [0, 0, 2]])[rng.randint(2, size=40)]
    X[X != 0] *= 1 + 1e-12 * rng.randint(5, size=np.count_nonzero(X))
    y, weights = rng.randint(3, size=40), rng.choice([0.5, 1, 1.75], size=40)
    assert len(np.unique(X.astype(np.float32), axis=0)) == 2 < len(np.unique(X, axis=0))
    y = as_labels(X, y) if multilabel else y
    parameters = {"output_activation": "sigmoid"}
    fitted = network(**parameters).fit(container(X), y, sample_weight=weights)
    for _ in range(5):
        order = rng.permutation(40)
        again = network(**parameters)
        again.fit(container(X[order]), y[order], sample_weight=weights[order])
        assert_same_bits(fitted, again)

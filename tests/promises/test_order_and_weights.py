"""What changes no bit of a model: the order of the rows; repetition in place of weights."""

import numpy as np
import pytest
import transcription
from helpers import (
    BALANCED,
    STOPPING,
    TRAININGS,
    assert_close,
    assert_same_bits,
    assert_same_course,
    each_kind_of_weights,
    each_method,
    each_shuffle,
    each_training,
    network,
    of_training,
    present_nothing,
    samples,
    weights_of_kind,
)
from numpy.testing import assert_allclose

pytestmark = pytest.mark.usefixtures("engine")

TENTHS = {"class_weight": {0: 1.1, 1: 0.7, 2: 1.3}}
FIFTHS = {"class_weight": {0: 0.2, 1: 0.2, 2: 0.2}}


def permuted(order, *arrays):
    return [None if array is None else array[order] for array in arrays]


@each_kind_of_weights
@each_training
def test_row_order_does_not_matter(training, kind):
    parameters, X, y = of_training(training)
    weights = weights_of_kind(kind, len(y))
    fitted = network(**parameters).fit(X, y, sample_weight=weights)
    for seed in range(2):
        order = np.random.RandomState(seed).permutation(len(y))
        same_X, same_y, same_weights = permuted(order, X, y, weights)
        again = network(**parameters).fit(same_X, same_y, sample_weight=same_weights)
        assert_same_course(fitted, again)


@each_training
def test_integer_weights_are_repetition(training):
    parameters, X, y = of_training(training)
    counts = weights_of_kind("integer", len(y))
    assert set(counts) == {0, 1, 2, 3, 4}
    # np.repeat puts the copies of a row next to each other, as shuffle=False presents them. There
    # each of them has a fraction of its own, where classes have weights.
    repeated = [np.repeat(array, counts, axis=0) for array in (X, y)]
    for shuffle in (True, False) if "class_weight" not in parameters else (True,):
        weighted, again = (network(shuffle=shuffle, **parameters) for _ in range(2))
        assert_same_course(weighted.fit(X, y, sample_weight=counts), again.fit(*repeated))
        if not {"class_weight", "early_stopping"} & parameters.keys():
            assert weighted.t_ == 3 * counts.sum()


def repeated_rows(rng, kind):
    """Few different rows, many times, each time with another weight."""
    n_samples, n_different = rng.randint(20, 60), rng.randint(3, 10)
    rows, targets = rng.normal(size=(n_different, 2)), rng.randint(3, size=n_different)
    targets[:3] = [0, 1, 2]
    chosen = rng.randint(n_different, size=n_samples)
    chosen[:6] = [0, 1, 2, 0, 1, 2]
    values = range(1, 7) if kind == "whole" else [0.1, 0.5, 1.25, 2, 0.7, 1.3]
    return rows[chosen], targets[chosen], rng.choice(values, size=n_samples)


@pytest.mark.parametrize("stopping", [{}, STOPPING], ids=["to the end", "stopping"])
@pytest.mark.parametrize("parameters", [{}, BALANCED, TENTHS, FIFTHS], ids=str)
@pytest.mark.parametrize("kind", ["whole", "fractional"])
def test_repeated_rows_of_any_weights(kind, parameters, stopping):
    """Their weights are added up before anything is multiplied, rounded or set aside.

    Small class weights are relative to the weights of the samples, not to their number.
    """
    rng = np.random.RandomState(0)
    for seed in range(8):
        X, y, weights = repeated_rows(rng, kind)
        given = parameters | stopping | {"random_state": seed}
        if stopping:
            given["validation_fraction"] = rng.choice([0.1, 0.2, 0.4])
        fitted, again, repeated = (network(**given) for _ in range(3))
        order = rng.permutation(len(y))
        fitted.fit(X, y, sample_weight=weights)
        assert_same_course(fitted, again.fit(X[order], y[order], sample_weight=weights[order]))
        if kind == "whole":
            rows = np.repeat(order, weights[order])
            assert_same_course(fitted, repeated.fit(X[rows], y[rows]))


@each_shuffle
@each_training
def test_weight_zero_is_removal(training, shuffle):
    parameters, X, y = of_training(training)
    kept = np.arange(len(y)) % 4 != 0
    weighted, without = (network(shuffle=shuffle, **parameters) for _ in range(2))
    assert_same_course(weighted.fit(X, y, sample_weight=kept * 1.0), without.fit(X[kept], y[kept]))


@each_method
def test_a_fraction_is_one_more_presentation_at_a_lower_rate(method):
    X, y = (array[:4] for array in samples())
    sample_weight = np.array([2.5, 1, 0.25, 1.3])
    model = network(**TRAININGS["tutorial"], shuffle=False, max_iter=1, learning_rate_init=0.5)
    W1, W2 = (W.T.tolist() for W in present_nothing(model, X, y, classes=[0, 1, 2]).coefs_)

    getattr(model, method)(X, y, sample_weight=sample_weight)

    shares = [(0, 1), (0, 1), (0, 0.5), (1, 1), (2, 0.25), (3, 1), (3, 1.3 - 1)]
    loss = 0
    for row, share in shares:
        x, target = X[row].tolist(), y[row]
        _, o = transcription.forward(W1, W2, x, "softmax")
        loss += share * transcription.squared_error(o, target)
        W1, W2 = transcription.train_one_sample(W1, W2, x, target, 0.5 * share, "softmax")
    for fitted, W in zip(model.coefs_, (W1, W2), strict=True):
        assert_allclose(fitted, np.transpose(W), rtol=1e-12)
    assert_allclose(model.loss_, loss / sample_weight.sum(), rtol=1e-12)  # per unit of weight
    assert model.t_ == len(shares)


@each_training
def test_equal_weights_are_no_weights(training):
    """Boosting starts with 1 / n each; 49 times 1 / 49 is not 1 in floating point.

    Those that classes have may make the products larger than relative weights are taken for.
    """
    parameters, X, y = of_training(training, 60)
    _, different = np.unique(X, axis=0, return_index=True)
    for n_samples in (12, 30, 49):
        given = X[different[:n_samples]], y[different[:n_samples]]
        plain = network(**parameters).fit(*given)
        equal = [1.0] if "class_weight" in parameters else [1.0, 1 / n_samples, 0.25, 1e-3, 1e-310]
        equal += [5e-324] if training == "plain" else []  # there is no smaller part to set aside
        for weight in equal:
            weights = np.full(n_samples, weight)
            assert_same_course(plain, network(**parameters).fit(*given, sample_weight=weights))


def test_relative_weights_come_to_whole_presentations():
    """A row that weighs as much as the mean is shown once, not again for what rounding leaves."""
    X, y = np.random.RandomState(0).normal(size=(30, 3)), np.arange(30) % 3
    weights = np.resize([0.7, 1, 1.3], 30)
    expected = network().fit(X, y, sample_weight=weights)
    for factor in (0.1, 1 / 49, 0.77, 1e-300):
        model = network().fit(X, y, sample_weight=weights * factor)
        assert model.t_ == expected.t_
        assert_close(model, expected)


@each_kind_of_weights
@pytest.mark.parametrize("of_classes", [[0.21, 0.37, 0.13], [3, 0.1, 0], [1.7, 0.6, 3]], ids=str)
def test_what_is_relative(of_classes, kind):
    """Products below what the samples themselves weigh, or count, are scaled to weigh as much."""
    X, y = samples()
    weights = weights_of_kind(kind, len(y))
    weights = np.ones(len(y)) if weights is None else weights
    products = weights * np.array(of_classes)[y]
    kept = products > 0
    enough = max(weights[kept].sum(), kept.sum())
    expected = np.where(kept, products * max(1.0, enough / products.sum()), weights)
    model = network(class_weight=dict(enumerate(of_classes)))
    without = network(class_weight={k: 0.0 for k in range(3) if of_classes[k] == 0})
    model.fit(X, y, sample_weight=weights)
    assert_close(model, without.fit(X, y, sample_weight=expected))


def test_partial_fit_never_scales():
    X, y = samples()
    half_weight, half_rate = network(learning_rate_init=0.5), network(learning_rate_init=0.25)
    half_weight.partial_fit(X, y, classes=[0, 1, 2], sample_weight=np.full(len(y), 0.5))
    assert_same_bits(half_weight, half_rate.partial_fit(X, y, classes=[0, 1, 2]))


@each_training
def test_equal_seeds_give_equal_bits(training):
    parameters, X, y = of_training(training)

    def seeded(random_state):
        return network(**parameters | {"random_state": random_state}).fit(X, y)

    instance = np.random.RandomState(5)
    assert_same_course(seeded(5), seeded(5))
    assert_same_course(seeded(5), seeded(instance))
    for random_state in (instance, 6):  # the instance has gone on
        assert not np.array_equal(seeded(5).coefs_[0], seeded(random_state).coefs_[0])

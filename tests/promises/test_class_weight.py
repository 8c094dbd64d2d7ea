"""Class weights: what they are equal to, in `fit`, in a stream and for several labels."""

import numpy as np
import pytest
import scipy.sparse as sp
from helpers import (
    BALANCED,
    LABELS,
    assert_close,
    assert_differs,
    assert_same_bits,
    each_method,
    each_shuffle,
    network,
    train,
)
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import make_blobs
from sklearn.utils.class_weight import compute_sample_weight

COLORS = np.array(["blue", "green", "red"])
OF_CLASSES = {0: 1.7, 1: 0.6, 2: 3.0}
OF_COLORS = dict(zip(COLORS.tolist(), OF_CLASSES.values(), strict=True))
each_given = pytest.mark.parametrize("given", ["none", "counts", "fractions"])


def samples(n_samples=30):
    """Three classes of different sizes, which overlap; two rows are equal, with a zero."""
    X, y = make_blobs(n_samples=n_samples, centers=3, cluster_std=3.0, random_state=1)
    y[: n_samples // 3] = 0
    X[:2] = 0.0, 1.5
    return X, y


def labels():
    """Four labels, one rare, one that every sample has and one that none has."""
    X, y = samples()
    columns = [y == 0, np.arange(30) % 10 == 0, np.ones(30), np.zeros(30)]
    return X, np.column_stack(columns).astype(int)


def sample_weights(given):
    rng = np.random.RandomState(0)
    counts, fractions = rng.randint(0, 4, size=30), rng.uniform(0.5, 3, size=30)
    fractions[::7] = 0
    return {"none": np.ones(30), "counts": counts, "fractions": fractions}[given]


def assert_equal_weights(one, other):
    """What the weights are equal to is known but for rounding."""
    assert_close(one, other)
    assert one.t_ == other.t_


@each_given
@each_shuffle
@pytest.mark.parametrize(
    ("class_weight", "method"),
    [(OF_CLASSES, "fit"), (OF_CLASSES, "partial_fit"), ("balanced", "fit")],
    ids=str,
)
def test_class_weights_multiply_sample_weights(class_weight, method, shuffle, given, engine):
    """To balance, sums of weights stand for numbers of samples, as if they were repeated."""
    X, y = samples()
    weights = sample_weights(given)
    plain, weighted, expected = (
        network(shuffle=shuffle, class_weight=c) for c in (None, class_weight, None)
    )
    of_class = np.array([*OF_CLASSES.values()])
    if class_weight == "balanced":
        of_class = weights.sum() / (3 * np.bincount(y, weights))
    train(plain, method, X, y, sample_weight=weights)
    train(weighted, method, X, y, sample_weight=None if given == "none" else weights)
    train(expected, method, X, y, sample_weight=weights * of_class[y])
    assert_equal_weights(weighted, expected)
    assert_allclose(weighted.loss_curve_, expected.loss_curve_, rtol=1e-12)
    assert_differs(weighted, plain)


EQUAL_TO = {
    "missing classes weigh one": ({2: 2.5}, [1, 1, 2.5], np.asarray),
    "no class weighs more than one": ({}, [1, 1, 1], np.asarray),
    "ones": ({0: 1, 1: 1.0, 2: True}, [1, 1, 1], np.asarray),
    "a class that has no samples": (OF_CLASSES, [1.7, 1.7, 3], lambda y: np.where(y == 1, 0, y)),
    "strings": (OF_COLORS, [1.7, 0.6, 3], lambda y: COLORS[y]),
    "negative": ({-5: 1.7, 0: 0.6, 12: 3}, [1.7, 0.6, 3], lambda y: np.array([-5, 0, 12])[y]),
    "NumPy keys": ({np.int64(0): 1.7, np.int8(2): 3}, [1.7, 1, 3], np.asarray),
    "digits as text": ({"1": 0.6, "2": 3}, [1, 0.6, 3], lambda y: y.astype(str)),
    "true and false": ({False: 1.5, True: 4.0}, [1.5, 1.5, 4], lambda y: y == 2),
}


@pytest.mark.parametrize("case", EQUAL_TO)
def test_what_a_dict_is_equal_to(case):
    class_weight, of_classes, labels_of = EQUAL_TO[case]
    X, y = samples()
    model = network(class_weight=class_weight).fit(X, labels_of(y))
    weights = np.array(of_classes, dtype=float)[y]
    assert_same_bits(model, network().fit(X, labels_of(y), sample_weight=weights))


@each_method
@pytest.mark.parametrize("class_weight", [{"green": 0.0}, {"red": 2.0}, None, "balanced"], ids=str)
def test_a_class_of_weight_zero_is_known_but_never_presented(class_weight, method, engine):
    """Whether it is the class or all of its samples that weigh nothing."""
    X, y = samples()
    weights = None if class_weight == {"green": 0.0} else (y != 1) * 1.0
    model = network(class_weight=class_weight, random_state=0)
    train(model, method, X, COLORS[y], sample_weight=weights, classes=COLORS)
    assert_array_equal(model.classes_, COLORS)
    if class_weight in (None, {"green": 0.0}):
        assert model.t_ == (3 if method == "fit" else 1) * (y != 1).sum()
    assert model.predict_proba(X).shape == (30, 3)
    assert "green" not in model.predict(X)


def test_balanced_labels_are_those_of_scikit_learn(engine):
    """Of samples that have a weight: a label that only others have is a label that none has."""
    X, Y = labels()
    weights = compute_sample_weight("balanced", Y)
    assert len(np.unique(weights)) > 2
    expected = network(**LABELS).fit(X, Y, sample_weight=weights)
    for given in (Y, sp.csr_array(Y), Y.tolist()):
        assert_equal_weights(network(**LABELS, **BALANCED).fit(X, given), expected)
    assert_differs(expected, network(**LABELS).fit(X, Y))
    Y = np.column_stack([Y, np.arange(30) < 5])
    one, other = (network(**LABELS, **BALANCED) for _ in range(2))
    one.fit(X, Y, sample_weight=(np.arange(30) >= 5) * 1.0)
    assert_same_bits(one, other.fit(X[5:], Y[5:]))


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("tiny", [5e-324, 1e-310])
@pytest.mark.parametrize("parameters", [BALANCED, LABELS | BALANCED])
def test_balanced_of_a_class_of_next_to_no_weight(parameters, tiny):
    """Where its multiplier is infinite, samples of no weight are not what is wrong."""
    X, y = samples()
    weights = np.where(y == 0, 0.0, 1.0)
    weights[np.argmin(y)] = tiny
    y = y if parameters == BALANCED else np.eye(3, dtype=int)[y]
    with pytest.raises(ValueError, match="sample_weight"):
        network(**parameters).fit(X, y, sample_weight=weights)


@pytest.mark.parametrize(
    ("y", "given", "of_classes"),
    [
        # n / (K · n_k), with n, K and n_k those of the stream up to and with the sample
        ([0, 0, 1, 0, 1], [1, 1, 1, 1, 1], [1, 1, 3 / 2, 4 / 6, 5 / 4]),
        # the sums of the weights so far: 2; 3; 3.5 with 0.5; nothing new; 6.5 with 3.5
        ([0, 0, 2, 1, 2], [2, 1, 0.5, 0, 3], [1, 1, 3.5 / (2 * 0.5), 1, 6.5 / (2 * 3.5)]),
    ],
)
def test_stream_of_balanced_classes_with_a_pencil(y, given, of_classes, engine):
    X, _ = samples(5)
    products = np.multiply(given, of_classes)
    expected = network().partial_fit(X, y, classes=[0, 1, 2], sample_weight=products)
    model = network(**BALANCED).partial_fit(X, y, classes=[0, 1, 2], sample_weight=given)
    assert_same_bits(model, expected)

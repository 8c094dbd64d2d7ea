"""Class weights: what they are equal to, in `fit`, in a stream and for several labels."""

import time

import numpy as np
import pytest
import scipy.sparse as sp
from helpers import (
    BALANCED,
    LABELS,
    assert_close,
    assert_differs,
    assert_same_bits,
    network,
    optional,
    state,
    train,
)
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import make_blobs
from sklearn.exceptions import NotFittedError
from sklearn.utils.class_weight import compute_sample_weight

from skl_softmaxnet import _engine

COLORS = np.array(["blue", "green", "red"])
OF_CLASSES = {0: 1.7, 1: 0.6, 2: 3.0}
OF_COLORS = dict(zip(COLORS.tolist(), OF_CLASSES.values(), strict=True))
each_method = pytest.mark.parametrize("method", ["fit", "partial_fit"])
each_shuffle = pytest.mark.parametrize("shuffle", [True, False])
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


# --- A dict ---


@each_given
@each_shuffle
@each_method
def test_a_dict_multiplies_sample_weights(method, shuffle, given, engine):
    X, y = samples()
    weights = sample_weights(given)
    plain, weighted, expected = (
        network(shuffle=shuffle, class_weight=class_weight)
        for class_weight in (None, OF_CLASSES, None)
    )
    train(plain, method, X, y, sample_weight=weights)
    train(weighted, method, X, y, sample_weight=None if given == "none" else weights)
    product = weights * np.array([1.7, 0.6, 3.0])[y]
    train(expected, method, X, y, sample_weight=product)
    assert_equal_weights(weighted, expected)
    assert_allclose(weighted.loss_curve_, expected.loss_curve_, rtol=1e-12)
    assert_differs(weighted, plain)


EQUAL_TO = {
    "missing classes weigh one": ({2: 2.5}, [1, 1, 2.5], np.asarray),
    "no class weighs more than one": ({}, [1, 1, 1], np.asarray),
    "ones": ({0: 1, 1: 1.0, 2: True}, [1, 1, 1], np.asarray),
    "a class that has no samples": (OF_CLASSES, [1.7, 1.7, 3], lambda y: np.where(y == 1, 0, y)),
    "strings": (OF_COLORS, [1.7, 0.6, 3], lambda y: COLORS[y]),
    "objects": (OF_COLORS, [1.7, 0.6, 3], lambda y: COLORS[y].astype(object)),
    "Series": (OF_COLORS, [1.7, 0.6, 3], lambda y: optional("pandas").Series(COLORS[y])),
    "negative": ({-5: 1.7, 0: 0.6, 12: 3}, [1.7, 0.6, 3], lambda y: np.array([-5, 0, 12])[y]),
    "NumPy keys": ({np.int64(0): 1.7, np.int8(2): 3}, [1.7, 1, 3], np.asarray),
    "floats": (OF_CLASSES, [1.7, 0.6, 3], lambda y: y * 1.0),
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
def test_a_class_of_weight_zero_is_known_but_never_presented(method, engine):
    X, y = samples()
    model = train(network(class_weight={1: 0.0}), method, X, y)
    assert_array_equal(model.classes_, [0, 1, 2])
    assert model.t_ == (3 if method == "fit" else 1) * (y != 1).sum()
    assert model.predict_proba(X).shape == (30, 3)


# --- "balanced" ---


@each_given
@each_shuffle
def test_balanced_multiplies_sample_weights(shuffle, given, engine):
    """The sums of the weights stand for the numbers of samples, as if they were repeated."""
    X, y = samples()
    weights = sample_weights(given)
    balanced, expected, plain = (
        network(shuffle=shuffle, class_weight=class_weight)
        for class_weight in ("balanced", None, None)
    )
    of_class = weights.sum() / (3 * np.bincount(y, weights))
    if given != "fractions":
        repeated = np.repeat(y, weights.astype(int))
        assert_allclose(compute_sample_weight("balanced", repeated), of_class[repeated])
    expected.fit(X, y, sample_weight=weights * of_class[y])
    balanced.fit(X, y, sample_weight=None if given == "none" else weights)
    assert_equal_weights(balanced, expected)
    assert_differs(balanced, plain.fit(X, y, sample_weight=weights))


def test_balanced_labels_are_those_of_scikit_learn(engine):
    X, Y = labels()
    weights = compute_sample_weight("balanced", Y)
    assert len(np.unique(weights)) > 2
    expected = network(**LABELS).fit(X, Y, sample_weight=weights)
    for given in (Y, sp.csr_array(Y), Y.tolist()):
        assert_equal_weights(network(**LABELS, **BALANCED).fit(X, given), expected)
    assert_differs(expected, network(**LABELS).fit(X, Y))


def test_balanced_labels_without_samples_of_no_weight():
    """A label that only such samples have is a label that none has."""
    X, Y = labels()
    Y = np.column_stack([Y, np.arange(30) < 5])
    weights = (np.arange(30) >= 5).astype(float)
    one = network(**LABELS, **BALANCED).fit(X, Y, sample_weight=weights)
    assert_same_bits(one, network(**LABELS, **BALANCED).fit(X[5:], Y[5:]))


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


def test_balanced_of_equal_classes_is_none(engine):
    X, y = samples()[0], np.arange(30) % 3
    assert_same_bits(network(**BALANCED).fit(X, y), network().fit(X, COLORS[y]))


# --- A stream ---


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


def test_balanced_stream_becomes_balanced(presented):
    """After many samples, each class has had about the same total."""
    rng = np.random.RandomState(0)
    y = rng.choice(3, size=3000, p=[0.7, 0.2, 0.1])
    network((), **BALANCED).partial_fit(rng.normal(size=(3000, 2)), y, classes=[0, 1, 2])
    shares = [np.bincount(y[call.order], call.fractions, minlength=3) for call in presented]
    totals = np.sum(shares, axis=0)
    assert_allclose(totals / totals.sum(), 1 / 3, atol=0.03)


def test_a_chunk_that_fails_is_not_counted(engine):
    X, y = samples()
    model, spared = (network(**BALANCED) for _ in range(2))
    for each in (model, spared):
        each.partial_fit(X[:12], y[:12], classes=[0, 1, 2])
    with pytest.raises(ValueError, match="classes"):
        model.partial_fit(X[12:], np.r_[y[12:-1], 7])
    with pytest.raises(ValueError, match="NaN"):
        model.partial_fit(X[12:] * np.nan, y[12:])
    assert_same_bits(model.partial_fit(X[12:], y[12:]), spared.partial_fit(X[12:], y[12:]))


def test_a_new_fit_forgets_the_counts(engine):
    X, y = samples()
    model = train(network(**BALANCED), "partial_fit", X, y)
    model.fit(X, y).partial_fit(X, y)
    assert_same_bits(model, network(**BALANCED).fit(X, y).partial_fit(X, y))


def test_a_chunk_of_weight_zero_changes_nothing(engine):
    X, y = samples()
    model = train(network(class_weight={0: 0.0}), "partial_fit", X, y)
    before = state([model.coefs_, model.intercepts_])
    model.partial_fit(X[y == 0], y[y == 0])
    assert state([model.coefs_, model.intercepts_]) == before
    assert model.t_ == (y != 0).sum()


def seconds_of(call):
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def test_many_classes_take_no_longer_than_without_weights():
    """Ten thousand, one row at a time, with a weight for each: what was read once is not again."""
    X, classes = np.ones((1, 1)), np.arange(10_000)
    seconds = []
    for class_weight in (None, dict.fromkeys(classes.tolist(), 2.0)):
        model = network((), class_weight=class_weight)
        model.partial_fit(X, [0], classes=classes)
        calls = [seconds_of(lambda m=model: m.partial_fit(X, [1])) for _ in range(5)]
        seconds.append(min(calls))
    assert seconds[1] < seconds[0] + 0.1  # seconds


def test_many_balanced_labels_take_no_longer_than_few():
    """What is counted for each label takes the time of what it has, not of all there is."""
    rng = np.random.RandomState(0)
    Y = sp.random(5000, 1000, density=0.002, format="csr", random_state=rng, dtype=float)
    Y.data[:] = 1
    models = [network((), max_iter=1, **LABELS, **parameters) for parameters in ({}, BALANCED)]
    plain, balanced = (seconds_of(lambda m=m: m.fit(np.ones((5000, 1)), Y)) for m in models)
    assert balanced < 3 * plain + 0.2  # seconds


# --- Errors ---


@each_method
@pytest.mark.parametrize("class_weight", [{0: 2.0}, {}])
def test_labels_take_no_dict(class_weight, method):
    with pytest.raises(ValueError, match="class_weight"):
        train(network(class_weight=class_weight, **LABELS), method, *labels())


def test_a_stream_of_labels_cannot_be_balanced():
    X, Y = labels()
    model = network(**BALANCED, **LABELS)
    with pytest.raises(ValueError, match=r"class_weight.*sample_weight"):
        model.partial_fit(X, Y)
    with pytest.raises(NotFittedError):
        model.predict(X)


WRONG = {
    "unknown class": {5: 2.0},
    "unknown class among others": {0: 1.0, 5: 2.0},
    "text for numbers": {"0": 2.0},
    "negative": {0: -1.0},
    "NaN": {0: np.nan},
    "infinity": {0: np.inf},
    "None as weight": {0: None},
    "text as weight": {0: "a"},
    "list as weight": {0: [1.0, 2.0]},
    "too large": {0: 1e300},
    "all zero": {0: 0.0, 1: 0.0, 2: 0.0},
    "another word": "balance",
    "a number": 2.0,
    "a list": [{0: 1.0}],
}


@pytest.fixture
def no_work(monkeypatch):
    class Idle(_engine.Engine):
        def run(self, *arguments):
            raise AssertionError("the engine has run")

    monkeypatch.setattr(_engine, "Engine", Idle)


@pytest.mark.usefixtures("no_work")
@each_method
@pytest.mark.parametrize("case", WRONG)
def test_wrong_class_weights_are_named(case, method):
    X, y = samples()
    model = network(class_weight=WRONG[case])
    if (case, method) == ("all zero", "partial_fit"):
        assert train(model, method, X, y).t_ == 0  # a chunk of a stream may be without weight
        return
    with pytest.raises(ValueError, match="class_weight"):
        train(model, method, X, y)
    with pytest.raises(NotFittedError):
        model.predict(X)


def test_weights_that_leave_no_sample():
    """The class with a weight has none of its samples left."""
    X, y = samples()
    model = network(class_weight={0: 0.0, 1: 0.0})
    with pytest.raises(ValueError, match="class_weight"):
        model.fit(X, y, sample_weight=(y < 2) * 1.0)

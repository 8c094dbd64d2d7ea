"""Class weights: what they are equal to, in `fit`, in a stream and for several labels."""

import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import make_blobs
from sklearn.exceptions import NotFittedError
from sklearn.utils.class_weight import compute_sample_weight

from skl_softmaxnet import SoftmaxMLPClassifier, _engine

COLORS = np.array(["blue", "green", "red"])
FITTING = {"fit": {}, "partial_fit": {"classes": [0, 1, 2]}}
each_method = pytest.mark.parametrize("method", FITTING)
each_shuffle = pytest.mark.parametrize("shuffle", [True, False])


def network(**parameters):
    defaults = {"hidden_layer_sizes": (5,), "learning_rate_init": 0.3, "random_state": 0}
    return SoftmaxMLPClassifier(**(defaults | {"max_iter": 4, "tol": None} | parameters))


def samples(n_samples=30):
    """Three classes of different sizes, which overlap; two rows are equal, with a zero."""
    X, y = make_blobs(n_samples=n_samples, centers=3, cluster_std=3.0, random_state=1)
    y[: n_samples // 3] = 0
    X[:2] = 0.0, 1.5
    return X, y


def labels(n_samples=30):
    """Four labels, one rare, one that every sample has and one that none has."""
    X, y = samples(n_samples)
    rare = np.arange(n_samples) % 10 == 0
    columns = [y == 0, rare, np.ones(n_samples), np.zeros(n_samples)]
    return X, np.column_stack(columns).astype(int)


def counts(n_samples=30):
    return np.random.RandomState(0).randint(0, 4, size=n_samples)


def parameters_of(model):
    return [*model.coefs_, *model.intercepts_]


def assert_same_bits(one, other):
    for left, right in zip(parameters_of(one), parameters_of(other), strict=True):
        assert np.isfinite(left).all()
        assert left.tobytes() == right.tobytes()
    assert one.t_ == other.t_


def assert_close(one, other):
    for left, right in zip(parameters_of(one), parameters_of(other), strict=True):
        assert_allclose(left, right, rtol=1e-9, atol=1e-12)


def assert_differs(one, other):
    assert not np.allclose(one.coefs_[0], other.coefs_[0], rtol=1e-6)


# --- A dict ---

OF_CLASSES = {0: 1.7, 1: 0.6, 2: 3.0}


@each_shuffle
@each_method
def test_a_dict_is_sample_weights(method, shuffle, engine):
    X, y = samples()
    weights = np.array([1.7, 0.6, 3.0])[y]
    train = {"shuffle": shuffle}
    weighted = getattr(network(class_weight=OF_CLASSES, **train), method)(X, y, **FITTING[method])
    expected = getattr(network(**train), method)(X, y, sample_weight=weights, **FITTING[method])
    assert_same_bits(weighted, expected)
    assert_allclose(weighted.loss_curve_, expected.loss_curve_, rtol=1e-14)
    assert_differs(weighted, getattr(network(**train), method)(X, y, **FITTING[method]))


@each_method
def test_a_dict_multiplies_sample_weights(method, engine):
    X, y = samples()
    given = np.random.RandomState(0).uniform(0.5, 3, size=30)
    given[::7] = 0
    product = given * np.array([1.7, 0.6, 3.0])[y]
    more = FITTING[method]
    weighted = getattr(network(class_weight=OF_CLASSES), method)(X, y, sample_weight=given, **more)
    expected = getattr(network(), method)(X, y, sample_weight=product, **more)
    assert_same_bits(weighted, expected)


def test_classes_that_are_missing_weigh_one(engine):
    X, y = samples()
    expected = network().fit(X, y, sample_weight=np.array([1.0, 1.0, 2.5])[y])
    assert_same_bits(network(class_weight={2: 2.5}).fit(X, y), expected)


@pytest.mark.parametrize("class_weight", [{}, {0: 1, 1: 1.0, 2: True}])
def test_weights_of_one_are_none(class_weight, engine):
    X, y = samples()
    assert_same_bits(network(class_weight=class_weight).fit(X, y), network().fit(X, y))


LABELS = {
    "strings": (COLORS, {"blue": 1.7, "green": 0.6, "red": 3.0}),
    "objects": (COLORS.astype(object), {"blue": 1.7, "green": 0.6, "red": 3.0}),
    "negative": (np.array([-5, 0, 12]), {-5: 1.7, 0: 0.6, 12: 3.0}),
    "NumPy keys": (np.array([-5, 0, 12]), dict(zip(np.array([-5, 0, 12]), (1.7, 0.6, 3.0)))),  # noqa: B905
    "floats": (np.array([0.0, 1.0, 2.0]), OF_CLASSES),
    "digits as text": (np.array(["1", "2", "3"]), {"1": 1.7, "2": 0.6, "3": 3.0}),
}


@pytest.mark.parametrize("case", LABELS)
def test_labels_of_any_kind(case):
    X, y = samples()
    names, class_weight = LABELS[case]
    model = network(class_weight=class_weight).fit(X, names[y])
    assert_same_bits(model, network(class_weight=OF_CLASSES).fit(X, y))
    assert_array_equal(model.classes_, names)


def test_labels_that_are_true_or_false():
    X, y = samples()
    model = network(class_weight={False: 1.5, True: 4.0}).fit(X, y == 2)
    weights = np.where(y == 2, 4.0, 1.5)
    assert_same_bits(model, network().fit(X, y == 2, sample_weight=weights))


def test_labels_of_a_series():
    X, y = samples()
    class_weight = {"blue": 1.7, "green": 0.6, "red": 3.0}
    model = network(class_weight=class_weight).fit(X, pd.Series(COLORS[y]))
    assert_same_bits(model, network(class_weight=OF_CLASSES).fit(X, y))


@each_method
def test_a_class_of_weight_zero_is_known_but_never_presented(method, engine):
    X, y = samples()
    model = getattr(network(class_weight={1: 0.0}), method)(X, y, **FITTING[method])
    assert_array_equal(model.classes_, [0, 1, 2])
    n_epochs = 4 if method == "fit" else 1
    assert model.t_ == n_epochs * (y != 1).sum()
    assert model.predict_proba(X).shape == (30, 3)


def test_a_class_without_samples_may_be_named():
    """As in a fold of a cross-validation that lacks it."""
    X, y = samples()
    kept = y != 1
    model = network(class_weight=OF_CLASSES).fit(X[kept], y[kept])
    expected = network().fit(X[kept], y[kept], sample_weight=np.array([1.7, 0.6, 3.0])[y[kept]])
    assert_same_bits(model, expected)


# --- "balanced" ---


@each_shuffle
def test_balanced_is_that_of_scikit_learn(shuffle, engine):
    X, y = samples()
    balanced = network(class_weight="balanced", shuffle=shuffle).fit(X, y)
    weights = compute_sample_weight("balanced", y)
    expected = network(shuffle=shuffle).fit(X, y, sample_weight=weights)
    assert_close(balanced, expected)
    assert_differs(balanced, network(shuffle=shuffle).fit(X, y))


def test_balanced_multiplies_sample_weights(engine):
    """The sums of the weights stand for the numbers of samples: as if repeated."""
    X, y = samples()
    given = counts()
    of_repeated = compute_sample_weight("balanced", np.repeat(y, given))
    of_class = [of_repeated[np.repeat(y, given) == k][0] for k in range(3)]
    expected = network().fit(X, y, sample_weight=given * np.array(of_class)[y])
    weighted = network(class_weight="balanced").fit(X, y, sample_weight=given)
    assert_close(weighted, expected)
    assert weighted.t_ == expected.t_


def test_balanced_with_fractions(engine):
    X, y = samples()
    given = np.random.RandomState(0).uniform(0.5, 3, size=30)
    of_class = given.sum() / (3 * np.bincount(y, given))
    expected = network().fit(X, y, sample_weight=given * of_class[y])
    assert_close(network(class_weight="balanced").fit(X, y, sample_weight=given), expected)


def test_balanced_leaves_out_what_has_no_weight(engine):
    X, y = samples()
    kept = np.arange(30) % 4 != 0
    weighted = network(class_weight="balanced").fit(X, y, sample_weight=kept * 1.0)
    assert_same_bits(weighted, network(class_weight="balanced").fit(X[kept], y[kept]))


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("tiny", [5e-324, 1e-310])
def test_balanced_of_a_class_of_next_to_no_weight(tiny):
    """Where its multiplier is infinite, samples of no weight are not what is wrong."""
    X, y = samples()
    weights = np.where(y == 0, tiny, 1.0)
    weights[np.flatnonzero(y == 0)[1:]] = 0
    with pytest.raises(ValueError, match="sample_weight contains infinity"):
        network(class_weight="balanced").fit(X, y, sample_weight=weights)


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_balanced_labels_of_next_to_no_weight():
    y = np.eye(3, dtype=int)[np.arange(12) % 3]
    weights = np.where(y[:, 0] | y[:, 1], 1e-310, 1.0)
    balanced = network(class_weight="balanced", output_activation="sigmoid")
    with pytest.raises(ValueError, match="sample_weight"):
        balanced.fit(np.random.RandomState(0).normal(size=(12, 2)), y, sample_weight=weights)


def test_balanced_of_equal_classes_is_none(engine):
    X, _ = samples()
    y = np.arange(30) % 3
    assert_same_bits(network(class_weight="balanced").fit(X, y), network().fit(X, y))


def test_balanced_labels_may_be_strings(engine):
    X, y = samples()
    named = network(class_weight="balanced").fit(X, COLORS[y])
    assert_same_bits(named, network(class_weight="balanced").fit(X, y))


# --- What must not matter ---

WEIGHTS = {"dict": {0: 1.25, 1: 1.0, 2: 2.6}, "balanced": "balanced"}
each_weight = pytest.mark.parametrize("class_weight", WEIGHTS.values(), ids=WEIGHTS)


@each_weight
def test_integer_weights_are_repetition(class_weight, engine):
    X, y = samples()
    weighted = network(class_weight=class_weight).fit(X, y, sample_weight=counts())
    X_repeated, y_repeated = (np.repeat(array, counts(), axis=0) for array in (X, y))
    assert_same_bits(weighted, network(class_weight=class_weight).fit(X_repeated, y_repeated))


@pytest.mark.parametrize("seed", range(8))
def test_integer_weights_are_repetition_with_early_stopping(seed):
    """Half of the training parts have a mean weight below 1, where weights would be relative."""
    rng = np.random.RandomState(seed)
    X, y = rng.normal(size=(12, 3)), np.r_[0, 0, 1, 1, 2, 2, rng.randint(0, 3, size=6)]
    given = rng.randint(1, 4, size=12)
    parameters = {"early_stopping": True, "validation_fraction": 0.3, "class_weight": "balanced"}
    weighted = network(**parameters).fit(X, y, sample_weight=given)
    repeated = network(**parameters).fit(np.repeat(X, given, axis=0), np.repeat(y, given))
    assert_same_bits(weighted, repeated)


@each_weight
@pytest.mark.parametrize("kind", ["integer", "fractional"])
def test_row_order_does_not_matter(kind, class_weight, engine):
    X, y = samples()
    given = counts() if kind == "integer" else np.random.RandomState(0).uniform(0.5, 3, size=30)
    fitted = network(class_weight=class_weight).fit(X, y, sample_weight=given)
    for seed in range(3):
        order = np.random.RandomState(seed).permutation(30)
        permuted = network(class_weight=class_weight)
        permuted.fit(X[order], y[order], sample_weight=given[order])
        assert_same_bits(fitted, permuted)


def test_row_order_of_labels_does_not_matter(engine):
    X, Y = labels()
    given = np.random.RandomState(0).uniform(0.5, 3, size=30)
    parameters = {"class_weight": "balanced", "output_activation": "sigmoid"}
    fitted = network(**parameters).fit(X, Y, sample_weight=given)
    for seed in range(3):
        order = np.random.RandomState(seed).permutation(30)
        permuted = network(**parameters).fit(X[order], Y[order], sample_weight=given[order])
        assert_same_bits(fitted, permuted)


@each_weight
@each_shuffle
def test_sparse_is_dense(shuffle, class_weight, engine):
    X, y = samples()
    X[np.abs(X) < 2] = 0
    model = network(class_weight=class_weight, shuffle=shuffle)
    sparse = network(class_weight=class_weight, shuffle=shuffle).fit(scipy.sparse.coo_array(X), y)
    assert_same_bits(model.fit(X, y), sparse)


@each_weight
def test_warm_start_goes_on(class_weight, engine):
    X, y = samples()
    whole = network(class_weight=class_weight, max_iter=7).fit(X, y)
    resumed = network(class_weight=class_weight, max_iter=3, warm_start=True).fit(X, y)
    assert_same_bits(whole, resumed.set_params(max_iter=4).fit(X, y))


def test_parameters_are_not_changed():
    X, y = samples()
    class_weight = {0: 2.0, 1: 3.0}
    model = network(class_weight=class_weight).fit(X, y).partial_fit(X, y)
    assert model.class_weight is class_weight
    assert class_weight == {0: 2.0, 1: 3.0}


# --- A stream ---


def test_stream_of_balanced_classes_with_a_pencil(engine):
    """n / (K · n_k), with n, K and n_k those of the stream up to and with the sample."""
    X, _ = samples(5)
    expected = network().partial_fit(
        X, [0, 0, 1, 0, 1], classes=[0, 1, 2], sample_weight=[1, 1, 3 / 2, 4 / 6, 5 / 4]
    )
    model = network(class_weight="balanced")
    assert_same_bits(model.partial_fit(X, [0, 0, 1, 0, 1], classes=[0, 1, 2]), expected)


def test_weighted_stream_of_balanced_classes_with_a_pencil(engine):
    """The sums of the weights so far: 2; 3; 3.5 with 0.5; nothing new; 6.5 with 3.5."""
    X, _ = samples(5)
    y, given = [0, 0, 2, 1, 2], [2, 1, 0.5, 0, 3]
    of_classes = [1, 1, 3.5 / (2 * 0.5), 1, 6.5 / (2 * 3.5)]
    expected = network().partial_fit(
        X, y, classes=[0, 1, 2], sample_weight=np.multiply(given, of_classes)
    )
    model = network(class_weight="balanced")
    model.partial_fit(X, y, classes=[0, 1, 2], sample_weight=given)
    assert_same_bits(model, expected)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("cuts", [range(1, 30), range(7, 30, 7), [1, 2, 17, 25]], ids=str)
@each_weight
def test_chunks_do_not_matter(class_weight, cuts, weighted, engine):
    X, y = samples()
    given = np.random.RandomState(0).uniform(0, 3, size=30) if weighted else np.ones(30)
    model = network(class_weight=class_weight)
    whole = model.partial_fit(X, y, classes=[0, 1, 2], sample_weight=given)
    streamed = network(class_weight=class_weight)
    chunks = zip(*(np.split(array, cuts) for array in (X, y, given)), strict=True)
    for number, (X_chunk, y_chunk, weights) in enumerate(chunks):
        X_chunk = scipy.sparse.csr_array(X_chunk) if number % 2 else X_chunk
        streamed.partial_fit(X_chunk, y_chunk, classes=[0, 1, 2], sample_weight=weights)
        streamed = pickle.loads(pickle.dumps(streamed))
    assert_same_bits(whole, streamed)


def test_balanced_stream_becomes_balanced():
    """After many samples, each class has had about the same total."""
    rng = np.random.RandomState(0)
    y = rng.choice(3, size=3000, p=[0.7, 0.2, 0.1])
    model = network(class_weight="balanced", hidden_layer_sizes=())
    presented = []

    class Recording(_engine.Engine):
        def run(self, X, targets, rows, fractions, rate):
            shares = np.ones(rows.size) if fractions is None else fractions
            presented.append(np.bincount(targets[rows], shares, minlength=3))
            return super().run(X, targets, rows, fractions, rate)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_engine, "Engine", Recording)
        model.partial_fit(rng.normal(size=(3000, 2)), y, classes=[0, 1, 2])
    totals = np.sum(presented, axis=0)
    assert_allclose(totals / totals.sum(), 1 / 3, atol=0.03)


def test_a_chunk_that_fails_is_not_counted(engine):
    X, y = samples()
    model, spared = (network(class_weight="balanced") for _ in range(2))
    for each in (model, spared):
        each.partial_fit(X[:12], y[:12], classes=[0, 1, 2])
    with pytest.raises(ValueError, match="classes"):
        model.partial_fit(X[12:], np.r_[y[12:-1], 7])
    with pytest.raises(ValueError, match="NaN"):
        model.partial_fit(X[12:] * np.nan, y[12:])
    assert_same_bits(model.partial_fit(X[12:], y[12:]), spared.partial_fit(X[12:], y[12:]))


def test_a_new_fit_forgets_the_counts(engine):
    X, y = samples()
    model = network(class_weight="balanced").partial_fit(X, y, classes=[0, 1, 2])
    model.fit(X, y).partial_fit(X, y)
    assert_same_bits(model, network(class_weight="balanced").fit(X, y).partial_fit(X, y))


# --- Several labels ---


def test_balanced_labels_are_those_of_scikit_learn(engine):
    X, Y = labels()
    weights = compute_sample_weight("balanced", Y)
    assert len(np.unique(weights)) > 2
    multilabel = {"output_activation": "sigmoid"}
    expected = network(**multilabel).fit(X, Y, sample_weight=weights)
    for given in (Y, scipy.sparse.csr_array(Y), pd.DataFrame(Y)):
        balanced = network(class_weight="balanced", **multilabel).fit(X, given)
        assert_close(balanced, expected)
        assert balanced.t_ == expected.t_
    assert_differs(expected, network(**multilabel).fit(X, Y))


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize("class_weight", [{0: 2.0}, {}])
def test_labels_take_no_dict(class_weight, method):
    X, Y = labels()
    model = network(class_weight=class_weight, output_activation="sigmoid")
    with pytest.raises(ValueError, match="class_weight"):
        getattr(model, method)(X, Y)


def test_a_stream_of_labels_cannot_be_balanced():
    X, Y = labels()
    model = network(class_weight="balanced", output_activation="sigmoid")
    with pytest.raises(ValueError, match=r"class_weight.*sample_weight"):
        model.partial_fit(X, Y)
    with pytest.raises(NotFittedError):
        model.predict(X)


# --- Errors ---

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


# a chunk of a stream may be without weight
WRONG_CASES = [(case, method) for case in WRONG for method in FITTING]
WRONG_CASES.remove(("all zero", "partial_fit"))


@pytest.mark.parametrize(("case", "method"), WRONG_CASES)
def test_wrong_class_weights_are_named(case, method, no_work):
    X, y = samples()
    model = network(class_weight=WRONG[case])
    with pytest.raises(ValueError, match="class_weight"):
        getattr(model, method)(X, y, **FITTING[method])
    with pytest.raises(NotFittedError):
        model.predict(X)


def test_weights_that_leave_no_sample():
    """The class with a weight has none of its samples left."""
    X, y = samples()
    model = network(class_weight={0: 0.0, 1: 0.0})
    with pytest.raises(ValueError, match="class_weight"):
        model.fit(X, y, sample_weight=(y < 2) * 1.0)


def test_a_chunk_of_weight_zero_changes_nothing(engine):
    X, y = samples()
    model = network(class_weight={0: 0.0}).partial_fit(X, y, classes=[0, 1, 2])
    before = [array.copy() for array in parameters_of(model)]
    model.partial_fit(X[y == 0], y[y == 0])
    for array, copy in zip(parameters_of(model), before, strict=True):
        assert_array_equal(array, copy)
    assert model.t_ == (y != 0).sum()


def test_wrong_class_weights_spoil_no_model():
    X, y = samples()
    model = network(warm_start=True).fit(X, y)
    spared = network(warm_start=True).fit(X, y)
    for method in ("fit", "partial_fit"):
        with pytest.raises(ValueError, match="class_weight"):
            getattr(model.set_params(class_weight={0: -1.0}), method)(X, y)
    model.set_params(class_weight=None)
    assert_same_bits(model.fit(X, y), spared.fit(X, y))

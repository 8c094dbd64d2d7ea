"""Of a wide first layer, what a sparse row does not need waits for its updates; nobody can tell."""

import copy
import threading

import numpy as np
import pytest
import scipy.sparse as sp
from helpers import COMPILED, assert_close, state, through_pickle

from skl_softmaxnet import SoftmaxMLPClassifier, _classifier, _stream

pytestmark = COMPILED  # the engine in NumPy has the ordinary way only

N_FEATURES, N_CLASSES = 33_000, 3  # 264,000 weights with their padding
OPTIONS = {
    "defaults": {},
    "tutorial": {"activation": "logistic", "loss": "squared_error", "backprop": "error"},
    "large penalty": {"alpha": 20.0},
    "average": {"average": True},
    "average without decay": {"average": True, "alpha": 0.0},
    "momentum": {"momentum": 0.9},
    "momentum without decay": {"momentum": 0.9, "alpha": 0.0},
    "nesterov": {"momentum": 0.9, "nesterovs_momentum": True},
    "momentum that stays": {"momentum": 1.0, "alpha": 1.0},
    "momentum and average": {"momentum": 0.5, "average": True},
    "inverse_time": {"learning_rate": "inverse_time"},
    "class weights": {"class_weight": {0: 2, 1: 0.5}},
    "deep": {"hidden_layer_sizes": (3, 4), "activation": "tanh"},
    "standardize": {"standardize": True},
}
each_option = pytest.mark.parametrize("options", OPTIONS)


def rows(seed, n_rows, dtype=np.float64):
    rng = np.random.RandomState(seed)
    columns = rng.randint(40, size=(n_rows, 5)) * 800  # some come again, most never
    X = sp.csr_array(
        (rng.normal(size=5 * n_rows), columns.ravel(), np.arange(0, 5 * n_rows + 1, 5)),
        shape=(n_rows, N_FEATURES),
        dtype=dtype,
    )
    X.sum_duplicates()
    return X


def labels(seed, n_rows):
    return np.random.RandomState(seed + 1).randint(N_CLASSES, size=n_rows)


def stream(options="defaults", dtype=np.float64, n_rows=30):
    """A network that has learned some rows, the first ones together."""
    model = SoftmaxMLPClassifier((4,), random_state=0).set_params(**OPTIONS[options])
    model.partial_fit(rows(0, 4, dtype), labels(0, 4), classes=range(N_CLASSES))
    return continued(model, n_rows, dtype)


def continued(model, n_rows, dtype=np.float64):
    for seed in range(1, n_rows):
        model.partial_fit(rows(seed, 1, dtype), labels(seed, 1))
    return model


def ordinary(make, *arguments):
    """What comes of the same without the short way."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_stream, "_find_any", lambda estimator: None)
        return make(*arguments)


def weights_in_memory(model):
    """As they are before anyone asks for them."""
    return vars(model)["coefs_"][0].copy()


@each_option
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("n_rows", [30, 150])
def test_a_stream_ends_as_in_the_ordinary_way(options, dtype, n_rows):
    rtol, atol = (1e-10, 1e-13) if dtype == np.float64 else (1e-3, 1e-6)
    model, expected = stream(options, dtype, n_rows), ordinary(stream, options, dtype, n_rows)
    for mine, theirs in zip(model.intercepts_, expected.intercepts_, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol, atol)
    X = rows(1_000, 20, dtype)
    one_by_one = np.vstack([model.predict_proba(X[[i]]) for i in range(20)])
    np.testing.assert_allclose(one_by_one, ordinary(expected.predict_proba, X), rtol, atol)
    np.testing.assert_array_equal(one_by_one, model.predict_proba(X))
    for mine, theirs in zip(model.coefs_, expected.coefs_, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol, atol)
    np.testing.assert_allclose(model.loss_curve_, expected.loss_curve_, rtol)


@pytest.mark.parametrize("options", ["defaults", "average", "momentum", "standardize"])
def test_weights_wait_and_are_up_to_date_once_they_are_read(options):
    model = stream(options)
    waiting = weights_in_memory(model)
    assert (waiting != model.coefs_[0]).any()
    np.testing.assert_array_equal(weights_in_memory(model), model.coefs_[0])


@pytest.mark.parametrize("options", ["defaults", "average"])
def test_weights_that_wait_shrink_alike(options):
    model = stream(options)
    before = model.coefs_[0].copy()
    model.partial_fit(rows(99, 1), labels(99, 1))
    untouched = np.setdiff1d(np.arange(N_FEATURES), rows(99, 1).indices)
    keep = 1 - model.learning_rate_init * model.alpha
    np.testing.assert_allclose((model.coefs_[0] / before)[untouched], keep, rtol=1e-12)


@pytest.mark.parametrize("options", ["average without decay", "momentum without decay"])
def test_without_decay_all_bits_are_those_of_the_ordinary_way(options):
    model = stream(options, n_rows=150)
    assert state(model) == state(ordinary(lambda: stream(options, n_rows=150)))


@each_option
@pytest.mark.parametrize(
    "copied",
    [copy.deepcopy, copy.copy, through_pickle, lambda own: own],
    ids=["deepcopy", "copy", "pickle", "read"],
)
def test_copies_hold_what_the_model_does(options, copied):
    model, X = stream(options), rows(500, 5)
    probabilities = copy.deepcopy(model).predict_proba(X)
    other = copied(model)
    assert state(other.coefs_) == state(model.coefs_)
    np.testing.assert_array_equal(other.predict_proba(X), probabilities)
    assert_close(continued(other, 10), ordinary(continued, ordinary(stream, options), 10), 1e-10)


@pytest.mark.parametrize(
    "change",
    [
        {"alpha": 0.0},
        {"alpha": 1.0},
        {"momentum": 0.5},
        {"average": True},
        {"learning_rate_init": 0.1},
        {"verbose": False},
    ],
    ids=str,
)
def test_parameters_change_while_weights_wait(change):
    model = continued(stream().set_params(**change), 20)
    assert_close(model, ordinary(lambda: continued(stream().set_params(**change), 20)), 1e-10)


def test_dense_rows_follow():
    def mixed():
        model = stream()
        for seed in range(200, 210):
            model.partial_fit(rows(seed, 1).toarray(), labels(seed, 1))
        return continued(model, 10)

    assert_close(mixed(), ordinary(mixed), 1e-10)


def test_weights_that_are_put_in_while_others_wait():
    def replaced():
        model = stream()
        model.coefs_ = [model.coefs_[0] * 2, *model.coefs_[1:]]
        return continued(model, 10)

    assert_close(replaced(), ordinary(replaced), 1e-10)


def test_weights_that_were_read_are_up_to_date_when_their_estimator_is_gone():
    model = stream()
    weights, expected = model.coefs_[0], ordinary(continued, copy.deepcopy(model), 10)
    continued(model, 10)
    assert (weights != expected.coefs_[0]).any()
    del model
    np.testing.assert_allclose(weights, expected.coefs_[0], rtol=1e-10)


def test_fit_lets_go_of_weights_that_wait():
    model = stream()
    weights, expected = model.coefs_[0], ordinary(continued, copy.deepcopy(model), 10)
    continued(model, 10).set_params(max_iter=1, tol=None).fit(rows(0, 4), [0, 1, 2, 0])
    np.testing.assert_allclose(weights, expected.coefs_[0], rtol=1e-10)


def test_another_thread_learns_while_one_predicts(monkeypatch):
    """The prediction must not put what it has seen in place of what has been learned since."""

    def learn_first(estimator, X):
        monkeypatch.setattr(_classifier, "check_rows", check_rows)
        continued(model, 10)
        return check_rows(estimator, X)

    model, check_rows = stream(), _classifier.check_rows
    monkeypatch.setattr(_classifier, "check_rows", learn_first)
    model.predict_proba(sp.csc_array(rows(500, 1)))
    assert_close(model, ordinary(continued, ordinary(stream), 10), 1e-10)


def test_threads_read_the_same_weights():
    expected = stream(n_rows=100).coefs_[0].copy()
    for _ in range(20):
        model, seen = stream(n_rows=100), []
        threads = [
            threading.Thread(target=lambda: seen.append(model.coefs_[0].copy()))  # noqa: B023
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for weights in seen:
            np.testing.assert_array_equal(weights, expected)


def test_no_weights_before_training():
    assert not hasattr(SoftmaxMLPClassifier(), "coefs_")
    with pytest.raises(AttributeError, match="before it is trained"):
        _ = SoftmaxMLPClassifier().coefs_
    model = stream()
    del model.coefs_
    assert not hasattr(model, "coefs_")


def test_rows_that_wait_do_not_overflow_unnoticed():
    """With momentum 1 a row goes on for ever; the call that would lead it out of float32 raises."""

    def row(column, value):
        return sp.csr_array(([value], ([0], [column])), shape=(1, N_FEATURES), dtype=np.float32)

    options = {"momentum": 1.0, "alpha": 1e-9, "learning_rate_init": 1.0, "random_state": 0}
    model = SoftmaxMLPClassifier((), **options).partial_fit(row(0, 1), [0], classes=[0, 1])
    model.partial_fit(row(5, 1e35), [1])  # a velocity of 5e34
    for number in range(3_408):
        model.partial_fit(row(10 + number % 5, 1), [number % 2])
    with pytest.raises(ValueError, match="a weight is not finite"):
        model.partial_fit(row(10, 1), [0])
    assert np.isfinite(model.coefs_[0]).all()


def test_a_few_rows_are_short_with_momentum(monkeypatch):
    model = SoftmaxMLPClassifier((20,), momentum=0.9, random_state=0)
    X = sp.random(30, 2**18, density=1e-4, random_state=0, format="csr")
    model.partial_fit(X[:2], [0, 1], classes=range(3)).partial_fit(X[2:3], [2])
    monkeypatch.delattr(SoftmaxMLPClassifier, "_partial_fit")
    for n_rows in (1, 2, 30):
        model.partial_fit(X[:n_rows], np.arange(n_rows) % 3, sample_weight=[2.0] * n_rows)


@pytest.mark.parametrize("t", [-1, -1023])
def test_a_count_of_updates_below_zero(t):
    model = stream("momentum")
    model.t_ = t
    with pytest.raises(ValueError, match=f"t_ counts the updates so far, and cannot be {t}"):
        model.partial_fit(rows(0, 1), labels(0, 1))

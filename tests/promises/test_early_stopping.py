"""Early stopping: what is held out, how it is judged, when training stops, what is restored."""

import copy
import warnings

import numpy as np
import pytest
from helpers import (
    KEPT,
    STOPPING,
    TRAININGS,
    as_labels,
    assert_same_bits,
    assert_same_training,
    network,
    parameters_of,
    put_in,
    train,
)
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import xlogy
from sklearn.datasets import make_blobs
from sklearn.exceptions import ConvergenceWarning

from skl_softmaxnet._functions import loss_of_frequencies


def stopping(**parameters):
    defaults = {"learning_rate_init": 0.5, "max_iter": 12} | STOPPING
    return network(**{"hidden_layer_sizes": (5,)} | defaults | parameters)


def samples(n_samples=40, training=""):
    """Three classes, or labels, that overlap, so that losses and scores go up and down."""
    X, y = make_blobs(n_samples=n_samples, centers=3, cluster_std=4.0, random_state=1)
    return X, as_labels(X, y) if training == "labels" else y


def trained_weights(calls, n_samples):
    """How much of each sample is presented in an epoch of the last fit, which is forgotten."""
    call = calls[-1]
    calls.clear()
    return np.bincount(call.order, call.fractions, minlength=n_samples)


def set_aside(calls, weights):
    """What of these weights is not presented."""
    held_out = np.asarray(weights) - trained_weights(calls, len(weights))
    return np.where(held_out < 1e-9, 0, held_out)


# --- The split ---


def n_set_aside(calls, sizes, validation_fraction, seed=0):
    """Fit classes of these sizes; return how many of each are set aside."""
    y = np.repeat(np.arange(len(sizes)), sizes)
    X = np.arange(y.size, dtype=float)[:, np.newaxis] / y.size
    parameters = {"validation_fraction": validation_fraction, "random_state": seed}
    stopping(hidden_layer_sizes=(), max_iter=1, **parameters).fit(X, y)
    validation = set_aside(calls, np.ones(y.size))
    assert set(validation) == {0, 1}
    return np.bincount(y, validation)


BY_HAND = [
    ([50, 30, 20], 0.1, [5, 3, 2]),
    ([7, 5, 3], 0.4, [3, 2, 1]),  # 2.8, 2 and 1.2 of 6
    ([900, 90, 10], 0.1, [90, 9, 1]),
    ([10, 10], 0.01, [1, 0]),  # ⌈0.2⌉ in all
    ([4, 1, 1], 0.5, [3, 0, 0]),  # every class keeps one
    ([2, 2, 2], 0.9, [1, 1, 1]),
    ([2, 1], 0.1, [1, 0]),
]


def test_split_is_stratified(presented):
    for sizes, fraction, expected in BY_HAND:
        for seed in range(3):
            assert_array_equal(n_set_aside(presented, sizes, fraction, seed), expected)
    rng = np.random.RandomState(0)
    for _ in range(100):
        sizes = rng.randint(1, 40, size=rng.randint(2, 6)) + 1
        fraction = rng.uniform(0.02, 0.6)
        wanted = np.ceil(fraction * sizes.sum())
        counts = n_set_aside(presented, sizes, fraction)
        assert counts.sum() == wanted
        quotas = wanted * sizes / sizes.sum()
        free = counts < sizes - 1  # the others keep one for training
        assert (counts < sizes).all()
        assert (counts[free] > quotas[free] - 1).all()


def test_split_is_random_inside_the_classes(presented):
    """Another seed, or another call with a generator, splits differently."""
    chosen = set()
    for random_state in [*range(10), *[np.random.RandomState(50)] * 3]:
        stopping(max_iter=1, random_state=random_state).fit(*samples())
        chosen.add(trained_weights(presented, 40).tobytes())
    assert len(chosen) == 13


def test_a_repeated_sample_may_be_on_both_sides(presented):
    X, y = samples()
    stopping(validation_fraction=0.45).fit(X, y, sample_weight=np.full(40, 3))
    training = trained_weights(presented, 40)
    assert ((training > 0) & (training < 3)).any()


# --- The loss and the score, and the best weights ---


def held_out_loss(model, X, y, weights=None):
    """The mean log loss, from the probabilities: of the class, or of each of several labels."""
    if y.ndim == 1:
        losses = -model.predict_log_proba(X)[np.arange(len(y)), y]
    else:
        p = model.predict_proba(X)
        losses = -(xlogy(y, p) + xlogy(1 - y, 1 - p)).sum(axis=1)
    return np.average(losses, weights=weights)


each_training = pytest.mark.parametrize(
    "training", [name for name in TRAININGS if "stopping" not in name and name != "balanced labels"]
)


@each_training
@pytest.mark.parametrize("weighted", [False, True])
def test_the_best_weights_are_restored(weighted, training, engine, presented):
    """Judged by samples that were set aside, with their weights."""
    X, y = samples(training=training)
    weights = np.random.RandomState(0).uniform(0.7, 4, size=40) if weighted else np.ones(40)
    of_class = np.array([0.3, 1.0, 2.6]) if training == "class weights" else np.ones(3)
    if training == "balanced":
        of_class = weights.sum() / (3 * np.bincount(y, weights))
    products = weights if y.ndim == 2 else weights * of_class[y]
    n_not_last = 0
    for seed in range(6):
        model = stopping(random_state=seed, **TRAININGS[training])
        model.fit(X, y, sample_weight=weights if weighted else None)
        validation = set_aside(presented, products)
        losses, scores = model.validation_loss_curve_, model.validation_scores_
        best = np.argmin(losses)
        assert len(losses) == len(scores) == model.n_iter_ == 12
        assert 0.2 < validation.sum() / products.sum() < 0.4
        assert_allclose(held_out_loss(model, X, y, validation), losses[best], rtol=1e-12)
        assert_allclose(model.score(X, y, sample_weight=validation), scores[best], rtol=1e-12)
        assert model.best_validation_score_ == max(scores)
        n_not_last += best < 11
    assert n_not_last > 0  # otherwise nothing had to be restored


@each_training
def test_each_loss_and_score_is_that_of_the_network_after_the_epoch(training, engine):
    """And the weights of the best epoch are those of as many epochs, to the bit."""
    X, y = samples(training=training)
    given, held_out = {"random_state": 2} | TRAININGS[training], (X[:15], y[:15])
    model = stopping(**given).fit(X[15:], y[15:], X_val=held_out[0], y_val=held_out[1])
    measured = zip(model.validation_loss_curve_, model.validation_scores_, strict=True)
    for n_epochs, (loss, score) in enumerate(measured, start=1):
        then = stopping(**given | {"max_iter": n_epochs, "early_stopping": False})
        then.fit(X[15:], y[15:])
        assert_allclose(held_out_loss(then, *held_out), loss, rtol=1e-12)
        assert then.score(*held_out) == score
        if n_epochs == np.argmin(model.validation_loss_curve_) + 1:
            assert_same_bits(model, then)


# --- Held-out samples of one's own; inputs/test_any_form.py has their forms ---


def test_samples_of_ones_own(engine):
    """None of X is set aside, their order does not matter, and they may lack classes."""
    X, y = samples()
    own = stopping(validation_fraction=0.9).fit(X, y, X_val=X[:15], y_val=y[:15])
    assert own.t_ == 12 * 40
    back = slice(14, None, -1)
    reverse = stopping(validation_fraction=0.9).fit(X, y, X_val=X[back], y_val=y[back])
    assert_same_training(own, reverse)
    model = stopping().fit(X, y, X_val=X[y == 1], y_val=y[y == 1])
    best = np.argmin(model.validation_loss_curve_)
    assert model.score(X[y == 1], y[y == 1]) == model.validation_scores_[best]


# --- When training stops ---


def epochs_by_hand(losses, judged, chance, tol, n_iter_no_change):
    """After how many epochs training stops, given all that it would see."""
    best, n_failed = np.inf, 0
    for n_epochs, (loss, value) in enumerate(zip(losses, judged, strict=True), start=1):
        has_failed = loss < 0.9 * chance and value > best - tol
        n_failed = n_failed + 1 if has_failed else 0
        best = min(best, value)
        if n_failed > n_iter_no_change:
            return n_epochs
    return len(losses)


@pytest.mark.parametrize("early_stopping", [True, False])
@pytest.mark.parametrize("tol", [1e-3, 0.05])
@pytest.mark.parametrize("n_iter_no_change", [1, 3, 10])
def test_the_loss_decides_when_to_stop(n_iter_no_change, tol, early_stopping, presented):
    """That of the held-out samples, or of all, by the rule of MLPClassifier, once it has begun."""
    rule = {"learning_rate": "constant", "tol": tol, "n_iter_no_change": n_iter_no_change}
    stopped = []
    for seed in range(5):
        parameters = {"random_state": seed, "early_stopping": early_stopping, "max_iter": 80}
        X, y = samples()
        whole = stopping(**parameters).fit(X, y)
        shares = np.bincount(y, trained_weights(presented, 40) > 0)
        chance = loss_of_frequencies(shares / shares.sum(), "squared_error", "softmax")
        losses, judged = whole.loss_curve_, whole.validation_loss_curve_ or whole.loss_curve_
        assert early_stopping == (judged is not losses)
        expected = epochs_by_hand(losses, judged, chance, tol, n_iter_no_change)
        if expected < 80:
            stopped.append(expected)
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                # at this rate some lose again what they had learned, and are told so
                warnings.filterwarnings("ignore", "The network has")
                model = stopping(**parameters | rule).fit(*samples())
            assert model.n_iter_ == expected
            assert model.loss_curve_ == whole.loss_curve_[:expected]
    assert len(set(stopped)) > 1  # some stopped, at different epochs


def begun(**parameters):
    """A network that has learned, to go on at another rate."""
    return stopping(warm_start=True, shuffle=False, **parameters).fit(*samples())


@pytest.mark.parametrize(
    ("rate", "rule", "n_epochs"),
    [
        # that the loss of what is trained on keeps falling does not count
        (1e-7, {"tol": 1e-12, "n_iter_no_change": 1}, 2),
        (1e-7, {"tol": 1e-12, "n_iter_no_change": 4}, 5),
        # 10⁻⁵ is divided after 3 epochs that fail, and again; 4·10⁻⁷ is the end: 3 + 3 + 3
        (1e-5, {"tol": 0.1, "n_iter_no_change": 2}, 9),
        # every epoch is run, without a warning
        (1e-7, {"tol": None, "n_iter_no_change": 1}, 30),
    ],
)
def test_held_out_losses_that_rise_stop_training(rate, rule, n_epochs, engine):
    X, y = samples()
    model = begun(early_stopping=False)
    # held out is what further training makes less probable
    further = copy.deepcopy(model).set_params(learning_rate_init=rate, max_iter=1).fit(X, y)
    own = np.arange(40), y
    rows = further.predict_proba(X)[own] < model.predict_proba(X)[own]
    model.set_params(early_stopping=True, learning_rate_init=rate, max_iter=30, **rule)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(X, y, X_val=X[rows], y_val=y[rows])
    assert (np.diff(model.loss_curve_[12:]) < -1e-12).all()
    assert (np.diff(model.validation_loss_curve_) > 0).all()
    assert model.n_iter_ == len(model.validation_loss_curve_) == n_epochs


@pytest.mark.parametrize("early_stopping", [True, False])
@pytest.mark.parametrize("rule", [{"tol": 0.0}, {"tol": 1e-4, "n_iter_no_change": np.inf}])
def test_training_that_never_stops_to_improve_warns(rule, early_stopping):
    X, y = samples()
    model = begun(early_stopping=False)
    model.set_params(early_stopping=early_stopping, learning_rate_init=1e-7, max_iter=30, **rule)
    validation = {"X_val": X, "y_val": y} if early_stopping else {}
    with pytest.warns(ConvergenceWarning, match="max_iter"):
        model.fit(X, y, **validation)
    assert model.n_iter_ == 30


def test_attributes_with_and_without():
    X, y = samples()
    with_it, without = (stopping(early_stopping=given).fit(X, y) for given in (True, False))
    assert with_it.best_loss_ is None
    assert with_it.loss_ == with_it.loss_curve_[-1]
    assert without.best_loss_ == min(without.loss_curve_)
    assert without.loss_ == without.loss_curve_[-1]
    in_a_stream = train(stopping(), "partial_fit", X, y)  # which takes no notice
    assert in_a_stream.t_ == 40
    assert in_a_stream.best_loss_ == in_a_stream.loss_
    for model in (without, in_a_stream):
        assert model.validation_scores_ is model.best_validation_score_ is None
        assert model.validation_loss_curve_ is None


# --- Going on ---


def test_partial_fit_goes_on_from_the_best():
    X, y = samples()
    model = stopping(random_state=2).fit(X, y, X_val=X[:15], y_val=y[:15])
    other = train(stopping(early_stopping=False), "partial_fit", X, y)
    put_in(other, model.coefs_, model.intercepts_)
    assert_same_bits(model.partial_fit(X, y), other.partial_fit(X, y))


@pytest.mark.parametrize("keep", KEPT.values(), ids=KEPT)
def test_a_warm_start_splits_as_before_and_keeps_what_was_best(keep, presented):
    X, y = samples()
    for seed in range(6):
        model = keep(stopping(random_state=seed, warm_start=True).fit(X, y))
        validation = set_aside(presented, np.ones(40))
        before = copy.deepcopy(model)
        model.set_params(max_iter=3).fit(X, y)
        assert_array_equal(set_aside(presented, np.ones(40)), validation)
        losses, scores = model.validation_loss_curve_, model.validation_scores_
        assert len(losses) == len(scores) == len(model.loss_curve_) == 12 + 3
        assert model.n_iter_ == 3
        assert_allclose(held_out_loss(model, X, y, validation), min(losses), rtol=1e-12)
        assert losses[:12] == before.validation_loss_curve_
        assert scores[:12] == before.validation_scores_
        score_before = before.score(X, y, sample_weight=validation)
        assert model.best_validation_score_ == max(score_before, *scores[12:])


def wrong_way(model):
    return [-W for W in model.coefs_], [-b for b in model.intercepts_]


SPOIL = {
    "partial_fit": lambda model, X, y: [model.partial_fit(X, (y + 1) % 3) for _ in range(20)],
    "put in": lambda model, X, y: put_in(model, *wrong_way(model)),
    "in place": lambda model, X, y: [np.negative(array, array) for array in parameters_of(model)],
}


@pytest.mark.parametrize("keep", KEPT.values(), ids=KEPT)
@pytest.mark.parametrize("spoil", SPOIL.values(), ids=SPOIL)
def test_a_warm_start_returns_the_best_of_its_epochs(spoil, keep):
    """The weights that were best before are gone: those that are left must not pass for them."""
    X, y = make_blobs(n_samples=60, centers=3, cluster_std=2.0, random_state=1)
    X, X_val, y, y_val = X[20:], X[:20], y[20:], y[:20]
    model = keep(stopping(warm_start=True).fit(X, y, X_val=X_val, y_val=y_val))
    best = min(model.validation_loss_curve_)
    spoil(model, X, y)
    assert held_out_loss(model, X_val, y_val) > best
    model = keep(model).set_params(learning_rate_init=0.01, max_iter=8)
    model.fit(X, y, X_val=X_val, y_val=y_val)
    losses_since = model.validation_loss_curve_[12:]
    assert min(losses_since) > best  # or else the new best is restored in any case
    assert_allclose(held_out_loss(model, X_val, y_val), min(losses_since), rtol=1e-12)


def test_a_warm_start_with_other_validation_samples_returns_the_best_on_them():
    X, y = samples()
    hard = (y + 1) % 3
    model = stopping(warm_start=True).fit(X, y, X_val=X, y_val=y)
    before = min(model.validation_loss_curve_)
    y_val = np.where(np.arange(20) % 2, y[:20], hard[:20])
    start = held_out_loss(model, X[:20], y_val)
    model.fit(X, hard, X_val=X[:20], y_val=y_val)
    since = model.validation_loss_curve_[12:]
    assert min(since) > before
    assert_allclose(held_out_loss(model, X[:20], y_val), min(start, *since), rtol=1e-12)

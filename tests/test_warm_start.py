"""A warm start goes on as if training had not stopped."""

import copy
import io
import pickle
import warnings

import joblib
import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_array_equal
from sklearn.datasets import make_blobs

from skl_softmaxnet import SoftmaxMLPClassifier, _engine

X, Y = make_blobs(n_samples=60, centers=3, cluster_std=3, random_state=0)
SETTINGS = {
    "plain": {},
    "in order": {"shuffle": False},
    "momentum": {"momentum": 0.8, "nesterovs_momentum": True, "learning_rate_init": 0.02},
    "average": {"average": True},
    "alpha": {"alpha": 1e-3},
    "invscaling": {"learning_rate": "invscaling"},
    "inverse_time": {"learning_rate": "inverse_time"},
    "adaptive": {"learning_rate": "adaptive", "tol": 1.0, "n_iter_no_change": 2},
    "balanced": {"class_weight": "balanced"},
    "all": {"momentum": 0.5, "alpha": 1e-4, "average": True, "learning_rate": "inverse_time"},
}


def network(**parameters):
    defaults = {"hidden_layer_sizes": 6, "tol": None, "random_state": 0, "warm_start": True}
    defaults |= {"learning_rate": "constant"}
    return SoftmaxMLPClassifier(**(defaults | parameters))


def through_pickle(model):
    return pickle.loads(pickle.dumps(model))


def through_joblib(model):
    file = io.BytesIO()
    joblib.dump(model, file)
    file.seek(0)
    return joblib.load(file)


def assert_same_model(one, other):
    for a, b in zip(one.coefs_ + one.intercepts_, other.coefs_ + other.intercepts_, strict=True):
        assert_array_equal(a, b)
    assert one.loss_curve_ == other.loss_curve_
    assert (one.t_, one.n_iter_, one.best_loss_) == (other.t_, other.n_iter_, other.best_loss_)


@pytest.mark.usefixtures("engine")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("parameters", SETTINGS.values(), ids=SETTINGS)
@pytest.mark.parametrize("container", [np.asarray, sp.csr_array])
@pytest.mark.parametrize(
    "stored", [lambda model: model, copy.deepcopy, through_pickle, through_joblib]
)
def test_three_and_four_epochs_are_seven(parameters, container, stored):
    data = container(X)
    whole = network(max_iter=7, **parameters).fit(data, Y)
    parts = network(max_iter=3, **parameters).fit(data, Y)
    parts = stored(parts).set_params(max_iter=4).fit(data, Y)
    assert_same_model(parts, whole)


@pytest.mark.usefixtures("engine")
def test_stopping_by_tol_draws_no_further():
    """The random numbers of epochs that were not run are left for those to come."""
    stopped = network(tol=10.0, n_iter_no_change=2, max_iter=50).fit(X, Y)
    assert stopped.n_iter_ == 4
    stopped.set_params(tol=None, max_iter=3).fit(X, Y)
    assert_same_model(stopped, network(max_iter=7).fit(X, Y))


def test_an_instance_of_random_state_goes_on_too():
    generator = np.random.RandomState(0)
    network(random_state=generator, tol=10.0, n_iter_no_change=2, max_iter=50).fit(X, Y)
    other = np.random.RandomState(0)
    network(random_state=other, max_iter=4).fit(X, Y)
    assert generator.random_sample() == other.random_sample()


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("average", [False, True])
def test_going_on_after_an_interrupt(monkeypatch, average):
    class Interrupted(_engine.Engine):
        def run(self, *arguments):
            if self.n_presented == 3 * len(X):
                raise KeyboardInterrupt
            return super().run(*arguments)

    chosen = _engine.Engine
    monkeypatch.setattr(_engine, "Engine", Interrupted)
    model = network(max_iter=9, average=average)
    with pytest.warns(UserWarning, match="interrupted"):
        model.fit(X, Y)
    assert model.n_iter_ == 3
    monkeypatch.setattr(_engine, "Engine", chosen)
    model.set_params(max_iter=1).fit(X, Y)  # the fourth epoch had drawn its order
    assert model.t_ == 4 * len(X)


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("parameters", SETTINGS.values(), ids=SETTINGS)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_without_it_fit_begins_anew(parameters):
    parameters = parameters | {"warm_start": False, "max_iter": 3}
    again = network(**parameters).fit(X, Y).fit(X, Y)
    assert_same_model(again, network(**parameters).fit(X, Y))


@pytest.mark.parametrize("average", [False, True])
def test_weights_that_are_put_in(average):
    """They are where training starts, with momentum at rest: as in a network that is new."""
    donor = network(max_iter=3, warm_start=False).fit(X, Y)
    options = {"momentum": 0.9, "shuffle": False, "max_iter": 1, "average": average}
    model = network(**options).fit(X[:30], Y[:30])
    model.coefs_ = [weights.copy() for weights in donor.coefs_]
    model.intercepts_ = [values.copy() for values in donor.intercepts_]
    model.fit(X, Y)
    fresh = network(**options).partial_fit(X, Y, [0, 1, 2], np.zeros(len(Y)))  # presents nothing
    for mine, its in zip(fresh.coefs_, donor.coefs_, strict=True):
        mine[...] = its
    for mine, its in zip(fresh.intercepts_, donor.intercepts_, strict=True):
        mine[...] = its
    if not average:  # the average counts all presentations, of which this has had fewer
        fresh.fit(X, Y)
        assert_array_equal(model.coefs_[0], fresh.coefs_[0])
        assert_array_equal(model.intercepts_[1], fresh.intercepts_[1])
    assert model.t_ == 30 + len(X)


WRONG = {
    "other sizes": ({"hidden_layer_sizes": 7}, X, Y, "hidden_layer_sizes"),
    "more layers": ({"hidden_layer_sizes": (6, 6)}, X, Y, "hidden_layer_sizes"),
    "other outputs": ({"output_activation": "sigmoid"}, X, Y, "output_activation"),
    "other labels": ({}, X, Y + 1, r"y holds \[.*1.*2.*3.*0"),
    "fewer labels": ({}, X[Y < 2], Y[Y < 2], "y holds"),
    "other features": ({}, X[:, :1], Y, "X has 1 features"),
}


@pytest.mark.parametrize(("parameters", "data", "labels", "message"), WRONG.values(), ids=WRONG)
def test_what_does_not_fit_is_refused(parameters, data, labels, message):
    """Nothing is lost, random numbers included."""
    model, spared = network(max_iter=2).fit(X, Y), network(max_iter=2).fit(X, Y)
    before = model.get_params()
    with pytest.raises(ValueError, match=message):
        model.set_params(**parameters).fit(data, labels)
    model.set_params(**before)
    assert_same_model(model, spared)
    assert_same_model(model.fit(X, Y), spared.fit(X, Y))


def test_the_rate_of_a_warm_start_may_be_set_anew():
    """A constant rate is what the parameter says, whatever it was."""
    model = network(max_iter=2, learning_rate="inverse_time", decay=9.0).fit(X, Y)
    model.set_params(learning_rate="constant", learning_rate_init=0.2, max_iter=2)
    first, second = model.fit(X, Y).loss_curve_[-2:]
    assert first != second
    assert model._rate_divisor == 1


def test_a_converged_training_gets_its_patience_back():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = network(tol=10.0, n_iter_no_change=2, max_iter=50).fit(X, Y)
        assert model.n_iter_ == 4
        assert model.fit(X, Y).n_iter_ == 4 + 3


PUT_IN = {
    "intercepts too short": ("intercepts_", 0, np.zeros(3)),
    "coefs too long": ("coefs_", 1, np.zeros((5000, 3))),
    "coefs too narrow": ("coefs_", 0, np.zeros((2, 3))),
    "outputs too few": ("coefs_", 1, np.zeros((6, 2))),
    "one dimension": ("coefs_", 0, np.zeros(2)),
    "a number": ("intercepts_", 1, 0.5),
}


@pytest.mark.parametrize(("name", "index", "array"), PUT_IN.values(), ids=PUT_IN)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.usefixtures("engine")
def test_weights_of_another_shape_are_refused(name, index, array, method):
    model = network(max_iter=2).fit(X, Y)
    getattr(model, name)[index] = array
    with pytest.raises(
        ValueError, match=r"coefs_ .* 2 inputs and 3 outputs|coefs_ have the shapes"
    ):
        getattr(model, method)(X, Y)


def test_weights_of_another_kind_are_taken():
    """Nested lists, integers and float32, whatever the dtype was."""
    model, spared = network(max_iter=2).fit(X, Y), network(max_iter=2).fit(X, Y)
    for each in (model, spared):
        each.coefs_ = [np.round(3 * weights) for weights in each.coefs_]
    model.coefs_ = [model.coefs_[0].tolist(), model.coefs_[1].astype(int)]
    model.intercepts_ = [values.tolist() for values in model.intercepts_]
    assert_array_equal(model.fit(X, Y).coefs_[0], spared.fit(X, Y).coefs_[0])


@pytest.mark.parametrize("options", [{"average": True}, {"momentum": 0.5}], ids=str)
def test_any_row_of_a_wide_network_may_be_put_in(options):
    wide = np.random.RandomState(0).normal(size=(70, 3000))
    model = network(hidden_layer_sizes=4, max_iter=1, **options).fit(wide, Y[:35].repeat(2))
    coefs = [weights.copy() for weights in model.coefs_]
    coefs[0][1::2] = 5
    model.coefs_ = coefs
    model.fit(wide, Y[:35].repeat(2))
    assert (model.coefs_[0][1::2] > 4).all()


def test_a_failing_fit_gives_the_generator_back():
    generator = np.random.RandomState(0)
    model = network(random_state=generator, max_iter=2).fit(X, Y)
    spared = network(max_iter=2).fit(X, Y)
    with pytest.raises(ValueError, match="diverged"):
        model.set_params(warm_start=False, learning_rate_init=1e300).fit(1e300 * X, Y)
    model.set_params(warm_start=True, learning_rate_init=0.05).fit(X, Y)
    assert_same_model(model, spared.fit(X, Y))


@pytest.mark.usefixtures("engine")
def test_an_interrupt_while_shuffling_draws_nothing(monkeypatch):
    model, spared = network(max_iter=3).fit(X, Y), network(max_iter=3).fit(X, Y)

    def interrupted(*arguments):
        raise KeyboardInterrupt

    chosen = _engine.shuffle_rows
    monkeypatch.setattr(_engine, "shuffle_rows", interrupted)
    with pytest.warns(UserWarning, match="interrupted"):
        model.fit(X, Y)
    monkeypatch.setattr(_engine, "shuffle_rows", chosen)
    assert_same_model(model, spared)
    assert_same_model(model.fit(X, Y), spared.fit(X, Y))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("inverse_time", "constant", [1.0, 1.0]),
        ("constant", "inverse_time", [1.3, 1.4]),
        ("constant", "invscaling", [181.0**0.5, 241.0**0.5]),
        ("invscaling", "adaptive", [1.0, 1.0]),
    ],
)
def test_the_schedule_may_be_set_anew(monkeypatch, before, after, expected):
    model = network(max_iter=3, learning_rate=before).fit(X, Y)
    rates = []

    class Noting(_engine.Engine):
        def run(self, X, targets, rows, fractions, rate):
            rates.append(rate)
            return super().run(X, targets, rows, fractions, rate)

    monkeypatch.setattr(_engine, "Engine", Noting)
    model.set_params(max_iter=2, learning_rate=after).fit(X, Y)
    assert_array_equal(rates, [0.05 / divisor for divisor in expected])


def test_no_random_state_is_a_generator_of_its_own():
    """Which the seed of NumPy's own determines, and which nobody else draws from."""
    shared = np.random.mtrand._rand
    shared.seed(3)
    model = network(random_state=None, tol=10.0, n_iter_no_change=1, max_iter=50).fit(X, Y)
    drawn = shared.random_sample(4)
    shared.seed(3)
    again = network(random_state=None, tol=10.0, n_iter_no_change=1, max_iter=50).fit(X, Y)
    assert_array_equal(shared.random_sample(4), drawn)
    assert_same_model(model, again)
    kept = through_pickle(model)
    shared.random_sample(7)
    assert_same_model(model.fit(X, Y), kept.fit(X, Y))
    assert model._random_state is not shared

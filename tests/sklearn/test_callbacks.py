"""scikit-learn's callbacks, of version 1.9, and nothing of them where there are none."""

import warnings
from functools import partial

import numpy as np
import pytest
from helpers import TRAININGS, assert_same_bits, samples
from helpers import network as any_network
from numpy.testing import assert_array_equal

from skl_softmaxnet import _callbacks

X, Y = samples(90)
network = partial(any_network, max_iter=5)


class Recorder:
    """Notes what it is told, and asks to stop at the end of one epoch."""

    def __init__(self, stop_after=None, fail_after=None):
        self.stop_after, self.fail_after = stop_after, fail_after
        self.calls, self.models = [], []

    def setup(self, estimator, context):
        self.calls.append("setup")

    def teardown(self, estimator, context):
        self.calls.append("teardown")

    def on_fit_task_begin(self, estimator, context, *, X=None, y=None, metadata=None):
        self.calls.append(f"begin {context.task_name}")
        self.given = X, y, metadata

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        self.calls.append(f"end {context.task_name}")
        if context.task_name == "epoch":
            self.models.append(fitted_estimator)
        if self.fail_after in (context.task_name, len(self.models)):
            raise RuntimeError("a callback that fails")
        return context.task_name == "epoch" and len(self.models) == self.stop_after


def no_callback_is_left(estimator):
    return {name for name in vars(estimator) if "callback" in name} <= {"_skl_callbacks"}


def test_without_callbacks_nothing_of_them_is_called(monkeypatch):
    """And so it is with scikit-learn before 1.9, where `set_callbacks` is missing."""

    def called(*arguments, **more):
        raise AssertionError("called without a callback")

    monkeypatch.setattr(
        _callbacks.CallbackSupportMixin, "_init_callback_context", called, raising=False
    )
    model = network().fit(X, Y)
    assert model.n_iter_ == 5
    assert not any("callback" in name for name in vars(model))


class TestWithScikitLearn:
    @pytest.fixture(autouse=True)
    def _callbacks_of_scikit_learn(self):
        self.callback = pytest.importorskip("sklearn.callback", reason="scikit-learn before 1.9")

    def test_one_task_an_epoch(self):
        recorder, weights = Recorder(), np.ones(len(Y))
        model = network().set_callbacks(recorder).fit(X, Y, sample_weight=weights)
        epochs = ["begin epoch", "end epoch"] * 5
        assert recorder.calls == ["setup", "begin fit", *epochs, "end fit", "teardown"]
        assert recorder.given[0] is X
        assert recorder.given[1] is Y
        assert recorder.given[2]["sample_weight"] is weights
        assert no_callback_is_left(model)
        assert_same_bits(model, network().fit(X, Y))

    @pytest.mark.parametrize(
        "training", ["plain", "average, alpha", "stopping", "standardize", "momentum"]
    )
    @pytest.mark.usefixtures("engine")
    def test_the_model_as_it_stands(self, training):
        """It is that of as many epochs, later ones leave it alone, and it can go on."""
        recorder, parameters = Recorder(), TRAININGS[training]
        network(**parameters).set_callbacks(recorder).fit(X, Y)
        for n_epochs, model in enumerate(recorder.models, start=1):
            alone = network(max_iter=n_epochs, **parameters).fit(X, Y)
            assert_same_bits(model, alone)
            assert model.n_iter_ == n_epochs == len(model.loss_curve_)
            assert model.t_ == alone.t_
            assert_array_equal(model.predict_proba(X), alone.predict_proba(X))
            if n_epochs < 5 and "early_stopping" not in parameters:
                model.set_callbacks().set_params(warm_start=True, max_iter=5 - n_epochs)
                assert_same_bits(model.fit(X, Y), network(**parameters).fit(X, Y))

    @pytest.mark.usefixtures("engine")
    @pytest.mark.parametrize("shuffle", [True, False])
    def test_a_callback_stops_training(self, shuffle):
        parameters = {"tol": 1e-4, "max_iter": 50, "shuffle": shuffle, "warm_start": True}
        model = network(**parameters).set_callbacks(Recorder(stop_after=3))
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # it did not fail to converge: it was stopped
            warnings.filterwarnings("ignore", "The network has learned next to nothing")
            model.fit(X, Y)
        assert model.n_iter_ == 3
        model.set_callbacks().set_params(max_iter=4, tol=None).fit(X, Y)
        assert_same_bits(model, network(max_iter=7, shuffle=shuffle).fit(X, Y))

    @pytest.mark.parametrize(
        ("y", "fail_after"),
        [(np.zeros(90), None), (Y, 2), (Y, "fit")],
        ids=["wrong y", "failing in an epoch", "failing at the end"],
    )
    def test_errors_tear_down_and_keep_the_model(self, y, fail_after):
        model = network().fit(X, Y)
        recorder = Recorder(fail_after=fail_after)
        model.set_callbacks(recorder)
        names, before = list(vars(model)), model.predict_proba(X)
        with pytest.raises((ValueError, RuntimeError)):
            model.fit(X, y)
        assert recorder.calls[-1] == "teardown"
        assert no_callback_is_left(model)
        assert list(vars(model)) == names
        assert_array_equal(model.predict_proba(X), before)

    def test_scoring_monitor(self):
        monitor = self.callback.ScoringMonitor(scoring="accuracy")
        model = network().set_callbacks(monitor).fit(X, Y)
        scores = [entry["accuracy"] for entry in monitor.get_logs().data]
        by_epoch = [network(max_iter=n).fit(X, Y).score(X, Y) for n in range(1, 6)]
        assert sorted(scores) == sorted([*by_epoch, model.score(X, Y)])  # epochs, and the whole
        assert len(set(by_epoch)) > 1

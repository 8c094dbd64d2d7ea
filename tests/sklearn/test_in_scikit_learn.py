"""The estimator among the tools of scikit-learn, and the attributes they look at."""

import copy
import pickle
import re
import warnings

import joblib
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone, is_classifier
from sklearn.datasets import load_iris, make_blobs
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import get_tags

from skl_softmaxnet import SoftmaxMLPClassifier, _engine


def samples(n_samples=40):
    return make_blobs(n_samples, centers=3, n_features=2, cluster_std=2, random_state=0)


def network(**parameters):
    defaults = {"hidden_layer_sizes": (6,), "learning_rate_init": 0.3, "random_state": 0}
    defaults |= {"max_iter": 5, "tol": None}
    return SoftmaxMLPClassifier(**(defaults | parameters))


# --- Selection and evaluation ---


def test_grid_search_in_a_pipeline():
    X, y = make_blobs(n_samples=90, centers=3, random_state=1)
    pipeline = Pipeline([("scale", StandardScaler()), ("network", network())])
    grid = {
        "network__learning_rate_init": [1e-6, 0.3],
        "network__hidden_layer_sizes": [(), (5,), (4, 4)],
    }
    search = GridSearchCV(pipeline, grid, cv=3, n_jobs=2, error_score="raise").fit(X, y)

    assert len(search.cv_results_["params"]) == 6
    # One is a rate at which nothing is learnt in five epochs.
    assert search.best_params_["network__learning_rate_init"] == 0.3
    assert search.best_score_ > 0.95
    assert_array_equal(search.predict(X), search.best_estimator_.predict(X))


def test_cross_validation_on_iris():
    pipeline = make_pipeline(StandardScaler(), network(max_iter=15))
    assert cross_val_score(pipeline, *load_iris(return_X_y=True), cv=3).mean() > 0.9


def test_is_a_classifier():
    assert is_classifier(SoftmaxMLPClassifier())


def test_tags():
    tags = get_tags(SoftmaxMLPClassifier())
    assert tags.estimator_type == "classifier"
    assert tags.input_tags.sparse
    assert not tags.input_tags.allow_nan
    assert tags.classifier_tags.multi_class
    assert not tags.non_deterministic
    assert tags.requires_fit


# --- Copies ---


def test_clone_has_the_parameters_and_nothing_else():
    classifier = network(activation="tanh", loss="log_loss").fit(*samples())
    copied = clone(classifier)
    assert copied.get_params() == classifier.get_params()
    assert not hasattr(copied, "coefs_")


def dump_and_load(classifier, mmap_mode=None, path=None):
    joblib.dump(classifier, path)
    return joblib.load(path, mmap_mode=mmap_mode)


COPIES = {
    "pickle": lambda classifier, path: pickle.loads(pickle.dumps(classifier)),
    "deepcopy": lambda classifier, path: copy.deepcopy(classifier),
    "joblib": lambda classifier, path: dump_and_load(classifier, path=path),
    "joblib, read-only": lambda classifier, path: dump_and_load(classifier, "r", path),
}


@pytest.mark.parametrize("how", COPIES)
def test_a_copy_predicts_and_learns_like_the_original(how, engine, tmp_path):
    X, y = samples()
    classifier = network().fit(X, y)
    copied = COPIES[how](classifier, tmp_path / "model.joblib")
    probabilities = classifier.predict_proba(X)
    assert_array_equal(copied.predict_proba(X), probabilities)

    copied.partial_fit(X, y)

    assert_array_equal(classifier.predict_proba(X), probabilities)  # nothing is shared
    assert_array_equal(copied.predict_proba(X), classifier.partial_fit(X, y).predict_proba(X))


def test_a_pickle_holds_no_samples():
    few, many = (len(pickle.dumps(network().fit(*samples(n)))) for n in (40, 400))
    assert abs(many - few) < 40


# --- Frames ---


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_feature_names(method):
    X, y = samples()
    frame = pd.DataFrame(X, columns=["width", "height"])
    more = {"classes": [0, 1, 2]} if method == "partial_fit" else {}
    classifier = getattr(network(), method)(frame, y, **more)

    assert_array_equal(classifier.feature_names_in_, ["width", "height"])
    assert classifier.n_features_in_ == 2
    assert_array_equal(
        classifier.predict(frame), getattr(network(), method)(X, y, **more).predict(X)
    )
    for wrong in (frame[["height", "width"]], frame.rename(columns={"width": "depth"})):
        with pytest.raises(ValueError, match="feature names"):
            classifier.predict(wrong)
        with pytest.raises(ValueError, match="feature names"):
            classifier.partial_fit(wrong, y)


def test_an_array_gives_no_feature_names():
    X, y = samples()
    classifier = network().fit(pd.DataFrame(X, columns=["width", "height"]), y)
    assert not hasattr(classifier.fit(X, y), "feature_names_in_")


def test_set_output_in_a_pipeline():
    X, y = samples()
    frame = pd.DataFrame(X, columns=["width", "height"])
    pipeline = make_pipeline(StandardScaler(), network()).set_output(transform="pandas")
    pipeline.fit(frame, y)
    assert_array_equal(pipeline[-1].feature_names_in_, ["width", "height"])
    scaled = pipeline[0].transform(frame)
    assert isinstance(scaled, pd.DataFrame)
    from_array = network().fit(scaled.to_numpy(), y)
    assert_array_equal(pipeline.predict_proba(frame), from_array.predict_proba(scaled.to_numpy()))


# --- Attributes ---


@pytest.mark.parametrize("output_activation", ["softmax", "sigmoid"])
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("hidden_layer_sizes", [(), (6,), (5, 4)])
def test_attributes(hidden_layer_sizes, n_classes, output_activation):
    X, y = make_blobs(30, centers=n_classes, random_state=0)
    classifier = network(
        hidden_layer_sizes=hidden_layer_sizes, output_activation=output_activation
    ).fit(X, y)
    assert_array_equal(classifier.classes_, range(n_classes))
    assert classifier.n_layers_ == len(hidden_layer_sizes) + 2
    assert classifier.n_outputs_ == n_classes  # two classes keep two output units
    assert classifier.out_activation_ == output_activation
    sizes = [2, *hidden_layer_sizes, n_classes]
    assert [b.shape for b in classifier.intercepts_] == [(size,) for size in sizes[1:]]
    assert classifier.n_iter_ == 5
    assert classifier.t_ == 5 * 30
    assert len(classifier.loss_curve_) == 5
    assert classifier.loss_ == classifier.loss_curve_[-1]
    assert classifier.best_loss_ == min(classifier.loss_curve_)


def test_presentations_are_counted_on():
    X, y = samples(40)
    classifier = network().partial_fit(X, y, classes=[0, 1, 2], sample_weight=np.zeros(40))
    assert classifier.t_ == 0
    assert classifier.partial_fit(X, y).t_ == 40
    assert classifier.partial_fit(X[:3], y[:3], sample_weight=[0, 2, 1.5]).t_ == 44
    assert np.isfinite(classifier.loss_)


# --- The end of the training ---


def epochs_of_the_rule(losses, tol, n_iter_no_change):
    """When MLPClassifier would stop: too many epochs in a row without tol better than the best."""
    best, without_change = np.inf, 0
    for epoch, loss in enumerate(losses, start=1):
        without_change = without_change + 1 if loss > best - tol else 0
        best = min(best, loss)
        if without_change > n_iter_no_change:
            return epoch
    return None


@pytest.mark.parametrize(("tol", "n_iter_no_change"), [(3e-3, 1), (3e-3, 4), (2e-2, 2), (1e9, 3)])
def test_training_stops_as_in_mlp_classifier(tol, n_iter_no_change):
    X, y = samples()
    losses = network(max_iter=60).fit(X, y).loss_curve_
    expected = epochs_of_the_rule(losses, tol, n_iter_no_change)
    assert expected is not None

    stopping = {"learning_rate": "constant", "tol": tol, "n_iter_no_change": n_iter_no_change}
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        classifier = network(max_iter=60, **stopping).fit(X, y)

    assert classifier.n_iter_ == expected
    assert classifier.loss_curve_ == losses[:expected]
    assert classifier.best_loss_ == min(losses[:expected])


def test_all_epochs_and_a_convergence_warning():
    with pytest.warns(ConvergenceWarning, match="max_iter|[Ii]terations"):
        classifier = network(tol=0.0, n_iter_no_change=np.inf).fit(*samples())
    assert classifier.n_iter_ == 5


def test_no_tolerance_no_convergence_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        assert network(max_iter=1, tol=None).fit(*samples()).n_iter_ == 1


@pytest.mark.parametrize("interrupted_call", [1, 3])
def test_an_interrupted_fit_is_usable(interrupted_call, engine, monkeypatch):
    """Ctrl-C before an epoch: a warning, and the model of the epochs before it."""
    X, y = samples()

    class InterruptedEngine(_engine.Engine):
        n_calls = 0

        def run(self, *arguments, **keywords):
            InterruptedEngine.n_calls += 1
            if InterruptedEngine.n_calls == interrupted_call:
                raise KeyboardInterrupt
            return super().run(*arguments, **keywords)

    with monkeypatch.context() as patch:
        patch.setattr(_engine, "Engine", InterruptedEngine)
        with pytest.warns(UserWarning, match="(?i)interrupt"):
            classifier = network().fit(X, y)

    assert InterruptedEngine.n_calls == interrupted_call
    assert classifier.t_ == (interrupted_call - 1) * len(y)  # so small an epoch is one slice
    assert_allclose(classifier.predict_proba(X).sum(axis=1), 1)
    if interrupted_call > 1:
        earlier = network(max_iter=interrupted_call - 1).fit(X, y)
        assert_array_equal(classifier.predict_proba(X), earlier.predict_proba(X))
    pickle.loads(pickle.dumps(classifier)).partial_fit(X, y)


def test_verbose_prints_a_line_per_epoch(capsys):
    classifier = network(verbose=True).fit(*samples())
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 5
    for epoch, (line, loss) in enumerate(zip(lines, classifier.loss_curve_, strict=True), start=1):
        numbers = [float(number) for number in re.findall(r"[-+.\de]*\d", line)]
        assert epoch in numbers
        assert any(np.isclose(number, loss, rtol=1e-3) for number in numbers), line


def test_silent_unless_asked(capsys):
    network(verbose=False).fit(*samples())
    assert capsys.readouterr().out == ""


def test_html_links_to_the_documentation():
    classifier = SoftmaxMLPClassifier()
    link = classifier._get_doc_link()
    assert link.startswith("https://")
    assert link in classifier._repr_html_()

"""The estimator inside everything of scikit-learn that takes a classifier."""

from functools import partial

import numpy as np
import pytest
import sklearn
from helpers import assert_differs, assert_same_bits
from helpers import network as any_network
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import ensemble, metrics, model_selection
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import make_blobs, make_moons
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.semi_supervised import SelfTrainingClassifier

CALIBRATIONS = ["sigmoid", "isotonic"]
if tuple(map(int, sklearn.__version__.split(".")[:2])) >= (1, 8):
    CALIBRATIONS.append("temperature")
COLOURS = np.array(["red", "green", "blue", "grey"])


network = partial(any_network, hidden_layer_sizes=10, activation="tanh", max_iter=60)


def halves(X, y, seed=0):
    """Return X_train, X_test, y_train and y_test."""
    return model_selection.train_test_split(X, y, test_size=0.5, stratify=y, random_state=seed)


def moons(seed=0):
    """Two classes, no line between them: 0.85 for a linear classifier, 0.92 for a good one."""
    return halves(*make_moons(600, noise=0.25, random_state=seed), seed)


def colours(n_classes=3):
    """Clouds that overlap a little, with strings for labels."""
    X, y = make_blobs(300, centers=n_classes, cluster_std=1.2, center_box=(-7, 7), random_state=8)
    return halves(StandardScaler().fit_transform(X), COLOURS[y])


def two_questions():
    """Two labels, and the second is 1 only where the first is."""
    X, _, _, _ = moons()
    first = X[:, 0] > 0.5
    labels = np.column_stack([first, (X[:, 1] > 0) & first]).astype(int)
    return model_selection.train_test_split(X, labels, test_size=0.5, random_state=0)


def few_labels():
    """Ten labels of each colour are given, as numbers, and -1 for the other 120."""
    X_train, X_test, y_train, y_test = colours()
    _, numbers = np.unique(y_train, return_inverse=True)
    known = np.concatenate([np.flatnonzero(numbers == label)[:10] for label in range(3)])
    partly = np.full(len(numbers), -1)
    partly[known] = numbers[known]
    return X_train, X_test, partly, np.unique(y_train).searchsorted(y_test)


def members():
    return [("network", network()), ("line", LogisticRegression()), ("clouds", GaussianNB())]


def chain(method):
    scaled = make_pipeline(StandardScaler(), network())  # decision values are large
    return ClassifierChain(scaled, chain_method=method, cv=3)


SPACE = {
    "learning_rate_init": [1e-7, 0.1, 0.3],  # at one of them nothing is learnt
    "hidden_layer_sizes": [(), (5,), (4, 4)],
    "activation": ["logistic", "tanh"],
    "output_activation": ["softmax", "sigmoid"],
    "backprop": ["error", "gradient"],
}
RATES = {"learning_rate_init": [1e-7, 1e-6, 1e-5, 0.3]}
EPOCHS = {"resource": "max_iter", "min_resources": 4, "max_resources": 12, "random_state": 0}
HOW = {"cv": 3, "error_score": "raise"}
PIPELINE = make_pipeline(StandardScaler(), network())
IN_PIPELINE = {f"softmaxmlpclassifier__{name}": SPACE[name] for name in list(SPACE)[:2]}

TUNED = model_selection.TunedThresholdClassifierCV

MADE_OF_NETWORKS = [
    (colours, OneVsRestClassifier(network())),
    (partial(colours, n_classes=4), OneVsOneClassifier(network())),
    (colours, ensemble.VotingClassifier(members(), voting="soft")),
    (colours, ensemble.StackingClassifier(members()[1:], network(), cv=3)),
    (moons, ensemble.StackingClassifier(members()[:2], stack_method="decision_function", cv=3)),
    (moons, ensemble.BaggingClassifier(network(), n_estimators=10, n_jobs=2, random_state=0)),
    (moons, ensemble.AdaBoostClassifier(network(), n_estimators=5, random_state=0)),
    (few_labels, SelfTrainingClassifier(network(), threshold=0.9, max_iter=20)),
    (two_questions, OneVsRestClassifier(network())),
    (two_questions, MultiOutputClassifier(network(), n_jobs=2)),
    *((two_questions, chain(m)) for m in ("predict", "predict_proba", "decision_function")),
    *((moons, TUNED(network(), response_method=m)) for m in ("predict_proba", "decision_function")),
    *((moons, CalibratedClassifierCV(network(), method=m, cv=3)) for m in CALIBRATIONS),
    *((colours, CalibratedClassifierCV(network(), method=m, cv=3)) for m in CALIBRATIONS),
    (colours, model_selection.GridSearchCV(PIPELINE, IN_PIPELINE, n_jobs=2, **HOW)),
    (colours, model_selection.RandomizedSearchCV(network(), SPACE, random_state=0, **HOW)),
    # each round gives the better half of the rates three times the epochs
    (colours, model_selection.HalvingGridSearchCV(network(), RATES, **EPOCHS, **HOW)),
]


@pytest.mark.parametrize(("data", "classifier"), MADE_OF_NETWORKS)
def test_made_of_networks(data, classifier):
    X_train, X_test, y_train, y_test = data()
    classifier = clone(classifier).fit(X_train, y_train)
    assert classifier.score(X_test, y_test) > 0.85
    predicted = classifier.predict(X_test)
    assert set(np.unique(predicted)) == set(np.unique(y_test))
    if y_train.ndim == 1 and hasattr(classifier, "predict_proba"):
        probabilities = classifier.predict_proba(X_test)
        assert probabilities.shape == (len(y_test), len(classifier.classes_))
        assert probabilities.min() >= 0
        assert_allclose(probabilities.sum(axis=1), 1)
        if not isinstance(classifier, TUNED):
            assert_array_equal(predicted, classifier.classes_[probabilities.argmax(axis=1)])
    if hasattr(classifier, "best_params_"):
        best = {name.split("__")[-1]: value for name, value in classifier.best_params_.items()}
        assert best["learning_rate_init"] >= 0.1
        assert best.get("max_iter") in (None, 12)


def test_bagging_draws_counts_or_rows():
    """The same to this network."""
    X, _, y, _ = moons()
    bagging = ensemble.BaggingClassifier(network(), n_estimators=5, random_state=0).fit(X, y)
    for member, rows in zip(bagging.estimators_, bagging.estimators_samples_, strict=True):
        assert_same_bits(member, clone(member).fit(X[rows], y[rows]))


def boosting(X, y, seed, base):
    more = {"n_estimators": 10, "learning_rate": 0.5, "random_state": seed}
    return ensemble.AdaBoostClassifier(base, **more).fit(X, y)


def test_boosting_begins_with_the_network_itself():
    """Its weights sum to one: equal ones must train the network just as no weights do."""
    X, _, y, _ = moons()
    first, second, *_ = boosting(X, y, 0, network()).estimators_
    assert_same_bits(first, clone(first).fit(X, y))
    assert not np.array_equal(second.coefs_[0], clone(second).fit(X, y).coefs_[0])


def test_boosting_is_worth_it():
    """Boosted networks are better than a single one that is itself a good one."""
    alone, boosted = [], []
    for seed in range(10):
        X_train, X_test, y_train, y_test = moons(seed)
        base = network(hidden_layer_sizes=5, activation="logistic", random_state=seed)
        base.set_params(learning_rate_init=0.3)
        boosted.append(boosting(X_train, y_train, seed, base).score(X_test, y_test))
        alone.append(base.fit(X_train, y_train).score(X_test, y_test))
    assert np.mean(alone) > 0.9
    assert np.mean(boosted) >= np.mean(alone)


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


@pytest.mark.usefixtures("routing")
@pytest.mark.parametrize("searched", [False, True])
def test_weights_are_routed_to_a_network_in_a_pipeline(searched):
    X, _, y, _ = colours()
    weights = np.random.default_rng(0).integers(1, 5, len(y)) * np.where(y == "red", 0.5, 1)
    scaler = StandardScaler().set_fit_request(sample_weight=False)
    asking = make_pipeline(scaler, network(max_iter=5).set_fit_request(sample_weight=True))
    if searched:
        accuracy = metrics.get_scorer("accuracy").set_score_request(sample_weight=True)
        grid = {"softmaxmlpclassifier__max_iter": [5]}
        search = model_selection.GridSearchCV(asking, grid, scoring=accuracy, cv=3)
        asking = search.fit(X, y, sample_weight=weights).best_estimator_
    else:
        asking.fit(X, y, sample_weight=weights)
    scaled = StandardScaler().fit_transform(X)
    assert_same_bits(asking[-1], network(max_iter=5).fit(scaled, y, sample_weight=weights))
    assert_differs(asking[-1], network(max_iter=5).fit(scaled, y))
    with pytest.raises(UnsetMetadataPassedError, match="sample_weight"):
        make_pipeline(scaler, network()).fit(X, y, sample_weight=weights)  # nobody asked for them


@pytest.mark.usefixtures("routing")
def test_validation_samples_are_routed_and_scaled_on_their_way():
    X_train, X_val, y_train, y_val = colours()
    asking = network(early_stopping=True).set_fit_request(X_val=True, y_val=True)
    pipeline = make_pipeline(StandardScaler(), asking, transform_input=["X_val"])
    pipeline.fit(X_train, y_train, X_val=X_val, y_val=y_val)

    scaler = StandardScaler().fit(X_train)
    alone = network(early_stopping=True)
    alone.fit(scaler.transform(X_train), y_train, X_val=scaler.transform(X_val), y_val=y_val)
    assert_same_bits(pipeline[-1], alone)
    assert pipeline[-1].validation_scores_ == alone.validation_scores_


@pytest.mark.usefixtures("routing")
def test_what_each_method_can_ask_for():
    asking = network().set_fit_request(sample_weight=True, X_val=True, y_val=False)
    asking.set_partial_fit_request(sample_weight=True, classes="labels")
    asking.set_score_request(sample_weight=False)
    requests = asking.get_metadata_routing()
    assert requests.fit.requests == {"sample_weight": True, "X_val": True, "y_val": False}
    assert requests.partial_fit.requests == {"sample_weight": True, "classes": "labels"}
    assert requests.score.requests == {"sample_weight": False}

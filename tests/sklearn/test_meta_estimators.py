"""The estimator inside everything of scikit-learn that takes a classifier."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit, softmax
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV, CalibrationDisplay
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_digits, make_blobs, make_moons
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.inspection import DecisionBoundaryDisplay, permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (
    RocCurveDisplay,
    auc,
    balanced_accuracy_score,
    get_scorer,
    log_loss,
    roc_auc_score,
)
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    RandomizedSearchCV,
    StratifiedKFold,
    TunedThresholdClassifierCV,
    cross_val_predict,
    learning_curve,
    train_test_split,
    validation_curve,
)
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.semi_supervised import SelfTrainingClassifier

from skl_softmaxnet import SoftmaxMLPClassifier

CALIBRATIONS = ["sigmoid", "isotonic"]
if tuple(map(int, sklearn.__version__.split(".")[:2])) >= (1, 8):
    CALIBRATIONS.append("temperature")
COLOURS = np.array(["red", "green", "blue", "grey"])


def network(**parameters):
    """Small and quick; with all named that decides what it learns, to outlast other defaults."""
    defaults = {"hidden_layer_sizes": (10,), "activation": "tanh", "loss": "squared_error"}
    defaults |= {"learning_rate_init": 0.1, "max_iter": 60, "tol": None, "random_state": 0}
    return SoftmaxMLPClassifier(**(defaults | parameters))


def halves(X, y, seed=0):
    """Return X_train, X_test, y_train and y_test."""
    return train_test_split(X, y, test_size=0.5, stratify=y, random_state=seed)


def moons(seed=0):
    """Two classes, no line between them: 0.85 for a linear classifier, 0.92 for a good one."""
    return halves(*make_moons(600, noise=0.25, random_state=seed), seed)


def colours(n_classes=3):
    """Clouds that overlap a little, with strings for labels."""
    X, y = make_blobs(300, centers=n_classes, cluster_std=1.2, center_box=(-7, 7), random_state=8)
    return halves(StandardScaler().fit_transform(X), COLOURS[y])


def assert_probabilities(probabilities, n_samples, n_classes):
    assert probabilities.shape == (n_samples, n_classes)
    assert probabilities.min() >= 0
    assert_allclose(probabilities.sum(axis=1), 1)


def assert_same_network(one, other):
    for ours, theirs in zip(
        one.coefs_ + one.intercepts_, other.coefs_ + other.intercepts_, strict=True
    ):
        assert_array_equal(ours, theirs)


# --- Probabilities made better ---


@pytest.mark.parametrize("method", CALIBRATIONS)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_calibration(n_classes, method):
    """An overconfident network, trained too long on too few samples, gets better probabilities."""
    X, y = make_blobs(400, centers=n_classes, cluster_std=4, random_state=2)
    X_train, X_test, y_train, y_test = halves(StandardScaler().fit_transform(X), COLOURS[y])
    overconfident = network(hidden_layer_sizes=(30,), loss="log_loss", learning_rate_init=0.2)
    calibrated = CalibratedClassifierCV(overconfident, method=method, cv=3).fit(X_train, y_train)
    alone = overconfident.fit(X_train, y_train)

    probabilities = calibrated.predict_proba(X_test)
    assert_probabilities(probabilities, 200, n_classes)
    assert log_loss(y_test, probabilities) < log_loss(y_test, alone.predict_proba(X_test))
    assert calibrated.score(X_test, y_test) >= alone.score(X_test, y_test) - 0.05


@pytest.mark.parametrize("response_method", ["predict_proba", "decision_function"])
def test_tuned_threshold(response_method):
    """Of a rare class more is found with the threshold moved to where the two errors balance."""
    X, y = make_blobs([900, 60], centers=[[0, 0], [2, 0]], random_state=0)
    X_train, X_test, y_train, y_test = halves(X, np.where(y == 1, "rare", "common"))
    tuned = TunedThresholdClassifierCV(
        network(), scoring="balanced_accuracy", response_method=response_method, cv=3
    ).fit(X_train, y_train)

    usual = {"predict_proba": 0.5, "decision_function": 0}[response_method]
    assert tuned.best_threshold_ < usual
    alone = network().fit(X_train, y_train)
    balanced, before = (
        balanced_accuracy_score(y_test, model.predict(X_test)) for model in (tuned, alone)
    )
    assert balanced > before + 0.05


# --- Many classifiers from one ---


def test_one_vs_rest():
    X_train, X_test, y_train, y_test = colours()
    classifier = OneVsRestClassifier(network()).fit(X_train, y_train)

    assert [len(member.classes_) for member in classifier.estimators_] == [2, 2, 2]
    assert classifier.score(X_test, y_test) > 0.9
    assert_probabilities(classifier.predict_proba(X_test), 150, 3)
    decisions = classifier.decision_function(X_test)  # (n, 3)
    for member, column in zip(classifier.estimators_, decisions.T, strict=True):
        assert_array_equal(column, member.decision_function(X_test))


def test_one_vs_rest_for_several_labels_of_a_sample():
    X, y = make_blobs(400, centers=[[-1, -1], [-1, 1], [1, -1], [1, 1]], cluster_std=0.4)
    labels = np.column_stack([X[:, 0] > 0, X[:, 1] > 0, X.sum(axis=1) > 0]).astype(int)
    X_train, X_test, labels_train, labels_test = train_test_split(
        X, labels, stratify=y, random_state=0
    )
    classifier = OneVsRestClassifier(network()).fit(X_train, labels_train)

    assert classifier.multilabel_
    assert classifier.score(X_test, labels_test) > 0.85  # all three labels right
    assert_array_equal(classifier.predict(X_test), classifier.predict_proba(X_test) > 0.5)


def test_one_vs_one():
    X_train, X_test, y_train, y_test = colours(n_classes=4)
    classifier = OneVsOneClassifier(network()).fit(X_train, y_train)

    assert len(classifier.estimators_) == 6  # pairs of four classes
    assert classifier.decision_function(X_test).shape == (150, 4)
    assert classifier.score(X_test, y_test) > 0.9
    assert set(classifier.predict(X_test)) == set(COLOURS)


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_bagging(n_jobs):
    X_train, X_test, y_train, y_test = moons()
    bagging = BaggingClassifier(
        network(), n_estimators=25, oob_score=True, n_jobs=n_jobs, random_state=0
    ).fit(X_train, y_train)

    assert bagging.score(X_test, y_test) > 0.9
    assert bagging.oob_score_ > 0.88
    assert_probabilities(bagging.predict_proba(X_test), 300, 2)
    for member, rows in zip(bagging.estimators_, bagging.estimators_samples_, strict=True):
        # drawn with replacement, as counts or as repeated rows: the same to this network
        assert_same_network(member, clone(member).fit(X_train[rows], y_train[rows]))


def boosting(X, y, seed, base):
    return AdaBoostClassifier(base, n_estimators=10, learning_rate=0.5, random_state=seed).fit(X, y)


def test_boosting_begins_with_the_network_itself():
    """Its weights sum to one: equal ones must train the network just as no weights do."""
    X_train, X_test, y_train, _ = moons()
    boosted = boosting(X_train, y_train, 0, network())

    assert len(boosted.estimators_) > 1
    assert_probabilities(boosted.predict_proba(X_test), 300, 2)
    first, second = boosted.estimators_[:2]
    assert_same_network(first, clone(first).fit(X_train, y_train))
    assert not np.array_equal(second.coefs_[0], clone(second).fit(X_train, y_train).coefs_[0])


def digits(seed):
    X, y = load_digits(return_X_y=True)
    return halves(X / 16, y, seed)


@pytest.mark.parametrize(
    ("samples", "parameters", "least"),
    [
        (digits, {"hidden_layer_sizes": (20,), "max_iter": 20}, 0.955),
        (moons, {"hidden_layer_sizes": (5,), "learning_rate_init": 0.3}, 0.9),
    ],
    ids=["digits", "moons"],
)
def test_boosting_is_worth_it(samples, parameters, least):
    """Boosted networks are better than a single one that is itself a good one."""
    alone, boosted = [], []
    for seed in range(10):
        X_train, X_test, y_train, y_test = samples(seed)
        base = network(activation="logistic", random_state=seed, **parameters)
        boosted.append(boosting(X_train, y_train, seed, base).score(X_test, y_test))
        alone.append(base.fit(X_train, y_train).score(X_test, y_test))
    assert np.mean(alone) > least
    assert np.mean(boosted) >= np.mean(alone)


# --- One classifier from many ---


def members():
    return [("network", network()), ("line", LogisticRegression()), ("clouds", GaussianNB())]


def test_soft_voting():
    X_train, X_test, y_train, y_test = colours()
    voting = VotingClassifier(members(), voting="soft", weights=[2, 1, 1]).fit(X_train, y_train)

    probabilities = voting.predict_proba(X_test)
    assert_probabilities(probabilities, 150, 3)
    of_each = [member.predict_proba(X_test) for member in voting.estimators_]
    assert_allclose(probabilities, np.average(of_each, axis=0, weights=[2, 1, 1]))
    # Its members got the labels as numbers, so they do not answer with the strings.
    assert set(voting.predict(X_test)) == set(COLOURS[:3])
    assert voting.score(X_test, y_test) > 0.9


@pytest.mark.parametrize("stack_method", ["predict_proba", "decision_function"])
def test_stacking(stack_method):
    X_train, X_test, y_train, y_test = moons()
    pair = [("network", network()), ("line", LogisticRegression())]
    stacking = StackingClassifier(pair, stack_method=stack_method, cv=3).fit(X_train, y_train)

    of_network, _ = stacking.transform(X_test).T
    answer = getattr(network().fit(X_train, y_train), stack_method)(X_test)
    assert_array_equal(of_network, answer[:, 1] if answer.ndim == 2 else answer)
    alone = LogisticRegression().fit(X_train, y_train).score(X_test, y_test)
    assert stacking.score(X_test, y_test) > alone + 0.02  # the network is listened to


def test_network_on_top_of_a_stack():
    X_train, X_test, y_train, y_test = colours()
    stacking = StackingClassifier(members()[1:], network(), cv=3).fit(X_train, y_train)
    assert stacking.final_estimator_.n_features_in_ == 6
    assert stacking.score(X_test, y_test) > 0.9


# --- Labels that are missing, or many ---


def test_self_training():
    """Ten labels of each class are given, and most of the other 120 are found."""
    X_train, X_test, y_train, y_test = colours()
    _, numbers = np.unique(y_train, return_inverse=True)
    known = np.concatenate([np.flatnonzero(numbers == label)[:10] for label in range(3)])
    partly = np.full(len(numbers), -1)
    partly[known] = numbers[known]
    trained = SelfTrainingClassifier(network(), threshold=0.9, max_iter=20).fit(X_train, partly)

    labels = trained.transduction_
    found = labels != -1
    assert found.mean() > 0.9
    assert (labels[found] == numbers[found]).mean() > 0.9
    assert_array_equal(labels[known], numbers[known])
    assert_same_network(trained.estimator_, network().fit(X_train[found], labels[found]))
    assert trained.score(X_test, np.unique(y_train).searchsorted(y_test)) > 0.9


def two_questions():
    """Two labels, and the second is 1 only where the first is."""
    X, _, _, _ = moons()
    first = X[:, 0] > 0.5
    second = (X[:, 1] > 0) & first
    labels = np.column_stack([first, second]).astype(int)
    return train_test_split(X, labels, test_size=0.5, random_state=0)


def test_multioutput():
    X_train, X_test, labels_train, labels_test = two_questions()
    classifier = MultiOutputClassifier(network(), n_jobs=2).fit(X_train, labels_train)

    assert classifier.score(X_test, labels_test) > 0.85  # both answers right
    for index, probabilities in enumerate(classifier.predict_proba(X_test)):
        assert_probabilities(probabilities, 150, 2)
        alone = network().fit(X_train, labels_train[:, index])
        assert_same_network(classifier.estimators_[index], alone)


def test_multioutput_learns_from_a_stream():
    X_train, X_test, labels_train, labels_test = two_questions()
    classifier = MultiOutputClassifier(network())
    for _ in range(40):
        classifier.partial_fit(X_train, labels_train, classes=[[0, 1], [0, 1]])
    assert classifier.score(X_test, labels_test) > 0.85


@pytest.mark.parametrize("chain_method", ["predict", "predict_proba", "decision_function"])
def test_classifier_chain(chain_method):
    X_train, X_test, labels_train, labels_test = two_questions()
    scaled = make_pipeline(StandardScaler(), network())  # decision values are large
    chain = ClassifierChain(scaled, chain_method=chain_method, cv=3).fit(X_train, labels_train)

    assert [member.n_features_in_ for member in chain.estimators_] == [2, 3]
    assert chain.score(X_test, labels_test) > 0.85
    probabilities = chain.predict_proba(X_test)  # (n, 2), of the label 1 of each
    assert_array_equal(chain.predict(X_test), probabilities > 0.5)


# --- Searches and curves ---


def test_halving_search_over_epochs():
    """Each round gives the better half of the rates three times the epochs."""
    X_train, X_test, y_train, y_test = colours()
    search = HalvingGridSearchCV(
        network(),
        {"learning_rate_init": [1e-6, 1e-5, 1e-4, 0.3]},
        resource="max_iter",
        min_resources=4,
        max_resources=12,
        cv=3,
        random_state=0,
    ).fit(X_train, y_train)

    assert search.n_resources_ == [4, 12]
    assert search.best_params_ == {"learning_rate_init": 0.3, "max_iter": 12}
    assert search.score(X_test, y_test) > 0.9


def test_randomized_search():
    X_train, X_test, y_train, y_test = colours()
    space = {
        "learning_rate_init": [1e-7, 0.1, 0.3],
        "hidden_layer_sizes": [(), (5,), (4, 4)],
        "activation": ["logistic", "tanh"],
        "output_activation": ["softmax", "sigmoid"],
        "backprop": ["error", "gradient"],
    }
    search = RandomizedSearchCV(
        network(), space, n_iter=12, cv=3, n_jobs=2, random_state=0, error_score="raise"
    ).fit(X_train, y_train)

    rates = {parameters["learning_rate_init"] for parameters in search.cv_results_["params"]}
    assert rates == {1e-7, 0.1, 0.3}
    assert search.best_params_["learning_rate_init"] > 1e-7
    assert search.score(X_test, y_test) > 0.9


@pytest.mark.parametrize("n_classes", [2, 3])
def test_cross_val_predict(n_classes):
    X, _, y, _ = colours(n_classes)
    folds = StratifiedKFold(3)
    of = {
        method: cross_val_predict(network(), X, y, cv=folds, method=method)
        for method in ("predict", "predict_proba", "predict_log_proba", "decision_function")
    }

    assert_probabilities(of["predict_proba"], 150, n_classes)
    assert_allclose(np.exp(of["predict_log_proba"]), of["predict_proba"])
    if n_classes == 2:
        assert_allclose(expit(of["decision_function"]), of["predict_proba"][:, 1])
    else:
        assert_allclose(softmax(of["decision_function"], axis=1), of["predict_proba"])
    labels = np.unique(y)
    assert_array_equal(of["predict"], labels[of["predict_proba"].argmax(axis=1)])
    assert (of["predict"] == y).mean() > 0.9
    train, test = next(folds.split(X, y))
    alone = network().fit(X[train], y[train])
    assert_array_equal(of["predict_proba"][test], alone.predict_proba(X[test]))


def test_permutation_importance():
    X_train, X_test, y_train, y_test = moons()
    noise = np.random.default_rng(0).normal(size=(600, 1))
    X_train, X_test = np.hstack([X_train, noise[:300]]), np.hstack([X_test, noise[300:]])
    classifier = network().fit(X_train, y_train)
    importance = permutation_importance(classifier, X_test, y_test, n_repeats=5, random_state=0)

    across, up, nothing = importance.importances_mean
    assert min(across, up) > 0.05
    assert abs(nothing) < 0.03


@pytest.mark.parametrize("incremental", [False, True])
def test_learning_curve(incremental):
    """`exploit_incremental_learning` goes on by `partial_fit` with the samples that are new."""
    X, _, y, _ = colours()
    sizes, train_scores, test_scores = learning_curve(
        network(),
        X,
        y,
        train_sizes=[5, 20, 100],
        cv=3,
        exploit_incremental_learning=incremental,
        shuffle=True,
        random_state=0,
        error_score="raise",
    )

    assert_array_equal(sizes, [5, 20, 100])
    assert train_scores.shape == test_scores.shape == (3, 3)
    few, _, many = test_scores.mean(axis=1)
    assert many > few + 0.02
    assert many > 0.9


def test_validation_curve():
    X, _, y, _ = moons()
    _, scores = validation_curve(
        network(), X, y, param_name="max_iter", param_range=[1, 10, 100], cv=3
    )
    one, ten, hundred = scores.mean(axis=1)
    assert one < ten < hundred
    assert hundred > 0.88


# --- Pictures ---


@pytest.fixture
def axes():
    matplotlib = pytest.importorskip("matplotlib", reason="the displays draw with matplotlib")
    matplotlib.use("Agg")
    from matplotlib import pyplot

    yield pyplot.subplots()[1]
    pyplot.close("all")


def test_calibration_display(axes):
    X_train, X_test, y_train, y_test = moons()
    classifier = network().fit(X_train, y_train)
    display = CalibrationDisplay.from_estimator(classifier, X_test, y_test, n_bins=5, ax=axes)
    assert_array_equal(display.y_prob, classifier.predict_proba(X_test)[:, 1])
    assert display.prob_true[0] < 0.2
    assert display.prob_true[-1] > 0.8


def test_roc_curve_display(axes):
    X_train, X_test, y_train, y_test = moons()
    labels = np.array(["no", "yes"])
    classifier = network().fit(X_train, labels[y_train])
    display = RocCurveDisplay.from_estimator(
        classifier, X_test, labels[y_test], pos_label="yes", ax=axes
    )
    area = auc(np.ravel(display.fpr), np.ravel(display.tpr))
    assert_allclose(area, roc_auc_score(y_test, classifier.predict_proba(X_test)[:, 1]))
    assert area > 0.95


@pytest.mark.parametrize("method", ["predict_proba", "decision_function", "predict"])
def test_decision_boundary_display(method, axes):
    X, _, y, _ = colours()
    classifier = network().fit(X, y)
    one_class = {} if method == "predict" else {"class_of_interest": "green"}
    display = DecisionBoundaryDisplay.from_estimator(
        classifier, X, response_method=method, grid_resolution=20, ax=axes, **one_class
    )
    grid = np.column_stack([display.xx0.ravel(), display.xx1.ravel()])
    answers = getattr(classifier, method)(grid)
    column = list(classifier.classes_).index("green")
    if method == "predict":  # drawn as the number of the class
        expected = np.searchsorted(classifier.classes_, answers)
    else:
        expected = answers[:, column]
    assert_array_equal(display.response.ravel(), expected)


# --- Frames of mixed columns ---


@pytest.mark.parametrize("sparse_threshold", [0, 1])
def test_columns_of_two_kinds(sparse_threshold):
    """Which side of the line is which depends on the shop, so both columns are needed."""
    generator = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"size": generator.normal(50, 20, 400), "shop": generator.choice(["A", "B", "C"], 400)}
    )
    y = np.where((frame["size"] > 50) ^ (frame["shop"] == "B"), "sold", "kept")
    columns = make_column_transformer(
        (StandardScaler(), ["size"]),
        (OneHotEncoder(handle_unknown="ignore"), ["shop"]),
        sparse_threshold=sparse_threshold,
    )
    pipeline = make_pipeline(columns, network()).fit(frame[:300], y[:300])

    assert sp.issparse(pipeline[0].transform(frame)) == bool(sparse_threshold)
    assert pipeline[-1].n_features_in_ == 4
    assert pipeline.score(frame[300:], y[300:]) > 0.9
    new = pd.DataFrame({"shop": ["D", "A"], "size": [90.0, 90.0]})  # reordered, and a new shop
    assert pipeline.predict(new)[1] == "sold"


# --- Sample weights on their way through ---


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


def weighted_samples():
    X, _, y, _ = colours()
    weights = np.random.default_rng(0).integers(1, 5, len(y)) * np.where(y == "red", 0.5, 1)
    return X, y, weights


def asking_network():
    """A network that asks for the weights, and a pipeline around it that scales without them."""
    asking = network(max_iter=5).set_fit_request(sample_weight=True)
    return make_pipeline(StandardScaler().set_fit_request(sample_weight=False), asking)


def assert_weights_arrived(pipeline, X, y, weights):
    """The network in the pipeline is what `fit` with weights gives, and without would not."""
    scaled = StandardScaler().fit_transform(X)
    assert_same_network(pipeline[-1], network(max_iter=5).fit(scaled, y, sample_weight=weights))
    without = network(max_iter=5).fit(scaled, y)
    assert not np.array_equal(pipeline[-1].coefs_[0], without.coefs_[0])


@pytest.mark.usefixtures("routing")
def test_weights_are_routed_to_a_network_in_a_pipeline():
    X, y, weights = weighted_samples()
    routed = asking_network().fit(X, y, sample_weight=weights)
    assert_weights_arrived(routed, X, y, weights)


@pytest.mark.usefixtures("routing")
def test_weights_are_routed_through_a_search():
    X, y, weights = weighted_samples()
    folds = StratifiedKFold(3)
    accuracy = get_scorer("accuracy").set_score_request(sample_weight=True)
    grid = {"softmaxmlpclassifier__max_iter": [5]}
    search = GridSearchCV(asking_network(), grid, scoring=accuracy, cv=folds)
    search.fit(X, y, sample_weight=weights)

    assert_weights_arrived(search.best_estimator_, X, y, weights)
    train, test = next(folds.split(X, y))
    of_fold = asking_network().fit(X[train], y[train], sample_weight=weights[train])
    expected = accuracy(of_fold, X[test], y[test], sample_weight=weights[test])
    assert search.cv_results_["split0_test_score"][0] == expected


@pytest.mark.usefixtures("routing")
def test_weights_that_nobody_asked_for_are_an_error():
    X, y, weights = weighted_samples()
    pipeline = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), network())
    with pytest.raises(UnsetMetadataPassedError, match="sample_weight"):
        pipeline.fit(X, y, sample_weight=weights)


@pytest.mark.usefixtures("routing")
def test_validation_samples_are_routed_and_scaled_on_their_way():
    X_train, X_val, y_train, y_val = colours()
    asking = network(early_stopping=True).set_fit_request(X_val=True, y_val=True)
    pipeline = make_pipeline(StandardScaler(), asking, transform_input=["X_val"])
    pipeline.fit(X_train, y_train, X_val=X_val, y_val=y_val)

    scaler = StandardScaler().fit(X_train)
    alone = network(early_stopping=True)
    alone.fit(scaler.transform(X_train), y_train, X_val=scaler.transform(X_val), y_val=y_val)
    assert_same_network(pipeline[-1], alone)
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

"""A bad input gets an error that names it, before any training, and spoils no fitted model."""

import copy

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from sklearn.exceptions import NotFittedError

from skl_softmaxnet import SoftmaxMLPClassifier

N_SAMPLES, N_FEATURES = 12, 4


def samples():
    rng = np.random.RandomState(0)
    return rng.normal(size=(N_SAMPLES, N_FEATURES)), np.arange(N_SAMPLES) % 3


def network(**parameters):
    defaults = {"hidden_layer_sizes": (3,), "max_iter": 2, "tol": None, "random_state": 0}
    return SoftmaxMLPClassifier(**(defaults | parameters))


def fitting(method):
    """The arguments that ``partial_fit`` needs and ``fit`` does not have."""
    return {"classes": [0, 1, 2]} if method == "partial_fit" else {}


each_method = pytest.mark.parametrize("method", ["fit", "partial_fit"])

# --- Parameters ---

WRONG_PARAMETERS = {
    "hidden_layer_sizes": [
        0,
        -1,
        (5, 0),
        (5, -2),
        2.5,
        "5",
        (2.5,),
        ("5",),
        None,
        ((3, 2),),
        10**30,
    ],
    "output_activation": ["logistic", "Softmax", None, 1],
    "activation": ["sigmoid", "RELU", None],
    "loss": ["hinge", "log", None],
    "backprop": ["exact", True, None],
    "fit_intercept": ["no", 2.5, None],
    "alpha": [-1e-4, np.nan, np.inf, "0", None],
    "learning_rate": ["optimal", "Adaptive", 0.1, None],
    "decay": [-0.1, np.nan, np.inf, "0.1", None],
    "learning_rate_init": [0, -0.1, np.nan, np.inf, "0.1", "constant", None],
    "power_t": [-0.5, np.nan, np.inf, "0.5", None],
    "momentum": [-0.1, 1.1, np.nan, "0.9", None],
    "nesterovs_momentum": ["yes", 2.5, None],
    "max_iter": [0, -1, 2.5, "200", None],
    "tol": [-1e-4, np.nan, np.inf, "1e-4"],
    "n_iter_no_change": [0, -1, 2.5, -np.inf, np.nan, "10", None],
    "average": ["yes", 10, None],
    "early_stopping": ["yes", 2.5, None],
    "validation_fraction": [0, 0.0, 1.0, 1.5, -0.1, np.nan, "0.1", None],
    "shuffle": ["yes", 2.5, None],
    "class_weight": ["equal", 2, [1, 1, 1], {"no such class": 1.0}, {0: -1.0}, {0: np.nan}],
    "warm_start": ["yes", 2.5, None],
    "random_state": ["0", -1, 2.5],
    "verbose": ["yes", None],
}
EACH_WRONG_PARAMETER = [
    pytest.param(name, value, id=f"{name}={value!r}")
    for name, values in WRONG_PARAMETERS.items()
    for value in values
]


@each_method
@pytest.mark.parametrize(("name", "value"), EACH_WRONG_PARAMETER)
def test_wrong_parameters_are_named(name, value, method):
    X, y = samples()
    classifier = network().set_params(**{name: value})  # the constructor accepts anything
    with pytest.raises(ValueError, match=name):
        getattr(classifier, method)(X, y, **fitting(method))
    assert not hasattr(classifier, "coefs_")


@pytest.mark.parametrize(
    "sizes", [4, (4,), [4], np.array([4]), np.int64(4), (np.int32(4),)], ids=repr
)
def test_hidden_layer_sizes_in_any_form(sizes):
    classifier = network(hidden_layer_sizes=sizes).fit(*samples())
    assert [W.shape for W in classifier.coefs_] == [(N_FEATURES, 4), (4, 3)]
    assert classifier.hidden_layer_sizes is sizes


# --- X ---


def X_with(value):
    X, _ = samples()
    X[1, 2] = value
    return X


WRONG_X = {
    "NaN": (X_with(np.nan), "X contains NaN"),
    "infinity": (X_with(np.inf), "X contains infinity"),
    "minus infinity": (X_with(-np.inf), "X contains infinity"),
    "sparse NaN": (scipy.sparse.csr_matrix(X_with(np.nan)), "X contains NaN"),
    "float32 infinity": (X_with(np.inf).astype(np.float32), "X contains infinity"),
    "complex": (samples()[0] + 1j, "[Cc]omplex"),
    "strings": (np.full((N_SAMPLES, N_FEATURES), "red"), "(?i)could not convert|numeric|string"),
    "one-dimensional": (np.zeros(N_SAMPLES), "2D array"),
    "three-dimensional": (np.zeros((N_SAMPLES, 2, 2)), "dim 3"),
    "no rows": (np.zeros((0, N_FEATURES)), r"0 sample\(s\)"),
    "no columns": (np.zeros((N_SAMPLES, 0)), r"0 feature\(s\)"),
    "fewer rows than y": (samples()[0][:-1], "inconsistent numbers of samples"),
}


@each_method
@pytest.mark.parametrize("case", WRONG_X)
def test_wrong_X(case, method):
    X, message = WRONG_X[case]
    with pytest.raises(ValueError, match=message):
        getattr(network(), method)(X, samples()[1], **fitting(method))


@pytest.mark.parametrize("method", ["predict", "predict_proba", "decision_function"])
def test_predicting_wants_the_features_that_were_fitted(method):
    X, y = samples()
    classifier = network().fit(X, y)
    with pytest.raises(ValueError, match=r"X has 3 features.*expecting 4 features"):
        getattr(classifier, method)(X[:, :3])
    with pytest.raises(ValueError, match="X contains NaN"):
        getattr(classifier, method)(X_with(np.nan))


def test_partial_fit_wants_the_features_that_were_fitted():
    X, y = samples()
    classifier = network().partial_fit(X, y, classes=[0, 1, 2])
    with pytest.raises(ValueError, match=r"X has 3 features.*expecting 4 features"):
        classifier.partial_fit(X[:, :3], y)


@pytest.mark.parametrize(
    "method", ["predict", "predict_proba", "predict_log_proba", "decision_function"]
)
def test_predicting_before_fitting(method):
    with pytest.raises(NotFittedError, match="SoftmaxMLPClassifier"):
        getattr(network(), method)(samples()[0])


# --- y ---

WRONG_Y = {
    "continuous": (np.linspace(0.1, 2.3, N_SAMPLES), "(?i)label|continuous"),
    "NaN": (np.r_[np.nan, np.ones(N_SAMPLES - 1)], "y contains NaN"),
    "two columns": (np.column_stack([samples()[1]] * 2), "y has several columns.* 0 and 1"),
    "columns of text": (np.full((N_SAMPLES, 2), "1"), "y has several columns.* 0 and 1"),
}


@each_method
@pytest.mark.parametrize("output_activation", ["softmax", "sigmoid"])
@pytest.mark.parametrize("case", WRONG_Y)
def test_wrong_y(case, output_activation, method):
    y, message = WRONG_Y[case]
    classifier = network(output_activation=output_activation)
    with pytest.raises(ValueError, match=message):
        getattr(classifier, method)(samples()[0], y, **fitting(method))


@each_method
def test_several_labels_want_sigmoid(method):
    """An indicator matrix, or one-hot rows, for which the message names the labels."""
    y = np.eye(3, dtype=int)[samples()[1]]
    with pytest.raises(ValueError, match=r'"sigmoid".*one-hot.*y\.argmax\(axis=1\)'):
        getattr(network(output_activation="softmax"), method)(samples()[0], y, **fitting(method))


def test_one_class_only():
    X, y = samples()
    with pytest.raises(ValueError, match="class"):
        network().fit(X, np.zeros(N_SAMPLES))
    with pytest.raises(ValueError, match="class"):  # one class with a weight
        network().fit(X, y, sample_weight=(y == 1).astype(float))
    with pytest.raises(ValueError, match="class"):
        network().partial_fit(X, np.zeros(N_SAMPLES), classes=[0])


def test_partial_fit_wants_classes_first():
    X, y = samples()
    classifier = network()
    with pytest.raises(ValueError, match="classes"):
        classifier.partial_fit(X, y)
    classifier.partial_fit(X, y, classes=[0, 1, 2]).partial_fit(X, y)
    with pytest.raises(ValueError, match="classes"):
        classifier.partial_fit(X, y, classes=[0, 1, 2, 3])


@pytest.mark.parametrize("fitted_before", [True, False])
def test_partial_fit_names_an_unknown_class(fitted_before):
    X, y = samples()
    y = np.array(["red", "green", "blue"])[y]
    classes = ["red", "green", "blue"]
    classifier = network()
    if fitted_before:
        classifier.partial_fit(X, y, classes=classes)
    y[-1] = "black"
    with pytest.raises(ValueError, match="classes") as caught:
        classifier.partial_fit(X, y, classes=classes)
    assert "black" in str(caught.value)


# --- sample_weight ---


def weights_with(value):
    sample_weight = np.ones(N_SAMPLES)
    sample_weight[-1] = value
    return sample_weight


WRONG_WEIGHTS = {
    "negative": weights_with(-1e-3),
    "NaN": weights_with(np.nan),
    "infinity": weights_with(np.inf),
    "too few": np.ones(N_SAMPLES - 1),
    "two columns": np.ones((N_SAMPLES, 2)),
}


@each_method
@pytest.mark.parametrize("case", WRONG_WEIGHTS)
def test_wrong_weights(case, method):
    with pytest.raises(ValueError, match=r"(?i)sample_?weight"):
        getattr(network(), method)(*samples(), sample_weight=WRONG_WEIGHTS[case], **fitting(method))


def test_all_weights_zero():
    with pytest.raises(ValueError, match=r"(?i)sample_?weight"):
        network().fit(*samples(), sample_weight=np.zeros(N_SAMPLES))


# --- A failure leaves an earlier model as it was ---


def fitted_attributes(classifier):
    return copy.deepcopy(
        {name: value for name, value in vars(classifier).items() if name.endswith("_")}
    )


def wider(X):
    return np.column_stack([X, X])


def named(X):
    return pd.DataFrame(X, columns=list("dcba"))


X, y = samples()
FAILED_FITS = {
    "parameter": ({"learning_rate_init": -1}, (wider(X), y % 2, None)),
    "hidden_layer_sizes": ({"hidden_layer_sizes": (0,)}, (wider(X), y % 2, None)),
    "NaN in X": ({}, (wider(X_with(np.nan)), y % 2, None)),
    "NaN in a frame": ({}, (named(X_with(np.nan)), y % 2, None)),
    "one class": ({}, (wider(X), y * 0, None)),
    "one class in a frame": ({}, (named(X), y * 0, None)),
    "one class with a weight": ({}, (wider(X), y, (y == 1) * 1.0)),
    "continuous y": ({}, (wider(X), X[:, 0], None)),
    "negative weight": ({}, (wider(X), y % 2, weights_with(-1))),
    "weights all zero": ({}, (wider(X), y % 2, np.zeros(N_SAMPLES))),
}


@pytest.mark.parametrize("case", FAILED_FITS)
def test_a_failed_fit_changes_nothing(case):
    parameters, (bad_X, bad_y, sample_weight) = FAILED_FITS[case]
    classifier = network().fit(pd.DataFrame(X, columns=list("abcd")), y)
    classifier.set_params(**parameters)
    before = fitted_attributes(classifier)
    with pytest.raises(ValueError):  # noqa: PT011 - the messages are tested above
        classifier.fit(bad_X, bad_y, sample_weight=sample_weight)
    np.testing.assert_equal(fitted_attributes(classifier), before)


FAILED_PARTIAL_FITS = {
    "parameter": ({"learning_rate_init": -1}, (X, y, None)),
    "NaN in X": ({}, (X_with(np.nan), y, None)),
    "features": ({}, (wider(X), y, None)),
    "feature names": ({}, (named(X), y, None)),
    "class": ({}, (X, np.r_[y[:-1], 7], None)),
    "negative weight": ({}, (X, y, weights_with(-1))),
}


@pytest.mark.parametrize("case", FAILED_PARTIAL_FITS)
def test_a_failed_partial_fit_changes_nothing(case):
    parameters, (bad_X, bad_y, sample_weight) = FAILED_PARTIAL_FITS[case]
    if not isinstance(bad_X, pd.DataFrame):
        bad_X = pd.DataFrame(bad_X, columns=list("abcdefgh")[: bad_X.shape[1]])
    classifier = network().fit(pd.DataFrame(X, columns=list("abcd")), y)
    classifier.set_params(**parameters)
    before = fitted_attributes(classifier)
    with pytest.raises(ValueError):  # noqa: PT011 - the messages are tested above
        classifier.partial_fit(bad_X, bad_y, sample_weight=sample_weight)
    np.testing.assert_equal(fitted_attributes(classifier), before)


@pytest.mark.parametrize("case", FAILED_PARTIAL_FITS)
def test_a_failed_first_partial_fit_leaves_nothing(case):
    parameters, (bad_X, bad_y, sample_weight) = FAILED_PARTIAL_FITS[case]
    if case in ("features", "feature names"):
        pytest.skip("there is nothing yet that the features could differ from")
    classifier = network(**parameters)
    with pytest.raises(ValueError):  # noqa: PT011 - the messages are tested above
        classifier.partial_fit(bad_X, bad_y, classes=[0, 1, 2], sample_weight=sample_weight)
    with pytest.raises(NotFittedError):
        classifier.predict(X)


@pytest.mark.parametrize(
    "weights", [["a", "b", "c"], [None, 1, 1], [1, 1, 1e15], [1, 1, 1e300]], ids=str
)
def test_weights_that_cannot_be_counts(weights):
    with pytest.raises(ValueError, match="sample_weight"):
        SoftmaxMLPClassifier().fit([[0.0], [1.0], [2.0]], [0, 1, 1], sample_weight=weights)


def test_labels_of_two_kinds():
    y = np.array([None, "a", "b"], dtype=object)
    with pytest.raises(TypeError, match="y must hold labels of one kind"):
        SoftmaxMLPClassifier().fit([[0.0], [1.0], [2.0]], y)


@pytest.mark.parametrize("index", [-1, 5, 2**20])
@pytest.mark.parametrize("shuffle", [True, False])
def test_sparse_indices_outside_of_the_matrix(index, shuffle):
    """They must not reach the compiled engine, which trusts them."""
    X = scipy.sparse.csr_array(np.eye(4, 5))
    X.indices[1] = index
    with pytest.raises(ValueError, match="X is a sparse matrix"):
        SoftmaxMLPClassifier(shuffle=shuffle).fit(X, [0, 1, 0, 1])
    with pytest.raises(ValueError, match="X is a sparse matrix"):
        SoftmaxMLPClassifier().partial_fit(X, [0, 1, 0, 1], classes=[0, 1])


def test_sparse_rows_longer_than_the_matrix_is_wide():
    parts = np.ones(9), np.arange(9) % 3, np.array([0, 9, 9])
    X = scipy.sparse.csr_array(parts, shape=(2, 3))
    X.has_canonical_format = True  # what it is not
    with pytest.raises(ValueError, match="indptr"):
        SoftmaxMLPClassifier().fit(X, [0, 1])

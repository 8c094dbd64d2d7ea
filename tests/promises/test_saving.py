"""What a fitted classifier holds, and that a file of it, of any kind, is as good as itself."""

import io
import pickle

import joblib
import numpy as np
import pytest
import skops.io
from child import state
from sklearn.datasets import make_multilabel_classification

from skl_softmaxnet import SoftmaxMLPClassifier

TRUSTED = ["skl_softmaxnet._classifier.SoftmaxMLPClassifier"]

CONFIGURATIONS = {
    "defaults": {},
    "momentum": {"momentum": 0.9, "nesterovs_momentum": True, "alpha": 1e-4},
    "average": {"average": True, "learning_rate": "inverse_time"},
    "early stopping": {"early_stopping": True, "learning_rate": "adaptive"},
    "class weights": {"class_weight": "balanced"},
    "several labels": {"output_activation": "sigmoid"},
    "no seed": {"random_state": None},
}


def samples(configuration):
    if configuration == "several labels":
        return make_multilabel_classification(150, n_features=5, n_classes=3, random_state=0)
    X = np.random.RandomState(0).normal(size=(150, 5))
    return X, np.array(["low", "middle", "high"])[np.arange(150) % 3]


def network(configuration):
    options = {"max_iter": 4, "tol": None, "random_state": 0, "warm_start": True}
    return SoftmaxMLPClassifier((6, 4), **(options | CONFIGURATIONS[configuration]))


def with_joblib(estimator):
    file = io.BytesIO()
    joblib.dump(estimator, file)
    file.seek(0)
    return joblib.load(file)


SAVED_AND_LOADED = {
    "skops": lambda estimator: skops.io.loads(skops.io.dumps(estimator), trusted=TRUSTED),
    "pickle": lambda estimator: pickle.loads(pickle.dumps(estimator)),
    "joblib": with_joblib,
}

each_configuration = pytest.mark.parametrize("configuration", CONFIGURATIONS)


def parts(value):
    """Everything inside."""
    yield value
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list | tuple):
        for part in value:
            yield from parts(part)


@each_configuration
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_a_fitted_classifier_holds_only_plain_things(configuration, method):
    X, y = samples(configuration)
    fitted = network(configuration)
    if method == "fit":
        fitted.fit(X, y)
    else:
        fitted.set_params(class_weight=None)
        fitted.partial_fit(X, y, classes=np.unique(y) if y.ndim == 1 else None)
    kinds = {type(part) for part in parts(vars(fitted))}
    plain = {dict, list, tuple, str, int, float, bool, type(None), np.ndarray}
    assert kinds <= plain | {np.random.RandomState}
    arrays = [part for part in parts(vars(fitted)) if isinstance(part, np.ndarray)]
    assert all(array.dtype.kind in "fiU" for array in arrays)


@each_configuration
def test_skops_has_to_trust_nothing_but_the_class(configuration):
    fitted = network(configuration).fit(*samples(configuration))
    assert skops.io.get_untrusted_types(data=skops.io.dumps(fitted)) == TRUSTED


@each_configuration
@pytest.mark.parametrize("way", SAVED_AND_LOADED)
def test_what_is_loaded_is_the_same_and_goes_on_alike(configuration, way):
    X, y = samples(configuration)
    fitted = network(configuration).fit(X, y)
    loaded = SAVED_AND_LOADED[way](fitted)
    assert state(vars(loaded)) == state(vars(fitted))
    assert loaded.predict_proba(X).tobytes() == fitted.predict_proba(X).tobytes()
    for method in ("fit", "partial_fit"):
        for one in (fitted, loaded):
            getattr(one, method)(X, y)
        assert state([*loaded.coefs_, *loaded.intercepts_]) == state(
            [*fitted.coefs_, *fitted.intercepts_]
        )


def test_skops_refuses_what_is_not_trusted():
    saved = skops.io.dumps(network("defaults").fit(*samples("defaults")))
    with pytest.raises(Exception, match="SoftmaxMLPClassifier"):
        skops.io.loads(saved, trusted=[])

"""What a fitted classifier holds, and that a file of it, of any kind, is as good as itself."""

import pickle

import joblib
import numpy as np
import pytest
from helpers import KEPT, TRAININGS, network, optional, samples, state, train

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
skops_io = optional("skops.io")
TRUSTED = ["skl_softmaxnet._classifier.SoftmaxMLPClassifier"]
NAMES = np.array(["low", "middle", "high"])
CONFIGURATIONS = {"no seed": {"random_state": None}} | TRAININGS
for rate in ("invscaling", "inverse_time", "adaptive"):
    CONFIGURATIONS[rate] = TRAININGS["average, alpha"] | {"learning_rate": rate, "tol": 1e-3}
SAVED_AND_LOADED = KEPT | {
    "skops": lambda model: skops_io.loads(skops_io.dumps(model), trusted=TRUSTED)
}
each_configuration = pytest.mark.parametrize("configuration", CONFIGURATIONS)
each_call = pytest.mark.parametrize(
    ("method", "configuration"),
    [("fit", configuration) for configuration in CONFIGURATIONS]
    + [("partial_fit", c) for c in CONFIGURATIONS if c != "balanced labels"],  # refused
)


def new(configuration):
    """A network to save, and what it learns from."""
    multilabel, parameters = "labels" in configuration, CONFIGURATIONS[configuration]
    X, y = samples(multilabel=multilabel)
    if not multilabel and not isinstance(parameters.get("class_weight"), dict):
        y = NAMES[y]
    return network(**parameters, warm_start=True), X, y


def parts(value):
    """Everything inside."""
    yield value
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list | tuple):
        for part in value:
            yield from parts(part)


@each_call
def test_a_fitted_classifier_holds_only_plain_things(method, configuration):
    model, X, y = new(configuration)
    fitted = train(model, method, X, y)
    kinds = {type(part) for part in parts(vars(fitted))}
    assert kinds <= {dict, list, tuple, str, int, float, bool, type(None), np.ndarray}
    arrays = [part for part in parts(vars(fitted)) if isinstance(part, np.ndarray)]
    assert all(array.dtype.kind in "fiU" for array in arrays)


@each_configuration
def test_skops_has_to_trust_nothing_but_the_class(configuration):
    model, X, y = new(configuration)
    assert skops_io.get_untrusted_types(data=skops_io.dumps(model.fit(X, y))) == TRUSTED


@pytest.mark.parametrize("way", SAVED_AND_LOADED)
@each_call
def test_what_is_loaded_is_the_same_and_goes_on_alike(method, configuration, way):
    model, X, y = new(configuration)
    loaded = SAVED_AND_LOADED[way](model.fit(X, y))
    assert state(loaded) == state(model)
    assert loaded.predict_proba(X).tobytes() == model.predict_proba(X).tobytes()
    before = state(model)
    getattr(loaded, method)(X, y)
    if loaded is not model:
        assert state(model) == before  # nothing is shared
        getattr(model, method)(X, y)
    assert state(loaded) == state(model)


def test_a_read_only_model_learns(engine, tmp_path):
    model = network().fit(*samples())
    joblib.dump(model, tmp_path / "model.joblib")
    loaded = joblib.load(tmp_path / "model.joblib", mmap_mode="r")
    assert state(loaded.partial_fit(*samples())) == state(model.partial_fit(*samples()))


def test_a_pickle_holds_no_samples():
    few, many = (len(pickle.dumps(network().fit(*samples(n)))) for n in (40, 400))
    assert abs(many - few) < 40

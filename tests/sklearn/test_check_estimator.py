"""scikit-learn's own checks of an estimator, none expected to fail."""

import pytest
from helpers import TUTORIAL
from sklearn.utils.estimator_checks import parametrize_with_checks

from skl_softmaxnet import SoftmaxMLPClassifier

# One check fits twice and expects the same predictions, which a warm start gives once the learning
# rate has fallen to next to nothing.
WARM_START = {"warm_start": True, "learning_rate": "invscaling", "power_t": 1.5}

# Together they touch every parameter, most of them more than once. Only shuffle=False is not among
# them: two checks of sample weights give the rows in another order, which then counts.
CONFIGURATIONS = [
    {},
    {"output_activation": "sigmoid"},
    TUTORIAL,
    TUTORIAL | {"output_activation": "sigmoid"},
    {"loss": "squared_error", "backprop": "error"},
    {"output_activation": "sigmoid", "loss": "squared_error", "backprop": "gradient"},
    {"hidden_layer_sizes": ()},
    {"hidden_layer_sizes": (), "output_activation": "sigmoid"},
    {"hidden_layer_sizes": (), "loss": "squared_error"},
    {"hidden_layer_sizes": (), "loss": "squared_error", "output_activation": "sigmoid"},
    {"hidden_layer_sizes": (7, 5)},
    {"fit_intercept": False, "learning_rate": "constant", "tol": 1e-4},
    {"activation": "tanh"},
    {"activation": "logistic"},
    {"activation": "identity", "shuffle": True, "learning_rate_init": 1e-3},
    {"alpha": 1e-3},
    {"alpha": 1e-3, "momentum": 0.5, "output_activation": "sigmoid"},
    {"momentum": 0.8, "nesterovs_momentum": True, "learning_rate_init": 0.02},
    {"learning_rate": "invscaling", "power_t": 0.3, "learning_rate_init": 0.3},
    {"learning_rate": "inverse_time", "decay": 0.05, "loss": "log_loss"},
    {"learning_rate": "adaptive", "n_iter_no_change": 3, "tol": 1e-3},
    {"average": True, "max_iter": 150, "verbose": True},
    {"average": True, "alpha": 1e-4, "learning_rate": "inverse_time", "activation": "tanh"},
    {"early_stopping": True},
    {"early_stopping": True, "validation_fraction": 0.3, "output_activation": "sigmoid"},
    {"class_weight": "balanced"},
    {"class_weight": "balanced", "early_stopping": True, "average": True},
    WARM_START | {"momentum": 0.5, "learning_rate_init": 0.3, "random_state": 0},
    WARM_START | {"average": True, "learning_rate_init": 0.1, "loss": "log_loss", "tol": 1e-4},
    {"standardize": True},
    {"standardize": True, "early_stopping": True, "output_activation": "sigmoid"},
    {"tol": None, "max_iter": 100},
]
# In NumPy a check of class weights with 25,000 presentations an epoch takes most of a minute, six
# times as long with an "adaptive" rate, and with "tol=None", for which it sets 1,000 epochs, half
# an hour: twenty configurations without that, of which only the defaults are adaptive.
LEFT_OUT = [
    {"output_activation": "sigmoid"},
    {"activation": "logistic"},
    {"learning_rate": "adaptive", "n_iter_no_change": 3, "tol": 1e-3},
    {"class_weight": "balanced"},
    {"tol": None, "max_iter": 100},
]
CONFIGURATIONS_FOR_NUMPY = [
    {"learning_rate": "constant", "n_iter_no_change": 5} | parameters if parameters else {}
    for parameters in CONFIGURATIONS
    if parameters not in LEFT_OUT
]


def checks(configurations):
    return parametrize_with_checks([SoftmaxMLPClassifier(**given) for given in configurations])


@pytest.mark.parametrize("configurations", [CONFIGURATIONS, CONFIGURATIONS_FOR_NUMPY])
def test_every_parameter_is_touched(configurations):
    assert len(configurations) >= 20
    touched = {name for parameters in configurations for name in parameters}
    assert touched == set(SoftmaxMLPClassifier().get_params())


@checks(CONFIGURATIONS)
def test_check_estimator(estimator, check):
    check(estimator)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["numpy"], indirect=True)
@checks(CONFIGURATIONS_FOR_NUMPY)
def test_check_estimator_on_numpy(engine, estimator, check):
    check(estimator)

"""The epoch loop: what it tells of training that goes wrong."""

import numpy as np
import pytest
from sklearn.datasets import make_blobs

from skl_softmaxnet import SoftmaxMLPClassifier


def diverging(**parameters):
    """A network without bounds between its layers, at a rate far too high."""
    return SoftmaxMLPClassifier(
        hidden_layer_sizes=10, activation="identity", loss="log_loss", random_state=0, **parameters
    )


@pytest.mark.usefixtures("engine")
def test_divergence_names_the_epoch_and_what_to_do():
    X, y = make_blobs(n_samples=60, centers=3, random_state=0)
    with pytest.raises(ValueError, match=r"diverged in epoch 1\b.*learning_rate_init.* 5\.0"):
        diverging(learning_rate_init=5.0).fit(1e3 * X, y)


@pytest.mark.usefixtures("engine")
def test_divergence_of_fit_keeps_the_model_fitted_before():
    X, y = make_blobs(n_samples=60, centers=3, random_state=0)
    network = diverging(learning_rate_init=0.01, max_iter=3, tol=None).fit(X, y)
    before = network.predict_proba(X)
    with pytest.raises(ValueError, match="diverged"):
        network.set_params(learning_rate_init=5.0).fit(1e3 * X, y)
    np.testing.assert_array_equal(network.predict_proba(X), before)

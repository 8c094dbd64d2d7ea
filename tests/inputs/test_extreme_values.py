"""Values at the ends of what numbers can be: the model is finite, or training says it diverged."""

import warnings

import numpy as np
import pytest
from forms import drawn, outcome
from helpers import RULES, network, parameters_of
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

# The smallest denormal, a denormal, small and large normal numbers, the largest, and usual ones.
EXTREMES = {
    np.float64: (5e-324, 1e-310, 2.3e-308, 1e-300, 1e-8, 1.0, 1e8, 1e150, 1e300, 1.7e308),
    np.float32: (1e-45, 1e-40, 1.2e-38, 1e-30, 1e-8, 1.0, 1e8, 1e20, 1e30, 3.4e38),
}
# rounded to their dtype: what hypothesis asks of values that it puts into an array
EXTREMES = {dtype: [float(dtype(v)) for v in values] for dtype, values in EXTREMES.items()}
RATES = (1e-300, 5e-324, 1e-40, 1e-8, 0.05, 1.0, 1e8, 1e40, 1e300)
OPTIONS = RULES | {
    "alpha": [0.0, 1e-4, 1e300],
    "momentum": [0.0, 0.9, 1.0],
    "nesterovs_momentum": [False, True],
    "average": [False, True],
    "early_stopping": [False, True],
    "learning_rate": ["constant", "invscaling", "adaptive", "inverse_time"],
    "decay": [0.0, 0.1, 1e300],
    "power_t": [0.0, 0.5, 1e300],
    "learning_rate_init": RATES,
    "hidden_layer_sizes": [(), (3,), (3, 2)],
}


some_options = st.fixed_dictionaries(
    {}, optional={name: st.sampled_from(values) for name, values in OPTIONS.items()}
)


@st.composite
def samples(draw):
    """A few rows of extreme values, of either sign, some columns constant."""
    dtype = draw(st.sampled_from([np.float64, np.float32]))
    values = st.sampled_from([s * value for value in EXTREMES[dtype] for s in (1, -1)] + [0.0])
    X = draw(arrays(dtype, (12, draw(st.integers(1, 3))), elements=values))
    if draw(st.booleans()):
        X[:, 0] = X[0, 0]
    return X, np.arange(12) % draw(st.integers(2, 3))


def check(X, y, options):
    """Training ends with finite weights, or says in which epoch it diverged.

    Probabilities are finite, unless finite weights make sums of X that no float can hold.
    """
    model = network((100,)).set_params(**options)
    with warnings.catch_warnings():
        # of ours only: scikit-learn's look for infinities may warn of its own sum
        warnings.filterwarnings("error", category=RuntimeWarning, module="skl_softmaxnet")
        _, error = outcome(model.fit, X, y)
        if error:
            assert str(error).startswith(("Training diverged in epoch", "alpha="))
            assert not hasattr(model, "coefs_")
            return
        assert all(np.isfinite(array).all() for array in parameters_of(model))
        assert np.isfinite(model.loss_curve_).all()
        assert np.isfinite(getattr(model, "validation_loss_curve_", None) or 0.0).all()
        probabilities, error = outcome(model.predict_proba, X)
        if error:
            assert str(error).startswith("X holds values that are too large")
            return
        assert np.isfinite(probabilities).all()
        assert abs(probabilities.sum(axis=1) - 1).max() < 1e-5
        assert not np.isnan(model.predict_log_proba(X)).any()


@drawn(150, 3000, samples=samples(), options=some_options)
def test_extreme_values(samples, options):
    check(*samples, options)


@pytest.mark.parametrize("outlier", [1e3, 1e30, 1e300])
def test_one_outlier(outlier, engine):
    X, y = np.random.RandomState(0).normal(size=(100, 3)), np.arange(100) % 2
    X[:, 0] += 3 * y
    X[7, 1] = outlier
    check(X, y, {})
    model = network(5, max_iter=20).fit(X, y)
    assert model.score(X, y) > 0.8  # and the others are still learned

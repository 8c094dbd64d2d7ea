"""The compiled engine gives the same bits for the same samples, whatever the circumstances."""

import itertools

import numpy as np
import pytest
import scipy.sparse as sp
from helpers import assert_same_bits, assert_same_training, network, samples
from numpy.testing import assert_allclose

from skl_softmaxnet import _engine, _training

pytestmark = [
    pytest.mark.parametrize("engine", ["compiled"], indirect=True),  # skips where it is not built
    pytest.mark.usefixtures("engine"),
]

each_dtype = pytest.mark.parametrize("dtype", [np.float64, np.float32])
OPTIONS = {
    "activation": ["logistic", "tanh", "relu", "identity"],
    "output_activation": ["softmax", "sigmoid"],
    "loss": ["squared_error", "log_loss"],
    "backprop": ["error", "gradient"],
    "fit_intercept": [True, False],
}


def fitted(X, y, hidden_layer_sizes=(17, 5), **parameters):
    """A network of uneven sizes, so that vectors have padding at their ends."""
    parameters = {"learning_rate_init": 0.05, "max_iter": 4} | parameters
    return network(hidden_layer_sizes, **parameters).fit(X, y)


@pytest.mark.parametrize("options", list(itertools.product(*OPTIONS.values())), ids=str)
@each_dtype
def test_instruction_sets(dtype, options, monkeypatch):
    X, y = samples(60, dtype)
    options = dict(zip(OPTIONS, options, strict=True))
    options["learning_rate_init"] = 0.01 if options["activation"] in ("relu", "identity") else 0.05
    for hidden_layer_sizes in ((17, 5), (3,), ()):
        models = []
        for name in _engine.INSTRUCTION_SETS:
            engine = type("Chosen", (_engine.CompiledEngine,), {"instruction_set": name})
            monkeypatch.setattr(_engine, "Engine", engine)
            models.append(fitted(X, y, hidden_layer_sizes, **options))
        for model in models[1:]:
            assert_same_training(models[0], model)


# --- Cuts ---


def problem(dtype, n_presentations=60):
    """What a call of `run` is given."""
    X, targets = samples(dtype=dtype)
    rng = np.random.RandomState(1)
    sizes = [X.shape[1], 17, 5, 3]
    coefs = [rng.uniform(-0.5, 0.5, size=shape) for shape in itertools.pairwise(sizes)]
    intercepts = [rng.uniform(-0.5, 0.5, size=size) for size in sizes[1:]]
    # some presentations repeat the one before, as integer weights do
    order = np.repeat(rng.randint(len(X), size=n_presentations), 2)[:n_presentations]
    fractions = rng.choice([1.0, 0.3], size=n_presentations)
    return (coefs, intercepts), X, targets, order, fractions


@pytest.mark.parametrize("container", [np.asarray, sp.csr_array])
@each_dtype
def test_calls_may_end_anywhere(container, dtype, run_engine):
    weights, X, targets, order, fractions = problem(dtype)
    given = (_engine.Engine, weights, container(X), targets.astype(np.int32), order, fractions)
    whole, whole_loss = run_engine(*given, rate=0.05)
    every_cut = [[cut] for cut in range(1, len(order))]
    for cuts in [*every_cut, range(1, len(order)), range(7, len(order), 7), [0, 1, 1, 59, 60]]:
        parts, loss = run_engine(*given, rate=0.05, cuts=cuts)
        assert [array.tobytes() for array in parts] == [array.tobytes() for array in whole]
        assert_allclose(loss, whole_loss, rtol=1e-12)  # added up in another order


@pytest.mark.parametrize("n_presentations", [1, 2, 7, 60, 100])
@each_dtype
def test_slices_of_any_size(n_presentations, dtype, monkeypatch):
    X, y = samples(60, dtype)
    expected = fitted(X, y)
    sizes = []

    class Counting(_engine.CompiledEngine):
        seconds_per_presentation = 1.0

        def run(self, X, targets, order, *rest):
            sizes.append(len(order))
            return super().run(X, targets, order, *rest)

    monkeypatch.setattr(_engine, "Engine", Counting)
    monkeypatch.setattr(_training, "_SECONDS_PER_SLICE", float(n_presentations))
    sliced = fitted(X, y)
    assert max(sizes) == min(n_presentations, len(y))
    assert_same_bits(sliced, expected)
    assert sliced.t_ == expected.t_
    assert_allclose(sliced.loss_curve_, expected.loss_curve_, rtol=1e-12)

"""The compiled engine gives the same bits for the same samples, whatever the circumstances."""

import pytest
from helpers import (
    COMBINATIONS,
    COMPILED,
    assert_same_bits,
    assert_same_training,
    each_dtype,
    network,
    samples,
)
from numpy.testing import assert_allclose

from skl_softmaxnet import _engine, _training

pytestmark = COMPILED


def fitted(X, y, hidden_layer_sizes=(17, 5), **parameters):
    """A network of uneven sizes, so that vectors have padding at their ends."""
    return network(hidden_layer_sizes, **parameters).fit(X, y)


@pytest.mark.parametrize("options", COMBINATIONS, ids=str)
@each_dtype
def test_instruction_sets(dtype, options, monkeypatch):
    X, y = samples(60, dtype)
    rate = 0.01 if options["activation"] in ("relu", "identity") else 0.05
    for hidden_layer_sizes in ((17, 5), (3,), ()):
        models = []
        for name in _engine.INSTRUCTION_SETS:
            engine = type("Chosen", (_engine.CompiledEngine,), {"instruction_set": name})
            monkeypatch.setattr(_engine, "Engine", engine)
            models.append(fitted(X, y, hidden_layer_sizes, learning_rate_init=rate, **options))
        for model in models[1:]:
            assert_same_training(models[0], model)


@pytest.mark.parametrize("n_presentations", [1, 2, 7, 60, 100])
@each_dtype
def test_slices_of_any_size(n_presentations, dtype, monkeypatch):
    X, y = samples(60, dtype)
    expected = fitted(X, y)
    sizes = []

    class Counting(_engine.CompiledEngine):
        def seconds_per_presentation(self, X):
            return 1.0

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

"""A stream of chunks: however it is cut, and whatever becomes of the model in between."""

import numpy as np
import pytest
import scipy.sparse as sp
from helpers import (
    KEPT,
    OPTIONS,
    TRAININGS,
    assert_close,
    assert_same_bits,
    each_dtype,
    network,
    of_training,
    samples,
    train,
    weights_of_kind,
)
from sklearn.base import clone

pytestmark = pytest.mark.usefixtures("engine")

STREAMS = {name: TRAININGS[name] for name in TRAININGS if "balanced labels" not in name}
STREAMS |= {f"only {name}": OPTIONS[name] for name in OPTIONS}
STREAMS |= {"standardize, nesterov": {"standardize": True} | OPTIONS["nesterov"]}
CUTS = {"singly": range(1, 70), "sevens": range(7, 70, 7), "unequal": [1, 2, 17, 18, 25, 64]}
each_cut = pytest.mark.parametrize("cut", CUTS)


def chunks(how, *arrays):
    return zip(*(np.split(array, CUTS[how]) for array in arrays), strict=True)


def streamed(model, parts, keep=lambda model: model):
    """Train on the chunks of a stream, each (X, y, weights), every second one as a CSR array."""
    for number, (X, y, weights) in enumerate(parts):
        X = X.astype(np.float64) if number % 3 == 1 else X  # computed in the type of the first
        X = sp.csr_array(X) if number % 2 else X
        classes = range(3) if y.ndim == 1 else None
        model = keep(model.partial_fit(X, y, classes=classes, sample_weight=weights))
    return model


@each_dtype
@each_cut
@pytest.mark.parametrize("stream", STREAMS)
def test_chunks_do_not_matter(stream, cut, dtype):
    """Decay is made up for when weights are next needed, or at the end of a chunk: to rounding."""
    parameters = STREAMS[stream]
    X, y = samples(70, dtype, multilabel="labels" in stream)
    weights = weights_of_kind("fractional", 70)
    decays = "alpha" in parameters
    whole = network(**parameters)
    train(whole, "partial_fit", sp.csr_array(X) if decays else X, y, sample_weight=weights)
    parts = chunks(cut, X, y, weights)
    in_chunks = streamed(network(**parameters), parts, KEPT["pickle"])
    assert whole.t_ == in_chunks.t_
    if not decays:
        assert_same_bits(whole, in_chunks)
    elif dtype == np.float64:
        assert_close(whole, in_chunks, rtol=1e-10, atol=1e-14)
    else:
        assert_close(whole, in_chunks, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("training", ["plain", "labels", "momentum", "class weights"])
def test_partial_fit_is_one_pass_in_the_order_given(training):
    parameters, X, y = of_training(training)
    fitted = network(**parameters, shuffle=False, max_iter=1).fit(X, y)
    for shuffle in (True, False):
        model = train(network(**parameters, shuffle=shuffle), "partial_fit", X, y)
        assert_same_bits(fitted, model)


def test_partial_fit_goes_on_from_fit():
    X, y = samples()
    fitted = network(momentum=0.5, shuffle=False).fit(X, y)
    whole = network(momentum=0.5, shuffle=False, max_iter=4).fit(X, y)
    assert_same_bits(fitted.partial_fit(X, y), whole)


@pytest.mark.parametrize("options", [{}, TRAININGS["gradient"] | {"alpha": 1e-3}])
@pytest.mark.parametrize("hidden", [(), (20,), (33, 9)], ids=str)
def test_fit_in_blocks_agrees_with_partial_fit(hidden, options):
    """Samples are presented in blocks, and one after the other."""
    X = np.random.RandomState(0).normal(size=(2000, 40))
    y = np.argmax(X[:, :3], axis=1)
    model = network(hidden, **options, max_iter=1, shuffle=False)
    model.set_params(learning_rate_init=0.01)
    fitted, streamed = clone(model).fit(X, y), model.partial_fit(X, y, classes=[0, 1, 2])
    assert_close(fitted, streamed, rtol=1e-10)

"""A stream of chunks: however it is cut, and whatever becomes of the model in between."""

import numpy as np
import pytest
import scipy.sparse as sp
from helpers import (
    BALANCED,
    FRACTIONS,
    KEPT,
    LABELS,
    TRAININGS,
    assert_close,
    assert_same_bits,
    network,
    of_training,
    samples,
    train,
    weights_of_kind,
)

pytestmark = pytest.mark.usefixtures("engine")

MOMENTUM = {"momentum": 0.8, "learning_rate_init": 0.05}
NESTEROV = MOMENTUM | {"nesterovs_momentum": True}
STREAMS = {
    **{
        name: TRAININGS[name]
        for name in ("plain", "gradient", "sigmoid", "regression", "standardize")
    },
    "tutorial": TRAININGS["tutorial"],
    "labels": LABELS,
    "momentum": MOMENTUM,
    "nesterov": NESTEROV,
    "average": {"average": True},
    "average, nesterov": {"average": True, **NESTEROV},
    "class weights": FRACTIONS,
    "balanced": BALANCED,
    "standardize, nesterov": {"standardize": True, **NESTEROV},
    "early stopping, which takes no part": {"early_stopping": True},
}
DECAYING = {
    "alpha": {"alpha": 0.02},
    "alpha, momentum": {"alpha": 0.02, **MOMENTUM},
    "everything": {"alpha": 0.01, "average": True, **NESTEROV},
}
CUTS = {
    "singly": range(1, 70),
    "sevens": range(7, 70, 7),
    "unequal": [1, 2, 17, 18, 25, 64],
}
each_cut = pytest.mark.parametrize("cut", CUTS)


def chunks(how, *arrays):
    return zip(*(np.split(array, CUTS[how]) for array in arrays), strict=True)


def streamed(model, parts, keep=lambda model: model):
    """Train on the chunks of a stream, each (X, y, weights), every second one as a CSR array."""
    for number, (X, y, weights) in enumerate(parts):
        X = sp.csr_array(X) if number % 2 else X
        classes = range(3) if y.ndim == 1 else None
        model = keep(model.partial_fit(X, y, classes=classes, sample_weight=weights))
    return model


def of_stream(name, dtype=np.float64):
    X, y = samples(70, dtype, multilabel=name == "labels")
    return X, y, weights_of_kind("fractional", 70)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@each_cut
@pytest.mark.parametrize("stream", STREAMS)
def test_chunks_do_not_matter(stream, cut, dtype):
    X, y, weights = of_stream(stream, dtype)
    whole = train(network(**STREAMS[stream]), "partial_fit", X, y, sample_weight=weights)
    parts = chunks(cut, X, y, weights)
    in_chunks = streamed(network(**STREAMS[stream]), parts, KEPT["pickle"])
    assert_same_bits(whole, in_chunks)
    assert whole.t_ == in_chunks.t_


@each_cut
@pytest.mark.parametrize("stream", DECAYING)
def test_chunks_of_decaying_weights_agree(stream, cut):
    """Decay is made up for when a row of weights is next needed, and at the end of a chunk."""
    X, y, weights = of_stream(stream)
    whole = network(**DECAYING[stream])
    train(whole, "partial_fit", sp.csr_array(X), y, sample_weight=weights)
    in_chunks = streamed(network(**DECAYING[stream]), chunks(cut, X, y, weights))
    assert_close(whole, in_chunks, rtol=1e-10, atol=1e-14)
    assert whole.t_ == in_chunks.t_


@pytest.mark.parametrize("way", ["copy", "pickle", "joblib"])
@pytest.mark.parametrize(
    ("stream", "learning_rate"),
    [(stream, "constant") for stream in [*STREAMS, *DECAYING]]
    + [("everything", "invscaling"), ("everything", "inverse_time")],
)
def test_a_stream_survives_storage(stream, learning_rate, way):
    parts = list(chunks("unequal", *of_stream(stream)))
    parameters = (STREAMS | DECAYING)[stream] | {"learning_rate": learning_rate}
    whole = streamed(network(**parameters), parts)
    stored = streamed(network(**parameters), parts, KEPT[way])
    assert_same_bits(whole, stored)
    assert whole.loss_curve_ == stored.loss_curve_
    assert stored.n_iter_ == len(parts)


def test_chunks_do_not_matter_across_slices(engine):
    """Long runs are cut into slices: the cuts of the caller fall elsewhere, to no effect."""
    n_presentations = {"numpy": 6_000, "compiled": 2_000_000}[engine]
    X, y = np.array([[1.0, -0.5], [0.0, 2.0]]), np.array([0, 1])
    counts = np.array([n_presentations - 1001, 1001])
    whole = network(**TRAININGS["tutorial"])
    whole.partial_fit(X, y, classes=[0, 1], sample_weight=counts)
    in_chunks = network(**TRAININGS["tutorial"])
    for row, share in [(0, 1 / 3), (0, 2 / 3), (1, 1)]:
        weight = [np.round(counts[row] * share)]
        in_chunks.partial_fit(X[[row]], y[[row]], classes=[0, 1], sample_weight=weight)
    assert whole.t_ == in_chunks.t_ == n_presentations
    assert_same_bits(whole, in_chunks)


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


def test_fit_after_partial_fit_starts_anew():
    X, y = samples()
    model = train(network(), "partial_fit", X, y)
    assert_same_bits(model.fit(X, y), network().fit(X, y))
    assert model.t_ == 3 * len(y)

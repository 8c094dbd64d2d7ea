"""A network with `standardize` scales its inputs as a StandardScaler in front of it would."""

import numpy as np
import pytest
import scipy.sparse as sp
from helpers import (
    FRACTIONS,
    KEPT,
    STOPPING,
    assert_close,
    assert_same_bits,
    bits,
    each_container,
    each_dtype,
    each_kind_of_weights,
    each_method,
    network,
    present_nothing,
    replace_run,
    samples,
    state,
    train,
    weights_of_kind,
)
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skl_softmaxnet import SoftmaxMLPClassifier, _standardization

pytestmark = pytest.mark.usefixtures("engine")
CLASSES = [0, 1, 2]


def standardizing(hidden_layer_sizes=(5, 4), **parameters):
    return network(hidden_layer_sizes, standardize=True, **parameters)


def raw_samples(n_samples=40, dtype=np.float64, zeros=0.3):
    """Inputs of very different sizes, of which the last is constant, and some are zero."""
    rng = np.random.RandomState(0)
    X = 10.0 ** np.arange(-2, 3) * rng.normal([0, 1, 2, 3, 50], size=(n_samples, 5))
    X[rng.uniform(size=X.shape) < zeros] = 0
    return np.column_stack([X, np.full(n_samples, 0.1)]).astype(dtype), np.arange(n_samples) % 3


def statistics(model):
    return model.input_mean_, model.input_scale_


def assert_statistics(model, expected, rtol=1e-10, atol=1e-12):
    for learned, value in zip(statistics(model), expected, strict=True):
        assert learned.dtype == np.float64
        assert_allclose(learned, value, rtol=rtol, atol=atol)


def assert_same_model(one, other):
    assert_same_bits(one, other)
    assert_statistics(one, statistics(other), rtol=0, atol=0)


def means_and_scales(X, weights, *, is_centred=True):
    mean = np.average(X, weights=weights, axis=0)
    scales = np.sqrt(np.average((X - mean) ** 2, weights=weights, axis=0))
    return mean if is_centred else 0 * mean, np.where(np.ptp(X, axis=0) > 0, scales, 1)


# --- fit ---


@pytest.mark.parametrize("load", [load_iris, load_wine, load_breast_cancer, load_digits])
@each_container
def test_fit_is_that_of_a_pipeline(load, container, engine):
    X, y = load(return_X_y=True)
    X = container(X)
    parameters = {"random_state": 0} | ({"max_iter": 2, "tol": None} if engine == "numpy" else {})
    scaler = StandardScaler(with_mean=container is np.asarray)
    pipeline = make_pipeline(scaler, SoftmaxMLPClassifier(**parameters)).fit(X, y)
    model = SoftmaxMLPClassifier(standardize=True, **parameters).fit(X, y)
    assert_allclose(model.predict_proba(X), pipeline.predict_proba(X), rtol=0, atol=1e-9)
    assert_allclose(model.loss_curve_, pipeline[-1].loss_curve_, rtol=1e-9)
    assert engine == "numpy" or model.score(X, y) > 0.95
    assert_allclose(model.input_scale_, scaler.scale_, rtol=1e-12)
    mean = scaler.mean_ if container is np.asarray else 0 * scaler.scale_
    assert_statistics(model, (mean, scaler.scale_))


@each_kind_of_weights
@pytest.mark.parametrize("options", [{}, FRACTIONS, STOPPING], ids=["plain", "classes", "stopping"])
@each_container
def test_fit_counts_what_an_epoch_presents(kind, options, container, presented):
    X, y = raw_samples()
    weights = weights_of_kind(kind, len(X))
    model = standardizing(max_iter=1, **options).fit(container(X), y, sample_weight=weights)
    (call,) = presented
    counted = np.bincount(call.order, call.fractions, minlength=len(X))
    assert_statistics(model, means_and_scales(X, counted, is_centred=container is np.asarray))
    if options is STOPPING:
        assert not np.allclose(model.input_scale_, means_and_scales(X, weights)[1], rtol=1e-3)


@each_container
@each_dtype
def test_row_order_does_not_matter(container, dtype):
    X, y = raw_samples(dtype=dtype)
    order = np.random.RandomState(0).permutation(len(X))
    models = [standardizing().fit(container(X[rows]), y[rows]) for rows in (slice(None), order)]
    assert_same_model(*models)


@each_method
@each_container
def test_integer_weights_are_repetition(method, container):
    X, y = raw_samples()
    counts = weights_of_kind("integer", len(X))
    weighted = train(standardizing(), method, container(X), y, sample_weight=counts)
    repeated = train(
        standardizing(), method, container(np.repeat(X, counts, axis=0)), y.repeat(counts)
    )
    assert_same_model(weighted, repeated)


def test_single_precision():
    """Far from zero, where squares of floats of four bytes would say nothing."""
    X, y = load_iris(return_X_y=True)
    X = (X + 4096).astype(np.float32)
    models = [standardizing().fit(X.astype(t), y) for t in ("f4", "f8")]
    assert models[0].coefs_[0].dtype == np.float32
    assert_statistics(models[0], statistics(models[1]), rtol=0, atol=0)
    assert_close(*models, rtol=1e-3, atol=1e-4)
    proba = models[0].predict_proba(X)
    assert proba.dtype == np.float32
    assert_array_equal(proba, models[0].predict_proba(X.astype("f8")))


# --- Inputs that do not vary ---


@each_method
@each_container
@pytest.mark.parametrize("share", [1, 0.3, 1e-3])
def test_constant_inputs(method, container, share, engine):
    """Also where they vary by what rounding leaves alone."""
    n_samples = 200 if engine == "numpy" else 100_000
    X = np.full((n_samples, 5), [0.0, 0.1, 1e9, -0.7, 1e-3])
    X[::2, 2] = np.nextafter(1e9, 2e9)
    X[:, 3] += np.spacing(0.7) * (np.arange(n_samples) % 3)
    y = np.arange(n_samples) % 2
    weights = np.full(n_samples, share) if method == "partial_fit" else None
    model = train(standardizing((), max_iter=1), method, container(X), y, sample_weight=weights)
    assert_array_equal(model.input_scale_, 1)
    centre = X.mean(axis=0) if container is np.asarray else 0
    assert_allclose(model.input_mean_, centre, rtol=1e-10)


@each_method
def test_inputs_that_vary_little(method):
    X, y = np.random.RandomState(0).normal(size=(300, 4)), np.arange(300) % 2
    X = X * [1e-6, 1e-9, 1e-3, 1e-200] + [1, 0, 1e3, 0]
    model = train(standardizing(()), method, X, y)
    assert_allclose(model.input_scale_[:3], X.std(axis=0)[:3], rtol=1e-6)
    assert model.input_scale_[3] == 1  # a square of 1e-200 is zero


def test_no_stream_is_so_long_that_an_input_becomes_constant():
    X, y = 1e6 + np.random.RandomState(0).normal(size=(50, 1)), np.arange(50) % 2
    model = standardizing(()).fit(X, y)
    model._input_totals *= 1e9  # as if all had come as often
    model._input_moments[1:] *= 1e9
    assert_allclose(model.input_scale_, X.std(), rtol=1e-9)


# --- partial_fit ---


@pytest.mark.parametrize("kind", ["none", "fractional"])
@each_container
def test_a_sample_is_counted_and_then_learned(kind, container):
    X, y = raw_samples()
    weights = weights_of_kind(kind, len(X))
    model = standardizing()
    model.partial_fit(container(X), y, classes=CLASSES, sample_weight=weights)
    scaler = StandardScaler(with_mean=container is np.asarray)
    expected = network()
    counts = np.ones(40) if weights is None else weights
    for x, label, count in zip(X[:, np.newaxis], y, counts, strict=True):
        for share in [1.0] * int(count) + [count % 1] * int(count % 1 > 0):
            z = scaler.partial_fit(x, sample_weight=[share]).transform(x)
            expected.partial_fit(z, [label], classes=CLASSES, sample_weight=[share])
    assert_close(model, expected, rtol=1e-8)
    assert_allclose(model.input_scale_, scaler.scale_, rtol=1e-10)


@each_dtype
@pytest.mark.parametrize("first", [np.asarray, sp.csr_array])
@pytest.mark.parametrize("options", [{}, {"momentum": 0.5}, {"average": True}], ids=str)
def test_chunks_do_not_matter(options, first, dtype):
    """Dense or sparse: the first decides whether inputs are centred."""
    X, y = raw_samples(dtype=dtype)
    weights = weights_of_kind("fractional", len(X))
    whole = standardizing(**options)
    whole.partial_fit(first(X), y, classes=CLASSES, sample_weight=weights)
    model = standardizing(**options)
    chunks = np.split(np.arange(40), [1, 2, 3, 11, 30])
    for rows, container in zip(chunks, [first, *[np.asarray, sp.csr_array] * 3], strict=False):
        model = KEPT["pickle"](model)
        model.partial_fit(container(X[rows]), y[rows], classes=CLASSES, sample_weight=weights[rows])
    assert_same_model(whole, model)
    assert (model.input_mean_ == 0).all() == (first is sp.csr_array)
    assert_array_equal(model.predict_proba(X), model.predict_proba(sp.csr_array(X)))


@each_container
@pytest.mark.parametrize("alpha", [0, 0.02])
def test_a_few_rows_at_a_time(alpha, container, monkeypatch):
    X, y = raw_samples()
    results = []
    for n_values in (1 << 15, 20, 1):
        monkeypatch.setattr(_standardization, "_VALUES_AT_ONCE", n_values)
        fitted = standardizing(alpha=alpha).fit(container(X), y)
        model = clone(fitted).partial_fit(container(X), y, classes=CLASSES, sample_weight=[3] * 40)
        results.append([bits(fitted), bits(model), fitted.predict_proba(X).tobytes()])
    assert results[0] == results[1] == results[2]


def test_partial_fit_goes_on_from_fit():
    X, y = raw_samples()
    model = standardizing().fit(X[:25], y[:25]).partial_fit(X[25:], y[25:])
    assert_statistics(model, means_and_scales(X, None))


@each_container
def test_before_the_first_sample(container):
    X, y = raw_samples()
    model = present_nothing(standardizing(), container(X), y)
    assert_array_equal(np.array(statistics(model)), [[0] * 6, [1] * 6])
    assert_array_equal(model.predict_proba(X), present_nothing(network(), X, y).predict_proba(X))
    first = standardizing().partial_fit(container(X), y, CLASSES)
    assert_same_model(model.partial_fit(X, y), first)


# --- Predictions ---


@each_dtype
@each_container
def test_predictions_are_those_of_scaled_rows(container, dtype):
    X, y = raw_samples(dtype=dtype)
    model, plain = standardizing().fit(container(X), y), network()
    mean, scales = statistics(model)
    z = ((X.astype(np.float64) - mean) / scales).astype(dtype)
    plain.fit(z, y)
    plain.coefs_, plain.intercepts_ = model.coefs_, model.intercepts_
    expected = plain.predict_log_proba(z)
    assert_array_equal(model.predict_log_proba(X), expected, strict=True)
    assert_array_equal(model.predict_log_proba(sp.csc_array(X)), expected)
    assert_array_equal(model.predict_log_proba(np.repeat(X, 2, axis=1)[:, ::2]), expected)
    for row in range(len(X)):
        for form in (X[row : row + 1], sp.csr_array(X[row : row + 1])):
            assert_array_equal(model.predict_log_proba(form)[0], expected[row])
    many = container(np.tile(X, (3000, 1)))
    assert_array_equal(model.predict_log_proba(many)[-40:], expected)


@each_method
def test_predictions_follow_what_was_trained(method):
    X, y = raw_samples()
    for before in (True, False):
        model = train(network(standardize=before), method, X, y)
        expected = model.predict_proba(X)
        model.set_params(standardize=not before, warm_start=True)
        assert_array_equal(model.predict_proba(X), expected)
        for learn in (model.fit, model.partial_fit):
            with pytest.raises(ValueError, match=f"standardize={not before} cannot continue"):
                learn(X, y)
        assert_array_equal(model.predict_proba(X), expected)
        anew = model.set_params(warm_start=False).fit(X, y)
        assert hasattr(anew, "input_mean_") == (not before)


@each_method
def test_rows_without_values(method):
    X, y = raw_samples()
    X[:3] = 0
    model = train(standardizing(), method, sp.csr_array(X), y)
    zeros = sp.csr_array((2, X.shape[1]))
    assert_array_equal(model.predict_proba(zeros), model.predict_proba(zeros.toarray()))
    assert_array_equal(model.predict_proba(zeros)[0], model.predict_proba(sp.csr_array(X))[0])


def test_attributes_are_there_where_they_say_something():
    X, y = samples()
    for model in (standardizing(), network().fit(X, y), clone(standardizing().fit(X, y))):
        assert not hasattr(model, "input_mean_")
        assert not hasattr(model, "input_scale_")


# --- Warm starts, early stopping ---


def test_a_warm_start_takes_the_statistics_anew():
    X, y = raw_samples()
    model = standardizing(warm_start=True).fit(X, y).fit(10 * X[:30] + 1, y[:30])
    assert_statistics(model, means_and_scales(10 * X[:30] + 1, None), atol=0)
    assert model.n_iter_ * 2 == len(model.loss_curve_)
    model.fit(sp.csr_array(X), y)
    assert_array_equal(model.input_mean_, 0)


@each_container
@pytest.mark.parametrize("X_val_container", [np.asarray, sp.csr_array])
def test_validation_samples_are_scaled_alike(container, X_val_container):
    X, y = raw_samples()
    model = standardizing(early_stopping=True, max_iter=9)
    model.fit(container(X[10:]), y[10:], X_val=X_val_container(X[:10]), y_val=y[:10])
    losses = -model.predict_log_proba(X[:10])[np.arange(10), y[:10]]
    assert_allclose(losses.mean(), min(model.validation_loss_curve_), rtol=1e-12)
    spared = standardizing().fit(container(X[10:]), y[10:])
    assert_statistics(model, statistics(spared), rtol=0, atol=0)


# --- When something goes wrong ---


@each_container
@each_method
@pytest.mark.parametrize("value", [1e200, -1.7e308])
def test_values_whose_squares_overflow(value, method, container):
    X, y = raw_samples()
    model, spared = (standardizing(warm_start=True).fit(container(X), y) for _ in range(2))
    too_large = X.copy()
    too_large[20:, 3] = value
    with pytest.raises(ValueError, match=r"X holds values that are too large for standardize=True"):
        getattr(model, method)(container(too_large), y)
    assert state(model) == state(spared)
    assert state(model.partial_fit(X, y)) == state(spared.partial_fit(X, y))


@each_container
@pytest.mark.parametrize("first", [np.asarray, sp.csr_array])
def test_a_call_that_fails_counts_nothing(first, container, monkeypatch):
    X, y = raw_samples()
    model, spared = (standardizing().partial_fit(first(X), y, CLASSES) for _ in range(2))

    chunk = 2 * X
    chunk[:, 1] = 0  # not stored in sparse rows, and not zero once it is centred
    with monkeypatch.context() as patch:
        replace_run(patch, lambda run, *arguments: run(*arguments) + np.inf)
        with pytest.raises(ValueError, match=r"diverged in epoch 2.*\. Lower learning_rate_init"):
            model.partial_fit(container(chunk), y)
    assert state(model) == state(spared)

"""What holds bit for bit: row order, repetition, chunks, kinds of X; and what comes out."""

import pickle

import numpy as np
import pytest
import scipy.sparse
import transcription
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit, log_expit, log_softmax, softmax

from skl_softmaxnet import SoftmaxMLPClassifier

pytestmark = pytest.mark.usefixtures("engine")

VARIANTS = {
    "default": {},
    "gradient": {"loss": "log_loss", "backprop": "gradient", "activation": "relu"},
    "sigmoid": {"output_activation": "sigmoid", "activation": "tanh"},
    "regression": {"hidden_layer_sizes": ()},
    "tutorial": {"fit_intercept": False, "hidden_layer_sizes": (3,)},
}
each_variant = pytest.mark.parametrize("variant", VARIANTS)
SPARSE_FORMATS = ["csr", "csc", "coo", "lil", "dok", "bsr", "dia"]


def network(variant="default", **parameters):
    defaults = {"hidden_layer_sizes": (5, 4), "learning_rate_init": 0.3, "random_state": 0}
    defaults |= {"max_iter": 3, "tol": None}
    return SoftmaxMLPClassifier(**(defaults | VARIANTS[variant] | parameters))


def samples(dtype=np.float64):
    """30 rows with many zeros, one of them four times, once with another target; three classes."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(30, 7)).astype(dtype)
    X[rng.uniform(size=X.shape) < 0.5] = 0
    y = np.arange(30) % 3
    X[3], X[4], X[6] = X[0], X[0], X[0]  # targets 0, 1, 0 beside the 0 of row 0
    X[5] = 0
    return X, y


def weights_of_kind(kind, n_samples):
    rng = np.random.RandomState(1)
    return {
        "none": None,
        "integer": rng.randint(0, 5, size=n_samples),
        "fractional": rng.uniform(0, 3, size=n_samples),
        "relative": rng.uniform(0, 1, size=n_samples) / n_samples,
    }[kind]


def assert_same_bits(one, other):
    """The weights and intercepts of two models agree in dtype, shape and every bit."""
    for name in ("coefs_", "intercepts_"):
        for left, right in zip(getattr(one, name), getattr(other, name), strict=True):
            assert left.dtype == right.dtype
            assert np.isfinite(left).all()
            assert_array_equal(left, right)  # for its message; -0.0 would pass here
            assert left.tobytes() == right.tobytes()


def assert_close(one, other, rtol=1e-12):
    for name in ("coefs_", "intercepts_"):
        for left, right in zip(getattr(one, name), getattr(other, name), strict=True):
            assert_allclose(left, right, rtol=rtol, atol=1e-14)


# --- The order of the rows ---


@pytest.mark.parametrize("kind", ["none", "integer", "fractional", "relative"])
@each_variant
def test_row_order_does_not_matter(variant, kind):
    X, y = samples()
    sample_weight = weights_of_kind(kind, len(y))
    fitted = network(variant).fit(X, y, sample_weight=sample_weight)
    for seed in range(3):
        order = np.random.RandomState(seed).permutation(len(y))
        permuted_weight = None if sample_weight is None else sample_weight[order]
        permuted = network(variant).fit(X[order], y[order], sample_weight=permuted_weight)
        assert_same_bits(fitted, permuted)
        assert_allclose(permuted.loss_curve_, fitted.loss_curve_, rtol=1e-12)


def test_row_order_of_equal_rows_with_different_fractions_does_not_matter():
    X, y = np.ones((4, 2)), np.array([0, 0, 0, 1])
    fitted = network().fit(X, y, sample_weight=[1.25, 0.5, 2.75, 1])
    for weights in ([2.75, 0.5, 1.25, 1], [0.5, 1.25, 2.75, 1]):
        assert_same_bits(fitted, network().fit(X, y, sample_weight=weights))


def test_row_order_matters_without_shuffling():
    X, y = samples()
    forwards = network(shuffle=False).fit(X, y)
    backwards = network(shuffle=False).fit(X[::-1], y[::-1])
    assert not np.array_equal(forwards.coefs_[0], backwards.coefs_[0])


# --- Sample weights ---


@pytest.mark.parametrize("shuffle", [True, False])
@each_variant
def test_integer_weights_are_repetition(variant, shuffle):
    X, y = samples()
    sample_weight = weights_of_kind("integer", len(y))
    assert set(sample_weight) == {0, 1, 2, 3, 4}
    # np.repeat puts the copies of a row next to each other, as shuffle=False presents them.
    X_repeated, y_repeated = (np.repeat(array, sample_weight, axis=0) for array in (X, y))

    weighted = network(variant, shuffle=shuffle).fit(X, y, sample_weight=sample_weight)
    repeated = network(variant, shuffle=shuffle).fit(X_repeated, y_repeated)

    assert_same_bits(weighted, repeated)
    assert weighted.t_ == repeated.t_ == 3 * sample_weight.sum()
    assert_allclose(weighted.loss_curve_, repeated.loss_curve_, rtol=1e-12)


@pytest.mark.parametrize("shuffle", [True, False])
def test_weight_zero_is_removal(shuffle):
    X, y = samples()
    y = np.array(["red", "green", "blue"])[y]
    kept = y != "green"
    weighted = network(shuffle=shuffle).fit(X, y, sample_weight=kept.astype(float))
    removed = network(shuffle=shuffle).fit(X[kept], y[kept])
    assert_same_bits(weighted, removed)
    assert_array_equal(weighted.classes_, ["blue", "red"])
    assert weighted.n_outputs_ == 2


def test_ones_are_no_weights():
    X, y = samples()
    assert_same_bits(network().fit(X, y), network().fit(X, y, sample_weight=np.ones(len(y))))


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_a_fraction_is_one_more_presentation_at_a_lower_rate(method):
    X, y = (array[:4] for array in samples())
    sample_weight = np.array([2.5, 1, 0.25, 1.3])
    model = network("tutorial", shuffle=False, max_iter=1, learning_rate_init=0.5)
    model.partial_fit(X, y, classes=[0, 1, 2], sample_weight=np.zeros(4))
    W1, W2 = (W.T.tolist() for W in model.coefs_)

    getattr(model, method)(X, y, sample_weight=sample_weight)

    shares = [(0, 1), (0, 1), (0, 0.5), (1, 1), (2, 0.25), (3, 1), (3, 1.3 - 1)]
    loss = 0
    for row, share in shares:
        x, target = X[row].tolist(), y[row]
        _, o = transcription.forward(W1, W2, x, "softmax")
        loss += share * transcription.squared_error(o, target)
        W1, W2 = transcription.train_one_sample(W1, W2, x, target, 0.5 * share, "softmax")
    for fitted, W in zip(model.coefs_, (W1, W2), strict=True):
        assert_allclose(fitted, np.transpose(W), rtol=1e-12)
    assert_allclose(model.loss_, loss / sample_weight.sum(), rtol=1e-12)  # per unit of weight
    assert model.t_ == len(shares)


@pytest.mark.parametrize("shuffle", [True, False])
def test_relative_weights_are_scaled_to_mean_one(shuffle):
    X, y = samples()
    sample_weight = np.resize([0.5, 1.5, 0.0, 0.75, 1.25], len(y))  # the positive ones: mean 1
    plain = network(shuffle=shuffle).fit(X, y, sample_weight=sample_weight)
    scaled = network(shuffle=shuffle).fit(X, y, sample_weight=sample_weight / 1024)
    assert_same_bits(plain, scaled)  # a power of two, so that the scaling is exact
    assert_allclose(scaled.loss_curve_, plain.loss_curve_, rtol=1e-12)


@pytest.mark.parametrize("n_samples", [6, 30, 49])
def test_equal_relative_weights_are_no_weights(n_samples):
    """AdaBoost starts with 1 / n each; 49 times 1 / 49 is not 1 in floating point."""
    X, y = (np.resize(array, (n_samples, *array.shape[1:])) for array in samples())
    weighted = network().fit(X, y, sample_weight=np.full(n_samples, 1 / n_samples))
    assert weighted.t_ == 3 * n_samples
    assert_same_bits(weighted, network().fit(X, y))


def test_weights_with_a_mean_above_one_are_counts():
    X, y = samples()
    assert network().fit(X, y, sample_weight=np.full(len(y), 2.0)).t_ == 3 * 2 * len(y)


def test_partial_fit_never_scales():
    X, y = samples()
    half_weight = network(learning_rate_init=0.5)
    half_weight.partial_fit(X, y, classes=[0, 1, 2], sample_weight=np.full(len(y), 0.5))
    half_rate = network(learning_rate_init=0.25).partial_fit(X, y, classes=[0, 1, 2])
    assert_same_bits(half_weight, half_rate)


# --- Streams ---


def cuts(how, n_samples):
    """Where to cut a stream."""
    return {
        "singly": range(1, n_samples),
        "sevens": range(7, n_samples, 7),
        "unequal": [1, 2, 17, 18, 25],
    }[how]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("how", ["singly", "sevens", "unequal"])
@each_variant
def test_chunks_do_not_matter(variant, how, dtype):
    X, y = samples(dtype=dtype)
    sample_weight = weights_of_kind("fractional", len(y))
    whole = network(variant).partial_fit(X, y, classes=[0, 1, 2], sample_weight=sample_weight)
    streamed = network(variant)
    chunks = [np.split(array, cuts(how, len(y))) for array in (X, y, sample_weight)]
    for number, (X_chunk, y_chunk, weight_chunk) in enumerate(zip(*chunks, strict=True)):
        if number % 2:  # sparse chunks are the same rows
            X_chunk = scipy.sparse.csr_matrix(X_chunk)
        streamed.partial_fit(X_chunk, y_chunk, classes=[0, 1, 2], sample_weight=weight_chunk)
        streamed = pickle.loads(pickle.dumps(streamed))
    assert_same_bits(whole, streamed)
    assert whole.t_ == streamed.t_


def test_chunks_do_not_matter_across_slices(engine):
    """Long runs are cut into slices: the cuts of the caller fall elsewhere, to no effect."""
    n_presentations = {"numpy": 6_000, "compiled": 2_000_000}[engine]
    X, y = np.array([[1.0, -0.5], [0.0, 2.0]]), np.array([0, 1])
    counts = np.array([n_presentations - 1001, 1001])
    whole = network("tutorial").partial_fit(X, y, classes=[0, 1], sample_weight=counts)
    streamed = network("tutorial")
    for row, share in [(0, 1 / 3), (0, 2 / 3), (1, 1)]:
        weight = [np.round(counts[row] * share)]
        streamed.partial_fit(X[[row]], y[[row]], classes=[0, 1], sample_weight=weight)
    assert whole.t_ == streamed.t_ == n_presentations
    assert_same_bits(whole, streamed)


def test_partial_fit_is_one_pass_in_the_order_given():
    X, y = samples()
    fitted = network(shuffle=False, max_iter=1).fit(X, y)
    for shuffle in (True, False):
        assert_same_bits(fitted, network(shuffle=shuffle).partial_fit(X, y, classes=[0, 1, 2]))


def test_fit_after_partial_fit_starts_anew():
    X, y = samples()
    model = network().partial_fit(X, y, classes=[0, 1, 2])
    assert_same_bits(model.fit(X, y), network().fit(X, y))
    assert model.t_ == 3 * len(y)


# --- Random state ---


def test_equal_seeds_give_equal_bits():
    X, y = samples()
    seeded = network(random_state=5).fit(X, y)
    assert_same_bits(seeded, network(random_state=5).fit(X, y))
    instance = np.random.RandomState(5)
    assert_same_bits(seeded, network(random_state=instance).fit(X, y))
    for other in (network(random_state=instance), network(random_state=6)):
        assert not np.array_equal(seeded.coefs_[0], other.fit(X, y).coefs_[0])


# --- Kinds of X ---


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("format", SPARSE_FORMATS)
@pytest.mark.parametrize("shuffle", [True, False])
def test_sparse_is_dense(format, shuffle, dtype):
    X, y = samples(dtype=dtype)
    sparse = scipy.sparse.csr_array(X).asformat(format)
    dense_model = network(shuffle=shuffle).fit(X, y)
    sparse_model = network(shuffle=shuffle).fit(sparse, y)
    assert_same_bits(dense_model, sparse_model)
    assert sparse_model.coefs_[0].dtype == dtype
    assert_allclose(sparse_model.predict_proba(sparse), dense_model.predict_proba(X), rtol=1e-5)


@pytest.mark.parametrize("shuffle", [True, False])
def test_sparse_oddities_are_dense(shuffle):
    """Unsorted columns, stored zeros of both signs, an entry given in two parts."""
    dense = np.array([[0.0, 3, 5], [7, 0, 0], [0, 2, 0]])
    data, indices = [5.0, 1, 2, -0.0, 7, 0, 2], [2, 1, 1, 1, 0, 0, 1]
    odd = scipy.sparse.csr_matrix((data, indices, [0, 3, 5, 7]), shape=(3, 3))
    before = [array.copy() for array in (odd.data, odd.indices, odd.indptr)]
    expected = network(shuffle=shuffle).fit(dense, [0, 1, 2])
    assert_same_bits(expected, network(shuffle=shuffle).fit(odd, [0, 1, 2]))
    for array, copy in zip((odd.data, odd.indices, odd.indptr), before, strict=True):
        assert_array_equal(array, copy)


@pytest.mark.parametrize("shuffle", [True, False])
def test_minus_zero_is_zero(shuffle):
    X, y = samples()
    negative = np.where(X == 0, -0.0, X)
    assert np.signbit(negative[X == 0]).all()
    assert_same_bits(network(shuffle=shuffle).fit(X, y), network(shuffle=shuffle).fit(negative, y))


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [(np.float32, np.float32)] + [(t, np.float64) for t in (np.float64, np.float16, int, bool)],
)
def test_dtypes(dtype, expected):
    X, y = samples()
    model = network().fit(X.astype(dtype), y)
    for array in (*model.coefs_, *model.intercepts_):
        assert array.dtype == expected
    for name in ("decision_function", "predict_proba", "predict_log_proba"):
        assert getattr(model, name)(X.astype(dtype)).dtype == expected
    if expected == np.float64:
        assert_same_bits(model, network().fit(X.astype(dtype).astype(float), y))


@pytest.mark.parametrize("order", ["C", "F", "strided"])
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_inputs_are_only_read(method, order):
    X, y = samples()
    sample_weight = weights_of_kind("relative", len(y))
    given = np.repeat(X, 2, axis=1)[:, ::2] if order == "strided" else X.copy(order=order)
    arrays = [given, y.copy(), sample_weight.copy()]
    for array in arrays:
        array.flags.writeable = False
    more = {"classes": [0, 1, 2]} if method == "partial_fit" else {}
    model = getattr(network(), method)(arrays[0], arrays[1], sample_weight=arrays[2], **more)
    model.predict_proba(given)
    for array, original in zip(arrays, (X, y, sample_weight), strict=True):
        assert_array_equal(array, original)
    assert_same_bits(model, getattr(network(), method)(X, y, sample_weight=sample_weight, **more))


# --- The table "Outputs" ---

EXTREME = {
    2: [[0, 0], [1, -2], [-900, 900], [800, -800], [-2000, -2001]],
    3: [[0, 0, 0], [1, -2, 3], [-900, 0, 900], [-800, -801, -802], [1e4, 1e4, -1e4]],
}


def model_of_sums(output_activation, n_classes):
    """A model whose output sums z are its inputs, and those inputs."""
    z = np.array(EXTREME[n_classes], dtype=float)
    model = network("regression", output_activation=output_activation)
    classes = ["c", "a", "b"][:n_classes]
    model.partial_fit(z[:1], ["a"], classes=classes, sample_weight=[0])
    model.coefs_ = [np.eye(n_classes)]
    return model, z


each_case = pytest.mark.parametrize(
    ("output_activation", "n_classes"),
    [("softmax", 3), ("sigmoid", 3), ("softmax", 2), ("sigmoid", 2)],
)


@each_case
def test_decision_function(output_activation, n_classes):
    model, z = model_of_sums(output_activation, n_classes)
    columns = z if output_activation == "softmax" else log_expit(z)
    expected = columns if n_classes == 3 else columns[:, 1] - columns[:, 0]
    assert_allclose(model.decision_function(z), expected, rtol=1e-12)


@each_case
def test_probabilities_come_from_the_decision(output_activation, n_classes):
    model, z = model_of_sums(output_activation, n_classes)
    decision, probabilities = model.decision_function(z), model.predict_proba(z)
    assert probabilities.shape == z.shape
    assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-12)  # a saturated sigmoid row as well
    if n_classes == 2:
        assert_allclose(probabilities[:, 1], expit(decision), rtol=1e-12)
        assert_allclose(probabilities[:, 0], expit(-decision), rtol=1e-12)
    else:
        assert_allclose(probabilities, softmax(decision, axis=1), rtol=1e-12)


def test_sigmoid_probabilities_are_the_normalised_outputs():
    model, z = model_of_sums("sigmoid", 3)
    ordinary = z[:2]
    expected = expit(ordinary) / expit(ordinary).sum(axis=1, keepdims=True)
    assert_allclose(model.predict_proba(ordinary), expected, rtol=1e-12)
    # sigma(-800) is 0 in floating point; the row's ratios e^0 : e^-1 : e^-2 are not lost.
    assert_allclose(model.predict_proba([[-800, -801, -802]]), [softmax([0, -1, -2])], rtol=1e-12)


@each_case
def test_log_probabilities_stay_finite(output_activation, n_classes):
    model, z = model_of_sums(output_activation, n_classes)
    decision, logarithms = model.decision_function(z), model.predict_log_proba(z)
    if n_classes == 2:
        expected = np.column_stack([log_expit(-decision), log_expit(decision)])
    else:
        expected = log_softmax(decision, axis=1)
    assert np.isfinite(logarithms).all()
    assert_allclose(logarithms, expected, rtol=1e-12, atol=1e-15)


@each_case
def test_predict_gives_the_labels(output_activation, n_classes):
    model, z = model_of_sums(output_activation, n_classes)
    classes = ["a", "b", "c"] if n_classes == 3 else ["a", "c"]
    assert_array_equal(model.classes_, classes)
    predicted = model.predict(z)
    assert_array_equal(predicted, np.array(classes)[model.predict_proba(z).argmax(axis=1)])
    assert model.score(z, predicted) == 1

"""The compiled engine does what the engine in NumPy does, which is written to be read."""

import itertools
import platform

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skl_softmaxnet import _engine
from skl_softmaxnet._engine import NumpyEngine

pytestmark = [
    pytest.mark.parametrize("engine", ["compiled"], indirect=True),  # skips where it is not built
    pytest.mark.usefixtures("engine"),
]

OPTIONS = {
    "activation": ["logistic", "tanh", "relu", "identity"],
    "output_activation": ["softmax", "sigmoid"],
    "loss": ["squared_error", "log_loss"],
    "backprop": ["error", "gradient"],
    "fit_intercept": [True, False],
}
COMBINATIONS = [
    dict(zip(OPTIONS, values, strict=True)) for values in itertools.product(*OPTIONS.values())
]

# A difference of one rounding must stay one: training that diverges doubles it with every step.
# Hidden units without bounds do so from a rate of 0.02 on.
RATES = {"logistic": 0.05, "tanh": 0.05, "relu": 0.01, "identity": 0.01}

# The order of the additions differs between the engines, so the weights wander apart by a few units
# in the last place of the largest values they were made from, which are of the order of 1. A weight
# that comes near zero keeps that, hence the absolute terms.
TOLERANCES = {"float64": {"rtol": 1e-9, "atol": 1e-12}, "float32": {"rtol": 1e-3, "atol": 1e-5}}


def named(combination):
    return "-".join(str(value) for value in combination.values())


def assert_all_close(weights, expected, dtype, tolerances):
    for one, other in zip(weights, expected, strict=True):
        assert one.dtype == dtype
        assert_allclose(one, other, **tolerances)


def random_problem(sizes, *, n_samples=50, n_presentations=50, seed=0):
    """A network, samples of which 40 % are zeros, targets, and presentations in random order.

    All numbers are exact in float32, so that a float32 engine is given the same problem.
    """
    rng = np.random.RandomState(seed)
    bounds = [1 / np.sqrt(fan_in) for fan_in in sizes]
    coefs = [
        rng.uniform(-bound, bound, size=shape).astype(np.float32)
        for bound, shape in zip(bounds, itertools.pairwise(sizes), strict=False)
    ]
    intercepts = [rng.normal(scale=0.1, size=size).astype(np.float32) for size in sizes[1:]]
    X = rng.normal(size=(n_samples, sizes[0])).astype(np.float32).astype(float)
    X[rng.uniform(size=X.shape) < 0.4] = 0
    targets = rng.randint(sizes[-1], size=n_samples)
    return (coefs, intercepts), X, targets, rng.randint(n_samples, size=n_presentations)


def assert_engines_agree(run_engine, hidden_layer_sizes, options, fractions=None):
    """Dense and CSR, in both types of number, all against the engine in NumPy in float64."""
    network, X, *rest = random_problem([6, *hidden_layer_sizes, 3], n_presentations=2000)
    rest.append(fractions)
    options = options | {"rate": RATES[options["activation"]]}
    expected, expected_loss = run_engine(NumpyEngine, network, X, *rest, **options)
    largest = max(np.abs(weights).max() for weights in expected)
    assert largest < 10  # has not run away
    # thousands of roundings of float32 add up beside the large weights, also in the small ones: of
    # all combinations the worst strays by 1.2e-4 of the largest weight
    float32 = TOLERANCES["float32"] | {"atol": 2e-4 * largest}
    for dtype, tolerances in (TOLERANCES | {"float32": float32}).items():
        for container in (np.asarray, sp.csr_array):
            same_X = container(X.astype(dtype))
            weights, loss = run_engine(_engine.Engine, network, same_X, *rest, **options)
            assert_all_close(weights, expected, dtype, tolerances)
            assert_allclose(loss, expected_loss, **tolerances)


@pytest.mark.parametrize(
    ("options", "hidden_layer_sizes"),
    # three layouts in turn; the combinations come in powers of two, so that each option meets all
    list(zip(COMBINATIONS, itertools.cycle([(3,), (5, 4), (9,)]))),
    ids=[named(options) for options in COMBINATIONS],
)
def test_every_combination_after_2000_presentations(options, hidden_layer_sizes, run_engine):
    assert_engines_agree(run_engine, hidden_layer_sizes, options)


@pytest.mark.slow
@pytest.mark.parametrize("hidden_layer_sizes", [(), (3,), (5, 4), (17, 9, 3), (8, 16, 4, 33)])
@pytest.mark.parametrize("options", COMBINATIONS, ids=named)
def test_every_combination_and_layout_after_2000(options, hidden_layer_sizes, run_engine):
    fractions = np.random.RandomState(1).choice([1.0, 0.3, 0.75], size=2000)
    assert_engines_agree(run_engine, hidden_layer_sizes, options, fractions)


# --- Shapes and kinds of input, drawn by hypothesis ---

# around the lengths of vectors, of unrolled loops and of padded rows
SIZES = st.sampled_from([1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33])
# repeatable, so that CI never fails on what the change in question has not touched
repeatable = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # the same for all examples
)


@st.composite
def problems(draw):
    """What a call of `run` is given, without the container of X."""
    sizes = [
        draw(SIZES, label="n_features"),
        *draw(st.lists(SIZES, max_size=3), label="hidden_layer_sizes"),
        draw(st.integers(2, 11), label="n_classes"),
    ]
    n_samples = draw(st.integers(1, 8), label="n_samples")
    weights, X, targets, order = random_problem(
        sizes, n_samples=n_samples, seed=draw(st.integers(0, 99))
    )
    kinds = st.sampled_from(["empty", "full", "mixed"])
    kind = np.array(draw(st.lists(kinds, min_size=n_samples, max_size=n_samples), label="kinds"))
    X[kind == "empty"] = 0
    X[(kind == "full")[:, np.newaxis] & (X == 0)] = 0.5
    fractions = None
    if draw(st.booleans(), label="with fractions"):
        fractions = np.random.RandomState(0).choice([1.0, 0.3], size=order.size)
    return weights, X, targets, order, fractions


options_of_any_kind = st.fixed_dictionaries(
    {name: st.sampled_from(values) for name, values in OPTIONS.items()}
)
dtypes = st.sampled_from(sorted(TOLERANCES))


def csr_with_stored_zeros(X, index_dtype):
    """CSR that stores every second of its zeros, of either sign."""
    stored = X != 0
    stored |= np.cumsum(~stored, axis=1) % 2 == 0
    indptr = np.append(0, np.cumsum(stored.sum(axis=1)))
    result = sp.csr_array((X[stored], np.nonzero(stored)[1], indptr), shape=X.shape)
    result.data[result.data == 0] *= np.resize([1, -1], np.sum(result.data == 0))
    result.indices, result.indptr = result.indices.astype(index_dtype), indptr.astype(index_dtype)
    return result


@given(problem=problems(), options=options_of_any_kind, dtype=dtypes)
@repeatable
def test_any_shape(run_engine, problem, options, dtype):
    network, X, *rest = problem
    X, options = X.astype(dtype), options | {"rate": RATES[options["activation"]]}
    expected, expected_loss = run_engine(NumpyEngine, network, X, *rest, **options)
    for same_X in (X, csr_with_stored_zeros(X, np.int32), csr_with_stored_zeros(X, np.int64)):
        weights, loss = run_engine(_engine.Engine, network, same_X, *rest, **options)
        assert_all_close(weights, expected, dtype, TOLERANCES[dtype])
        assert_allclose(loss, expected_loss, **TOLERANCES[dtype])


def new_engine(engine_class, weights, dtype=np.float64, **options):
    """An engine, and the weights that it works on."""
    coefs, intercepts = _engine.as_blocks(*weights, dtype)
    options = {name: values[0] for name, values in OPTIONS.items()} | options
    return engine_class(coefs, intercepts, **options), [*coefs, *intercepts]


@pytest.mark.parametrize("with_zeros", [True, False])
def test_dense_and_sparse_calls_in_turn(with_zeros):
    """One engine may be given another X in every call, and leaves all of them as they are."""
    weights, X, targets, order = random_problem([6, 4, 3])
    X = X if with_zeros else X + 10
    dense, cuts = X.copy(), [0, 9, 10, 20, 27, 28, 50]  # among the calls, ones of one presentation
    trained = []
    for engine_class in (NumpyEngine, _engine.Engine):
        engine, parameters = new_engine(engine_class, weights)
        for number, part in enumerate(itertools.starmap(slice, itertools.pairwise(cuts))):
            engine.run(sp.csr_array(X) if number % 2 else dense, targets, order[part], None, 0.01)
        trained.append(parameters)
        assert engine.t == 50
    assert_array_equal(dense, X)
    assert_all_close(*trained, np.float64, TOLERANCES["float64"])


def test_no_presentation_changes_nothing(run_engine):
    weights, X, targets, order = random_problem([6, 4, 3])
    after, loss = run_engine(_engine.Engine, weights, X, targets, order[:0], rate=0.05)
    for one, other in zip(after, [*weights[0], *weights[1]], strict=True):
        assert_array_equal(one, other)
    assert loss == 0


# --- What else both engines are asked ---

BOTH = (NumpyEngine, _engine.CompiledEngine)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("sizes", [[3, 2], [17, 9, 4]])
def test_whether_all_weights_are_finite(sizes, dtype):
    weights, *_ = random_problem(sizes)
    for engine_class in BOTH:
        engine, parameters = new_engine(engine_class, weights, dtype)
        assert engine.is_finite()
        for array in parameters:
            for wrong in (np.nan, np.inf, -np.inf):
                right, array.flat[-1] = array.flat[-1], wrong
                assert not engine.is_finite()
                array.flat[-1] = right
        parameters[0][1] = np.nan
        assert engine.is_finite(np.array([0, 2]))
        assert not engine.is_finite(np.array([0, 1]))
        parameters[-1][0] = np.inf
        assert not engine.is_finite(np.array([0, 2]))
        assert not engine.is_finite(np.array([], dtype=np.intp))


def test_momentum_needs_velocities():
    weights, *_ = random_problem([6, 4, 3])
    for engine_class in BOTH:
        with pytest.raises(ValueError, match="velocities"):
            new_engine(engine_class, weights, momentum=0.9)


def test_momentum_counts_in_the_time_of_a_presentation():
    """It moves all weights of a million inputs, however few are not zero."""
    weights = [np.zeros((1_000_000, 2))], [np.zeros(2)]
    velocities = _engine.as_blocks(*weights, np.float64)
    plain, _ = new_engine(_engine.Engine, weights)
    moving, _ = new_engine(_engine.Engine, weights, momentum=0.9, velocities=velocities)
    assert moving.seconds_per_presentation > plain.seconds_per_presentation


@pytest.mark.skipif(
    platform.machine() not in ("x86_64", "AMD64"), reason="other processors keep tiny results"
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_tiny_results_are_zero_while_presentations_run(dtype):
    """A velocity that fades is zero in the end, not one of the numbers that x86 is slow with.

    Outside presentations the thread computes with those as ever.
    """
    n_samples = 20_000
    X = np.resize(np.array([1, 0], dtype), (n_samples, 2))
    X[0, 1] = 1  # what this input has set in motion fades
    weights, *_ = random_problem([2, 4, 2])
    velocities = _engine.as_blocks(*[[0 * array for array in part] for part in weights], dtype)
    engine, _ = new_engine(_engine.Engine, weights, dtype, momentum=0.9, velocities=velocities)
    engine.run(X, np.arange(n_samples) % 2, np.arange(n_samples), None, 0.05)
    assert (velocities[0][0][1] == 0).all()
    assert (velocities[0][0][0] != 0).all()
    tiny = np.finfo(dtype).tiny
    assert 0 < tiny / dtype(2) < tiny

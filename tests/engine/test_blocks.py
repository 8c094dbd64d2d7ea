"""Presentations in blocks are the same updates as one after the other."""

import itertools

import numpy as np
import pytest
import scipy.sparse as sp
from helpers import TRAININGS, network, parameters_of
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from sklearn.base import clone

from skl_softmaxnet import _engine

pytestmark = pytest.mark.skipif(_engine.CompiledEngine is None, reason="there is no compiler")

OPTIONS = {
    "activation": ["relu", "logistic", "tanh", "identity"],
    "output_activation": ["softmax", "sigmoid"],
    "loss": ["log_loss", "squared_error"],
    "backprop": ["gradient", "error"],
    "fit_intercept": [True, False],
}
COMBINATIONS = [
    dict(zip(OPTIONS, values, strict=True)) for values in itertools.product(*OPTIONS.values())
]
DEFAULT = COMBINATIONS[0]
DTYPES = {"float64": {"rtol": 1e-10, "atol": 1e-12}, "float32": {"rtol": 1e-3, "atol": 2e-4}}
each_dtype = pytest.mark.parametrize("dtype", DTYPES)


def in_blocks_of(size, **attributes):
    """An engine with blocks of this size, whatever the size of the network; 0 for none."""
    attributes["block_size"] = staticmethod(lambda n_features, n_units: size)
    return type("Chosen", (_engine.CompiledEngine,), attributes)


def random_problem(sizes, *, n_samples=50, n_presentations=2000, seed=0, dtype="float64"):
    """Weights, samples of which 30 % are zeros, targets, order and fractions; exact in float32."""
    rng = np.random.RandomState(seed)
    coefs = [
        (rng.uniform(-1, 1, size=shape) / np.sqrt(shape[0])).astype(np.float32)
        for shape in itertools.pairwise(sizes)
    ]
    intercepts = [rng.normal(scale=0.1, size=size).astype(np.float32) for size in sizes[1:]]
    X = rng.normal(size=(n_samples, sizes[0])).astype(np.float32).astype(dtype)
    X[rng.uniform(size=X.shape) < 0.3] = 0
    targets = rng.randint(sizes[-1], size=n_samples).astype(np.int32)
    order = rng.randint(n_samples, size=n_presentations)
    return (coefs, intercepts), X, targets, order, rng.choice([1.0, 0.3], size=n_presentations)


def train(engine_class, problem, *, rate=0.01, averages=False, cuts=(), **options):
    """Return all weights, and averages, after the presentations, and the loss."""
    (coefs, intercepts), X, targets, order, fractions = problem
    coefs, intercepts = _engine.as_blocks(coefs, intercepts, X.dtype)
    if averages:
        zeros = [[np.zeros_like(values) for values in part] for part in (coefs, intercepts)]
        averages = _engine.as_blocks(*zeros, X.dtype)
        options["averages"] = averages
    engine = engine_class(coefs, intercepts, **({"blocks": True} | DEFAULT | options))
    loss = 0.0
    for part in map(slice, [0, *cuts], [*cuts, len(order)]):
        share = None if fractions is None else fractions[part]
        loss += engine.run(X, targets, order[part], share, rate)
    engine.catch_up()
    return [*coefs, *intercepts, *itertools.chain(*(averages or ()))], loss


def assert_close(one, other, *, rtol, atol):
    """Roundings are of the size of the largest value that a weight was made from."""
    for these, those in zip(one[0], other[0], strict=True):
        assert np.isfinite(those).all()
        assert_allclose(these, those, rtol=rtol, atol=atol * max(1, np.abs(those).max(initial=0)))
    assert_allclose(one[1], other[1], rtol=rtol)


def assert_same_bits(one, other):
    assert [weights.tobytes() for weights in one[0]] == [weights.tobytes() for weights in other[0]]


@pytest.mark.parametrize(
    ("options", "hidden", "alpha", "size"),
    list(
        zip(
            COMBINATIONS,
            itertools.cycle([(), (3,), (5, 4), (9,), (17, 9, 3)]),
            itertools.cycle([0.0, 0.01, 1.0]),
            itertools.cycle([16, 32, 16, 16, 32, 32, 32]),
        )
    ),
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else str(value),
)
def test_every_combination(options, hidden, alpha, size):
    problem = random_problem([6, *hidden, 3])
    options = options | {"alpha": alpha, "averages": True}
    expected = train(_engine.NumpyEngine, problem, **options)
    in_blocks = train(in_blocks_of(size), problem, **options)
    assert_close(in_blocks, expected, **DTYPES["float64"])
    assert_close(train(in_blocks_of(0), problem, **options), in_blocks, **DTYPES["float64"])
    single = random_problem([6, *hidden, 3], dtype="float32")
    assert_close(train(in_blocks_of(size), single, **options), expected, **DTYPES["float32"])


@st.composite
def problems(draw):
    """Sizes around those of vectors, tiles, strips and blocks; rows and columns of zeros."""
    sizes = [
        draw(st.sampled_from([1, 2, 7, 8, 9, 16, 17, 63, 64, 65, 131]), label="n_features"),
        *draw(st.lists(st.sampled_from([1, 3, 8, 9, 25, 32, 33, 49, 65]), max_size=2)),
        draw(st.integers(2, 11), label="n_classes"),
    ]
    n = draw(st.sampled_from([1, 2, 15, 16, 17, 31, 32, 33, 64, 100]), label="n_presentations")
    seed, dtype = draw(st.integers(0, 99)), draw(st.sampled_from([*DTYPES]))
    problem = random_problem(sizes, n_presentations=n, seed=seed, dtype=dtype)
    network, X, targets, order, fractions = problem
    X[draw(st.lists(st.integers(0, len(X) - 1), max_size=25), label="zero rows")] = 0
    X[:, draw(st.lists(st.integers(0, sizes[0] - 1), max_size=9), label="zero columns")] = 0
    return network, X, targets, order, fractions if draw(st.booleans()) else None


@given(
    problem=problems(),
    size=st.sampled_from([16, 32]),
    options=st.fixed_dictionaries(
        {name: st.sampled_from(values) for name, values in OPTIONS.items()}
        | {"alpha": st.sampled_from([0.0, 0.1]), "t": st.sampled_from([0, 5, 63, 64])}
    ),
)
@settings(max_examples=100, deadline=None, derandomize=True)
def test_any_shape(problem, size, options):
    tolerance = {"rtol": 1e-10, "atol": 1e-13}
    if problem[1].dtype == np.float32:
        tolerance = {"rtol": 1e-4, "atol": 1e-5}
    expected = train(_engine.NumpyEngine, problem, averages=True, **options)
    actual = train(in_blocks_of(size), problem, averages=True, **options)
    assert_close(actual, expected, **tolerance)


@each_dtype
def test_multilabel(dtype):
    network, X, _, *rest = random_problem([40, 20, 5], dtype=dtype)
    labels = sp.csr_array(np.random.RandomState(0).uniform(size=(len(X), 5)) < 0.4)
    problem = network, X, labels, *rest
    options = {"output_activation": "sigmoid", "alpha": 0.01}
    expected = train(_engine.NumpyEngine, problem, **options)
    assert_close(train(in_blocks_of(16), problem, **options), expected, **DTYPES[dtype])


@pytest.mark.parametrize("options", [{}, TRAININGS["gradient"] | {"alpha": 1e-3}])
@pytest.mark.parametrize("hidden", [(), (20,), (33, 9)], ids=str)
def test_fit_agrees_with_partial_fit(hidden, options):
    """Samples are presented in blocks, and one after the other."""
    _, X, y, *_ = random_problem([40, *hidden, 3], n_samples=2000)
    model = network(hidden, **options, learning_rate_init=0.01, max_iter=1, shuffle=False)
    fitted, streamed = clone(model).fit(X, y), model.partial_fit(X, y, classes=[0, 1, 2])
    for one, other in zip(parameters_of(fitted), parameters_of(streamed), strict=True):
        assert_allclose(one, other, rtol=1e-10, atol=1e-12)
    assert np.any(fitted.coefs_[0] != streamed.coefs_[0])


@pytest.mark.parametrize("size", [16, 32])
@pytest.mark.parametrize("hidden", [(), (100,), (33, 9)])
@each_dtype
def test_same_bits(dtype, hidden, size):
    """Repeated, in other calls that end where blocks do, and with each width of vectors."""
    problem = random_problem([70, *hidden, 3], n_presentations=500, dtype=dtype)
    options = {"alpha": 1.0, "averages": True, "t": 7}
    expected = train(in_blocks_of(size), problem, **options)
    assert_same_bits(train(in_blocks_of(size), problem, **options), expected)
    cuts = [64 - 7, 128 - 7, 256 - 7]
    assert_same_bits(train(in_blocks_of(size), problem, cuts=cuts, **options), expected)
    for name in _engine.INSTRUCTION_SETS:
        actual = train(in_blocks_of(size, instruction_set=name), problem, **options)
        assert_close(actual, expected, **DTYPES[dtype])
        if name != "baseline" or _engine.INSTRUCTION_SETS == ("baseline",):
            assert_same_bits(actual, expected)


@each_dtype
def test_one_by_one_where_blocks_are_no_use(dtype):
    """With momentum, decay that leaves nothing, sparse rows or rows of zeros mostly."""
    (coefs, intercepts), X, *rest = problem = random_problem([40, 20, 3], dtype=dtype)
    zeros = [[np.zeros_like(values) for values in part] for part in (coefs, intercepts)]
    velocities = _engine.as_blocks(*zeros, dtype)
    cases = [
        (problem, {"momentum": 0.9, "velocities": velocities}),
        *((problem, {"alpha": alpha}) for alpha in (90.0, 200.0)),
        (((coefs, intercepts), sp.csr_array(X), *rest), {"alpha": 0.1}),
        (((coefs, intercepts), X * (np.arange(40) < 8), *rest), {"alpha": 0.1, "t": 3}),
    ]
    for case, options in cases:
        trained = []
        for blocks in (True, False):
            for values in itertools.chain(*velocities):
                values[...] = 0
            trained.append(train(in_blocks_of(16), case, blocks=blocks, **options))
        assert_same_bits(*trained)


@pytest.mark.parametrize("alpha", [0.1, 6.0])
@each_dtype
def test_decay_in_blocks_and_then_one_by_one_in_turn(dtype, alpha):
    network, X, targets, order, fractions = random_problem(
        [40, 20, 3], n_presentations=4000, dtype=dtype
    )
    X[25:, 8:] = 0
    order = order % 25 + 25 * (np.arange(4000) // 200 % 2) * (np.arange(4000) > 3000)
    problem = network, X, targets, order, fractions
    expected = train(_engine.NumpyEngine, problem, alpha=alpha)
    assert_close(train(in_blocks_of(16), problem, alpha=alpha), expected, **DTYPES[dtype])


@each_dtype
def test_products_that_overflow(dtype):
    """An input so large that its square is infinite, where no unit learns: no 0 times infinity."""
    (coefs, intercepts), X, *rest = random_problem([40, 20, 3], dtype=dtype)
    X[7, 3] = np.sqrt(np.finfo(dtype).max) * 2
    intercepts[0][:], coefs[0][3] = -1e9, 0
    problem = (coefs, intercepts), X, *rest
    expected = train(_engine.NumpyEngine, problem)
    assert_close(train(in_blocks_of(16), problem), expected, **DTYPES[dtype])

"""The compiled engine does what the engine in NumPy does, which is written to be read.

Presented one after the other or in blocks, dense or sparse, in both types of number.
"""

import itertools
import platform
import threading
import time

import numpy as np
import pytest
import scipy.sparse as sp
from helpers import COMBINATIONS, COMPILED, RULES, each_container, each_dtype
from hypothesis import given, settings
from hypothesis import strategies as st
from problems import (
    TOLERANCES,
    assert_close,
    assert_same_bits,
    csr_with_stored_zeros,
    in_blocks_of,
    new_engine,
    random_problem,
    train,
    zeros_like,
)

from skl_softmaxnet import _engine
from skl_softmaxnet._engine import NumpyEngine

pytestmark = COMPILED
BOTH = (NumpyEngine, _engine.CompiledEngine)


def assert_engines_agree(problem, size, **options):
    """One after the other, in blocks of a size, and sparse, all against NumPy in float64."""
    expected = train(NumpyEngine, problem, **options)
    assert max(np.abs(weights).max() for weights in expected[0]) < 10  # has not run away
    for dtype, tolerances in TOLERANCES.items():
        X = problem.X.astype(dtype)
        sparse = train(in_blocks_of(size), problem._replace(X=sp.csr_array(X)), **options)
        assert sparse[0][0].dtype == dtype
        assert_close(sparse, expected, **tolerances)
        for size_or_none in (0, size):
            engine = in_blocks_of(size_or_none)
            dense = train(engine, problem._replace(X=X), blocks=True, **options)
            assert_close(dense, expected, **tolerances)


# in turn; the combinations come in powers of two, so that each option meets all layouts
IN_TURN = itertools.cycle([(), (3,), (5, 4), (9,), (17, 9, 3)]), itertools.cycle([0.0, 0.01, 1.0])
IN_TURN = [*zip(COMBINATIONS, *IN_TURN, itertools.cycle([16, 32, 16, 16, 32, 32, 32]))]


@pytest.mark.parametrize(("options", "hidden", "alpha", "size"), IN_TURN, ids=str)
def test_every_combination_after_2000_presentations(options, hidden, alpha, size):
    problem = random_problem([6, *hidden, 3])
    assert_engines_agree(problem, size, alpha=alpha, averages=True, **options)


@pytest.mark.slow
@pytest.mark.parametrize("hidden", [(), (3,), (5, 4), (17, 9, 3), (8, 16, 4, 33)])
@pytest.mark.parametrize("options", COMBINATIONS, ids=str)
def test_every_combination_and_layout(options, hidden):
    assert_engines_agree(random_problem([6, *hidden, 3]), 16, **options)


@st.composite
def problems(draw):
    """Sizes around those of vectors, tiles, strips and blocks; rows and columns of zeros."""
    sizes = [
        draw(st.sampled_from([1, 2, 5, 7, 8, 9, 16, 17, 63, 64, 65, 131]), label="n_features"),
        *draw(st.lists(st.sampled_from([1, 3, 8, 9, 15, 25, 32, 33, 49, 65]), max_size=3)),
        draw(st.integers(2, 11), label="n_classes"),
    ]
    n = draw(st.sampled_from([1, 2, 15, 16, 17, 31, 32, 33, 64, 100]), label="n_presentations")
    seed, dtype = draw(st.integers(0, 99)), draw(st.sampled_from([*TOLERANCES]))
    problem = random_problem(sizes, n_presentations=n, seed=seed, dtype=dtype)
    X, some = problem.X, st.lists(st.integers(0, len(problem.X) - 1), max_size=25)
    X[draw(some, label="full rows")] += 5
    X[draw(some, label="empty rows")] = 0
    X[:, draw(st.lists(st.integers(0, sizes[0] - 1), max_size=9), label="zero columns")] = 0
    has_fractions = draw(st.booleans(), label="has fractions")
    return problem if has_fractions else problem._replace(fractions=None)


@given(
    problem=problems(),
    size=st.sampled_from([0, 16, 32]),
    options=st.fixed_dictionaries(
        {name: st.sampled_from(values) for name, values in RULES.items()}
        | {"alpha": st.sampled_from([0.0, 0.1]), "t": st.sampled_from([0, 5, 63, 64])}
    ),
    labels=st.booleans(),
)
@settings(max_examples=120, deadline=None, derandomize=True)
def test_any_shape(problem, size, options, labels):
    """Repeatable, so that CI never fails on what the change in question has not touched."""
    if labels and options["output_activation"] == "sigmoid":
        n_outputs = len(problem.network[1][-1])
        several = np.random.RandomState(0).uniform(size=(len(problem.X), n_outputs)) < 0.4
        problem = problem._replace(targets=sp.csr_array(several))
    tolerance = {"rtol": 1e-10, "atol": 1e-13}
    if problem.X.dtype == np.float32:
        tolerance = {"rtol": 1e-4, "atol": 1e-5}
    expected = train(NumpyEngine, problem, averages=True, **options)
    kinds = [csr_with_stored_zeros(problem.X, dtype) for dtype in (np.int32, np.int64)]
    for X in (problem.X, *kinds):
        given_X = problem._replace(X=X)
        actual = train(in_blocks_of(size), given_X, averages=True, blocks=True, **options)
        assert_close(actual, expected, **tolerance)


# --- Calls ---


@each_container
@each_dtype
def test_calls_may_end_anywhere(container, dtype):
    problem = random_problem([7, 17, 5, 3], n_presentations=60, dtype=dtype)
    # some presentations repeat the one before, as integer weights do
    problem = problem._replace(X=container(problem.X), order=np.repeat(problem.order[:30], 2))
    whole = train(_engine.Engine, problem, rate=0.05)
    every_cut = [[cut] for cut in range(1, 60)]
    for cuts in [*every_cut, range(1, 60), range(7, 60, 7), [0, 1, 1, 59, 60]]:
        parts = train(_engine.Engine, problem, rate=0.05, cuts=cuts)
        assert_same_bits(parts, whole)
        assert_close(parts, whole, rtol=1e-12, atol=0)  # losses are added up in another order


@pytest.mark.parametrize(
    ("n_features", "alpha", "options"),
    [
        (5_000, 0.5, {"momentum": 0.9}),
        (5_000, 0.5, {"momentum": 0.9, "nesterovs_momentum": True, "averages": True}),
        (5_000, 0.0, {"momentum": 0.9}),
        (33_000, 0.5, {"averages": True}),
        (33_000, 0.0, {"averages": True}),
    ],
    ids=str,
)
def test_wide_layers_whose_rows_wait_for_momentum_and_averages(n_features, alpha, options):
    n = 2100  # rows wait for 1,024 presentations at most
    problem = random_problem([n_features, 4, 3], n_samples=5, n_presentations=n)
    X = sp.random(40, n_features, density=4 / n_features, random_state=0, format="csr")
    order = np.random.RandomState(0).randint(40, size=n)
    problem = problem._replace(X=X, targets=np.arange(40, dtype=np.int32) % 3, order=order)

    def trained(engine, cuts=()):
        velocities = zeros_like(problem.network, X.dtype) if "momentum" in options else None
        return train(engine, problem, velocities=velocities, alpha=alpha, cuts=cuts, **options)

    whole = trained(_engine.CompiledEngine)
    assert_close(whole, trained(NumpyEngine), **TOLERANCES["float64"])
    for cuts in [[1], [5, 30, 64, 1000], range(0, n, 7)]:
        assert_same_bits(trained(_engine.CompiledEngine, cuts), whole)


# --- Blocks ---


@pytest.mark.parametrize("size", [16, 32])
@pytest.mark.parametrize("hidden", [(), (100,), (33, 9)])
@each_dtype
def test_same_bits_in_blocks(dtype, hidden, size):
    """Repeated, in other calls that end where blocks do, and with each width of vectors."""
    problem = random_problem([70, *hidden, 3], n_presentations=500, dtype=dtype)
    options = {"alpha": 1.0, "averages": True, "t": 7, "blocks": True}
    expected = train(in_blocks_of(size), problem, **options)
    assert_same_bits(train(in_blocks_of(size), problem, **options), expected)
    cuts = [64 - 7, 128 - 7, 256 - 7]
    assert_same_bits(train(in_blocks_of(size), problem, cuts=cuts, **options), expected)
    for name in _engine.INSTRUCTION_SETS:
        actual = train(in_blocks_of(size, instruction_set=name), problem, **options)
        assert_close(actual, expected, **TOLERANCES[np.dtype(dtype).name])
        if name != "baseline" or _engine.INSTRUCTION_SETS == ("baseline",):
            assert_same_bits(actual, expected)


@each_dtype
def test_one_by_one_where_blocks_are_no_use(dtype):
    """With momentum, decay that leaves nothing, sparse rows or rows of zeros mostly."""
    problem = random_problem([40, 20, 3], dtype=dtype)
    few = problem._replace(X=problem.X * (np.arange(40) < 8))
    cases = [
        (problem, {"momentum": 0.9}),
        *((problem, {"alpha": alpha}) for alpha in (90.0, 200.0)),
        (problem._replace(X=sp.csr_array(problem.X)), {"alpha": 0.1}),
        (few, {"alpha": 0.1, "t": 3}),
    ]
    for case, options in cases:
        trained = []
        for blocks in (True, False):
            velocities = zeros_like(problem.network, dtype)
            more = {"velocities": velocities} if "momentum" in options else {}
            trained.append(train(in_blocks_of(16), case, blocks=blocks, **options, **more))
        assert_same_bits(*trained)


@pytest.mark.parametrize("alpha", [0.1, 6.0])
@each_dtype
def test_decay_in_blocks_and_then_one_by_one_in_turn(dtype, alpha):
    problem = random_problem([40, 20, 3], n_presentations=4000, dtype=dtype)
    problem.X[25:, 8:] = 0
    numbers = np.arange(4000)
    order = problem.order % 25 + 25 * (numbers // 200 % 2) * (numbers > 3000)
    problem = problem._replace(order=order)
    expected = train(NumpyEngine, problem, alpha=alpha)
    actual = train(in_blocks_of(16), problem, alpha=alpha, blocks=True)
    assert_close(actual, expected, **TOLERANCES[np.dtype(dtype).name])


@each_dtype
def test_products_that_overflow(dtype):
    """An input so large that its square is infinite, where no unit learns: no 0 times infinity."""
    problem = random_problem([40, 20, 3], dtype=dtype)
    (coefs, intercepts), X = problem.network, problem.X
    X[7, 3] = np.sqrt(np.finfo(dtype).max) * 2
    intercepts[0][:], coefs[0][3] = -1e9, 0
    expected = train(NumpyEngine, problem)
    actual = train(in_blocks_of(16), problem, blocks=True)
    assert_close(actual, expected, **TOLERANCES[np.dtype(dtype).name])


# --- What else engines are asked ---


@each_dtype
@pytest.mark.parametrize("sizes", [[3, 2], [17, 9, 4]])
def test_whether_all_weights_are_finite(sizes, dtype):
    for engine_class in BOTH:
        engine, parameters = new_engine(engine_class, random_problem(sizes).network, dtype)
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


@pytest.mark.skipif(
    platform.machine() not in ("x86_64", "AMD64"), reason="other processors keep tiny results"
)
@each_dtype
def test_tiny_results_are_zero_while_presentations_run(dtype):
    """A velocity that fades is zero in the end, not one of the numbers that x86 is slow with.

    Outside presentations the thread computes with those as ever.
    """
    X = np.resize(np.array([1, 0], dtype), (20_000, 2))
    X[0, 1] = 1  # what this input has set in motion fades
    problem = random_problem([2, 4, 2], n_samples=20_000, dtype=dtype)
    velocities = zeros_like(problem.network, dtype)
    problem = problem._replace(X=X, order=np.arange(20_000), fractions=None)
    options = {"activation": "logistic", "loss": "squared_error", "backprop": "error"}
    train(_engine.Engine, problem, momentum=0.9, velocities=velocities, **options)
    assert (velocities[0][0][1] == 0).all()
    assert (velocities[0][0][0] != 0).all()
    tiny = np.finfo(dtype).tiny
    assert 0 < tiny / dtype(2) < tiny


def test_other_threads_run_during_a_slice():
    problem = random_problem([784, 100, 10], n_presentations=50_000)
    ticks, done = [], threading.Event()

    def tick():
        while not done.wait(0.002):
            ticks.append(time.perf_counter())

    ticker = threading.Thread(target=tick)
    ticker.start()
    try:
        start = time.perf_counter()
        train(_engine.Engine, problem)
        end = time.perf_counter()
    finally:
        done.set()
        ticker.join()
    # Were the GIL held, there could be one tick before the slice and one after it.
    assert sum(start < when < end for when in ticks) > 10

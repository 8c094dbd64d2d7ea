"""What tests give to an engine without the estimator around it, and what comes of it."""

import itertools
from collections import namedtuple
from types import SimpleNamespace

import numpy as np
import scipy.sparse as sp
from helpers import COMBINATIONS
from numpy.testing import assert_allclose

from skl_softmaxnet import _engine
from skl_softmaxnet._network import Network

# A difference of one rounding must stay one: training that diverges doubles it with every step.
# Hidden units without bounds do so from a rate of 0.02 on.
RATES = {"logistic": 0.05, "tanh": 0.05, "relu": 0.01, "identity": 0.01}

# The order of the additions differs, so the weights wander apart by a few units in the last place
# of the largest values they were made from. A weight that comes near zero keeps that, hence the
# absolute terms, which are relative to the largest weight of an array.
TOLERANCES = {"float64": {"rtol": 1e-10, "atol": 1e-12}, "float32": {"rtol": 1e-3, "atol": 2e-4}}


# A network, a pair (coefs, intercepts), and what a call of `run` is given.
Problem = namedtuple("Problem", "network X targets order fractions")


def random_problem(sizes, *, n_samples=50, n_presentations=2000, seed=0, dtype="float64"):
    """Weights, samples of which 40 % are zeros, and presentations in random order.

    All numbers are exact in float32, so that an engine of either type is given the same problem.
    """
    rng = np.random.RandomState(seed)
    coefs = [
        (rng.uniform(-1, 1, size=shape) / np.sqrt(shape[0])).astype(np.float32)
        for shape in itertools.pairwise(sizes)
    ]
    intercepts = [rng.normal(scale=0.1, size=size).astype(np.float32) for size in sizes[1:]]
    X = rng.normal(size=(n_samples, sizes[0])).astype(np.float32).astype(dtype)
    X[rng.uniform(size=X.shape) < 0.4] = 0
    targets = rng.randint(sizes[-1], size=n_samples).astype(np.int32)
    order = rng.randint(n_samples, size=n_presentations)
    fractions = rng.choice([1.0, 0.3], size=n_presentations)
    return Problem((coefs, intercepts), X, targets, order, fractions)


def zeros_like(network, dtype):
    """Velocities or averages to begin with."""
    zeros = [[np.zeros(np.shape(values)) for values in part] for part in network]
    return _engine.as_blocks(*zeros, dtype)


def new_engine(engine_class, network, dtype=np.float64, **options):
    """An engine, and the weights that it works on: copies, in one list."""
    weights = _engine.as_blocks(*network, dtype)
    blocks, t = options.pop("blocks", False), options.pop("t", 0)
    pairs = (options.pop(name, None) for name in ("velocities", "averages"))
    plain = COMBINATIONS[0] | {"alpha": 0.0, "momentum": 0.0, "nesterovs_momentum": False}
    options = plain | options
    model = SimpleNamespace(**options, out_activation_=options["output_activation"], t_=t)
    engine = engine_class(Network(weights, *pairs), model, blocks=blocks)
    return engine, list(itertools.chain(*weights))


def train(engine_class, problem, *, rate=None, averages=False, cuts=(), **options):
    """Return all weights, and averages, after the presentations, and the loss.

    The presentations are given in one call of `run`, or in several that end at `cuts`.
    """
    network, X, targets, order, fractions = problem
    rate = RATES[options.get("activation", "relu")] if rate is None else rate
    if averages:
        options["averages"] = zeros_like(network, X.dtype)
    engine, weights = new_engine(engine_class, network, X.dtype, **options)
    loss = 0.0
    for part in map(slice, [0, *cuts], [*cuts, len(order)]):
        shares = None if fractions is None else fractions[part]
        loss += engine.run(X, targets, order[part], shares, rate)
    engine.settle()
    return [*weights, *itertools.chain(*options.get("averages", ()))], loss


def in_blocks_of(size, **attributes):
    """An engine with blocks of this size, whatever the size of the network; 0 for none."""
    attributes["block_size"] = staticmethod(lambda n_features, n_units: size)
    return type("Chosen", (_engine.CompiledEngine,), attributes)


def assert_close(one, other, *, rtol, atol):
    """What was trained agrees, and the loss."""
    for these, those in zip(one[0], other[0], strict=True):
        assert np.isfinite(those).all()
        assert_allclose(these, those, rtol=rtol, atol=atol * max(1, np.abs(those).max(initial=0)))
    assert_allclose(one[1], other[1], rtol=rtol)


def assert_same_bits(one, other):
    assert [weights.tobytes() for weights in one[0]] == [weights.tobytes() for weights in other[0]]


def csr_with_stored_zeros(X, index_dtype):
    """CSR that stores every second of its zeros, of either sign."""
    stored = X != 0
    stored |= np.cumsum(~stored, axis=1) % 2 == 0
    indptr = np.append(0, np.cumsum(stored.sum(axis=1)))
    result = sp.csr_array((X[stored], np.nonzero(stored)[1], indptr), shape=X.shape)
    result.data[result.data == 0] *= np.resize([1, -1], np.sum(result.data == 0))
    result.indices, result.indptr = result.indices.astype(index_dtype), indptr.astype(index_dtype)
    return result

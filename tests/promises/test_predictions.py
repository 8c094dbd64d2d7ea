"""A row's outputs are the same bits, whatever lies beside it, in any form, from any weights."""

import copy
import itertools

import forms
import joblib
import numpy as np
import pytest
import scipy.sparse as sp
from helpers import KEPT, each_dtype, network, peak_memory, put_in
from numpy.testing import assert_allclose, assert_array_equal

from skl_softmaxnet import _engine
from skl_softmaxnet._functions import ACTIVATIONS

pytestmark = pytest.mark.usefixtures("engine")
ROUNDING = {np.float64: {"rtol": 1e-12, "atol": 1e-14}, np.float32: {"rtol": 1e-4, "atol": 1e-5}}
AS_EXACT = ("Fortran", "every second", "backwards", "read-only", "minus zero", "lists")
AS_EXACT += ("at offset 8",)
each_network = pytest.mark.parametrize("hidden", [(), (1,), (9, 70, 4)], ids=str)


def trained(dtype, hidden=(9, 4), activation="tanh"):
    """A network and 90 rows of 67 features, with some zeros or none: no sum ends in one go."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(90, 67)).astype(np.float32).astype(dtype)
    X[10:][rng.uniform(size=X[10:].shape) < 0.5] = 0
    model = network(hidden, activation=activation)
    return model.partial_fit(X, np.arange(90) % 3, classes=[0, 1, 2]), X


def outputs(model, X):
    """All that comes out for each row."""
    methods = model.decision_function, model.predict_proba, model.predict_log_proba
    return np.hstack([method(X) for method in methods])


def other_layouts(W):
    """The same values elsewhere, some of them with the worst for neighbours."""
    for rows in (slice(None), slice(None, None, 2)):
        wider = np.full((len(W) * (rows.step or 1), W.shape[1] + 1), np.nan, W.dtype)
        wider[rows, :-1] = W
        yield wider[rows, :-1]
        yield _engine.as_blocks([wider], [], W.dtype)[0][0][rows, :-1]
    yield from (np.asfortranarray(W), W[::-1, ::-1].copy()[::-1, ::-1])
    if W.dtype == np.float64:  # what other types are computed in
        yield from (W.astype(object), W.astype(">f8"))


@each_network
@each_dtype
def test_alone_and_among_others(dtype, hidden):
    model, X = trained(dtype, hidden)
    together = outputs(model, X)
    for row in range(len(X)):
        assert_array_equal(outputs(model, X[row : row + 1])[0], together[row], strict=True)
    assert_array_equal(outputs(model, np.tile(X, (100, 1))), np.tile(together, (100, 1)))


@each_network
@each_dtype
def test_any_form(dtype, hidden):
    model, X = trained(dtype, hidden)
    kinds = [form(X) for form in forms.SPARSE.values()]
    kinds += [form(X) for name, form in forms.DENSE.items() if name in AS_EXACT]
    for given in (*kinds, X.astype("float64"), sp.csr_array(X.astype("float32"))):
        assert_array_equal(outputs(model, given), outputs(model, X))


@each_network
@each_dtype
def test_wherever_weights_lie(dtype, hidden, tmp_path):
    model, X = trained(dtype, hidden)
    joblib.dump(model, tmp_path / "model.joblib")
    models = [joblib.load(tmp_path / "model.joblib", mmap_mode="r")]
    models += [keep(model) for keep in KEPT.values()]
    for coefs in zip(*map(other_layouts, model.coefs_), strict=True):
        models.append(KEPT["copy"](model))
        models[-1].coefs_ = list(coefs)
        models[-1].intercepts_ = [np.repeat(b, 2)[::2] for b in model.intercepts_]
    for other in models:
        assert_array_equal(outputs(other, X), outputs(model, X))
        assert_array_equal(outputs(other, sp.csr_array(X[:3])), outputs(model, X[:3]))


@each_network
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_formulas_and_training(activation, hidden):
    model, X = trained("float64", hidden, activation)
    z = X @ model.coefs_[0] + model.intercepts_[0]
    for W, b in zip(model.coefs_[1:], model.intercepts_[1:], strict=True):
        z = ACTIVATIONS[activation][0](z) @ W + b
    assert_allclose(model.decision_function(X), z, rtol=1e-12, atol=1e-14)
    classes = np.arange(len(X)) % 3
    loss = -model.predict_log_proba(X)[np.arange(len(X)), classes].mean()
    model.set_params(learning_rate_init=1e-300, loss="log_loss").partial_fit(X, classes)
    assert_allclose(model.loss_, loss, rtol=1e-12)


@pytest.mark.parametrize("engine", ["compiled"], indirect=True)
@each_network
@each_dtype
def test_instruction_sets(dtype, hidden, engine, monkeypatch):
    model, X = trained(dtype, hidden)
    found = []
    for name in _engine.INSTRUCTION_SETS:
        chosen = type("Chosen", (_engine.CompiledEngine,), {"instruction_set": name})
        monkeypatch.setattr(_engine, "Engine", chosen)
        fresh = copy.deepcopy(model)  # which knows no engine yet
        found.append(np.vstack([outputs(fresh, form) for form in (X, X[:1], sp.csr_array(X))]))
    for one, other in itertools.pairwise(found[1:]):
        assert_array_equal(one, other)
    assert_allclose(found[0], found[-1], **ROUNDING[dtype])  # the baseline does not fuse


def test_tiny_numbers_of_single_precision():
    model, X = trained("float32", ())
    put_in(model, [np.eye(67, 3, dtype=np.float32)], [np.zeros(3, np.float32)])
    X = np.array([[1e-42, -95] + [0] * 65], np.float32)
    assert model.decision_function(X)[0, 0] == X[0, 0] > 0
    assert_allclose(model.predict_proba(X)[0, 1], np.exp(-95.0) / 2, rtol=0.01)  # 2.7e-42


def memory_to_predict(model, X):
    peak, result = peak_memory(model.predict_proba, X)
    return peak - result.nbytes


def test_memory(engine):
    model, X = trained("float64", (100,))
    X = np.tile(X[:10], (20_000 if engine == "compiled" else 2000, 1))
    assert memory_to_predict(model, X) < 2**23  # the hidden layer of all would take 153


def test_one_row_of_many_features_copies_no_weights(engine):
    row = sp.csr_array(([1.0], ([0], [65_535])), shape=(1, 65_536))
    model = network((100,)).partial_fit(row, [0], classes=[0, 1])  # 50 MiB of weights
    assert memory_to_predict(model, row) < 2**19
    if engine == "compiled":
        assert memory_to_predict(KEPT["pickle"](model), row) < 2**19

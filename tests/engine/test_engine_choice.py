"""Which engine is in use, and what a user is told of it."""

import copy
import pickle
import warnings

import numpy as np
import pytest
from helpers import each_method, network, only_compiled, train

import skl_softmaxnet
from skl_softmaxnet import _engine
from skl_softmaxnet._network import Network

X, Y = [[0.0, 1.0], [1.0, 0.0]], [0, 1]


@pytest.fixture
def without_compiled(monkeypatch):
    monkeypatch.setattr(_engine, "CompiledEngine", None)
    monkeypatch.setattr(_engine, "INSTRUCTION_SETS", ())
    monkeypatch.setattr(_engine, "Engine", _engine.NumpyEngine)
    monkeypatch.setattr(_engine, "_has_warned", False)


@each_method
def test_one_warning_at_the_first_call(method, without_compiled):
    with pytest.warns(UserWarning, match="C compiler") as caught:
        train(network(), method, X, Y)
    # the line that called fit, in helpers.py
    assert caught[0].filename == train.__code__.co_filename
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        network().fit(X, Y)
        network().partial_fit(X, Y, classes=Y)


def test_no_warning_on_the_compiled_engine(monkeypatch):
    if _engine.CompiledEngine is None:
        pytest.skip("the compiled engine was not built")
    monkeypatch.setattr(_engine, "_has_warned", False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        network().fit(X, Y)


def test_show_versions(capsys):
    skl_softmaxnet.show_versions()
    printed = capsys.readouterr().out
    assert f"engine: {_engine.Engine.name}" in printed
    assert f"numpy: {np.__version__}" in printed
    for instruction_set in _engine.INSTRUCTION_SETS[-1:]:
        assert f"instruction set: {instruction_set}" in printed


def test_show_versions_without_compiled(without_compiled, capsys):
    skl_softmaxnet.show_versions()
    printed = capsys.readouterr().out
    assert "engine: numpy" in printed
    assert "not compiled" in printed


@only_compiled
@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickle.dumps])
def test_what_holds_addresses_is_not_copied(copied, engine):
    """A copy would work on memory that is not its own."""
    model = network().partial_fit(np.eye(3), range(3), classes=range(3))
    weights = model.coefs_, model.intercepts_
    engine = _engine.CompiledEngine(Network(weights), model)
    for held in (engine, _engine.CompiledEngine.forward_pass(*weights, model.activation)):
        with pytest.raises(TypeError, match="pickle"):
            copied(held)

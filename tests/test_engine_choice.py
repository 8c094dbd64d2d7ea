"""Which engine is in use, and what a user is told of it."""

import warnings

import numpy as np
import pytest

import skl_softmaxnet
from skl_softmaxnet import SoftmaxMLPClassifier, _engine

X = np.array([[0.0, 1.0], [1.0, 0.0]])
Y = np.array([0, 1])


def small_network():
    return SoftmaxMLPClassifier(hidden_layer_sizes=2, max_iter=1, tol=None)


@pytest.fixture
def without_compiled(monkeypatch):
    monkeypatch.setattr(_engine, "CompiledEngine", None)
    monkeypatch.setattr(_engine, "INSTRUCTION_SETS", ())
    monkeypatch.setattr(_engine, "Engine", _engine.NumpyEngine)
    monkeypatch.setattr(_engine, "_has_warned", False)


def test_one_warning_at_the_first_fit(without_compiled):
    with pytest.warns(UserWarning, match="C compiler"):
        small_network().fit(X, Y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        small_network().fit(X, Y)
        small_network().partial_fit(X, Y, classes=Y)


@pytest.mark.parametrize("is_checkout", [True, False])
def test_the_warning_says_where_sources_come_first(
    is_checkout, without_compiled, monkeypatch, tmp_path
):
    package = tmp_path / "skl_softmaxnet"
    (package / "_engine").mkdir(parents=True)
    monkeypatch.setattr(_engine, "__file__", str(package / "_engine" / "__init__.py"))
    if is_checkout:
        (package / "_engine" / "_compiled.pyx").touch()
    with pytest.warns(UserWarning, match="C compiler") as caught:
        small_network().fit(X, Y)
    message = str(caught[0].message)
    for said in (f"the sources in {package} first", "outside the checkout", "`pip install -e`"):
        assert (said in message) == is_checkout


def test_no_warning_on_the_compiled_engine(monkeypatch):
    if _engine.CompiledEngine is None:
        pytest.skip("the compiled engine was not built")
    monkeypatch.setattr(_engine, "_has_warned", False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        small_network().fit(X, Y)


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

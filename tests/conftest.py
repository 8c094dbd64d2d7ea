"""What all the tests share: the choice of the engine."""

import os

import pytest

REQUIRE_COMPILED = "SKL_SOFTMAXNET_REQUIRE_COMPILED"


@pytest.fixture(params=["numpy", "compiled"])
def engine(request, monkeypatch):
    """Run the test once on each engine; the value is the engine's name."""
    from skl_softmaxnet import _engine

    chosen = {"numpy": _engine.NumpyEngine, "compiled": _engine.CompiledEngine}[request.param]
    if chosen is None:
        reason = "the compiled engine was not built (skl_softmaxnet._engine.CompiledEngine is None)"
        if os.environ.get(REQUIRE_COMPILED) == "1":
            pytest.fail(f"{reason}, and {REQUIRE_COMPILED}=1 asks for it")
        pytest.skip(reason)
    monkeypatch.setattr(_engine, "Engine", chosen)
    return request.param

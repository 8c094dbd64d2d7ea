"""What all the tests share: the choice of the engine, and what it is given."""

import os
from collections import namedtuple

import numpy as np
import pytest
from helpers import child_process, replace_run

from skl_softmaxnet import _engine

REQUIRE_COMPILED = "SKL_SOFTMAXNET_REQUIRE_COMPILED"

# Checks of scikit-learn that take seconds for each configuration: 25,000 presentations an epoch.
LONG_CHECK = "check_class_weight_classifiers"
CHECKED_BY_DEFAULT = ("SoftmaxMLPClassifier()", "SoftmaxMLPClassifier(output_activation='sigmoid')")


@pytest.hookimpl(tryfirst=True)  # before those marked are left out
def pytest_collection_modifyitems(items):
    """Mark the longest check of an estimator as slow, for all but a few configurations."""
    for item in items:
        if LONG_CHECK in item.name and not any(f"[{c}-" in item.name for c in CHECKED_BY_DEFAULT):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(params=["numpy", "compiled"])
def engine(request, monkeypatch):
    """Run the test once on each engine; the value is the engine's name."""
    chosen = {"numpy": _engine.NumpyEngine, "compiled": _engine.CompiledEngine}[request.param]
    if chosen is None:
        reason = "the compiled engine was not built (skl_softmaxnet._engine.CompiledEngine is None)"
        if os.environ.get(REQUIRE_COMPILED) == "1":
            pytest.fail(f"{reason}, and {REQUIRE_COMPILED}=1 asks for it")
        pytest.skip(reason)
    monkeypatch.setattr(_engine, "Engine", chosen)
    return request.param


@pytest.fixture(scope="module")
def in_child():
    """Call functions in another process."""
    with child_process() as call:
        yield call


Call = namedtuple("Call", "X targets order fractions rate")  # what an engine was asked to present


@pytest.fixture
def presented(monkeypatch):
    """The calls of the engine's `run` from here on: one for each epoch of a few samples."""
    calls = []

    def record(run, X, targets, order, fractions, rate):
        shares = np.ones(len(order)) if fractions is None else np.array(fractions)
        calls.append(Call(X, targets, np.array(order), shares, rate))
        return run(X, targets, order, fractions, rate)

    replace_run(monkeypatch, record)
    return calls

"""The figures of examples/benchmarks/quality.py, on cases done by hand, and its tables."""

import importlib
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[2] / "examples" / "benchmarks"


@pytest.fixture(scope="module")
def quality():
    """The script as a module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)
        return importlib.import_module("quality")


# targets, the probabilities of class 0 of two, the Brier score, the expected calibration error
BY_HAND = {
    "certain and right": ([0, 1], [1, 0], 0, 0),
    "certain and wrong, the worst there is": ([0, 1], [0, 1], 2, 1),
    "calibrated": ([0, 0, 0, 1], [0.75] * 4, (3 * 0.125 + 1.125) / 4, 0),
    "too sure": ([0, 0, 0, 1], [0.9] * 4, (3 * 0.02 + 1.62) / 4, 0.15),
    # 3/4 and 1/4 of the samples
    "two bins": ([0, 0, 1, 0], [0.7, 0.7, 0.7, 0.9], 0.34, 0.75 * (0.7 - 2 / 3) + 0.25 * 0.1),
    # (9/15, 10/15]: too sure of one sample cancels too unsure of the other
    "one bin": ([0, 1], [0.61, 0.65], 0.39**2 + 0.65**2, 0.5 - 0.37),
    # 12/15 is the upper edge of the first, so nothing cancels
    "at an edge": ([0, 1], [0.8, 0.81], 0.2**2 + 0.81**2, (0.2 + 0.81) / 2),
}


@pytest.mark.parametrize("case", BY_HAND)
def test_figures_by_hand(case, quality):
    targets, of_first, brier, calibration = BY_HAND[case]
    probabilities = np.column_stack([of_first, 1 - np.array(of_first)])
    assert quality.brier_score(targets, probabilities) == pytest.approx(brier, abs=1e-12)
    error = quality.calibration_error(np.array(targets), probabilities)
    assert error == pytest.approx(calibration, abs=1e-12)


@pytest.mark.parametrize(("name", "better"), [("accuracy", 1), ("log loss", -1)])
def test_comparison(name, better, quality):
    """Differences 0, 1, 2, 3, 4: the mean 2, the variance 2.5, the standard error √(2.5 / 5)."""
    folds = [0, 2, 4, 6, 8], [0, 1, 2, 3, 4], [2.7, 3.7, 4.7, 5.7, 6.7]  # 0.7 = 0.99 errors
    ours, theirs, shifted = (quality.Result({name: np.array(values)}, 0.0) for values in folds)
    difference, error, as_good = quality.compare(ours, theirs, name)
    assert (difference, error) == pytest.approx((2, 0.5**0.5))
    assert as_good == (better > 0)
    assert quality.compare(theirs, ours, name)[2] == (better < 0)
    assert quality.compare(ours, shifted, name)[2]
    assert quality.compare(shifted, ours, name)[2]
    assert quality.compare(ours, ours, name) == (0, 0, True)

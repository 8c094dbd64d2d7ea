"""The figures of examples/benchmarks/quality.py, on cases done by hand, and its tables."""

import importlib
import re
from pathlib import Path

import numpy as np
import pytest

from skl_softmaxnet import SoftmaxMLPClassifier

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


@pytest.mark.parametrize(("name", "more_is_better"), [("accuracy", True), ("log loss", False)])
def test_comparison(name, more_is_better, quality):
    """Differences 0, 1, 2, 3, 4: the mean 2, the variance 2.5, the standard error √(2.5 / 5)."""
    folds = [0, 2, 4, 6, 8], [0, 1, 2, 3, 4], [2.7, 3.7, 4.7, 5.7, 6.7]  # 0.7 = 0.99 errors
    ours, theirs, shifted = (quality.Result({name: np.array(values)}, 0.0) for values in folds)
    assert quality.compare(ours, theirs, name) == pytest.approx((2, 0.5**0.5, more_is_better))
    assert quality.compare(theirs, ours, name) == pytest.approx((-2, 0.5**0.5, not more_is_better))
    for pair in ((ours, shifted), (shifted, ours), (ours, ours)):
        assert quality.compare(*pair, name)[2]


def test_tables(quality, monkeypatch, capsys):
    """A tiny run, in which ours learns nothing."""
    monkeypatch.setitem(quality.MODELS, "ours", SoftmaxMLPClassifier(learning_rate_init=1e-9))
    monkeypatch.setattr(quality, "use_one_thread", lambda: None)  # it would start anew
    command = "quality.py --sets iris --models ours mlp logistic --repeats 1"
    monkeypatch.setattr("sys.argv", command.split())
    quality.main()
    printed = capsys.readouterr().out
    table = dict(re.findall(r"^\| (.*?) \| ([\d.]+) ± [\d.]+ \|.*\|$", printed, re.M))
    assert list(table) == ["SoftmaxMLPClassifier", "MLPClassifier", "LogisticRegression"]
    assert float(table["SoftmaxMLPClassifier"]) < 0.8
    assert float(table["LogisticRegression"]) > 0.9
    (comparison,) = re.findall(r"^\| iris \| (.*) \|$", printed, re.M)
    assert re.fullmatch(r"-[\d.]+ ± [\d.]+ \| NO \| \+[\d.]+ ± [\d.]+ \| NO", comparison)

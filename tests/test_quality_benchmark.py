"""The figures of examples/benchmarks/quality.py, on cases done by hand, and its tables."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

BENCHMARKS = Path(__file__).parents[1] / "examples" / "benchmarks"
SECONDS = 300  # many times what it takes, even on the engine in NumPy


@pytest.fixture(scope="module")
def quality_figures():
    """The module of that name, which is in no package."""
    path = BENCHMARKS / "quality_figures.py"
    specification = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def run(*arguments):
    """Run the script; return how it ended."""
    return subprocess.run(
        [sys.executable, BENCHMARKS / "quality.py", *arguments],
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        encoding="utf-8",
        timeout=SECONDS,
        check=False,
    )


@pytest.mark.parametrize(
    ("targets", "probabilities", "expected"),
    [
        ([0, 1], [[1, 0], [0, 1]], 0),
        ([0, 1], [[0, 1], [1, 0]], 2),  # certain and wrong, the worst there is
        ([2], [[0.2, 0.3, 0.5]], 0.04 + 0.09 + 0.25),
        ([1, 0], [[0.4, 0.6], [0.4, 0.6]], (2 * 0.16 + 2 * 0.36) / 2),
    ],
)
def test_brier_score(targets, probabilities, expected, quality_figures):
    score = quality_figures.brier_score(targets, np.array(probabilities))
    assert score == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("confidences", "right", "expected"),
    [
        ([1.0, 1.0], [True, True], 0),
        ([1.0, 1.0], [False, False], 1),
        ([0.75, 0.75, 0.75, 0.75], [True, True, True, False], 0),  # calibrated
        ([0.9, 0.9, 0.9, 0.9], [True, True, True, False], 0.15),
        # two bins, with 3/4 and 1/4 of the samples: gaps of |2/3 − 0.7| and |1 − 0.9|
        ([0.7, 0.7, 0.7, 0.9], [True, True, False, True], 0.75 * (0.7 - 2 / 3) + 0.25 * 0.1),
        # one bin, (9/15, 10/15]: too sure of one sample cancels too unsure of the other
        ([0.61, 0.65], [True, False], 0.5 - 0.37),
        # at an edge, 12/15, two bins: nothing cancels
        ([0.8, 0.81], [True, False], (0.2 + 0.81) / 2),
    ],
)
def test_calibration_error(confidences, right, expected, quality_figures):
    confidences = np.array(confidences)
    probabilities = np.column_stack([confidences, 1 - confidences])  # the first is predicted
    targets = np.where(right, 0, 1)
    error = quality_figures.calibration_error(targets, probabilities)
    assert error == pytest.approx(expected, abs=1e-12)


def test_bins_are_counted(quality_figures):
    """In a single bin the two mistakes cancel which two bins keep apart."""
    probabilities = np.array([[0.6, 0.4], [0.8, 0.2]])
    error = quality_figures.calibration_error
    assert error([0, 1], probabilities, n_bins=1) == pytest.approx(0.2)
    assert error([0, 1], probabilities) == pytest.approx(0.6)


def test_figures_of_a_classifier(quality_figures):
    """With labels that are no column numbers, in an order of their own."""
    X = np.array([[-2.0], [-1.0], [1.0], [2.0]])
    y = np.array(["yes", "yes", "no", "no"])
    classifier = LogisticRegression().fit(X, y)
    wrong = np.array(["yes", "no", "no", "no"])
    of_wrong = classifier.predict_proba(X)[range(4), [1, 0, 0, 0]]

    figures = quality_figures.figures(classifier, X, wrong)

    assert figures["accuracy"] == 0.75
    assert figures["log loss"] == pytest.approx(-np.log(of_wrong).mean())
    assert figures["Brier score"] == pytest.approx(2 * ((1 - of_wrong) ** 2).mean())


def result(quality_figures, **folds):
    names = {name.replace("_", " "): np.array(values) for name, values in folds.items()}
    return quality_figures.Result(names, 0.0)


@pytest.mark.parametrize(("name", "better"), [("accuracy", 1), ("log loss", -1)])
def test_comparison(name, better, quality_figures):
    """Differences 0, 1, 2, 3, 4: the mean 2, the variance 2.5, the standard error √(2.5 / 5)."""
    key = name.replace(" ", "_")
    ours = result(quality_figures, **{key: [0, 2, 4, 6, 8]})
    theirs = result(quality_figures, **{key: [0, 1, 2, 3, 4]})
    shifted = result(quality_figures, **{key: [2.7, 3.7, 4.7, 5.7, 6.7]})  # 0.7 = 0.99 errors

    difference, error, as_good = quality_figures.compare(ours, theirs, name)
    assert difference == pytest.approx(2)
    assert error == pytest.approx(0.5**0.5)
    assert as_good == (better > 0)
    assert quality_figures.compare(theirs, ours, name)[2] == (better < 0)
    within = ours, shifted
    assert all(quality_figures.compare(*pair, name)[2] for pair in (within, within[::-1]))


def test_equal_results_are_as_good(quality_figures):
    same = result(quality_figures, accuracy=[0.5] * 5)
    assert quality_figures.compare(same, same, "accuracy") == (0, 0, True)


def test_repeats_are_other_seeds_on_the_same_folds(quality_figures):
    """So a model without chance in it has the same figures however often it is repeated."""
    X, y = quality_figures.SETS["iris"]()
    once, twice = (quality_figures.evaluate(LogisticRegression(), X, y, n) for n in (1, 2))
    for name in quality_figures.HIGHER_IS_BETTER:
        assert once.folds[name].shape == (5,)
        np.testing.assert_allclose(once.folds[name], twice.folds[name])
    assert once.folds["accuracy"].mean() > 0.9


def test_tables():
    """A tiny run, with a parameter of ours changed to one that learns nothing."""
    finished = run(
        *("--sets", "iris", "--models", "ours", "mlp", "logistic", "--repeats", "1"),
        *("--set", "max_iter=1", "--set", "learning_rate_init=1e-9"),
        *("--set", "output_activation=softmax"),
    )
    assert finished.returncode == 0, finished.stderr
    table = dict(re.findall(r"^\| (.*?) \| ([\d.]+) ± [\d.]+ \|.*\|$", finished.stdout, re.M))
    ours = ["ours, softmax, squared_error", "ours, softmax, log_loss"]
    assert list(table) == [*ours, "MLPClassifier", "LogisticRegression"]
    assert all(float(table[name]) < 0.8 for name in ours)
    assert float(table["LogisticRegression"]) > 0.9
    (comparison,) = re.findall(r"^\| iris \| (.*) \|$", finished.stdout, re.M)
    assert re.fullmatch(r"-[\d.]+ ± [\d.]+ \| NO \| \+[\d.]+ ± [\d.]+ \| NO", comparison)


@pytest.mark.parametrize("wrong", ["max_iter", "no_such_parameter=1"])
def test_wrong_settings_are_told(wrong):
    finished = run("--set", wrong)
    assert finished.returncode == 2
    assert wrong.partition("=")[0] in finished.stderr

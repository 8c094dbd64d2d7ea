"""The examples run, print what they promise, and draw something."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"
SECONDS = 300  # many times what they take, even on the engine in NumPy


def run(name, folder):
    """Run a copy of an example in a folder of its own; return what it prints."""
    script = shutil.copy(EXAMPLES / name, folder)
    finished = subprocess.run(
        [sys.executable, script],
        cwd=folder,
        env=os.environ | {"MPLBACKEND": "Agg"},
        capture_output=True,
        encoding="utf-8",
        timeout=SECONDS,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def assert_shows_something(picture):
    from matplotlib.image import imread

    pixels = imread(picture)[..., :3]  # (height, width, 3), from 0 to 1
    assert min(pixels.shape[:2]) >= 300
    assert pixels.std() > 0.05  # not blank
    for half in np.array_split(pixels, 2, axis=1):
        assert half.std() > 0.05


def test_tutorial(tmp_path):
    pytest.importorskip("matplotlib", reason="the example draws with matplotlib, an extra")
    printed = run("tutorial.py", tmp_path)
    rows = re.findall(r"^ *(\d+) +(\d+) +[\d.]+ +(\d+) +[\d.]+ +([\d.]+)$", printed, re.M)
    # passes, the least right of the 240 trained on and of the 60 held out, accuracy on the latter
    (once, right_once, *_), (five, *right_after_five) = rows
    assert (once, five) == ("1", "5")
    assert int(right_once) >= 233
    assert right_after_five == ["240", "60", "1.000"]
    assert_shows_something(tmp_path / "tutorial.png")


def test_grid_search(tmp_path):
    printed = run("grid_search.py", tmp_path)
    table = re.findall(r"^(\(.*?\)) +([\d.]+) +([\d.]+) +([\d.]+)$", printed, re.M)
    assert [sizes for sizes, *_ in table] == ["()", "(5,)", "(20,)", "(10, 10)"]
    assert all(0 <= float(score) <= 1 for _, *scores in table for score in scores)
    assert "Best: hidden_layer_sizes=" in printed
    (accuracy,) = re.findall(r"^Accuracy on 150 held-out samples: ([\d.]+)$", printed, re.M)
    assert float(accuracy) > 0.75

"""The examples run alone, print what they promise, and draw something."""

import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from helpers import optional

EXAMPLES = Path(__file__).parents[2] / "examples"
SECONDS = 300  # many times what they take, even on the engine in NumPy
# Whoever has no compiler is told so by the first fit, which is no fault of a script.
WARNINGS = "ignore:skl_softmaxnet runs without its compiled engine:UserWarning"

HAS_PROGRESS_BAR = find_spec("rich") and find_spec("sklearn.callback")
GRID = r"^\(\) .*\n\(5,\) .*\n\(20,\) .*\n\(10, 10\) .*"
WITH_RIVER = "river's scaler, a network", "a network that scales"
ENOUGH = r"(0\.(7[5-9]|[89]\d)\d*|1\.0+)"

# What each script prints, beside all else.
PRINTED = {
    # passes, the least right of the 240 trained on and of the 60 held out, accuracy on the latter
    "tutorial.py": [r"^ *1 +(23[3-9]|240) ", r"^ *5 +240 +[\d.]+ +60 +[\d.]+ +1\.000$"],
    "grid_search.py": [GRID, "Best: hidden_layer_sizes=", rf"^Accuracy on 150 .*: {ENOUGH}$"],
    "sample_by_sample.py": [r"^ +200,000 +(0\.99\d|1\.000) +0\.0\d\d "],
    "softmax_or_sigmoid.py": [r"^softmax +\(\) +1\.000 +1\.000 +1\.000 "],
    "losses_and_rules.py": [r"^log_loss +gradient +0\.9\d\d"],
    "softmax_jacobian.py": [r"^With the best step: \de-1[0-3]$"],
    "learning_rates.py": [r"^0\.1 +0\.\d\d\d +0\.\d\d\d$"],
    "progress_bar.py": [
        r"^Accuracy on 450 held-out digits: 0\.9\d\d$",
        r"(?s)GridSearchCV - fit.*100%" if HAS_PROGRESS_BAR else r"\ANo progress bar: ",
    ],
    "out_of_core.py": [
        r"^ +72000 +0\.[89]\d\d$",
        # the file does not fit into the memory that the script allows itself
        "Reading the file whole: MemoryError|This system cannot limit|does not keep the limit",
    ],
    "multilabel.py": [r"^Samples with all 5 labels right: 0\.\d\d\d$"],
    "imbalanced.py": [r"^balanced +0\.01 +0\.\d\d\d"],
    "mixed_columns.py": [r"^numbers and categories +0\.[78]\d\d"],
    "early_stopping.py": [r"^early stopping +\d+ +0\.7\d\d"],
    "calibration.py": [r"^alpha=0\.01 +0\.8\d\d"],
    "text.py": [r"^ +2000 +(0\.9\d\d|1\.000)$"],
    "onnx_export.py": [r"^Equal labels: 450 of 450$"],
    "resume.py": [r"(?s)(Killed; the checkpoint holds.*){3}that of the run .*, bit for bit\n\Z"],
    "dask_search.py": [r"^All scores of 27 fits are those of one machine: True$"],
    "dask_out_of_core.py": [r"^The same network from both: True$"],
    "stream.py": [r"^standardize=True +0\.8\d\d +0\.[23]\d\d +0\.9\d\d +0\.1\d\d$"],
    "hedge.py": [r"^their average( +0\.\d\d\d){3} +0\.4\d\d$"],
    "with_river.py": [rf"^{name} +0\.8\d\d +0\.[56]\d\d " for name in WITH_RIVER],
}
FAST = ("tutorial.py", "grid_search.py")
# What a script needs that only an extra installs.
NEEDS = {
    "onnx_export.py": ("skl2onnx", "onnxruntime"),
    "dask_search.py": ("dask.distributed",),
    "dask_out_of_core.py": ("dask.distributed", "dask_ml"),
    "with_river.py": ("river",),
}
WITHOUT_PICTURE = ("resume.py", *NEEDS)


def run(name, folder, **environment):
    """Run a copy of a script in a folder of its own; return how it ended."""
    script = shutil.copy(EXAMPLES / name, folder)
    return subprocess.run(
        [sys.executable, script],
        cwd=folder,
        env=os.environ | {"MPLBACKEND": "Agg", "PYTHONWARNINGS": WARNINGS} | environment,
        capture_output=True,
        encoding="utf-8",
        timeout=SECONDS,
        check=False,
    )


def assert_shows_something(picture):
    from matplotlib.image import imread

    pixels = imread(picture)[..., :3]  # (height, width, 3), from 0 to 1
    assert min(pixels.shape[:2]) >= 300
    for half in np.array_split(pixels, 2, axis=1):
        assert half.std() > 0.05  # not blank
        colours = np.unique((half * 15).round().reshape(-1, 3), axis=0)
        assert np.sum(np.ptp(colours, axis=1) > 2) >= 5  # and not black and white


@pytest.mark.parametrize(
    "name",
    [name if name in FAST else pytest.param(name, marks=pytest.mark.slow) for name in PRINTED],
)
def test_script(name, tmp_path):
    for library in NEEDS.get(name, ()):
        optional(library)
    pictures = set() if name in WITHOUT_PICTURE else {Path(name).with_suffix(".png").name}
    if pictures:
        pytest.importorskip("matplotlib", reason="the script draws with matplotlib, an extra")
    finished = run(name, tmp_path)
    assert finished.returncode == 0, finished.stderr
    assert not finished.stderr  # neither warnings nor anything else
    printed = finished.stdout
    for pattern in PRINTED[name]:
        assert re.search(pattern, printed, re.M), printed
    assert {path.name for path in tmp_path.iterdir()} == {name} | pictures
    for picture in pictures:
        assert_shows_something(tmp_path / picture)


@pytest.mark.parametrize("name", NEEDS)
def test_missing_extra_is_named(name, tmp_path):
    """In one sentence, where what the extra installs cannot be imported."""
    libraries = {library.partition(".")[0] for library in NEEDS[name]}
    for library in libraries:
        (tmp_path / f"{library}.py").write_text("raise ImportError('it is not here')")
    finished = run(name, tmp_path, PYTHONPATH=str(tmp_path))
    assert finished.returncode == 1
    extra = r"This example needs the extra (\w+): pip install -e '\.\[\1\]' \(it is not here\)\.\n"
    assert re.fullmatch(extra, finished.stderr), finished.stderr


def test_every_script_is_tested():
    there = {path.name for path in EXAMPLES.glob("*.py")}
    assert there == set(PRINTED)

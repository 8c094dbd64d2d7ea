"""The scripts of the gallery run alone, print what they found, and draw something."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from extras import optional

pytestmark = pytest.mark.slow

GALLERY = Path(__file__).parents[1] / "examples"
SECONDS = 120  # many times what they take
# Whoever has no compiler is told so by the first fit, which is no fault of a script.
WARNINGS = "ignore:skl_softmaxnet was installed without its compiled engine:UserWarning"

# What each script prints, beside all else, and whether it draws.
SCRIPTS = {
    "sample_by_sample.py": (r"^ +200,000 +(0\.99\d|1\.000) +0\.0\d\d ", True),
    "softmax_or_sigmoid.py": (r"^softmax +\(\) +1\.000 +1\.000 +1\.000 ", True),
    "losses_and_rules.py": (r"^log_loss +gradient +0\.9\d\d", True),
    "softmax_jacobian.py": (r"^With the best step: \de-1[0-3]$", True),
    "learning_rates.py": (r"^0\.1 +0\.\d\d\d +0\.\d\d\d$", True),
    "progress_bar.py": (r"^Accuracy on 450 held-out digits: 0\.9\d\d$", True),
    "out_of_core.py": (r"^ +72000 +0\.[89]\d\d$", True),
    "multilabel.py": (r"^Samples with all 5 labels right: 0\.\d\d\d$", True),
    "imbalanced.py": (r'^"balanced" +\d+ +\d+ +0\.\d\d\d +0\.\d\d\d$', True),
    "text.py": (r"^ +2000 +(0\.9\d\d|1\.000)$", True),
    "onnx_export.py": (r"^Equal labels: 450 of 450$", False),
    "dask_search.py": (r"^All scores of 27 fits are those of one machine: True$", False),
    "dask_out_of_core.py": (r"^The same network from both: True$", False),
}

# What a script needs that only an extra installs.
NEEDS = {
    "onnx_export.py": ("skl2onnx", "onnxruntime"),
    "dask_search.py": ("dask.distributed",),
    "dask_out_of_core.py": ("dask.distributed", "dask_ml"),
}


def run(name, folder):
    """Run a copy of a script in a folder of its own; return what it prints."""
    script = shutil.copy(GALLERY / name, folder)
    finished = subprocess.run(
        [sys.executable, script],
        cwd=folder,
        env=os.environ | {"MPLBACKEND": "Agg", "PYTHONWARNINGS": WARNINGS},
        capture_output=True,
        encoding="utf-8",
        timeout=SECONDS,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    assert not finished.stderr  # neither warnings nor anything else
    return finished.stdout


def assert_shows_something(picture):
    from matplotlib.image import imread

    pixels = imread(picture)[..., :3]  # (height, width, 3), from 0 to 1
    assert min(pixels.shape[:2]) >= 300
    for half in np.array_split(pixels, 2, axis=1):
        assert half.std() > 0.05  # not blank
        colours = np.unique((half * 15).round().reshape(-1, 3), axis=0)
        assert np.sum(np.ptp(colours, axis=1) > 2) >= 5  # and not black and white


@pytest.mark.parametrize("name", SCRIPTS)
def test_script(name, tmp_path):
    printed_line, draws = SCRIPTS[name]
    for library in NEEDS.get(name, ()):
        optional(library)
    if draws:
        pytest.importorskip("matplotlib", reason="the script draws with matplotlib, an extra")
    printed = run(name, tmp_path)
    assert re.search(printed_line, printed, re.M), printed
    assert {path.name for path in tmp_path.iterdir()} == (
        {name, Path(name).with_suffix(".png").name} if draws else {name}
    )
    if draws:
        assert_shows_something(tmp_path / Path(name).with_suffix(".png").name)


def test_memory_limit(tmp_path):
    """The file of out_of_core.py does not fit into the memory that it allows itself."""
    pytest.importorskip("matplotlib", reason="the script draws with matplotlib, an extra")
    printed = run("out_of_core.py", tmp_path)
    if "This system cannot limit" in printed or "does not keep the limit" in printed:
        pytest.skip("the system does not limit the memory of a process")
    assert "Reading the file whole: MemoryError" in printed


def test_progress_bar(tmp_path):
    """There is a bar where scikit-learn and rich are there for it, else one line that says so."""
    pytest.importorskip("matplotlib", reason="the script draws with matplotlib, an extra")
    printed = run("progress_bar.py", tmp_path)
    try:
        import rich  # noqa: F401
        from sklearn.callback import ProgressBar  # noqa: F401
    except ImportError:
        assert printed.startswith("No progress bar: ")
    else:
        assert "GridSearchCV - fit" in printed
        assert "100%" in printed


def test_every_script_is_tested():
    elsewhere = {"tutorial.py", "grid_search.py", "resume.py"}  # test_examples.py, test_resume.py
    assert {path.name for path in GALLERY.glob("*.py")} == {*SCRIPTS, *elsewhere}

"""Training that is killed again and again ends with the same model: examples/resume.py."""

import contextlib
import random
import re
import runpy
import shutil
import subprocess
import sys
import time
from pathlib import Path

import joblib
import numpy as np
import pytest

SCRIPT = Path(__file__).parents[1] / "examples" / "resume.py"
N_EPOCHS = 12
SECONDS = 60  # many times what one run takes

# The package and all that it needs are imported before the checkpoint is touched. On Windows, the
# operating system may refuse what is tried here with a file that a process has open.
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9 on Windows")


def start(checkpoint, n_epochs=N_EPOCHS):
    command = [sys.executable, SCRIPT, checkpoint, "--epochs", str(n_epochs)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def run_to_the_end(checkpoint):
    printed, errors = start(checkpoint).communicate(timeout=SECONDS)
    assert not errors
    return printed


def kill_at_random(checkpoint, process):
    """Kill it some time after it began to train, or to load what was saved."""
    process.stdout.readline()
    time.sleep(random.uniform(0, 0.4))
    process.kill()


def kill_while_saving(checkpoint, process):
    """Kill it as soon as there is something of the file that is to replace the checkpoint."""
    process.stdout.readline()
    written = checkpoint.with_name(checkpoint.name + ".new")
    with contextlib.suppress(FileNotFoundError):
        written.unlink()  # what the last one that was killed has left
    process.stdout.readline()
    while process.poll() is None and not written.exists():
        pass
    process.kill()


@pytest.fixture(scope="module")
def never_killed(tmp_path_factory):
    checkpoint = tmp_path_factory.mktemp("never killed") / "network.joblib"
    printed = run_to_the_end(checkpoint)
    assert [int(epoch) for epoch in re.findall(r"^Epoch (\d+): loss", printed, re.M)] == [
        *range(1, N_EPOCHS + 1)
    ]
    return joblib.load(checkpoint)


def assert_same_model(one, other):
    assert (one.n_iter_, one.t_, one.loss_curve_) == (other.n_iter_, other.t_, other.loss_curve_)
    for left, right in zip(
        [*one.coefs_, *one.intercepts_], [*other.coefs_, *other.intercepts_], strict=True
    ):
        assert np.array_equal(left, right)
        assert left.tobytes() == right.tobytes()


@pytest.mark.parametrize(
    ("kill", "n_kills"),
    [
        (kill_at_random, 2),
        pytest.param(kill_at_random, 15, marks=pytest.mark.slow),
        pytest.param(kill_while_saving, 8, marks=pytest.mark.slow),
    ],
)
def test_a_killed_training_ends_with_the_same_model(kill, n_kills, never_killed, tmp_path):
    checkpoint = tmp_path / "network.joblib"
    n_done = 0
    for _ in range(n_kills):
        with start(checkpoint) as process:
            kill(checkpoint, process)
        assert process.returncode in (-9, 0)  # 0 if there was no epoch left
        if checkpoint.exists():
            saved = joblib.load(checkpoint)  # which a half-written file would refuse
            assert saved.loss_curve_ == never_killed.loss_curve_[: saved.n_iter_]
            assert n_done <= saved.n_iter_ <= N_EPOCHS
            n_done = saved.n_iter_
    run_to_the_end(checkpoint)
    assert_same_model(joblib.load(checkpoint), never_killed)


def test_one_call_of_fit_gives_the_same_model(never_killed):
    script = runpy.run_path(str(SCRIPT))
    X, y = script["samples"]()
    assert_same_model(script["new_network"](max_iter=N_EPOCHS).fit(X, y), never_killed)


def test_a_half_written_file_is_never_taken_for_the_checkpoint(tmp_path):
    """What a process killed in the middle of saving leaves behind is overwritten."""
    script = runpy.run_path(str(SCRIPT))
    X, y = script["samples"]()
    network = script["new_network"](max_iter=1).fit(X[:100], y[:100])
    checkpoint = tmp_path / "network.joblib"
    (tmp_path / "network.joblib.new").write_bytes(b"half of a network")
    script["save"](network, checkpoint)
    assert_same_model(joblib.load(checkpoint), network)
    assert [path.name for path in tmp_path.iterdir()] == [checkpoint.name]


def test_a_failing_save_leaves_the_checkpoint_alone(tmp_path, monkeypatch):
    script = runpy.run_path(str(SCRIPT))
    X, y = script["samples"]()
    network = script["new_network"](max_iter=1).fit(X[:100], y[:100])
    checkpoint = tmp_path / "network.joblib"
    script["save"](network, checkpoint)
    before = checkpoint.read_bytes()

    def full_disk(network, file):
        file.write(b"half of a network")
        raise OSError("no space left on device")

    monkeypatch.setattr(joblib, "dump", full_disk)
    with pytest.raises(OSError, match="no space"):
        script["save"](network, checkpoint)
    assert checkpoint.read_bytes() == before


@pytest.mark.slow
def test_the_demonstration(tmp_path):
    finished = subprocess.run(
        [sys.executable, shutil.copy(SCRIPT, tmp_path)],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    )
    assert not finished.stderr
    assert finished.stdout.count("Killed; the checkpoint holds") == 3
    assert finished.stdout.endswith("that of the run that was never killed, bit for bit\n")
    assert [path.name for path in tmp_path.iterdir()] == [SCRIPT.name]

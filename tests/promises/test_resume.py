"""Training that is killed again and again ends with the same model: examples/resume.py."""

import contextlib
import random
import runpy
import signal
import subprocess
import sys
import time
from pathlib import Path

import joblib
import pytest
from helpers import answer_ctrl_c, assert_same_training

SCRIPT = Path(__file__).parents[2] / "examples" / "resume.py"
N_EPOCHS = 40
SECONDS = 60  # many times what one run takes

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9 on Windows")


def start(checkpoint):
    command = [sys.executable, SCRIPT, checkpoint, "--epochs", str(N_EPOCHS)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, preexec_fn=answer_ctrl_c, **pipes)


def kill_at_random(checkpoint, process):
    """Kill it some time after it began to train, or to load what was saved."""
    time.sleep(random.uniform(0, 0.25))
    process.kill()


def interrupt_at_random(checkpoint, process):
    """Press Ctrl-C, which may end an epoch with a part of it: that must not be saved."""
    time.sleep(random.uniform(0, 0.25))
    process.send_signal(signal.SIGINT)


def kill_while_saving(checkpoint, process):
    """Kill it as soon as there is something of the file that is to replace the checkpoint."""
    written = checkpoint.with_name(checkpoint.name + ".new")
    with contextlib.suppress(FileNotFoundError):
        written.unlink()  # what the last one that was killed has left
    process.stdout.readline()
    while process.poll() is None and not written.exists():
        pass
    process.kill()


@pytest.fixture(scope="module")
def script():
    """What the script defines."""
    return runpy.run_path(str(SCRIPT))


@pytest.fixture(scope="module")
def never_killed(script):
    """The network of one call of fit."""
    return script["new_network"](max_iter=N_EPOCHS).fit(*script["samples"]())


@pytest.mark.parametrize(
    "stops",
    [
        [kill_at_random, interrupt_at_random],
        pytest.param([kill_at_random] * 8, marks=pytest.mark.slow),
        pytest.param([interrupt_at_random] * 4, marks=pytest.mark.slow),
        pytest.param([kill_while_saving] * 5, marks=pytest.mark.slow),
    ],
    ids=lambda stops: f"{len(stops)} times {stops[-1].__name__}",
)
def test_a_killed_training_ends_with_the_same_model(stops, never_killed, tmp_path):
    checkpoint = tmp_path / "network.joblib"
    n_done = 0
    for stop in stops:
        with start(checkpoint) as process:
            process.stdout.readline()
            stop(checkpoint, process)
            _, errors = process.communicate(timeout=SECONDS)
        assert not errors or "Interrupt" in errors
        if checkpoint.exists():
            saved = joblib.load(checkpoint)  # which a half-written file would refuse
            assert n_done <= len(saved.loss_curve_) <= N_EPOCHS
            n_done = len(saved.loss_curve_)
            assert saved.loss_curve_ == never_killed.loss_curve_[:n_done]
    _, errors = start(checkpoint).communicate(timeout=SECONDS)
    assert not errors
    assert_same_training(joblib.load(checkpoint), never_killed)

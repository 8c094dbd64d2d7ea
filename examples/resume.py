"""Training that survives being killed
===================================

After every epoch the network is saved: in a file beside the checkpoint, which then replaces the
checkpoint in one step. So the checkpoint is always whole, either the epoch before or this one. A
run that is started again loads it and continues, by `warm_start=True`, and ends with the network of
the run that was never stopped, bit for bit.

::

    python resume.py                        shows it: trains in another process, kills that three
                                            times, and compares with the run that was never killed
    python resume.py CHECKPOINT             trains, or continues from the checkpoint if there is one
    python resume.py CHECKPOINT --epochs N  until there are so many epochs

A checkpoint is a pickle, and loading a pickle runs whatever it says. Load only your own.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import joblib
from sklearn.datasets import load_digits

from skl_softmaxnet import SoftmaxMLPClassifier

N_EPOCHS = 40
N_KILLS = 3
N_EPOCHS_BEFORE_KILL = 6


def main():
    parser = argparse.ArgumentParser(description="Train a network, with a checkpoint an epoch.")
    parser.add_argument("checkpoint", type=Path, nargs="?", help="without it, a demonstration")
    parser.add_argument("--epochs", type=int, default=N_EPOCHS)
    arguments = parser.parse_args()
    if arguments.checkpoint:
        train(arguments.checkpoint, arguments.epochs)
    else:
        with tempfile.TemporaryDirectory() as folder:
            demonstrate(Path(folder) / "network.joblib", arguments.epochs)


# --- Training that may be killed ---


def train(checkpoint, n_epochs):
    """Continue from the checkpoint, or begin, until there are so many epochs."""
    X, y = samples()
    network = joblib.load(checkpoint) if checkpoint.exists() else new_network(max_iter=1)
    n_before = n_epochs_of(network)
    print(f"Continuing after epoch {n_before}" if n_before else "Beginning", flush=True)
    for epoch in range(n_before + 1, n_epochs + 1):
        network.fit(X, y)
        if n_epochs_of(network) < epoch:  # Ctrl-C: fit has warned and kept a part of the epoch
            sys.exit(f"Interrupted in epoch {epoch}, which is not saved")
        save(network, checkpoint)
        print(f"Epoch {epoch}: loss {network.loss_:.5f}", flush=True)


def n_epochs_of(network):
    """All epochs, where `n_iter_` counts those of the last `fit`."""
    return len(getattr(network, "loss_curve_", []))


def samples():
    X, y = load_digits(return_X_y=True)
    return X / 16, y


def new_network(max_iter):
    """What is random must be known, and no epoch may be the last because of the loss."""
    return SoftmaxMLPClassifier(
        hidden_layer_sizes=300, max_iter=max_iter, tol=None, warm_start=True, random_state=0
    )


def save(network, checkpoint):
    """Replace the checkpoint in one step, with a file that is wholly on the disk."""
    written = checkpoint.with_name(checkpoint.name + ".new")  # in the same file system
    with written.open("wb") as file:
        joblib.dump(network, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(written, checkpoint)


# --- The demonstration ---


def demonstrate(checkpoint, n_epochs):
    for _ in range(N_KILLS):
        train_and_kill(checkpoint, n_epochs)
        print(f"Killed; the checkpoint holds {n_epochs_of(joblib.load(checkpoint))} epochs")
    with start(checkpoint, n_epochs) as process:
        lines = process.stdout.read().splitlines()
    print(lines[0], lines[-1], sep="\n")

    never_killed = new_network(max_iter=n_epochs).fit(*samples())
    if bits(joblib.load(checkpoint)) != bits(never_killed):
        sys.exit("The network is not that of the run that was never killed")
    print("The network is that of the run that was never killed, bit for bit")


def train_and_kill(checkpoint, n_epochs):
    """Train in another process, and kill it at some moment after some epochs."""
    with start(checkpoint, n_epochs) as process:
        print(process.stdout.readline().strip())
        for _ in range(N_EPOCHS_BEFORE_KILL):
            process.stdout.readline()
        time.sleep(random.uniform(0, 0.1))
        process.kill()  # as kill -9 does: the process is not asked


def start(checkpoint, n_epochs):
    command = [sys.executable, __file__, str(checkpoint), "--epochs", str(n_epochs)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8")


def bits(network):
    return [array.tobytes() for array in [*network.coefs_, *network.intercepts_]]


if __name__ == "__main__":
    main()

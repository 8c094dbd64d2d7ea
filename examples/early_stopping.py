"""Early stopping, and what the displays show
==========================================

A network without a penalty learns handwritten digits, which are noisy here, until it knows the
training digits by heart. With `early_stopping=True` a tenth of the training digits is held out,
training stops when the log loss on them has stopped improving, and the weights of the best epoch
are restored.

LossCurveDisplay draws the loss of every epoch and, dashed, the log loss of the digits that were
held out. WeightsDisplay draws what each hidden unit looks for.

The script prints the quality of both networks on test digits, and draws the curves and the weights.
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from sklearn.datasets import load_digits
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from skl_softmaxnet import LossCurveDisplay, SoftmaxMLPClassifier, WeightsDisplay

PICTURE = Path(__file__).with_suffix(".png")
N_EPOCHS = 60


def main():
    X, y = load_digits(return_X_y=True)
    X = X / 16 + np.random.default_rng(0).normal(0, 0.4, X.shape)
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, test_size=0.5, stratify=y, random_state=0
    )
    networks = {
        "to the end": network(early_stopping=False, tol=None),
        "early stopping": network(early_stopping=True, tol=1e-3),
    }
    print(f"{len(y_test)} test digits    epochs    accuracy    log loss")
    for name, one in networks.items():
        one.fit(X_train, y_train)
        loss = log_loss(y_test, one.predict_proba(X_test))
        print(f"{name:18}{one.n_iter_:9d}{one.score(X_test, y_test):12.3f}{loss:12.3f}")

    stopped = networks["early stopping"]
    best = int(np.argmin(stopped.validation_loss_curve_)) + 1
    print(f"\nThe weights kept are those of epoch {best} of {stopped.n_iter_}")
    draw(networks, stopped).savefig(PICTURE, dpi=120)
    print(f"Picture: {PICTURE}")


def network(early_stopping, tol):
    return SoftmaxMLPClassifier(
        40,
        alpha=0,
        learning_rate="constant",
        early_stopping=early_stopping,
        tol=tol,
        max_iter=N_EPOCHS,
        random_state=0,
    )


def draw(networks, shown):
    figure = Figure(figsize=(12, 5.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    LossCurveDisplay.from_estimators(networks, ax=left, markersize=3)
    WeightsDisplay.from_estimator(shown, image_shape=(8, 8), ax=right)
    return figure


if __name__ == "__main__":
    main()

"""Calibration of probabilities
============================

A classifier is calibrated if, of the samples to which it gives a probability of 0.7, seven in ten
belong to the class. CalibrationDisplay of scikit-learn draws one against the other: a calibrated
classifier follows the diagonal.

Two classes overlap, a tenth of the labels is random, and there are few samples for twenty features.
A network without a penalty learns all of them by heart and becomes far too sure of itself. Two
things help. CalibratedClassifierCV learns from held-out folds how far to trust the network. The
penalty `alpha` keeps the network from learning by heart in the first place, which is simpler and
here better: the network is more accurate too.

The script prints the log loss and the Brier score on held-out samples, and draws the curves.
"""

from pathlib import Path

from matplotlib.figure import Figure
from sklearn.calibration import CalibratedClassifierCV, CalibrationDisplay
from sklearn.datasets import make_classification
from sklearn.metrics import brier_score_loss, log_loss
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skl_softmaxnet import SoftmaxMLPClassifier

PICTURE = Path(__file__).with_suffix(".png")

# Colours that differ for every kind of colour vision; the markers differ too.
STYLES = {
    "alpha=0": {"color": "#D55E00", "marker": "^"},
    "alpha=0, calibrated": {"color": "#009E73", "marker": "s"},
    "alpha=0.01": {"color": "#0072B2", "marker": "o"},
}


def main():
    X, y = make_classification(
        6000,
        n_features=20,
        n_informative=5,
        n_redundant=2,
        class_sep=0.6,
        flip_y=0.1,
        random_state=1,
    )
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, train_size=1500, stratify=y, random_state=0
    )
    without = SoftmaxMLPClassifier(alpha=0, random_state=0)
    models = {
        "alpha=0": without,
        "alpha=0, calibrated": CalibratedClassifierCV(without, method="sigmoid", cv=5),
        "alpha=0.01": SoftmaxMLPClassifier(alpha=0.01, random_state=0),
    }
    print(f"{len(y_test)} held-out samples      accuracy    log loss    Brier score")
    figure = Figure(figsize=(7, 6.4), layout="constrained")
    axes = figure.subplots()
    for name, classifier in models.items():
        model = make_pipeline(StandardScaler(), classifier).fit(X_train, y_train)
        said = model.predict_proba(X_test)[:, 1]
        print(
            f"{name:26}{model.score(X_test, y_test):10.3f}{log_loss(y_test, said):12.3f}"
            f"{brier_score_loss(y_test, said):15.3f}"
        )
        CalibrationDisplay.from_predictions(
            y_test, said, n_bins=10, strategy="quantile", name=name, ax=axes, **STYLES[name]
        )
    axes.set(title="How often the class, beside how probable the network says it is")
    figure.savefig(PICTURE, dpi=150)
    print(f"Picture: {PICTURE}")


if __name__ == "__main__":
    main()

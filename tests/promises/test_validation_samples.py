"""The validation samples of one's own, `X_val` and `y_val`."""

import numpy as np
import pytest
import scipy.sparse as sp
from helpers import (
    STOPPING,
    as_labels,
    assert_same_training,
    network,
    optional,
    parameters_of,
    state,
)
from sklearn.datasets import make_blobs
from sklearn.exceptions import NotFittedError

COLORS = np.array(["blue", "green", "red"])
X, y = make_blobs(n_samples=40, centers=3, cluster_std=4.0, random_state=1)
Y = as_labels(X, y)
X_val, y_val, Y_val = X[:15], y[:15], Y[:15]


def stopping(**parameters):
    return network((5,), **{"learning_rate_init": 0.5, "max_iter": 12} | STOPPING | parameters)


def frame(X, columns="ab"):
    return optional("pandas").DataFrame(X, columns=list(columns[: X.shape[1]]))


def score_of_best(model):
    """The score of the epoch with the least loss of the validation samples."""
    return model.validation_scores_[np.argmin(model.validation_loss_curve_)]


def test_all_samples_are_trained_on(engine):
    model = stopping(validation_fraction=0.9).fit(X, y, X_val=X[:5], y_val=y[:5])
    assert model.t_ == 12 * 40


def test_y_val_may_lack_classes():
    model = stopping().fit(X, y, X_val=X[y == 1], y_val=y[y == 1])
    assert model.score(X[y == 1], y[y == 1]) == score_of_best(model)


def test_their_order_does_not_matter(engine):
    model = stopping().fit(X[15:], y[15:], X_val=X_val, y_val=y_val)
    reverse = stopping().fit(X[15:], y[15:], X_val=X_val[::-1], y_val=y_val[::-1])
    assert_same_training(model, reverse)


def test_float32_is_kept(engine):
    model = stopping().fit(X.astype(np.float32), y, X_val=X, y_val=y)
    assert all(array.dtype == np.float32 for array in parameters_of(model))
    assert model.score(X.astype(np.float32), y) == score_of_best(model)


# --- Errors ---

WRONG_VALIDATION = {
    "no y_val": (X, y, X_val, None, "X_val.*y_val"),
    "no X_val": (X, y, None, y_val, "y_val.*X_val"),
    "features": (X, y, np.column_stack([X_val, X_val]), y_val, "4 features"),
    "sparse features": (X, y, sp.csr_array(X_val[:, :1]), y_val, "1 features"),
    "one-dimensional X_val": (X, y, X_val[0], y_val, "X_val|Expected 2D array"),
    "NaN": (X, y, np.where(X_val > 1, np.nan, X_val), y_val, "X_val contains NaN"),
    "infinity": (X, y, np.where(X_val > 1, np.inf, X_val), y_val, "X_val contains inf"),
    "fewer labels": (X, y, X_val, y_val[:-1], "y_val.*14|14.*y_val|inconsistent"),
    "more labels": (X, y, X_val, y, "y_val.*40|40.*y_val|inconsistent"),
    "unknown": (X, y, X_val, np.r_[y_val[:-1], 7], r"y_val.*not among.*7"),
    "unknown text": (X, COLORS[y], X_val, np.r_[COLORS[y_val[:-1]], ["pink"]], "y_val.*pink"),
    "text for numbers": (X, y, X_val, COLORS[y_val], "y_val"),
    "objects for numbers": (X, y, X_val, COLORS[y_val].astype(object), "y_val"),
    "numbers for objects": (X, COLORS[y].astype(object), X_val, y_val, "y_val"),
    "None": (X, COLORS[y].astype(object), X_val, np.full(15, None), "y_val"),
    "NaN in y_val": (X, y, X_val, np.where(y_val == 1, np.nan, y_val), "y_val"),
    "labels": (X, y, X_val, np.eye(3, dtype=int)[y_val], "y_val"),
    "sparse labels": (X, y, X_val, sp.csr_array(np.eye(3)[y_val]), "y_val"),
    "fewer columns": (X, Y, X_val, Y_val[:, :2], "y_val has 2 columns"),
    "sparse, fewer columns": (X, Y, X_val, sp.csr_array(Y_val[:, :2]), "y_val has 2 columns"),
    "one class for labels": (X, Y, X_val, y_val, "y_val"),
    "fewer rows of labels": (X, Y, X_val, Y_val[:14], "y_val.*14|14.*y_val|inconsistent"),
    "counts": (X, Y, X_val, Y_val * 2, "y_val.*0 and 1"),
    "text for labels": (X, Y, X_val, Y_val.astype(str), "y_val.*0 and 1"),
    "NaN for labels": (X, Y, X_val, np.where(Y_val, np.nan, 0), "y_val"),
}


@pytest.mark.parametrize("case", WRONG_VALIDATION)
def test_wrong_validation_samples(case):
    X, y, X_val, y_val, message = WRONG_VALIDATION[case]
    model = stopping(output_activation="sigmoid")
    with pytest.raises(ValueError, match=message):
        model.fit(X, y, X_val=X_val, y_val=y_val)
    with pytest.raises(NotFittedError):
        model.predict(X)


@pytest.mark.parametrize("columns", ["ba", "cd"])
def test_wrong_names(columns):
    with pytest.raises(ValueError, match=r"(?i)X_val|feature names"):
        stopping().fit(frame(X), y, X_val=frame(X_val, columns), y_val=y_val)


def test_X_val_without_early_stopping():
    with pytest.raises(ValueError, match=r"X_val.*early_stopping"):
        stopping(early_stopping=False).fit(X, y, X_val=X_val, y_val=y_val)


def test_wrong_validation_samples_spoil_no_model():
    model, spared = (stopping(warm_start=True).fit(X, y) for _ in range(2))
    with pytest.raises(ValueError, match="y_val"):
        model.fit(X, y, X_val=X_val, y_val=np.r_[y_val[:-1], 7])
    assert state(model) == state(spared)
    assert_same_training(model.fit(X, y), spared.fit(X, y))

"""The displays keep the numbers they draw, keep what they draw, and say what is wrong."""

import sys
from itertools import pairwise

import numpy as np
import pytest
from helpers import network
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_digits, load_iris
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skl_softmaxnet import LossCurveDisplay, WeightsDisplay

matplotlib = pytest.importorskip("matplotlib", reason="displays draw with matplotlib, an extra")
matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402  after the choice of Agg
from matplotlib.colors import same_color  # noqa: E402

X, Y = load_iris(return_X_y=True, as_frame=True)
SHOWN = {LossCurveDisplay: ("loss_curves", "loss_curve_"), WeightsDisplay: ("weights", "coefs_")}
each_display = pytest.mark.parametrize("display", SHOWN)


@pytest.fixture(autouse=True)
def no_figure_stays_open():
    yield
    plt.close("all")


@pytest.fixture
def ax():
    return plt.subplots()[1]


@pytest.fixture(scope="module")
def on_iris():
    return network(3, max_iter=4).fit(X, Y)


@pytest.fixture(scope="module")
def on_digits():
    digits, y = load_digits(return_X_y=True)
    return network((12, 5), max_iter=1).fit(digits[:100], y[:100])


@pytest.fixture
def with_scores():
    """A network with validation scores, set by hand so as to know them."""
    fitted = network(3, max_iter=5).fit(X, Y)
    fitted.validation_scores_ = [0.3, 0.5, 0.6, 0.7, 0.65]
    return fitted


def texts(artists):
    return [artist.get_text() for artist in artists]


def names_of(ax):
    return ax.get_title(), ax.get_xlabel(), ax.get_ylabel()


def drawn(display):
    """Draw in earnest, which is when matplotlib finds most mistakes."""
    display.figure_.canvas.draw()
    return display


def assert_line(line, values):
    """The line shows a value for each epoch, which are counted from 1."""
    assert_array_equal(line.get_xdata(), np.arange(len(values)) + 1)
    assert_array_equal(line.get_ydata(), values)


# --- Loss curves ---


def test_loss_of_one_network(on_iris):
    display = drawn(LossCurveDisplay.from_estimator(on_iris))
    assert display.names == texts(display.legend_.get_texts()) == ["SoftmaxMLPClassifier"]
    assert_array_equal(display.loss_curves, [on_iris.loss_curve_])
    assert_line(display.lines_[0], on_iris.loss_curve_)
    assert display.figure_.axes == [display.ax_]
    assert names_of(display.ax_) == ("", "epoch", "loss")
    assert display.validation_scores == display.validation_lines_ == [None]


def test_validation_scores_have_a_scale_of_their_own(on_iris, with_scores, ax):
    networks = {"plain": on_iris, "scored": with_scores}
    display = drawn(LossCurveDisplay.from_estimators(networks, ax=ax))
    assert display.ax_ is ax
    assert display.names == ["plain", "scored"]
    first, second = display.lines_
    assert_line(first, on_iris.loss_curve_)
    assert_line(second, with_scores.loss_curve_)
    assert not same_color(first.get_color(), second.get_color())
    assert first.get_marker() != second.get_marker()
    assert display.validation_scores[0] is None
    assert_array_equal(display.validation_scores[1], with_scores.validation_scores_)
    nothing, line = display.validation_lines_
    assert nothing is None
    assert line.axes is display.validation_ax_ is not ax
    assert display.validation_ax_.get_ylabel() == "validation score"
    assert display.validation_ax_.yaxis.get_label_position() == "right"
    assert_line(line, with_scores.validation_scores_)
    assert line.get_linestyle() == "--"
    assert same_color(line.get_color(), second.get_color())
    assert texts(display.legend_.get_texts()) == ["plain", "scored", "validation score"]
    # the legend hides none of them
    assert display.legend_.get_window_extent().y0 >= ax.get_window_extent().y1


def test_validation_losses_stand_beside_their_epochs():
    """The network goes on without early stopping, with it, and with a chunk of a stream."""
    model = network(max_iter=4, warm_start=True).fit(X, Y)
    model.set_params(early_stopping=True, max_iter=2).fit(X, Y)
    model.set_params(early_stopping=False, max_iter=1).fit(X, Y).partial_fit(X, Y)
    model.set_params(early_stopping=True, max_iter=3).fit(X, Y)
    display = drawn(LossCurveDisplay.from_estimator(model))
    scored = [5, 6, 9, 10, 11]
    assert_array_equal(np.flatnonzero(np.isfinite(display.validation_losses[0])) + 1, scored)
    assert_line(display.lines_[0], model.loss_curve_)
    shown = display.validation_lines_[0].get_data()
    assert_array_equal(shown, [scored, model.validation_loss_curve_])


def test_networks_of_scikit_learn():
    """They have scores of validation, or None, and no losses."""
    stopped, plain = (
        MLPClassifier(3, early_stopping=stops, tol=0.1, random_state=0).fit(X, Y)
        for stops in (True, False)
    )
    display = LossCurveDisplay.from_estimators({"stopped": stopped, "plain": plain})
    assert_line(display.validation_lines_[0], stopped.validation_scores_)
    assert display.validation_lines_[1] is None


def test_names_and_style_of_lines_on_the_same_axes(with_scores, ax):
    style = {"c": "black", "linewidth": 3, "markevery": 1}
    first = LossCurveDisplay.from_estimator(with_scores, ax=ax, name="first", **style)
    for line in (*first.lines_, *first.validation_lines_):
        assert same_color(line.get_color(), "black")
        assert line.get_linewidth() == 3
    second, third = (
        LossCurveDisplay.from_estimator(with_scores, ax=ax, name=name) for name in ("2nd", "3rd")
    )
    assert not same_color(second.lines_[0].get_color(), third.lines_[0].get_color())
    names = [name for name in texts(third.legend_.get_texts()) if name != "validation score"]
    assert names == ["first", "2nd", "3rd"]


def test_losses_as_numbers():
    display = drawn(LossCurveDisplay(loss_curves=[[0.5, 0.25], [0.4], []]).plot())
    assert display.legend_ is None
    assert display.validation_lines_ == [None] * 3
    assert_line(display.lines_[1], [0.4])
    assert display.lines_[1].get_markevery() == 1  # a line of one point is its marker
    (line,) = LossCurveDisplay(loss_curves=[np.geomspace(1, 0.1, 195)]).plot().lines_
    assert line.get_markevery() == 20  # ten markers for hundreds of epochs
    lines = LossCurveDisplay(loss_curves=[[0.5, 0.25]] * 56).plot().lines_
    assert len({(line.get_color(), line.get_marker()) for line in lines}) == 56


# --- Both displays ---


@each_display
def test_training_and_plotting_further(display, ax):
    """Training does not change what is kept."""
    fitted = network().fit(X, Y)
    shown, (name, _) = display.from_estimator(fitted), SHOWN[display]
    before = np.array(getattr(shown, name))
    fitted.partial_fit(X, Y)
    assert_array_equal(getattr(shown, name), before)
    assert shown.ax_ is not ax
    assert shown.plot(ax) is shown
    assert shown.ax_ is ax


@each_display
def test_last_step_of_pipelines(display):
    inner = make_pipeline(StandardScaler(), network())
    shown = display.from_estimator(make_pipeline(FunctionTransformer(), inner).fit(X, Y))
    if display is LossCurveDisplay:
        assert_array_equal(shown.loss_curves[0], inner[-1].loss_curve_)
        assert shown.names == ["SoftmaxMLPClassifier"]
    else:
        assert_array_equal(shown.weights, inner[-1].coefs_[0])


@each_display
def test_matplotlib_is_not_installed(display, on_iris, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)  # makes the import fail
    with pytest.raises(ImportError, match=f"{display.__name__}.plot needs matplotlib") as caught:
        display.from_estimator(on_iris)
    assert "pip install 'skl_softmaxnet[examples]'" in str(caught.value)
    assert "pip install matplotlib" in str(caught.value)


# --- Weights as a heat map ---


def test_heat_map(on_iris, ax):
    display = drawn(WeightsDisplay.from_estimator(on_iris, ax=ax, cmap="PuOr"))
    assert display.ax_ is display.im_.axes is ax
    assert_array_equal(display.weights, on_iris.coefs_[0])
    assert_array_equal(display.im_.get_array(), on_iris.coefs_[0])  # a row for each input
    assert (display.layer, display.image_shape) == (0, None)
    assert_array_equal(display.feature_names, X.columns)
    assert texts(ax.get_yticklabels()) == list(X.columns)
    assert names_of(ax) == ("Weights of layer 0", "unit", "input")
    assert display.colorbar_.mappable is display.im_
    assert display.colorbar_.ax.get_ylabel() == "weight"
    # zero is in the middle of the colours
    assert display.im_.get_cmap().name == "PuOr"
    assert_allclose(display.im_.get_clim(), np.array([-1, 1]) * np.abs(on_iris.coefs_[0]).max())
    assert drawn(WeightsDisplay(weights=np.zeros((2, 3))).plot()).im_.get_clim() == (-1, 1)


def test_names_of_inputs(on_iris, on_digits):
    """Those that are given come first, then those that the first step of a pipeline saw."""
    display = WeightsDisplay.from_estimator(on_iris, feature_names=list("abcd"))
    assert texts(display.ax_.get_yticklabels()) == list("abcd")
    scaled = make_pipeline(StandardScaler(), network()).fit(X, Y)  # the network sees an array
    assert_array_equal(WeightsDisplay.from_estimator(scaled).feature_names, X.columns)
    nameless = make_pipeline(FunctionTransformer(np.asarray), network()).fit(X, Y)
    alone = make_pipeline(network()).fit(X.to_numpy(), Y)
    for pipeline in (nameless, alone):
        assert WeightsDisplay.from_estimator(pipeline).feature_names is None
    for layer, numbers in ((0, range(0, 64, 5)), (1, range(12)), (2, range(5))):
        display = WeightsDisplay.from_estimator(on_digits, layer=layer)
        assert_array_equal(display.weights, on_digits.coefs_[layer])
        assert texts(display.ax_.get_yticklabels()) == [f"x{j}" for j in numbers]
        assert display.ax_.get_title() == f"Weights of layer {layer}"


@pytest.mark.parametrize("n_inputs", [1, 2, 15, 25, 40, 300])
def test_tick_labels_do_not_overlap(n_inputs):
    names = [f"feature {number}" for number in range(n_inputs)]
    display = drawn(WeightsDisplay(weights=np.ones((n_inputs, 2)), feature_names=names).plot())
    labels = display.ax_.get_yticklabels()
    boxes = [label.get_window_extent() for label in labels]
    assert all(below.y1 < above.y0 for above, below in pairwise(boxes))
    # each name stands beside its own row
    assert texts(labels) == [names[tick] for tick in display.ax_.get_yticks()]
    assert len(labels) == n_inputs if n_inputs <= 25 else len(labels) >= 10


def test_units_that_are_left_out():
    weights = np.arange(300.0).reshape(2, 150)
    display = WeightsDisplay(weights=weights).plot()
    assert_array_equal(display.im_.get_array(), weights[:, :100])
    assert display.im_.get_clim() == (-249, 249)  # of what is drawn
    assert display.ax_.get_title() == "Weights of layer 0: 100 of 150 units"
    assert display.plot(max_units=150).ax_.get_title() == "Weights of layer 0"
    for n_units in (1, 2, 5, 7, 100):
        images = WeightsDisplay(weights=np.ones((12, n_units)), image_shape=(2, 6)).plot()
        assert images.im_.get_array().count() == 12 * n_units
        assert len(images.ax_.collections[0].get_paths()) == n_units  # the frames


# --- Weights as images ---


def test_images(on_digits, ax):
    display = drawn(WeightsDisplay.from_estimator(on_digits, image_shape=(8, 8), ax=ax))
    assert display.image_shape == (8, 8)
    shown = display.im_.get_array()  # 12 units: 3 rows of 4 images of 8 × 8, 1 pixel between them
    assert shown.shape == (26, 35)
    for unit, weights in enumerate(on_digits.coefs_[0].T):
        top, left = 9 * (unit // 4), 9 * (unit % 4)
        assert_array_equal(shown[top : top + 8, left : left + 8], weights.reshape(8, 8))
    assert shown.mask[8].all()
    assert shown.mask[:, 8].all()
    assert texts(ax.get_yticklabels()) == ["0", "4", "8"]
    assert texts(ax.get_xticklabels()) == ["0", "1", "2", "3"]
    assert_array_equal(ax.get_yticks(), [3.5, 12.5, 21.5])
    limit = np.abs(on_digits.coefs_[0]).max()
    assert_allclose(display.im_.get_clim(), [-limit, limit])


# --- What cannot be drawn ---


def assert_refused(error, message, show, *arguments, **named):
    """An error says why, and no figure is left."""
    with pytest.raises(error, match=message):
        show(*arguments, **named)
    assert plt.get_fignums() == []


def test_what_are_no_loss_curves(on_iris):
    linear = LogisticRegression(max_iter=1000).fit(X, Y)
    for estimators, error, message in (
        ([network()], TypeError, "^estimators must"),
        ({}, ValueError, "^estimators must"),
        ({"a": on_iris, "b": linear}, TypeError, r"s\['b'\].*loss_curve_.*LogisticRegression"),
        ({"a": on_iris, "100 %s": network()}, NotFittedError, r"s\['100 %s'\] is not fitted"),
    ):
        assert_refused(error, message, LossCurveDisplay.from_estimators, estimators)
    for name in ("names", "validation_scores"):
        display = LossCurveDisplay(loss_curves=[[0.5], [0.25]], **{name: ["only one"]})
        assert_refused(ValueError, f"{name} must be as many as loss_curves, 2, but", display.plot)


@each_display
def test_what_is_no_fitted_network(display):
    linear = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, Y)
    lacking = f"{SHOWN[display][1]}, which LogisticRegression does not have"
    for estimator, error, message in (
        (network(), NotFittedError, "estimator is not fitted yet"),
        (make_pipeline(StandardScaler(), network()), NotFittedError, "estimator is not fitted yet"),
        (linear, TypeError, lacking),
        ("network", TypeError, "not an estimator instance"),
    ):
        assert_refused(error, message, display.from_estimator, estimator)


WRONG_WEIGHTS = {
    "layer={} is out of range: .* 3 layers .* 0 to 2": [{"layer": -1}, {"layer": 3}],
    r"\(8, 9\) has 72 pixels, but layer 0 has 64 inputs": [{"image_shape": (8, 9)}],
    "layer 1 has 12 inputs": [{"image_shape": (8, 8), "layer": 1}],
    "image_shape must be two positive integers": [
        {"image_shape": shape} for shape in [64, (64,), (4, 4, 4), (-8, -8), (8.0, 8.0), "88"]
    ],
    "feature_names has 3 names, but layer 0 has 64 inputs": [{"feature_names": list("abc")}],
    "max_units must be at least 1, but is 0": [{"max_units": 0}],
}


def test_weights_that_cannot_be_drawn(on_digits):
    show = WeightsDisplay.from_estimator
    for message, wrong in WRONG_WEIGHTS.items():
        for given in wrong:
            words = message.format(given.get("layer"))
            assert_refused(ValueError, words, show, on_digits, **given)
    assert_refused(TypeError, "integer", show, on_digits, layer="first")

"""The displays keep the numbers they draw, keep what they draw, and say what is wrong."""

import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_digits, load_iris
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skl_softmaxnet import LossCurveDisplay, SoftmaxMLPClassifier, WeightsDisplay

matplotlib = pytest.importorskip("matplotlib", reason="displays draw with matplotlib, an extra")
matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402  after the choice of Agg
from matplotlib.colors import same_color  # noqa: E402


@pytest.fixture(autouse=True)
def no_figure_stays_open():
    yield
    plt.close("all")


@pytest.fixture
def ax():
    return plt.subplots()[1]


def network(n_units=3, n_epochs=4):
    return SoftmaxMLPClassifier(n_units, max_iter=n_epochs, tol=None, random_state=0)


@pytest.fixture(scope="module")
def iris():
    return load_iris(return_X_y=True, as_frame=True)


@pytest.fixture(scope="module")
def on_iris(iris):
    return network().fit(*iris)


@pytest.fixture(scope="module")
def on_digits():
    X, y = load_digits(return_X_y=True)
    return network(n_units=(12, 5), n_epochs=1).fit(X[:100], y[:100])


@pytest.fixture
def with_scores(iris):
    """A network with validation scores, set by hand so as to know them."""
    fitted = network(n_epochs=5).fit(*iris)
    fitted.validation_scores_ = [0.3, 0.5, 0.6, 0.7, 0.65]
    return fitted


def texts(artists):
    return [artist.get_text() for artist in artists]


def draw(display):
    """Draw in earnest, which is when matplotlib finds most mistakes."""
    display.figure_.canvas.draw()


# --- Loss curves ---


def test_loss_of_one_network(on_iris):
    display = LossCurveDisplay.from_estimator(on_iris)
    draw(display)
    assert isinstance(display, LossCurveDisplay)
    assert display.names == ["SoftmaxMLPClassifier"]
    (losses,) = display.loss_curves
    assert_array_equal(losses, on_iris.loss_curve_)
    (line,) = display.lines_
    assert_array_equal(line.get_xdata(), [1, 2, 3, 4])  # epochs, not indices
    assert_array_equal(line.get_ydata(), on_iris.loss_curve_)
    assert line.axes is display.ax_
    assert display.figure_ is display.ax_.figure
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("epoch", "loss")
    assert texts(display.legend_.get_texts()) == ["SoftmaxMLPClassifier"]


def test_loss_without_validation_scores(on_iris):
    display = LossCurveDisplay.from_estimator(on_iris)
    assert display.validation_scores == [None]
    assert display.validation_ax_ is None
    assert display.validation_lines_ == [None]
    assert len(display.figure_.axes) == 1


def test_loss_of_several_networks(iris, on_iris, ax):
    networks = {"three": on_iris, "five": network(5, n_epochs=7).fit(*iris)}
    display = LossCurveDisplay.from_estimators(networks, ax=ax)
    draw(display)
    assert display.ax_ is ax
    assert display.names == ["three", "five"]
    assert texts(display.legend_.get_texts()) == ["three", "five"]
    for line, fitted in zip(display.lines_, networks.values(), strict=True):
        assert_array_equal(line.get_ydata(), fitted.loss_curve_)
    first, second = display.lines_
    assert not same_color(first.get_color(), second.get_color())
    assert first.get_marker() != second.get_marker()


def test_validation_scores_have_a_scale_of_their_own(on_iris, with_scores, ax):
    display = LossCurveDisplay.from_estimators({"plain": on_iris, "scored": with_scores}, ax=ax)
    draw(display)
    assert display.validation_scores[0] is None
    assert_array_equal(display.validation_scores[1], with_scores.validation_scores_)
    assert display.validation_ax_ is not display.ax_
    assert display.validation_ax_.get_ylabel() == "validation score"
    assert display.validation_ax_.yaxis.get_label_position() == "right"
    nothing, line = display.validation_lines_
    assert nothing is None
    assert line.axes is display.validation_ax_
    assert_array_equal(line.get_xdata(), [1, 2, 3, 4, 5])
    assert_array_equal(line.get_ydata(), with_scores.validation_scores_)
    assert line.get_linestyle() == "--"
    assert same_color(line.get_color(), display.lines_[1].get_color())
    assert texts(display.legend_.get_texts()) == ["plain", "scored", "validation score"]


def test_validation_scores_stand_beside_their_epochs(iris):
    """The network goes on without early stopping, with it, and with a chunk of a stream."""
    X, y = iris
    going_on = network(n_epochs=4).set_params(warm_start=True).fit(X, y)
    going_on.set_params(early_stopping=True, max_iter=2).fit(X, y)
    going_on.set_params(early_stopping=False, max_iter=1).fit(X, y).partial_fit(X, y)
    going_on.set_params(early_stopping=True, max_iter=3).fit(X, y)
    display = LossCurveDisplay.from_estimator(going_on)
    draw(display)
    scored = [5, 6, 9, 10, 11]
    assert_array_equal(np.flatnonzero(np.isfinite(display.validation_scores[0])) + 1, scored)
    assert_array_equal(display.lines_[0].get_xdata(), range(1, 12))
    assert_array_equal(display.validation_lines_[0].get_xdata(), scored)
    assert_array_equal(display.validation_lines_[0].get_ydata(), going_on.validation_scores_)


def test_legend_hides_no_validation_score(with_scores):
    display = LossCurveDisplay.from_estimator(with_scores)
    draw(display)
    assert display.legend_.get_window_extent().y0 >= display.ax_.get_window_extent().y1


def test_networks_of_scikit_learn(iris):
    # early stopping gives validation scores, and without it they are None
    settings = {"hidden_layer_sizes": 3, "max_iter": 300, "random_state": 0}
    stopped = MLPClassifier(early_stopping=True, n_iter_no_change=3, **settings).fit(*iris)
    plain = MLPClassifier(tol=0.1, n_iter_no_change=3, **settings).fit(*iris)
    display = LossCurveDisplay.from_estimators({"stopped": stopped, "plain": plain})
    assert_array_equal(display.validation_lines_[0].get_ydata(), stopped.validation_scores_)
    assert display.validation_lines_[1] is None


def test_name_and_style_of_the_lines(with_scores, ax):
    style = {"c": "black", "linewidth": 3, "markevery": 1}
    display = LossCurveDisplay.from_estimator(with_scores, ax=ax, name="mine", **style)
    for line in (*display.lines_, *display.validation_lines_):
        assert same_color(line.get_color(), "black")
        assert line.get_linewidth() == 3
    assert display.lines_[0].get_label() == "mine"


def test_drawing_on_the_same_axes_again(on_iris, ax):
    first = LossCurveDisplay.from_estimator(on_iris, ax=ax, name="first")
    second = LossCurveDisplay.from_estimator(on_iris, ax=ax, name="second")
    assert not same_color(first.lines_[0].get_color(), second.lines_[0].get_color())
    assert texts(second.legend_.get_texts()) == ["first", "second"]


def test_plotting_a_loss_curve_again(on_iris, ax):
    display = LossCurveDisplay.from_estimator(on_iris)
    assert display.plot(ax) is display
    assert display.ax_ is ax


def test_loss_display_from_numbers():
    display = LossCurveDisplay(loss_curves=[[0.5, 0.25], [0.4]]).plot()
    draw(display)
    assert display.legend_ is None
    assert display.validation_lines_ == [None, None]
    assert_array_equal(display.lines_[1].get_ydata(), [0.4])


def test_few_or_no_epochs():
    display = LossCurveDisplay(loss_curves=[[], [0.5]], names=["none", "one"]).plot()
    draw(display)
    assert display.lines_[1].get_markevery() == 1  # a line of one point is its marker


def test_hundreds_of_epochs_have_ten_markers():
    (line,) = LossCurveDisplay(loss_curves=[np.geomspace(1, 0.1, 195)]).plot().lines_
    assert line.get_markevery() == 20


def test_56_lines_differ():
    display = LossCurveDisplay(loss_curves=[[0.5, 0.25]] * 56).plot()
    assert len({(line.get_color(), line.get_marker()) for line in display.lines_}) == 56


def test_training_further_does_not_change_the_display(iris):
    X, y = iris
    fitted = network().fit(X, y)
    curves, weights = LossCurveDisplay.from_estimator(fitted), WeightsDisplay.from_estimator(fitted)
    losses, coefs = list(fitted.loss_curve_), fitted.coefs_[0].copy()
    fitted.partial_fit(X, y)
    assert_array_equal(curves.loss_curves[0], losses)
    assert_array_equal(weights.weights, coefs)
    assert not np.array_equal(fitted.coefs_[0], coefs)


@pytest.mark.parametrize("attribute", ["names", "validation_scores"])
def test_not_as_many_as_loss_curves(attribute):
    display = LossCurveDisplay(loss_curves=[[0.5], [0.25]], **{attribute: ["only one"]})
    with pytest.raises(ValueError, match=f"{attribute} must be as many as loss_curves, 2, but"):
        display.plot()
    assert plt.get_fignums() == []


@pytest.mark.parametrize(("estimators", "error"), [([network()], TypeError), ({}, ValueError)])
def test_estimators_is_no_dict_or_empty(estimators, error):
    with pytest.raises(error, match=r"^estimators must"):
        LossCurveDisplay.from_estimators(estimators)


def test_the_culprit_among_several_networks_is_named(on_iris, iris):
    linear = LogisticRegression(max_iter=1000).fit(*iris)
    with pytest.raises(TypeError, match=r"estimators\['b'\].*loss_curve_.*LogisticRegression"):
        LossCurveDisplay.from_estimators({"a": on_iris, "b": linear})
    with pytest.raises(NotFittedError, match=r"estimators\['100 %s'\] is not fitted"):
        LossCurveDisplay.from_estimators({"a": on_iris, "100 %s": network()})


# --- What is no fitted network ---


displays = pytest.mark.parametrize("display", [LossCurveDisplay, WeightsDisplay])


@displays
def test_not_fitted(display):
    for estimator in (network(), make_pipeline(StandardScaler(), network())):
        with pytest.raises(NotFittedError, match="estimator is not fitted yet"):
            display.from_estimator(estimator)


@displays
def test_not_a_network(display, iris):
    linear = make_pipeline(StandardScaler(), LogisticRegression()).fit(*iris)
    attribute = {LossCurveDisplay: "loss_curve_", WeightsDisplay: "coefs_"}[display]
    with pytest.raises(TypeError, match=f"{attribute}, which LogisticRegression does not have"):
        display.from_estimator(linear)
    with pytest.raises(TypeError, match="not an estimator instance"):
        display.from_estimator("network")
    assert plt.get_fignums() == []


@displays
def test_last_step_of_pipelines(display, iris):
    inner = make_pipeline(StandardScaler(), network())
    pipeline = make_pipeline(FunctionTransformer(), inner).fit(*iris)
    shown = display.from_estimator(pipeline)
    if display is LossCurveDisplay:
        assert_array_equal(shown.loss_curves[0], inner[-1].loss_curve_)
        assert shown.names == ["SoftmaxMLPClassifier"]
    else:
        assert_array_equal(shown.weights, inner[-1].coefs_[0])


# --- Weights as a heat map ---


def test_heat_map(on_iris, iris):
    display = WeightsDisplay.from_estimator(on_iris)
    draw(display)
    assert_array_equal(display.weights, on_iris.coefs_[0])
    assert display.layer == 0
    assert display.image_shape is None
    assert_array_equal(display.feature_names, iris[0].columns)
    assert_array_equal(display.im_.get_array(), on_iris.coefs_[0])  # a row for each input
    assert texts(display.ax_.get_yticklabels()) == list(iris[0].columns)
    assert display.ax_.get_ylabel() == "input"
    assert display.ax_.get_xlabel() == "unit"
    assert display.ax_.get_title() == "Weights of layer 0"
    assert display.im_.axes is display.ax_
    assert display.figure_ is display.ax_.figure
    assert display.colorbar_.mappable is display.im_
    assert display.colorbar_.ax.get_ylabel() == "weight"


def test_zero_is_in_the_middle_of_the_colours(on_iris):
    limits = WeightsDisplay.from_estimator(on_iris).im_.get_clim()
    assert_allclose(limits, np.array([-1, 1]) * np.abs(on_iris.coefs_[0]).max())
    zeros = WeightsDisplay(weights=np.zeros((2, 3))).plot()
    draw(zeros)
    assert zeros.im_.get_clim() == (-1, 1)


def test_given_axes_and_colours(on_iris, ax):
    display = WeightsDisplay.from_estimator(on_iris, ax=ax, cmap="PuOr")
    assert display.ax_ is ax
    assert display.im_.get_cmap().name == "PuOr"
    other = plt.subplots()[1]
    assert display.plot(other) is display
    assert display.ax_ is other


@pytest.mark.parametrize(("layer", "names"), [(0, 64), (1, 12), (2, 5)])
def test_numbered_inputs(on_digits, layer, names):
    display = WeightsDisplay.from_estimator(on_digits, layer=layer)
    assert_array_equal(display.weights, on_digits.coefs_[layer])
    assert display.feature_names is None
    labels = texts(display.ax_.get_yticklabels())
    assert labels == [f"x{number}" for number in range(0, names, 5 if names == 64 else 1)]
    assert display.ax_.get_title() == f"Weights of layer {layer}"


def test_names_that_are_given_come_first(on_iris):
    display = WeightsDisplay.from_estimator(on_iris, feature_names=list("abcd"))
    assert texts(display.ax_.get_yticklabels()) == list("abcd")


def test_names_from_the_pipeline(iris):
    X, y = iris
    scaled = make_pipeline(StandardScaler(), network()).fit(X, y)  # the network sees an array
    assert_array_equal(WeightsDisplay.from_estimator(scaled).feature_names, X.columns)
    nameless = make_pipeline(FunctionTransformer(np.asarray), network()).fit(X, y)
    assert WeightsDisplay.from_estimator(nameless).feature_names is None
    alone = make_pipeline(network()).fit(X.to_numpy(), y)
    assert WeightsDisplay.from_estimator(alone).feature_names is None


@pytest.mark.parametrize("n_inputs", [1, 2, 15, 25, 40, 300])
def test_tick_labels_do_not_overlap(n_inputs):
    names = [f"feature {number}" for number in range(n_inputs)]
    display = WeightsDisplay(weights=np.ones((n_inputs, 2)), feature_names=names).plot()
    draw(display)
    labels = display.ax_.get_yticklabels()
    boxes = [label.get_window_extent() for label in labels]
    assert all(below.y1 < above.y0 for above, below in pairwise(boxes))
    # each name stands beside its own row
    ticks = display.ax_.get_yticks()
    assert texts(labels) == [names[tick] for tick in ticks]
    assert len(labels) == n_inputs if n_inputs <= 25 else len(labels) >= 10


def test_units_that_are_left_out():
    weights = np.arange(300.0).reshape(2, 150)
    display = WeightsDisplay(weights=weights).plot()
    assert_array_equal(display.im_.get_array(), weights[:, :100])
    assert display.im_.get_clim() == (-249, 249)  # of what is drawn
    assert display.ax_.get_title() == "Weights of layer 0: 100 of 150 units"
    assert display.plot(max_units=150).ax_.get_title() == "Weights of layer 0"


# --- Weights as images ---


def test_images(on_digits, ax):
    display = WeightsDisplay.from_estimator(on_digits, image_shape=(8, 8), ax=ax)
    draw(display)
    assert display.image_shape == (8, 8)
    assert display.ax_ is ax
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


@pytest.mark.parametrize("n_units", [1, 2, 5, 7, 100])
@pytest.mark.parametrize("image_shape", [(2, 6), (12, 1), (1, 12)])
def test_every_unit_has_its_image(n_units, image_shape):
    weights = np.random.RandomState(0).normal(size=(12, n_units))
    display = WeightsDisplay(weights=weights, image_shape=image_shape).plot()
    draw(display)
    shown = display.im_.get_array().compressed()
    assert_array_equal(np.sort(shown), np.sort(weights.ravel()))
    (frames,) = display.ax_.collections
    assert len(frames.get_paths()) == n_units


def test_images_that_are_left_out(on_digits):
    display = WeightsDisplay.from_estimator(on_digits, image_shape=(8, 8), max_units=5)
    assert display.im_.get_array().count() == 5 * 64
    assert display.ax_.get_title() == "Weights of layer 0: 5 of 12 units"


# --- Weights that cannot be drawn ---


@pytest.mark.parametrize("layer", [-1, 3])
def test_no_such_layer(on_digits, layer):
    with pytest.raises(ValueError, match=f"layer={layer} is out of range: .* 3 layers .* 0 to 2"):
        WeightsDisplay.from_estimator(on_digits, layer=layer)


def test_layer_is_no_integer(on_digits):
    with pytest.raises(TypeError, match="integer"):
        WeightsDisplay.from_estimator(on_digits, layer="first")


def test_image_of_another_size(on_digits):
    message = r"image_shape=\(8, 9\) has 72 pixels, but layer 0 has 64 inputs"
    with pytest.raises(ValueError, match=message):
        WeightsDisplay.from_estimator(on_digits, image_shape=(8, 9))
    with pytest.raises(ValueError, match="layer 1 has 12 inputs"):
        WeightsDisplay.from_estimator(on_digits, layer=1, image_shape=(8, 8))
    assert plt.get_fignums() == []


@pytest.mark.parametrize("shape", [64, (64,), (4, 4, 4), (-8, -8), (8.0, 8.0), "88"])
def test_image_shape_is_no_shape(on_digits, shape):
    with pytest.raises(ValueError, match="image_shape must be two positive integers"):
        WeightsDisplay.from_estimator(on_digits, image_shape=shape)


def test_another_number_of_names(on_iris):
    with pytest.raises(ValueError, match="feature_names has 3 names, but layer 0 has 4 inputs"):
        WeightsDisplay.from_estimator(on_iris, feature_names=list("abc"))


def test_max_units_is_not_positive(on_iris):
    with pytest.raises(ValueError, match="max_units must be at least 1, but is 0"):
        WeightsDisplay.from_estimator(on_iris, max_units=0)


# --- matplotlib is optional ---


def test_import_does_without_matplotlib():
    program = "import sys, skl_softmaxnet; print('matplotlib' in sys.modules)"
    printed = subprocess.check_output([sys.executable, "-c", program], encoding="utf-8")
    assert printed.strip() == "False"


@displays
def test_matplotlib_is_not_installed(display, on_iris, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)  # makes the import fail
    with pytest.raises(ImportError, match=f"{display.__name__}.plot needs matplotlib") as caught:
        display.from_estimator(on_iris)
    assert "pip install 'skl_softmaxnet[examples]'" in str(caught.value)
    assert "pip install matplotlib" in str(caught.value)

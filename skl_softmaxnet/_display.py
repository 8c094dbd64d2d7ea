"""Pictures of a fitted network: the loss of its epochs and the weights of its units.

As scikit-learn's displays do, a display keeps the numbers, draws them in `plot` and keeps what it
has drawn. Only drawing imports matplotlib, which is not needed for anything else here.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import islice, product
from math import ceil, prod, sqrt
from numbers import Integral
from operator import index
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from ._typing import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap

# Okabe and Ito's colours, which differ for every kind of colour vision, but for yellow, which is
# faint on white. There is one marker more than colours, so that 56 lines differ.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "^", "s", "D", "v", "P", "X", "*")

GREY = "#666666"


# ----------------------------------------------------------------------------------------------
# What both displays need


def fitted_network(estimator, attribute, argument="estimator"):
    """The estimator, or the last step of a pipeline, if it is fitted and has the attribute."""
    while isinstance(estimator, Pipeline):
        estimator = estimator.steps[-1][1]
    not_fitted = f"{argument} is not fitted yet: call fit or partial_fit before drawing it."
    check_is_fitted(estimator, msg=not_fitted.replace("%", "%%"))
    if getattr(estimator, attribute, None) is None:
        raise TypeError(
            f"{argument} must be a neural network, or a pipeline that ends in one, with the "
            f"attribute {attribute}, which {type(estimator).__name__} does not have."
        )
    return estimator


def check_matplotlib(caller):
    """Say how to install matplotlib if it is missing."""
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise ImportError(
            f"{caller} needs matplotlib. Install it with `pip install 'skl_softmaxnet[examples]'` "
            "or `pip install matplotlib`."
        ) from error


def new_axes(**figure_options):
    """Axes in a new figure, which pyplot shows and which makes room for all that is written."""
    import matplotlib.pyplot as plt

    return plt.subplots(layout="constrained", **figure_options)[1]


# ----------------------------------------------------------------------------------------------
# The loss of each epoch


class LossCurveDisplay:
    """Loss, and validation score if there is one, of each epoch of one or several networks.

    Use :meth:`from_estimator` or :meth:`from_estimators` to make one. The parameters are kept as
    attributes.

    Parameters
    ----------
    loss_curves : list of array-like of shape (n_epochs,)
        The loss of each epoch, for each network.

    validation_scores : list of array-like of shape (n_epochs,) or None, default=None
        The validation score of each epoch, NaN for an epoch without one, for each network; None for
        a network without them. None if no network has them.

    names : list of str, default=None
        What the legend calls each network. Without names there is no legend for them.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes of the loss.

    figure_ : matplotlib Figure
        The figure of the axes.

    lines_ : list of matplotlib Line2D
        The line of the loss of each network.

    validation_ax_ : matplotlib Axes or None
        The axes of the validation score, with its scale on the right. None if there are no scores.

    validation_lines_ : list of matplotlib Line2D or None
        The line of the validation score of each network, None for a network without scores.

    legend_ : matplotlib Legend or None
        The legend, None if there is nothing to say.

    See Also
    --------
    WeightsDisplay : The weights of each unit.
    sklearn.model_selection.LearningCurveDisplay : Scores for growing sets of samples.

    Notes
    -----
    With validation scores the legend stands above the axes, where it hides no line. A title goes
    above the legend as ``display.figure_.suptitle(...)``. Networks with validation scores share a
    picture by `from_estimators`; each call of `plot` makes a new scale on the right.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from sklearn.datasets import make_blobs
    >>> from skl_softmaxnet import LossCurveDisplay, SoftmaxMLPClassifier
    >>> X, y = make_blobs(n_samples=300, centers=([2, 6], [6, 2]), random_state=0)
    >>> networks = {
    ...     f"{size} units": SoftmaxMLPClassifier(size, max_iter=20, tol=None).fit(X, y)
    ...     for size in (2, 5)
    ... }
    >>> ax = Figure().subplots()  # without it, pyplot makes a figure and can show it
    >>> display = LossCurveDisplay.from_estimators(networks, ax=ax)
    >>> [line.get_label() for line in display.lines_]
    ['2 units', '5 units']
    >>> display.ax_.set_yscale("log")
    """

    def __init__(
        self,
        *,
        loss_curves: Sequence[ArrayLike],
        validation_scores: Sequence[ArrayLike | None] | None = None,
        names: Sequence[str] | None = None,
    ) -> None:
        self.loss_curves = loss_curves
        self.validation_scores = validation_scores
        self.names = names

    @classmethod
    def from_estimator(
        cls, estimator: Any, *, ax: "Axes | None" = None, name: str | None = None, **line_kw: Any
    ) -> Self:
        """Draw the loss of each epoch of a fitted network.

        Parameters
        ----------
        estimator : fitted estimator
            A network with the attribute `loss_curve_`, such as SoftmaxMLPClassifier, or a pipeline
            that ends in one. If it has `validation_scores_` they are drawn too.

        ax : matplotlib Axes, default=None
            The axes to draw on. None makes a new figure.

        name : str, default=None
            What the legend calls the network. None takes the name of its class.

        **line_kw : dict
            Options of `matplotlib.axes.Axes.plot` for the lines.

        Returns
        -------
        display : LossCurveDisplay
            The display, drawn.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.

        TypeError
            If it is no estimator, or has no `loss_curve_`.

        ImportError
            If matplotlib is not installed.

        See Also
        --------
        from_estimators : Several networks in one picture.

        Examples
        --------
        >>> from matplotlib.figure import Figure
        >>> from skl_softmaxnet import LossCurveDisplay, SoftmaxMLPClassifier
        >>> classifier = SoftmaxMLPClassifier(5, max_iter=20, tol=None).fit([[0], [1]], [0, 1])
        >>> display = LossCurveDisplay.from_estimator(classifier, ax=Figure().subplots())
        >>> display.ax_.get_xlabel(), display.ax_.get_ylabel()
        ('epoch', 'loss')
        >>> len(display.loss_curves[0])
        20
        """
        network = fitted_network(estimator, "loss_curve_")
        name = type(network).__name__ if name is None else name
        return cls._from_networks({name: network}).plot(ax, **line_kw)

    @classmethod
    def from_estimators(
        cls, estimators: Mapping[str, Any], *, ax: "Axes | None" = None, **line_kw: Any
    ) -> Self:
        """Draw the loss of each epoch of several fitted networks, each in its own colour.

        Parameters
        ----------
        estimators : dict of str to fitted estimator
            The networks by the names that the legend gives them, each as in `from_estimator`.

        ax : matplotlib Axes, default=None
            The axes to draw on. None makes a new figure.

        **line_kw : dict
            Options of `matplotlib.axes.Axes.plot` for the lines of all networks.

        Returns
        -------
        display : LossCurveDisplay
            The display, drawn.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If one of the estimators is not fitted.

        TypeError
            If `estimators` is no dict, or one of them is no estimator or has no `loss_curve_`.

        ValueError
            If `estimators` is empty.

        ImportError
            If matplotlib is not installed.

        See Also
        --------
        from_estimator : A single network.

        Examples
        --------
        >>> from matplotlib.figure import Figure
        >>> from skl_softmaxnet import LossCurveDisplay, SoftmaxMLPClassifier
        >>> networks = {
        ...     f"learning rate {rate}": SoftmaxMLPClassifier(
        ...         5, learning_rate_init=rate, max_iter=20, tol=None
        ...     ).fit([[0], [1]], [0, 1])
        ...     for rate in (0.1, 0.3)
        ... }
        >>> display = LossCurveDisplay.from_estimators(networks, ax=Figure().subplots())
        >>> display.names
        ['learning rate 0.1', 'learning rate 0.3']
        """
        if not isinstance(estimators, Mapping):
            raise TypeError(
                "estimators must be a dict of names to fitted estimators, "
                f"but is a {type(estimators).__name__}."
            )
        if not estimators:
            raise ValueError("estimators must name at least one fitted estimator, but is empty.")
        networks = {
            name: fitted_network(estimator, "loss_curve_", f"estimators[{name!r}]")
            for name, estimator in estimators.items()
        }
        return cls._from_networks(networks).plot(ax, **line_kw)

    @classmethod
    def _from_networks(cls, networks):
        """Take copies: training a network further must not change a picture of it."""
        return cls(
            loss_curves=[np.array(network.loss_curve_) for network in networks.values()],
            validation_scores=[scores_by_epoch(network) for network in networks.values()],
            names=list(networks),
        )

    def plot(self, ax: "Axes | None" = None, **line_kw: Any) -> Self:
        """Draw the lines.

        Lines that the axes have already are kept, and those drawn now get the colours after theirs.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            The axes to draw on. None makes a new figure.

        **line_kw : dict
            Options of `matplotlib.axes.Axes.plot` for the lines of all networks. The line of a
            validation score is always dashed and in the colour of the loss.

        Returns
        -------
        display : LossCurveDisplay
            This display.

        Raises
        ------
        ValueError
            If there are not as many names or validation scores as loss curves.

        ImportError
            If matplotlib is not installed.

        See Also
        --------
        from_estimator : Make a display and draw it.

        Examples
        --------
        >>> from matplotlib.figure import Figure
        >>> from skl_softmaxnet import LossCurveDisplay
        >>> display = LossCurveDisplay(loss_curves=[[0.7, 0.3, 0.2], [0.9, 0.8]], names=["a", "b"])
        >>> [len(line.get_xdata()) for line in display.plot(Figure().subplots()).lines_]
        [3, 2]
        """
        check_matplotlib("LossCurveDisplay.plot")
        names, validation_scores = self._one_for_each_network()
        self.ax_ = new_axes() if ax is None else ax
        self.figure_ = self.ax_.figure

        styles = self._styles(line_kw)
        self.lines_ = [
            draw_epochs(self.ax_, losses, **({"label": name} | style))
            for losses, name, style in zip(self.loss_curves, names, styles, strict=True)
        ]
        self._plot_validation_scores(validation_scores, styles)
        self.ax_.set(xlabel="epoch", ylabel="loss")
        self.ax_.xaxis.set_major_locator(whole_numbers())
        self._add_legend()
        return self

    def _one_for_each_network(self):
        """Names and validation scores, with None for each that is not known."""
        lists = []
        for attribute in ("names", "validation_scores"):
            given = getattr(self, attribute)
            given = [None] * len(self.loss_curves) if given is None else given
            if len(given) != len(self.loss_curves):
                raise ValueError(
                    f"{attribute} must be as many as loss_curves, {len(self.loss_curves)}, "
                    f"but are {len(given)}."
                )
            lists.append(given)
        return lists

    def _styles(self, line_kw):
        """How to draw the line of each network; what the caller asks for comes first."""
        from matplotlib import cbook, lines

        first = len(self.ax_.get_lines())
        line_kw = cbook.normalize_kwargs(line_kw, lines.Line2D)  # "c" is "color"
        return [
            {
                "color": COLOURS[number % len(COLOURS)],
                "marker": MARKERS[number % len(MARKERS)],
                "markersize": 5,
            }
            | line_kw
            for number in range(first, first + len(self.loss_curves))
        ]

    def _plot_validation_scores(self, validation_scores, styles):
        """Dashed lines with hollow markers, on axes of their own for they have another scale."""
        self.validation_ax_ = None
        self.validation_lines_ = [None] * len(styles)
        if all(scores is None for scores in validation_scores):
            return
        self.validation_ax_ = self.ax_.twinx()
        self.validation_ax_.set_ylabel("validation score")
        dashed = {"label": None, "linestyle": "--", "markerfacecolor": "white"}
        self.validation_lines_ = [
            None
            if scores is None
            else draw_epochs(
                self.validation_ax_,
                scores,
                np.flatnonzero(~np.isnan(scores)),
                **(style | dashed | {"color": loss.get_color()}),
            )
            for scores, style, loss in zip(validation_scores, styles, self.lines_, strict=True)
        ]

    def _add_legend(self):
        """A legend of the networks, and of what is dashed."""
        from matplotlib.lines import Line2D

        handles, names = self.ax_.get_legend_handles_labels()
        place = {"loc": "best"}
        if self.validation_ax_ is not None:
            handles.append(Line2D([], [], color=GREY, linestyle="--"))
            names.append("validation score")
            # "best" does not see the lines of the other axes, so the legend goes above them all.
            columns = max(1, 60 // (6 + max(map(len, names))))  # about 60 letters are side by side
            place = {"loc": "lower center", "bbox_to_anchor": (0.5, 1), "frameon": False}
            place["ncols"] = min(columns, len(names))
        self.legend_ = self.ax_.legend(handles, names, **place) if handles else None


def scores_by_epoch(network):
    """The validation score of each epoch, NaN where there was none; None if there never was one.

    A network that goes on with other settings may have scores for some of its epochs only.
    """
    scores = getattr(network, "validation_scores_", None)
    epochs = getattr(network, "_validation_epochs", [])  # MLPClassifier scores all or none
    if scores is None or len(epochs) != len(scores):
        return None if scores is None else np.array(scores)
    by_epoch = np.full(len(network.loss_curve_), np.nan)
    by_epoch[np.array(epochs) - 1] = scores
    return by_epoch


def draw_epochs(ax, values, chosen=None, **style):
    """Draw a line with a value for each epoch, from epoch 1; hundreds get about ten markers.

    Where indices of values are chosen, it goes through those alone.
    """
    chosen = np.arange(len(values)) if chosen is None else chosen
    style = {"markevery": ceil(len(chosen) / 10) or 1} | style
    (line,) = ax.plot(chosen + 1, np.asarray(values)[chosen], **style)
    return line


# ----------------------------------------------------------------------------------------------
# The weights of each unit


class WeightsDisplay:
    """Incoming weights of each unit of a layer, as images or as a heat map.

    Where the inputs are the pixels of an image, the weights of a unit are an image too, which shows
    what the unit looks for. Otherwise the picture has a row for each input and a column for each
    unit. Colours show the same weights everywhere in the picture, with zero in the middle.

    Use :meth:`from_estimator` to make one. The parameters are kept as attributes.

    Parameters
    ----------
    weights : ndarray of shape (fan_in, fan_out)
        The weights of the layer, a column for each unit.

    layer : int, default=0
        The number of the layer, for the title; the first is 0.

    image_shape : tuple of int (height, width), default=None
        The shape of the image that the inputs are the pixels of. None draws a heat map.

    feature_names : array-like of str of shape (fan_in,), default=None
        The names of the inputs, for the heat map. None numbers them.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes.

    figure_ : matplotlib Figure
        The figure of the axes.

    im_ : matplotlib AxesImage
        The heat map, or all images in one, with masked pixels between them.

    colorbar_ : matplotlib Colorbar
        The colour bar.

    See Also
    --------
    LossCurveDisplay : The loss of each epoch.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> from sklearn.datasets import load_digits
    >>> from skl_softmaxnet import SoftmaxMLPClassifier, WeightsDisplay
    >>> X, y = load_digits(return_X_y=True)
    >>> classifier = SoftmaxMLPClassifier(20, max_iter=2, tol=None).fit(X / 16, y)
    >>> ax = Figure().subplots()  # without it, pyplot makes a figure and can show it
    >>> display = WeightsDisplay.from_estimator(classifier, image_shape=(8, 8), ax=ax)
    >>> display.im_.get_array().shape  # 4 rows of 5 images, with a pixel between them
    (35, 44)
    """

    def __init__(
        self,
        *,
        weights: FloatArray,
        layer: int = 0,
        image_shape: tuple[int, int] | None = None,
        feature_names: Sequence[str] | NDArray[Any] | None = None,
    ) -> None:
        self.weights = weights
        self.layer = layer
        self.image_shape = image_shape
        self.feature_names = feature_names

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        layer: int = 0,
        image_shape: tuple[int, int] | None = None,
        feature_names: Sequence[str] | NDArray[Any] | None = None,
        ax: "Axes | None" = None,
        max_units: int = 100,
        cmap: "str | Colormap" = "RdBu_r",
    ) -> Self:
        """Draw the weights of a layer of a fitted network.

        Parameters
        ----------
        estimator : fitted estimator
            A network with the attribute `coefs_`, such as SoftmaxMLPClassifier, or a pipeline that
            ends in one.

        layer : int, default=0
            Which weights to draw: those into the first hidden layer are 0.

        image_shape : tuple of int (height, width), default=None
            The shape of the image that the inputs are the pixels of. None draws a heat map.

        feature_names : array-like of str of shape (fan_in,), default=None
            The names of the inputs, for the heat map. None takes, for layer 0, the names that the
            network or the steps before it in the pipeline know, else x0, x1, ....

        ax : matplotlib Axes, default=None
            The axes to draw on. None makes a new figure.

        max_units : int, default=100
            How many units to draw at most; the title says where some are left out.

        cmap : str or matplotlib Colormap, default="RdBu_r"
            The colours of the weights; one that diverges from the middle.

        Returns
        -------
        display : WeightsDisplay
            The display, drawn.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.

        TypeError
            If it is no estimator or has no `coefs_`, or `layer` is no integer.

        ValueError
            If there is no such layer, or `image_shape`, `feature_names` or `max_units` is not as
            described.

        ImportError
            If matplotlib is not installed.

        See Also
        --------
        plot : Draw it again, on other axes or in other colours.

        Examples
        --------
        >>> from matplotlib.figure import Figure
        >>> from sklearn.datasets import load_iris
        >>> from skl_softmaxnet import SoftmaxMLPClassifier, WeightsDisplay
        >>> X, y = load_iris(return_X_y=True, as_frame=True)
        >>> classifier = SoftmaxMLPClassifier(5, max_iter=2, tol=None).fit(X, y)
        >>> display = WeightsDisplay.from_estimator(classifier, ax=Figure().subplots())
        >>> print(display.ax_.get_yticklabels()[0].get_text())
        sepal length (cm)
        """
        network = fitted_network(estimator, "coefs_")
        if not 0 <= index(layer) < len(network.coefs_):
            raise ValueError(
                f"layer={layer} is out of range: the network has {len(network.coefs_)} layers of "
                f"weights, 0 to {len(network.coefs_) - 1}."
            )
        if feature_names is None and layer == 0:
            feature_names = known_feature_names(estimator, network)
        display = cls(
            weights=np.array(network.coefs_[layer]),  # a copy, for training changes them in place
            layer=layer,
            image_shape=image_shape,
            feature_names=feature_names,
        )
        return display.plot(ax, max_units=max_units, cmap=cmap)

    def plot(
        self, ax: "Axes | None" = None, *, max_units: int = 100, cmap: "str | Colormap" = "RdBu_r"
    ) -> Self:
        """Draw the weights.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            The axes to draw on. None makes a new figure.

        max_units : int, default=100
            How many units to draw at most; the title says where some are left out.

        cmap : str or matplotlib Colormap, default="RdBu_r"
            The colours of the weights; one that diverges from the middle.

        Returns
        -------
        display : WeightsDisplay
            This display.

        Raises
        ------
        ValueError
            If `image_shape`, `feature_names` or `max_units` is not as described.

        ImportError
            If matplotlib is not installed.

        See Also
        --------
        from_estimator : Make a display and draw it.

        Examples
        --------
        >>> import numpy as np
        >>> from matplotlib.figure import Figure
        >>> from skl_softmaxnet import WeightsDisplay
        >>> weights = np.array([[0.5, -1.0], [0.0, 2.0], [1.5, 0.0]])
        >>> display = WeightsDisplay(weights=weights, feature_names=["age", "height", "income"])
        >>> display.plot(Figure().subplots()).im_.get_clim()
        (-2.0, 2.0)
        """
        check_matplotlib("WeightsDisplay.plot")
        weights = np.asarray(self.weights)
        fan_in, fan_out = weights.shape
        check_inputs(self.image_shape, self.feature_names, fan_in, self.layer)
        if max_units < 1:
            raise ValueError(f"max_units must be at least 1, but is {max_units}.")
        drawn = weights[:, :max_units]
        limit = np.abs(drawn).max() or 1  # a scale needs two ends, also where all weights are zero
        colours = {"cmap": cmap, "vmin": -limit, "vmax": limit}
        if self.image_shape is None:
            self._plot_heat_map(drawn, ax, colours)
        else:
            self._plot_images(drawn, ax, colours)
        self.figure_ = self.ax_.figure
        self.colorbar_ = self.figure_.colorbar(self.im_, ax=self.ax_, label="weight")
        left_out = "" if fan_out <= max_units else f": {max_units} of {fan_out} units"
        self.ax_.set_title(f"Weights of layer {self.layer}{left_out}")
        return self

    def _plot_heat_map(self, weights, ax, colours):
        """A row for each input, whose name can then be read without turning one's head."""
        names = self.feature_names
        names = [f"x{number}" for number in range(len(weights))] if names is None else list(names)
        height = len(names) * line_height() / 0.75  # inches; a quarter is for what is around
        if not 4.8 < height < 8:
            height = 4.8  # matplotlib's own, with a tick for some of the inputs if they are many
        self.ax_ = new_axes(figsize=(6.4, height)) if ax is None else ax
        self.im_ = self.ax_.imshow(weights, aspect="auto", interpolation="nearest", **colours)
        ticks = numbers_below(len(names), size_in_inches(self.ax_)[1] / line_height())
        self.ax_.set_yticks(ticks, [names[tick] for tick in ticks])
        self.ax_.xaxis.set_major_locator(whole_numbers())
        self.ax_.set(xlabel="unit", ylabel="input")

    def _plot_images(self, weights, ax, colours):
        """An image for each unit, in rows; a row is numbered by its first unit."""
        height, width = self.image_shape
        n_units = weights.shape[1]
        n_columns = min(n_units, ceil(sqrt(n_units * height / width)))  # about a square
        n_rows = ceil(n_units / n_columns)
        self.ax_ = new_axes() if ax is None else ax
        images = mosaic(weights.T.reshape(n_units, height, width), n_rows, n_columns)
        self.im_ = self.ax_.imshow(images, interpolation="nearest", **colours)
        left, top = np.arange(n_columns) * (width + 1), np.arange(n_rows) * (height + 1)  # pixels
        frame(self.ax_, product(top, left), n_units, height, width)

        room = size_in_inches(self.ax_) / line_height()  # labels: two lines wide, or one high
        columns, rows = numbers_below(n_columns, room[0] / 2), numbers_below(n_rows, room[1])
        self.ax_.set_xticks(left[columns] + (width - 1) / 2, columns)
        self.ax_.set_yticks(top[rows] + (height - 1) / 2, rows * n_columns)
        self.ax_.set(xlabel="unit = row + column")
        self.ax_.tick_params(length=0)
        self.ax_.spines[:].set_visible(False)


def check_inputs(image_shape, feature_names, fan_in, layer):
    """Whether the names, or the pixels, are as many as the inputs."""
    if image_shape is not None:
        sides = list(image_shape) if np.iterable(image_shape) else []
        if len(sides) != 2 or not all(isinstance(side, Integral) and side > 0 for side in sides):
            raise ValueError(f"image_shape must be two positive integers, but is {image_shape}.")
        if prod(sides) != fan_in:
            raise ValueError(
                f"image_shape={image_shape} has {prod(sides)} pixels, but layer {layer} has "
                f"{fan_in} inputs."
            )
    if feature_names is not None and len(feature_names) != fan_in:
        raise ValueError(
            f"feature_names has {len(feature_names)} names, but layer {layer} has {fan_in} inputs."
        )


def known_feature_names(estimator, network):
    """The names of the inputs that the network has seen, or that the steps before it give."""
    names = getattr(network, "feature_names_in_", None)
    if names is None and estimator is not network and estimator[-1] is network:
        with suppress(AttributeError, ValueError):  # a step that does not name what it gives
            names = estimator[:-1].get_feature_names_out()
    return names


def mosaic(images, n_rows, n_columns):
    """Set images of shape (n, height, width) in rows, with a masked pixel between them."""
    n_images, height, width = images.shape
    padding = ((0, n_rows * n_columns - n_images), (0, 1), (0, 1))
    tiles = np.pad(images, padding, constant_values=np.nan)
    tiles = tiles.reshape(n_rows, n_columns, height + 1, width + 1).swapaxes(1, 2)
    whole = tiles.reshape(n_rows * (height + 1), n_columns * (width + 1))
    return np.ma.masked_invalid(whole[:-1, :-1])


def frame(ax, corners, n_images, height, width):
    """Draw a thin line around the first images, for weights near zero are as white as paper."""
    from matplotlib import collections, patches

    frames = [
        patches.Rectangle((left - 0.5, top - 0.5), width, height)
        for top, left in islice(corners, n_images)
    ]
    style = {"facecolor": "none", "edgecolor": GREY, "linewidth": 0.4, "clip_on": False}
    ax.add_collection(collections.PatchCollection(frames, **style), autolim=False)


# ----------------------------------------------------------------------------------------------
# Ticks


def whole_numbers(most="auto"):
    """A matplotlib locator of round numbers without a fraction, `most` of them or fewer."""
    from matplotlib import ticker

    return ticker.MaxNLocator(most, integer=True, steps=[1, 2, 5, 10], min_n_ticks=1)


def numbers_below(count, room):
    """Numbers from 0 to below count: all that there is room for, else with a round step."""
    ticks = whole_numbers(max(1, int(room))).tick_values(0, count - 1)
    return np.unique(ticks[(ticks >= 0) & (ticks < count)].astype(int))


def size_in_inches(ax):
    """Width and height of axes, as they are before a layout makes room around them."""
    return ax.get_window_extent().size / ax.figure.dpi


def line_height():
    """Height of a line of tick labels, in inches."""
    from matplotlib import font_manager, rcParams

    size = font_manager.FontProperties(size=rcParams["ytick.labelsize"]).get_size_in_points()
    return 1.3 * size / 72

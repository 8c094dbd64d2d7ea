"""The weights of each unit."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from itertools import islice, product
from math import ceil, prod, sqrt
from numbers import Integral
from operator import index
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from .._typing import FloatArray
from ._axes import (
    GREY,
    check_matplotlib,
    fitted_network,
    line_height,
    new_axes,
    numbers_below,
    size_in_inches,
    whole_numbers,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap


class WeightsDisplay:
    """Incoming weights of each unit of a layer, as images or as a heat map.

    Where the inputs are the pixels of an image, the weights of a unit are an image too, which shows
    what the unit looks for. Otherwise the picture has a row for each input and a column for each
    unit. A colour means the same weight in the whole picture, and zero is in the middle. The inputs
    of a network with `standardize` are the standardized ones.

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
        ax: Axes | None = None,
        max_units: int = 100,
        cmap: str | Colormap = "RdBu_r",
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
            If it is not an estimator or has no `coefs_`, or `layer` is not an integer.

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
        self, ax: Axes | None = None, *, max_units: int = 100, cmap: str | Colormap = "RdBu_r"
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
        """A row for each input, so that its name is horizontal."""
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

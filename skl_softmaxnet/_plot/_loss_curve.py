"""The loss of each epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike

from ._axes import (
    COLOURS,
    GREY,
    MARKERS,
    check_matplotlib,
    fitted_network,
    new_axes,
    whole_numbers,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class LossCurveDisplay:
    """Loss, and that of held-out samples if there are any, of each epoch of networks.

    Use :meth:`from_estimator` or :meth:`from_estimators` to make one. The parameters are kept as
    attributes of the same names.

    Parameters
    ----------
    loss_curves : list of array-like of shape (n_epochs,)
        The loss of each epoch, for each network.

    validation_losses : list of array-like of shape (n_epochs,) or None, default=None
        The loss of held-out samples after each epoch, NaN for an epoch without one, for each
        network; None for a network without them. None if no network has them.

    validation_scores : list of array-like of shape (n_epochs,) or None, default=None
        The same for scores, which are drawn with a scale of their own. Networks that have losses of
        held-out samples are drawn with those alone; MLPClassifier has scores.

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
        The line of the validation loss or score of each network, None for one without.

    legend_ : matplotlib Legend or None
        The legend, None if it would be empty.

    See Also
    --------
    WeightsDisplay : The weights of each unit.
    sklearn.model_selection.LearningCurveDisplay : Scores for growing sets of samples.

    Notes
    -----
    With validation scores the legend is above the axes, where it hides no line. Add a title above
    it with ``display.figure_.suptitle(...)``. To draw networks with validation scores in one
    picture use `from_estimators`: each call of `plot` adds a new scale on the right.

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
        validation_losses: Sequence[ArrayLike | None] | None = None,
        validation_scores: Sequence[ArrayLike | None] | None = None,
        names: Sequence[str] | None = None,
    ) -> None:
        self.loss_curves = loss_curves
        self.validation_losses = validation_losses
        self.validation_scores = validation_scores
        self.names = names

    @classmethod
    def from_estimator(
        cls, estimator: Any, *, ax: Axes | None = None, name: str | None = None, **line_kw: Any
    ) -> Self:
        """Draw the loss of each epoch of a fitted network.

        Parameters
        ----------
        estimator : fitted estimator
            A network with the attribute `loss_curve_`, such as SoftmaxMLPClassifier, or a pipeline
            that ends in one. If it has `validation_loss_curve_` or `validation_scores_`, they are
            drawn too.

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
            If it is not an estimator, or has no `loss_curve_`.

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
        return cls.from_estimators({name: network}, ax=ax, **line_kw)

    @classmethod
    def from_estimators(
        cls, estimators: Mapping[str, Any], *, ax: Axes | None = None, **line_kw: Any
    ) -> Self:
        """Draw the loss of each epoch of several fitted networks, each in its own colour.

        Parameters
        ----------
        estimators : dict of str to fitted estimator
            The networks by the names that the legend gives them, each as in `from_estimator`. Where
            they do not minimise the same loss, whose values cannot be compared, the legend adds to
            each name which loss it is.

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
            If `estimators` is not a dict, or one of them is not an estimator or has no
            `loss_curve_`.

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
        networks = [
            fitted_network(estimator, "loss_curve_", f"estimators[{name!r}]")
            for name, estimator in estimators.items()
        ]
        losses = [by_epoch(network, "validation_loss_curve_") for network in networks]
        scores = [by_epoch(network, "validation_scores_") for network in networks]
        return cls(
            # copies: training a network further must not change a picture of it
            loss_curves=[np.array(network.loss_curve_) for network in networks],
            validation_losses=losses,
            validation_scores=[
                score if loss is None else None for loss, score in zip(losses, scores, strict=True)
            ],
            names=with_losses(estimators, networks),
        ).plot(ax, **line_kw)

    def plot(self, ax: Axes | None = None, **line_kw: Any) -> Self:
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
        from matplotlib import cbook, lines

        line_kw = cbook.normalize_kwargs(line_kw, lines.Line2D)  # "c" is "color"
        attributes = ("names", "validation_losses", "validation_scores")
        others = map(self._one_for_each_network, attributes)
        networks: list[Any] = list(zip(self.loss_curves, *others, strict=True))
        self.ax_ = new_axes() if ax is None else ax
        self.figure_ = self.ax_.figure
        self.validation_ax_ = None
        self.lines_: list[Any] = []
        self.validation_lines_: list[Any] = []
        for number, network in enumerate(networks, len(self.ax_.get_lines())):
            self._plot_network(line_kw, number, *network)
        self.ax_.set(xlabel="epoch", ylabel="loss")
        self.ax_.xaxis.set_major_locator(whole_numbers())
        self._add_legend()
        return self

    def _one_for_each_network(self, attribute):
        """What an attribute holds, or None for each network."""
        given = getattr(self, attribute)
        given = [None] * len(self.loss_curves) if given is None else given
        if len(given) != len(self.loss_curves):
            raise ValueError(
                f"{attribute} must be as many as loss_curves, {len(self.loss_curves)}, "
                f"but are {len(given)}."
            )
        return given

    def _plot_network(self, line_kw, number, losses, name, validation_losses, scores):
        """A line and, for what was measured on held-out samples, a dashed one."""
        colour, marker = COLOURS[number % len(COLOURS)], MARKERS[number % len(MARKERS)]
        style = {"color": colour, "marker": marker, "markersize": 5} | line_kw
        line = draw_epochs(self.ax_, losses, **({"label": name} | style))
        self.lines_.append(line)
        ax, values = self.ax_, validation_losses
        if values is None and scores is not None:
            if self.validation_ax_ is None:
                self.validation_ax_ = self.ax_.twinx()
                self.validation_ax_.set_ylabel("validation score")
            ax, values = self.validation_ax_, scores
        style |= {"label": None, "linestyle": "--", "markerfacecolor": "white"}
        style["color"] = line.get_color()
        chosen = None if values is None else np.flatnonzero(~np.isnan(values))
        dashed = None if values is None else draw_epochs(ax, values, chosen, **style)
        self.validation_lines_.append(dashed)

    def _add_legend(self):
        """A legend of the networks, and of what is dashed."""
        from matplotlib.lines import Line2D

        handles, names = self.ax_.get_legend_handles_labels()
        place = {"loc": "best"}
        dashed = Line2D([], [], color=GREY, linestyle="--")
        if any(line is not None and line.axes is self.ax_ for line in self.validation_lines_):
            handles.append(dashed)
            names.append("validation loss")
        if self.validation_ax_ is not None:
            handles.append(dashed)
            names.append("validation score")
            # "best" does not see the lines of the other axes, so the legend goes above them all.
            columns = max(1, 60 // (6 + max(map(len, names))))  # about 60 letters are side by side
            place = {"loc": "lower center", "bbox_to_anchor": (0.5, 1), "frameon": False}
            place["ncols"] = min(columns, len(names))
        self.legend_ = self.ax_.legend(handles, names, **place) if handles else None


def with_losses(names, networks):
    """Add the loss to the name of each network, where not all have the same."""
    losses = [getattr(network, "loss", None) for network in networks]
    if len(set(losses)) == 1:
        return list(names)
    return [f"{name} ({loss})" for name, loss in zip(names, losses, strict=True)]


def by_epoch(network, attribute):
    """What was measured on held-out samples, NaN for an epoch without; None if there never was any.

    A network whose training is continued with other settings may have it for some epochs only.
    """
    values = getattr(network, attribute, None)
    epochs = getattr(network, "_validation_epochs", [])  # MLPClassifier scores all or none
    if values is None or len(epochs) != len(values):
        return None if values is None else np.array(values)
    of_all = np.full(len(network.loss_curve_), np.nan)
    of_all[np.array(epochs) - 1] = values
    return of_all


def draw_epochs(ax, values, chosen=None, **style):
    """Draw a line with a value for each epoch, from epoch 1; hundreds get about ten markers.

    Where indices of values are chosen, it goes through those alone.
    """
    chosen = np.arange(len(values)) if chosen is None else chosen
    style = {"markevery": ceil(len(chosen) / 10) or 1} | style
    (line,) = ax.plot(chosen + 1, np.asarray(values)[chosen], **style)
    return line

"""What both displays need: the network that is drawn, axes, colours and ticks."""

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

# Okabe and Ito's colours, which differ for every kind of colour vision, but for yellow, which is
# faint on white. There is one marker more than colours, so that 56 lines differ.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "^", "s", "D", "v", "P", "X", "*")

GREY = "#666666"


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

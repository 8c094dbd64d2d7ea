"""The Jacobian of softmax
=======================

Row i and column j hold the derivative of output i by sum j. The diagonal is positive: a larger sum
makes its own output larger. Everything else is negative, because the outputs share one probability,
and for the same reason every row sums to zero.

The derivative is compared with (softmax(z + s) - softmax(z - s)) / 2s, for smaller and smaller
steps s. The difference falls with the square of the step, until the rounding of the two outputs,
divided by an ever smaller step, is larger.

The script prints the matrices and the largest differences, and draws the matrices.
"""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from skl_softmaxnet import softmax, softmax_jacobian

PICTURE = Path(__file__).with_suffix(".png")
SUMS = ([0.0, 4.0, 5.0], [1.0, 0.0, 3.0, 5.0])  # the tutorial's
STEPS = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8)
BLUE = "#0072B2"


def main():
    for sums in SUMS:
        output = softmax(sums)
        with np.printoptions(precision=4, suppress=True):
            print(f"Sums {sums}, outputs {output}, Jacobian")
            print(softmax_jacobian(output))
        print(f"Farthest sum of a row from 0: {farthest_sum_of_row(output):.0e}\n")

    print("Largest difference between the formula and finite differences\n")
    print("step    " + "".join(f"   {len(sums)} outputs" for sums in SUMS))
    table = np.array([[largest_difference(sums, step) for sums in SUMS] for step in STEPS])
    for step, differences in zip(STEPS, table, strict=True):
        print(f"{step:<8.0e}" + "".join(f"{difference:12.1e}" for difference in differences))
    print(f"\nWith the best step: {table.min(axis=0).max():.0e}")

    draw().savefig(PICTURE, dpi=150)
    print(f"Picture: {PICTURE}")


def farthest_sum_of_row(output):
    return np.abs(softmax_jacobian(output).sum(axis=1)).max()


def finite_differences(sums, step):
    """The derivative of every output by every sum, from two values of softmax for each sum."""
    steps = step * np.eye(len(sums))  # row j moves sum j alone
    return ((softmax(sums + steps) - softmax(sums - steps)) / (2 * step)).T


def largest_difference(sums, step):
    formula = softmax_jacobian(softmax(sums))
    return np.abs(formula - finite_differences(np.array(sums), step)).max()


def draw():
    """The outputs above, the Jacobian below them."""
    figure = Figure(figsize=(11, 7.4), layout="constrained")
    grid = figure.subplots(2, 2, height_ratios=[1, 3])
    for (above, below), sums in zip(grid.T, SUMS, strict=True):
        output = softmax(sums)
        draw_outputs(above, sums, output)
        image = draw_matrix(below, softmax_jacobian(output))
    grid[1, 0].set_ylabel("derivative of which output")
    grid[0, 0].set_ylabel("output")
    figure.colorbar(image, ax=grid[1], label="derivative", pad=0.03)
    return figure


def draw_outputs(axes, sums, output):
    bars = axes.bar(range(len(output)), output, color=BLUE, width=0.6)
    axes.bar_label(bars, fmt="%.4f", fontsize=11)
    written = ", ".join(f"{number:g}" for number in sums)
    axes.set_title(f"softmax of ({written})", fontsize=13)
    axes.set(ylim=(0, 1.15), xlim=(-0.5, len(output) - 0.5), yticks=[0, 0.5, 1])
    axes.set_xticks(range(len(output)), [f"output {number}" for number in range(len(output))])
    axes.spines[["top", "right"]].set_visible(False)


def draw_matrix(axes, jacobian):
    """Blue is negative and red positive, on one scale for both matrices."""
    image = axes.imshow(jacobian, cmap="RdBu_r", vmin=-0.25, vmax=0.25, aspect="auto")
    for (row, column), derivative in np.ndenumerate(jacobian):
        ink = "white" if abs(derivative) > 0.15 else "black"
        place = {"ha": "center", "va": "center", "fontsize": 12}
        axes.text(column, row, f"{derivative:+.4f}".replace("-", "−"), color=ink, **place)
    numbers = range(len(jacobian))
    axes.set_xticks(numbers, [f"sum {number}" for number in numbers])
    axes.set_yticks(numbers, [f"output {number}" for number in numbers])
    axes.set_xlabel("by which sum")
    axes.tick_params(length=0)
    return image


if __name__ == "__main__":
    main()

"""The table: nanoseconds per presentation, every competitor on every shape."""

import sys

from competitors import rows
from shapes import columns
from tables import print_table
from timing import interleaved_medians

DTYPES = ("float64", "float32")


def measure_column(shape, effort):
    """Return the nanoseconds per presentation of each row that can run.

    Parameters
    ----------
    shape : Shape
    effort : Effort

    Returns
    -------
    nanoseconds : dict of float
        By name and dtype of the row; of a row's forms the fastest.
    """
    tasks, presentations, at_least = {}, {}, {}
    for row in rows():
        if row.available:
            forms, n_presentations = row.tasks(shape)
            for form, run in forms.items():
                key = row.name, row.dtype, form
                tasks[key], presentations[key] = run, n_presentations
                at_least[key] = effort.epochs if row.kind == "ours" and not row.slow else 1
    nanoseconds = {}
    for (name, dtype, form), seconds in interleaved_medians(tasks, effort, at_least).items():
        figure = 1e9 * seconds / presentations[name, dtype, form]
        nanoseconds[name, dtype] = min(figure, nanoseconds.get((name, dtype), figure))
    return nanoseconds


OURS = "skl_softmaxnet, compiled engine"


def best_peer_ratio(column, dtype, kind="peer", ours=OURS):
    """Divide the fastest peer's time by ours, and name it; "–" without the compiled engine."""
    peers = {
        row.name: column[row.name, row.dtype]
        for row in rows()
        if row.kind == kind and row.dtype == dtype and (row.name, row.dtype) in column
    }
    own = column.get((ours, dtype))
    if own is None or not peers:
        return "–"
    name = min(peers, key=peers.get)
    return f"{peers[name] / own:.2f} ({name.partition(',')[0]})"


def limit_ratio(column, dtype):
    """Divide our time by the limit; "–" where either is missing."""
    own = column.get((OURS, dtype))
    limit = column.get(("limit", dtype))
    return "–" if own is None or limit is None else f"{own / limit:.2f}"


def figure_or_reason(row, column):
    """Format a figure, or say why there is none."""
    if not row.available:
        return "not installed" if row.kind != "ours" else "not built"
    figure = column[row.name, row.dtype]
    return f"{figure:,.1f}" if figure < 100 else f"{figure:,.0f}"


def print_main_table(effort):
    """Measure and print the whole table, with its ratios.

    Parameters
    ----------
    effort : Effort
    """
    shapes = list(columns())
    measured = []
    for shape in shapes:
        print(f"measuring {shape.name}", file=sys.stderr, flush=True)
        measured.append(measure_column(shape, effort))
    lines = [
        [f"{row.name}, {row.dtype}", *[figure_or_reason(row, column) for column in measured]]
        for row in rows()
    ]
    titles = {
        "best peer / ours": ("peer", OURS),
        "best peer / ours, shuffled": ("peer", OURS + ", shuffled"),
        "default batch / ours": ("batch", OURS),
    }
    for title, (kind, ours) in titles.items():
        for dtype in DTYPES:
            ratios = [best_peer_ratio(column, dtype, kind, ours) for column in measured]
            lines.append([f"**{title}, {dtype}**", *ratios])
    for dtype in DTYPES:
        lines.append([f"**ours / limit, {dtype}**", *[limit_ratio(c, dtype) for c in measured]])
    print("## Nanoseconds per presentation\n")
    print_table(["", *[shape.name for shape in shapes]], lines)
    print(
        "The tutorial's loop, JAX, numba and the limit have no sparse input: under CSR they run on "
        "the same samples as a dense array. Those four go through the rows in the order given, and "
        "so do ours but for the ones marked as shuffled; MLPClassifier shuffles. Where a row has "
        "several forms, the fastest counts. "
        "MLPClassifier's default batch makes one update for 200 samples, not one for each: it has "
        "ratios of its own, and is not among the best peers.\n"
    )

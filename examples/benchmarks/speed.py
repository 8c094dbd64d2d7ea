"""How fast this package is, beside everything else that trains one sample at a time.

    taskset -c 0 python examples/benchmarks/speed.py [--quick] [--section NAME ...]

Prints Markdown: one table of nanoseconds per presentation with the ratios to the best competitor
and to the limit, then a small table for each other promise, with its target beside the figure. The
extra `bench` installs the competitors; those that are not there are left out. Nothing is asserted,
because absolute times belong to a machine: what counts is the ratios of one run.
"""

import environment  # noqa: F401, I001  before NumPy
import argparse

import machine
from main_table import print_main_table
from sections import SECTIONS
from timing import QUICK, THOROUGH

ALL_SECTIONS = {"table": print_main_table, **SECTIONS}


def main():
    """Read the command line, then print the sections asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="short repeats: figures scatter more")
    parser.add_argument(
        "--section",
        nargs="+",
        choices=ALL_SECTIONS,
        default=list(ALL_SECTIONS),
        metavar="NAME",
        help="which sections to print, of: " + ", ".join(ALL_SECTIONS),
    )
    arguments = parser.parse_args()
    effort = QUICK if arguments.quick else THOROUGH
    machine.print_header(effort)
    for name in arguments.section:
        ALL_SECTIONS[name](effort)


if __name__ == "__main__":
    main()

"""How good the probabilities are, beside those of scikit-learn's classifiers.

    python examples/benchmarks/quality.py [--sets NAME ...] [--models NAME ...] [--repeats N]
                                          [--set PARAMETER=VALUE ...]

Prints Markdown: a table per data set of accuracy, log loss, Brier score and expected calibration
error by 5-fold cross-validation, then one that says whether our defaults are as good as those of
MLPClassifier. `--set` changes a parameter in all our rows, to try other defaults, for example
`--set learning_rate_init=0.02 --set activation=relu`. Nothing is asserted.
"""

import environment  # noqa: F401, I001  before NumPy
import argparse
import ast
import sys
from itertools import product

import machine
from quality_figures import HIGHER_IS_BETTER, SETS, compare, evaluate, mean_and_error
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from tables import print_table

from skl_softmaxnet import SoftmaxMLPClassifier

THEIRS = {
    "mlp": ("MLPClassifier", MLPClassifier()),
    "mlp-sgd": ("MLPClassifier, sgd", MLPClassifier(solver="sgd")),
    "logistic": ("LogisticRegression", LogisticRegression()),
}
MODELS = ["ours", "ours-default", *THEIRS]
COMPARED_FIGURES = ("accuracy", "log loss")


def our_row(**parameters):
    """Return the name and the classifier of a row of ours."""
    model = SoftmaxMLPClassifier(**parameters)
    return f"ours, {model.output_activation}, {model.loss}", model


def our_models(settings):
    """Return our rows by their names: both outputs with both losses, unless `settings` say which.

    Parameters
    ----------
    settings : dict
        Parameters of all rows.

    Returns
    -------
    models : dict of SoftmaxMLPClassifier
    """
    choices = product(["softmax", "sigmoid"], ["squared_error", "log_loss"])
    return dict(
        our_row(**({"output_activation": output, "loss": loss} | settings))
        for output, loss in choices
    )


def chosen_models(keys, settings):
    """Return the rows that the command line asks for.

    Parameters
    ----------
    keys : list of str
        Some of `MODELS`.
    settings : dict
        Parameters of our rows.

    Returns
    -------
    models : dict of classifier
        By the names of the rows.
    """
    models = dict([our_row(**settings)]) if "ours-default" in keys else {}
    if "ours" in keys:
        models = our_models(settings)
    return models | dict(THEIRS[key] for key in THEIRS if key in keys)


def setting(text):
    """Read a parameter and its value from `name=value`; what is no literal is a string."""
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form name=value")
    try:
        return name, ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return name, value


def with_error(mean, error, sign=""):
    """Format a mean and its standard error."""
    return f"{mean:{sign}.4f} ± {error:.4f}"


def print_set(name, results, n_repeats):
    """Print the table of one data set.

    Parameters
    ----------
    name : str
    results : dict of Result
        By the names of the rows.
    n_repeats : int
    """
    print(f"## {name}\n")
    lines = [
        [
            row,
            *[with_error(*mean_and_error(result.folds[figure])) for figure in HIGHER_IS_BETTER],
            f"{result.seconds:.3f}",
        ]
        for row, result in results.items()
    ]
    print_table([f"5 folds, seeds: {n_repeats}", *HIGHER_IS_BETTER, "s per fit"], lines)


def print_comparison(all_results, our_name):
    """Print what our defaults are worth beside those of MLPClassifier.

    Parameters
    ----------
    all_results : dict of dict of Result
        By the names of the data sets, then by those of the rows.
    our_name : str
        The row with our defaults.
    """
    print("## Our defaults less those of MLPClassifier\n")
    lines = []
    for name, results in all_results.items():
        line = [name]
        for figure in COMPARED_FIGURES:
            comparison = compare(results[our_name], results["MLPClassifier"], figure)
            line.append(with_error(*comparison[:2], sign="+"))
            line.append("yes" if comparison[2] else "NO")
        lines.append(line)
    header = [cell for figure in COMPARED_FIGURES for cell in (figure, "as good")]
    print_table(["mean over the folds ± standard error", *header], lines)
    print("As good: better, or worse by no more than one standard error of the difference.\n")


def read_command_line():
    """Return the arguments, with `settings` and `our_name` worked out."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument(
        "--models", nargs="+", choices=MODELS, default=["ours", *THEIRS], help="which rows"
    )
    parser.add_argument("--repeats", type=int, default=3, help="seeds of every model")
    parser.add_argument(
        "--set",
        dest="settings",
        action="append",
        type=setting,
        default=[],
        metavar="PARAMETER=VALUE",
        help="a parameter of all our rows; may be repeated",
    )
    arguments = parser.parse_args()
    arguments.settings = dict(arguments.settings)
    try:
        arguments.our_name, _ = our_row(**arguments.settings)
    except TypeError as error:
        parser.error(str(error))
    return arguments


def main():
    """Read the command line, evaluate and print."""
    arguments = read_command_line()
    models = chosen_models(arguments.models, arguments.settings)
    print(f"- processor: {machine.processor()}\n- versions: {machine.versions()}")
    print(f"- our settings: {arguments.settings or 'defaults'}\n")
    all_results = {}
    for name in arguments.sets:
        X, y = SETS[name]()
        results = all_results[name] = {}
        for row, model in models.items():
            print(f"{name}: {row}", file=sys.stderr, flush=True)
            results[row] = evaluate(model, X, y, arguments.repeats)
        print_set(name, results, arguments.repeats)
    if {arguments.our_name, "MLPClassifier"} <= set(models):
        print_comparison(all_results, arguments.our_name)


if __name__ == "__main__":
    main()

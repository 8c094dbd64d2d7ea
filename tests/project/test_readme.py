"""What README.md shows works, and what it names exists."""

import ast
import re
import shlex
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sklearn.metrics
from sklearn.base import BaseEstimator
from sklearn.neural_network import MLPClassifier

import skl_softmaxnet
from skl_softmaxnet import SoftmaxMLPClassifier

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

ROOT = Path(__file__).parents[2]
PACKAGE = Path(skl_softmaxnet.__file__).parent  # the installed one, wherever it is
README = (ROOT / "README.md").read_text(encoding="utf-8")

# --- Code ---

# A block of Python, and the block of text after it if there is one: what it prints.
PYTHON = re.findall(r"^```python\n(.*?)^```(?:\s*^```text\n(.*?)^```)?", README, re.M | re.S)


def test_every_block_is_found():
    languages = re.findall(r"^```(\w+)$", README, re.M)
    printing = [output for _, output in PYTHON if output]
    assert languages.count("python") == len(PYTHON) > 0
    assert languages.count("text") == len(printing) > 0
    assert languages.count("sh") == len(COMMANDS) > 0
    assert set(languages) == {"python", "text", "sh"}
    assert README.count("```") == 2 * len(languages)


@pytest.mark.parametrize(("code", "output"), PYTHON, ids=range(1, len(PYTHON) + 1))
def test_python_runs_and_prints_what_is_shown(code, output, capsys):
    exec(compile(code, "README.md", "exec"), {"__name__": "readme"})
    printed = capsys.readouterr().out
    assert printed
    if output:
        assert printed == output


@pytest.mark.parametrize("code", [code for code, _ in PYTHON])
def test_what_is_not_installed_yet_is_said(code):
    """Whoever followed the start command lacks whatever else a block imports."""
    installed = {"numpy", "scipy", "sklearn", PACKAGE.name}
    imported = set(re.findall(r"^ *(?:import|from) (\w+)", code, re.M))
    for module in imported - installed:
        assert f"`pip install {module}`" in README.split(code)[0]


COMMANDS = re.findall(r"^```sh\n(.*?)^```", README, re.M | re.S)


@pytest.mark.parametrize("command", COMMANDS)
def test_shell_commands_name_what_exists(command):
    """Every script is there, and every extra is declared."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    declared = pyproject["project"]["optional-dependencies"]
    assert len(command.splitlines()) == 1
    words = shlex.split(command)
    if "install" in words:  # a Python started in the checkout finds the sources first
        assert words[words.index("install") + 1] == "-e"
    for word in words:
        if word.endswith(".py"):
            assert (ROOT / word).is_file(), word
        elif extras := re.fullmatch(r"\.\[(.*)\]", word):
            for extra in extras[1].split(","):
                assert extra in declared, extra


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`([\w/.]+\.py)(?:::\w+)?`", README))))
def test_files_exist(path):
    inside = path.removeprefix(f"{PACKAGE.name}/")
    assert (PACKAGE / inside if inside != path else ROOT / path).is_file(), path


def test_every_example_is_in_the_table():
    listed = {path for row in rows_of_table("Start") for path in code_in(row[0])}
    assert listed == {f"examples/{path.name}" for path in (ROOT / "examples").glob("*.py")}


def test_the_picture_at_the_top_is_there_and_small():
    (picture,) = re.findall(r"^!\[.+\]\((.+)\)$", README, re.M)
    assert README.index(picture) < README.index("\n## ")
    assert (ROOT / picture).with_suffix(".py").is_file()  # the example that made it
    assert 10_000 < (ROOT / picture).stat().st_size < 150_000


# --- Tables ---


def section(heading):
    return README.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def rows_of_table(heading):
    """The rows of the first table below a heading, without its two lines of head."""
    lines = [line for line in section(heading).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def code_in(cell):
    return re.findall(r"`([^`]+)`", cell)


def names_of(estimator_class):
    """All that a user of the estimator may name: parameters, attributes, methods, arguments."""
    X = pd.DataFrame(np.random.RandomState(0).normal(size=(20, 2)), columns=["width", "height"])
    y = np.arange(20) % 2
    classifier = estimator_class(max_iter=1).fit(X, y)
    names = {name: getattr(classifier, name) for name in dir(classifier) if name[0] != "_"}
    names |= {"X": X, "y": y, "classes": [0, 1], "sample_weight": np.ones(20), "sklearn": sklearn}
    return names | {"classifier": classifier, estimator_class.__name__: estimator_class}


def assert_works(code, estimator_class):
    """Names exist, expressions can be evaluated, ``name=value`` is a parameter and its value."""
    (statement,) = ast.parse(code).body
    names = names_of(estimator_class)
    if isinstance(statement, ast.Assign):
        ((parameter, value),) = eval(f"dict({code})", names).items()
        estimator_class().set_params(**{parameter: value})._validate_params()
    else:
        value = eval(code, names)
        if isinstance(value, BaseEstimator):
            value._validate_params()


TUTORIAL = [code for _, here in rows_of_table("Coming from the tutorial") for code in code_in(here)]
ROWS = rows_of_table("Coming from MLPClassifier")
MLP = {name: (code_in(theirs), code_in(ours)) for name, theirs, ours in ROWS}
NAMED = [(code, SoftmaxMLPClassifier) for code in TUTORIAL]
for name, (theirs, ours) in MLP.items():
    NAMED += [(code, MLPClassifier) for code in theirs]
    NAMED += [(code, SoftmaxMLPClassifier) for code in ours + theirs * name.startswith("same")]


@pytest.mark.parametrize(("code", "estimator_class"), NAMED)
def test_what_tables_name(code, estimator_class):
    assert_works(code, estimator_class)


def test_same_parameters_have_the_same_defaults_unless_said():
    same, other = MLP["same parameters"][0], MLP["other defaults"]
    defaults = MLPClassifier().get_params(), SoftmaxMLPClassifier().get_params()
    for column, values in zip(other, defaults, strict=True):
        differing = dict(code.split("=") for code in column)
        for name, value in differing.items():
            assert values[name] == ast.literal_eval(value), name
        for name in set(same) - set(differing):
            assert defaults[0][name] == defaults[1][name], name


def test_parameters_that_are_not_here_are_the_rest():
    missing = {name for row in MLP if row.startswith("not here") for name in MLP[row][0]}
    theirs, ours = MLPClassifier().get_params(), SoftmaxMLPClassifier().get_params()
    assert missing == set(theirs) - set(ours)


def test_every_parameter_is_in_one_table_with_its_default():
    rows = [(code_in(name), code_in(default)) for name, default, _ in rows_of_table("Parameters")]
    listed = {name: ast.literal_eval(default) for (name,), (default,) in rows}
    assert len(listed) == len(rows)
    assert listed == SoftmaxMLPClassifier().get_params()


TESTS = [code.split("::") for code in code_in(section("Guarantees")) if "::" in code]


@pytest.mark.parametrize(("path", "test"), TESTS)
def test_guarantees_are_tested(path, test):
    assert f"\ndef {test}(" in (ROOT / path).read_text(encoding="utf-8")


def test_every_guarantee_names_a_test():
    for whatever, tests in rows_of_table("Guarantees"):
        assert code_in(tests), whatever

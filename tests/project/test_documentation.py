"""What README.md and the documentation show works, and what they name exists."""

import ast
import contextlib
import io
import re
import shlex
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sklearn.metrics
from helpers import optional, packages_in
from sklearn.base import BaseEstimator
from sklearn.neural_network import MLPClassifier

import skl_softmaxnet
from skl_softmaxnet import SoftmaxMLPClassifier

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

ROOT = Path(__file__).parents[2]
PACKAGE = Path(skl_softmaxnet.__file__).parent  # the installed one, wherever it is
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
}
README = PAGES["README.md"]
CONTRIBUTING = (ROOT / ".github/CONTRIBUTING.md").read_text(encoding="utf-8")


# --- Code ---

# A block of Python, and the block of text after it if there is one: what it prints.
PYTHON = re.compile(r"^```python\n(.*?)^```(?:\s*^```text\n(.*?)^```)?", re.M | re.S)
WITH_PYTHON = [name for name, text in PAGES.items() if PYTHON.search(text)]


def test_every_block_is_found():
    for name, text in PAGES.items():
        languages = re.findall(r"^```(\w+)$", text, re.M)
        blocks = PYTHON.findall(text)
        assert languages.count("python") == len(blocks), name
        assert languages.count("text") == sum(bool(output) for _, output in blocks), name
        assert set(languages) <= {"python", "text", "sh"}, name


@pytest.mark.parametrize("name", WITH_PYTHON)
def test_python_runs_and_prints_what_is_shown(name, tmp_path, monkeypatch):
    """The blocks of a page one after the other, as a reader pastes them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    names = {"__name__": "page"}
    for code, output in PYTHON.findall(PAGES[name]):
        for package in packages_in(code) & {"skops", "skl2onnx", "matplotlib"}:
            optional(package)
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(compile(code, name, "exec"), names)
        assert printed.getvalue()
        if output:
            assert printed.getvalue() == output


COMMANDS = [
    command
    for text in [*PAGES.values(), CONTRIBUTING]
    for command in re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S)
]


@pytest.mark.parametrize("command", COMMANDS)
def test_shell_commands_name_what_exists(command):
    """Every script is there, and every extra is declared."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    declared = pyproject["project"]["optional-dependencies"]
    assert len(command.splitlines()) == 1
    for word in shlex.split(command):
        if word.endswith(".py"):
            assert (ROOT / word).is_file(), word
        elif extras := re.fullmatch(r"\.\[(.*)\]", word):
            assert set(extras[1].split(",")) <= set(declared), word


# --- What is named exists ---

PATHS = sorted(set(re.findall(r"`([\w/.]+/[\w/.]+\.py)(?:::\w+)?`", "".join(PAGES.values()))))


@pytest.mark.parametrize("path", PATHS)
def test_files_exist(path):
    inside = path.removeprefix(f"{PACKAGE.name}/")
    assert (PACKAGE / inside if inside != path else ROOT / path).is_file()


@pytest.mark.parametrize("name", PAGES)
def test_relative_links_lead_to_files(name):
    folder = (ROOT / name).parent
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", PAGES[name]):
        assert (folder / target).exists(), target


def test_pages_of_examples_are_those_of_scripts():
    named = set(re.findall(r"auto_examples/(\w+)", "".join(PAGES.values()))) - {"index"}
    scripts = {path.stem for path in (ROOT / "examples").glob("*.py")}
    assert named <= scripts
    assert len(named) > 10


def test_guarantees_are_tested():
    text = PAGES["docs/guarantees.md"]
    for path, test in re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", text):
        assert f"\ndef {test}(" in (ROOT / path).read_text(encoding="utf-8"), test
    rows = rows_of_table(text)
    assert len(rows) > 5
    for whatever, tests in rows:
        assert code_in(tests), whatever


# --- README.md ---


def test_readme_is_short_and_so_is_the_picture_at_its_top():
    assert len(README.splitlines()) <= 170
    (picture,) = re.findall(r"^!\[.+\]\((.+)\)$", README, re.M)
    assert README.index(picture) < README.index("\n## ")
    assert (ROOT / picture).with_suffix(".py").is_file()  # the example that made it
    assert 10_000 < (ROOT / picture).stat().st_size < 150_000


# --- The tables for those who come from elsewhere ---


def rows_of_table(text):
    """The rows of the first table in a text, without its two lines of head."""
    lines = re.search(r"(?:^\|.*\n)+", text, re.M)[0].splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def code_in(cell):
    return re.findall(r"`([^`]+)`", cell)


def names_of(estimator_class):
    """All that a user of the estimator may name: parameters, attributes, methods, arguments."""
    X = pd.DataFrame(np.random.RandomState(0).normal(size=(20, 2)), columns=["width", "height"])
    y = np.arange(20) % 2
    classifier = estimator_class(max_iter=1)
    classifier.fit(X, y)
    listed = [name for name in dir(classifier) if name[0] != "_" and hasattr(classifier, name)]
    names = {name: getattr(classifier, name) for name in listed}
    names |= {"X": X, "y": y, "classes": [0, 1], "sample_weight": np.ones(20)}
    names |= {"classifier": classifier, "sklearn": sklearn}
    names |= {"set_callbacks": None}  # a method since scikit-learn 1.9
    return names | {estimator_class.__name__: estimator_class}


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


OURS = [
    code for _, here in rows_of_table(PAGES["docs/from_the_tutorial.md"]) for code in code_in(here)
]
MLP = {
    row[0]: (code_in(row[1]), code_in(row[2]))
    for row in rows_of_table(PAGES["docs/from_mlp_classifier.md"])
}
for row, (theirs, ours) in MLP.items():
    OURS += theirs if row.startswith("same") else ours
THEIRS = [code for theirs, _ in MLP.values() for code in theirs]


@pytest.mark.parametrize("code", OURS)
def test_names_of_this_classifier(code):
    assert_works(code, SoftmaxMLPClassifier)


@pytest.mark.parametrize("code", THEIRS)
def test_names_of_mlp_classifier(code):
    assert_works(code, MLPClassifier)


def test_same_parameters_have_the_same_defaults_unless_said():
    estimators = MLPClassifier(), SoftmaxMLPClassifier()
    columns = [dict(code.split("=") for code in column) for column in MLP["other defaults"]]
    assert columns[0].keys() == columns[1].keys()
    theirs, ours = (estimator.get_params() for estimator in estimators)
    for name in set(MLP["same parameters"][0]) - columns[0].keys():
        assert ours[name] == theirs[name], name
    for said, defaults in zip(columns, (theirs, ours), strict=True):
        for name, value in said.items():
            assert defaults[name] == ast.literal_eval(value), name


def test_parameters_that_are_not_here_are_the_rest():
    missing = {name for row in MLP if row.startswith("not here") for name in MLP[row][0]}
    theirs, ours = MLPClassifier().get_params(), SoftmaxMLPClassifier().get_params()
    assert missing == set(theirs) - set(ours)


def test_the_message_that_users_search_for():
    """Python's own, for a parameter that only MLPClassifier has."""
    with pytest.raises(TypeError) as raised:
        SoftmaxMLPClassifier(solver="adam")
    assert str(raised.value) in PAGES["docs/from_mlp_classifier.md"]


def test_imports_run_down_the_table_of_the_layout():
    modules = re.findall(r"(_\w+)\.py`", CONTRIBUTING.split("## Three routes")[0])
    named = {path.stem for path in PACKAGE.glob("_*.py")}
    assert named - set(modules) == {"__init__", "_callbacks", "_typing", "_versions", "_warnings"}
    for place, module in enumerate(modules):
        text = (PACKAGE / f"{module}.py").read_text(encoding="utf-8")
        imported = re.findall(r"^from \.(\w+) import", text, re.M)
        imported += ",".join(re.findall(r"^from \. import (.*)$", text, re.M)).split(",")
        above = {name.strip() for name in imported} & set(modules[:place])
        assert not above, f"{module} imports {above}"

"""What is packed, what it says of itself, and what importing it does."""

import re
import subprocess
import sys
import sysconfig
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

import skl_softmaxnet

ROOT = Path(__file__).parents[1]
INSTALLED = Path(skl_softmaxnet.__file__).parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
(EXTENSION,) = PYPROJECT["tool"]["setuptools"]["ext-modules"]
MOST_BYTES_OF_A_PICTURE = 200_000


# --- Files ---


def text_of(path):
    """Read a source of the extension, which lies in the checkout or the sdist, never in a wheel."""
    if not (ROOT / "skl_softmaxnet").is_dir():
        pytest.skip("the tests lie here without the package's sources")
    return (ROOT / path).read_text(encoding="utf-8")


def included_by(path):
    """All headers that a source of the extension includes, and those that they include."""
    headers = set()
    for name in re.findall(r'^(?:#include|cdef extern from) "(.+)"', text_of(path), re.M):
        header = str(Path(path).with_name(name).as_posix())
        headers |= {header} | included_by(header)
    return headers


def test_all_headers_are_in_the_sdist():
    """An sdist has an extension's sources and what it depends on."""
    (source,) = EXTENSION["sources"]
    headers = included_by(source)
    assert headers
    assert headers == set(EXTENSION["depends"])


def test_type_hints_are_installed():
    assert (INSTALLED / "py.typed").is_file()


def files_in_git():
    """The files that git knows, where the tests run in a checkout."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    files = [ROOT / name for name in listed.stdout.split("\0") if name]
    assert Path(__file__) in files
    return [path for path in files if path.is_file()]


def test_no_binary_but_small_pictures():
    for path in files_in_git():
        content = path.read_bytes()
        if b"\0" in content:
            assert path.suffix == ".png", path
            assert len(content) <= MOST_BYTES_OF_A_PICTURE, path


SECRETS = {
    "private key": rb"-----BEGIN [A-Z ]*PRIVATE KEY",
    "token of GitHub": rb"\b(gh[opsu]_|github_pat_)\w{20}",
    "token of a package index": rb"\bpypi-[\w-]{20}",
    "password in an address": rb"://[^/\s:@]+:[^/\s@]+@",
}


@pytest.mark.parametrize("pattern", SECRETS.values(), ids=SECRETS)
def test_no_secrets(pattern):
    for path in files_in_git():
        assert not re.search(pattern, path.read_bytes()), path


# --- What pyproject.toml says ---


def test_version_is_written_once():
    written = f'"{skl_softmaxnet.__version__}"'
    sources = [*INSTALLED.rglob("*.py"), ROOT / "pyproject.toml"]
    found = [path.name for path in sources if written in path.read_text(encoding="utf-8")]
    assert found == ["__init__.py"]
    assert PROJECT["dynamic"] == ["version"]
    assert version("skl_softmaxnet") == skl_softmaxnet.__version__


def supported_pythons():
    """The versions of Python that the classifiers name, oldest first."""
    prefix = "Programming Language :: Python :: 3."
    return ["3." + c.removeprefix(prefix) for c in PROJECT["classifiers"] if c.startswith(prefix)]


def test_the_oldest_python_is_the_same_everywhere():
    oldest = supported_pythons()[0]
    nothing_between_dots = oldest.replace(".", "")
    assert PROJECT["requires-python"] == f">={oldest}"
    assert PYPROJECT["tool"]["ruff"]["target-version"] == f"py{nothing_between_dots}"


def test_wheels_are_built_for_all_pythons_supported():
    build = PYPROJECT["tool"]["cibuildwheel"]["build"]
    assert [word for word in build.split() if "t-" not in word] == [
        f"cp{python.replace('.', '')}-*" for python in supported_pythons()
    ]


def test_the_stable_abi_is_that_of_the_oldest_python():
    if not (ROOT / "setup.py").is_file():
        pytest.skip("setup.py is not here")
    setup = (ROOT / "setup.py").read_text(encoding="utf-8")
    major, minor = map(int, supported_pythons()[0].split("."))
    assert f'"Py_LIMITED_API", "0x{major:02X}{minor:02X}0000"' in setup
    assert f'py_limited_api = "cp{major}{minor}"' in setup


def test_the_workflow_tests_all_pythons_supported():
    workflow = ROOT / ".github" / "workflows" / "test.yml"
    if not workflow.is_file():
        pytest.skip("the workflows are not here")
    (listed,) = re.findall(r"^ *python: \[(.*)\]$", workflow.read_text(encoding="utf-8"), re.M)
    assert re.findall(r'"([\d.]+)"', listed) == supported_pythons()


def name_of(requirement):
    return re.match(r"[\w-]+", requirement)[0]


def test_dependencies():
    names = [name_of(requirement) for requirement in PROJECT["dependencies"]]
    assert names == ["numpy", "scipy", "scikit-learn"]


REQUIREMENTS = [
    *PYPROJECT["build-system"]["requires"],
    *PROJECT["dependencies"],
    *(one for extra in PROJECT["optional-dependencies"].values() for one in extra),
]


@pytest.mark.parametrize("requirement", REQUIREMENTS)
def test_requirements_are_bounded_below_only(requirement):
    assert re.fullmatch(r"[\w-]+(\[[\w,-]+\])?(>=[\d.]+)?", requirement)


# --- The package as it is imported ---

WATCHED = """
import builtins
import sys

imported, import_as_ever = set(), builtins.__import__

def note(name, globals=None, locals=None, fromlist=(), level=0):
    importer = (globals or {}).get("__name__") or ""
    if importer.partition(".")[0] == "skl_softmaxnet" and level == 0:
        imported.add(name.partition(".")[0])
    return import_as_ever(name, globals, locals, fromlist, level)

def refuse_network(event, arguments):
    if event.startswith("socket."):
        raise RuntimeError(f"{event} {arguments}")

builtins.__import__ = note
sys.addaudithook(refuse_network)
from skl_softmaxnet import SoftmaxMLPClassifier

X, y = [[0.0], [1.0]], ["no", "yes"]
SoftmaxMLPClassifier(2, max_iter=1, tol=None).fit(X, y).partial_fit(X, y).predict(X)
print(*(imported - sys.stdlib_module_names))
"""


def printed_by(code):
    """Run code in a Python of its own, and return what it prints."""
    command = [sys.executable, "-W", "ignore", "-c", code]
    finished = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def test_training_needs_no_network_and_imports_no_extra():
    """What scikit-learn imports by itself, such as pandas where it is installed, is its own."""
    assert set(printed_by(WATCHED).split()) == {"numpy", "scipy", "sklearn"}


# --- Free-threaded Python ---


def test_the_compiled_engine_is_declared_safe_without_the_gil():
    (source,) = EXTENSION["sources"]
    (directives,) = re.findall(r"\A# cython: (.+)$", text_of(source), re.M)
    assert "freethreading_compatible=True" in re.split(r", *", directives)


def test_importing_leaves_the_gil_off():
    if not sysconfig.get_config_var("Py_GIL_DISABLED"):
        pytest.skip("this Python has no other mode than with the GIL")
    code = "import sys, skl_softmaxnet; print(sys._is_gil_enabled())"
    assert printed_by(code).strip() == "False"

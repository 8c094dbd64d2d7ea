"""What is packed, what it says of itself, and what importing it does."""

import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from importlib.metadata import version
from itertools import chain
from pathlib import Path, PurePosixPath

import pytest
from helpers import packages_in

import skl_softmaxnet

ROOT = Path(__file__).parents[2]
INSTALLED = Path(skl_softmaxnet.__file__).parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT, TOOLS = PYPROJECT["project"], PYPROJECT["tool"]


def run(command, **options):
    """Run a command, and return what it prints."""
    finished = subprocess.run(command, capture_output=True, encoding="utf-8", **options)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


@pytest.fixture(scope="module")
def files():
    """The files that git knows, where the tests run in a checkout."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout")
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    files = [ROOT / name for name in run(command, cwd=ROOT).split("\0") if name]
    assert Path(__file__) in files
    return [path for path in files if path.is_file()]


SECRETS = (
    rb"-----BEGIN [A-Z ]*PRIVATE KEY|\b(gh[opsu]_|github_pat_)\w{20}|\bpypi-[\w-]{20}"
    rb"|://[^/\s:@]+:[^/\s@]+@"  # a password in an address
)


def test_no_secrets_and_no_binaries_but_small_pictures(files):
    for path in files:
        content = path.read_bytes()
        assert not re.search(SECRETS, content), path
        if b"\0" in content:
            assert path.suffix == ".png", path
            assert len(content) <= 200_000, path


def test_what_runs_the_tests_names_what_is_there(files):
    runners = [path for path in files if path.suffix in (".yml", ".toml") or ".ci" in path.parts]
    text = "".join(path.read_text("utf-8") for path in runners)
    named = set(re.findall(r"\b(?:tests|examples)/[\w/]+\.py\b", text))
    assert named
    assert not [name for name in named if not (ROOT / name).is_file()]


@pytest.fixture(scope="module")
def clone(files, tmp_path_factory):
    """The files that git knows, and nothing that was built before."""
    folder = tmp_path_factory.mktemp("clone")
    for path in files:
        copy = folder / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("compiler", [None, "false"])
def test_wheel(compiler, clone, tmp_path):
    """One wheel serves all later Pythons too; without a compiler one serves every machine."""
    environment = {name: os.environ[name] for name in os.environ.keys() - {"CC", "CFLAGS"}}
    environment |= {"CC": compiler} if compiler else {}
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "-w", tmp_path, clone]
    run(command, env=environment)
    (wheel,) = tmp_path.glob("*.whl")
    names = [PurePosixPath(name) for name in zipfile.ZipFile(wheel).namelist()]
    if compiler:
        assert wheel.name.endswith("-py3-none-any.whl")
    elif not sysconfig.get_config_var("Py_GIL_DISABLED"):
        assert f"-cp{OLDEST.replace('.', '')}-abi3-" in wheel.name
    assert sum(name.stem.startswith("_compiled") for name in names) == (compiler is None)
    assert PurePosixPath("skl_softmaxnet/py.typed") in names
    assert {name.parts[0].partition("-")[0] for name in names} == {"skl_softmaxnet"}
    assert not [name for name in names if name.suffix in (".pyx", ".h", ".c", ".txt")]


@pytest.mark.slow
def test_sdist(clone, files, tmp_path):
    """It has all that is needed to build, to test and to look at the examples."""
    pytest.importorskip("build")
    run([sys.executable, "-m", "build", "--sdist", "--outdir", tmp_path, clone])
    (sdist,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        packed = {name.partition("/")[2] for name in archive.getnames()}
    known = {path.relative_to(ROOT).as_posix() for path in files}
    assert packed == {name for name in known if not name.startswith(".")} | {"PKG-INFO"}


PYTHON = "Programming Language :: Python :: 3."
PYTHONS = [
    "3." + text.removeprefix(PYTHON) for text in PROJECT["classifiers"] if text.startswith(PYTHON)
]
OLDEST = PYTHONS[0]
EXTRAS = PROJECT["optional-dependencies"].values()
REQUIREMENTS = [*PYPROJECT["build-system"]["requires"], *PROJECT["dependencies"], *chain(*EXTRAS)]


def test_version_is_written_once():
    written = f'"{skl_softmaxnet.__version__}"'
    sources = [*INSTALLED.rglob("*.py"), ROOT / "pyproject.toml"]
    found = [path.name for path in sources if written in path.read_text(encoding="utf-8")]
    assert found == ["__init__.py"]
    assert version("skl_softmaxnet") == skl_softmaxnet.__version__


def test_the_supported_pythons_are_the_same_everywhere():
    tags = [python.replace(".", "") for python in PYTHONS]
    assert PROJECT["requires-python"] == f">={OLDEST}"
    assert TOOLS["ruff"]["target-version"] == f"py{tags[0]}"
    assert TOOLS["scikit-build"]["wheel"]["py-api"] == f"cp{tags[0]}"
    built = [word for word in TOOLS["cibuildwheel"]["build"].split() if "t-" not in word]
    assert built == [f"cp{tag}-*" for tag in tags]
    workflow = ROOT / ".github" / "workflows" / "test.yml"
    if workflow.is_file():
        (tested,) = re.findall(r"^ *python: \[(.*)\]$", workflow.read_text(encoding="utf-8"), re.M)
        assert re.findall(r'"([\d.]+)"', tested) == PYTHONS


@pytest.mark.parametrize("requirement", REQUIREMENTS)
def test_requirements_are_bounded_below_only(requirement):
    assert re.fullmatch(r"[\w-]+(\[[\w,-]+\])?(>=[\d.]+)?", requirement)


def test_the_package_needs_no_network_and_imports_no_extra():
    """But for matplotlib, in the functions that draw."""
    names = [re.match(r"[\w-]+", requirement)[0] for requirement in PROJECT["dependencies"]]
    assert names == ["numpy", "scipy", "scikit-learn"]
    modules = [path for path in INSTALLED.rglob("*.py") if path.name != "onnx.py"]
    imported = {name for path in modules for name in packages_in(path.read_text("utf-8"))}
    assert imported - sys.stdlib_module_names == {"numpy", "scipy", "sklearn", "matplotlib"}
    assert not imported & {"socket", "ssl", "http", "urllib", "subprocess"}
    code = "import sys, skl_softmaxnet; print('matplotlib' in sys.modules)"
    assert run([sys.executable, "-c", code]).strip() == "False"


def test_the_compiled_engine_is_declared_safe_without_the_gil():
    source = ROOT / "skl_softmaxnet" / "_engine" / "_compiled.pyx"
    if not source.is_file():
        pytest.skip("the tests lie here without the package's sources")
    first_line = source.read_text(encoding="utf-8").splitlines()[0]
    assert re.match(r"# cython: .*\bfreethreading_compatible=True\b", first_line)

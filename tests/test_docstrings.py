"""The public docstrings follow numpydoc, and the public API is annotated throughout."""

import importlib.resources
import inspect
import re

import pytest
from extras import optional
from numpydoc.docscrape import get_doc_object
from numpydoc.validate import Validator, validate

import skl_softmaxnet

# Left out, as scikit-learn leaves them out: where a summary begins (GL01), an extended summary for
# everything (ES01), and "name : type" for a single returned value (RT02).
LEFT_OUT = {"GL01", "ES01", "RT02"}


def is_ours(function):
    return inspect.unwrap(function).__module__.startswith("skl_softmaxnet")


def public_names():
    """What the package exports, and the public methods that it defines itself."""
    for name in skl_softmaxnet.__all__:
        yield f"skl_softmaxnet.{name}"
        exported = getattr(skl_softmaxnet, name)
        if inspect.isclass(exported):
            methods = inspect.getmembers(exported, inspect.isroutine)
            yield from (
                f"skl_softmaxnet.{name}.{method}"
                for method, function in methods
                if method[0] != "_" and is_ours(function) and hasattr(function, "__qualname__")
            )


NAMES = list(public_names())


def test_the_methods_are_among_the_names():
    for method in ("fit", "partial_fit", "predict", "predict_proba", "predict_log_proba"):
        assert f"skl_softmaxnet.SoftmaxMLPClassifier.{method}" in NAMES
    assert "skl_softmaxnet.SoftmaxMLPClassifier.get_params" not in NAMES  # scikit-learn's own
    assert "skl_softmaxnet.WeightsDisplay.from_estimator" in NAMES


@pytest.mark.parametrize("name", NAMES)
def test_numpydoc(name):
    errors = [error for error in validate(name)["errors"] if error[0] not in LEFT_OUT]
    assert not errors


class ModuleValidator(Validator):
    """Validates the docstring of a module, in which numpydoc looks in vain for a line of `def`."""

    source_file_def_line = None

    def __init__(self, obj_name):
        super().__init__(get_doc_object(Validator._load_obj(obj_name)))


def test_numpydoc_of_the_conversion_to_onnx():
    """Importing the module is all there is to it: its docstring is what a user reads."""
    optional("skl2onnx")
    name = "skl_softmaxnet.onnx"
    found = validate(name, validator_cls=ModuleValidator)
    assert not [error for error in found["errors"] if error[0] not in LEFT_OUT]
    assert importlib.import_module(name).__all__ == []


def test_references():
    references = skl_softmaxnet.SoftmaxMLPClassifier.__doc__.split("References\n")[1]
    for authors, year in (
        ("Rumelhart", 1986),
        ("Bridle", 1990),
        ("Bottou", 2012),
        ("Polyak", 1992),
        ("Shamir", 2013),
    ):
        assert re.search(rf"{authors}[^\[]*\b{year}\b", references), authors
    assert "tutorial" in references


@pytest.mark.parametrize("name", NAMES)
def test_annotations(name):
    """Every parameter has a type, and so has what is returned."""
    documented = skl_softmaxnet
    for part in name.split(".")[1:]:
        documented = getattr(documented, part)
    if inspect.isclass(documented):
        documented = documented.__init__
    signature = inspect.signature(documented)
    parameters = [p for p in signature.parameters.values() if p.name not in ("self", "cls")]
    assert all(parameter.annotation is not parameter.empty for parameter in parameters)
    assert signature.return_annotation is not signature.empty


def test_the_package_says_that_it_is_typed():
    assert importlib.resources.files(skl_softmaxnet).joinpath("py.typed").is_file()


def test_every_attribute_of_the_classifier_has_a_type():
    documented = skl_softmaxnet.SoftmaxMLPClassifier.__doc__.split("Attributes\n")[1]
    documented = documented.split("See Also\n")[0]
    names = [line.split(" : ")[0].strip() for line in documented.splitlines() if " : " in line]
    assert len(names) > 10
    assert set(names) <= set(inspect.get_annotations(skl_softmaxnet.SoftmaxMLPClassifier))

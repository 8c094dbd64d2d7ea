"""The public docstrings follow numpydoc, and the public API is annotated throughout."""

import inspect
import re

import pytest
from numpydoc.validate import validate

import skl_softmaxnet
from skl_softmaxnet import SoftmaxMLPClassifier

# Left out, as scikit-learn leaves them out: where a summary begins (GL01), an extended summary for
# everything (ES01), and "name : type" for a single returned value (RT02).
LEFT_OUT = {"GL01", "ES01", "RT02"}


def is_ours(method):
    return hasattr(method, "__qualname__") and inspect.unwrap(method).__module__.startswith("skl_")


def public_objects():
    """What the package exports, and the public methods that it defines itself, by their names."""
    for name in skl_softmaxnet.__all__:
        exported = getattr(skl_softmaxnet, name)
        yield f"skl_softmaxnet.{name}", exported
        if inspect.isclass(exported):
            for method, function in inspect.getmembers(exported, inspect.isroutine):
                if method[0] != "_" and is_ours(function):
                    yield f"skl_softmaxnet.{name}.{method}", function


OBJECTS = dict(public_objects())


def test_the_methods_are_among_the_names():
    methods = {name.rpartition(".")[2] for name in OBJECTS if ".SoftmaxMLPClassifier." in name}
    assert methods > {"fit", "partial_fit", "predict", "predict_proba", "predict_log_proba"}
    assert "get_params" not in methods  # scikit-learn's own
    assert "skl_softmaxnet.WeightsDisplay.from_estimator" in OBJECTS


@pytest.mark.parametrize("name", OBJECTS)
def test_numpydoc_and_annotations(name):
    """Every parameter has a type too, and so has what is returned."""
    assert not [error for error in validate(name)["errors"] if error[0] not in LEFT_OUT]
    documented = OBJECTS[name]
    is_class = inspect.isclass(documented)
    signature = inspect.signature(documented.__init__ if is_class else documented)
    parameters = [p for p in signature.parameters.values() if p.name not in ("self", "cls")]
    assert all(parameter.annotation is not parameter.empty for parameter in parameters)
    assert signature.return_annotation is not signature.empty


def test_every_attribute_of_the_classifier_has_a_type():
    documented = SoftmaxMLPClassifier.__doc__.split("Attributes\n")[1].split("See Also\n")[0]
    names = re.findall(r"^ *(\w+) : ", documented, re.M)
    assert len(names) > 10
    properties = inspect.getmembers(SoftmaxMLPClassifier, lambda part: isinstance(part, property))
    typed = {name for name, part in properties if "return" in inspect.get_annotations(part.fget)}
    assert set(names) <= typed | set(inspect.get_annotations(SoftmaxMLPClassifier))

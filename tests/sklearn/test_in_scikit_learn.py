"""The estimator among the tools of scikit-learn, and the attributes they look at."""

import re

import pandas as pd
import pytest
from helpers import network, samples, train
from numpy.testing import assert_array_equal
from sklearn.neural_network.tests import test_mlp

from skl_softmaxnet import SoftmaxMLPClassifier

NAMES = list("abcdefg")


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_feature_names(method):
    X, y = samples()
    frame = pd.DataFrame(X, columns=NAMES)
    classifier = train(network(), method, frame, y)
    assert_array_equal(classifier.feature_names_in_, NAMES)
    assert classifier.n_features_in_ == 7
    without = train(network(), method, X, y)
    assert_array_equal(classifier.predict_proba(frame), without.predict_proba(X))
    with pytest.raises(ValueError, match="feature names"):
        classifier.predict(frame[NAMES[::-1]])
    assert not hasattr(classifier.fit(X, y), "feature_names_in_")


@pytest.mark.parametrize("parameters", [{}, {"early_stopping": True}], ids=str)
def test_epochs_are_those_of_the_last_fit(parameters):
    """And of the calls of `partial_fit` since; the losses are all there are."""
    X, y = samples(40)
    classifier = network(warm_start=True, **parameters).fit(X, y)
    for n_iter, n_losses, call in [
        (2, 5, lambda: classifier.set_params(max_iter=2).fit(X, y)),
        (3, 6, lambda: classifier.partial_fit(X, y)),
        (4, 7, lambda: classifier.partial_fit(X, y)),
        (1, 8, lambda: classifier.set_params(max_iter=1).fit(X, y)),
        (1, 1, lambda: classifier.set_params(warm_start=False).fit(X, y)),
        (1, 1, lambda: train(network(), "partial_fit", X, y)),
    ]:
        trained = call()
        assert (trained.n_iter_, len(trained.loss_curve_)) == (n_iter, n_losses)


def like_mlp_classifier(solver=None, **parameters):
    return SoftmaxMLPClassifier(**parameters)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_warm_starts_count_as_in_mlp_classifier():
    """scikit-learn's own tests of it."""
    test_mlp.test_warm_start_full_iteration(like_mlp_classifier)
    test_mlp.test_mlp_warm_start_no_convergence(like_mlp_classifier, "sgd")


@pytest.mark.parametrize("early_stopping", [False, True])
def test_verbose_prints_a_line_per_epoch(early_stopping, capsys):
    classifier = network(verbose=True, early_stopping=early_stopping).fit(*samples())
    losses = classifier.validation_loss_curve_ or [None] * 3
    scores = classifier.validation_scores_ or [None] * 3
    lines = capsys.readouterr().out.splitlines()
    rows = zip(lines, classifier.loss_curve_, losses, scores, strict=True)
    for epoch, (line, loss, *held_out) in enumerate(rows, start=1):
        numbers = [float(number) for number in re.findall(r"[-+.\de]*\d", line)]
        assert numbers == pytest.approx([epoch, loss] + held_out * early_stopping, abs=1e-6)
    network().fit(*samples())
    assert capsys.readouterr().out == ""


def test_html_links_to_the_documentation():
    classifier = SoftmaxMLPClassifier()
    link = classifier._get_doc_link()
    assert link.startswith("https://")
    assert link in classifier._repr_html_()

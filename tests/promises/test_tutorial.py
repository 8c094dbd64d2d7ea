"""The estimator is the tutorial network: its formulas, its figures, its experiment."""

import numpy as np
import pytest
import transcription
from helpers import digits, network, present_nothing
from numpy.testing import assert_allclose
from sklearn.datasets import make_blobs

pytestmark = pytest.mark.usefixtures("engine")


def tutorial_samples():
    """The samples that the tutorial trains on and is scored on."""
    X, y = make_blobs(n_samples=300, centers=([2, 6], [6, 2]), random_state=0)
    return X[:240], y[:240]


def tutorial_network(n_hidden=5, **parameters):
    """The tutorial's network: no intercepts, rows in order, a fixed number of passes."""
    order = {"fit_intercept": False, "shuffle": False, "max_iter": 1, "learning_rate_init": 0.3}
    return network((n_hidden,), **order | parameters)


@pytest.mark.parametrize("output_activation", ["softmax", "sigmoid"])
@pytest.mark.parametrize(("data", "n_hidden"), [(tutorial_samples, 5), (digits, 10)])
def test_one_epoch_is_the_transcription(data, n_hidden, output_activation):
    X, y = data()
    classifier = tutorial_network(n_hidden, output_activation=output_activation)
    W1, W2 = (W.T.tolist() for W in present_nothing(classifier, X, y).coefs_)

    classifier.fit(X, y)
    expected = transcription.train_one_pass(W1, W2, X.tolist(), y.tolist(), 0.3, output_activation)

    for fitted, W in zip(classifier.coefs_, expected, strict=True):
        # The weights are of the order of 0.1 to 10, but one that the updates happen to bring close
        # to zero keeps the rounding of its larger past: hence an absolute 1e-14 beside the 1e-12.
        assert_allclose(fitted, np.array(W).T, rtol=1e-12, atol=1e-14)
    for intercepts in classifier.intercepts_:
        assert not intercepts.any()


@pytest.mark.parametrize(("n_passes", "least_right"), [(1, 233), (5, 240)])
def test_the_experiment(n_passes, least_right):
    X, y = tutorial_samples()
    right = []
    for seed in range(20):
        classifier = tutorial_network(max_iter=n_passes, random_state=seed).fit(X, y)
        right.append(int(np.sum(classifier.predict(X) == y)))
    assert min(right) >= least_right, right


def softmax_regression(W, learning_rate_init=1.0):
    """No hidden layer and no intercepts: the outputs are softmax(x W)."""
    classifier = network((), fit_intercept=False, learning_rate_init=learning_rate_init)
    n_features, n_classes = np.shape(W)
    present_nothing(classifier, np.zeros((1, n_features)), [0], classes=range(n_classes))
    classifier.coefs_ = [np.array(W, dtype=float)]
    return classifier


def test_figure_softmax():
    figure = [0.01578405, 0.00580663, 0.11662925, 0.86178007]
    assert_allclose(transcription.softmax([1, 0, 3, 5]), figure, rtol=0, atol=5e-9)
    probabilities = softmax_regression([[1, 0, 3, 5]]).predict_proba([[1.0]])
    assert_allclose(probabilities, [figure], rtol=0, atol=5e-9)


def test_figure_jacobian():
    figure = [
        [0.00487766, -0.00131181, -0.00356586],
        [-0.00131181, 0.196001, -0.1946892],
        [-0.00356586, -0.1946892, 0.19825505],
    ]
    jacobian = transcription.softmax_jacobian(transcription.softmax([0, 4, 5]))
    assert_allclose(jacobian, figure, rtol=0, atol=5e-9)

    # With x = 1 and rate 1, a step towards class k adds J (t_k - o) to the weights. The rows of J
    # sum to zero, so the mean of the three steps is -J o, and step k without it is column k of J.
    W = [[0, 4, 5]]
    steps = [
        softmax_regression(W).partial_fit([[1.0]], [k]).coefs_[0][0] - np.array(W[0])
        for k in range(3)
    ]
    columns = np.array(steps) - np.mean(steps, axis=0)
    assert_allclose(columns.T, figure, rtol=0, atol=5e-9)


# One step with a pencil: a 2-2-2 network, x = (1, -1), class 0, rate 1/2, squared error.
#
#        W1 = [ 1   1]   s = W1 x = (0, 0)     h = sigmoid(s) = (1/2, 1/2)
#             [-2  -2]
#        W2 = [ 1  -1]   z = W2 h = (0, 0)     o = softmax(z) = (1/2, 1/2)
#             [ 2  -2]
#
# error                   e = t - o = (1, 0) - (1/2, 1/2) = (1/2, -1/2)
# loss                    (1/4 + 1/4) / 2 = 1/4
# Jacobian                J = diag(o) - o o^T = [1/4 -1/4; -1/4 1/4]
# output delta            J e = (1/8 + 1/8, -1/8 - 1/8) = (1/4, -1/4)
# output update           1/2 * (+-1/4) * 1/2 = +-1/16:
#                         W2 = [1 + 1/16   -1 + 1/16] = [17/16  -15/16]
#                              [2 - 1/16   -2 - 1/16]   [31/16  -33/16]
#                         b2 = 1/2 * (1/4, -1/4) = (1/8, -1/8)
#
# backprop="error": e through the updated W2
#                         e_h = W2^T e = (17/16 * 1/2 - 31/16 * 1/2, -15/16 * 1/2 + 33/16 * 1/2)
#                             = (-7/16, 9/16)
#                         delta_h = e_h h (1 - h) = (-7/64, 9/64)
# backprop="gradient": J e through the W2 from before the update
#                         (1 * 1/4 - 2 * 1/4, -1 * 1/4 + 2 * 1/4) = (-1/4, 1/4)
#                         delta_h = (-1/16, 1/16)
#
# hidden update           W1 + 1/2 delta_h x^T and b1 = 1/2 delta_h; the steps of b1 are
#                         "error" (-7/128, 9/128), "gradient" (-1/32, 1/32),
#                         W1's first column moves by these, its second by their opposites.
HIDDEN_STEP = {"error": (-7 / 128, 9 / 128), "gradient": (-1 / 32, 1 / 32)}


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("backprop", ["error", "gradient"])
def test_one_step_by_hand(backprop, fit_intercept):
    x, y = np.array([[1.0, -1.0]]), [0]
    rule = {"backprop": backprop, "fit_intercept": fit_intercept}
    classifier = network((2,), learning_rate_init=0.5, **rule)
    present_nothing(classifier, x, y, classes=[0, 1])
    # coefs_ are (fan_in, fan_out): the transposes of the matrices above.
    classifier.coefs_ = [np.array([[1.0, 1], [-2, -2]]).T, np.array([[1.0, -1], [2, -2]]).T]

    classifier.partial_fit(x, y)

    a, b = HIDDEN_STEP[backprop]
    W1 = [[1 + a, 1 - a], [-2 + b, -2 - b]]
    W2 = [[17 / 16, -15 / 16], [31 / 16, -33 / 16]]
    b1, b2 = ([a, b], [1 / 8, -1 / 8]) if fit_intercept else ([0, 0], [0, 0])
    assert_allclose(classifier.coefs_[0].T, W1, rtol=0, atol=1e-15)
    assert_allclose(classifier.coefs_[1].T, W2, rtol=0, atol=1e-15)
    assert_allclose(classifier.intercepts_[0], b1, rtol=0, atol=1e-15)
    assert_allclose(classifier.intercepts_[1], b2, rtol=0, atol=1e-15)
    assert_allclose(classifier.loss_, 1 / 4, rtol=0, atol=1e-15)

"""scikit-learn's own checks of an estimator, none expected to fail."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from skl_softmaxnet import SoftmaxMLPClassifier

ESTIMATORS = [
    SoftmaxMLPClassifier(),
    SoftmaxMLPClassifier(output_activation="sigmoid"),
    SoftmaxMLPClassifier(loss="log_loss", backprop="gradient"),
    SoftmaxMLPClassifier(output_activation="sigmoid", loss="log_loss", backprop="gradient"),
    SoftmaxMLPClassifier(hidden_layer_sizes=()),
    SoftmaxMLPClassifier(hidden_layer_sizes=(7, 5)),
    SoftmaxMLPClassifier(fit_intercept=False),
    SoftmaxMLPClassifier(activation="tanh"),
    SoftmaxMLPClassifier(activation="relu"),
    SoftmaxMLPClassifier(activation="identity"),
]


@parametrize_with_checks(ESTIMATORS)
def test_check_estimator(estimator, check):
    check(estimator)

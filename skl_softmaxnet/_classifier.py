"""The estimator: parameters, validation and the public methods."""

from functools import partial
from itertools import repeat
from numbers import Integral, Real
from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, _fit_context
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, Options, StrOptions
from sklearn.utils.multiclass import check_classification_targets, unique_labels
from sklearn.utils.validation import check_is_fitted, validate_data

from . import _engine, _outputs
from ._functions import ACTIVATIONS, OUTPUT_ACTIVATIONS
from ._initialization import initial_weights
from ._presentation import Presentations, relative_to_counts
from ._training import History, Training
from ._validation import (
    check_hidden_layer_sizes,
    check_rows,
    check_two_classes,
    check_weights,
    encode_targets,
    sorted_labels,
    unchanged_on_error,
)


class SoftmaxMLPClassifier(ClassifierMixin, BaseEstimator):
    """Multilayer perceptron classifier that learns one sample at a time.

    Every sample shown to the network is followed at once by one update of its weights. The
    parameters mean what they mean in :class:`~sklearn.neural_network.MLPClassifier` wherever it has
    them.

    With **softmax outputs** the network models one distribution over the classes: the outputs
    compete, sum to one for every sample, and are the probabilities as they stand.

    With **sigmoid outputs** each class has a detector of its own, which answers between 0 and 1
    without regard to the others; for one sample several may be high or all may be low.
    `predict_proba` divides them by their sum, so its rows sum to one as scikit-learn expects.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default=(100,)
        The number of units in each hidden layer, each at least 1. With ``()`` there is no hidden
        layer: softmax regression.

    output_activation : {"softmax", "sigmoid"}, default="softmax"
        What the output layer makes of its sums, see above.

    activation : {"logistic", "tanh", "relu", "identity"}, default="logistic"
        The activation of the hidden layers.

    loss : {"squared_error", "log_loss"}, default="squared_error"
        What is minimised, with o the outputs and t the one-hot target: ``"squared_error"`` is
        ½‖t − o‖²; ``"log_loss"`` is the cross-entropy, −log of the target's output for softmax, the
        sum of the binary cross-entropies of all outputs for sigmoid.

    backprop : {"error", "gradient"}, default="error"
        What travels back to the hidden layers. With ``"error"``, the raw error t − o, sent through
        weights that have already been updated: the rule of the tutorial network, a heuristic that
        is not the gradient of a loss but trains well. With ``"gradient"``, the exact gradient of
        the loss.

    fit_intercept : bool, default=True
        Whether units have intercepts. Without them `intercepts_` stay zero.

    learning_rate_init : float, default=0.05
        The learning rate η: the share of its gradient that each sample moves the weights by.

    max_iter : int, default=200
        The number of epochs, at most. In an epoch every sample is presented once, or as often as
        its weight says.

    tol : float or None, default=1e-4
        Training stops when the loss has not fallen by `tol` for more than `n_iter_no_change` epochs
        in a row. None trains for `max_iter` epochs, with no test and no ConvergenceWarning.

    n_iter_no_change : int or np.inf, default=10
        See `tol`.

    shuffle : bool, default=True
        Whether every epoch presents the samples in a new random order. The model then does not
        depend on the order of the rows. If False, they are presented in the order given.

    random_state : int, RandomState instance or None, default=None
        Determines the initial weights and the order of presentations. An int makes every result
        repeatable bit for bit.

    verbose : bool, default=False
        Whether to print the loss of each epoch.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The class labels, sorted.

    n_features_in_ : int
        Number of features seen during `fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of features seen during `fit`, where all are strings.

    coefs_ : list of ndarray of shape (fan_in, fan_out)
        The weights of each layer, float32 if X was, else float64. `partial_fit` changes them in
        place.

    intercepts_ : list of ndarray of shape (fan_out,)
        The intercepts of each layer.

    n_iter_ : int
        Epochs run; a call of `partial_fit` counts as one.

    t_ : int
        Presentations so far.

    loss_ : float
        The loss of the last epoch: the mean per unit of sample weight, each sample's taken before
        its update. inf before the first epoch.

    best_loss_ : float
        The lowest loss of an epoch.

    loss_curve_ : list of float of shape (n_iter_,)
        The loss of each epoch.

    n_layers_ : int
        Layers, the input layer counted.

    n_outputs_ : int
        Units of the output layer, one for each class; two classes have two.

    out_activation_ : str
        The activation of the output layer.

    See Also
    --------
    sklearn.neural_network.MLPClassifier : Learns from batches, with more solvers.
    sklearn.linear_model.SGDClassifier : Linear models, one sample at a time.

    Notes
    -----
    A sample of weight w is presented ⌊w⌋ times at full rate and once more at w − ⌊w⌋ of the rate.
    Weights whose positive values have a mean below 1 are taken by `fit` as relative and scaled to
    the mean 1; `partial_fit` never scales.

    References
    ----------
    .. [1] D. E. Rumelhart, G. E. Hinton and R. J. Williams, "Learning representations by
       back-propagating errors", Nature 323, 1986.
    .. [2] J. S. Bridle, "Probabilistic interpretation of feedforward classification network
       outputs, with relationships to statistical pattern recognition", Springer, 1990.
    .. [3] L. Bottou, "Stochastic gradient descent tricks", in Neural Networks: Tricks of the
       Trade, Springer, 2012.

    Examples
    --------
    >>> from sklearn.datasets import make_blobs
    >>> from skl_softmaxnet import SoftmaxMLPClassifier
    >>> X, y = make_blobs(n_samples=300, centers=([2, 6], [6, 2]), random_state=0)
    >>> classifier = SoftmaxMLPClassifier(hidden_layer_sizes=5, tol=None, random_state=0)
    >>> classifier.fit(X[:200], y[:200]).score(X[200:], y[200:])
    1.0
    >>> classifier.predict_proba([[2.0, 6.0]]).shape
    (1, 2)
    """

    _parameter_constraints: ClassVar[dict] = {
        "hidden_layer_sizes": [Interval(Integral, 1, None, closed="left"), "array-like"],
        "output_activation": [StrOptions(set(OUTPUT_ACTIVATIONS))],
        "activation": [StrOptions(set(ACTIVATIONS))],
        "loss": [StrOptions({"squared_error", "log_loss"})],
        "backprop": [StrOptions({"error", "gradient"})],
        "fit_intercept": ["boolean"],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left"), None],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left"), Options(Real, {np.inf})],
        "shuffle": ["boolean"],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        hidden_layer_sizes=(100,),
        *,
        output_activation="softmax",
        activation="logistic",
        loss="squared_error",
        backprop="error",
        fit_intercept=True,
        learning_rate_init=0.05,
        max_iter=200,
        tol=1e-4,
        n_iter_no_change=10,
        shuffle=True,
        random_state=None,
        verbose=False,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.output_activation = output_activation
        self.activation = activation
        self.loss = loss
        self.backprop = backprop
        self.fit_intercept = fit_intercept
        self.learning_rate_init = learning_rate_init
        self.max_iter = max_iter
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.shuffle = shuffle
        self.random_state = random_state
        self.verbose = verbose

    # ------------------------------------------------------------------------------------------
    # Learning

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
        """Train a new network on the samples.

        Ctrl-C ends training with a warning and keeps what was learned so far.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples. float32 is trained on as float32, everything else as float64. A
            C-contiguous array or a CSR matrix in its dtype is not copied.

        y : array-like of shape (n_samples,)
            The class labels, of any type.

        sample_weight : array-like of shape (n_samples,), default=None
            How often each sample counts, at least 0; see the Notes of the class. A sample of weight
            0 is left out.

        Returns
        -------
        self : SoftmaxMLPClassifier
            The fitted classifier.

        Raises
        ------
        ValueError
            If an argument or a parameter is not as described, fewer than two classes have samples,
            or the loss stops being finite. A model fitted before is kept.
        """
        with unchanged_on_error(self):
            X, y, weights = self._check_samples(X, y, sample_weight, reset=True)
            if weights is not None:
                if not weights.any():
                    raise ValueError("sample_weight must not be zero for every sample.")
                weights = relative_to_counts(weights)
            self.classes_ = sorted_labels(y if weights is None else y[weights > 0])
            check_classification_targets(y)
            check_two_classes(self.classes_, "y")
            targets = encode_targets(y, self.classes_, weights)
            random_state = check_random_state(self.random_state)
            self._initialize(X, random_state)
            presentations = Presentations.from_weights(len(targets), weights)
            if self.shuffle:
                presentations = presentations.in_content_order(X, targets)
                epochs = presentations.shuffled(random_state, self.max_iter)
            else:
                epochs = repeat(presentations, self.max_iter)
            n_iter_no_change = np.inf if self.tol is None else self.n_iter_no_change
            self._train(X, targets, epochs, tol=self.tol, n_iter_no_change=n_iter_no_change)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Continue training with one pass over the samples, in the order given.

        Cutting a stream of samples into chunks in any way gives the same model, bit for bit.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples, trained on in the dtype of the first call.

        y : array-like of shape (n_samples,)
            The class labels.

        classes : array-like of shape (n_classes,), default=None
            All class labels that the stream may hold. Needed in the first call, unless `fit` came
            before.

        sample_weight : array-like of shape (n_samples,), default=None
            How often each sample counts, at least 0, as it is: never scaled.

        Returns
        -------
        self : SoftmaxMLPClassifier
            The classifier, trained further.

        Raises
        ------
        ValueError
            If an argument or a parameter is not as described, `classes` is missing in the first
            call or differs from the first call's, or y holds a label that `classes` did not name;
            the model is then as it was. Also if the loss stops being finite, when it is not.
        """
        first_call = not hasattr(self, "coefs_")
        with unchanged_on_error(self):
            self._check_parameters()
            X, y, weights = self._check_samples(X, y, sample_weight, reset=first_call)
            self._check_classes(classes)
            targets = encode_targets(y, self.classes_, weights)
            if first_call:
                self._initialize(X, check_random_state(self.random_state))
            presentations = Presentations.from_weights(len(targets), weights)
            if presentations.rows.size > 0:
                self._train(X, targets, [presentations])
        return self

    def _check_samples(self, X, y, sample_weight, *, reset):
        """Validate what both ways of learning are given."""
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse="csr",
            dtype=(np.float64, np.float32) if reset else self.coefs_[0].dtype,
            order="C",
            reset=reset,
        )
        return check_rows(X), y, check_weights(sample_weight, X.shape[0])

    def _check_parameters(self):
        """Validate the parameters of a fitted estimator too, which scikit-learn leaves out.

        Only where one is another object than when last checked: a stream of single samples would
        spend much of its time here.
        """
        parameters = [getattr(self, name) for name in self._parameter_constraints]
        checked = getattr(self, "_checked_parameters", [None] * len(parameters))
        if any(new is not old for new, old in zip(parameters, checked, strict=True)):
            self._validate_params()
            self._checked_parameters = parameters

    def _check_classes(self, classes):
        """Set `classes_` in the first call of `partial_fit`, compare with it later."""
        if classes is None:
            if not hasattr(self, "classes_"):
                raise ValueError("classes must be passed on the first call to partial_fit.")
            return
        classes = unique_labels(classes)
        check_two_classes(classes, "classes")
        if hasattr(self, "classes_") and not np.array_equal(classes, self.classes_):
            raise ValueError(
                f"classes={list(classes)} is not the same as on the last call to partial_fit, "
                f"which was {list(self.classes_)}."
            )
        self.classes_ = classes

    def _initialize(self, X, random_state):
        """Set up a network that has not seen a sample."""
        hidden_layer_sizes = check_hidden_layer_sizes(self.hidden_layer_sizes)
        self.n_outputs_ = len(self.classes_)
        layer_sizes = [X.shape[1], *hidden_layer_sizes, self.n_outputs_]
        self.n_layers_ = len(layer_sizes)
        self.out_activation_ = self.output_activation
        coefs, intercepts = initial_weights(layer_sizes, random_state)
        self.coefs_, self.intercepts_ = _engine.as_blocks(coefs, intercepts, X.dtype)
        self._keep(History())

    def _train(self, X, targets, epochs, **stopping):
        """Run epochs on the weights in place, and keep what they tell."""
        _engine.warn_once_without_compiled()
        dtype = self.coefs_[0].dtype
        self.coefs_, self.intercepts_ = _engine.as_blocks(self.coefs_, self.intercepts_, dtype)
        engine = _engine.Engine(
            self.coefs_,
            self.intercepts_,
            activation=self.activation,
            output_activation=self.out_activation_,
            loss=self.loss,
            backprop=self.backprop,
            fit_intercept=self.fit_intercept,
        )
        history = History(self.n_iter_, self.t_, self.loss_curve_, self.best_loss_)
        training = Training(
            engine,
            X,
            targets,
            history,
            learning_rate_init=self.learning_rate_init,
            verbose=self.verbose,
        )
        training.run(epochs, **stopping)
        self._keep(history)

    def _keep(self, history):
        """Set the attributes that tell of training."""
        self.n_iter_ = history.n_epochs
        self.t_ = history.n_presentations
        self.loss_curve_ = history.loss_curve
        self.loss_ = history.loss_curve[-1] if history.loss_curve else np.inf
        self.best_loss_ = history.best_loss

    # ------------------------------------------------------------------------------------------
    # Predicting

    def decision_function(self, X):
        """Decision values of the samples.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        decision : ndarray of shape (n_samples,) or (n_samples, n_classes)
            For two classes, how much more the second output says than the first, so that the
            probability of the second class is σ(decision). Otherwise a value for each class, the
            sums z of softmax outputs or log σ(z) of sigmoid outputs, so that
            softmax(decision) are the probabilities.

        Raises
        ------
        ValueError
            If X is not as described, or has another number of features than in `fit`.
        """
        return self._predict(X, lambda decisions: decisions)

    def predict(self, X):
        """Predict the class of each sample.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            The most probable label of each sample.
        """
        return self._predict(X, self._most_probable)

    def _most_probable(self, decisions):
        if decisions.ndim == 1:
            return self.classes_[(decisions > 0).astype(np.intp)]
        return self.classes_[np.argmax(decisions, axis=1)]

    def predict_proba(self, X):
        """Probabilities of the classes.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            The probability of each class, in the order of `classes_`; rows sum to one.
        """
        return self._predict(X, _outputs.probabilities)

    def predict_log_proba(self, X):
        """Logarithms of the probabilities of the classes.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes)
            The logarithm of each probability, computed without taking it, so that it is finite also
            where the probability rounds to zero.
        """
        return self._predict(X, _outputs.log_probabilities)

    def _predict(self, X, from_decisions):
        """Apply a function of the decision values to X, in chunks of rows."""
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", dtype=(np.float64, np.float32), reset=False)
        return _outputs.in_chunks(
            partial(self._predict_rows, from_decisions=from_decisions),
            X,
            [weights.shape[1] for weights in self.coefs_],
        )

    def _predict_rows(self, X, from_decisions):
        z = _outputs.sums(X, self.coefs_, self.intercepts_, self.activation)  # (n, K)
        return from_decisions(_outputs.decision(z, self.out_activation_))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

"""The estimator: parameters, validation and the public methods."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, _fit_context
from sklearn.utils._param_validation import Interval, Options, StrOptions
from sklearn.utils.validation import check_is_fitted

from . import _outputs, _stream
from ._callbacks import CallbackSupportMixin, FitCallbacks
from ._network import (
    check_same_network,
    has_new_weights,
    initialize,
    lay_out_loaded,
    open_forward_pass,
)
from ._order import list_epoch, list_stream
from ._samples import check_rows, learn_samples, learn_samples_of_stream, stored_columns
from ._standardization import (
    check_same_standardization,
    learn_inputs,
    open_stream,
    statistics,
    sums_of,
)
from ._training import Training
from ._typing import FloatArray, MatrixLike, RandomStateLike
from ._validation import given_validation, set_aside

# Where the documentation is published; pyproject.toml has the same address.
DOCUMENTATION = "https://skl-softmaxnet.github.io/skl_softmaxnet/"


class SoftmaxMLPClassifier(CallbackSupportMixin, ClassifierMixin, BaseEstimator):
    """Multilayer perceptron classifier that learns one sample at a time.

    Every sample shown to the network is followed at once by one update of its weights: stochastic
    gradient descent [3]_ with back-propagation [1]_. Scale the inputs, as for every neural network:
    each feature to about unit variance, by ``standardize=True`` or a scaler before it. The class
    grew out of the network of a tutorial [6]_. The parameters mean what they mean in
    :class:`~sklearn.neural_network.MLPClassifier` wherever it has them.

    With **softmax outputs** [2]_ the network models one distribution over the classes: the outputs
    compete, sum to one for every sample, and are the probabilities as they stand.

    With **sigmoid outputs** each class has a detector of its own, which answers between 0 and 1
    without regard to the others; for one sample several may be high or all may be low.
    `predict_proba` divides them by their sum, so its rows sum to one as scikit-learn expects. Where
    a sample may have several labels (y is an indicator matrix), they stand as they are.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default=(100,)
        The number of units in each hidden layer, each at least 1. With ``()`` there is no hidden
        layer: softmax regression.

    output_activation : {"softmax", "sigmoid"}, default="softmax"
        The activation of the output layer, see above.

    activation : {"logistic", "tanh", "relu", "identity"}, default="relu"
        The activation of the hidden layers.

    loss : {"squared_error", "log_loss"}, default="log_loss"
        What is minimised, with o the outputs and t the one-hot target: ``"squared_error"`` is
        ½‖t − o‖²; ``"log_loss"`` is the cross-entropy, −log of the target's output for softmax, the
        sum of the binary cross-entropies of all outputs for sigmoid.

    backprop : {"error", "gradient"}, default="gradient"
        What travels back to the hidden layers. With ``"gradient"``, the exact gradient of the loss
        [1]_. With ``"error"``, the raw error t − o, sent through weights that have already been
        updated: the rule of the tutorial [6]_, a heuristic that is not the gradient of a loss. Its
        network is ``activation="logistic", loss="squared_error", backprop="error", alpha=0,
        learning_rate="constant", fit_intercept=False``, and needs larger learning rates.

    fit_intercept : bool, default=True
        Whether units have intercepts. Without them `intercepts_` stay zero.

    alpha : float, default=2e-3
        Strength of the L2 penalty on the weights, not the intercepts: each update also subtracts
        η·alpha·W, as in :class:`~sklearn.linear_model.SGDClassifier`. MLPClassifier divides its
        alpha by the size of a batch, so that the same number means a penalty some 200 times weaker
        there. η·alpha must be below 1. The losses that are reported leave the penalty out.

    learning_rate : {"constant", "invscaling", "adaptive", "inverse_time"}, default="adaptive"
        How the learning rate changes from epoch to epoch, starting from η = `learning_rate_init`.
        ``"invscaling"`` is η / (t + 1)^power_t, with t the updates so far; ``"inverse_time"``
        is η / (1 + decay·n), with n the epochs so far; ``"adaptive"`` divides the rate by 5 each
        time training would stop by `tol`, until it is 1e-6 or less. A constant rate never comes to
        rest: the last samples show in the weights. `partial_fit`, for which no epoch repeats
        another, takes ``"adaptive"`` as ``"constant"``.

    decay : float, default=0.1
        See `learning_rate`; only for ``"inverse_time"``.

    learning_rate_init : float, default=0.015
        The learning rate η: the share of its gradient that each sample moves the weights by.

    power_t : float, default=0.5
        See `learning_rate`; only for ``"invscaling"``.

    momentum : float, default=0.0
        Share of the last step that is added to each step, from 0 to 1: v ← momentum·v + step and
        W ← W + v. All weights then move with every sample, also those of inputs that are zero
        (in a large first layer, these may wait for it).

    nesterovs_momentum : bool, default=False
        Whether to use Nesterov's momentum, which looks ahead: W ← W + momentum·v + step.

    max_iter : int, default=200
        The number of epochs, at most. In an epoch every sample makes one update, or as many as its
        weight says.

    tol : float or None, default=1e-3
        Training stops when the loss, or with `early_stopping` the validation loss, has not
        improved on the best by `tol` for more than `n_iter_no_change` epochs in a row. Epochs do
        not count before training has begun: while the loss is above 0.9 of what the frequencies of
        the classes alone give, in the first 10,000 updates. None trains for `max_iter` epochs, with
        no test and no ConvergenceWarning.

    n_iter_no_change : int or np.inf, default=4
        See `tol`.

    average : bool, default=False
        Whether `coefs_` and `intercepts_` are an average of the weights over the course of
        training [5]_, which forgets the early ones: the polynomial-decay average [4]_ with η = 3,
        taken every 64 updates. It costs a pass over all weights each time.

    early_stopping : bool, default=False
        Whether to hold samples out, take their log loss after every epoch, stop by it (see `tol`),
        and restore the weights of the epoch where it was lowest. Ignored by `partial_fit`.

    validation_fraction : float, default=0.1
        Share of the samples that `early_stopping` holds out, the same of every class; above 0 and
        below 1. Not used where `fit` is given `X_val` and `y_val`.

    standardize : bool, default=False
        Whether the network scales its inputs itself, each to mean 0 and standard deviation 1;
        sparse X to standard deviation 1 alone, without centring. In `fit` those are of the
        samples of an epoch, as often as their weights say and without those held out; in
        `partial_fit` of all samples so far, each counted before it is learned from. Where nothing
        varies the scale is 1. Predictions do the same to X. It cannot be changed for a fitted
        network: `partial_fit` and warm starts then raise an error.

    shuffle : bool, default=True
        Whether every epoch takes the samples in a new random order. The model then does not depend
        on the order of the rows. If False, they are taken in the order given.

    class_weight : dict, "balanced" or None, default=None
        What the sample weights of each class are multiplied by: ``{label: weight}``, 1 for classes
        that are missing; ``"balanced"`` gives all classes the same total weight, n / (K·n_k) to a
        sample of class k. In `partial_fit`, which does not know what is to come, the counts are
        those of what its calls were given so far.

    warm_start : bool, default=False
        Whether `fit` continues training from where it was, with its weights, momentum, learning
        rate and order of samples, as if it had not stopped, instead of starting from scratch. After
        a `fit` that had converged, the learning rate and patience are reset, so that it learns new
        data. After `early_stopping` it continues from the best epoch. Where other arrays were put
        into `coefs_` or `intercepts_`, training starts from those, without momentum and with the
        learning rate reset; arrays that were only changed in place count as left by training.

    random_state : int, RandomState instance or None, default=None
        Determines the initial weights, the order of the samples and those that `early_stopping`
        holds out. An int makes every result repeatable bit for bit. A RandomState is used once,
        when the network is set up.

    verbose : bool, default=False
        Whether to print the loss of each epoch, and its validation loss and score, on a line of its
        own. A progress bar is ``set_callbacks(sklearn.callback.ProgressBar())``, with scikit-learn
        1.9 or later.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The class labels, sorted, whatever the weights of their samples; for multilabel targets the
        numbers of their columns.

    n_features_in_ : int
        Number of features seen during `fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of features seen during `fit`, where all are strings.

    coefs_ : list of ndarray of shape (fan_in, fan_out)
        The weights of each layer, float32 if X was, else float64. `partial_fit` changes them in
        place; weights of a large first layer that learns sparse rows may wait for decay by
        `alpha`, momentum and averages until the attribute is read. With `average`, the average
        weights; until 64 updates, the weights themselves.

    intercepts_ : list of ndarray of shape (fan_out,)
        The intercepts of each layer.

    input_mean_ : ndarray of float64 of shape (`n_features_in_`,)
        What is subtracted from each input, with `standardize`: the mean, or 0 where sparse X was
        learned first.

    input_scale_ : ndarray of float64 of shape (`n_features_in_`,)
        What each input is then divided by, with `standardize`: its standard deviation, or 1.

    n_iter_ : int
        Epochs of the last `fit`, and one for each call of `partial_fit` since.

    t_ : int
        Updates so far.

    loss_ : float
        The loss of the last epoch: the mean per unit of sample weight, each sample's taken before
        its update. inf before the first epoch.

    best_loss_ : float or None
        The lowest loss of an epoch; None after `early_stopping`, as for MLPClassifier.

    loss_curve_ : list of float
        The loss of each epoch, those before a warm start included.

    validation_loss_curve_ : list of float or None
        The log loss of the samples held out, after each epoch that had `early_stopping`.

    validation_scores_ : list of float or None
        Their accuracy.

    best_validation_score_ : float or None
        The highest accuracy.

    n_layers_ : int
        Number of layers, including the input layer.

    n_outputs_ : int
        Number of output units, one for each class or label; two classes have two.

    out_activation_ : str
        The activation of the output layer.

    See Also
    --------
    LossCurveDisplay : Draws the loss of each epoch.
    WeightsDisplay : Draws what the units look for.
    skl_softmaxnet.onnx : Conversion to ONNX.
    sklearn.neural_network.MLPClassifier : Learns from batches, with more solvers.
    sklearn.linear_model.SGDClassifier : Linear models, one sample at a time.

    Notes
    -----
    A sample of weight w makes ⌊w⌋ updates in an epoch, and one more at w − ⌊w⌋ of the rate. The
    weights of equal rows are added up first where `shuffle` is True, then multiplied by
    `class_weight`. Where these products sum to less than the number of samples, or than the sum of
    their sample weights if that is larger, `fit` takes them as relative and scales them to that
    sum; `partial_fit` never scales.

    References
    ----------
    .. [1] D. E. Rumelhart, G. E. Hinton and R. J. Williams, "Learning representations by
       back-propagating errors", Nature 323, 1986.
    .. [2] J. S. Bridle, "Probabilistic interpretation of feedforward classification network
       outputs, with relationships to statistical pattern recognition", Springer, 1990.
    .. [3] L. Bottou, "Stochastic gradient descent tricks", in Neural Networks: Tricks of the
       Trade, Springer, 2012.
    .. [4] O. Shamir and T. Zhang, "Stochastic gradient descent for non-smooth optimization:
       convergence results and optimal averaging schemes", ICML, 2013.
    .. [5] B. T. Polyak and A. B. Juditsky, "Acceleration of stochastic approximation by
       averaging", SIAM Journal on Control and Optimization 30, 1992.
    .. [6] B. Klein, "Softmax as activation function", in the tutorial "Machine learning with
       Python", https://python-course.eu/machine-learning/softmax-as-activation-function.php.

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

    classes_: NDArray[Any]
    n_features_in_: int
    feature_names_in_: NDArray[np.object_]
    intercepts_: list[FloatArray]
    n_iter_: int
    t_: int
    loss_: float
    best_loss_: float | None
    loss_curve_: list[float]
    validation_loss_curve_: list[float] | None
    validation_scores_: list[float] | None
    best_validation_score_: float | None
    n_layers_: int
    n_outputs_: int
    out_activation_: str

    _parameter_constraints: ClassVar[dict] = {
        "hidden_layer_sizes": [Interval(Integral, 1, None, closed="left"), "array-like"],
        "output_activation": [StrOptions({"softmax", "sigmoid"})],
        "activation": [StrOptions({"logistic", "tanh", "relu", "identity"})],
        "loss": [StrOptions({"squared_error", "log_loss"})],
        "backprop": [StrOptions({"error", "gradient"})],
        "fit_intercept": ["boolean"],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "learning_rate": [StrOptions({"constant", "invscaling", "adaptive", "inverse_time"})],
        "decay": [Interval(Real, 0, None, closed="left")],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "power_t": [Interval(Real, 0, None, closed="left")],
        "momentum": [Interval(Real, 0, 1, closed="both")],
        "nesterovs_momentum": ["boolean"],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left"), None],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left"), Options(Real, {np.inf})],
        "average": ["boolean"],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "standardize": ["boolean"],
        "shuffle": ["boolean"],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "warm_start": ["boolean"],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] | NDArray[np.integer] = (100,),
        *,
        output_activation: Literal["softmax", "sigmoid"] = "softmax",
        activation: Literal["logistic", "tanh", "relu", "identity"] = "relu",
        loss: Literal["squared_error", "log_loss"] = "log_loss",
        backprop: Literal["error", "gradient"] = "gradient",
        fit_intercept: bool = True,
        alpha: float = 2e-3,
        learning_rate: Literal["constant", "invscaling", "adaptive", "inverse_time"] = "adaptive",
        decay: float = 0.1,
        learning_rate_init: float = 0.015,
        power_t: float = 0.5,
        momentum: float = 0.0,
        nesterovs_momentum: bool = False,
        max_iter: int = 200,
        tol: float | None = 1e-3,
        n_iter_no_change: float = 4,
        average: bool = False,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        standardize: bool = False,
        shuffle: bool = True,
        class_weight: dict[Any, float] | Literal["balanced"] | None = None,
        warm_start: bool = False,
        random_state: RandomStateLike = None,
        verbose: bool = False,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.output_activation = output_activation
        self.activation = activation
        self.loss = loss
        self.backprop = backprop
        self.fit_intercept = fit_intercept
        self.alpha = alpha
        self.learning_rate = learning_rate
        self.decay = decay
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.max_iter = max_iter
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.average = average
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.standardize = standardize
        self.shuffle = shuffle
        self.class_weight = class_weight
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    # ------------------------------------------------------------------------------------------
    # Learning

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: MatrixLike,
        y: MatrixLike,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: MatrixLike | None = None,
        y_val: MatrixLike | None = None,
    ) -> Self:
        """Train a network on the samples.

        Ctrl-C ends training with a warning and keeps what was learned so far.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples. float32 is trained on as float32, everything else as float64. A
            C-contiguous array or a CSR matrix in its dtype is not copied.

        y : array-like of shape (n_samples,), or {array-like, sparse matrix} of shape \
                (n_samples, n_labels)
            The class labels, of any type; or, with sigmoid outputs, a matrix of 0 and 1 that says
            which of several labels each sample has (multilabel).

        sample_weight : array-like of shape (n_samples,), default=None
            How often each sample counts, at least 0; see the Notes of the class. A sample of weight
            0 is left out.

        X_val : {array-like, sparse matrix} of shape (n_validation_samples, n_features), \
                default=None
            Samples for `early_stopping`, in place of a part of X.

        y_val : array-like of shape (n_validation_samples,) or (n_validation_samples, n_labels), \
                default=None
            Their labels.

        Returns
        -------
        self : SoftmaxMLPClassifier
            The fitted classifier.

        Raises
        ------
        ValueError
            If an argument or a parameter is not as described, fewer than two classes have samples,
            or the loss or a weight stops being finite. A model fitted before is kept.

        See Also
        --------
        partial_fit : One pass over more samples, in the order given.

        Notes
        -----
        With `shuffle` an epoch's order is a random permutation of the rows sorted by what they
        hold, so rows in another order give the same model. They are compared as float32 first:
        data that differ in their last digits, as those of a scaler that was fitted on permuted
        rows, are taken in the same order.

        While training runs, X must not be changed. If a callback or another thread does so, memory
        stays safe, but what is learned is undefined.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from skl_softmaxnet import SoftmaxMLPClassifier
        >>> X, y = load_iris(return_X_y=True, as_frame=True)
        >>> classifier = SoftmaxMLPClassifier(20, tol=None, random_state=0)
        >>> classifier.fit(X, y).score(X, y) > 0.95
        True
        >>> classifier.n_iter_, classifier.t_
        (200, 30000)
        """
        callbacks = FitCallbacks(self, X, y, sample_weight)
        model = self._copy()
        is_new = not (model.warm_start and hasattr(model, "coefs_"))
        X, targets, weights = learn_samples(model, X, y, sample_weight, is_new=is_new)
        if is_new:
            initialize(model, X)
        else:
            check_same_network(model, X)
            check_same_standardization(model)
        validation = given_validation(model, X_val, y_val)
        splits = model.early_stopping and validation is None
        presentations, held_out = list_epoch(model, X, targets, weights, splits=splits)
        if presentations.rows.size == 0:
            raise ValueError(
                "No sample is left to train on: sample_weight times class_weight is zero for all."
            )
        if splits:
            validation = set_aside(model, X, targets, *held_out)
        X = learn_inputs(model, X, presentations)
        training = Training(model, X, targets, validation)
        ended = training.run(presentations, callbacks)
        self._adopt(model)
        callbacks.end()
        training.warn_of_failure(ended)
        return self

    def partial_fit(
        self,
        X: MatrixLike,
        y: MatrixLike,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Continue training with one pass over the samples, in the order given.

        Cutting a stream into chunks in any way gives the same model, with a constant learning rate:
        bit for bit with ``alpha=0``, else to rounding. ``"adaptive"`` is the same as ``"constant"``
        here. Callbacks are ignored.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples, trained on in the dtype of the first call.

        y : array-like of shape (n_samples,), or {array-like, sparse matrix} of shape \
                (n_samples, n_labels)
            The class labels, or which labels each sample has, as in `fit`.

        classes : array-like of shape (n_classes,), default=None
            All class labels that the stream may hold. Needed in the first call, unless `fit` came
            before or y is a matrix of labels.

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
            call or differs from the first call's, y holds a label that `classes` did not name, or
            the loss or a weight stops being finite. The model is then as it was.
        KeyboardInterrupt
            On Ctrl-C. The model is then as it was too or, if Ctrl-C came as the call ended, has
            learned from all of the samples: `t_` tells which.

        See Also
        --------
        fit : As many passes as it takes, in random order.

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn.datasets import make_blobs
        >>> from skl_softmaxnet import SoftmaxMLPClassifier
        >>> X, y = make_blobs(n_samples=300, centers=([2, 6], [6, 2]), random_state=0)
        >>> in_chunks = SoftmaxMLPClassifier(5, random_state=0)
        >>> for start in range(0, 300, 100):
        ...     rows = slice(start, start + 100)
        ...     in_chunks = in_chunks.partial_fit(X[rows], y[rows], classes=[0, 1])
        >>> at_once = SoftmaxMLPClassifier(5, random_state=0).partial_fit(X, y, classes=[0, 1])
        >>> np.allclose(in_chunks.coefs_[0], at_once.coefs_[0], rtol=1e-10)
        True
        """
        if not _stream.learn(self, X, y, classes, sample_weight):
            training = self._partial_fit(X, y, classes, sample_weight)
            if training:
                _stream.remember_training(self, training)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def _partial_fit(self, X, y, classes, sample_weight):
        """Do the same in the ordinary way, which checks everything; return the training, if any."""
        model = self._copy()
        is_new = not hasattr(model, "coefs_")
        X, targets, weights = learn_samples_of_stream(
            model, X, y, classes, sample_weight, is_new=is_new
        )
        if is_new:
            initialize(model, X)
        open_stream(model, X, is_new=is_new)
        presentations = list_stream(model, targets, weights)
        if presentations.rows.size:
            return self._learn_in_place(model, X, targets, presentations)
        self._adopt(model)
        return None

    def _learn_in_place(self, model, X, targets, presentations):
        """Train a copy of the attributes, but the arrays themselves; take over all or nothing."""
        before, n_losses = self.__dict__, len(model.loss_curve_)
        training = Training(model, X, targets, is_stream=True)
        moves_all = model.alpha or model.momentum or model.average or model._is_centred
        inputs = None if moves_all else stored_columns(X)
        steps_back = training.network.steps_back(training.network.snapshot(inputs))
        try:
            training.run_epoch(presentations, inputs=inputs)
            training.show()
            self._adopt(model)
        except BaseException:
            # Python looks for Ctrl-C after calls: after the one here there is nothing left to undo
            self.__dict__ = before
            del model.loss_curve_[n_losses:]
            deque(steps_back, 0)
            raise
        return training

    def _copy(self):
        """Return an estimator with the same attributes, which share their arrays and lists.

        What is learned is set on such a copy, and taken over when all has succeeded.
        """
        _stream.settle(self)
        model = object.__new__(type(self))
        model.__dict__ = self.__dict__.copy()
        return model

    def _adopt(self, model):
        """Take the attributes of a copy, in one assignment that nothing can end halfway.

        Parameters stay as they are, which another thread may have set in the meantime, and what a
        callback has added.
        """
        _stream.forget(self)
        taken = vars(model).keys() - self._parameter_constraints.keys() | {"feature_names_in_"}
        own = {name: value for name, value in vars(self).items() if name not in taken}
        self.__dict__ = vars(model) | own

    # ------------------------------------------------------------------------------------------
    # What training is given

    def _validate_params(self):
        """Validate the parameters, which `fit` asks for by its decorator."""
        super()._validate_params()
        if self.learning_rate_init * self.alpha >= 1:
            raise ValueError(
                f"alpha={self.alpha!r} is too large: one update multiplies the weights by "
                "1 - learning_rate_init * alpha, which must be above 0, with "
                f"learning_rate_init={self.learning_rate_init!r}."
            )

    # ------------------------------------------------------------------------------------------
    # The network, and what training leaves behind

    @property
    def input_mean_(self) -> FloatArray:
        """What is subtracted from each input."""
        return self._statistics()[0]

    @property
    def input_scale_(self) -> FloatArray:
        """What each input is divided by."""
        return self._statistics()[1]

    def _statistics(self):
        if getattr(self, "_input_moments", None) is None:
            raise AttributeError("The network was not trained with standardize=True.")
        return statistics(self)

    @property
    def coefs_(self) -> list[FloatArray]:
        """The weights of each layer."""
        _stream.settle(self)
        try:
            return self.__dict__["coefs_"]
        except KeyError:
            raise AttributeError("The network has no weights before it is trained.") from None

    @coefs_.setter
    def coefs_(self, coefs):
        _stream.settle(self)
        self.__dict__["coefs_"] = coefs

    @coefs_.deleter
    def coefs_(self):
        _stream.settle(self)
        del self.__dict__["coefs_"]

    @property
    def _dtype(self):
        """What a network computes in."""
        return np.float32 if np.asarray(self.coefs_[0]).dtype == np.float32 else np.float64

    def __getstate__(self):
        """The attributes, with a bool in place of a second reference to each array.

        Not every format of files keeps it that two references are to one array.
        """
        _stream.settle(self)
        state = dict(super().__getstate__())
        if "_learned" in state:
            state["_learned"] = not has_new_weights(self)
        return state

    def __setstate__(self, state):
        """Set the attributes of a copy or a loaded estimator."""
        super().__setstate__(state)
        if "_learned" in state:
            self._learned = []
            if state["_learned"] is True:
                lay_out_loaded(self)

    # ------------------------------------------------------------------------------------------
    # Predicting

    def decision_function(self, X: MatrixLike) -> FloatArray:
        """Decision values of the samples.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        decision : ndarray of shape (n_samples,) or (n_samples, n_classes)
            For two classes, the value of the second output less that of the first, so that the
            probability of the second class is σ(decision). Otherwise a value for each class, the
            sums z of softmax outputs or log σ(z) of sigmoid outputs, so that
            softmax(decision) are the probabilities. For multilabel targets the sums z, so that
            σ(decision) are the probabilities.

        Raises
        ------
        ValueError
            If X is not as described, has another number of features than in `fit`, or is so large
            that sums of the network overflow.

        See Also
        --------
        predict_proba : The probabilities.

        Examples
        --------
        >>> from scipy.special import softmax
        >>> from sklearn.datasets import load_iris
        >>> from skl_softmaxnet import SoftmaxMLPClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> classifier = SoftmaxMLPClassifier(10, tol=None, random_state=0).fit(X, y)
        >>> decision = classifier.decision_function(X)
        >>> bool(abs(softmax(decision, axis=1) - classifier.predict_proba(X)).max() < 1e-12)
        True
        """
        return self._predict(X, lambda decisions, multilabel: decisions)

    def predict(self, X: MatrixLike) -> NDArray[Any]:
        """Predict the class of each sample.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_labels)
            The most probable class of each sample; for multilabel targets, 1 for each label whose
            probability is above one half, else 0.

        Raises
        ------
        ValueError
            As in `decision_function`.

        See Also
        --------
        predict_proba : How sure the network is of it.

        Examples
        --------
        >>> from skl_softmaxnet import SoftmaxMLPClassifier
        >>> X, y = [[0.0], [0.1], [0.9], [1.0]], ["low", "low", "high", "high"]
        >>> classifier = SoftmaxMLPClassifier(5, learning_rate_init=0.5, tol=None, random_state=0)
        >>> print(classifier.fit(X, y).predict([[0.2], [0.8]]))
        ['low' 'high']
        """
        predicted = self._predict(X, _outputs.most_probable)
        return predicted if self._multilabel else self.classes_[predicted]

    def predict_proba(self, X: MatrixLike) -> FloatArray:
        """Return the probability of each class.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            The probability of each class, in the order of `classes_`; rows sum to one. For
            multilabel targets, of each label on its own.

        Raises
        ------
        ValueError
            As in `decision_function`.

        See Also
        --------
        predict_log_proba : Their logarithms, exact where they are tiny.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from skl_softmaxnet import SoftmaxMLPClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> for output_activation in ("softmax", "sigmoid"):
        ...     classifier = SoftmaxMLPClassifier(
        ...         10, output_activation=output_activation, tol=None, random_state=0
        ...     ).fit(X, y)
        ...     print(classifier.predict_proba(X).sum(axis=1).round(12).min())
        1.0
        1.0
        """
        return self._predict(X, _outputs.probabilities)

    def predict_log_proba(self, X: MatrixLike) -> FloatArray:
        """Return the logarithm of the probability of each class.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The samples.

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes)
            The logarithm of each probability, computed directly, so that it is finite even where
            the probability rounds to zero.

        Raises
        ------
        ValueError
            As in `decision_function`.

        See Also
        --------
        predict_proba : The probabilities themselves.

        Examples
        --------
        >>> from skl_softmaxnet import SoftmaxMLPClassifier
        >>> classifier = SoftmaxMLPClassifier((), loss="log_loss", tol=None, random_state=0)
        >>> classifier = classifier.fit([[-1.0], [1.0]], [0, 1])
        >>> print(classifier.predict_proba([[5000.0]])[0, 0])
        0.0
        >>> print(classifier.predict_log_proba([[5000.0]])[0, 0] > -100_000)
        True
        """
        return self._predict(X, _outputs.log_probabilities)

    def _predict(self, X, from_decisions):
        """Apply a function of the decision values to X."""
        z = _stream.sum_outputs(self, X)  # (n, K)
        if z is not None:
            decisions = _outputs.decision(z, self.out_activation_, self._multilabel)
            return from_decisions(decisions, self._multilabel)
        check_is_fitted(self)
        model = self._copy()  # another thread may take over other weights meanwhile
        X = check_rows(model, X)

        def from_sums(z):  # (n, K)
            if not np.isfinite(z).all():
                raise ValueError("X holds values that are too large: sums of the network overflow.")
            decisions = _outputs.decision(z, model.out_activation_, model._multilabel)
            return from_decisions(decisions, model._multilabel)

        forward_pass = open_forward_pass(model)
        sums = sums_of(model, forward_pass)
        values = _outputs.in_chunks(from_sums, sums, X, len(model.classes_))
        _stream.remember_forward_pass(self, model, forward_pass, X.shape[0])
        return values

    # ------------------------------------------------------------------------------------------
    # What scikit-learn asks

    _doc_link_module = "skl_softmaxnet"
    _doc_link_template = DOCUMENTATION + "generated/{estimator_module}.{estimator_name}.html"

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.classifier_tags.multi_label = self.output_activation == "sigmoid"
        return tags

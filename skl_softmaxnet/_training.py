"""The epoch loop: present, record, report, and see whether to go on."""

import math
import warnings
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import scipy.sparse as sp
from sklearn.utils import gen_batches

from . import _outputs

# Values looked at in one go, which fit into a cache.
_VALUES_AT_ONCE = 1 << 16

# How long the engine runs before Python gets a word in, to see Ctrl-C; counted in presentations.
_SECONDS_PER_SLICE = 0.2


@dataclass
class History:
    """What training has done so far.

    Attributes
    ----------
    n_epochs : int
        Epochs completed.

    n_presentations : int
        Samples presented, a fraction of the rate counting as one.

    loss_curve : list of float
        The mean loss per unit of weight in each epoch, each sample's taken before its update.

    best_loss : float
        The least of them.

    validation_scores : list of float
        The score on the validation set after each epoch that had one.

    validation_epochs : list of int
        The numbers of these epochs; the first of all epochs is 1.

    best_score : float
        The highest of them.

    n_without_improvement : int
        Epochs in a row in which the loss or, where there is a validation set, its score was not
        better than the best by the tolerance.

    rate_divisor : float
        What "adaptive" has come to divide the learning rate by.

    has_new_weights : bool
        Whether the next epoch starts from weights that a user has put in.
    """

    n_epochs: int = 0
    n_presentations: int = 0
    loss_curve: list = field(default_factory=list)
    best_loss: float = math.inf
    validation_scores: list = field(default_factory=list)
    validation_epochs: list = field(default_factory=list)
    best_score: float = -math.inf
    n_without_improvement: int = 0
    rate_divisor: float = 1.0
    has_new_weights: bool = False

    def record(self, loss, score, tol):
        """Note the loss of a completed epoch, and its validation score or None."""
        if score is None:
            improved = tol is None or loss <= self.best_loss - tol
        else:
            improved = tol is None or score >= self.best_score + tol
        best_loss = min(self.best_loss, loss)
        # Python looks for Ctrl-C after calls: from here on there is none, to note all or nothing
        self.n_epochs += 1
        self.n_without_improvement = 0 if improved else self.n_without_improvement + 1
        self.best_loss = best_loss
        self.loss_curve += [loss]
        if score is not None:
            self.validation_scores += [score]
            self.validation_epochs += [self.n_epochs]
            self.best_score = score if score > self.best_score else self.best_score


class Training:
    """Train an engine's weights on one data set.

    Parameters
    ----------
    engine : NumpyEngine or CompiledEngine
        Works on the weights of `state`.

    X : ndarray or CSR array of shape (n_samples, n_features)
    targets : ndarray of int32 of shape (n_samples,) or CSR array of shape (n_samples, n_outputs)

    state : NetworkState
    activation : str
    history : History
        Continued by what is done here.

    schedule : Schedule
        Determines the learning rate of each epoch.

    validation : Validation, default=None
        The samples that the network is scored on after each epoch.

    callbacks : FitCallbacks, default=None
        What is told of each epoch, and may stop training.

    verbose : bool, default=False
        Whether to print a line an epoch.
    """

    def __init__(
        self,
        engine,
        X,
        targets,
        state,
        activation,
        history,
        schedule,
        *,
        validation=None,
        callbacks=None,
        verbose=False,
    ):
        self.engine = engine
        self.X = X
        self.targets = targets
        self.state = state
        self.activation = activation
        self.history = history
        self.schedule = schedule
        self.validation = validation
        self.callbacks = callbacks
        self.verbose = verbose
        seconds = engine.seconds_per_presentation
        self.slice_size = max(1, int(_SECONDS_PER_SLICE / seconds))

    def restorer(self, rows=None):
        """Return a function that takes back what `run` does in place to state and history.

        For the meaning of `rows` see `run`.
        """
        restore_state, curve = self.state.restorer(rows), self.history.loss_curve
        n_losses = len(curve)

        def restore():
            restore_state()
            del curve[n_losses:]

        return restore

    def run(
        self, epochs, *, tol=None, n_iter_no_change=math.inf, rows=None, interrupt_is_error=False
    ):
        """Run epochs until they end, training stops to improve or the user interrupts.

        Parameters
        ----------
        epochs : iterable of Presentations
            What each epoch presents, in its order.

        tol : float or None, default=None
            Training converges when its loss, or the validation score, fails to improve by this
            much for more than `n_iter_no_change` epochs in a row; None for no such test.

        n_iter_no_change : int or inf, default=inf
            See `tol`.

        rows : ndarray of intp, default=None
            The rows of the first layer that training changes, None for all.

        interrupt_is_error : bool, default=False
            Whether an interrupt by the user is raised, where it else ends training with a warning.

        Returns
        -------
        ended : bool
            Whether all epochs were run, and nothing came to stop training.

        Raises
        ------
        ValueError
            If the loss of an epoch or a weight is not finite.
        KeyboardInterrupt
            With `interrupt_is_error`.
        """
        try:
            for presentations in epochs:
                if self.callbacks:
                    self.callbacks.begin_epoch()
                loss = self.present(presentations)
                self.check_finite(loss, rows)
                self.record(loss, tol)
                self.report()
                converged = self.converges(n_iter_no_change)
                if (self.callbacks and self.callbacks.end_epoch(self)) or converged:
                    return False
        except KeyboardInterrupt:
            if interrupt_is_error:
                raise
            self.engine.catch_up()
            self.check_finite(0.0, rows)  # a network that has diverged is none to keep
            warnings.warn("Training interrupted by user.", stacklevel=4)  # the line that called fit
            return False
        finally:
            # from the engine, whose count an interrupt cannot leave behind the weights
            self.history.n_presentations = self.engine.n_presented
        return True

    def present(self, presentations):
        """Run one epoch in slices, and return its mean loss per unit of weight."""
        rate = self.schedule.rate(self.history)
        total = 0.0
        for rows, fractions in presentations.slices(self.slice_size):
            total += self.engine.run(self.X, self.targets, rows, fractions, rate)
        self.engine.catch_up()
        self.history.n_presentations = self.engine.n_presented
        return total / presentations.total_weight

    def check_finite(self, loss, rows):
        """Stop in the epoch in which training has diverged."""
        largest = self.engine.largest_weight(rows)
        if not math.isfinite(loss):
            problem = f"its loss is {loss}"
        elif not math.isfinite(largest):
            problem = "a weight is not finite"
        elif self.sums_may_overflow(largest) and not self.has_finite_outputs():
            problem = f"its weights, up to {largest:.0e}, give sums that are not finite"
        else:
            return
        raise ValueError(
            f"Training diverged in epoch {self.history.n_epochs + 1}: {problem}. "
            "Scale the inputs (for example with StandardScaler), or lower learning_rate_init, "
            f"which is {self.schedule.learning_rate_init}."
        )

    def sums_may_overflow(self, largest_weight):
        """Tell whether finite weights could make sums that are not, by a bound on them."""
        coefs = self.state.weights[0]
        bound = self.largest_input
        for weights in coefs:
            bound = (max(bound, 1.0) * len(weights) + 1.0) * largest_weight
        return not bound < float(np.finfo(coefs[0].dtype).max)

    @cached_property
    def largest_input(self):
        """The largest magnitude in X."""
        values = (self.X.data if sp.issparse(self.X) else self.X).ravel()
        largest = 0.0
        for part in gen_batches(values.size, _VALUES_AT_ONCE):
            largest = max(largest, float(values[part].max()), -float(values[part].min()))
        return largest

    def has_finite_outputs(self):
        """Tell whether the network, as a user would see it, has finite sums for all samples."""
        coefs, intercepts = self.state.shown

        def are_finite(X):
            with np.errstate(all="ignore"):
                return np.isfinite(_outputs.sums(X, coefs, intercepts, self.activation))

        return _outputs.in_chunks(are_finite, self.X, [weights.shape[1] for weights in coefs]).all()

    def record(self, loss, tol):
        """Note how the epoch went, and set the rate of the next."""
        score = None
        if self.validation:
            score = self.validation.score(self.state)
            if score > self.history.best_score:
                self.validation.keep(self.state)
        self.history.record(loss, score, tol)
        self.schedule.end_epoch(self.history)

    def converges(self, n_iter_no_change):
        """Tell whether training has stopped to improve, at a rate that is not to be lowered."""
        if self.history.n_without_improvement <= n_iter_no_change:
            return False
        self.history.n_without_improvement = 0
        return not self.schedule.lower(self.history)

    def report(self):
        """Print the epoch just recorded, if wanted."""
        if self.verbose:
            line = f"Iteration {self.history.n_epochs}, loss = {self.history.loss_curve[-1]:.8f}"
            if self.validation:
                line += f", validation score = {self.history.validation_scores[-1]:f}"
            print(line)

    @property
    def result(self):
        """The state that training ends with: the best on the validation set, if there is one."""
        return (self.validation and self.validation.best_state) or self.state

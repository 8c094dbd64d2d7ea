"""The epoch loop: present, record, report, and see whether to go on."""

import math
import warnings
from dataclasses import dataclass, field

from sklearn.exceptions import ConvergenceWarning

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

    n_without_improvement : int
        Epochs in a row in which the loss did not fall below `best_loss` by the tolerance.
    """

    n_epochs: int = 0
    n_presentations: int = 0
    loss_curve: list = field(default_factory=list)
    best_loss: float = math.inf
    n_without_improvement: int = 0

    def record(self, loss, tol):
        """Note the loss of a completed epoch."""
        self.n_epochs += 1
        self.loss_curve.append(loss)
        improved = tol is None or loss <= self.best_loss - tol
        self.n_without_improvement = 0 if improved else self.n_without_improvement + 1
        self.best_loss = min(self.best_loss, loss)


class Training:
    """Train an engine's weights on one data set.

    Parameters
    ----------
    engine : NumpyEngine or CompiledEngine
        Holds the weights.

    X : ndarray or CSR array of shape (n_samples, n_features)
    targets : ndarray of intp of shape (n_samples,)

    history : History
        Continued by what is done here.

    learning_rate_init : float
        The rate η.

    verbose : bool
        Whether to print a line an epoch.
    """

    def __init__(self, engine, X, targets, history, *, learning_rate_init, verbose):
        self.engine = engine
        self.X = X
        self.targets = targets
        self.history = history
        self.rate = learning_rate_init
        self.verbose = verbose
        seconds = engine.seconds_per_presentation
        self.slice_size = max(1, int(_SECONDS_PER_SLICE / seconds))

    def run(self, epochs, *, tol=None, n_iter_no_change=math.inf):
        """Run epochs until they end, the loss stops falling or the user interrupts.

        Parameters
        ----------
        epochs : iterable of Presentations
            What each epoch presents, in its order.

        tol : float or None, default=None
            Training converges when the loss fails to fall by this much for more than
            `n_iter_no_change` epochs in a row; None for no such test.

        n_iter_no_change : int or inf, default=inf
            See `tol`.

        Raises
        ------
        ValueError
            If the loss of an epoch is not finite.
        """
        presented_before = self.history.n_presentations - self.engine.n_presented
        try:
            for presentations in epochs:
                loss = self.present(presentations)
                self.check_finite(loss)
                self.history.record(loss, tol)
                self.report()
                if self.history.n_without_improvement > n_iter_no_change:
                    return
        except KeyboardInterrupt:
            warnings.warn("Training interrupted by user.", stacklevel=5)
            return
        finally:
            # from the engine, whose count an interrupt cannot leave behind the weights
            self.history.n_presentations = presented_before + self.engine.n_presented
        if tol is not None:
            warnings.warn(
                f"Stochastic optimizer: maximum iterations ({self.history.n_epochs}) reached and "
                "the optimization hasn't converged yet. Raise max_iter, or set tol=None to train "
                "for max_iter epochs with no test.",
                ConvergenceWarning,
                stacklevel=5,  # the line that called fit
            )

    def present(self, presentations):
        """Run one epoch in slices, and return its mean loss per unit of weight."""
        total = 0.0
        for rows, fractions in presentations.slices(self.slice_size):
            total += self.engine.run(self.X, self.targets, rows, fractions, self.rate)
        return total / presentations.total_weight

    def check_finite(self, loss):
        """Stop in the epoch in which training has diverged."""
        if not math.isfinite(loss):
            raise ValueError(
                f"Training diverged in epoch {self.history.n_epochs + 1}: its loss is {loss}. "
                "Scale the inputs (for example with StandardScaler), or lower learning_rate_init, "
                f"which is {self.rate}."
            )

    def report(self):
        """Print the epoch just recorded, if wanted."""
        if self.verbose:
            print(f"Iteration {self.history.n_epochs}, loss = {self.history.loss_curve[-1]:.8f}")

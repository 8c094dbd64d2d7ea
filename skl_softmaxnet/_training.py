"""The epoch loop: present, score, record, and see whether to stop.

Training works on a network and on the plain attributes of a model, an estimator that nobody else
sees until training has succeeded: `loss_curve_`, `loss_`, `best_loss_`, `n_iter_`, `t_`,
`validation_scores_`, `best_validation_score_`, and beside them

================================ ==============================================================
`_validation_epochs`             the numbers of the epochs that have a score; the first is 1
`_reference`                     the least loss, or validation loss, that counts for `tol`
`_no_improvement_count`          epochs in a row that were not better than it by `tol`
`_n_lowered`                     how often "adaptive" has lowered the rate
`_schedule_start`                t and the number of epochs from which the schedule counts
`_has_converged`                 whether the last `fit` ended by itself
================================ ==============================================================
"""

import math

from sklearn.exceptions import ConvergenceWarning

from . import _engine
from ._functions import loss_of_frequencies
from ._network import open_network, restart_schedule, show_network
from ._schedules import Schedule
from ._standardization import learn_stream
from ._warnings import warn

# How long the engine runs before Python gets a word in, to see Ctrl-C; counted in presentations.
_SECONDS_PER_SLICE = 0.2

# A multiple of the presentations that an engine makes a block of.
_MOST_IN_BLOCK = 64

# Of what the frequencies of the classes alone lose: a network with less has begun to learn.
_LEARNED = 0.9

# Presentations after which patience counts in any case.
_BEGINNING = 10_000

# The share of the same loss that a network may lose again.
_LOST = 0.1

# What grows by an epoch, in place.
_CURVES = ("loss_curve_", "validation_loss_curve_", "validation_scores_", "_validation_epochs")


class Training:
    """Train a model on one data set, from where it is.

    Parameters
    ----------
    model : SoftmaxMLPClassifier
        Its attributes are changed by what is done here.

    X : ndarray or CSR array of shape (n_samples, n_features)
    targets : ndarray of int32 of shape (n_samples,) or CSR array of shape (n_samples, n_outputs)

    validation : Validation or None
        The samples that the network is scored on after each epoch.

    is_stream : bool
        Whether the arrays of the model itself change, by `partial_fit`; copies do in `fit`.
    """

    def __init__(self, model, X, targets, validation=None, *, is_stream=False):
        _engine.warn_once_without_compiled()
        self.model = model
        self.network = open_network(model, in_place=is_stream)
        self.engine = _engine.Engine(self.network, model, blocks=not is_stream)
        # a stream has no epochs whose losses could be compared
        is_constant = is_stream and model.learning_rate == "adaptive"
        self.schedule = Schedule(
            "constant" if is_constant else model.learning_rate,
            *map(float, (model.learning_rate_init, model.decay, model.power_t)),
        )
        if model.best_loss_ is None:  # after early stopping
            model.best_loss_ = model._reference = min(model.loss_curve_, default=math.inf)
        self.X = X
        self.targets = targets
        self.validation = validation
        self.learns_inputs = is_stream and model._input_moments is not None
        self.best = None  # a snapshot of the network with the best validation score
        size = max(1, int(_SECONDS_PER_SLICE / self.engine.seconds_per_presentation(X)))
        self.slice_size = size // _MOST_IN_BLOCK * _MOST_IN_BLOCK or size

    def run(self, presentations, callbacks):
        """Run epochs until there were `max_iter`, training stops improving or is interrupted.

        Returns
        -------
        ended : bool
            Whether all epochs were run, and nothing came to stop training.

        Raises
        ------
        ValueError
            If the loss of an epoch or a weight is not finite.
        """
        model = self.model
        self.begin(presentations)
        try:
            for _ in range(model.max_iter):
                callbacks.begin_epoch()
                epoch = presentations
                if model.shuffle:
                    epoch = presentations.shuffle(model._seed, len(model.loss_curve_))
                self.run_epoch(epoch, model.tol)
                converged = self.converges()
                if callbacks.end_epoch(self.attributes_now) or converged:
                    return False
            return True
        except KeyboardInterrupt:
            self.engine.settle()
            self.check_finite(0.0)  # a network that has diverged is none to keep
            warn("Training interrupted by user.")
            return False
        finally:
            self.end()

    def begin(self, presentations):
        """Set up the attributes of a `fit`; what an early stopped network was may stay the best."""
        model = self.model
        frequencies = presentations.frequencies(self.targets, model.n_outputs_)
        self.chance = loss_of_frequencies(frequencies, model.loss, model.out_activation_)
        if model._has_converged:
            restart_schedule(model)
        model.n_iter_ = 0
        model.loss_curve_ = list(model.loss_curve_)
        model._validation_epochs = list(model._validation_epochs)
        if not self.validation:
            return
        model.best_loss_ = None
        model.validation_scores_ = list(model.validation_scores_ or ())
        model.validation_loss_curve_ = list(model.validation_loss_curve_ or ())
        model._reference, model.best_validation_score_ = math.inf, -math.inf
        if model.t_ > 0:
            model._reference, model.best_validation_score_ = self.measure()
            self.best = self.network.snapshot()

    def end(self):
        """Go back to the best network, and show it."""
        if self.best:
            self.network.rollback(self.best)
        self.show()

    def show(self):
        """Set the attributes that show the network."""
        # the engine's count, which an interrupt cannot leave behind the weights
        self.model.t_ = self.engine.t
        show_network(self.model, self.network)

    def run_epoch(self, presentations, tol=None, inputs=None):
        """Present, score and record one epoch, of the given inputs, None for all."""
        loss = self.present(presentations)
        self.check_finite(loss, inputs)
        measured = self.validation and self.measure()
        is_best = measured and measured[0] < self.model._reference
        self.record(loss, measured, tol, self.network.snapshot() if is_best else self.best)
        self.report()

    def present(self, presentations):
        """Run one epoch in slices, and return its mean loss per unit of weight."""
        rate, total = self.rate(), 0.0
        # where t is such a multiple a block ends, so that a slice which ends there cuts none
        n_before = self.engine.t % min(_MOST_IN_BLOCK, self.slice_size)
        for rows, fractions in presentations.slices(self.slice_size, n_before):
            for part in self.prepare(rows, fractions):
                total += self.engine.run(*part, rate)
        self.engine.settle()
        return total / presentations.total_weight

    def rate(self):
        """Return the learning rate of the epoch to come."""
        t, n_epochs = self.model._schedule_start
        return self.schedule.rate(
            self.engine.t - t, len(self.model.loss_curve_) - n_epochs, self.model._n_lowered
        )

    def prepare(self, rows, fractions):
        """Return what the engine is to run, in parts: X as it is or, in a stream, standardized."""
        part = self.X, self.targets, rows, fractions
        return learn_stream(self.model, *part) if self.learns_inputs else [part]

    def check_finite(self, loss, inputs=None):
        """Stop in the epoch in which training has diverged."""
        if not math.isfinite(loss):
            self.fail(f"its loss is {loss}")
        if not self.engine.is_finite(inputs):
            self.fail("a weight is not finite")

    def measure(self):
        """Return the held-out samples' log loss, if it is finite, and accuracy."""
        loss, accuracy = self.validation.measure(self.network)
        if not math.isfinite(loss):
            self.fail(f"its validation loss is {loss}")
        return loss, accuracy

    def fail(self, problem):
        """Raise the error of a training that has diverged."""
        raise ValueError(
            f"Training diverged in epoch {len(self.model.loss_curve_) + 1}: {problem}. "
            f"{self.advice()}"
        )

    def advice(self):
        """What to do where training fails."""
        advice = "Scale the inputs (standardize=True, or StandardScaler), or lower"
        if self.model.standardize:
            advice = "Lower"
        advice += f" learning_rate_init, which is {self.schedule.learning_rate_init}."
        if len(self.network.weights[0]) > 2 and self.model.backprop == "error":
            advice += ' With several hidden layers, backprop="gradient" may help.'
        return advice

    def warn_of_failure(self, ended):
        """Warn if a test of convergence was wanted and the end of `run` is not a good one."""
        model = self.model
        problems = self.failure() if ended or model._has_converged else []
        if ended:
            problems[:0] = [
                f"Stochastic optimizer: maximum iterations ({model.max_iter}) reached and the "
                "optimization hasn't converged yet. Raise max_iter, or set tol=None to train for "
                "max_iter epochs with no test."
            ]
        if problems and model.tol is not None:
            warn(" ".join(problems), ConvergenceWarning)

    def failure(self):
        """List in sentences what is wrong where nothing was learned, or lost again."""
        model, problem = self.model, None
        best = min(model.loss_curve_[-model.n_iter_ :])
        if not model.loss_ <= _LEARNED * self.chance:
            problem = (
                f"The network has learned next to nothing: its loss is {model.loss_:.3g}, and the "
                f"frequencies of the classes alone give {self.chance:.3g}."
            )
        elif not self.validation and model.loss_ > best + _LOST * self.chance:
            problem = (
                f"The network has lost what it had learned: its loss is {model.loss_:.3g}, and was "
                f"{best:.3g}."
            )
        return [problem, self.advice()] if problem else []

    def record(self, loss, measured, tol, best):
        """Note an epoch's loss, what was measured on held-out samples, and the best network."""
        model = self.model
        judged = measured[0] if measured else loss
        improved = tol is None or judged <= model._reference - tol or not self.has_begun(loss)
        reference = min(model._reference, judged)
        if measured:
            best_score = max(model.best_validation_score_, measured[1])
        else:
            best_loss = min(model.best_loss_, loss)
        n_lowered = model._n_lowered if self.schedule.learning_rate == "adaptive" else 0
        n_epochs = len(model.loss_curve_) + 1
        # Python looks for Ctrl-C after calls: from here on there is none, to note all or nothing
        model.loss_curve_ += [loss]
        model.loss_ = loss
        model.n_iter_ += 1
        model._no_improvement_count = 0 if improved else model._no_improvement_count + 1
        model._n_lowered = n_lowered
        model._reference = reference
        if not measured:
            model.best_loss_ = best_loss
        else:
            model.validation_loss_curve_ += [measured[0]]
            model.validation_scores_ += [measured[1]]
            model._validation_epochs += [n_epochs]
            model.best_validation_score_ = best_score
            self.best = best

    def has_begun(self, loss):
        """Tell whether training has come so far that a plateau may be its end.

        Before, the loss may stay for many epochs at what the frequencies of the classes give.
        """
        t, _ = self.model._schedule_start
        return loss < _LEARNED * self.chance or self.engine.t - t >= _BEGINNING

    def report(self):
        """Print the epoch just recorded, if wanted."""
        if self.model.verbose:
            line = f"Iteration {self.model.n_iter_}, loss = {self.model.loss_:.8f}"
            if self.validation:
                line += f", validation loss = {self.model.validation_loss_curve_[-1]:.8f}"
                line += f", validation score = {self.model.validation_scores_[-1]:f}"
            print(line)

    def converges(self):
        """Tell whether training has stopped improving, at a rate that is not to be lowered."""
        model = self.model
        if model.tol is None or model._no_improvement_count <= model.n_iter_no_change:
            return False
        model._no_improvement_count = 0
        if not self.schedule.can_lower(model._n_lowered):
            model._has_converged = True
            return True
        model._n_lowered += 1
        return False

    def attributes_now(self):
        """The attributes of the estimator if training stopped now, for callbacks to keep."""
        network = self.network.copy()
        if self.best:
            network.rollback(self.best)
        model = self.model._copy()
        model.t_ = self.engine.t
        show_network(model, network)
        attributes = vars(model)
        return attributes | {k: [*v] for k, v in attributes.items() if k in _CURVES and v}

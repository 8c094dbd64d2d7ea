"""scikit-learn's callbacks, where it has them: since its version 1.9."""

try:
    from sklearn.callback import CallbackSupportMixin
except ImportError:  # before 1.9

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Nothing to support."""


class FitCallbacks:
    """Tell the callbacks of an estimator of its `fit`: one task for the whole, one an epoch.

    Parameters
    ----------
    estimator : SoftmaxMLPClassifier
        The estimator that is fitted. Its callbacks are told through it.

    X, y, sample_weight
        What `fit` was given.

    attributes : callable
        Called with the training that is under way, returns the attributes that the estimator would
        have if it stopped now.
    """

    def __init__(self, estimator, X, y, sample_weight, attributes):
        self.told = {
            "estimator": estimator,
            "X": X,
            "y": y,
            "metadata": None if sample_weight is None else {"sample_weight": sample_weight},
        }
        self.attributes = attributes
        self.context = estimator._init_callback_context(max_subtasks=estimator.max_iter)
        self.context.call_on_fit_task_begin(**self.told)
        self.epoch = None

    @classmethod
    def of(cls, estimator, *fit_arguments):
        """Return the callbacks of an estimator, None where it has none."""
        if not getattr(estimator, "_skl_callbacks", None):
            return None
        return cls(estimator, *fit_arguments)

    def begin_epoch(self):
        """Tell of an epoch that begins."""
        self.epoch = self.context.subcontext(task_name="epoch")
        self.epoch.call_on_fit_task_begin(**self.told)

    def end_epoch(self, training):
        """Tell of an epoch's end; return whether a callback asks to stop."""
        return self.epoch.call_on_fit_task_end(
            **self.told, reconstruction_attributes=lambda: self.attributes(training)
        )

    def end(self):
        """Tell that the estimator is fitted."""
        self.context.call_on_fit_task_end(**self.told, reconstruction_attributes={})

"""scikit-learn's callbacks, where it has them: since its version 1.9."""

try:
    from sklearn.callback import CallbackSupportMixin
except ImportError:  # before 1.9

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Nothing to support."""


class FitCallbacks:
    """Tell the callbacks of an estimator of its `fit`: one task for the whole, one an epoch.

    An estimator without callbacks has nothing to tell, and pays nothing for it.
    """

    def __init__(self, estimator, X, y, sample_weight):
        self.context = self.epoch = None
        if not getattr(estimator, "_skl_callbacks", None):
            return
        self.told = {
            "estimator": estimator,
            "X": X,
            "y": y,
            "metadata": None if sample_weight is None else {"sample_weight": sample_weight},
        }
        self.context = estimator._init_callback_context(max_subtasks=estimator.max_iter)
        self.context.call_on_fit_task_begin(**self.told)

    def begin_epoch(self):
        """Tell of an epoch that begins."""
        if self.context:
            self.epoch = self.context.subcontext(task_name="epoch")
            self.epoch.call_on_fit_task_begin(**self.told)

    def end_epoch(self, attributes):
        """Tell of an epoch's end; return whether a callback asks to stop.

        `attributes` is a function that returns what the estimator would have if it stopped now.
        """
        return self.context and self.epoch.call_on_fit_task_end(
            **self.told, reconstruction_attributes=attributes
        )

    def end(self):
        """Tell that the estimator is fitted."""
        if self.context:
            self.context.call_on_fit_task_end(**self.told, reconstruction_attributes={})

"""The short way for a few rows: what was checked once is not checked again.

A call of `partial_fit` or of a predict method with a few rows, in which nothing was wrong, leaves a
record of what it found: all attributes of the estimator, its weights, its labels, and the engine
that is set up for them. As long as the attributes are the same objects, the next few rows go
straight to that engine, if they are finite, of the same width and type, and their labels are known.
Whatever is unexpected takes the ordinary way, which checks everything and raises what is to be
raised; so nothing here has an error or a warning of its own.

Weights of a large first layer that sparse rows do not need wait from one call to the next for their
decay, momentum and average: see `settle` in `_engine/_run.h`. The engine in a record knows what
waits, so no record is dropped before it has settled.

Records are kept beside the estimators, not in them: copies and files know nothing of them, and each
goes with its estimator.
"""

from __future__ import annotations

import gc
import math
from functools import partial
from numbers import Real
from weakref import ref

import scipy.sparse as sp
from sklearn import get_config

from . import _engine
from ._engine import MOST_PRESENTATIONS
from ._few_rows import are_labels, find_labels, take_rows, weigh
from ._network import has_new_weights, lies_in_blocks
from ._weights import multipliers_of_classes

# How long the presentations of a short call may take: other threads wait for it.
_MOST_SECONDS = 0.01

# By the identity of an estimator, which need not be hashable: a weak reference, and the record.
_records: dict[int, tuple[ref, _Record]] = {}

# Attributes that hold other objects, but never the estimator.
_CONTAINERS = {
    "coefs_",
    "intercepts_",
    "loss_curve_",
    "validation_loss_curve_",
    "validation_scores_",
    "_learned",
    "_schedule_start",
    "_validation_epochs",
    "_velocities",
    "_weights",
}


class _Record:
    """What was found of a model: an estimator's attributes that nobody else changes.

    Attributes
    ----------
    attributes : dict
        Those of the estimator, by name.

    coefs, intercepts : list of ndarray
        What is in the lists `coefs_` and `intercepts_`.

    names : list of str or None
        The names of the features.

    labels, indices : list and dict
        The labels in `classes_`, and the index of each; no index where a sample may have several.

    forward_pass : object or None
        As :meth:`~skl_softmaxnet._engine.Engine.forward_pass` returns it, once there was a
        prediction.

    training : Training or None
        As it is set up for the rows of a stream, once there was a `partial_fit`.

    class_weight, multipliers : dict and list of float, or None
        What the parameter holds, and what it multiplies the weight of each class by.
    """

    def __init__(self, model):
        self.attributes = dict(vars(model))
        self.coefs, self.intercepts = list(model.coefs_), list(model.intercepts_)
        names = getattr(model, "feature_names_in_", None)
        self.names = None if names is None else names.tolist()
        self.labels = model.classes_.tolist()
        self.kind = type(self.labels[0])
        self.indices = {label: index for index, label in enumerate(self.labels)}
        self.forward_pass = self.training = self.class_weight = self.multipliers = None

    def is_of(self, attributes):
        """Tell whether these are still the attributes of the estimator, with what they hold."""
        return _engine.are_same(attributes, self.attributes) and self.holds_the_same()

    def holds_the_same(self):
        """Tell whether nobody has changed the weights and labels inside of the attributes."""
        attributes = self.attributes
        return (
            _engine.are_same_items(attributes["coefs_"], self.coefs)
            and _engine.are_same_items(attributes["intercepts_"], self.intercepts)
            and attributes["classes_"].tolist() == self.labels
            and (self.names is None or attributes["feature_names_in_"].tolist() == self.names)
        )

    def remember_training(self, training):
        """Note how rows are trained on, and let go of those it was set up with."""
        model = training.model
        self.most = _most_presentations(training)
        self.rate = training.rate() if training.schedule.learning_rate == "constant" else None
        training.X = training.targets = None
        training.engine.begin_stream(model._input_moments, model._input_totals, model._is_centred)
        if model.class_weight is not None:
            self.class_weight = dict(model.class_weight)
            self.multipliers = multipliers_of_classes(model.class_weight, model.classes_).tolist()
        self.training = training

    def settle(self):
        """Apply what the first layer's weights wait for where rows are sparse."""
        if self.training is not None:
            self.training.engine.settle()


def _most_presentations(training):
    """How many presentations a short call may have.

    Not more than come before `Presentations.slices` may cut, so that losses are added up alike.
    """
    most = min(MOST_PRESENTATIONS, training.slice_size - MOST_PRESENTATIONS + 1)
    if not (sp.issparse(training.X) and training.engine.waits):
        most = min(most, int(_MOST_SECONDS / training.engine.seconds_per_presentation(training.X)))
    return max(1, most)


# ----------------------------------------------------------------------------------------------
# Records


def remember_training(estimator, training):
    """Note how `partial_fit` has trained an estimator, if it was on a few samples.

    Parameters that it did not look at are looked at next time; so are those that another thread has
    set meanwhile, which are not in the model that was trained.
    """
    model = training.model
    if (
        training.X.shape[0] <= MOST_PRESENTATIONS
        and hasattr(training.engine, "learn_few")
        and not model.verbose
        and not get_config()["skip_parameter_validation"]
        and _is_constant(model.class_weight)
        and _can_be_kept(model)
    ):
        _record_of(estimator, model).remember_training(training)


def remember_forward_pass(estimator, model, forward_pass, n_samples):
    """Note the forward pass of a model, as the estimator was for a prediction of a few samples.

    If another thread has trained the estimator meanwhile, its record is the one to keep.
    """
    if (
        n_samples <= MOST_PRESENTATIONS
        and hasattr(forward_pass, "sums_of_few")
        and _engine.are_same(vars(estimator), vars(model))
        and not has_new_weights(model)
        and lies_in_blocks(model)
        and _can_be_kept(model)
    ):
        if model._input_moments is not None:
            forward_pass.standardize_few(
                model._input_moments, model._input_totals, model._is_centred
            )
        _record_of(estimator, model).forward_pass = forward_pass


def _is_constant(class_weight):
    """Tell whether weights of classes change by other values alone, not inside of one."""
    return class_weight is None or (
        not isinstance(class_weight, str)
        and all(isinstance(weight, Real) for weight in class_weight.values())
    )


def _can_be_kept(model):
    """Tell whether a record of the attributes would not keep their estimator alive.

    What others have put there may refer to it, if it can refer to anything.
    """
    own = _CONTAINERS | model._parameter_constraints.keys()
    return not any(gc.is_tracked(value) for name, value in vars(model).items() if name not in own)


def _record_of(estimator, model):
    """Return the record of a model, a new one if there is none."""
    record = _find_any(estimator)
    if record is None or not record.is_of(vars(model)):
        record, key = _Record(model), id(estimator)
        reference = ref(estimator, partial(_let_go, _records, key))
        settle(estimator)
        _records[key] = reference, record
    return record


def _let_go(records, key, _):
    """Drop the record of an estimator that is gone; as Python ends there may be no globals."""
    _, record = records.pop(key, (None, None))
    if record is not None:
        record.settle()


def _find_any(estimator):
    """Return the record of an estimator, whatever has changed since."""
    reference, record = _records.get(id(estimator), (None, None))
    return record if record is not None and reference() is estimator else None


def _find(estimator):
    """Return the record of an estimator, if nothing has changed since."""
    record = _find_any(estimator)
    return record if record is not None and record.is_of(vars(estimator)) else None


def settle(estimator):
    """Apply what weights of an estimator wait for."""
    record = _find_any(estimator)
    if record is not None:
        record.settle()


def forget(estimator):
    """Let go of what was found of an estimator: its memory may be large."""
    settle(estimator)
    _records.pop(id(estimator), None)


# ----------------------------------------------------------------------------------------------
# Short calls


def learn(estimator, X, y, classes, sample_weight):
    """Train on a few rows if nothing speaks against it, and tell whether that was done."""
    record = _find_any(estimator)  # `learn_few` looks whether it is of these attributes
    training = record and record.training
    if not training or not record.holds_the_same():
        return False
    if record.class_weight != training.model.class_weight:
        return False
    if not (classes is None or are_labels(classes, record)):
        return False
    X = take_rows(X, record.names, training.engine.dtype)
    labels = find_labels(y, record)
    if X is None or not labels:
        return False
    weights, total = None, float(len(labels))
    if sample_weight is not None or record.multipliers:
        weights = weigh(sample_weight, labels, record.multipliers)
        if weights is None:
            return False
        total = math.fsum(weights)
    if max(total, len(labels)) > record.most:
        return False
    rate = training.rate() if record.rate is None else record.rate
    return training.engine.learn_few(
        vars(estimator), record.attributes, X, labels, weights, rate, total
    )


def sum_outputs(estimator, X):
    """Return the sums of the output layer for a few rows, None if anything speaks against it."""
    record = _find(estimator)
    if not (record and record.forward_pass):
        return None
    X = take_rows(X, record.names, None)
    if X is None:
        return None
    stream = record.training and record.training.engine
    return record.forward_pass.sums_of_few(X, record.coefs, record.intercepts, stream)

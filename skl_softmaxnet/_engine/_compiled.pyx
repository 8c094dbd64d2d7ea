# cython: freethreading_compatible=True, emit_code_comments=False, auto_pickle=False, binding=False
"""The compiled engine: what _numpy.py does, at the speed of the memory.

The presentations themselves are in _run.h and what it includes, compiled for both types of number
and several instruction sets; this module holds the memory they work on and calls the right one, with
the GIL released.
"""

cimport cython
from cpython.exc cimport PyErr_CheckSignals
from libc.math cimport INFINITY
from libc.string cimport memset

import numpy as np
import scipy.sparse as sp

from . import _sorting
from ._memory import ALIGNMENT, is_aligned

include "_rows.pxi"
include "_moments.pxi"
include "_sorting.pxi"
include "_stream.pxi"
include "_layers.pxi"

_OUTPUT_ACTIVATIONS = ("softmax", "sigmoid")
_LOSSES = ("squared_error", "log_loss")
_BACKPROPS = ("error", "gradient")

# Measured on one core: what a presentation costs, to cut an epoch into slices of about 0.2 s. The
# cost of a weight is taken as if many inputs were non-zero and the weights beyond the cache, that
# of a unit as if it were a sigmoid output with log loss, which calls for a logarithm. With momentum
# all weights move, and their velocities: through memory, if they are many and none may wait.
_SECONDS_PER_PRESENTATION = 1e-7
_SECONDS_PER_UNIT = 4e-8
_SECONDS_PER_WEIGHT = 2e-10

# Beyond these a bound is no promise any more that nothing overflows, roundings included.
cdef double _SAFE_FLOAT = 1e36, _SAFE_DOUBLE = 1e300

# A first layer of so many weights waits for its decay where sparse rows need a few of them, and for
# momentum; for its average where a 64th of reading all takes longer than to know what they missed.
cdef ptrdiff_t _MANY_WEIGHTS = 1 << 15, _MANY_TO_AVERAGE = 1 << 18


cdef class CompiledEngine(_Layers):
    """Run presentations on weights in place.

    Parameters and methods are those of :class:`~skl_softmaxnet._engine._numpy.NumpyEngine`. The
    weights must be laid out by :func:`~skl_softmaxnet._engine._memory.as_blocks`.
    """

    name = "compiled"
    instruction_set = INSTRUCTION_SETS[-1]
    count_rows = staticmethod(_count_rows)
    forward_pass = classmethod(_forward_pass)

    cdef readonly object velocities, averages
    cdef _Samples samples
    cdef char *sparse_rows  # NULL before there were any
    cdef bint in_blocks
    cdef ptrdiff_t n_weights  # of the first layer, with the padding

    def __init__(self, network, model, *, blocks=False):
        cdef network_t *view = &self.network
        cdef double momentum = model.momentum
        self.velocities, self.averages = network.velocities, network.averages
        if momentum > 0 and self.velocities is None:
            raise ValueError("momentum needs velocities")
        coefs, intercepts = network.weights
        self.open(coefs, intercepts, model.activation, self.instruction_set)
        view.output_activation = <ptrdiff_t> _OUTPUT_ACTIVATIONS.index(model.out_activation_)
        view.loss = <ptrdiff_t> _LOSSES.index(model.loss)
        view.gradient = <ptrdiff_t> _BACKPROPS.index(model.backprop)
        view.fit_intercept = model.fit_intercept
        view.alpha = model.alpha
        view.kind = MOMENTUM if momentum > 0 else DECAY if view.alpha > 0 else 0
        view.rule.momentum = momentum
        view.rule.along_velocity = momentum if model.nesterovs_momentum else 1
        view.rule.along_change = 1 if model.nesterovs_momentum else 0
        view.averages = self.averages is not None
        view.t = model.t_
        self.in_blocks = blocks and momentum == 0
        self.lay_out()

    cdef int lay_out(self) except -1:
        """Make room for what training needs beside a forward pass."""
        cdef network_t *network = &self.network
        cdef ptrdiff_t n_features = network.layers.fan_in, i
        self.n_weights = n_features * network.layers.stride
        cdef ptrdiff_t list_bytes = (n_features + 1) * <ptrdiff_t> sizeof(ptrdiff_t)
        for i in range(network.n_layers):
            self.lay_out_layer(&network.layers[i], i)
        network.target = self.room(self.n_outputs)
        network.only.columns = <ptrdiff_t *> self.zeros(list_bytes)
        for i in range(2):
            network.inputs[i].columns = <ptrdiff_t *> self.zeros(list_bytes)
        network.settled_at = <double *> self.zeros(n_features * <ptrdiff_t> sizeof(double))
        network.shrunk = network.current = 1
        for i in range(n_features):
            network.settled_at[i] = 1
        cdef bint averages = network.averages and self.n_weights >= _MANY_TO_AVERAGE
        if self.waits and (network.kind == MOMENTUM or averages):
            network.changes = <changes_t *> self.zeros(sizeof(changes_t))
            network.n_had = <ptrdiff_t *> self.zeros(list_bytes)
        return 0

    cdef int lay_out_layer(self, layer_t *layer, ptrdiff_t index) except -1:
        weights, intercept = self.coefs[index], self.intercepts[index]
        if self.velocities is not None:
            layer.velocity = like_address(self.velocities[0][index], weights)
            layer.intercept_velocity = like_address(self.velocities[1][index], intercept)
        if self.averages is not None:
            layer.average = like_address(self.averages[0][index], weights)
            layer.intercept_average = like_address(self.averages[1][index], intercept)
        layer.step = self.room(layer.fan_out)
        layer.signal = self.room(layer.fan_out)
        return 0

    @staticmethod
    def block_size(ptrdiff_t n_features, ptrdiff_t n_units):
        """Return how many dense samples make a block, or 0 where one by one is faster.

        It divides the interval between averages. Twice as many samples are twice as much work for
        their products with each other, which pays where the weights are far from the processor.
        """
        if n_features < 32:
            return 0
        return 32 if n_units >= 200 and n_features * n_units >= 1 << 17 else 16

    cdef int lay_out_blocks(self) except -1:
        """Make room for dense samples in blocks, where they are faster."""
        cdef network_t *network = &self.network
        cdef ptrdiff_t n_features = network.layers.fan_in
        cdef ptrdiff_t size = self.block_size(n_features, network.layers.fan_out)
        if size == 0:
            return 0
        self.open_blocks(size)
        for i in range(2):
            network.blocks[i].inputs = self.room((n_features + 15) // 16 * 16 * size)
        network.block_steps = self.room(size * network.block_stride + 4 * self.lanes)
        network.inner_products = self.room(size * size)
        network.block_size = size  # now that there was memory for all
        return 0

    @property
    def waits(self):
        """Whether what a sparse row does not need of the first layer may wait, in a stream as well.

        With momentum and no decay, the bits do not depend on how a stream is cut: nothing waits.
        """
        cdef bint may_wait = self.network.kind != MOMENTUM or self.network.alpha > 0
        return may_wait and self.n_weights >= _MANY_WEIGHTS

    @property
    def t(self):
        """Presentations so far."""
        return self.network.t

    def seconds_per_presentation(self, X):
        """An estimate from the size of the network, and whether X is sparse."""
        cdef ptrdiff_t n_weights = 0, n_units = 0, index  # with the padding
        cdef bint moves_all = self.network.kind == MOMENTUM and not (sp.issparse(X) and self.waits)
        cdef layer_t *layer
        for index in range(self.network.n_layers):
            layer = &self.network.layers[index]
            n_weights += layer.stride * (layer.fan_out if index else layer.fan_in)
            n_units += layer.fan_out
        return (
            _SECONDS_PER_PRESENTATION
            + _SECONDS_PER_UNIT * n_units
            + _SECONDS_PER_WEIGHT * n_weights * (16 if moves_all else 1)
        )

    def run(self, X, targets, order, fractions, double rate):
        """Present rows of X one after the other, and return the sum of their losses."""
        cdef const ptrdiff_t *rows = <const ptrdiff_t *> address(order, _INTP)
        cdef const double *shares = NULL
        cdef ptrdiff_t n = len(order), i
        cdef bint is_outside = False
        cdef unsigned int mode
        cdef double loss
        if n == 0:
            return 0.0
        if self.samples is None or X is not self.samples.X or targets is not self.samples.targets:
            self.take(X, targets)
        if fractions is not None:
            shares = <const double *> address(fractions, _FLOAT64)
            is_outside = len(fractions) != n
        for i in range(n):
            is_outside |= not 0 <= rows[i] < self.samples.view.n_rows
        if is_outside:
            raise ValueError("X, order and fractions do not belong together")
        with nogil:
            mode = flush_tiny_results()
            loss = self.kernel.run(&self.network, &self.samples.view, rows, shares, rate, n)
            restore_mode(mode)
        return loss

    cdef int take(self, X, targets) except -1:
        """Take the samples of the next runs."""
        cdef ptrdiff_t n_bytes = self.padded(self.network.layers.fan_in) * self.item_bytes, i
        cdef _Samples samples = _Samples()
        samples.open_with(X, targets, self.n_outputs)
        self.check(samples, True)
        if samples.view.index_bytes and self.sparse_rows == NULL:
            self.sparse_rows = <char *> self.zeros(2 * n_bytes)
        elif samples.view.index_bytes:
            memset(self.sparse_rows, 0, 2 * n_bytes)
        elif self.in_blocks and not self.network.block_size:
            self.lay_out_blocks()
        for i in range(2):  # nothing is left of the samples before
            self.network.inputs[i].n = self.network.inputs[i].is_full = 0
            if samples.view.index_bytes:
                self.network.inputs[i].values = self.sparse_rows + i * n_bytes
        self.samples = samples
        return 0

    def settle(self):
        """Apply what the first layer waits for: see `settle` in _run.h."""
        with cython.critical_section(self):
            self.settle_for(NULL)

    def is_finite(self, inputs=None):
        """Tell whether all weights are finite; of the first layer, those of the given inputs."""
        cdef const void *listed = NULL
        cdef ptrdiff_t n_inputs = self.network.layers.fan_in
        if inputs is not None:
            listed, n_inputs = address(inputs, _INTP), len(inputs)
        return self.kernel.largest_weight(
            &self.network, listed, sizeof(ptrdiff_t), n_inputs, False) < INFINITY

    def begin_stream(self, moments, totals, is_centred):
        """Let go of the samples of the last run: `learn_few` gives the next, to be standardized."""
        self.samples = None
        self.standardize_few(moments, totals, is_centred)

    def bound(self, double largest, ptrdiff_t n_inputs, double rate, ptrdiff_t n):
        """Return what no number exceeds while n dense samples of this magnitude are presented."""
        cdef few_t few
        few.largest, few.longest, few.n_presentations = largest, n_inputs, n
        few.samples.index_bytes = 0
        return self.bound_of(&few, rate)

    def learn_few(
        self, dict attributes, dict expected, X, list labels, list weights, double rate,
        double total_weight,
    ):
        """Train on a few rows, and set the attributes of a model, unless anything is unexpected.

        All is done in this one call, in which Python does not look for Ctrl-C. It returns whether
        anything was done. The attributes of the model, and what they are expected to be, are both
        brought up to date. X is an array or CSR; labels are a list of int, or of lists of int for
        several labels a sample.
        """
        cdef few_t given, standardized
        cdef few_t *few
        cdef dict changes
        with cython.critical_section(self):
            few = &given if self.inputs is None else &standardized
            if not are_same(attributes, expected) or type(expected["loss_curve_"]) is not list:
                return False
            memory = self.take_few(&given, X, labels, expected["_multilabel"], weights)
            if memory is None:
                return False
            changes = {"loss_": None, "best_loss_": None, "_reference": None,
                       "n_iter_": attributes["n_iter_"] + 1,
                       "t_": self.network.t + given.n_presentations}
            attributes["loss_curve_"].append(None)  # before anything is done: memory may be short
            if not self.is_safe(&given, few, rate):
                attributes["loss_curve_"].pop()
                return False
            self.note(self.present_few(few, rate) / total_weight, attributes, expected, changes)
        return True

    cdef object take_few(self, few_t *few, X, list labels, bint is_multilabel, list weights):
        """Point to a few rows, and return what holds their memory; None if there is a problem."""
        memory = take_rows(few, X, self.network.layers.fan_in)
        if memory is None or few.samples.is_double != self.is_double:
            return None
        if not take_labels(few, labels, is_multilabel) or not take_weights(few, weights):
            return None
        coefs, intercepts = self.averages or (self.coefs, self.intercepts)  # what is shown
        return memory if self.lie_as_before(coefs, intercepts, True) else None

    cdef bint is_safe(self, few_t *given, few_t *few, double rate) noexcept:
        """Standardize rows, if that is wanted, and tell whether no number can overflow."""
        if self.inputs is not None and not self.inputs.count(given, few):
            return False
        if (few.samples.index_bytes == 0) == (self.sparse_rows == NULL) and (
            self.bound_of(few, rate) < (_SAFE_DOUBLE if self.is_double else _SAFE_FLOAT)
        ):
            return True
        if self.inputs is not None:
            self.inputs.forget(given)
        return False

    cdef double bound_of(self, few_t *few, double rate) noexcept:
        """The bound for a few rows; of weights that they leave alone, none is looked at."""
        cdef bound_t bound
        cdef network_t *network = &self.network
        cdef ptrdiff_t n_features = network.layers.fan_in, n_inputs = n_features
        cdef ptrdiff_t n_listed = few.indptr[few.samples.n_rows] if few.samples.index_bytes else 0
        cdef const void *listed = NULL
        cdef bint leaves = self.waits or network.kind == 0 and not network.averages
        cdef bint coasts = network.kind == MOMENTUM and network.changes != NULL
        if few.samples.index_bytes and leaves:
            if network.changes != NULL:
                self.settle_for(&few.samples)
            # of rows that wait the bound is known, once all were looked at
            if n_listed <= n_features and not (coasts and network.changes.n == 0):
                listed, n_inputs = few.samples.indices, n_listed
        bound.weight = self.largest(few, listed, n_inputs, False)
        bound.velocity = self.largest(few, listed, n_inputs, True) if network.kind == MOMENTUM else 0
        bound.input = few.largest
        if listed == NULL:
            network.most_weight, network.most_velocity = bound.weight, bound.velocity
        cdef double largest = bound_after(&bound, network, few.longest, rate, few.n_presentations)
        if coasts:
            largest = max(largest, bound_waiting(&bound, network, rate, few.n_presentations))
        return largest

    cdef double largest(
        self, few_t *few, const void *listed, ptrdiff_t n_inputs, bint of_velocities
    ) noexcept:
        return self.kernel.largest_weight(
            &self.network, listed, few.samples.index_bytes, n_inputs, of_velocities)

    cdef double present_few(self, few_t *few, double rate) noexcept:
        cdef unsigned int mode = flush_tiny_results()
        cdef double loss
        loss = self.kernel.run(
            &self.network, &few.samples, few.order, few.fractions, rate, few.n_presentations)
        if not (few.samples.index_bytes and self.waits):
            self.kernel.settle(&self.network, NULL)
        restore_mode(mode)
        return loss

    cdef int note(self, double loss, dict attributes, dict expected, dict changes) except -1:
        attributes["loss_curve_"][-1] = loss
        changes["loss_"] = loss
        changes["best_loss_"] = min(<double> attributes["best_loss_"], loss)
        changes["_reference"] = min(<double> attributes["_reference"], loss)
        attributes.update(changes)
        expected.update(changes)
        return 0

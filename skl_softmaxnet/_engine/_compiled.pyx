# cython: language_level=3, freethreading_compatible=True
"""The compiled engine: what _numpy.py does, at the speed of the memory.

The presentations themselves are in _presentation.h, compiled for both types of number and several
instruction sets; this module holds the memory they work on and calls the right one, with the GIL
released.
"""

from cpython.buffer cimport (
    PyBUF_C_CONTIGUOUS, PyBUF_STRIDES, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer)
from cpython.exc cimport PyErr_CheckSignals
from libc.math cimport INFINITY
from libc.stdint cimport int32_t, int64_t, uint64_t, uintptr_t
from libc.string cimport memset

import numpy as np
import scipy.sparse as sp

from . import _sorting
from ._memory import ALIGNMENT, is_aligned, padded


cdef extern from "Python.h":
    int check_signals "PyErr_CheckSignals"() noexcept  # nonzero with an exception set


cdef extern from "_dispatch.h" nogil:
    ctypedef struct layer_t:
        ptrdiff_t fan_in, fan_out, stride
        void *weights
        void *intercept
        void *output
        void *step
        void *signal
        void *mask
        void *velocity
        void *intercept_velocity
        void *average
        void *intercept_average

    ctypedef struct input_t:
        void *values
        ptrdiff_t *columns
        ptrdiff_t n
        int is_full

    ctypedef struct block_t:
        void *inputs

    enum: DECAY, MOMENTUM

    ctypedef struct rule_t:
        double momentum, along_velocity, along_change

    ctypedef struct network_t:
        ptrdiff_t n_layers
        layer_t *layers
        int activation, output_activation, loss, gradient, fit_intercept, kind, averages, waits
        double alpha, shrunk, current
        double *caught_up
        ptrdiff_t t
        rule_t rule
        void *target
        input_t inputs[2]
        ptrdiff_t *only
        ptrdiff_t block_size
        block_t blocks[2]
        ptrdiff_t block_stride
        void *block_sums
        void *block_steps
        void *inner_products

    ctypedef struct samples_t:
        ptrdiff_t n_rows, n_features
        const void *values
        const void *indices
        const ptrdiff_t *indptr
        int index_bytes
        const int32_t *labels
        const ptrdiff_t *label_starts

    enum: STRIP, ROWS_AT_ONCE
    const ptrdiff_t AVERAGING_INTERVAL

    ctypedef struct forward_t:
        network_t network
        int of_double
        void *copies
        ptrdiff_t row_bytes
        void *inputs
        void *sums
        ptrdiff_t sums_stride

    ctypedef struct kernel_t:
        double (*run)(
            network_t *, const samples_t *, const ptrdiff_t *, const double *, double, ptrdiff_t
        ) noexcept nogil
        void (*catch_up)(network_t *, const ptrdiff_t *, ptrdiff_t) noexcept nogil
        void (*settle_all)(network_t *) noexcept nogil
        double (*largest_weight)(const network_t *, const ptrdiff_t *, ptrdiff_t, int) noexcept nogil
        void (*sum_outputs)(forward_t *, const samples_t *, void *) noexcept nogil

    const kernel_t kernels[1][2]  # of as many levels as the compiler could make
    int highest_level()
    unsigned int flush_tiny_results()
    void restore_mode(unsigned int mode)


cdef extern from "_moments.h" nogil:
    ctypedef struct moments_t:
        double *totals
        double *shift
        double *sums
        double *squares
        int is_centred, from_double, to_double
        double *row

    void count_row(const moments_t *, const samples_t *, ptrdiff_t row, double weight)
    ptrdiff_t standardize_row(
        const moments_t *, const samples_t *, ptrdiff_t row, void *out, ptrdiff_t first)


cdef extern from "_sorting.h" nogil:
    ctypedef struct sorting_t:
        const samples_t *samples
        int is_double
        uint64_t *keys
        uint64_t *other_keys
        int32_t *order
        int32_t *other_order
        char *is_first
        ptrdiff_t n_until_check
        int (*is_interrupted)() noexcept nogil

    uint64_t shuffle_key(uint64_t seed, uint64_t epoch)
    void shuffle_part(char *, int n_bytes, uint64_t key, ptrdiff_t first, ptrdiff_t stop)
    int sort_all(sorting_t *) except -1


# What this processor can run, the best last. All give the same bits, but for the baseline in blocks.
INSTRUCTION_SETS = ("baseline", "AVX2", "AVX-512")[: highest_level() + 1]

_ACTIVATIONS = ("logistic", "tanh", "relu", "identity")
_OUTPUT_ACTIVATIONS = ("softmax", "sigmoid")
_LOSSES = ("squared_error", "log_loss")

# Measured on one core: what a presentation costs, to cut an epoch into slices of about 0.2 s. The
# cost of a weight is taken as if many inputs were non-zero and the weights beyond the cache, that of
# a unit as if it were a sigmoid output with log loss, which calls for a logarithm. With momentum all
# weights move, and their velocities, whatever the inputs.
_SECONDS_PER_PRESENTATION = 1e-7
_SECONDS_PER_UNIT = 4e-8
_SECONDS_PER_WEIGHT = 2e-10

# Values that are shuffled before Python gets a word in, to see Ctrl-C.
cdef ptrdiff_t _SHUFFLED_AT_ONCE = 1 << 21

_FLOATS = (np.float32, np.float64)

# Bytes that are asked for at least, for the small vectors of a network.
cdef ptrdiff_t _LEAST_CHUNK = 1 << 12

# A first layer of so many weights, of which a sparse row needs a few, waits for its decay.
cdef ptrdiff_t _MANY_WEIGHTS = 1 << 15

# Presentations of a million values that are counted before Python gets a word in.
cdef ptrdiff_t _VALUES_COUNTED_AT_ONCE = 1 << 20

# A CSR row's columns are counted in 32 bits while rows are sorted.
cdef int64_t _MOST_SORTED_COLUMNS = 2**32 - 1


include "_stream.pxi"


cdef class _Memory:
    """Zeroed memory, handed out in aligned pieces of whole cache lines."""

    cdef list chunks
    cdef char *free
    cdef ptrdiff_t n_free

    def __cinit__(self):
        self.chunks = []

    cdef void *take(self, ptrdiff_t n_bytes) except NULL:
        n_bytes += -n_bytes % <ptrdiff_t> ALIGNMENT
        if n_bytes > self.n_free:
            chunk = np.zeros(max(n_bytes, _LEAST_CHUNK) + ALIGNMENT, np.uint8)
            self.chunks.append(chunk)
            self.free = <char *> address(chunk, np.uint8)
            self.free += (-<uintptr_t> self.free) % <uintptr_t> ALIGNMENT
            self.n_free = len(chunk) - ALIGNMENT
        piece = self.free
        self.free += n_bytes
        self.n_free -= n_bytes
        return piece


cdef class CompiledEngine:
    """Run presentations on weights in place.

    Parameters and methods are those of :class:`~skl_softmaxnet._engine._numpy.NumpyEngine`. The
    weights must be laid out by :func:`~skl_softmaxnet._engine._memory.as_blocks`.
    """

    name = "compiled"
    instruction_set = INSTRUCTION_SETS[-1]

    cdef readonly object coefs, intercepts, velocities, averages, dtype
    cdef _Samples samples
    cdef _Inputs inputs  # of a stream that is standardized
    cdef _Memory memory  # what `network` points to, beside the weights
    cdef char *sparse_rows  # NULL before there were any
    cdef bint in_blocks
    cdef network_t network
    cdef kernel_t kernel

    def __init__(self, network, model, *, blocks=False):
        self.coefs, self.intercepts = network.weights
        self.velocities, self.averages = network.velocities, network.averages
        self.dtype = _FLOAT64 if self.coefs[0].dtype == _FLOAT64 else _FLOAT32  # a loaded one is another
        self.memory = _Memory()
        cdef double momentum = model.momentum
        if momentum > 0 and self.velocities is None:
            raise ValueError("momentum needs velocities")
        self.network.activation = _ACTIVATIONS.index(model.activation)
        self.network.output_activation = _OUTPUT_ACTIVATIONS.index(model.out_activation_)
        self.network.loss = _LOSSES.index(model.loss)
        self.network.gradient = model.backprop == "gradient"
        self.network.fit_intercept = model.fit_intercept
        self.network.alpha = model.alpha
        self.network.kind = MOMENTUM if momentum > 0 else DECAY if self.network.alpha > 0 else 0
        self.network.rule.momentum = momentum
        self.network.rule.along_velocity = momentum if model.nesterovs_momentum else 1
        self.network.rule.along_change = 1 if model.nesterovs_momentum else 0
        self.network.averages = self.averages is not None
        self.network.t = model.t_
        self.in_blocks = blocks and momentum == 0
        self._lay_out()
        self.kernel = kernels[INSTRUCTION_SETS.index(self.instruction_set)][self.dtype == np.float64]

    cdef int _lay_out(self) except -1:
        """Point to the weights, and to buffers for what passes between the layers."""
        cdef network_t *network = &self.network
        cdef ptrdiff_t n_features = len(self.coefs[0]), i
        cdef ptrdiff_t list_bytes = (n_features + 1) * sizeof(ptrdiff_t)
        open_layers(network, self.coefs, self.intercepts, self.memory)
        for i in range(network.n_layers):
            self._lay_out_layer(&network.layers[i], i)
        network.target = self._room(network.layers[network.n_layers - 1].fan_out)
        network.only = <ptrdiff_t *> self.memory.take(list_bytes)
        for i in range(2):
            network.inputs[i].columns = <ptrdiff_t *> self.memory.take(list_bytes)
        network.caught_up = <double *> self.memory.take(n_features * sizeof(double))
        network.shrunk = network.current = 1
        for i in range(n_features):
            network.caught_up[i] = 1
        return 0

    cdef int _lay_out_layer(self, layer_t *layer, ptrdiff_t index) except -1:
        weights, intercept = self.coefs[index], self.intercepts[index]
        if self.velocities is not None:
            layer.velocity = like_address(self.velocities[0][index], weights)
            layer.intercept_velocity = like_address(self.velocities[1][index], intercept)
        if self.averages is not None:
            layer.average = like_address(self.averages[0][index], weights)
            layer.intercept_average = like_address(self.averages[1][index], intercept)
        layer.step = self._room(layer.fan_out)
        layer.signal = self._room(layer.fan_out)
        return 0

    cdef void *_room(self, ptrdiff_t n_values) except NULL:
        """Room for so many values in the type of the weights."""
        return self.memory.take(n_values * <ptrdiff_t> self.dtype.itemsize)

    @staticmethod
    def block_size(n_features, n_units):
        """Return how many dense samples make a block, or 0 where one by one is faster.

        It divides the interval between averages. Twice as many samples are twice as much work for
        their products with each other, which pays where the weights are far from the processor.
        """
        if n_features < 32:
            return 0
        return 32 if n_units >= 200 and n_features * n_units >= 1 << 17 else 16

    cdef int _lay_out_blocks(self) except -1:
        """Make room for dense samples in blocks, where they are faster."""
        cdef network_t *network = &self.network
        cdef ptrdiff_t n_features = network.layers.fan_in, n_units = network.layers.fan_out
        cdef ptrdiff_t size = self.block_size(n_features, n_units)
        cdef ptrdiff_t lanes = padded(1, self.dtype)
        if size == 0:
            return 0
        network.block_stride = (network.layers.stride // lanes | 1) * lanes
        for i in range(2):
            network.blocks[i].inputs = self._room(-(-n_features // 16) * 16 * size)
        network.block_sums = self._room(size * network.block_stride + 4 * lanes)
        network.block_steps = self._room(size * network.block_stride + 4 * lanes)
        network.inner_products = self._room(size * size)
        network.block_size = size  # now that there was memory for all
        return 0

    @property
    def t(self):
        """Presentations so far."""
        return self.network.t

    @property
    def seconds_per_presentation(self):
        """An estimate from the size of the network alone."""
        cdef ptrdiff_t n_weights = 0, n_units = 0, index  # with the padding
        cdef layer_t *layer
        for index in range(self.network.n_layers):
            layer = &self.network.layers[index]
            n_weights += layer.stride * (layer.fan_out if index else layer.fan_in)
            n_units += layer.fan_out
        return (
            _SECONDS_PER_PRESENTATION
            + _SECONDS_PER_UNIT * n_units
            + _SECONDS_PER_WEIGHT * n_weights * (3 if self.network.kind == MOMENTUM else 1)
        )

    def run(self, X, targets, order, fractions, double rate):
        """Present rows of X one after the other, and return the sum of their losses."""
        cdef const ptrdiff_t *rows = <const ptrdiff_t *> address(order, np.intp)
        cdef const double *shares = NULL
        cdef ptrdiff_t n = len(order), i
        cdef int is_outside = 0
        cdef unsigned int mode
        cdef double loss
        if n == 0:
            return 0.0
        if self.samples is None or X is not self.samples.X or targets is not self.samples.targets:
            self._take(_Samples(X, targets, len(self.intercepts[-1])))
        if fractions is not None:
            shares = <const double *> address(fractions, np.float64)
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

    def catch_up(self):
        """Apply the decay that rows of the first layer have waited for."""
        cdef unsigned int mode
        with cython.critical_section(self):
            mode = flush_tiny_results()
            self.kernel.settle_all(&self.network)
            restore_mode(mode)

    cdef void catch_up_inputs(self, few_t *few):
        """The same for what the sums of a few rows need."""
        cdef unsigned int mode = flush_tiny_results()
        if self.network.averages and self.network.t >= AVERAGING_INTERVAL:
            pass  # these are what is summed up
        elif few.samples.index_bytes and not self.network.averages and (
            list_columns(few, self.network.only)
        ):
            self.kernel.catch_up(&self.network, self.network.only, few.indptr[few.samples.n_rows])
        else:
            self.kernel.settle_all(&self.network)
        restore_mode(mode)

    def is_finite(self, inputs=None):
        """Tell whether all weights are finite; of the first layer, those of the given inputs."""
        cdef const ptrdiff_t *listed = NULL
        cdef ptrdiff_t n_inputs = len(self.coefs[0])
        if inputs is not None:
            listed, n_inputs = <const ptrdiff_t *> address(inputs, np.intp), len(inputs)
        return self.kernel.largest_weight(&self.network, listed, n_inputs, False) < INFINITY

    cdef int _take(self, _Samples samples) except -1:
        """Take the samples of the next runs."""
        cdef ptrdiff_t n_bytes = padded(len(self.coefs[0]), self.dtype) * self.dtype.itemsize, i
        if samples.dtype != self.dtype or samples.view.n_features != len(self.coefs[0]):
            raise ValueError(
                f"X has the dtype {samples.dtype} and {samples.view.n_features} columns, the weights "
                f"have {self.dtype} and {len(self.coefs[0])} rows"
            )
        cdef bint is_zeroed = self.sparse_rows == NULL
        if samples.view.index_bytes and is_zeroed:
            self.sparse_rows = <char *> self.memory.take(2 * n_bytes)
        elif not samples.view.index_bytes and self.in_blocks and not self.network.block_size:
            self._lay_out_blocks()
        for i in range(2):  # nothing is left of the samples before
            self.network.inputs[i].n = self.network.inputs[i].is_full = 0
            if samples.view.index_bytes:
                self.network.inputs[i].values = self.sparse_rows + i * n_bytes
                if not is_zeroed:
                    memset(self.network.inputs[i].values, 0, n_bytes)
        self.samples = samples
        return 0

    def begin_stream(self, moments, totals, is_centred):
        """Let go of the samples of the last run, for `learn_few` gives the next.

        They are standardized by the moments, unless these are None.
        """
        self.samples = None
        if moments is not None:
            self.inputs = _Inputs(moments, totals, is_centred, self.dtype)

    cpdef double bound(
        self, double largest_input, ptrdiff_t n_inputs, double rate, ptrdiff_t n,
        ptrdiff_t n_listed=-1,
    ) noexcept:
        """Return what no number exceeds while n samples are presented, as far as is known before.

        The samples hold no larger magnitude, and list so many inputs each. Of the first layer only
        the inputs listed in `network.only` are looked at, if they are.
        """
        cdef ptrdiff_t n_features = self.network.layers.fan_in
        cdef const ptrdiff_t *listed = NULL if n_listed < 0 else self.network.only
        cdef bound_t bound
        bound.weight = self.kernel.largest_weight(
            &self.network, listed, n_features if n_listed < 0 else n_listed, False)
        bound.velocity = 0
        if self.network.kind == MOMENTUM:
            bound.velocity = self.kernel.largest_weight(&self.network, NULL, n_features, True)
        bound.input = largest_input
        return bound_after(bound, &self.network, n_inputs, rate, n)

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
        cdef few_t *few = &given
        with cython.critical_section(self):
            if not are_same(attributes, expected) or type(expected["loss_curve_"]) is not list:
                return False
            memory = _take_rows(few, X, self.network.layers.fan_in)
            if not (
                memory is not None
                and few.is_double == (self.dtype is _FLOAT64)
                and _take_labels(few, labels, expected["_multilabel"])
                and _take_weights(few, weights)
            ):
                return False
            coefs, intercepts = self.averages or (self.coefs, self.intercepts)  # what is shown
            if not _lie_as_before(coefs, intercepts, &self.network, self.dtype, True):
                return False
            changes = {"loss_": None, "best_loss_": None, "_reference": None,
                       "n_iter_": attributes["n_iter_"] + 1,
                       "t_": self.network.t + few.n_presentations}
            attributes["loss_curve_"].append(None)  # before anything is done: memory may be short
            if self.inputs is not None:
                few = &standardized
                if not self.inputs.count(&given, few):
                    attributes["loss_curve_"].pop()
                    return False
            if (few.samples.index_bytes == 0) != (self.sparse_rows == NULL) or (
                not self._is_safe(few, rate)
            ):
                if self.inputs is not None:
                    self.inputs.forget(&given)
                attributes["loss_curve_"].pop()
                return False
            self._learn(few, attributes, expected, changes, rate, total_weight)
        return True

    cdef bint _is_safe(self, few_t *few, double rate):
        """Whether no number can overflow; of the first layer only the listed inputs are looked at."""
        cdef ptrdiff_t n_listed = -1, n = few.n_presentations
        cdef double limit = _SAFE_DOUBLE if few.is_double else _SAFE_FLOAT
        cdef bint moves_all = self.network.kind == MOMENTUM or (
            (self.network.kind or self.network.averages) and not self._is_wide())
        if few.samples.index_bytes and not moves_all and list_columns(few, self.network.only):
            n_listed = few.indptr[few.samples.n_rows]
        return self.bound(few.largest, few.longest, rate, n, n_listed) < limit

    cdef bint _is_wide(self):
        """Whether a sparse row should leave alone what it does not need of the first layer."""
        return self.network.layers.fan_in * self.network.layers.stride >= _MANY_WEIGHTS

    cdef int _learn(
        self, few_t *few, dict attributes, dict expected, dict changes, double rate,
        double total_weight,
    ) except -1:
        cdef unsigned int mode = flush_tiny_results()
        self.network.waits = few.samples.index_bytes and self._is_wide()
        loss = self.kernel.run(
            &self.network, &few.samples, few.order, few.fractions, rate, few.n_presentations)
        if not self.network.waits:
            self.kernel.settle_all(&self.network)
        restore_mode(mode)
        loss /= total_weight
        attributes["loss_curve_"][-1] = loss
        changes["loss_"] = loss
        changes["best_loss_"] = min(attributes["best_loss_"], loss)
        changes["_reference"] = min(attributes["_reference"], loss)
        attributes.update(changes)
        expected.update(changes)
        return 0

    @staticmethod
    def count_rows(X, order, fractions, moments, totals, bint is_centred, out=None):
        """Do the same as :func:`~skl_softmaxnet._engine._moments.count_rows`."""
        cdef ptrdiff_t n = len(order), first = 0 if n == 0 else order.min(), i, stop, row
        cdef ptrdiff_t start, n_written = 0, n_more, n_values = 0 if out is None else out.size
        cdef _Rows samples = _Rows(X, slice(first, 0 if n == 0 else order.max() + 1))
        cdef ptrdiff_t n_features = samples.view.n_features
        cdef ptrdiff_t n_at_once = max(1, _VALUES_COUNTED_AT_ONCE // n_features)
        cdef const ptrdiff_t *rows = <const ptrdiff_t *> address(order, np.intp)
        cdef const double *weights = NULL
        cdef moments_t view
        cdef void *values = NULL
        if fractions is not None:
            weights = <const double *> address(fractions, np.float64, PyBUF_C_CONTIGUOUS, n)
        if out is not None:
            values = address(out, out.dtype, PyBUF_C_CONTIGUOUS | PyBUF_WRITABLE)
        if moments.shape != (3, n_features) or first < 0 or samples.dtype not in _FLOATS:
            raise ValueError("X, rows and moments do not belong together")
        memory = np.empty(n_features)
        view.row = <double *> address(memory, np.float64)
        view.totals = <double *> address(totals, np.float64, PyBUF_C_CONTIGUOUS | PyBUF_WRITABLE, 2)
        view.shift = <double *> address(moments, np.float64, PyBUF_C_CONTIGUOUS | PyBUF_WRITABLE)
        view.sums, view.squares = view.shift + n_features, view.shift + 2 * n_features
        view.is_centred, view.from_double = is_centred, samples.dtype == np.float64
        view.to_double = out is None or out.dtype == np.float64
        for start in range(0, n, n_at_once):
            stop = min(n, start + n_at_once)
            with nogil:
                for i in range(start, stop):
                    row = rows[i] - first
                    if not 0 <= row < samples.view.n_rows:
                        break
                    count_row(&view, &samples.view, row, 1 if weights == NULL else weights[i])
                    n_more = n_features
                    if samples.view.index_bytes and not is_centred:
                        n_more = samples.view.indptr[row + 1] - samples.view.indptr[row]
                    if n_written + n_more > n_values:
                        continue
                    n_written += standardize_row(&view, &samples.view, row, values, n_written)
            PyErr_CheckSignals()

    @classmethod
    def forward_pass(cls, coefs, intercepts, activation):
        """Do the same as :meth:`~skl_softmaxnet._engine._numpy.NumpyEngine.forward_pass`."""
        return _ForwardPass(coefs, intercepts, activation, cls.instruction_set)


cdef class _ForwardPass:
    """Sums of the output layer: see :meth:`CompiledEngine.forward_pass`."""

    cdef object coefs, intercepts, dtype
    cdef _Inputs inputs  # of a stream that is standardized
    cdef _Memory memory  # what `forward` points to, beside the weights
    cdef forward_t forward
    cdef kernel_t kernel

    def __init__(self, coefs, intercepts, activation, instruction_set):
        self.coefs = coefs
        self.intercepts = intercepts
        self.dtype = _FLOAT64 if coefs[0].dtype == _FLOAT64 else _FLOAT32  # a loaded one is another
        self.memory = _Memory()
        self.forward.network.activation = _ACTIVATIONS.index(activation)
        self._lay_out()
        self.kernel = kernels[INSTRUCTION_SETS.index(instruction_set)][self.dtype == np.float64]

    cdef int _lay_out(self) except -1:
        """Point to the weights, and to buffers for so many rows as are summed up together."""
        cdef forward_t *forward = &self.forward
        cdef ptrdiff_t item_bytes = self.dtype.itemsize, lanes = padded(1, self.dtype), stride
        cdef bint is_copied = not is_aligned(self.coefs[0], self.dtype)
        open_layers(&forward.network, self.coefs, self.intercepts, self.memory, is_copied)
        stride = forward.network.layers.stride
        forward.inputs = self.memory.take(ROWS_AT_ONCE * (STRIP + lanes) * item_bytes)
        forward.sums_stride = (stride // lanes | 1) * lanes
        forward.sums = self.memory.take(ROWS_AT_ONCE * forward.sums_stride * item_bytes)
        if is_copied:
            forward.copies = self.memory.take(STRIP * stride * item_bytes)
            forward.row_bytes = self.coefs[0].strides[0]
        return 0

    def sums(self, X, rows):
        """Return the sums z of the output layer for a slice of the rows, of shape (n, K)."""
        cdef _Rows samples = _Rows(X, rows)
        cdef ptrdiff_t n_features = samples.view.n_features, fan_in = len(self.coefs[0])
        if n_features != fan_in or samples.dtype not in _FLOATS:
            raise ValueError(
                f"X has the dtype {samples.dtype} and {n_features} columns, the weights have "
                f"{fan_in} rows")
        z = np.empty((samples.view.n_rows, len(self.intercepts[-1])), self.dtype)
        cdef void *outputs = address(z, self.dtype)
        self.forward.of_double = samples.dtype == np.float64
        with nogil:
            self.kernel.sum_outputs(&self.forward, &samples.view, outputs)
        return z

    def standardize_few(self, moments, totals, is_centred):
        """Let `sums_of_few` standardize its rows."""
        self.inputs = _Inputs(moments, totals, is_centred, self.dtype)

    def sums_of_few(self, X, list coefs, list intercepts, CompiledEngine stream=None):
        """Return the same for a few rows, or None if anything is unexpected, such as infinite sums.

        The weights are those that the model shows, to see that they still lie where they did; the
        engine of a stream is the one whose weights may wait for decay.
        """
        cdef few_t few
        cdef ptrdiff_t n_outputs = self.forward.network.layers[
            self.forward.network.n_layers - 1].fan_out
        cdef void *outputs
        dtype = self.dtype
        with cython.critical_section(self):
            if not _lie_as_before(coefs, intercepts, &self.forward.network, self.dtype, False):
                return None
            memory = _take_rows(&few, X, self.forward.network.layers.fan_in)
            if memory is None:
                return None
            if self.inputs is not None and not self.inputs.apply(&few):
                return None
            if stream is not None:
                stream.catch_up_inputs(&few)
            z = np.empty((few.samples.n_rows, n_outputs), dtype)
            outputs = address(z, dtype)
            self.forward.of_double = few.is_double
            self.kernel.sum_outputs(&self.forward, &few.samples, outputs)
        if not largest_input(
            outputs, few.samples.n_rows * n_outputs, dtype is _FLOAT64
        ) < INFINITY:
            return None
        return z


cdef int open_layers(
    network_t *network, coefs, intercepts, _Memory memory, bint is_copied=False
) except -1:
    """Point to the weights of all layers, and to room for their outputs."""
    cdef ptrdiff_t vector_bytes, unit, index
    cdef layer_t *layer
    dtype = coefs[0].dtype
    network.n_layers = len(coefs)
    network.layers = <layer_t *> memory.take(network.n_layers * sizeof(layer_t))
    for index in range(network.n_layers):
        layer = &network.layers[index]
        layer.fan_in, layer.fan_out = coefs[index].shape
        layer.stride = padded(layer.fan_in if index else layer.fan_out, dtype)
        if is_copied and index == 0:
            layer.weights = address(coefs[index], dtype, PyBUF_STRIDES)
        else:
            layer.weights = aligned_address(coefs[index], dtype)
        layer.intercept = aligned_address(intercepts[index], dtype)
        vector_bytes = layer.fan_out * dtype.itemsize
        layer.output = memory.take(vector_bytes)
        layer.mask = memory.take(vector_bytes)
        for unit in range(layer.fan_out):
            if dtype.itemsize == 8:
                (<double *> layer.mask)[unit] = 1
            else:
                (<float *> layer.mask)[unit] = 1
    return 0


cdef class _Rows:
    """Rows of X for the C code, which follows nothing that others could change.

    It holds the arrays of values and columns themselves, whatever becomes of X, and a copy of where
    rows begin. Columns are checked when they are used.
    """

    cdef samples_t view
    cdef object X, dtype
    cdef object values, indices, indptr  # what the pointers of `view` point to

    def __init__(self, X, rows=slice(None)):
        # asked for once: another thread may give X other parts at any time
        n_rows, self.view.n_features = X.shape
        start, stop, _ = rows.indices(n_rows)
        self.X = X
        self.values = X.data if sp.issparse(X) else X[rows]
        self.dtype = self.values.dtype
        self.view.n_rows = stop - start
        n_values = self.view.n_rows * self.view.n_features
        if sp.issparse(X):
            self.indices = X.indices
            n_values = min(self.values.size, self.indices.size)
            self.indptr = bounds_of_lists(
                X.indptr[start : stop + 1], self.view.n_rows, n_values, self.view.n_features)
            self.view.index_bytes = 4 if self.indices.dtype == np.int32 else 8
            self.view.indices = address(
                self.indices, np.int32 if self.view.index_bytes == 4 else np.int64,
                PyBUF_C_CONTIGUOUS, n_values)
            self.view.indptr = <const ptrdiff_t *> address(self.indptr, np.intp)
        else:  # a copy where they are not contiguous
            self.values = np.require(self.values, requirements=["C", "A"])
        self.view.values = address(self.values, self.dtype, PyBUF_C_CONTIGUOUS, n_values)


cdef class _Samples(_Rows):
    """Rows and their targets, with a copy of the labels."""

    cdef object targets, labels, label_starts

    def __init__(self, X, targets, ptrdiff_t n_outputs):
        cdef ptrdiff_t i, n_labels
        cdef int is_outside = 0
        _Rows.__init__(self, X)
        self.targets = targets
        self.labels = np.array(targets.indices if sp.issparse(targets) else targets, np.int32)
        self.view.labels = <const int32_t *> address(self.labels, np.int32)
        n_labels = len(self.labels)
        if sp.issparse(targets):
            self.label_starts = bounds_of_lists(
                targets.indptr, self.view.n_rows, n_labels, targets.shape[1])
            self.view.label_starts = <const ptrdiff_t *> address(self.label_starts, np.intp)
        elif n_labels != self.view.n_rows:
            raise ValueError(f"X has {self.view.n_rows} rows, but there are {n_labels} targets")
        for i in range(n_labels):
            is_outside |= not 0 <= self.view.labels[i] < n_outputs
        if is_outside:
            raise ValueError(f"targets must be indices below {n_outputs}")


cdef bounds_of_lists(bounds, ptrdiff_t n_lists, ptrdiff_t n_stored, ptrdiff_t longest):
    """Return a copy of where lists begin and end, once it is sure that all lie inside."""
    copy = np.array(bounds, np.intp)
    cdef const ptrdiff_t *starts = <const ptrdiff_t *> address(copy, np.intp)
    cdef ptrdiff_t i
    cdef bint is_inside = len(copy) == n_lists + 1
    for i in range(n_lists if is_inside else 0):  # differences of what is inside do not overflow
        is_inside &= (
            0 <= starts[i] <= starts[i + 1] <= n_stored and starts[i + 1] - starts[i] <= longest)
    if not is_inside:
        raise ValueError("a sparse matrix has an indptr that does not fit its shape and data")
    return copy


cdef void *address(
    array, dtype, int flags=PyBUF_C_CONTIGUOUS, ptrdiff_t n_values=0
) except NULL:
    """Where a contiguous array's first value is, of at least so many; the caller keeps it alive."""
    cdef Py_buffer buffer
    if array.dtype != dtype:
        raise ValueError(f"expected an array of {np.dtype(dtype)}, got {array.dtype}")
    PyObject_GetBuffer(array, &buffer, flags)
    PyBuffer_Release(&buffer)
    if buffer.len < n_values * buffer.itemsize:
        raise ValueError("an array has changed while it was looked at")
    return buffer.buf


cdef void *aligned_address(array, dtype) except NULL:
    """The address of weights, which as_blocks has laid out."""
    pointer = address(array, dtype, PyBUF_STRIDES | PyBUF_WRITABLE)
    if <uintptr_t> pointer % <uintptr_t> ALIGNMENT:
        raise ValueError("the weights must be laid out by as_blocks")
    return pointer


cdef void *like_address(array, weights) except NULL:
    """The address of what is laid out like the weights."""
    if array.strides != weights.strides:
        raise ValueError("velocities and averages must be laid out like the weights")
    return aligned_address(array, weights.dtype)


def shuffle(values, uint64_t seed, int64_t epoch):
    """Do the same as :func:`~skl_softmaxnet._engine._sorting.shuffle`."""
    cdef int n_bytes = 4 if values.dtype == np.int32 else 8
    cdef char *first = <char *> address(
        values, np.int32 if n_bytes == 4 else np.int64, PyBUF_C_CONTIGUOUS | PyBUF_WRITABLE)
    cdef uint64_t key = shuffle_key(seed, <uint64_t> epoch)
    cdef ptrdiff_t start, stop
    for stop in range(values.size, 1, -_SHUFFLED_AT_ONCE):
        start = max(stop - _SHUFFLED_AT_ONCE, 1)
        with nogil:
            shuffle_part(first, n_bytes, key, start, stop)
        PyErr_CheckSignals()


def sort_rows(X, targets):
    """Do the same as :func:`~skl_softmaxnet._engine._sorting.sort_rows`."""
    cdef _Samples samples = _Samples(X, targets, 2**31)
    cdef sorting_t sorting
    n_rows = samples.view.n_rows
    if _sorting.index_dtype(n_rows) != np.int32 or samples.view.n_features > _MOST_SORTED_COLUMNS:
        return _sorting.sort_rows(X, targets)
    order, other_order = np.arange(n_rows, dtype=np.int32), np.empty(n_rows, np.int32)
    keys, other_keys = np.zeros(n_rows, np.uint64), np.empty(n_rows, np.uint64)
    is_first = np.zeros(n_rows, np.bool_)
    sorting.samples = &samples.view
    sorting.is_double = samples.dtype == np.float64
    sorting.order = <int32_t *> address(order, np.int32)
    sorting.other_order = <int32_t *> address(other_order, np.int32)
    sorting.keys = <uint64_t *> address(keys, np.uint64)
    sorting.other_keys = <uint64_t *> address(other_keys, np.uint64)
    sorting.is_first = <char *> address(is_first, np.bool_)
    sorting.n_until_check = 0
    sorting.is_interrupted = is_interrupted
    with nogil:
        sort_all(&sorting)
    return order, is_first


cdef int is_interrupted() noexcept nogil:
    """Whether there was Ctrl-C; its exception is then set."""
    with gil:
        return check_signals()

# cython: language_level=3, freethreading_compatible=True
"""The compiled engine: what _numpy.py does, at the speed of the memory.

The presentations themselves are in _presentation.h, compiled for both types of number and several
instruction sets; this module holds the memory they work on and calls the right one, with the GIL
released.
"""

cimport cython
from cpython.buffer cimport PyBUF_STRIDES, PyBuffer_Release, PyObject_GetBuffer
from cpython.exc cimport PyErr_CheckSignals
from libc.stdint cimport int32_t, int64_t, uint64_t, uintptr_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy

import numpy as np
import scipy.sparse as sp

from ._memory import ALIGNMENT, padded


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

    enum: DECAY, MOMENTUM

    ctypedef struct rule_t:
        double momentum, along_velocity, along_change

    ctypedef struct network_t:
        ptrdiff_t n_layers
        layer_t *layers
        int activation, output_activation, loss, gradient, fit_intercept, kind, averages
        double alpha, shrunk, current
        double *caught_up
        ptrdiff_t n_presented
        rule_t rule
        void *target
        input_t inputs[2]
        ptrdiff_t *only

    ctypedef struct samples_t:
        ptrdiff_t n_features
        const void *values
        const void *indices
        const void *indptr
        int index_bytes
        const int32_t *labels
        const ptrdiff_t *label_starts

    ctypedef double (*run_t)(
        network_t *, const samples_t *, const ptrdiff_t *, const double *, double, ptrdiff_t)

    unsigned int flush_tiny_results()
    void restore_mode(unsigned int mode)
    int highest_level()
    ctypedef void (*catch_up_t)(network_t *)
    ctypedef double (*largest_weight_t)(const network_t *, const ptrdiff_t *, ptrdiff_t)

    run_t run_at_level(int level, int is_double)
    catch_up_t catch_up_at_level(int level, int is_double)
    largest_weight_t largest_weight_at_level(int level, int is_double)


# What this processor can run, the best last. All give the same bits.
INSTRUCTION_SETS = ("baseline", "AVX2", "AVX-512")[: highest_level() + 1]

_ACTIVATIONS = ("logistic", "tanh", "relu", "identity")
_OUTPUT_ACTIVATIONS = ("softmax", "sigmoid")
_LOSSES = ("squared_error", "log_loss")

# Measured on one core: what a presentation costs, to cut an epoch into slices of about 0.2 s. The
# cost of a weight is taken as if all inputs were non-zero and the weights beyond the cache, that of
# a unit as if it were a sigmoid output with log loss, which calls for a logarithm.
_SECONDS_PER_PRESENTATION = 1e-7
_SECONDS_PER_UNIT = 4e-8
_SECONDS_PER_WEIGHT = 2e-10

# Values that are hashed before Python gets a word in, to see Ctrl-C.
cdef ptrdiff_t _VALUES_AT_ONCE = 1 << 25


cdef class _Arena:
    """Zeroed memory, handed out in aligned pieces of whole cache lines."""

    cdef char *start
    cdef char *free
    cdef char *end

    def __cinit__(self, size_t n_bytes):
        self.start = <char *> calloc(n_bytes + ALIGNMENT, 1)
        if self.start == NULL:
            raise MemoryError(f"no memory for {n_bytes} bytes")
        self.free = self.start + (-<uintptr_t> self.start) % <uintptr_t> ALIGNMENT
        self.end = self.free + n_bytes

    def __dealloc__(self):
        free(self.start)

    cdef void *take(self, size_t n_bytes) except NULL:
        if n_bytes > <size_t> (self.end - self.free):
            raise MemoryError(f"{n_bytes} bytes were not planned for")
        piece = self.free
        self.free += n_bytes
        return piece


cdef class CompiledEngine:
    """Run presentations on weights in place.

    Parameters and methods are those of :class:`~skl_softmaxnet._engine._numpy.NumpyEngine`. The
    weights must be laid out by :func:`~skl_softmaxnet._engine._memory.as_blocks`.
    """

    name = "compiled"
    instruction_set = INSTRUCTION_SETS[-1]

    cdef readonly object coefs, intercepts, velocities, averages, dtype
    cdef object X, targets, labels, label_starts  # what the pointers of `samples` point to
    cdef _Arena layers, sparse_rows  # what those of `network` point to, beside the weights
    cdef network_t network
    cdef samples_t samples
    cdef run_t function
    cdef catch_up_t catch_up_all
    cdef largest_weight_t largest

    def __init__(
        self,
        coefs,
        intercepts,
        *,
        activation,
        output_activation,
        loss,
        backprop,
        fit_intercept,
        double alpha=0.0,
        double momentum=0.0,
        nesterovs_momentum=False,
        velocities=None,
        averages=None,
        ptrdiff_t n_presented=0,
    ):
        self.coefs = coefs
        self.intercepts = intercepts
        self.velocities = velocities
        self.averages = averages
        self.dtype = coefs[0].dtype
        self.network.activation = _ACTIVATIONS.index(activation)
        self.network.output_activation = _OUTPUT_ACTIVATIONS.index(output_activation)
        self.network.loss = _LOSSES.index(loss)
        self.network.gradient = backprop == "gradient"
        self.network.fit_intercept = fit_intercept
        self.network.alpha = alpha
        self.network.kind = MOMENTUM if momentum > 0 else DECAY if alpha > 0 else 0
        self.network.rule.momentum = momentum
        self.network.rule.along_velocity = momentum if nesterovs_momentum else 1
        self.network.rule.along_change = 1 if nesterovs_momentum else 0
        self.network.averages = averages is not None
        self.network.n_presented = n_presented
        self.samples.n_features = coefs[0].shape[0]
        self._lay_out()
        level = INSTRUCTION_SETS.index(self.instruction_set)
        self.function = run_at_level(level, self.dtype == np.float64)
        self.catch_up_all = catch_up_at_level(level, self.dtype == np.float64)
        self.largest = largest_weight_at_level(level, self.dtype == np.float64)

    cdef int _lay_out(self) except -1:
        """Point to the weights, and to buffers for what passes between the layers."""
        cdef ptrdiff_t n_layers = len(self.coefs)
        cdef ptrdiff_t layer_bytes = padded(n_layers * sizeof(layer_t), np.uint8)
        cdef ptrdiff_t list_bytes = padded(self.samples.n_features + 1, np.intp) * sizeof(ptrdiff_t)
        cdef ptrdiff_t row_bytes = padded(self.samples.n_features, np.float64) * sizeof(double)
        cdef ptrdiff_t row
        vectors = [self._bytes(values.size) for values in self.intercepts]
        self.layers = _Arena(
            layer_bytes + 4 * sum(vectors) + vectors[-1] + 3 * list_bytes + row_bytes)
        self.network.n_layers = n_layers
        self.network.layers = <layer_t *> self.layers.take(layer_bytes)
        self.network.target = self.layers.take(vectors[-1])
        self.network.only = <ptrdiff_t *> self.layers.take(list_bytes)
        for i in range(2):
            self.network.inputs[i].columns = <ptrdiff_t *> self.layers.take(list_bytes)
        self.network.caught_up = <double *> self.layers.take(row_bytes)
        self.network.shrunk = self.network.current = 1
        for row in range(self.samples.n_features):
            self.network.caught_up[row] = 1
        for index in range(n_layers):
            self._lay_out_layer(index, vectors[index])
        return 0

    cdef int _lay_out_layer(self, ptrdiff_t index, ptrdiff_t vector_bytes) except -1:
        cdef layer_t *layer = &self.network.layers[index]
        weights, intercept = self.coefs[index], self.intercepts[index]
        layer.fan_in, layer.fan_out = weights.shape
        layer.stride = padded(layer.fan_out if index == 0 else layer.fan_in, self.dtype)
        layer.weights = aligned_address(weights)
        layer.intercept = aligned_address(intercept)
        if self.velocities is not None:
            layer.velocity = like_address(self.velocities[0][index], weights)
            layer.intercept_velocity = like_address(self.velocities[1][index], intercept)
        if self.averages is not None:
            layer.average = like_address(self.averages[0][index], weights)
            layer.intercept_average = like_address(self.averages[1][index], intercept)
        layer.output = self.layers.take(vector_bytes)
        layer.step = self.layers.take(vector_bytes)
        layer.signal = self.layers.take(vector_bytes)
        layer.mask = self.layers.take(vector_bytes)
        for unit in range(layer.fan_out):
            if self.dtype == np.float64:
                (<double *> layer.mask)[unit] = 1
            else:
                (<float *> layer.mask)[unit] = 1
        return 0

    cdef ptrdiff_t _bytes(self, ptrdiff_t n_values) except -1:
        """The length of a padded vector."""
        return padded(n_values, self.dtype) * self.dtype.itemsize

    @property
    def n_presented(self):
        """Presentations so far."""
        return self.network.n_presented

    @property
    def seconds_per_presentation(self):
        """An estimate from the size of the network alone."""
        n_weights = sum(weights.size for weights in self.coefs)
        n_units = sum(values.size for values in self.intercepts)
        return (
            _SECONDS_PER_PRESENTATION
            + _SECONDS_PER_UNIT * n_units
            + _SECONDS_PER_WEIGHT * n_weights
        )

    def run(self, X, targets, const ptrdiff_t[::1] rows, fractions, double rate):
        """Present rows of X one after the other, and return the sum of their losses."""
        cdef const double[::1] fractions_view
        cdef const double *first_fraction = NULL
        cdef ptrdiff_t n = rows.shape[0]
        cdef unsigned int mode
        cdef double loss
        if n == 0:
            return 0.0
        if X is not self.X or targets is not self.targets:
            self._point_to(X, targets)
        if fractions is not None:
            fractions_view = fractions
            first_fraction = &fractions_view[0]
        with nogil:
            mode = flush_tiny_results()
            loss = self.function(
                &self.network, &self.samples, &rows[0], first_fraction, rate, n)
            restore_mode(mode)
        return loss

    def catch_up(self):
        """Apply the decay that rows of the first layer have waited for."""
        cdef unsigned int mode = flush_tiny_results()
        self.catch_up_all(&self.network)
        restore_mode(mode)

    def largest_weight(self, const ptrdiff_t[::1] rows=None):
        """Return the largest magnitude of a weight; of the first layer, of the given rows."""
        cdef const ptrdiff_t *listed = NULL
        cdef ptrdiff_t n_rows = self.samples.n_features
        if rows is not None:
            n_rows = rows.shape[0]
            if n_rows > 0:
                listed = &rows[0]
        return self.largest(&self.network, listed, n_rows)

    cdef int _point_to(self, X, targets) except -1:
        """Take the samples of the next runs."""
        if X.dtype != self.dtype or X.shape[1] != self.samples.n_features:
            raise ValueError(
                f"X has the dtype {X.dtype} and {X.shape[1]} columns, the weights have "
                f"{self.dtype} and {self.samples.n_features} rows"
            )
        self._point_to_targets(targets)
        for i in range(2):  # nothing is left of the samples before
            self.network.inputs[i].n = self.network.inputs[i].is_full = 0
        if sp.issparse(X):
            self._point_to_sparse(X)
        else:
            if not X.flags.c_contiguous:
                raise ValueError("X must be C-contiguous")
            self.samples.index_bytes = 0
            self.samples.values = address(X)
        self.X, self.targets = X, targets
        return 0

    cdef int _point_to_targets(self, targets) except -1:
        labels = targets.indices if sp.issparse(targets) else targets
        self.labels = np.ascontiguousarray(labels, np.int32)
        self.samples.labels = <const int32_t *> address(self.labels)
        self.samples.label_starts = NULL
        if sp.issparse(targets):
            self.label_starts = np.ascontiguousarray(targets.indptr, np.intp)
            self.samples.label_starts = <const ptrdiff_t *> address(self.label_starts)
        return 0

    cdef int _point_to_sparse(self, X) except -1:
        self.samples.index_bytes = X.indices.itemsize
        self.samples.values = address(X.data)
        self.samples.indices = address(X.indices)
        self.samples.indptr = address(X.indptr)
        cdef ptrdiff_t n_bytes = self._bytes(self.samples.n_features)
        self.sparse_rows = _Arena(2 * n_bytes)
        for i in range(2):
            self.network.inputs[i].values = self.sparse_rows.take(n_bytes)
        return 0


cdef void *address(array) except NULL:
    """Where an array's first value is; the caller keeps the array alive."""
    cdef Py_buffer buffer
    PyObject_GetBuffer(array, &buffer, PyBUF_STRIDES)
    PyBuffer_Release(&buffer)
    return buffer.buf


cdef void *aligned_address(array) except NULL:
    """The address of weights, which as_blocks has laid out."""
    pointer = address(array)
    if <uintptr_t> pointer % <uintptr_t> ALIGNMENT:
        raise ValueError("the weights must be laid out by as_blocks")
    return pointer


cdef void *like_address(array, weights) except NULL:
    """The address of what is laid out like the weights."""
    if array.dtype != weights.dtype or array.strides != weights.strides:
        raise ValueError("velocities and averages must be laid out like the weights")
    return aligned_address(array)


ctypedef fused index_t:
    int32_t
    int64_t

ctypedef fused real_t:
    float
    double


@cython.boundscheck(False)
@cython.wraparound(False)
def shuffle_rows(index_t[:, ::1] values, const double[:, ::1] uniforms, ptrdiff_t stop):
    """Do the same as :func:`~skl_softmaxnet._engine._numpy.shuffle_rows`."""
    cdef ptrdiff_t n_rows = values.shape[0], n_swaps = uniforms.shape[1], row, k, i, j
    if uniforms.shape[0] != n_rows or not n_swaps <= stop <= values.shape[1]:
        raise ValueError("values, uniforms and stop do not belong together")
    with nogil:
        for row in range(n_rows):
            for k in range(n_swaps):
                i = stop - 1 - k
                j = <ptrdiff_t> (uniforms[row, k] * (i + 1))
                values[row, i], values[row, j] = values[row, j], values[row, i]


def add_row_hashes(X, const uint64_t[::1] column_keys, uint64_t[::1] hashes):
    """Do the same as :func:`~skl_softmaxnet._engine._hashing.add_row_hashes`."""
    if X.shape != (hashes.shape[0], column_keys.shape[0]):
        raise ValueError("X, column_keys and hashes do not belong together")
    if not sp.issparse(X):
        _add_dense(X, column_keys, hashes)
        return
    if X.data.size < X.indptr[-1] or X.indices.size < X.indptr[-1]:
        raise ValueError("the parts of X do not belong together")
    _add_sparse(X.data, X.indices, X.indptr, column_keys, hashes)


@cython.boundscheck(False)
@cython.wraparound(False)
def _add_dense(const real_t[:, ::1] X, const uint64_t[::1] column_keys, uint64_t[::1] hashes):
    cdef ptrdiff_t start, row, column
    cdef ptrdiff_t n_rows = X.shape[0], n_columns = X.shape[1]
    cdef ptrdiff_t step = max(1, _VALUES_AT_ONCE // max(1, n_columns))
    cdef uint64_t total
    for start in range(0, n_rows, step):
        PyErr_CheckSignals()
        with nogil:
            for row in range(start, min(start + step, n_rows)):
                total = 0
                for column in range(n_columns):
                    total += hashed(X[row, column], column_keys[column])
                hashes[row] += total


@cython.boundscheck(False)
@cython.wraparound(False)
def _add_sparse(
    const real_t[::1] data,
    const index_t[::1] indices,
    const index_t[::1] indptr,
    const uint64_t[::1] column_keys,
    uint64_t[::1] hashes,
):
    cdef ptrdiff_t start, row, entry
    cdef ptrdiff_t n_rows = hashes.shape[0]
    cdef ptrdiff_t step = max(1, _VALUES_AT_ONCE // max(1, data.shape[0] // max(1, n_rows)))
    cdef uint64_t total
    for start in range(0, n_rows, step):
        PyErr_CheckSignals()
        with nogil:
            for row in range(start, min(start + step, n_rows)):
                total = 0
                for entry in range(indptr[row], indptr[row + 1]):
                    total += hashed(data[entry], column_keys[indices[entry]])
                hashes[row] += total


cdef inline uint64_t hashed(double value, uint64_t column_key) noexcept nogil:
    """Hash a value with the key of its column; 0 for zeros of either sign."""
    cdef uint64_t bits
    memcpy(&bits, &value, sizeof(bits))
    bits ^= bits >> 32
    bits ^= column_key
    bits = (bits ^ (bits >> 33)) * <uint64_t> 0xFF51AFD7ED558CCD
    bits = (bits ^ (bits >> 33)) * <uint64_t> 0xC4CEB9FE1A85EC53
    return (bits ^ (bits >> 33)) * (value != 0)

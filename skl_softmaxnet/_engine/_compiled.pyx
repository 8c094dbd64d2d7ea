# cython: language_level=3
"""The compiled engine: what _numpy.py does, at the speed of the memory.

The presentations themselves are in _presentation.h, compiled for both types of number and several
instruction sets; this module holds the memory they work on and calls the right one, with the GIL
released.
"""

from cpython.buffer cimport PyBUF_STRIDES, PyBuffer_Release, PyObject_GetBuffer
from libc.stdlib cimport calloc, free

import numpy as np
import scipy.sparse as sp

from ._memory import aligned_zeros, is_aligned, padded


cdef extern from "_dispatch.h" nogil:
    ctypedef struct layer_t:
        ptrdiff_t fan_in, fan_out, padded_out, stride
        void *weights
        void *intercept
        void *output
        void *delta
        void *signal

    ctypedef struct network_t:
        ptrdiff_t n_layers
        layer_t *layers
        int activation, output_activation, loss, gradient, fit_intercept

    ctypedef struct samples_t:
        ptrdiff_t n_features
        const void *values
        const void *indices
        const void *indptr
        int index_bytes

    ctypedef struct input_t:
        void *values
        ptrdiff_t *columns
        ptrdiff_t n

    ctypedef double (*run_t)(
        const network_t *, const samples_t *, input_t *, ptrdiff_t *, const ptrdiff_t *,
        const ptrdiff_t *, const double *, double, ptrdiff_t)

    int highest_level()
    run_t run_at_level(int level, int is_double)


INSTRUCTION_SETS = ("baseline", "AVX2", "AVX-512")[: highest_level() + 1]
"""What this processor can run, the best last. All give the same bits."""

_ACTIVATIONS = ("logistic", "tanh", "relu", "identity")
_OUTPUT_ACTIVATIONS = ("softmax", "sigmoid")
_LOSSES = ("squared_error", "log_loss")

# Measured on one core: what a presentation costs, to cut an epoch into slices of about 0.2 s. The
# cost of a weight is taken as if all inputs were non-zero and the weights beyond the cache.
_SECONDS_PER_PRESENTATION = 1e-7
_SECONDS_PER_WEIGHT = 2e-10


cdef class CompiledEngine:
    """Run presentations on weights in place.

    Parameters and methods are those of :class:`~skl_softmaxnet._engine._numpy.NumpyEngine`. The
    weights must be laid out by :func:`~skl_softmaxnet._engine._memory.as_blocks`.
    """

    name = "compiled"
    instruction_set = INSTRUCTION_SETS[-1]

    cdef readonly object coefs, intercepts, dtype
    cdef object memory  # whatever the pointers below point to
    cdef network_t network
    cdef input_t inputs[2]
    cdef ptrdiff_t *only
    cdef run_t function

    def __cinit__(self, coefs, *args, **kwargs):
        self.network.n_layers = len(coefs)
        self.network.layers = <layer_t *> calloc(len(coefs), sizeof(layer_t))
        if self.network.layers == NULL:
            raise MemoryError()

    def __dealloc__(self):
        free(self.network.layers)

    def __init__(
        self, coefs, intercepts, *, activation, output_activation, loss, backprop, fit_intercept
    ):
        self.coefs = coefs
        self.intercepts = intercepts
        self.dtype = coefs[0].dtype
        self.memory = []
        self.network.activation = _ACTIVATIONS.index(activation)
        self.network.output_activation = _OUTPUT_ACTIVATIONS.index(output_activation)
        self.network.loss = _LOSSES.index(loss)
        self.network.gradient = backprop == "gradient"
        self.network.fit_intercept = fit_intercept
        for index in range(len(coefs)):
            self._lay_out(index)
        n_features = coefs[0].shape[0]
        for i in range(2):
            self.inputs[i].columns = <ptrdiff_t *> self._zeros(n_features + 1, np.intp)
            self.inputs[i].values = NULL
        self.only = <ptrdiff_t *> self._zeros(n_features + 1, np.intp)
        level = INSTRUCTION_SETS.index(self.instruction_set)
        self.function = run_at_level(level, self.dtype == np.float64)

    cdef _lay_out(self, int index):
        """Point one layer's struct at its weights and at buffers of its own."""
        cdef layer_t *layer = &self.network.layers[index]
        weights, intercept = self.coefs[index], self.intercepts[index]
        memory = weights if index == 0 else weights.T
        if not (is_aligned(memory, self.dtype) and is_aligned(intercept[np.newaxis], self.dtype)):
            raise ValueError("the weights must be laid out by as_blocks")
        layer.fan_in, layer.fan_out = weights.shape
        layer.padded_out = padded(layer.fan_out, self.dtype)
        layer.stride = padded(memory.shape[1], self.dtype)
        layer.weights = address(weights)
        layer.intercept = address(intercept)
        layer.output = self._zeros(layer.padded_out, self.dtype)
        layer.delta = self._zeros(layer.padded_out, self.dtype)
        layer.signal = self._zeros(layer.padded_out, self.dtype)

    cdef void *_zeros(self, ptrdiff_t n, dtype) except NULL:
        """Allocate an aligned vector that lives as long as the engine."""
        self.memory.append(aligned_zeros(1, n, dtype))
        return address(self.memory[-1])

    @property
    def seconds_per_presentation(self):
        """An estimate from the size of the network alone."""
        n_weights = sum(weights.size for weights in self.coefs)
        return _SECONDS_PER_PRESENTATION + _SECONDS_PER_WEIGHT * n_weights

    def run(self, X, targets, rows, fractions, double rate):
        """Present rows of X one after the other, and return the sum of their losses."""
        cdef samples_t samples
        cdef const ptrdiff_t[::1] targets_view = targets
        cdef const ptrdiff_t[::1] rows_view = rows
        cdef const double[::1] fractions_view
        cdef const double *fractions_pointer = NULL
        cdef ptrdiff_t n = rows_view.shape[0]
        cdef double loss
        if n == 0:
            return 0.0
        if X.dtype != self.dtype:
            raise ValueError(f"X has the dtype {X.dtype}, the weights have {self.dtype}")
        samples.n_features = self.network.layers[0].fan_in
        if sp.issparse(X):
            samples.index_bytes = X.indices.itemsize
            samples.values = address(X.data)
            samples.indices = address(X.indices)
            samples.indptr = address(X.indptr)
            self._prepare_sparse()
        else:
            samples.index_bytes = 0
            samples.values = address(X)
        if fractions is not None:
            fractions_view = fractions
            fractions_pointer = &fractions_view[0]
        with nogil:
            loss = self.function(
                &self.network, &samples, self.inputs, self.only, &targets_view[0],
                &rows_view[0], fractions_pointer, rate, n)
        return loss

    cdef _prepare_sparse(self):
        """Give the inputs vectors of their own, all zero, to lay sparse rows out in."""
        for i in range(2):
            if self.inputs[i].values == NULL:
                self.inputs[i].values = self._zeros(self.network.layers[0].fan_in, self.dtype)


cdef void *address(array) except NULL:
    """Where an array's first value is; the caller keeps the array alive."""
    cdef Py_buffer buffer
    PyObject_GetBuffer(array, &buffer, PyBUF_STRIDES)
    PyBuffer_Release(&buffer)
    return buffer.buf

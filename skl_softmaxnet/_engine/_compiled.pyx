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
        ptrdiff_t fan_in, fan_out, stride
        void *weights
        void *intercept
        void *output
        void *step
        void *signal
        void *mask

    ctypedef struct input_t:
        void *values
        ptrdiff_t *columns

    ctypedef struct network_t:
        ptrdiff_t n_layers
        layer_t *layers
        int activation, output_activation, loss, gradient, fit_intercept
        void *target
        input_t inputs[2]
        ptrdiff_t *only

    ctypedef struct samples_t:
        ptrdiff_t n_features
        const void *values
        const void *indices
        const void *indptr
        int index_bytes

    ctypedef double (*run_t)(
        network_t *, const samples_t *, const ptrdiff_t *, const ptrdiff_t *, const double *,
        double, ptrdiff_t)

    int highest_level()
    run_t run_at_level(int level, int is_double)


# What this processor can run, the best last. All give the same bits.
INSTRUCTION_SETS = ("baseline", "AVX2", "AVX-512")[: highest_level() + 1]

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
    cdef object memory  # what the pointers of `network` point to
    cdef object X, targets  # what those of `samples` and `classes` point to
    cdef network_t network
    cdef samples_t samples
    cdef const ptrdiff_t *classes
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
        self.network.target = self._zeros(coefs[-1].shape[1], self.dtype)
        n_features = coefs[0].shape[0]
        self.network.only = <ptrdiff_t *> self._zeros(n_features + 1, np.intp)
        for i in range(2):
            self.network.inputs[i].columns = <ptrdiff_t *> self._zeros(n_features + 1, np.intp)
        self.samples.n_features = n_features
        level = INSTRUCTION_SETS.index(self.instruction_set)
        self.function = run_at_level(level, self.dtype == np.float64)

    cdef int _lay_out(self, ptrdiff_t index) except -1:
        """Point one layer's struct at its weights and at buffers of its own."""
        cdef layer_t *layer = &self.network.layers[index]
        weights, intercept = self.coefs[index], self.intercepts[index]
        memory = weights if index == 0 else weights.T
        if not (is_aligned(memory, self.dtype) and is_aligned(intercept[np.newaxis], self.dtype)):
            raise ValueError("the weights must be laid out by as_blocks")
        layer.fan_in, layer.fan_out = weights.shape
        layer.stride = padded(memory.shape[1], self.dtype)
        layer.weights = address(weights)
        layer.intercept = address(intercept)
        layer.output = self._zeros(layer.fan_out, self.dtype)
        layer.step = self._zeros(layer.fan_out, self.dtype)
        layer.signal = self._zeros(layer.fan_out, self.dtype)
        layer.mask = self._zeros(layer.fan_out, self.dtype)
        self.memory[-1].fill(1)  # the units alone, not the padding
        return 0

    cdef void *_zeros(self, ptrdiff_t n, dtype) except NULL:
        """Allocate an aligned, padded vector that lives as long as the engine."""
        self.memory.append(aligned_zeros(1, n, dtype))
        return address(self.memory[-1])

    @property
    def seconds_per_presentation(self):
        """An estimate from the size of the network alone."""
        n_weights = sum(weights.size for weights in self.coefs)
        return _SECONDS_PER_PRESENTATION + _SECONDS_PER_WEIGHT * n_weights

    def run(self, X, targets, const ptrdiff_t[::1] rows, fractions, double rate):
        """Present rows of X one after the other, and return the sum of their losses."""
        cdef const double[::1] fractions_view
        cdef const double *first_fraction = NULL
        cdef ptrdiff_t n = rows.shape[0]
        cdef double loss
        if n == 0:
            return 0.0
        if X is not self.X or targets is not self.targets:
            self._point_to(X, targets)
        if fractions is not None:
            fractions_view = fractions
            first_fraction = &fractions_view[0]
        with nogil:
            loss = self.function(
                &self.network, &self.samples, self.classes, &rows[0], first_fraction, rate, n)
        return loss

    cdef int _point_to(self, X, targets) except -1:
        """Take the samples of the next runs."""
        if X.dtype != self.dtype or X.shape[1] != self.samples.n_features:
            raise ValueError(
                f"X has the dtype {X.dtype} and {X.shape[1]} columns, the weights have "
                f"{self.dtype} and {self.samples.n_features} rows"
            )
        if sp.issparse(X):
            self.samples.index_bytes = X.indices.itemsize
            self.samples.values = address(X.data)
            self.samples.indices = address(X.indices)
            self.samples.indptr = address(X.indptr)
            for i in range(2):  # vectors to lay a sparse row out in, all zero
                self.network.inputs[i].values = self._zeros(self.samples.n_features, self.dtype)
        else:
            if not X.flags.c_contiguous:
                raise ValueError("X must be C-contiguous")
            self.samples.index_bytes = 0
            self.samples.values = address(X)
        if targets.dtype != np.intp:
            raise ValueError(f"targets must be {np.intp}, got {targets.dtype}")
        self.classes = <const ptrdiff_t *> address(targets)
        self.X, self.targets = X, targets
        return 0


cdef void *address(array) except NULL:
    """Where an array's first value is; the caller keeps the array alive."""
    cdef Py_buffer buffer
    PyObject_GetBuffer(array, &buffer, PyBUF_STRIDES)
    PyBuffer_Release(&buffer)
    return buffer.buf

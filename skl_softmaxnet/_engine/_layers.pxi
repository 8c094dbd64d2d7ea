# The layers of a network, as the C code sees them, and forward passes. Included by _compiled.pyx.


cdef extern from "_dispatch.h" nogil:
    ctypedef struct layer_t:
        ptrdiff_t fan_in, fan_out, stride
        pointer weights, intercept, output, step, signal, mask
        pointer velocity, intercept_velocity, average, intercept_average

    ctypedef struct input_t:
        pointer values
        ptrdiff_t *columns
        ptrdiff_t n
        int is_full

    ctypedef struct block_t:
        pointer inputs

    enum: DECAY, MOMENTUM

    ctypedef struct changes_t:
        ptrdiff_t n

    ctypedef struct rule_t:
        double momentum, along_velocity, along_change

    ctypedef struct network_t:
        ptrdiff_t n_layers
        layer_t *layers
        int activation, output_activation, loss, gradient, kind
        bint fit_intercept, averages
        double alpha, shrunk, current
        double *settled_at
        changes_t *changes
        ptrdiff_t *n_had
        double most_weight, most_velocity
        ptrdiff_t t, block_size, block_stride, row_bytes
        rule_t rule
        pointer target, block_sums, block_steps, inner_products, copies
        input_t inputs[2], only
        block_t blocks[2]

    enum: STRIP, ROWS_AT_ONCE

    ctypedef struct kernel_t:
        double (*run)(
            network_t *, const samples_t *, const ptrdiff_t *, const double *, double, ptrdiff_t
        ) noexcept nogil
        void (*settle)(network_t *, const samples_t *) noexcept nogil
        double (*largest_weight)(
            const network_t *, const void *, int, ptrdiff_t, int) noexcept nogil
        void (*sum_outputs)(network_t *, const samples_t *, void *) noexcept nogil

    const kernel_t kernels[1][2]  # of as many levels as the compiler could make
    int highest_level()
    unsigned int flush_tiny_results()
    void restore_mode(unsigned int mode)


# What this processor can run, the best last. All give the same bits, but the baseline in blocks.
INSTRUCTION_SETS = ("baseline", "AVX2", "AVX-512")[: highest_level() + 1]

_ACTIVATIONS = ("logistic", "tanh", "relu", "identity")

cdef ptrdiff_t _ALIGNMENT = ALIGNMENT


cdef class _Layers:
    """The layers of a network, and what it takes to compute their outputs."""

    cdef readonly object coefs, intercepts, dtype
    cdef bint is_double
    cdef ptrdiff_t item_bytes, lanes  # of a number, and how many make a cache line
    cdef list memory  # what `network` points to, beside the weights
    cdef _Inputs inputs  # of a stream that is standardized
    cdef ptrdiff_t n_outputs
    cdef network_t network
    cdef const kernel_t *kernel

    cdef int open(
        self, coefs, intercepts, activation, instruction_set, bint is_copied=False
    ) except -1:
        """Point to the weights of all layers; the first may lie without padding, to be copied."""
        cdef ptrdiff_t index
        self.coefs, self.intercepts = coefs, intercepts
        self.item_bytes = 8 if coefs[0].dtype == _FLOAT64 else 4
        self.is_double = self.item_bytes == 8
        self.dtype = _FLOAT64 if self.is_double else _FLOAT32  # a loaded one is another
        self.lanes = _ALIGNMENT // self.item_bytes
        self.memory = []
        self.kernel = &kernels[<ptrdiff_t> INSTRUCTION_SETS.index(instruction_set)][self.is_double]
        self.network.activation = <ptrdiff_t> _ACTIVATIONS.index(activation)
        self.network.n_layers = len(coefs)
        self.network.layers = <layer_t *> self.zeros(
            self.network.n_layers * <ptrdiff_t> sizeof(layer_t))
        for index in range(self.network.n_layers):
            self.open_layer(&self.network.layers[index], index, is_copied and index == 0)
        self.n_outputs = self.network.layers[self.network.n_layers - 1].fan_out
        return 0

    cdef int open_layer(self, layer_t *layer, ptrdiff_t index, bint is_copied) except -1:
        cdef ptrdiff_t unit
        weights = self.coefs[index]
        layer.fan_in, layer.fan_out = weights.shape
        layer.stride = self.padded(layer.fan_in if index else layer.fan_out)
        if is_copied:
            layer.weights = address(weights, self.dtype, PyBUF_STRIDES)
        else:
            layer.weights = aligned_address(weights, self.dtype)
        layer.intercept = aligned_address(self.intercepts[index], self.dtype)
        layer.output = self.room(layer.fan_out)
        layer.mask = self.room(layer.fan_out)
        for unit in range(layer.fan_out):
            if self.is_double:
                (<double *> layer.mask)[unit] = 1
            else:
                (<float *> layer.mask)[unit] = 1
        return 0

    cdef int open_blocks(self, ptrdiff_t size) except -1:
        """Make room for the sums of blocks of samples."""
        cdef network_t *network = &self.network
        network.block_stride = (network.layers.stride // self.lanes | 1) * self.lanes
        network.block_sums = self.room(size * network.block_stride + 4 * self.lanes)
        return 0

    cdef int check(self, _Rows samples, bint is_to_train=False) except -1:
        """Check that rows fit; to train, in their type too."""
        cdef ptrdiff_t fan_in = self.network.layers.fan_in
        cdef bint is_other = is_to_train and samples.view.is_double != self.is_double
        if is_other or samples.view.n_features != fan_in:
            raise ValueError(
                f"X has the dtype {samples.dtype} and {samples.view.n_features} columns, the "
                f"weights have {self.dtype} and {fan_in} rows")
        return 0

    cdef void settle_for(self, const samples_t *samples) noexcept:
        """Apply what the first layer waits for, or as much of it as samples need."""
        cdef unsigned int mode = flush_tiny_results()
        self.kernel.settle(&self.network, samples)
        restore_mode(mode)

    cdef ptrdiff_t padded(self, ptrdiff_t n_values) noexcept:
        return (n_values + self.lanes - 1) // self.lanes * self.lanes

    cdef void *room(self, ptrdiff_t n_values) except NULL:
        """Room for so many values in the type of the weights."""
        return self.zeros(n_values * self.item_bytes)

    cdef void *zeros(self, ptrdiff_t n_bytes) except NULL:
        """Zeroed memory, as much as asked for in whole cache lines of its own."""
        chunk = np.zeros(n_bytes + 2 * _ALIGNMENT, np.uint8)
        self.memory.append(chunk)
        piece = <char *> address(chunk, np.uint8)
        return piece + (-<uintptr_t> piece) % <uintptr_t> _ALIGNMENT

    def standardize_few(self, moments, totals, is_centred):
        """Let a few rows be standardized by the moments, which may be None."""
        if moments is not None:
            self.inputs = _Inputs()
            self.inputs.open(moments, totals, is_centred, self.is_double)

    cdef bint lie_as_before(self, list coefs, list intercepts, bint to_change) except -1:
        """Whether all weights, or their averages, are where they were, as they were laid out."""
        cdef ptrdiff_t index
        cdef ptrdiff_t[2] shape, strides
        cdef const layer_t *layer
        cdef bint averages = self.network.averages
        if not len(coefs) == len(intercepts) == self.network.n_layers:
            return False
        for index in range(self.network.n_layers):
            layer = &self.network.layers[index]
            shape[0], shape[1] = layer.fan_in, layer.fan_out
            strides[0], strides[1] = layer.stride * self.item_bytes, self.item_bytes
            if coefs[index].dtype != self.dtype or intercepts[index].dtype != self.dtype:
                return False
            if not lies_at(
                intercepts[index], layer.intercept_average if averages else layer.intercept,
                1, shape + 1, strides + 1, to_change
            ):
                return False
            if index:  # a row of memory for each unit
                strides[0], strides[1] = strides[1], strides[0]
            if not lies_at(
                coefs[index], layer.average if averages else layer.weights,
                2, shape, strides, to_change
            ):
                return False
        return True


cdef class _ForwardPass(_Layers):
    """Sums of the output layer: see :meth:`CompiledEngine.forward_pass`."""

    def sums(self, X, rows):
        """Return the sums z of the output layer for a slice of the rows, of shape (n, K)."""
        cdef _Rows samples = _Rows()
        samples.open(X, rows)
        self.check(samples)
        z = np.empty((samples.view.n_rows, self.n_outputs), self.dtype)
        cdef void *outputs = address(z, self.dtype)
        with nogil:
            self.kernel.sum_outputs(&self.network, &samples.view, outputs)
        return z

    def sums_of_few(self, X, list coefs, list intercepts, _Layers stream=None):
        """Return the same for a few rows, or None if anything is unexpected, such as infinite sums.

        The weights are those that the model shows, to see that they still lie where they did; they
        may wait for what a stream makes of them, whose engine is given.
        """
        cdef few_t few
        memory = take_rows(&few, X, self.network.layers.fan_in)
        if memory is None:
            return None
        z = np.empty((few.samples.n_rows, self.n_outputs), self.dtype)
        cdef void *outputs = address(z, self.dtype)
        other = self if stream is None else stream
        with cython.critical_section(self, other):
            if not self.lie_as_before(coefs, intercepts, False):
                return None
            if self.inputs is not None and not self.inputs.apply(&few):
                return None
            if stream is not None:
                stream.settle_for(&few.samples)
            self.kernel.sum_outputs(&self.network, &few.samples, outputs)
        return z if largest_of(outputs, z.size, self.is_double) < INFINITY else None


def _forward_pass(engine, coefs, intercepts, activation):
    """Do the same as :meth:`~skl_softmaxnet._engine._numpy.NumpyEngine.forward_pass`."""
    cdef bint is_copied = not is_aligned(coefs[0], coefs[0].dtype)
    cdef _ForwardPass forward_pass = _ForwardPass()
    forward_pass.open(coefs, intercepts, activation, engine.instruction_set, is_copied)
    forward_pass.open_blocks(ROWS_AT_ONCE)
    forward_pass.network.blocks[0].inputs = forward_pass.room(
        ROWS_AT_ONCE * (STRIP + forward_pass.lanes))
    if is_copied:
        forward_pass.network.copies = forward_pass.room(STRIP * forward_pass.network.layers.stride)
        forward_pass.network.row_bytes = coefs[0].strides[0]
    return forward_pass


cdef void *aligned_address(array, dtype) except NULL:
    """The address of weights, which as_blocks has laid out."""
    pointer = address(array, dtype, PyBUF_STRIDES | PyBUF_WRITABLE)
    if <uintptr_t> pointer % <uintptr_t> _ALIGNMENT:
        raise ValueError("the weights must be laid out by as_blocks")
    return pointer


cdef void *like_address(array, weights) except NULL:
    """The address of what is laid out like the weights."""
    if array.strides != weights.strides:
        raise ValueError("velocities and averages must be laid out like the weights")
    return aligned_address(array, weights.dtype)


cdef bint lies_at(
    array, const void *values, int n_dims, ptrdiff_t *shape, ptrdiff_t *strides, bint to_change
) except -1:
    """Whether the memory of an array is still where it was, and laid out like that."""
    cdef Py_buffer buffer
    cdef bint lies_there
    cdef int i
    PyObject_GetBuffer(array, &buffer, PyBUF_STRIDES)
    lies_there = buffer.buf == values and buffer.ndim == n_dims
    lies_there &= not (to_change and buffer.readonly)
    for i in range(n_dims if lies_there else 0):
        lies_there &= buffer.shape[i] == shape[i]
        lies_there &= shape[i] == 1 or buffer.strides[i] == strides[i]
    PyBuffer_Release(&buffer)
    return lies_there

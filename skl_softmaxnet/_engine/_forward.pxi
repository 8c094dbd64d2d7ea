# Forward passes. Included by _compiled.pyx.


cdef class _ForwardPass(_Layers):
    """Sums of the output layer: see :meth:`CompiledEngine.forward_pass`."""

    def sums(self, X, rows):
        """Return the sums z of the output layer for a slice of the rows, of shape (n, K)."""
        cdef _Rows samples = _Rows()
        samples.open(X, rows)
        if not samples.fits(self.network.layers.fan_in):
            raise ValueError(
                f"X has the dtype {samples.dtype} and {samples.view.n_features} columns, the weights "
                f"have {self.network.layers.fan_in} rows")
        z = np.empty((samples.view.n_rows, self.n_outputs), self.dtype)
        cdef void *outputs = address(z, self.dtype)
        with nogil:
            self.kernel.sum_outputs(&self.network, &samples.view, outputs)
        return z

    def sums_of_few(self, X, list coefs, list intercepts):
        """Return the same for a few rows, or None if anything is unexpected, such as infinite sums.

        The weights are those that the model shows, to see that they still lie where they did.
        """
        cdef few_t few
        memory = take_rows(&few, X, self.network.layers.fan_in)
        if memory is None:
            return None
        z = np.empty((few.samples.n_rows, self.n_outputs), self.dtype)
        cdef void *outputs = address(z, self.dtype)
        with cython.critical_section(self):
            if not self.lie_as_before(coefs, intercepts, False):
                return None
            if self.inputs is not None and not self.inputs.apply(&few):
                return None
            self.kernel.sum_outputs(&self.network, &few.samples, outputs)
        return z if largest_of(outputs, z.size, self.is_double) < INFINITY else None


cdef _ForwardPass open_forward_pass(coefs, intercepts, activation, instruction_set):
    cdef bint is_copied = not is_aligned(coefs[0], coefs[0].dtype)
    forward_pass = _ForwardPass()
    forward_pass.open(coefs, intercepts, activation, instruction_set, is_copied)
    forward_pass.open_blocks(ROWS_AT_ONCE)
    forward_pass.network.blocks[0].inputs = forward_pass.room(
        ROWS_AT_ONCE * (STRIP + forward_pass.lanes))
    if is_copied:
        forward_pass.network.copies = forward_pass.room(STRIP * forward_pass.network.layers.stride)
        forward_pass.network.row_bytes = coefs[0].strides[0]
    return forward_pass

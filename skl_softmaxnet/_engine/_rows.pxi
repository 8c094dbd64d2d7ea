# Rows of X and their targets, as the C code reads them. Included by _compiled.pyx.

from cpython.buffer cimport (
    PyBUF_C_CONTIGUOUS, PyBUF_STRIDES, PyBUF_WRITABLE, PyBuffer_IsContiguous, PyBuffer_Release,
    PyObject_GetBuffer)
from libc.stdint cimport int32_t, int64_t, uint64_t, uintptr_t

ctypedef void *pointer
ctypedef double *doubles


cdef extern from "_dispatch.h" nogil:
    ctypedef struct samples_t:
        ptrdiff_t n_rows, n_features
        const void *values
        bint is_double
        const void *indices
        const ptrdiff_t *indptr
        int index_bytes
        const int32_t *labels
        const ptrdiff_t *label_starts

    ptrdiff_t index_at(int index_bytes, const void *indices, ptrdiff_t i)


cdef object _FLOAT32 = np.dtype(np.float32), _FLOAT64 = np.dtype(np.float64)
cdef object _INT32 = np.dtype(np.int32), _INT64 = np.dtype(np.int64), _INTP = np.dtype(np.intp)

cdef int _TO_CHANGE = PyBUF_C_CONTIGUOUS | PyBUF_WRITABLE


cdef class _Rows:
    """Rows of X for the C code, which follows nothing that others could change.

    It holds the arrays of values and columns themselves, whatever becomes of X, and a copy of where
    rows begin. Columns are checked when they are used.
    """

    cdef samples_t view
    cdef object X, dtype
    cdef object values, indices, indptr  # what the pointers of `view` point to

    cdef int open(self, X, rows) except -1:
        # asked for once: another thread may give X other parts at any time
        n_rows, self.view.n_features = X.shape
        start, stop, _ = rows.indices(n_rows)
        self.X = X
        self.values = X.data if sp.issparse(X) else X[rows]
        self.dtype = self.values.dtype
        if self.dtype == _FLOAT64:
            self.view.is_double = True
        elif self.dtype != _FLOAT32:
            raise ValueError(f"X must hold float32 or float64, not {self.dtype}")
        self.view.n_rows = stop - start
        cdef ptrdiff_t n_values = self.view.n_rows * self.view.n_features
        if sp.issparse(X):
            self.indices = X.indices
            n_values = min(len(self.values), len(self.indices))
            self.indptr = bounds_of_lists(
                X.indptr[start : stop + 1], self.view.n_rows, n_values, self.view.n_features)
            self.view.index_bytes = 4 if self.indices.dtype == _INT32 else 8
            self.view.indices = address(
                self.indices, _INT32 if self.view.index_bytes == 4 else _INT64,
                PyBUF_C_CONTIGUOUS, n_values)
            self.view.indptr = <const ptrdiff_t *> address(self.indptr, _INTP)
        else:  # a copy where they are not contiguous
            self.values = np.require(self.values, requirements=["C", "A"])
        self.view.values = address(self.values, self.dtype, PyBUF_C_CONTIGUOUS, n_values)
        return 0


cdef class _Samples(_Rows):
    """Rows and their targets, with a copy of the labels."""

    cdef object targets, labels, label_starts

    cdef int open_with(self, X, targets, ptrdiff_t n_outputs) except -1:
        cdef ptrdiff_t i, n_labels
        cdef bint is_outside = False
        self.open(X, slice(None))
        self.targets = targets
        self.labels = np.array(targets.indices if sp.issparse(targets) else targets, _INT32)
        self.view.labels = <const int32_t *> address(self.labels, _INT32)
        n_labels = len(self.labels)
        if sp.issparse(targets):
            self.label_starts = bounds_of_lists(
                targets.indptr, self.view.n_rows, n_labels, targets.shape[1])
            self.view.label_starts = <const ptrdiff_t *> address(self.label_starts, _INTP)
        elif n_labels != self.view.n_rows:
            raise ValueError(f"X has {self.view.n_rows} rows, but there are {n_labels} targets")
        for i in range(n_labels):
            is_outside |= not 0 <= self.view.labels[i] < n_outputs
        if is_outside:
            raise ValueError(f"targets must be indices below {n_outputs}")
        return 0


cdef bounds_of_lists(bounds, ptrdiff_t n_lists, ptrdiff_t n_stored, ptrdiff_t longest):
    """Return a copy of where lists begin and end, once it is sure that all lie inside."""
    copy = np.array(bounds, _INTP)
    cdef const ptrdiff_t *starts = <const ptrdiff_t *> address(copy, _INTP)
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
        raise ValueError(f"expected an array of {dtype}, got {array.dtype}")
    PyObject_GetBuffer(array, &buffer, flags)
    PyBuffer_Release(&buffer)
    if buffer.len < n_values * buffer.itemsize:
        raise ValueError("an array has changed while it was looked at")
    return buffer.buf

# The short way for a few rows: everything is looked at again that may have changed, without a call
# of Python, and whatever is unexpected is left to the ordinary way. Included by _compiled.pyx.

from cpython.dict cimport PyDict_Next
from cpython.object cimport PyObject


cdef extern from "_stream.h" nogil:
    enum: MOST_ROWS, MOST_LABELS, MOST_VALUES

    ctypedef struct few_t:
        samples_t samples
        double largest
        ptrdiff_t longest, n_labels
        ptrdiff_t *indptr
        ptrdiff_t *label_starts
        int32_t *labels
        ptrdiff_t *order
        double *fractions
        ptrdiff_t n_presentations

    int has_room(const few_t *, const moments_t *, ptrdiff_t n_rows)
    void save_moments(const few_t *, const moments_t *, double *saved, int give_back)
    int count_few(
        const few_t *, const moments_t *, few_t *standardized, void *values, int64_t *columns)
    void standardize_few(few_t *, const moments_t *, void *values)

    ctypedef struct bound_t:
        double weight, velocity, input

    double largest_of(const void *, ptrdiff_t n, int is_double)
    int has_sorted_rows(few_t *, ptrdiff_t n_stored)
    int list_presentations(few_t *, const double *weights)
    double bound_after(bound_t *, const network_t *, ptrdiff_t n_inputs, double rate, ptrdiff_t n)
    double bound_waiting(const bound_t *, network_t *, double rate, ptrdiff_t n)


cdef object _NDARRAY = np.ndarray, _CSR_ARRAY = sp.csr_array, _CSR_MATRIX = sp.csr_matrix

MOST_PRESENTATIONS = MOST_ROWS  # of a call


cpdef bint are_same(dict attributes, dict expected) except -1:
    """Tell whether two dicts hold the same objects under the same names, in the same order."""
    cdef Py_ssize_t position = 0, other_position = 0
    cdef PyObject *name
    cdef PyObject *value
    cdef PyObject *other_name
    cdef PyObject *other_value
    if len(attributes) != len(expected):
        return False
    while PyDict_Next(expected, &position, &name, &value):
        if not PyDict_Next(attributes, &other_position, &other_name, &other_value):
            return False
        if other_value != value or other_name != name:
            return False
    return True


cpdef bint are_same_items(items, list expected) except -1:
    """Tell whether something is a list of the same objects as another."""
    cdef Py_ssize_t i
    if type(items) is not list or len(<list> items) != len(expected):
        return False
    for i in range(len(expected)):
        if (<list> items)[i] is not expected[i]:
            return False
    return True


cdef void *look_at(
    array, dtype_of_4, dtype_of_8, int *item_bytes, ptrdiff_t *n_rows, ptrdiff_t *n_columns=NULL
) except? NULL:
    """Where the values of a contiguous array of one dimension or two are; NULL if it is not one."""
    cdef Py_buffer buffer
    cdef void *values = NULL
    if type(array) is not _NDARRAY:
        return NULL
    item_bytes[0] = 8 if array.dtype == dtype_of_8 else 4
    if item_bytes[0] == 4 and array.dtype != dtype_of_4:
        return NULL
    PyObject_GetBuffer(array, &buffer, PyBUF_STRIDES)
    if buffer.ndim == (1 if n_columns == NULL else 2) and PyBuffer_IsContiguous(&buffer, b"C"):
        n_rows[0] = buffer.shape[0]
        if n_columns != NULL:
            n_columns[0] = buffer.shape[1]
        if <uintptr_t> buffer.buf % <uintptr_t> item_bytes[0] == 0:
            values = buffer.buf
    PyBuffer_Release(&buffer)
    return values


cdef object take_rows(few_t *few, X, ptrdiff_t n_features):
    """Point to a few rows, and return what holds their memory, or None.

    None unless they are as the engine wants them, finite and nothing else.
    """
    cdef samples_t *samples = &few.samples
    cdef int value_bytes = 0
    if type(X) is not _NDARRAY:
        return take_sparse_rows(few, X, n_features)
    samples.index_bytes = 0
    samples.indices = samples.indptr = NULL
    samples.values = look_at(
        X, _FLOAT32, _FLOAT64, &value_bytes, &samples.n_rows, &samples.n_features)
    if samples.values == NULL or samples.n_features != n_features:
        return None
    if not 0 < samples.n_rows <= MOST_ROWS:
        return None
    few.longest = n_features
    samples.is_double = value_bytes == 8
    few.largest = largest_of(samples.values, samples.n_rows * n_features, samples.is_double)
    return X if few.largest < INFINITY else None


cdef object take_sparse_rows(few_t *few, X, ptrdiff_t n_features):
    cdef samples_t *samples = &few.samples
    cdef ptrdiff_t n_values = 0, n_indices = 0, n_starts = 0, i
    cdef int value_bytes = 0, start_bytes = 0
    cdef void *starts
    if type(X) is not _CSR_ARRAY and type(X) is not _CSR_MATRIX:
        return None
    data, indices, indptr = (  # held here: another thread may give X others
        getattr(X, "data", None), getattr(X, "indices", None), getattr(X, "indptr", None))
    samples.values = look_at(data, _FLOAT32, _FLOAT64, &value_bytes, &n_values)
    samples.indices = look_at(indices, _INT32, _INT64, &samples.index_bytes, &n_indices)
    starts = look_at(indptr, _INT32, _INT64, &start_bytes, &n_starts)
    if samples.values == NULL or samples.indices == NULL or starts == NULL:
        return None
    if not 0 < n_starts - 1 <= MOST_ROWS or X.shape != (n_starts - 1, n_features):
        return None
    samples.n_rows, samples.n_features = n_starts - 1, n_features
    for i in range(n_starts):
        few.indptr[i] = index_at(start_bytes, starts, i)
    samples.indptr = few.indptr
    if not has_sorted_rows(few, min(n_values, n_indices)):
        return None
    samples.is_double = value_bytes == 8
    few.largest = largest_of(samples.values, few.indptr[samples.n_rows], samples.is_double)
    return (data, indices) if few.largest < INFINITY else None


cdef bint take_labels(few_t *few, list labels, bint is_multilabel) except -1:
    """Copy the labels of each row: one, or a list of them."""
    cdef ptrdiff_t row
    cdef list of_row
    if len(labels) != few.samples.n_rows:
        return False
    few.n_labels = 0
    for row in range(few.samples.n_rows):
        few.label_starts[row] = few.n_labels
        of_row = labels[row] if is_multilabel else [labels[row]]
        if few.n_labels + len(of_row) > MOST_LABELS:
            return False
        for label in of_row:
            few.labels[few.n_labels] = <ptrdiff_t> label
            few.n_labels += 1
    few.label_starts[few.samples.n_rows] = few.n_labels
    few.samples.labels = few.labels
    few.samples.label_starts = few.label_starts if is_multilabel else NULL
    return True


cdef bint take_weights(few_t *few, list weights) except -1:
    """List the presentations of rows of these weights, None for ones."""
    cdef double[MOST_ROWS] values
    cdef ptrdiff_t row
    for row in range(few.samples.n_rows):
        values[row] = 1.0 if weights is None else weights[row]
    return list_presentations(few, values)


cdef class _Inputs:
    """What a few rows are standardized by, and room for them."""

    cdef moments_t moments
    cdef object arrays  # that `moments` points to
    cdef double *values
    cdef double *saved
    cdef int64_t *columns

    cdef int open(self, moments, totals, bint is_centred, bint to_double) except -1:
        cdef ptrdiff_t n_features = moments.shape[1]
        cdef ptrdiff_t n_values = min(MOST_ROWS * n_features, MOST_VALUES)
        room = np.empty(4 * n_values + 2), np.empty(min(n_features, MOST_VALUES))
        self.arrays = moments, totals, room
        point_to(&self.moments, moments, totals, is_centred)
        self.values = <double *> address(room[0], _FLOAT64)
        self.columns = <int64_t *> (self.values + n_values)
        self.saved = self.values + 2 * n_values
        self.moments.row = <double *> address(room[1], _FLOAT64)
        self.moments.to_double = to_double
        return 0

    cdef bint count(self, few_t *given, few_t *standardized) noexcept:
        """Count rows and standardize each presentation of them, unless something is against it."""
        if not has_room(given, &self.moments, given.n_presentations) or not self.moments.totals[1]:
            return False
        save_moments(given, &self.moments, self.saved, False)
        if count_few(given, &self.moments, standardized, self.values, self.columns):
            return True
        self.forget(given)
        return False

    cdef void forget(self, few_t *given) noexcept:
        """Go back to what was counted before."""
        save_moments(given, &self.moments, self.saved, True)

    cdef bint apply(self, few_t *few) noexcept:
        """Standardize rows, unless they are too many."""
        if not has_room(few, &self.moments, few.samples.n_rows):
            return False
        standardize_few(few, &self.moments, self.values)
        return True

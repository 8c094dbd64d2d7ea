# The short way for a few rows: everything is looked at again that may have changed, without a call
# of Python, and whatever is unexpected is left to the ordinary way. Included by _compiled.pyx.

cimport cython
from cpython.dict cimport PyDict_Next
from cpython.object cimport PyObject


cdef extern from "_stream.h" nogil:
    enum: MOST_ROWS, MOST_LABELS, MOST_VALUES

    ctypedef struct few_t:
        samples_t samples
        int is_double
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

    double largest_input(const void *, ptrdiff_t n, int is_double)
    int has_sorted_rows(few_t *, ptrdiff_t n_stored)
    int list_columns(const few_t *, ptrdiff_t *columns)
    int list_presentations(few_t *, const double *weights)
    double bound_after(bound_t, const network_t *, ptrdiff_t n_inputs, double rate, ptrdiff_t n)


cdef object _NDARRAY = np.ndarray, _CSR_ARRAY = sp.csr_array, _CSR_MATRIX = sp.csr_matrix
cdef object _FLOAT32 = np.dtype(np.float32), _FLOAT64 = np.dtype(np.float64)
cdef object _INT32 = np.dtype(np.int32), _INT64 = np.dtype(np.int64)

# Beyond these a bound is no promise any more that nothing overflows, roundings included.
cdef double _SAFE_FLOAT = 1e36, _SAFE_DOUBLE = 1e300


def are_same(dict attributes, dict expected):
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


def are_same_items(items, list expected):
    """Tell whether something is a list of the same objects as another."""
    cdef Py_ssize_t i
    if type(items) is not list or len(<list> items) != len(expected):
        return False
    for i in range(len(expected)):
        if (<list> items)[i] is not expected[i]:
            return False
    return True


cdef void *_look_at(array, object dtype, ptrdiff_t *n_rows, ptrdiff_t *n_columns) except? NULL:
    """Where the values of a contiguous array are, in one dimension or two; NULL if it is not one."""
    cdef Py_buffer buffer
    cdef void *values = NULL
    if type(array) is not _NDARRAY or array.dtype != dtype:
        return NULL
    PyObject_GetBuffer(array, &buffer, PyBUF_STRIDES)
    if buffer.ndim == 2 and n_columns != NULL:
        n_rows[0], n_columns[0] = buffer.shape[0], buffer.shape[1]
        if (n_columns[0] == 1 or buffer.strides[1] == buffer.itemsize) and (
            n_rows[0] == 1 or buffer.strides[0] == n_columns[0] * buffer.itemsize
        ):
            values = buffer.buf
    elif buffer.ndim == 1 and n_columns == NULL:
        n_rows[0] = buffer.shape[0]
        if n_rows[0] == 1 or buffer.strides[0] == buffer.itemsize:
            values = buffer.buf
    if <uintptr_t> values % <uintptr_t> buffer.itemsize:
        values = NULL
    PyBuffer_Release(&buffer)
    return values


cdef bint _lies_at(
    array, void *values, int n_dims, ptrdiff_t *shape, ptrdiff_t *strides, bint to_change
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


cdef bint _lie_as_before(
    list coefs, list intercepts, const network_t *network, dtype, bint to_change
) except -1:
    """Whether all weights, or their averages, are where they were, as they were laid out."""
    cdef ptrdiff_t l, item_bytes = dtype.itemsize
    cdef ptrdiff_t[2] shape, strides
    cdef const layer_t *layer
    cdef void *weights
    cdef void *intercept
    if not len(coefs) == len(intercepts) == network.n_layers:
        return False
    for l in range(network.n_layers):
        layer = &network.layers[l]
        shape[0], shape[1] = layer.fan_in, layer.fan_out
        strides[0], strides[1] = layer.stride * item_bytes, item_bytes
        if coefs[l].dtype != dtype or intercepts[l].dtype != dtype:
            return False
        weights = layer.average if network.averages else layer.weights
        intercept = layer.intercept_average if network.averages else layer.intercept
        if not _lies_at(intercepts[l], intercept, 1, shape + 1, strides + 1, to_change):
            return False
        if l:  # a row of memory for each unit
            strides[0], strides[1] = strides[1], strides[0]
        if not _lies_at(coefs[l], weights, 2, shape, strides, to_change):
            return False
    return True


cdef object _take_rows(few_t *few, X, ptrdiff_t n_features):
    """Point to a few rows, and return what holds their memory, or None.

    None unless they are as the engine wants them, finite and nothing else.
    """
    cdef samples_t *samples = &few.samples
    cdef ptrdiff_t n_stored, n_columns
    few.samples.index_bytes = 0
    few.samples.indices = few.samples.indptr = NULL
    if type(X) is not _NDARRAY:
        return _take_sparse_rows(few, X, n_features)
    few.is_double = X.dtype == _FLOAT64
    samples.values = _look_at(
        X, _FLOAT64 if few.is_double else _FLOAT32, &samples.n_rows, &samples.n_features)
    if samples.values == NULL or samples.n_features != n_features:
        return None
    if not 0 < samples.n_rows <= MOST_ROWS:
        return None
    few.longest = n_features
    few.largest = largest_input(samples.values, samples.n_rows * n_features, few.is_double)
    return X if few.largest < INFINITY else None


cdef object _take_sparse_rows(few_t *few, X, ptrdiff_t n_features):
    cdef samples_t *samples = &few.samples
    cdef ptrdiff_t n_values = 0, n_indices = 0, n_starts = 0, i
    cdef void *starts
    if type(X) is not _CSR_ARRAY and type(X) is not _CSR_MATRIX:
        return None
    data, indices, indptr = [getattr(X, name, None) for name in ("data", "indices", "indptr")]
    if type(data) is not _NDARRAY or type(indices) is not _NDARRAY:
        return None
    shape = X.shape
    if len(shape) != 2 or shape[1] != n_features or not 0 < shape[0] <= MOST_ROWS:
        return None
    samples.n_rows, samples.n_features = shape
    few.is_double = data.dtype == _FLOAT64
    samples.index_bytes = 4 if indices.dtype == _INT32 else 8
    samples.values = _look_at(data, _FLOAT64 if few.is_double else _FLOAT32, &n_values, NULL)
    samples.indices = _look_at(
        indices, _INT32 if samples.index_bytes == 4 else _INT64, &n_indices, NULL)
    starts = _look_at(
        indptr, _INT32 if samples.index_bytes == 4 else _INT64, &n_starts, NULL)
    if samples.values == NULL or samples.indices == NULL or starts == NULL:
        return None
    if n_starts != samples.n_rows + 1:
        return None
    for i in range(n_starts):
        few.indptr[i] = (
            (<int32_t *> starts)[i] if samples.index_bytes == 4 else (<int64_t *> starts)[i])
    samples.indptr = few.indptr
    if not has_sorted_rows(few, min(n_values, n_indices)):
        return None
    few.largest = largest_input(samples.values, few.indptr[samples.n_rows], few.is_double)
    return (data, indices) if few.largest < INFINITY else None


cdef bint _take_labels(few_t *few, list labels, bint is_multilabel) except -1:
    """Copy the labels of each row: one, or a list of them."""
    cdef ptrdiff_t row
    if len(labels) != few.samples.n_rows:
        return False
    few.n_labels = 0
    for row in range(few.samples.n_rows):
        few.label_starts[row] = few.n_labels
        for label in labels[row] if is_multilabel else (labels[row],):
            if few.n_labels == MOST_LABELS:
                return False
            few.labels[few.n_labels] = label
            few.n_labels += 1
    few.label_starts[few.samples.n_rows] = few.n_labels
    few.samples.labels = few.labels
    few.samples.label_starts = few.label_starts if is_multilabel else NULL
    return True


cdef bint _take_weights(few_t *few, list weights) except -1:
    """List the presentations of rows of these weights, None for ones."""
    cdef double values[MOST_ROWS]
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

    def __init__(self, moments, totals, is_centred, dtype):
        cdef ptrdiff_t n_features = moments.shape[1]
        cdef ptrdiff_t n_values = min(MOST_ROWS * n_features, MOST_VALUES)
        room = np.empty(4 * n_values + 2), np.empty(min(n_features, MOST_VALUES))
        self.arrays = moments, totals, room
        self.moments.shift = <double *> address(moments, np.float64)
        self.moments.sums = self.moments.shift + n_features
        self.moments.squares = self.moments.sums + n_features
        self.moments.totals = <double *> address(totals, np.float64)
        self.values = <double *> address(room[0], np.float64)
        self.columns = <int64_t *> (self.values + n_values)
        self.saved = self.values + 2 * n_values
        self.moments.row = <double *> address(room[1], np.float64)
        self.moments.is_centred = is_centred
        self.moments.to_double = dtype == np.float64

    cdef bint count(self, few_t *given, few_t *standardized):
        """Count rows and standardize each presentation of them, unless something speaks against it."""
        self.moments.from_double = given.is_double
        if not has_room(given, &self.moments, given.n_presentations) or not self.moments.totals[1]:
            return False
        save_moments(given, &self.moments, self.saved, False)
        if not count_few(given, &self.moments, standardized, self.values, self.columns):
            self.forget(given)
            return False
        return True

    cdef void forget(self, few_t *given):
        """Go back to what was counted before."""
        save_moments(given, &self.moments, self.saved, True)

    cdef bint apply(self, few_t *few):
        """Standardize rows, unless they are too many."""
        self.moments.from_double = few.is_double
        if not has_room(few, &self.moments, few.samples.n_rows):
            return False
        standardize_few(few, &self.moments, self.values)
        return True

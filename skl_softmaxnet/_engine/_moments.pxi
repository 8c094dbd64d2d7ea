# The moments of standardized inputs: what _moments.py does. Included by _compiled.pyx.


cdef extern from "_moments.h" nogil:
    ctypedef struct moments_t:
        doubles totals, shift, sums, squares, row
        bint is_centred, to_double

    ptrdiff_t count_inputs(const moments_t *, const samples_t *, ptrdiff_t row)
    void count_row(const moments_t *, const samples_t *, ptrdiff_t row, double weight)
    ptrdiff_t standardize_row(
        const moments_t *, const samples_t *, ptrdiff_t row, void *out, ptrdiff_t first)


# Presentations of a million values that are counted before Python gets a word in.
cdef ptrdiff_t _VALUES_COUNTED_AT_ONCE = 1 << 20


cdef int point_to(
    moments_t *view, moments, totals, bint is_centred, int flags=PyBUF_C_CONTIGUOUS
) except -1:
    """Let a view point to the moments (3, n_features) and totals (2,)."""
    cdef ptrdiff_t n_features = moments.shape[1]
    view.totals = <double *> address(totals, _FLOAT64, flags, 2)
    view.shift = <double *> address(moments, _FLOAT64, flags, 3 * n_features)
    view.sums, view.squares = view.shift + n_features, view.shift + 2 * n_features
    view.is_centred = is_centred
    return 0


def _count_rows(X, order, fractions, moments, totals, bint is_centred, out=None):
    """Do the same as :func:`~skl_softmaxnet._engine._moments.count_rows`."""
    cdef ptrdiff_t first = order.min() if len(order) else 0
    places = order - first
    cdef _Rows samples = _Rows()
    samples.open(X, slice(first, order.max() + 1 if len(order) else 0))
    cdef ptrdiff_t n_features = moments.shape[1]
    if n_features != samples.view.n_features or first < 0:
        raise ValueError("X, rows and moments do not belong together")
    cdef moments_t view
    point_to(&view, moments, totals, is_centred, _TO_CHANGE)
    room = np.empty(n_features)
    view.row = <double *> address(room, _FLOAT64)
    cdef const double *weights = NULL
    if fractions is not None:
        weights = <const double *> address(fractions, _FLOAT64, PyBUF_C_CONTIGUOUS, len(order))
    cdef void *values = NULL
    if out is not None:
        view.to_double = 1 if out.dtype == _FLOAT64 else 0
        values = address(out, out.dtype, _TO_CHANGE)
    count_all(
        &view, &samples.view, <const ptrdiff_t *> address(places, _INTP), weights, len(order),
        values, 0 if out is None else out.size)


cdef int count_all(
    moments_t *view, samples_t *samples, const ptrdiff_t *rows, const double *weights, ptrdiff_t n,
    void *out, ptrdiff_t n_values
) except -1:
    """Count rows, and standardize those for which there is room."""
    cdef ptrdiff_t n_at_once = max(1, _VALUES_COUNTED_AT_ONCE // samples.n_features)
    cdef ptrdiff_t start, i, n_written = 0
    for start in range(0, n, n_at_once):
        with nogil:
            for i in range(start, min(n, start + n_at_once)):
                if not 0 <= rows[i] < samples.n_rows:
                    continue  # someone has changed X meanwhile
                count_row(view, samples, rows[i], 1 if weights == NULL else weights[i])
                if n_written + count_inputs(view, samples, rows[i]) <= n_values:
                    n_written += standardize_row(view, samples, rows[i], out, n_written)
        PyErr_CheckSignals()
    return 0

# Shuffles, and rows in content order: what _sorting.py does. Included by _compiled.pyx.


cdef extern from "Python.h":
    int check_signals "PyErr_CheckSignals"() noexcept  # nonzero with an exception set


cdef extern from "_shuffle.h" nogil:
    void shuffle_part(
        char *, int n_bytes, uint64_t seed, uint64_t epoch, ptrdiff_t first, ptrdiff_t stop)


cdef extern from "_sorting.h" nogil:
    ctypedef struct sorting_t:
        const samples_t *samples
        uint64_t *keys
        uint64_t *other_keys
        int32_t *order
        int32_t *other_order
        char *is_first
        ptrdiff_t n_until_check
        int (*is_interrupted)() noexcept nogil

    int sort_all(sorting_t *) except -1


# Values that are shuffled before Python gets a word in, to see Ctrl-C.
cdef ptrdiff_t _SHUFFLED_AT_ONCE = 1 << 21

# A CSR row's columns are counted in 32 bits while rows are sorted.
cdef int64_t _MOST_SORTED_COLUMNS = 2**32 - 1


def shuffle(values, uint64_t seed, int64_t epoch):
    """Do the same as :func:`~skl_softmaxnet._engine._sorting.shuffle`."""
    cdef int n_bytes = 4 if values.dtype == _INT32 else 8
    cdef char *first = <char *> address(values, _INT32 if n_bytes == 4 else _INT64, _TO_CHANGE)
    cdef ptrdiff_t start, stop
    for stop in range(len(values), 1, -_SHUFFLED_AT_ONCE):
        start = max(stop - _SHUFFLED_AT_ONCE, 1)
        with nogil:
            shuffle_part(first, n_bytes, seed, <uint64_t> epoch, start, stop)
        PyErr_CheckSignals()


def sort_rows(X, targets):
    """Do the same as :func:`~skl_softmaxnet._engine._sorting.sort_rows`."""
    cdef _Samples samples = _Samples()
    samples.open_with(X, targets, 2**31)
    cdef sorting_t sorting
    n_rows = samples.view.n_rows
    if _sorting.index_dtype(n_rows) != _INT32 or samples.view.n_features > _MOST_SORTED_COLUMNS:
        return _sorting.sort_rows(X, targets)
    order, other_order = np.arange(n_rows, dtype=_INT32), np.empty(n_rows, _INT32)
    keys = np.zeros((2, n_rows), np.uint64)
    is_first = np.zeros(n_rows, np.bool_)
    sorting.samples = &samples.view
    sorting.order = <int32_t *> address(order, _INT32)
    sorting.other_order = <int32_t *> address(other_order, _INT32)
    sorting.keys = <uint64_t *> address(keys, np.uint64)
    sorting.other_keys = sorting.keys + samples.view.n_rows
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

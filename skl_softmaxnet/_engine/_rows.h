/* The inputs of a sample: the rows of weights that it touches. A template, see _run.h. */

/* Whether a number is not zero, without a branch: the sign bit is shifted out. */
FUNCTION ptrdiff_t NAME(is_nonzero)(const REAL *x)
{
    UBITS bits;
    memcpy(&bits, x, sizeof bits);
    return (UBITS)(bits << 1) != 0;
}

/* Point to a dense row, and list where it is not zero. Where the row before had no zero, first see
 * whether this has one: counting is faster than listing, and the list would be the same. */
FUNCTION void NAME(load_dense)(const samples_t *samples, ptrdiff_t row, input_t *input)
{
    const REAL *values = (const REAL *)samples->values + row * samples->n_features;
    ptrdiff_t n = 0, j;
    input->values = (void *)values; /* read only from here on */
    if (input->is_full) {
        for (j = 0; j < samples->n_features; j++) n += NAME(is_nonzero)(values + j);
        if (n == samples->n_features) return;
        n = 0;
    }
    for (j = 0; j < samples->n_features; j++) {
        input->columns[n] = j;
        n += NAME(is_nonzero)(values + j);
    }
    input->n = n;
    input->is_full = n == samples->n_features;
}

/* Lay a sparse row out as a dense vector, and list where it is not zero. */
FUNCTION void NAME(load_sparse)(
    const samples_t *samples, ptrdiff_t row, input_t *input, int index_bytes)
{
    REAL *vector = input->values;
    const REAL *values = samples->values;
    const ptrdiff_t end = samples->indptr[row + 1];
    ptrdiff_t n = 0, j;
    for (j = 0; j < input->n; j++) vector[input->columns[j]] = 0;
    for (j = samples->indptr[row]; j < end; j++) {
        const ptrdiff_t column = column_at(samples, index_bytes, j);
        if (column < 0) continue;
        vector[column] = values[j];
        input->columns[n] = column;
        n += NAME(is_nonzero)(values + j);
    }
    input->n = n;
    input->is_full = 0; /* its columns are listed in any case */
}

FUNCTION void NAME(load)(const samples_t *samples, ptrdiff_t row, input_t *input)
{
    if (samples->index_bytes == 0) NAME(load_dense)(samples, row, input);
    else if (samples->index_bytes == 4) NAME(load_sparse)(samples, row, input, 4);
    else NAME(load_sparse)(samples, row, input, 8);
}

/* Ask for a row that will be loaded soon: rows come in random order, which no cache foresees. */
FUNCTION void NAME(prefetch)(const samples_t *samples, ptrdiff_t row)
{
    const int is_dense = samples->index_bytes == 0;
    const ptrdiff_t start = is_dense ? row * samples->n_features : samples->indptr[row];
    const ptrdiff_t end = is_dense ? start + samples->n_features : samples->indptr[row + 1];
    prefetch_inputs(samples, start, end);
    PREFETCH((const REAL *)samples->values + end - 1);
    prefetch_labels(samples, row);
}

/* List the columns where `input` is not zero and `other` is. */
FUNCTION ptrdiff_t NAME(list_only)(const input_t *input, const input_t *other, ptrdiff_t *only)
{
    const REAL *vector = other->values;
    ptrdiff_t n = 0, i;
    if (other->is_full) return 0;
    for (i = 0; i < input->n; i++) {
        only[n] = input->columns[i];
        n += 1 - NAME(is_nonzero)(vector + only[n]);
    }
    return n;
}

/* The sums of the output layer of many samples, for one type of number and one instruction set.
 *
 * A template, see _run.h. The sums of the first layer are
 * those of _blocks.h: in the order of the inputs, from zero, with multiplications and additions fused
 * where the processor can, and then the intercept. The layers above are those of training. An input
 * of zero changes no bit of a sum, so dense samples are multiplied in tiles and others as listed, and
 * the bits are the same, whatever lies beside a sample.
 */

/* Copy rows of the first layer's weights that lie without padding: for inputs that are listed or,
 * where columns is NULL, for n from `first` on. */
FUNCTION const REAL *NAME(copy_rows)(
    const network_t *network, const ptrdiff_t *columns, ptrdiff_t first, ptrdiff_t n)
{
    const layer_t *layer = network->layers;
    REAL *copies = network->copies;
    ptrdiff_t k;
    for (k = 0; k < n; k++) {
        const ptrdiff_t j = columns ? columns[k] : first + k;
        memcpy(copies + k * layer->stride, (const char *)layer->weights + j * network->row_bytes,
               (size_t)layer->fan_out * sizeof(REAL));
    }
    return copies;
}

/* --- The first layer --- */

/* sums <- sums + sum_k inputs[k] w_k, `count` vectors of them, for n rows w_k of weights: those of
 * the listed columns or, where there is no list, the first. */
FUNCTION void NAME(add_rows)(
    int count, const REAL *inputs, const ptrdiff_t *columns, ptrdiff_t n, const REAL *weights,
    ptrdiff_t stride, VEC *sums)
{
    VEC total[8];
    ptrdiff_t k;
    int i;
    UNROLL
    for (i = 0; i < count; i++) total[i] = sums[i];
    for (k = 0; k < n; k++) {
        const VEC *row = (const VEC *)(weights + (columns ? columns[k] : k) * stride);
        const VEC input = SPLAT(inputs[k]);
        UNROLL
        for (i = 0; i < count; i++) total[i] = NAME(multiply_add)(input, row[i], total[i]);
    }
    UNROLL
    for (i = 0; i < count; i++) sums[i] = total[i];
}

/* The same for all vectors. */
LARGE_FUNCTION void NAME(add_listed)(
    const network_t *network, const REAL *inputs, const ptrdiff_t *columns, ptrdiff_t n, VEC *sums)
{
    const layer_t *layer = network->layers;
    const REAL *weights = layer->weights;
    const ptrdiff_t stride = layer->stride;
    ptrdiff_t left = NAME(vectors)(layer->fan_out);
    if (network->copies) {
        weights = NAME(copy_rows)(network, columns, 0, n);
        columns = NULL;
    }
    for (; left >= 8; left -= 8, sums += 8, weights += 8 * LANES)
        NAME(add_rows)(8, inputs, columns, n, weights, stride, sums);
    switch (left) {
    case 7: NAME(add_rows)(7, inputs, columns, n, weights, stride, sums); break;
    case 6: NAME(add_rows)(6, inputs, columns, n, weights, stride, sums); break;
    case 5: NAME(add_rows)(5, inputs, columns, n, weights, stride, sums); break;
    case 4: NAME(add_rows)(4, inputs, columns, n, weights, stride, sums); break;
    case 3: NAME(add_rows)(3, inputs, columns, n, weights, stride, sums); break;
    case 2: NAME(add_rows)(2, inputs, columns, n, weights, stride, sums); break;
    case 1: NAME(add_rows)(1, inputs, columns, n, weights, stride, sums); break;
    default: break;
    }
}

/* List the inputs of a sample from `start` to `stop`, where its values are: of a dense one, those that
 * are not zero; of a sparse one, columns that do not lead out of the weights. */
FUNCTION ptrdiff_t NAME(list_inputs)(
    const samples_t *samples, int index_bytes, ptrdiff_t begin, ptrdiff_t start, ptrdiff_t stop,
    ptrdiff_t *columns, REAL *inputs)
{
    ptrdiff_t n = 0, j;
    for (j = start; j < stop; j++) {
        const ptrdiff_t column = index_bytes ? column_at(samples, index_bytes, j) : j - begin;
        columns[n] = column;
        inputs[n] = VALUE_AT(REAL, samples, j);
        n += index_bytes ? column >= 0 : inputs[n] != 0;
    }
    return n;
}

/* The sums of one sample, from its inputs that are listed. */
LARGE_FUNCTION void NAME(sum_listed)(
    const network_t *network, const samples_t *samples, ptrdiff_t row, VEC *sums)
{
    const int index_bytes = samples->index_bytes;
    const ptrdiff_t begin = index_bytes ? samples->indptr[row] : row * samples->n_features;
    const ptrdiff_t end = index_bytes ? samples->indptr[row + 1] : begin + samples->n_features;
    ptrdiff_t columns[STRIP], start, stop, n;
    REAL inputs[STRIP];
#define LIST(size) NAME(list_inputs)(samples, size, begin, start, stop, columns, inputs)
    for (start = begin; start < end; start = stop) {
        stop = end - start < STRIP ? end : start + STRIP;
        prefetch_inputs(samples, start + 2 * STRIP, start + 3 * STRIP);
        n = index_bytes == 0 ? LIST(0) : index_bytes == 4 ? LIST(4) : LIST(8);
        NAME(add_listed)(network, inputs, columns, n, sums);
    }
#undef LIST
}

/* The sums of n dense samples, a strip of inputs at a time. */
LARGE_FUNCTION void NAME(sum_tiles)(
    const network_t *network, const samples_t *samples, ptrdiff_t row, ptrdiff_t n)
{
    const layer_t *layer = network->layers;
    const ptrdiff_t n_features = samples->n_features, n_vectors = NAME(vectors)(layer->fan_out);
    REAL *inputs = network->blocks[0].inputs;
    ptrdiff_t first, r, k;
    for (first = 0; first < n_features; first += STRIP) {
        const ptrdiff_t left = n_features - first, n_terms = left < STRIP ? left : STRIP;
        const product_t p = {
            .a = inputs, .a_row = STRIP + GROUP, .a_term = 1,
            .b = network->copies ? NAME(copy_rows)(network, NULL, first, n_terms)
                                 : (const REAL *)layer->weights + first * layer->stride,
            .b_term = layer->stride,
            .c = network->block_sums, .c_row = network->block_stride,
            .n_rows = n, .n_terms = n_terms};
        for (r = 0; r < n; r++)
            for (k = 0; k < n_terms; k++)
                inputs[r * (STRIP + GROUP) + k] =
                    VALUE_AT(REAL, samples, (row + r) * n_features + first + k);
        NAME(add_whole_product)(&p, n_vectors);
    }
}

/* --- All layers --- */

/* Write the sums of the output layer for all samples, one row after the other. */
TARGET static void NAME(sum_outputs)(network_t *network, const samples_t *samples, void *outputs)
{
    layer_t *layer = network->layers, *last = layer + network->n_layers - 1;
    const ptrdiff_t n_vectors = NAME(vectors)(layer->fan_out), stride = network->block_stride;
    const VEC *intercept = layer->intercept;
    REAL *z = outputs;
    ptrdiff_t row, r, v;
    for (row = 0; row < samples->n_rows; row += ROWS_AT_ONCE) {
        const ptrdiff_t left = samples->n_rows - row, n = left < ROWS_AT_ONCE ? left : ROWS_AT_ONCE;
        const ptrdiff_t in_tiles = samples->index_bytes ? 0 : n / TILE_ROWS * TILE_ROWS;
        memset(network->block_sums, 0, (size_t)(n * stride) * sizeof(REAL));
        if (in_tiles) NAME(sum_tiles)(network, samples, row, in_tiles);
        for (r = 0; r < n; r++, z += last->fan_out) {
            VEC *sums = (VEC *)((REAL *)network->block_sums + r * stride);
            if (r >= in_tiles) NAME(sum_listed)(network, samples, row + r, sums);
            for (v = 0; v < n_vectors; v++) sums[v] = sums[v] + intercept[v];
            layer->output = sums;
            NAME(forward)(network);
            memcpy(z, last->output, (size_t)last->fan_out * sizeof(REAL));
        }
    }
}

/* Presentations in blocks of B samples. A template, see _run.h.
 *
 * To update the first layer for every
 * sample is to read and write all of its weights for every sample, and memory is slower than
 * arithmetic. But what a sample meets depends on the updates before it in a simple way. With W the
 * weights as a block begins, x_1 ... x_B its samples and step_s = rate * delta_s what they lead to,
 *
 *   W_t = W + sum_{s<t} x_s step_s^T
 *
 * are the weights that sample t meets. All that it needs of them is its sums,
 *
 *   z_t = W_t^T x_t + b_t = W^T x_t + sum_{s<t} (x_s . x_t) step_s + b_t.
 *
 * So W^T x_t and x_s . x_t are computed for the whole block; then z_t, the layers above and step_t,
 * one sample after the other; and W becomes W_{B+1} at the end. These are the same updates in other
 * parentheses. With L2 decay, W_{t+1} = k_t W_t + x_t step_t^T with k_t = 1 - rate_t * alpha, let
 * c_{t+1} = k_t c_t and W_t = c_t V_t. Then V_{t+1} = V_t + x_t d_t^T with d_t = step_t / c_{t+1}:
 * all as before for V, which is what memory holds, and z_t = c_t V_t^T x_t + b_t.
 *
 * Blocks end where the presentations so far are a multiple of B. Where there are fewer than B, zero
 * samples fill the block up, which change no bit.
 */

/* --- The inputs of a block --- */

/* LANES vectors of LANES numbers, transposed: a shuffle of cards, for log2(LANES) times. */
FUNCTION void NAME(transpose)(VEC *m)
{
    VEC shuffled[LANES];
    ptrdiff_t distance, i;
    UNROLL
    for (distance = 1; distance < LANES; distance *= 2) {
        UNROLL
        for (i = 0; i < LANES / 2; i++) {
            shuffled[2 * i] = ZIP_LOW(m[i], m[i + LANES / 2]);
            shuffled[2 * i + 1] = ZIP_HIGH(m[i], m[i + LANES / 2]);
        }
        UNROLL
        for (i = 0; i < LANES; i++) m[i] = shuffled[i];
    }
}

/* Lay out the inputs of a block with features as rows, so that one line of the cache has what a
 * weight's row is multiplied by; zero for missing samples. Returns how many are not zero. */
LARGE_FUNCTION ptrdiff_t NAME(load_block)(
    const samples_t *samples, const block_t *block, ptrdiff_t size)
{
    const ptrdiff_t n_features = samples->n_features;
    const REAL *values = samples->values;
    ptrdiff_t first, start;
    VEC counts = SPLAT(0);
    int i;
    for (first = 0; first < n_features; first += LANES) {
        for (start = 0; start < size; start += LANES) {
            VEC *inputs = (VEC *)((REAL *)block->inputs + first * size + start), m[LANES];
            UNROLL
            for (i = 0; i < LANES; i++) {
                m[i] = SPLAT(0);
                if (start + i < block->n)
                    m[i] = NAME(load_vector)(
                        values + block->rows[start + i] * n_features + first, n_features - first);
                counts = counts + SELECT(m[i] != SPLAT(0), SPLAT(1), SPLAT(0));
            }
            NAME(transpose)(m);
            UNROLL
            for (i = 0; i < LANES; i++) inputs[i * size / LANES] = m[i];
        }
    }
    return (ptrdiff_t)LANE(NAME(total)(counts, LANES), 0);
}

/* --- All samples at once --- */

/* G <- G + X X^T over a strip: what is below the diagonal, and the rest of its tiles. */
FUNCTION void NAME(add_inner_products)(
    const network_t *network, const REAL *inputs, ptrdiff_t n_features)
{
    const ptrdiff_t size = network->block_size;
    ptrdiff_t row;
    for (row = 0; row < size; row += TILE_ROWS) {
        const ptrdiff_t n_vectors = NAME(vectors)(row + TILE_ROWS);
        const product_t p = {
            .a = inputs + row, .a_row = 1, .a_term = size,
            .b = inputs, .b_term = size,
            .c = (REAL *)network->inner_products + row * size, .c_row = size,
            .n_rows = TILE_ROWS, .n_terms = n_features};
        NAME(add_whole_product)(&p, n_vectors);
    }
}

/* Ask for a strip of the block after this, and for its labels: a little at a time, since only so
 * many lines can be on their way. Rows of a single strip are asked for one by one. */
FUNCTION void NAME(prefetch_strip)(
    const samples_t *samples, const block_t *block, ptrdiff_t first, ptrdiff_t end)
{
    const REAL *values = samples->values;
    ptrdiff_t s, j;
    for (s = block->n; s < block->n + block->n_after; s++) {
        const REAL *row = values + block->rows[s] * samples->n_features;
        for (j = first; j < end; j += GROUP) PREFETCH(row + j);
        if (first == 0) prefetch_labels(samples, block->rows[s]);
    }
}

/* Apply the steps d of the block `before`, V <- V + X^T d, and begin the sums of the block `after`,
 * Z = X V and G = X X^T; either may be NULL. A strip of features at a time, and in it as many units
 * as a tile is wide: then V comes from memory once, to L1, where inputs, sums and steps for its
 * tiles are too; and few pages are in use at a time. */
LARGE_FUNCTION void NAME(pass_in_strips)(
    const network_t *network, const samples_t *samples, const block_t *before,
    const block_t *after)
{
    const layer_t *layer = network->layers;
    const ptrdiff_t size = network->block_size, stride = layer->stride;
    const ptrdiff_t block_stride = network->block_stride;
    const ptrdiff_t n_vectors = NAME(vectors)(layer->fan_out);
    ptrdiff_t first, v;
    int count;
    if (after) {
        memset(network->block_sums, 0, (size_t)(size * block_stride) * sizeof(REAL));
        memset(network->inner_products, 0, (size_t)(size * size) * sizeof(REAL));
    }
    for (first = 0; first < layer->fan_in; first += STRIP) {
        const ptrdiff_t left = layer->fan_in - first, n = left < STRIP ? left : STRIP;
        REAL *weights = (REAL *)layer->weights + first * stride;
        product_t update, sum;
        if (before)
            update = (product_t){
                .a = (const REAL *)before->inputs + first * size, .a_row = size, .a_term = 1,
                .b = network->block_steps, .b_term = block_stride,
                .c = weights, .c_row = stride, .n_rows = n, .n_terms = size};
        if (after) {
            const REAL *inputs = (const REAL *)after->inputs + first * size;
            if (layer->fan_in > STRIP) NAME(prefetch_strip)(samples, after, first, first + n);
            NAME(add_inner_products)(network, inputs, n);
            sum = (product_t){
                .a = inputs, .a_row = 1, .a_term = size,
                .b = weights, .b_term = stride,
                .c = network->block_sums, .c_row = block_stride, .n_rows = size, .n_terms = n};
        }
        for (v = 0; v < n_vectors; v += count) {
            count = NAME(tile_width)(n_vectors - v);
            if (before) NAME(add_product)(count, &update, v);
            if (after) NAME(add_product)(count, &sum, v);
        }
    }
}

/* --- One sample after the other --- */

/* z_t = c (Z_t + sum_{s<t} G_ts d_s) + b, four vectors at a time in registers. */
FUNCTION void NAME(complete_sums)(const network_t *network, ptrdiff_t t, REAL c)
{
    const layer_t *layer = network->layers;
    const ptrdiff_t stride = network->block_stride, n_vectors = NAME(vectors)(layer->fan_out);
    const REAL *products = (const REAL *)network->inner_products + t * network->block_size;
    const VEC *sums = (const VEC *)((const REAL *)network->block_sums + t * stride);
    const VEC *intercept = layer->intercept;
    const REAL *steps = network->block_steps;
    VEC *z = layer->output;
    ptrdiff_t v;
    int i;
    for (v = 0; v < n_vectors; v += 4) { /* more than there are hurts nobody: see block_t */
        VEC total[4];
        UNROLL
        for (i = 0; i < 4; i++) total[i] = sums[v + i];
        NAME(add_rows)(4, products, NULL, t, steps + v * LANES, stride, total);
        UNROLL
        for (i = 0; i < 4; i++)
            if (v + i < n_vectors)
                z[v + i] = NAME(multiply_add)(SPLAT(c), total[i], intercept[v + i]);
    }
}

/* Present the samples of a block whose sums have begun, and leave their steps d. */
LARGE_FUNCTION double NAME(present_block)(
    network_t *network, const samples_t *samples, const block_t *block, const double *fractions,
    double rate)
{
    const layer_t *layer = network->layers;
    const ptrdiff_t stride = network->block_stride, n_vectors = NAME(vectors)(layer->fan_out);
    const VEC *step = layer->step;
    REAL *target = network->target;
    double total = 0;
    ptrdiff_t t, k, v;
    for (t = 0; t < block->n; t++) {
        const double fraction = fractions ? fractions[t] : 1;
        const labels_t labels = labels_of(samples, block->rows[t]);
        VEC *steps = (VEC *)((REAL *)network->block_steps + t * stride), scale;
        for (k = 0; k < labels.n; k++) target[labels.first[k]] = 1;
        if (layer->fan_in <= STRIP && t < block->n_after)
            NAME(prefetch)(samples, block->rows[block->n + t]);
        NAME(complete_sums)(network, t, (REAL)network->shrunk);
        total += fraction * NAME(present)(network, DECAY, labels, rate * fraction);
        scale = SPLAT(network->current);
        for (v = 0; v < n_vectors; v++) steps[v] = scale * step[v];
    }
    return total;
}

/* --- A part of an epoch --- */

/* See to it that all rows of the first layer wait for the same decay, which must not be too much. */
FUNCTION void NAME(wait_alike)(network_t *network)
{
    int is_alike = network->shrunk > LEAST_SHRUNK;
    ptrdiff_t j;
    if (network->kind != DECAY) return;
    for (j = 0; j < network->layers->fan_in; j++) is_alike &= network->settled_at[j] == 1;
    if (!is_alike) NAME(settle_all)(network);
}

/* Present n samples, between which no average is taken. */
TARGET static double NAME(run_in_blocks)(
    network_t *network, const samples_t *samples, const ptrdiff_t *rows, const double *fractions,
    double rate, ptrdiff_t n)
{
    const ptrdiff_t size = network->block_size;
    block_t *now = &network->blocks[0], *next = &network->blocks[1], *other;
    double total = 0;
    ptrdiff_t start, end;
    int waits = 0; /* whether the steps of `now` have not been applied */
    for (start = 0; start < n; start = end) {
        const ptrdiff_t t = network->t + start;
        const double *shares = fractions ? fractions + start : NULL;
        int in_block;
        end = start + size - t % size;
        end = end < n ? end : n;
        *next = (block_t){.rows = rows + start, .n = end - start, .inputs = next->inputs,
                          .n_after = n - end < size ? n - end : size};
        in_block = NAME(load_block)(samples, next, size) * 4 >= next->n * samples->n_features;
        if (waits && !(in_block && network->shrunk > LEAST_SHRUNK)) {
            NAME(pass_in_strips)(network, samples, now, NULL);
            waits = 0;
        }
        if (in_block) {
            if (!waits) NAME(wait_alike)(network);
            NAME(pass_in_strips)(network, samples, waits ? now : NULL, next);
            waits = in_block = NAME(largest_of)(network->inner_products, size * size) < INFINITY;
        }
        if (in_block) {
            total += NAME(present_block)(network, samples, next, shares, rate);
            other = now, now = next, next = other;
        } else { /* and some more, not to look at all of them for nothing */
            end = start + AVERAGING_INTERVAL - t % AVERAGING_INTERVAL;
            end = end < n ? end : n;
            total += NAME(run_part)(network, samples, rows + start, shares, rate, end - start);
        }
    }
    if (waits) NAME(pass_in_strips)(network, samples, now, NULL);
    return total;
}

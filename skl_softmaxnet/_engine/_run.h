/* Training, and all that it takes, for one type of number and one instruction set.
 *
 * This file and those it includes are templates: _dispatch.h includes it once for each pair, with
 *
 *   REAL            float or double, as IS_DOUBLE tells; BITS and UBITS are integers of its size
 *   NAME(x)         x with a suffix for the pair
 *   TARGET          the attribute that chooses the instruction set
 *   FUNCTION        how an inlined function of this instruction set is declared
 *   VECTOR_BYTES    the width of its vectors, 0 for none
 *   PREFIX, SUFFIX  what the names of its operations begin and end with on x86-64
 *
 * The notation is that of _numpy.py. Weights of the first layer have a row of memory per input,
 * those of later layers a row of memory per unit, so that every long loop runs along contiguous
 * hidden units. Rows and vectors are padded with zeros to 64 bytes; the padding stays zero.
 *
 * Every sum has one order of its terms, which depends on nothing but the sizes of the network:
 * multiplications and additions are not fused, zeros are skipped exactly, and the sums of the first
 * layer are strictly in the order of its inputs. So the same bits come out of dense and sparse rows,
 * of every way to cut an epoch into calls, and of every instruction set. For blocks of samples, in
 * other parentheses, see _blocks.h; for wide layers that learn sparse rows with momentum or an
 * average, see _changes.h.
 */

#include "_vectors.h"
#include "_passes.h"
#include "_layers.h"
#include "_rows.h"
#include "_waiting.h"
#include "_presentation.h"
#include "_products.h"
#include "_forward.h"
#include "_blocks.h"

/* a <- (1 - c) a + c w. */
FUNCTION void NAME(mix)(void *average, const void *weights, ptrdiff_t n_values, REAL c)
{
    VEC *a = average;
    const VEC *w = weights;
    const ptrdiff_t n_vectors = n_values / LANES;
    ptrdiff_t v;
    for (v = 0; v < n_vectors; v++) a[v] = SPLAT(1 - c) * a[v] + SPLAT(c) * w[v];
}

/* Average the weights where it is time to: with k = 1, 2, ... and c = 4 / (k + 3), the
 * polynomial-decay average of Shamir and Zhang for eta = 3. Before k = 1 it is the weights.
 *
 * Where rows wait they do so for this too. But without decay the bits must not depend on how a stream
 * is cut, and only with c = 1 several changes at once come to the same bits as one after the other. */
LARGE_FUNCTION void NAME(average)(network_t *network)
{
    const ptrdiff_t k = network->t / AVERAGING_INTERVAL;
    const REAL c = (REAL)(k ? 4.0 / (double)(k + 3) : 1);
    const change_t change = {.ww = 1, .vv = 1, .aw = c, .aa = 1 - c};
    const int first_waits = network->keeps_changes && (c == 1 || network->alpha > 0);
    ptrdiff_t l;
    if (k && network->t % AVERAGING_INTERVAL) return;
    if (first_waits) NAME(let_wait)(network, &change, &(input_t){0});
    else NAME(settle_all)(network);
    for (l = 0; l < network->n_layers; l++) {
        const layer_t *layer = network->layers + l;
        const ptrdiff_t n_rows = l ? layer->fan_out : layer->fan_in;
        const ptrdiff_t n_units = NAME(vectors)(layer->fan_out) * LANES;
        if (l || !first_waits) NAME(mix)(layer->average, layer->weights, n_rows * layer->stride, c);
        NAME(mix)(layer->intercept_average, layer->intercept, n_units, c);
    }
}

/* Apply what rows of the first layer wait for; where sparse samples are given, what these need. */
TARGET static void NAME(settle)(network_t *network, const samples_t *samples)
{
    ptrdiff_t i;
    if (!samples || !samples->index_bytes) {
        NAME(settle_all)(network);
        return;
    }
    for (i = 0; i < samples->indptr[samples->n_rows]; i++) {
        const ptrdiff_t j = column_at(samples, samples->index_bytes, i);
        if (j >= 0) NAME(settle_row)(network, j);
    }
}

/* Ask for the weights of listed inputs, which lie anywhere, all at once. */
FUNCTION void NAME(prefetch_rows)(
    const layer_t *layer, const void *inputs, int index_bytes, ptrdiff_t n_inputs)
{
    ptrdiff_t i, k;
    for (i = 0; i < n_inputs; i++) {
        const REAL *row = (const REAL *)layer->weights + index_at(index_bytes, inputs, i) * layer->stride;
        for (k = 0; k < layer->stride; k += GROUP) PREFETCH(row + k);
    }
}

/* The largest magnitude of all weights and intercepts, or all velocities; of the first layer, of the
 * rows of the listed inputs or, where the list is NULL, of the first n_inputs. */
TARGET static double NAME(largest_weight)(
    const network_t *network, const void *inputs, int index_bytes, ptrdiff_t n_inputs,
    int of_velocities)
{
    double largest = 0, x;
    ptrdiff_t l, i;
    if (inputs) NAME(prefetch_rows)(network->layers, inputs, index_bytes, n_inputs);
    for (l = 0; l < network->n_layers; l++) {
        const layer_t *layer = network->layers + l;
        const REAL *weights = of_velocities ? layer->velocity : layer->weights;
        const void *intercept = of_velocities ? layer->intercept_velocity : layer->intercept;
        const int is_listed = l == 0 && inputs;
        const ptrdiff_t n_rows = l ? layer->fan_out : n_inputs, n_at_once = is_listed ? 1 : n_rows;
        for (i = 0; i < n_rows; i += n_at_once) {
            const ptrdiff_t j = is_listed ? index_at(index_bytes, inputs, i) : 0;
            if ((size_t)j >= (size_t)layer->fan_in) continue;
            x = NAME(largest_of)(weights + j * layer->stride, n_at_once * layer->stride);
            if (x > largest) largest = x;
        }
        x = NAME(largest_of)(intercept, NAME(vectors)(layer->fan_out) * LANES);
        if (x > largest) largest = x;
    }
    return largest;
}

/* Present the n rows. */
TARGET static double NAME(run)(
    network_t *network, const samples_t *samples, const ptrdiff_t *rows, const double *fractions,
    double rate, ptrdiff_t n)
{
    const int in_blocks = network->block_size > 0 && samples->index_bytes == 0
                          && rate * network->alpha <= MOST_DECAY;
    const int keeps_changes = network->changes && samples->index_bytes;
    const ptrdiff_t interval = network->averages ? AVERAGING_INTERVAL
                               : keeps_changes ? WAITING_INTERVAL : PTRDIFF_MAX;
    double total = 0;
    ptrdiff_t size;
    if (keeps_changes != network->keeps_changes) NAME(settle_all)(network);
    network->keeps_changes = keeps_changes;
    for (; n > 0; n -= size, rows += size, fractions = fractions ? fractions + size : NULL) {
        const ptrdiff_t left = interval - network->t % interval;
        size = left < n ? left : n;
        total += in_blocks ? NAME(run_in_blocks)(network, samples, rows, fractions, rate, size)
                           : NAME(run_part)(network, samples, rows, fractions, rate, size);
        network->t += size;
        if (network->averages) NAME(average)(network);
        if (keeps_changes && network->t % WAITING_INTERVAL == 0) NAME(settle_all)(network);
    }
    return total;
}

/* What depends on the type of number and the width of vectors; the rest is spelled alike each time. */
#undef LANE_NUMBERS
#undef ZIP_LOW
#undef ZIP_HIGH
#undef TILE_ROWS
#undef TILE_VECTORS
#undef IS_DOUBLE
#undef REAL
#undef BITS
#undef UBITS
#undef SUFFIX

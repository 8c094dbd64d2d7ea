/* The memory's and the exponentials' share of a presentation, and nothing else.

   For every presentation: w += a x and z += x' w over the first layer's weights, x being one sample
   and x' the next, and as many exponentials as the network has units. Nothing is learned here.
   Compiled once for each REAL (double, float); the weights' rows are padded to whole vectors.

   Three orders of the same work; which is the fastest depends on the caches:
   by_rows     one row after the other, the sums in memory;
   by_columns  a few vectors of columns at a time, with their sums in registers;
   apart       the update of the rows that x needs, then the sums over the rows that x' needs, which
               is less work than both over the rows that either needs when few are in both. */

#include <math.h>
#include <stdint.h>

#if defined(__AVX512F__)
#define BYTES 64
#elif defined(__AVX__)
#define BYTES 32
#else
#define BYTES 16
#endif
#define LANES (int64_t)(BYTES / sizeof(REAL))
#define WIDEST 6 /* vectors of columns at a time: with the steps, 12 of 16 registers */

typedef REAL vector __attribute__((vector_size(BYTES), may_alias));

typedef struct {
    REAL *weights;        /* (n_inputs, width), aligned */
    const REAL *step;     /* (width,), aligned */
    REAL *sums;           /* (width,), aligned */
    int64_t width;
    const int64_t *rows;  /* which rows to visit, NULL for all */
    int64_t n_rows;
} Layer;

static inline int64_t row_of(Layer layer, int64_t position)
{
    return layer.rows ? layer.rows[position] : position;
}

static void by_rows(Layer layer, const REAL *old, const REAL *new)
{
    const REAL *restrict step = __builtin_assume_aligned(layer.step, 64);
    REAL *restrict sums = __builtin_assume_aligned(layer.sums, 64);
    for (int64_t position = 0; position < layer.n_rows; position++) {
        int64_t i = row_of(layer, position);
        REAL *restrict row = __builtin_assume_aligned(layer.weights + i * layer.width, 64);
        for (int64_t j = 0; j < layer.width; j++) {
            row[j] += old[i] * step[j];
            sums[j] += new[i] * row[j];
        }
    }
}

static inline __attribute__((always_inline)) void
tile(Layer layer, const REAL *old, const REAL *new, int64_t first, const int n_vectors)
{
    const vector *steps = (const vector *)layer.step + first;
    vector *sums = (vector *)layer.sums + first;
    vector step[WIDEST], sum[WIDEST];
    for (int v = 0; v < n_vectors; v++) {
        step[v] = steps[v];
        sum[v] = sums[v];
    }
    for (int64_t position = 0; position < layer.n_rows; position++) {
        int64_t i = row_of(layer, position);
        vector *row = (vector *)(layer.weights + i * layer.width) + first;
        for (int v = 0; v < n_vectors; v++) {
            vector weight = row[v] + old[i] * step[v];
            row[v] = weight;
            sum[v] += new[i] * weight;
        }
    }
    for (int v = 0; v < n_vectors; v++)
        sums[v] = sum[v];
}

static void by_columns(Layer layer, const REAL *old, const REAL *new)
{
    int64_t n_vectors = layer.width / LANES, n_tiles = (n_vectors + WIDEST - 1) / WIDEST;
    for (int64_t t = 0; t < n_tiles; t++) {
        int64_t first = t * n_vectors / n_tiles, end = (t + 1) * n_vectors / n_tiles;
        switch (end - first) { /* a constant width each, so that the sums stay in registers */
        case 1: tile(layer, old, new, first, 1); break;
        case 2: tile(layer, old, new, first, 2); break;
        case 3: tile(layer, old, new, first, 3); break;
        case 4: tile(layer, old, new, first, 4); break;
        case 5: tile(layer, old, new, first, 5); break;
        case 6: tile(layer, old, new, first, 6); break;
        }
    }
}

static void apart(Layer layer, const int64_t *next_rows, int64_t n_next, const REAL *old,
                  const REAL *new)
{
    for (int64_t position = 0; position < layer.n_rows; position++) {
        int64_t i = row_of(layer, position);
        REAL *restrict row = __builtin_assume_aligned(layer.weights + i * layer.width, 64);
        for (int64_t j = 0; j < layer.width; j++)
            row[j] += old[i] * layer.step[j];
    }
    REAL *restrict sums = __builtin_assume_aligned(layer.sums, 64);
    for (int64_t position = 0; position < n_next; position++) {
        int64_t i = next_rows[position];
        const REAL *row = __builtin_assume_aligned(layer.weights + i * layer.width, 64);
        for (int64_t j = 0; j < layer.width; j++)
            sums[j] += new[i] * row[j];
    }
}

static void exponentials(REAL *restrict values, int64_t n)
{
    for (int64_t j = 0; j < n; j++)
        values[j] = sizeof(REAL) == 8 ? exp(-values[j]) : expf(-values[j]);
}

/* Present n_samples rows of X (n_samples, n_inputs). `rows` and `starts` list the rows to visit for
   each sample and its successor, or for "apart" the non-zero ones of each sample; NULL for all. */
void present(int order, REAL *weights, const REAL *step, REAL *sums, int64_t width, const REAL *X,
             int64_t n_samples, int64_t n_inputs, const int64_t *rows, const int64_t *starts,
             REAL *units, int64_t n_units)
{
    for (int64_t s = 0; s + 1 < n_samples; s++) {
        const REAL *old = X + s * n_inputs, *new = old + n_inputs;
        Layer layer = {weights, step, sums, width, 0, n_inputs};
        if (rows) {
            layer.rows = rows + starts[s];
            layer.n_rows = starts[s + 1] - starts[s];
        }
        if (order == 0)
            by_rows(layer, old, new);
        else if (order == 1)
            by_columns(layer, old, new);
        else
            apart(layer, rows + starts[s + 1], starts[s + 2] - starts[s + 1], old, new);
        exponentials(units, n_units);
    }
}

/* Standardized inputs, by what has been counted so far; the formulas are in _moments.py.
 *
 * All is computed in double, with + - * / and sqrt alone, which are rounded alike everywhere: the
 * same bits as in NumPy. So tiny results must not be flushed while this runs.
 */
#ifndef SKL_SOFTMAXNET_MOMENTS_H
#define SKL_SOFTMAXNET_MOMENTS_H

#include "_dispatch.h"
#include <float.h>

typedef struct {
    double *totals;                 /* the weight and the number of what was counted */
    double *shift, *sums, *squares; /* K, S1 and S2 of each input */
    int is_centred;
    int to_double; /* whether standardized inputs are double */
    double *row;   /* room for all inputs of a sample */
} moments_t;

/* The mean and the scale of an input, from the weight n, and the share that sums may miss. */
static ALWAYS_INLINE void input_statistics(
    const moments_t *m, double n, double share, ptrdiff_t j, double *mean, double *scale)
{
    const double rest = m->sums[j] / n, centre = m->shift[j] + rest, square = m->squares[j] / n;
    const double variance = square - rest * rest, doubt = 256 * DBL_EPSILON * centre;
    *scale = variance > share * square + doubt * doubt ? sqrt(variance) : 1;
    *mean = m->is_centred ? centre : 0;
}

/* Whether a sample is counted and standardized by its stored values alone. */
static ALWAYS_INLINE int is_listed(const moments_t *m, const samples_t *samples)
{
    return samples->index_bytes && !m->is_centred;
}

/* How many of its inputs are counted and standardized. */
static ALWAYS_INLINE ptrdiff_t count_inputs(
    const moments_t *m, const samples_t *samples, ptrdiff_t row)
{
    if (!is_listed(m, samples)) return samples->n_features;
    return samples->indptr[row + 1] - samples->indptr[row];
}

/* Write all inputs of a sample to m->row. */
static void read_row(const moments_t *m, const samples_t *samples, ptrdiff_t row)
{
    const ptrdiff_t n_features = samples->n_features;
    ptrdiff_t i, j;
    if (!samples->index_bytes) {
        const ptrdiff_t start = row * n_features;
        for (j = 0; j < n_features; j++) m->row[j] = VALUE_AT(double, samples, start + j);
        return;
    }
    memset(m->row, 0, (size_t)n_features * sizeof(double));
    for (i = samples->indptr[row]; i < samples->indptr[row + 1]; i++) {
        j = column_at(samples, samples->index_bytes, i);
        if (j >= 0) m->row[j] = VALUE_AT(double, samples, i);
    }
}

/* S1 <- S1 + w (x - K) and S2 <- S2 + w (x - K)^2. */
static ALWAYS_INLINE void count_input(const moments_t *m, ptrdiff_t j, double x, double weight)
{
    const double distance = x - m->shift[j], weighted = weight * distance;
    m->sums[j] += weighted;
    m->squares[j] += weighted * distance;
}

static void count_row(const moments_t *m, const samples_t *samples, ptrdiff_t row, double weight)
{
    ptrdiff_t i, j;
    m->totals[0] += weight;
    m->totals[1] += 1;
    if (is_listed(m, samples)) {
        for (i = samples->indptr[row]; i < samples->indptr[row + 1]; i++) {
            j = column_at(samples, samples->index_bytes, i);
            if (j >= 0) count_input(m, j, VALUE_AT(double, samples, i), weight);
        }
        return;
    }
    read_row(m, samples, row);
    for (j = 0; j < samples->n_features; j++) count_input(m, j, m->row[j], weight);
}

static ALWAYS_INLINE void write_value(const moments_t *m, void *out, ptrdiff_t i, double z)
{
    if (m->to_double) ((double *)out)[i] = z;
    else ((float *)out)[i] = (float)z;
}

/* Write (x - mean) / scale for the `count_inputs` of a sample, from out[first] on; return how many. */
static ptrdiff_t standardize_row(
    const moments_t *m, const samples_t *samples, ptrdiff_t row, void *out, ptrdiff_t first)
{
    const double n = m->totals[1] > 0 ? m->totals[0] : 1, share = 4 * m->totals[1] * DBL_EPSILON;
    double mean, scale;
    ptrdiff_t i, j;
    if (is_listed(m, samples)) {
        const ptrdiff_t start = samples->indptr[row], stop = samples->indptr[row + 1];
        for (i = start; i < stop; i++) {
            j = column_at(samples, samples->index_bytes, i);
            mean = scale = 1;
            if (j >= 0) input_statistics(m, n, share, j, &mean, &scale);
            write_value(m, out, first + i - start, j < 0 ? 0 : VALUE_AT(double, samples, i) / scale);
        }
        return stop - start;
    }
    read_row(m, samples, row);
    for (j = 0; j < samples->n_features; j++) {
        input_statistics(m, n, share, j, &mean, &scale);
        m->row[j] = (m->row[j] - mean) / scale;
    }
    for (j = 0; j < samples->n_features; j++) write_value(m, out, first + j, m->row[j]);
    return samples->n_features;
}

#endif

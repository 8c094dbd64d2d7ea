/* Standardized inputs, by what has been counted so far; the formulas are in _moments.py.
 *
 * All is computed in double, with + - * / and sqrt alone, which are rounded alike everywhere: the
 * same bits as in NumPy. So tiny results must not be flushed while this runs.
 */
#pragma once

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
    return is_listed(m, samples) ? samples->indptr[row + 1] - samples->indptr[row]
                                 : samples->n_features;
}

/* The input that the k-th of them is, or -1: see column_at. */
static ALWAYS_INLINE ptrdiff_t input_of(
    const samples_t *samples, ptrdiff_t row, ptrdiff_t k, int listed)
{
    return listed ? column_at(samples, samples->index_bytes, samples->indptr[row] + k) : k;
}

/* Write them to m->row, and return how many they are. */
static ptrdiff_t read_row(const moments_t *m, const samples_t *samples, ptrdiff_t row)
{
    const ptrdiff_t n = count_inputs(m, samples, row);
    const ptrdiff_t start = samples->index_bytes ? samples->indptr[row] : row * n;
    ptrdiff_t i, k;
    if (!samples->index_bytes || is_listed(m, samples)) {
        for (k = 0; k < n; k++) m->row[k] = VALUE_AT(double, samples, start + k);
        return n;
    }
    memset(m->row, 0, (size_t)n * sizeof(double));
    for (i = start; i < samples->indptr[row + 1]; i++) {
        k = column_at(samples, samples->index_bytes, i);
        if (k >= 0) m->row[k] = VALUE_AT(double, samples, i);
    }
    return n;
}

/* S1 <- S1 + w (x - K) and S2 <- S2 + w (x - K)^2 for the n inputs in m->row. */
static ALWAYS_INLINE void count_read(
    const moments_t *m, const samples_t *samples, ptrdiff_t row, double weight, ptrdiff_t n,
    int listed)
{
    ptrdiff_t k;
    for (k = 0; k < n; k++) {
        const ptrdiff_t j = input_of(samples, row, k, listed);
        if (j >= 0) {
            const double distance = m->row[k] - m->shift[j], weighted = weight * distance;
            m->sums[j] += weighted;
            m->squares[j] += weighted * distance;
        }
    }
}

static void count_row(const moments_t *m, const samples_t *samples, ptrdiff_t row, double weight)
{
    const ptrdiff_t n = read_row(m, samples, row);
    m->totals[0] += weight;
    m->totals[1] += 1;
    if (is_listed(m, samples)) count_read(m, samples, row, weight, n, 1);
    else count_read(m, samples, row, weight, n, 0);
}

/* x <- (x - mean) / scale for the n inputs in m->row. */
static ALWAYS_INLINE void standardize_read(
    const moments_t *m, const samples_t *samples, ptrdiff_t row, ptrdiff_t n, int listed)
{
    const double weight = m->totals[1] > 0 ? m->totals[0] : 1;
    const double share = 4 * m->totals[1] * DBL_EPSILON;
    double mean = 0, scale = 1;
    ptrdiff_t k;
    for (k = 0; k < n; k++) {
        const ptrdiff_t j = input_of(samples, row, k, listed);
        if (j >= 0) input_statistics(m, weight, share, j, &mean, &scale);
        m->row[k] = j >= 0 ? (m->row[k] - mean) / scale : 0;
    }
}

/* Write the standardized inputs of a sample, from out[first] on; return how many these are. */
static ptrdiff_t standardize_row(
    const moments_t *m, const samples_t *samples, ptrdiff_t row, void *out, ptrdiff_t first)
{
    const ptrdiff_t n = read_row(m, samples, row);
    ptrdiff_t k;
    if (is_listed(m, samples)) standardize_read(m, samples, row, n, 1);
    else standardize_read(m, samples, row, n, 0);
    for (k = 0; k < n; k++)
        if (m->to_double) ((double *)out)[first + k] = m->row[k];
        else ((float *)out)[first + k] = (float)m->row[k];
    return n;
}

/* The types of the compiled engine, and the choice of an instruction set while it runs.
 *
 * The template _run.h is compiled for float and double and, where the compiler can, for
 * three generations of x86-64; the processor is asked once, at import. Elsewhere there is one plain
 * version, for which the compiler's flags decide.
 */
#pragma once

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "_changes.h"
#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#include <immintrin.h>
#define HAS_LEVELS
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#if defined(__GNUC__) || defined(__clang__)
#define ALWAYS_INLINE inline __attribute__((always_inline, unused))
#define NEVER_INLINE __attribute__((noinline))
#define PREFETCH(address) __builtin_prefetch(address)
#define NATIVE_VECTOR_BYTES 16 /* SSE2, NEON and the like; the compiler copes where there is none */
#else
#define ALWAYS_INLINE __forceinline
#define NEVER_INLINE __declspec(noinline)
#define PREFETCH(address)
#define NATIVE_VECTOR_BYTES 0
#endif

/* Numbers below the smallest normal one cost x86 a hundred times as much as others, and training
 * that goes well is full of them: the errors become tiny, and velocities fade. While presentations
 * run, such results are zero. Each thread has a mode of its own, which is given back at the end.
 * Other processors do not mind, and keep them. */
#if defined(__SSE2__) || defined(_M_X64)
#include <xmmintrin.h>
#define restore_mode(mode) _mm_setcsr(mode)
static ALWAYS_INLINE unsigned int flush_tiny_results(void)
{
    const unsigned int mode = _mm_getcsr();
    _mm_setcsr(mode | _MM_FLUSH_ZERO_ON);
    return mode;
}
#else
#define restore_mode(mode) (void)(mode)
#define flush_tiny_results() 0
#endif

/* Loops over a few rows or lanes, whose number the compiler knows, vanish. */
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#elif defined(__GNUC__)
#define UNROLL _Pragma("GCC unroll 16")
#else
#define UNROLL
#endif

enum { LOGISTIC, TANH, RELU, IDENTITY };
enum { SOFTMAX, SIGMOID };
enum { SQUARED_ERROR, LOG_LOSS };
/* What a pass over weights does. An update is with DECAY, which may be zero, or with MOMENTUM too. */
enum { UPDATE = 1, SUM = 2, SUM_OLD = 4, DECAY = 8, MOMENTUM = 16 };

#define ROWS_AHEAD 4 /* a row is asked for from memory so many presentations before: a few 100 ns */
#define AVERAGING_INTERVAL 64 /* weights are averaged where t is a multiple of this */
#define ROWS_AT_ONCE 64       /* samples whose outputs are summed up together */
#define STRIP 64              /* features that a pass over blocks works on at a time */
#define MOST_DECAY 0.0625     /* how much of the weights a step may take away there */
#define LEAST_SHRUNK 0.001    /* what may be left of them before the decay is applied */

/* Pointers without a type are to float or double, the same for all, aligned to 64 bytes and padded
 * with zeros to whole 64 bytes. */
typedef struct {
    ptrdiff_t fan_in, fan_out;
    ptrdiff_t stride; /* from one row of weights to the next */
    void *weights, *intercept;
    void *output; /* sums, then outputs */
    void *step;   /* rate * delta */
    void *signal;
    void *mask; /* 1 for each unit, then the padding */
    void *velocity, *intercept_velocity; /* laid out like the weights; NULL without momentum */
    void *average, *intercept_average;   /* the same; NULL without averaging */
} layer_t;

/* One input: a dense vector of n_features values, not padded, and a list of the n columns where it
 * is not zero; is_full where that is known to be all. */
typedef struct {
    void *values;
    ptrdiff_t *columns;
    ptrdiff_t n;
    int is_full;
} input_t;

/* Samples presented as a block: rows of X, of which more are to follow, and their inputs
 * (n_features, block_size). */
typedef struct {
    const ptrdiff_t *rows;
    ptrdiff_t n, n_after;
    void *inputs;
} block_t;

/* C <- C + A B with A (n_rows, n_terms), B (n_terms, ...) and C (n_rows, ...), whose columns are
 * contiguous in B and C. The others say how far it is from one row to the next, and from the number
 * for one term to that for the next. */
typedef struct {
    const void *a, *b;
    void *c;
    ptrdiff_t a_row, a_term, b_term, c_row;
    ptrdiff_t n_rows, n_terms;
} product_t;

typedef struct {
    ptrdiff_t n_layers;
    layer_t *layers;
    int activation, output_activation, loss;
    int gradient; /* backprop="gradient" */
    int fit_intercept;
    int kind; /* of the updates: 0, DECAY or MOMENTUM */
    double alpha;
    rule_t rule;
    /* Rows of the first layer whose input is zero wait for their decay: `shrunk` is the product of
     * all `keep` so far and `current` its inverse; settled_at[j] is what `current` was when row j was
     * last touched, so that the row still has to be multiplied by shrunk * settled_at[j]. Not where
     * changes are kept. */
    double shrunk, current;
    double *settled_at;
    /* With momentum or an average, rows of a wide first layer that sparse samples do not need wait
     * for their changes, of which row j has had n_had[j]. NULL where that is not done. */
    changes_t *changes;
    ptrdiff_t *n_had;
    double most_weight, most_velocity; /* which those of no row exceed, in a stream with momentum */
    int keeps_changes; /* whether samples are sparse, so that rows do wait */
    int averages;
    ptrdiff_t t;
    void *target;      /* one-hot, or one for each label; all zero between presentations */
    input_t inputs[2]; /* the sample presented, and the next */
    input_t only;      /* the columns that only the first of them has */
    /* Blocks of dense samples; block_size is 0 where they are presented one after the other. */
    ptrdiff_t block_size;
    block_t blocks[2]; /* of the samples presented, and the next */
    ptrdiff_t block_stride; /* not a power of two, or few lines of the cache are used */
    void *block_sums, *block_steps; /* (block_size, block_stride), and 4 vectors */
    void *inner_products;           /* (block_size, block_size) */
    /* A forward pass needs no more than the layers, the activation, these and a block of
     * ROWS_AT_ONCE samples: its sums, and the inputs of the first, (ROWS_AT_ONCE, STRIP + GROUP). */
    void *copies; /* STRIP rows of the first layer's weights, where these lie without padding */
    ptrdiff_t row_bytes; /* from one to the next there */
} network_t;

/* Where rows begin is sure to lie inside the arrays; what lies in values and indices may be changed by
 * anyone while training runs. */
typedef struct {
    ptrdiff_t n_rows, n_features;
    const void *values;
    int is_double; /* the values: double, or float */
    const void *indices; /* of a CSR matrix */
    const ptrdiff_t *indptr;
    int index_bytes; /* of the indices: 4 or 8, or 0 for a dense matrix */
    /* The labels of sample i are label_starts[i] ... label_starts[i + 1] - 1 of the list, or the one
     * at i where there are no label_starts. */
    const int32_t *labels;
    const ptrdiff_t *label_starts;
} samples_t;

typedef struct {
    const int32_t *first;
    ptrdiff_t n;
} labels_t;

/* A pass over the rows of a matrix of weights, listed or, where rows is NULL, 0 ... n_rows - 1. */
typedef struct {
    void *weights;
    ptrdiff_t stride;
    const ptrdiff_t *rows;
    ptrdiff_t n_rows;
    const void *before, *after; /* a factor for each row: in its update, in the sums */
    const void *step;
    void *sums;
    const rule_t *rule;
    void *velocity;
    network_t *waiting; /* where rows may wait for their decay: the first layer's; else NULL */
} pass_t;

static ALWAYS_INLINE ptrdiff_t index_at(int index_bytes, const void *indices, ptrdiff_t i)
{
    return index_bytes == 4 ? (ptrdiff_t)((const int32_t *)indices)[i]
                            : (ptrdiff_t)((const int64_t *)indices)[i];
}

/* The column of a stored value, or -1: someone may have changed it after it was checked. */
static ALWAYS_INLINE ptrdiff_t column_at(const samples_t *samples, int index_bytes, ptrdiff_t i)
{
    const ptrdiff_t j = index_at(index_bytes, samples->indices, i);
    return (size_t)j < (size_t)samples->n_features ? j : -1;
}

/* A value of samples, as a number of a type. */
#define VALUE_AT(type, samples, i)                                                               \
    ((samples)->is_double ? (type)((const double *)(samples)->values)[i]                         \
                          : (type)((const float *)(samples)->values)[i])

/* Ask for inputs, and where they are listed for their columns, before they are read. */
static ALWAYS_INLINE void prefetch_inputs(
    const samples_t *samples, ptrdiff_t start, ptrdiff_t end)
{
    const int value_bytes = samples->is_double ? 8 : 4;
    const char *values = (const char *)samples->values + start * value_bytes;
    const char *indices = (const char *)samples->indices + start * samples->index_bytes;
    ptrdiff_t i;
    for (i = 0; i < (end - start) * value_bytes; i += 64) PREFETCH(values + i);
    for (i = 0; i < (end - start) * samples->index_bytes; i += 64) PREFETCH(indices + i);
}

static ALWAYS_INLINE void prefetch_labels(const samples_t *samples, ptrdiff_t row)
{
    PREFETCH(samples->label_starts ? (const void *)(samples->label_starts + row)
                                   : (const void *)(samples->labels + row));
}

static ALWAYS_INLINE labels_t labels_of(const samples_t *samples, ptrdiff_t row)
{
    labels_t labels = {samples->labels + row, 1};
    if (samples->label_starts) {
        labels.first = samples->labels + samples->label_starts[row];
        labels.n = samples->label_starts[row + 1] - samples->label_starts[row];
    }
    return labels;
}

/* What is compiled for a type of number and an instruction set. */
typedef struct {
    double (*run)(network_t *, const samples_t *, const ptrdiff_t *order, const double *fractions,
                  double rate, ptrdiff_t n);
    void (*settle)(network_t *, const samples_t *);
    double (*largest_of)(const void *values, ptrdiff_t n);
    double (*largest_weight)(const network_t *, const void *inputs, int index_bytes,
                             ptrdiff_t n_inputs, int of_velocities);
    void (*sum_outputs)(network_t *, const samples_t *, void *outputs);
} kernel_t;

#define PASTE_(name, type, level) name##_##type##_##level
#define PASTE(name, type, level) PASTE_(name, type, level)
#define FUNCTION TARGET static ALWAYS_INLINE
#define LARGE_FUNCTION TARGET static NEVER_INLINE

#define LEVEL baseline
#define TARGET
#define VECTOR_BYTES NATIVE_VECTOR_BYTES
#define PREFIX _mm
#include "_float_and_double.h"

#ifdef HAS_LEVELS
#define LEVEL avx2
#define TARGET __attribute__((target("avx2,fma")))
#define VECTOR_BYTES 32
#define PREFIX _mm256
#include "_float_and_double.h"
#define LEVEL avx512
#define TARGET __attribute__((target("fma,avx512f,avx512vl,avx512dq,avx512bw")))
#define VECTOR_BYTES 64
#define PREFIX _mm512
#include "_float_and_double.h"
#endif

/* The highest level that the processor can run: 0 baseline, 1 AVX2, 2 AVX-512. */
static int highest_level(void)
{
#ifdef HAS_LEVELS
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl")
        && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw"))
        return 2;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return 1;
#endif
    return 0;
}

#define KERNEL(type, level)                                                                            \
    {.run = PASTE(run, type, level), .settle = PASTE(settle, type, level),                           \
     .largest_of = PASTE(largest_of, type, level),                                                   \
     .largest_weight = PASTE(largest_weight, type, level), .sum_outputs = PASTE(sum_outputs, type, level)}

/* kernels[level][is_double] */
static const kernel_t kernels[][2] = {
    {KERNEL(float, baseline), KERNEL(double, baseline)},
#ifdef HAS_LEVELS
    {KERNEL(float, avx2), KERNEL(double, avx2)},
    {KERNEL(float, avx512), KERNEL(double, avx512)},
#endif
};

/* The types of the compiled engine, and the choice of an instruction set while it runs.
 *
 * The template _presentation.h is compiled for float and double and, where the compiler can, for
 * three generations of x86-64; the processor is asked once, at import. Elsewhere there is one plain
 * version, for which the compiler's flags decide.
 */
#ifndef SKL_SOFTMAXNET_DISPATCH_H
#define SKL_SOFTMAXNET_DISPATCH_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__GNUC__) || defined(__clang__)
#define ALWAYS_INLINE inline __attribute__((always_inline, unused))
#define PREFETCH(address) __builtin_prefetch(address)
#define NATIVE_VECTOR_BYTES 16 /* SSE2, NEON and the like; the compiler copes where there is none */
#else
#define ALWAYS_INLINE __forceinline
#define PREFETCH(address)
#define NATIVE_VECTOR_BYTES 0
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
enum { UPDATE = 1, SUM = 2, SUM_OLD = 4 }; /* what a pass over weights does */

/* Pointers are to float or double, the same for all. */
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
} layer_t;

/* One input: a dense vector of n_features values, not padded, and a list of the n columns where it
 * is not zero; is_full where that is known to be all. */
typedef struct {
    void *values;
    ptrdiff_t *columns;
    ptrdiff_t n;
    int is_full;
} input_t;

typedef struct {
    ptrdiff_t n_layers;
    layer_t *layers;
    int activation, output_activation, loss;
    int gradient; /* backprop="gradient" */
    int fit_intercept;
    void *target;      /* one-hot, all zero between presentations */
    input_t inputs[2]; /* the sample presented, and the next */
    ptrdiff_t *only;   /* columns that only the first of them has */
} network_t;

typedef struct {
    ptrdiff_t n_features;
    const void *values;
    const void *indices, *indptr; /* of a CSR matrix */
    int index_bytes;              /* of those two: 4 or 8, or 0 for a dense matrix */
} samples_t;

/* A pass over the rows of a matrix of weights, listed or, where rows is NULL, 0 ... n_rows - 1. */
typedef struct {
    void *weights;
    ptrdiff_t stride;
    const ptrdiff_t *rows;
    ptrdiff_t n_rows;
    const void *before, *after; /* a factor for each row: in its update, in the sums */
    const void *step;
    void *sums;
} pass_t;

static ALWAYS_INLINE ptrdiff_t index_at(int index_bytes, const void *indices, ptrdiff_t i)
{
    return index_bytes == 4 ? (ptrdiff_t)((const int32_t *)indices)[i]
                            : (ptrdiff_t)((const int64_t *)indices)[i];
}

/* Swap values[i] with values[u (i + 1)] for i = stop - 1, stop - 2, ..., for each of n numbers u. */
static void shuffle_values(ptrdiff_t *values, const double *uniforms, ptrdiff_t n, ptrdiff_t stop)
{
    ptrdiff_t k;
    for (k = 0; k < n; k++) {
        const ptrdiff_t i = stop - 1 - k, j = (ptrdiff_t)(uniforms[k] * (double)(i + 1));
        const ptrdiff_t value = values[i];
        values[i] = values[j];
        values[j] = value;
    }
}

typedef double (*run_t)(network_t *, const samples_t *, const ptrdiff_t *, const ptrdiff_t *,
                        const double *, double, ptrdiff_t);

#define PASTE_(name, type, level) name##_##type##_##level
#define PASTE(name, type, level) PASTE_(name, type, level)
#define FUNCTION TARGET static ALWAYS_INLINE

#define LEVEL baseline
#define TARGET
#define VECTOR_BYTES NATIVE_VECTOR_BYTES
#include "_float_and_double.h"
#undef LEVEL
#undef TARGET
#undef VECTOR_BYTES

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#define HAVE_LEVELS 1
#define LEVEL avx2
#define TARGET __attribute__((target("avx2")))
#define VECTOR_BYTES 32
#include "_float_and_double.h"
#undef LEVEL
#undef TARGET
#undef VECTOR_BYTES
#define LEVEL avx512
#define TARGET __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw")))
#define VECTOR_BYTES 64
#include "_float_and_double.h"
#undef LEVEL
#undef TARGET
#undef VECTOR_BYTES
#else
#define HAVE_LEVELS 0
#endif

/* The highest level that the processor can run: 0 baseline, 1 AVX2, 2 AVX-512. */
static int highest_level(void)
{
#if HAVE_LEVELS
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl")
        && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw"))
        return 2;
    if (__builtin_cpu_supports("avx2"))
        return 1;
#endif
    return 0;
}

static run_t run_at_level(int level, int is_double)
{
#if HAVE_LEVELS
    if (level == 2) return is_double ? run_double_avx512 : run_float_avx512;
    if (level == 1) return is_double ? run_double_avx2 : run_float_avx2;
#endif
    return is_double ? run_double_baseline : run_float_baseline;
}

#endif

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
#define ALWAYS_INLINE inline __attribute__((always_inline))
#define RESTRICT __restrict__
#else
#define ALWAYS_INLINE __forceinline
#define RESTRICT __restrict
#endif

#if defined(__clang__)
#define INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#elif defined(__GNUC__)
#define INDEPENDENT _Pragma("GCC ivdep")
#elif defined(_MSC_VER)
#define INDEPENDENT __pragma(loop(ivdep))
#else
#define INDEPENDENT
#endif

enum { LOGISTIC, TANH, RELU, IDENTITY };
enum { SOFTMAX, SIGMOID };
enum { SQUARED_ERROR, LOG_LOSS };
enum { UPDATE = 1, SUM = 2, SUM_OLD = 4 }; /* what a pass over weights does */

/* Pointers are to float or double, the same for all. */
typedef struct {
    ptrdiff_t fan_in, fan_out;
    ptrdiff_t padded_out; /* fan_out rounded up to whole groups: the length of the vectors below */
    ptrdiff_t stride;     /* from one row of weights to the next: fan_out of the first layer, fan_in
                             of the others, rounded up */
    void *weights;
    void *intercept;
    void *output; /* sums, then outputs */
    void *delta;
    void *signal;
} layer_t;

typedef struct {
    ptrdiff_t n_layers;
    layer_t *layers;
    int activation, output_activation, loss;
    int gradient; /* backprop="gradient" */
    int fit_intercept;
} network_t;

typedef struct {
    ptrdiff_t n_features;
    const void *values;
    const void *indices, *indptr; /* of a CSR matrix */
    int index_bytes;              /* of those two: 4 or 8, or 0 for a dense matrix */
} samples_t;

/* One input: a dense vector of n_features values, and the columns where it is not zero. */
typedef struct {
    void *values;
    ptrdiff_t *columns;
    ptrdiff_t n;
} input_t;

static ALWAYS_INLINE ptrdiff_t index_at(int index_bytes, const void *indices, ptrdiff_t i)
{
    return index_bytes == 4 ? (ptrdiff_t)((const int32_t *)indices)[i]
                            : (ptrdiff_t)((const int64_t *)indices)[i];
}

typedef double (*run_t)(const network_t *, const samples_t *, input_t *, ptrdiff_t *,
                        const ptrdiff_t *, const ptrdiff_t *, const double *, double, ptrdiff_t);

#define PASTE_(name, type, level) name##_##type##_##level
#define PASTE(name, type, level) PASTE_(name, type, level)

#define LEVEL baseline
#define TARGET
#include "_types.h"
#undef LEVEL
#undef TARGET

#if (defined(__x86_64__) || defined(__i386__)) && (defined(__GNUC__) || defined(__clang__))
#define HAVE_LEVELS 1
#define LEVEL avx2
#define TARGET __attribute__((target("avx2")))
#include "_types.h"
#undef LEVEL
#undef TARGET
#define LEVEL avx512
#if defined(__clang__)
#define TARGET __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw")))
#else
#define TARGET __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,prefer-vector-width=512")))
#endif
#include "_types.h"
#undef LEVEL
#undef TARGET
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

/* Vectors of numbers, and functions of them. A template, see _run.h. */

#define VEC NAME(vec)
#define IVEC NAME(ivec)
#define GROUP (64 / (ptrdiff_t)sizeof(REAL)) /* numbers in 64 bytes */

#if VECTOR_BYTES
typedef REAL VEC __attribute__((vector_size(VECTOR_BYTES)));
typedef BITS IVEC __attribute__((vector_size(VECTOR_BYTES)));
#define LANES (VECTOR_BYTES / (ptrdiff_t)sizeof(REAL))
#define SPLAT(x) ((REAL)(x) - (VEC){0})
#define LANE(v, i) ((v)[i])
#define AS_BITS(v) ((IVEC)(v))
#define AS_REAL(bits) ((VEC)(bits))
#define SPLAT_BITS(x) ((BITS)(x) - (IVEC){0})
#define SELECT(condition, a, b) AS_REAL(((condition) & AS_BITS(a)) | (~(condition) & AS_BITS(b)))
#else
typedef REAL VEC;
typedef BITS IVEC;
#define LANES ((ptrdiff_t)1)
#define SPLAT(x) ((REAL)(x))
#define LANE(v, i) (v)
#define AS_BITS(v) NAME(as_bits)(v)
#define AS_REAL(bits) NAME(as_real)(bits)
#define SPLAT_BITS(x) ((BITS)(x))
#define SELECT(condition, a, b) ((condition) ? (a) : (b))
FUNCTION BITS NAME(as_bits)(REAL x) { BITS bits; memcpy(&bits, &x, sizeof x); return bits; }
FUNCTION REAL NAME(as_real)(BITS bits) { REAL x; memcpy(&x, &bits, sizeof x); return x; }
#endif

/* The numbers of two vectors in turn, of their first halves and of their second; and those of one,
 * lanes i and i ^ n exchanged for a constant n. */
#if VECTOR_BYTES == 0
#define SHUFFLE(a, b, ...) (a)
#define EXCHANGE(v, n) (v)
#elif defined(__clang__)
#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#define EXCHANGE(v, n) NAME(exchange)(v, n)
FUNCTION VEC NAME(exchange)(VEC v, ptrdiff_t n)
{
    VEC exchanged;
    ptrdiff_t i;
    UNROLL
    for (i = 0; i < LANES; i++) exchanged[i] = v[i ^ n];
    return exchanged;
}
#else
#define SHUFFLE(a, b, ...) __builtin_shuffle(a, b, (IVEC){__VA_ARGS__})
#define EXCHANGE(v, n) __builtin_shuffle(v, (IVEC){LANE_NUMBERS} ^ (BITS)(n))
#endif
#if VECTOR_BYTES == 64 && !IS_DOUBLE
#define LANE_NUMBERS 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
#define ZIP_LOW(a, b) SHUFFLE(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define ZIP_HIGH(a, b) SHUFFLE(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#elif VECTOR_BYTES == 64 || (VECTOR_BYTES == 32 && !IS_DOUBLE)
#define LANE_NUMBERS 0, 1, 2, 3, 4, 5, 6, 7
#define ZIP_LOW(a, b) SHUFFLE(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define ZIP_HIGH(a, b) SHUFFLE(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#elif VECTOR_BYTES == 32 || !IS_DOUBLE
#define LANE_NUMBERS 0, 1, 2, 3
#define ZIP_LOW(a, b) SHUFFLE(a, b, 0, 4, 1, 5)
#define ZIP_HIGH(a, b) SHUFFLE(a, b, 2, 6, 3, 7)
#else
#define LANE_NUMBERS 0, 1
#define ZIP_LOW(a, b) SHUFFLE(a, b, 0, 2)
#define ZIP_HIGH(a, b) SHUFFLE(a, b, 1, 3)
#endif

#if VECTOR_BYTES && defined(__x86_64__) /* by name: for maxima and minima, compilers miss them */
#define OPERATION(name) PASTE(PREFIX, name, SUFFIX)
#define LARGER(a, b) OPERATION(max)(a, b)
#define SMALLER(a, b) OPERATION(min)(a, b)
#else /* the same where one is not a number, and with zeros of either sign */
#define LARGER(a, b) SELECT((a) > (b), a, b)
#define SMALLER(a, b) SELECT((a) < (b), a, b)
#endif

/* How many vectors hold n numbers. */
FUNCTION ptrdiff_t NAME(vectors)(ptrdiff_t n) { return (ptrdiff_t)(((size_t)n + LANES - 1) / LANES); }

/* A constant of double, and that of float. */
#define OF_TYPE(of_double, of_float) (IS_DOUBLE ? (of_double) : (of_float))
#define MANTISSA_BITS OF_TYPE(52, 23)
#define EXPONENT_BIAS OF_TYPE(1023, 127)
#define ROUNDING_SHIFT OF_TYPE(0x1.8p52, 0x1.8p23)
#define LOG2_HIGH OF_TYPE(0x1.62e42fefa3800p-1, 0x1.62e400p-1)
#define LOG2_LOW OF_TYPE(0x1.ef35793c76730p-45, 0x1.7f7d1cp-20)
#define EXP_MAX OF_TYPE(708.0, 87.0) /* exp(-EXP_MAX) is still a normal number */
#define TANH_MAX OF_TYPE(20.0, 10.0) /* tanh(TANH_MAX) rounds to 1 */

#define TERM(n, m) (r * SPLAT(1.0 / (m)) + SPLAT(1.0 / (n)))

/* exp(x) - c, for c = 1 accurate near 0 too: 2^k (1 + p) - c with x = k log 2 + r, |r| <= log(2)/2
 * and p = expm1(r) by its series. */
FUNCTION VEC NAME(exp_minus)(VEC x, REAL c)
{
    VEC scale, t, k, r, r2, r4, low; /* scale = 2^k */
    x = SMALLER(SPLAT(EXP_MAX), x);
    x = LARGER(SPLAT(-EXP_MAX), x);
    t = x * SPLAT(1.4426950408889634) + SPLAT(ROUNDING_SHIFT); /* k stands in t's last bits */
    k = t - SPLAT(ROUNDING_SHIFT);
    r = x - k * SPLAT(LOG2_HIGH); /* exact: LOG2_HIGH ends in zeros */
    r = r - k * SPLAT(LOG2_LOW);
    scale = AS_REAL((AS_BITS(t) << MANTISSA_BITS) + SPLAT_BITS((BITS)EXPONENT_BIAS << MANTISSA_BITS));
    r2 = r * r;
    r4 = r2 * r2;
    /* r + r^2/2! + r^3/3! + ..., grouped so that few terms wait for others */
#if IS_DOUBLE
    low = (TERM(2, 6) + r2 * TERM(24, 120)) + r4 * (TERM(720, 5040) + r2 * TERM(40320, 362880));
    low = low + (r4 * r4) * (TERM(3628800, 39916800) + r2 * TERM(479001600, 6227020800.0));
#else
    low = (TERM(2, 6) + r2 * TERM(24, 120)) + r4 * TERM(720, 5040);
#endif
    return scale * (r + r2 * low) + (scale - SPLAT(c));
}

/* --- Activations f(z), and their derivatives from h = f(z) --- */

FUNCTION VEC NAME(logistic)(VEC z)
{
    return SPLAT(1) / (SPLAT(1) + NAME(exp_minus)(-z, 0));
}

FUNCTION VEC NAME(tanh)(VEC z) /* expm1(2z) / (expm1(2z) + 2), accurate near 0 too */
{
    VEC m;
    z = SMALLER(SPLAT(TANH_MAX), z);
    z = LARGER(SPLAT(-TANH_MAX), z);
    m = NAME(exp_minus)(z + z, 1);
    return m / (m + SPLAT(2));
}

/* f(z), zero in the padding, where the mask and z are. */
FUNCTION VEC NAME(activate)(int activation, VEC z, VEC mask)
{
    switch (activation) {
    case LOGISTIC: return NAME(logistic)(z) * mask;
    case TANH: return NAME(tanh)(z);
    case RELU: return LARGER(SPLAT(0), z);
    default: return z;
    }
}

FUNCTION VEC NAME(derivative)(int activation, VEC h)
{
    switch (activation) {
    case LOGISTIC: return h * (SPLAT(1) - h);
    case TANH: return SPLAT(1) - h * h;
    case RELU: return SELECT(h > SPLAT(0), SPLAT(1), SPLAT(0));
    default: return SPLAT(1);
    }
}

/* --- Vectors from memory, and what is over all numbers in vectors --- */

/* A vector from anywhere in memory, of which n <= LANES numbers are there; then zeros. */
FUNCTION VEC NAME(load_vector)(const REAL *from, ptrdiff_t n)
{
    VEC whole, part = SPLAT(0);
    if (n < LANES) {
        memcpy(&part, from, (size_t)n * sizeof(REAL));
        return part;
    }
    memcpy(&whole, from, sizeof whole);
    return whole;
}

/* The sum of the first n numbers in v, everywhere, as a tree of halves: i + (i + LANES / 2), and so
 * on. The others are zeros, which are not added. */
FUNCTION VEC NAME(total)(VEC v, ptrdiff_t n)
{
    ptrdiff_t half;
    UNROLL
    for (half = LANES / 2; half > 0; half /= 2)
        if (half < n) v = v + EXCHANGE(v, half);
    return SPLAT(LANE(v, 0));
}

/* The largest of the first n numbers in v. */
FUNCTION REAL NAME(largest)(VEC v, ptrdiff_t n)
{
    ptrdiff_t half;
    UNROLL
    for (half = LANES / 2; half > 0; half /= 2)
        if (half < n) v = LARGER(v, EXCHANGE(v, half));
    return LANE(v, 0);
}

/* a . b, everywhere in a vector, of n numbers in n_vectors, and zeros to whole groups: GROUP sums side
 * by side, then their total. */
FUNCTION VEC NAME(dot)(const VEC *a, const VEC *b, ptrdiff_t n_vectors, ptrdiff_t n)
{
    VEC sums[GROUP / LANES];
    ptrdiff_t v, i, half;
    UNROLL
    for (i = 0; i < GROUP / LANES; i++) sums[i] = a[i] * b[i];
    for (v = GROUP / LANES; v < n_vectors; v += GROUP / LANES) {
        UNROLL
        for (i = 0; i < GROUP / LANES; i++) sums[i] = sums[i] + a[v + i] * b[v + i];
    }
    UNROLL
    for (half = GROUP / LANES / 2; half > 0; half /= 2) {
        UNROLL
        for (i = 0; i < half; i++) sums[i] = sums[i] + sums[i + half];
    }
    return NAME(total)(sums[0], n);
}

/* Of magnitudes a and those of b, as whole numbers, the larger ones: their bits are in the order of
 * the magnitudes, and infinity and NaN beyond. */
FUNCTION IVEC NAME(larger_magnitude)(IVEC a, VEC b)
{
    const IVEC magnitude = AS_BITS(b) & SPLAT_BITS((UBITS)-1 >> 1);
    return AS_BITS(SELECT(magnitude > a, AS_REAL(magnitude), AS_REAL(a)));
}

/* The largest magnitude of n numbers from anywhere in memory; infinite if any is not finite. Four
 * vectors at a time do not wait for each other. */
LARGE_FUNCTION double NAME(largest_of)(const void *values, ptrdiff_t n)
{
    const REAL *x = values;
    IVEC most[4] = {SPLAT_BITS(0), SPLAT_BITS(0), SPLAT_BITS(0), SPLAT_BITS(0)};
    double largest = 0;
    ptrdiff_t k;
    int i;
    for (k = 0; k + 4 * LANES <= n; k += 4 * LANES) {
        UNROLL
        for (i = 0; i < 4; i++)
            most[i] = NAME(larger_magnitude)(most[i], NAME(load_vector)(x + k + i * LANES, LANES));
    }
    for (; k < n; k += LANES)
        most[0] = NAME(larger_magnitude)(most[0], NAME(load_vector)(x + k, n - k));
    for (i = 1; i < 4; i++) most[0] = NAME(larger_magnitude)(most[0], AS_REAL(most[i]));
    for (k = 0; k < LANES; k++) {
        const double magnitude = LANE(AS_REAL(most[0]), k);
        if (!(magnitude < INFINITY)) return INFINITY;
        if (magnitude > largest) largest = magnitude;
    }
    return largest;
}

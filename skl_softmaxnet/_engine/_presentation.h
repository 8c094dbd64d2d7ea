/* One presentation after the other, for one type of number and one instruction set.
 *
 * This file is a template: _dispatch.h includes it once for each pair, with
 *
 *   REAL            float or double, as IS_DOUBLE tells; BITS and UBITS are integers of its size
 *   NAME(x)         x with a suffix for the pair
 *   TARGET          the attribute that chooses the instruction set
 *   FUNCTION        how an inlined function of this instruction set is declared
 *   VECTOR_BYTES    the width of its vectors, 0 for none
 *
 * The notation is that of _numpy.py. Weights of the first layer have a row of memory per input,
 * those of later layers a row of memory per unit, so that every long loop runs along contiguous
 * hidden units. Rows and vectors are padded with zeros to 64 bytes; the padding stays zero.
 *
 * Every sum has one order of its terms, which depends on nothing but the sizes of the network:
 * multiplications and additions are not fused, zeros are skipped exactly, and the sums of the first
 * layer are strictly in the order of its inputs. So the same bits come out of dense and sparse rows,
 * of every way to cut an epoch into calls, and of every instruction set. For blocks of samples, in
 * other parentheses, see _blocks.h.
 */

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

/* Operations of x86-64 by name: for maxima and minima, compilers miss them. */
#if VECTOR_BYTES && defined(__x86_64__)
#if VECTOR_BYTES == 64 && IS_DOUBLE
#define OPERATION(name) _mm512_##name##_pd
#elif VECTOR_BYTES == 64
#define OPERATION(name) _mm512_##name##_ps
#elif VECTOR_BYTES == 32 && IS_DOUBLE
#define OPERATION(name) _mm256_##name##_pd
#elif VECTOR_BYTES == 32
#define OPERATION(name) _mm256_##name##_ps
#elif IS_DOUBLE
#define OPERATION(name) _mm_##name##_pd
#else
#define OPERATION(name) _mm_##name##_ps
#endif
#define LARGER(a, b) OPERATION(max)(a, b)
#define SMALLER(a, b) OPERATION(min)(a, b)
#else /* the same where one is not a number, and with zeros of either sign */
#define LARGER(a, b) SELECT((a) > (b), a, b)
#define SMALLER(a, b) SELECT((a) < (b), a, b)
#endif

/* How many vectors hold n numbers. */
FUNCTION ptrdiff_t NAME(vectors)(ptrdiff_t n) { return (ptrdiff_t)(((size_t)n + LANES - 1) / LANES); }

/* --------------------------------------------------------------------------------------------
 * exp, as 2^k (1 + p) with x = k log 2 + r, |r| <= log(2)/2 and p = expm1(r) by its series
 */

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

/* exp(x) - c, for c = 1 accurate near 0 too. */
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

#undef TERM

/* --------------------------------------------------------------------------------------------
 * Activations f(z), and their derivatives from h = f(z)
 */

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

/* --------------------------------------------------------------------------------------------
 * Passes over weights
 */

/* What row j of a pass is multiplied by in an update with decay: in the first layer, that of all
 * presentations since it was last touched. */
FUNCTION REAL NAME(keep_of_row)(const pass_t *pass, ptrdiff_t j)
{
    network_t *network = pass->waiting;
    double keep = pass->rule->keep;
    if (network) {
        keep = network->shrunk * network->caught_up[j];
        network->caught_up[j] = network->current;
    }
    return (REAL)keep;
}

/* For the next `count` rows j, kept together so that the loads and stores of `sums` are shared:
 *   w_j   <- w_j + before[j] * step      where mode has UPDATE; see rule_t for decay and momentum
 *   sums  <- sums + after[j] * w_j       where it has SUM, or SUM_OLD for w_j before its update
 */
FUNCTION void NAME(block)(
    int mode, int count, const pass_t *pass, ptrdiff_t first, ptrdiff_t n_vectors)
{
    const REAL *before = pass->before, *after = pass->after;
    const VEC *step = pass->step;
    const rule_t *rule = pass->rule;
    VEC *sums = pass->sums, *w[4], *velocity[4], b[4], a[4], keep[4];
    VEC decay = SPLAT(0), momentum = SPLAT(0), along_velocity = SPLAT(0), along_change = SPLAT(0);
    ptrdiff_t v;
    int r;
    if (mode & MOMENTUM) {
        decay = SPLAT(rule->decay), momentum = SPLAT(rule->momentum);
        along_velocity = SPLAT(rule->along_velocity), along_change = SPLAT(rule->along_change);
    }
    UNROLL
    for (r = 0; r < count; r++) {
        const ptrdiff_t j = pass->rows ? pass->rows[first + r] : first + r;
        w[r] = (VEC *)((REAL *)pass->weights + j * pass->stride);
        b[r] = SPLAT(mode & UPDATE ? before[j] : 0);
        a[r] = SPLAT(mode & (SUM | SUM_OLD) ? after[j] : 0);
        if (mode & DECAY) keep[r] = SPLAT(NAME(keep_of_row)(pass, j));
        if (mode & MOMENTUM) velocity[r] = (VEC *)((REAL *)pass->velocity + j * pass->stride);
    }
    for (v = 0; v < n_vectors; v++) {
        VEC sum = SPLAT(0), d = SPLAT(0);
        if (mode & (SUM | SUM_OLD)) sum = sums[v];
        if (mode & UPDATE) d = step[v];
        UNROLL
        for (r = 0; r < count; r++) {
            VEC weight = w[r][v];
            if (mode & SUM_OLD) sum = sum + a[r] * weight;
            if (mode & MOMENTUM) {
                const VEC change = b[r] * d - decay * weight;
                velocity[r][v] = momentum * velocity[r][v] + change;
                weight = weight + (along_velocity * velocity[r][v] + along_change * change);
            } else if (mode & UPDATE) {
                weight = keep[r] * weight + b[r] * d;
            }
            if (mode & UPDATE) w[r][v] = weight;
            if (mode & SUM) sum = sum + a[r] * weight;
        }
        if (mode & (SUM | SUM_OLD)) sums[v] = sum;
    }
}

/* All rows of a pass, over the first n_units of each. */
FUNCTION void NAME(run_pass)(int mode, const pass_t *pass, ptrdiff_t n_units)
{
    const ptrdiff_t n_vectors = NAME(vectors)(n_units);
    ptrdiff_t i = 0;
    for (; i + 4 <= pass->n_rows; i += 4) NAME(block)(mode, 4, pass, i, n_vectors);
    if (i + 2 <= pass->n_rows) {
        NAME(block)(mode, 2, pass, i, n_vectors);
        i += 2;
    }
    if (i < pass->n_rows) NAME(block)(mode, 1, pass, i, n_vectors);
}

/* A pass of any mode: a function of its own, whose loops have all registers to themselves. */
LARGE_FUNCTION void NAME(any_pass)(int mode, const pass_t *pass, ptrdiff_t n_units)
{
    switch (mode) {
    case SUM: NAME(run_pass)(SUM, pass, n_units); break;
    case UPDATE | DECAY: NAME(run_pass)(UPDATE | DECAY, pass, n_units); break;
    case UPDATE | DECAY | SUM: NAME(run_pass)(UPDATE | DECAY | SUM, pass, n_units); break;
    case UPDATE | DECAY | SUM_OLD: NAME(run_pass)(UPDATE | DECAY | SUM_OLD, pass, n_units); break;
    case UPDATE | MOMENTUM: NAME(run_pass)(UPDATE | MOMENTUM, pass, n_units); break;
    case UPDATE | MOMENTUM | SUM: NAME(run_pass)(UPDATE | MOMENTUM | SUM, pass, n_units); break;
    default: NAME(run_pass)(UPDATE | MOMENTUM | SUM_OLD, pass, n_units);
    }
}

/* A pass over rows of one vector is not worth a call. */
FUNCTION void NAME(pass)(int kind, int mode, const pass_t *pass, ptrdiff_t n_units)
{
    if (mode & UPDATE) mode |= kind;
    if (kind == DECAY && n_units <= LANES)
        NAME(run_pass)(mode, pass, LANES);
    else
        NAME(any_pass)(mode, pass, n_units);
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

/* --------------------------------------------------------------------------------------------
 * Forward
 */

/* h <- f(z) in place for the first layer, whose sums z are there. */
FUNCTION void NAME(activate_first)(const layer_t *layer, int activation)
{
    VEC *h = layer->output;
    const VEC *mask = layer->mask;
    const ptrdiff_t n_vectors = NAME(vectors)(layer->fan_out);
    ptrdiff_t v;
    for (v = 0; v < n_vectors; v++) h[v] = NAME(activate)(activation, h[v], mask[v]);
}

/* h <- f(W h_below + b) for a later layer. */
FUNCTION void NAME(forward_layer)(const layer_t *layer, int activation)
{
    const layer_t *below = layer - 1;
    const REAL *weights = layer->weights;
    const VEC *intercept = layer->intercept, *mask = layer->mask;
    VEC *h = layer->output;
    const ptrdiff_t n_vectors = NAME(vectors)(layer->fan_in);
    ptrdiff_t first, lane;
    for (first = 0; first < layer->fan_out; first += LANES) {
        VEC z = SPLAT(0);
        UNROLL
        for (lane = 0; lane < LANES; lane++) {
            const VEC *row = (const VEC *)(weights + (first + lane) * layer->stride);
            if (first + lane < layer->fan_out)
                LANE(z, lane) = LANE(NAME(dot)(row, below->output, n_vectors, layer->fan_in), 0);
        }
        z = z + *intercept++;
        *h++ = NAME(activate)(activation, z, *mask++);
    }
}

/* From the sums of the first layer to the sums of the last. */
FUNCTION void NAME(forward)(const network_t *network, int activation)
{
    const layer_t *layer = network->layers, *last = layer + network->n_layers - 1;
    if (layer == last) return;
    NAME(activate_first)(layer, activation);
    for (layer++; layer < last; layer++) NAME(forward_layer)(layer, activation);
    NAME(forward_layer)(last, IDENTITY);
}

/* From the delta of one vector of units: step = rate * delta, b <- b + step, or with momentum as in
 * rule_t, and, for backprop="gradient", delta for the signal. */
FUNCTION void NAME(take_step)(
    const network_t *network, int kind, const layer_t *layer, ptrdiff_t v, VEC delta, REAL rate)
{
    VEC *step = layer->step, *intercept = layer->intercept, *signal = layer->signal;
    const rule_t *rule = &network->rule;
    VEC change = delta * SPLAT(rate);
    step[v] = change;
    if (network->gradient) signal[v] = delta;
    if (!network->fit_intercept) return;
    if (kind == MOMENTUM) {
        VEC *velocity = layer->intercept_velocity;
        velocity[v] = SPLAT(rule->momentum) * velocity[v] + change;
        change = SPLAT(rule->along_velocity) * velocity[v] + SPLAT(rule->along_change) * change;
    }
    intercept[v] = intercept[v] + change;
}

/* --------------------------------------------------------------------------------------------
 * Output layer: from its sums z to outputs, loss, delta and error
 */

/* o = softmax(z) in place; returns logsumexp(z), or 0 where it is not wanted.
 *
 * Sums of moderate size are not shifted by their largest: that takes a detour which everything after
 * it would wait for, where a branch that always goes the same way costs nothing. */
FUNCTION double NAME(softmax)(const layer_t *layer, ptrdiff_t n_vectors, int wanted)
{
    const ptrdiff_t n = layer->fan_out;
    const VEC *mask = layer->mask;
    VEC *z = layer->output, highest = SPLAT(-INFINITY), magnitude = SPLAT(0), shift = SPLAT(0), total;
    REAL largest = 0;
    ptrdiff_t v;
    for (v = 0; v < n_vectors; v++) {
        const VEC size = SELECT(z[v] < SPLAT(0), -z[v], z[v]);
        const VEC real = SELECT(mask[v] > SPLAT(0), z[v], SPLAT(-INFINITY));
        magnitude = LARGER(size, magnitude);
        highest = LARGER(real, highest);
    }
    if (!(NAME(largest)(magnitude, n) < EXP_MAX / 2)) {
        largest = NAME(largest)(highest, n);
        shift = SPLAT(largest);
    }
    for (v = 0; v < n_vectors; v++) z[v] = NAME(exp_minus)(z[v] - shift, 0);
    total = NAME(dot)(z, mask, n_vectors, n);
    for (v = 0; v < n_vectors; v++) z[v] = z[v] * mask[v] / total;
    return wanted ? (double)largest + log((double)LANE(total, 0)) : 0;
}

/* The sum over the labels of z, which is t.z. */
FUNCTION double NAME(sum_over_labels)(const REAL *z, labels_t labels)
{
    double sum = 0;
    ptrdiff_t k;
    for (k = 0; k < labels.n; k++) sum += z[labels.first[k]];
    return sum;
}

/* The sum over outputs of log(1 + exp(z)) - t z, where
 * log(1 + exp(z)) = max(z, 0) + log1p(exp(-|z|)). */
FUNCTION double NAME(binary_cross_entropy)(const REAL *z, ptrdiff_t n, labels_t labels)
{
    double loss = -NAME(sum_over_labels)(z, labels);
    ptrdiff_t k;
    for (k = 0; k < n; k++)
        loss += (z[k] > 0 ? z[k] : 0) + log1p(exp(-fabs((double)z[k])));
    return loss;
}

/* Turn the sums of the output layer into its outputs o, set its step and its signal, which is
 * e = t - o or, for backprop="gradient", delta, and return the loss. */
FUNCTION double NAME(output_layer)(
    const network_t *network, int kind, const layer_t *layer, labels_t labels, REAL rate,
    ptrdiff_t n_vectors)
{
    VEC *o = layer->output, *signal = layer->signal;
    const VEC *t = network->target, *mask = layer->mask;
    const int softmax = network->output_activation == SOFTMAX;
    const int with_log = network->loss == LOG_LOSS;
    VEC mean = SPLAT(0);
    double loss = 0;
    ptrdiff_t v;
    if (with_log && !softmax)
        loss = NAME(binary_cross_entropy)((const REAL *)o, layer->fan_out, labels);
    if (softmax) {
        const double z_target = with_log ? NAME(sum_over_labels)((const REAL *)o, labels) : 0;
        loss = NAME(softmax)(layer, n_vectors, with_log) - z_target;
    } else {
        for (v = 0; v < n_vectors; v++) o[v] = NAME(activate)(LOGISTIC, o[v], mask[v]);
    }
    for (v = 0; v < n_vectors; v++) signal[v] = t[v] - o[v];
    if (!with_log) {
        loss = (double)LANE(NAME(dot)(signal, signal, n_vectors, layer->fan_out), 0) / 2;
        if (softmax) mean = NAME(dot)(o, signal, n_vectors, layer->fan_out);
    }
    for (v = 0; v < n_vectors; v++) {
        VEC delta = signal[v];
        if (!with_log && softmax) delta = o[v] * (delta - mean); /* J e = o (e - o.e) */
        if (!with_log && !softmax) delta = delta * (o[v] * (SPLAT(1) - o[v]));
        NAME(take_step)(network, kind, layer, v, delta, rate);
    }
    return loss;
}

/* --------------------------------------------------------------------------------------------
 * Backward
 */

/* delta = signal * f'(h) of a hidden layer, and what follows from it. */
FUNCTION void NAME(hidden_delta)(
    const network_t *network, int kind, const layer_t *layer, int activation, REAL rate)
{
    const VEC *h = layer->output, *signal = layer->signal;
    const ptrdiff_t n_vectors = NAME(vectors)(layer->fan_out);
    ptrdiff_t v;
    for (v = 0; v < n_vectors; v++) {
        const VEC delta = signal[v] * NAME(derivative)(activation, h[v]);
        NAME(take_step)(network, kind, layer, v, delta, rate);
    }
}

/* Send the signal down and update all layers but the first, whose step is left ready. */
FUNCTION void NAME(backward)(const network_t *network, int kind, int activation, REAL rate)
{
    const layer_t *layer = network->layers + network->n_layers - 1;
    ptrdiff_t v;
    for (; layer > network->layers; layer--) {
        const layer_t *below = layer - 1;
        const ptrdiff_t n_vectors = NAME(vectors)(below->fan_out);
        VEC *sent = below->signal;
        const pass_t pass = {.weights = layer->weights, .stride = layer->stride,
                             .n_rows = layer->fan_out, .before = layer->step,
                             .after = layer->signal, .step = below->output, .sums = sent,
                             .rule = &network->rule, .velocity = layer->velocity};
        for (v = 0; v < n_vectors; v++) sent[v] = SPLAT(0);
        if (network->gradient) /* s_{l-1} = W_l s_l, through the weights before the update */
            NAME(pass)(kind, UPDATE | SUM_OLD, &pass, layer->fan_in);
        else /* through the weights after it */
            NAME(pass)(kind, UPDATE | SUM, &pass, layer->fan_in);
        NAME(hidden_delta)(network, kind, below, activation, rate);
    }
}

/* --------------------------------------------------------------------------------------------
 * The rows of weights that a presentation touches
 */

/* Whether a number is not zero, without a branch: the sign bit is shifted out. */
FUNCTION ptrdiff_t NAME(is_nonzero)(const REAL *x)
{
    UBITS bits;
    memcpy(&bits, x, sizeof bits);
    return (UBITS)(bits << 1) != 0;
}

/* Point to a dense row, and list where it is not zero. Where the row before had no zero, first see
 * whether this has one: counting is faster than listing, and the list would be the same. */
FUNCTION void NAME(load_dense)(const samples_t *samples, ptrdiff_t row, input_t *input)
{
    const REAL *values = (const REAL *)samples->values + row * samples->n_features;
    ptrdiff_t n = 0, j;
    input->values = (void *)values; /* read only from here on */
    if (input->is_full) {
        for (j = 0; j < samples->n_features; j++) n += NAME(is_nonzero)(values + j);
        if (n == samples->n_features) return;
        n = 0;
    }
    for (j = 0; j < samples->n_features; j++) {
        input->columns[n] = j;
        n += NAME(is_nonzero)(values + j);
    }
    input->n = n;
    input->is_full = n == samples->n_features;
}

/* Lay a sparse row out as a dense vector, and list where it is not zero. Someone may have changed the
 * columns after they were checked: none leads out of the vector. */
FUNCTION void NAME(load_sparse)(
    const samples_t *samples, ptrdiff_t row, input_t *input, int index_bytes)
{
    REAL *vector = input->values;
    const REAL *values = samples->values;
    const ptrdiff_t end = samples->indptr[row + 1];
    ptrdiff_t n = 0, j;
    for (j = 0; j < input->n; j++) vector[input->columns[j]] = 0;
    for (j = samples->indptr[row]; j < end; j++) {
        const ptrdiff_t column = index_at(index_bytes, samples->indices, j);
        if ((size_t)column >= (size_t)samples->n_features) continue;
        vector[column] = values[j];
        input->columns[n] = column;
        n += NAME(is_nonzero)(values + j);
    }
    input->n = n;
    input->is_full = 0; /* its columns are listed in any case */
}

FUNCTION void NAME(load)(const samples_t *samples, ptrdiff_t row, input_t *input)
{
    switch (samples->index_bytes) {
    case 0: NAME(load_dense)(samples, row, input); break;
    case 4: NAME(load_sparse)(samples, row, input, 4); break;
    default: NAME(load_sparse)(samples, row, input, 8);
    }
}

/* Ask for a row that will be loaded soon: rows come in random order, which no cache foresees. */
FUNCTION void NAME(prefetch)(const samples_t *samples, ptrdiff_t row)
{
    const int is_dense = samples->index_bytes == 0;
    const ptrdiff_t start = is_dense ? row * samples->n_features : samples->indptr[row];
    const ptrdiff_t end = is_dense ? start + samples->n_features : samples->indptr[row + 1];
    prefetch_inputs(samples, sizeof(REAL), start, end);
    PREFETCH((const REAL *)samples->values + end - 1);
    prefetch_labels(samples, row);
}

/* List the columns where `input` is not zero and `other` is. */
FUNCTION ptrdiff_t NAME(list_only)(const input_t *input, const input_t *other, ptrdiff_t *only)
{
    const REAL *vector = other->values;
    ptrdiff_t n = 0, i;
    if (other->is_full) return 0;
    for (i = 0; i < input->n; i++) {
        only[n] = input->columns[i];
        n += 1 - NAME(is_nonzero)(vector + only[n]);
    }
    return n;
}

/* --------------------------------------------------------------------------------------------
 * A slice of an epoch
 */

/* A pass over the first layer's rows of `listed`: update for `before`, sums for `after`. */
FUNCTION void NAME(first_layer)(
    int kind, int mode, network_t *network, const input_t *listed, const input_t *before,
    const input_t *after)
{
    const layer_t *layer = network->layers;
    const pass_t pass = {.weights = layer->weights, .stride = layer->stride,
                         .rows = listed->is_full ? NULL : listed->columns, .n_rows = listed->n,
                         .before = mode & UPDATE ? before->values : NULL,
                         .after = mode & SUM ? after->values : NULL, .step = layer->step,
                         .sums = layer->output, .rule = &network->rule,
                         .velocity = layer->velocity,
                         .waiting = network->kind == DECAY ? network : NULL};
    const ptrdiff_t n_vectors = NAME(vectors)(layer->fan_out);
    const VEC *intercept = layer->intercept;
    VEC *sums = layer->output;
    ptrdiff_t v;
    if (mode & SUM)
        for (v = 0; v < n_vectors; v++) sums[v] = intercept[v];
    NAME(pass)(kind, mode, &pass, layer->fan_out);
}

/* Bring rows of the first layer up to date with their decay: the listed or, where rows is NULL, the
 * first n_rows. */
LARGE_FUNCTION void NAME(catch_up)(network_t *network, const ptrdiff_t *rows, ptrdiff_t n_rows)
{
    const layer_t *layer = network->layers;
    ptrdiff_t i, k;
    for (i = 0; i < n_rows; i++) {
        const ptrdiff_t j = rows ? rows[i] : i;
        REAL *weights = (REAL *)layer->weights + j * layer->stride;
        const REAL keep = (REAL)(network->shrunk * network->caught_up[j]);
        if (network->caught_up[j] == network->current) continue;
        for (k = 0; k < layer->stride; k++) weights[k] *= keep;
        network->caught_up[j] = network->current;
    }
}

/* The same for all rows, so that no decay is left to be remembered. */
TARGET static void NAME(catch_up_all)(network_t *network)
{
    const ptrdiff_t n_rows = network->layers->fan_in;
    ptrdiff_t j;
    if (network->kind != DECAY || network->current == 1) return;
    NAME(catch_up)(network, NULL, n_rows);
    for (j = 0; j < n_rows; j++) network->caught_up[j] = 1;
    network->shrunk = network->current = 1;
}

/* Set what the updates of one presentation need, before the first of them. */
FUNCTION void NAME(set_rule)(network_t *network, double rate)
{
    network->rule.decay = rate * network->alpha;
    network->rule.keep = 1 - network->rule.decay;
    if (network->kind != DECAY) return;
    network->shrunk *= network->rule.keep;
    if (!(fabs(network->shrunk) > 1e-100 && fabs(network->shrunk) < 1e100)) {
        network->current = 0; /* no row has this presentation's decay yet */
        NAME(catch_up_all)(network);
    }
    network->current = 1 / network->shrunk;
}

/* Present n rows, between which no average is taken. */
TARGET static double NAME(run_part)(
    network_t *network, const samples_t *samples, const ptrdiff_t *rows, const double *fractions,
    double rate, ptrdiff_t n)
{
    const int activation = network->activation;
    const int kind = network->kind == MOMENTUM ? MOMENTUM : DECAY; /* which may be none */
    const layer_t *last = network->layers + network->n_layers - 1;
    input_t *now = &network->inputs[0], *next = &network->inputs[1], *other;
    input_t only = {.columns = network->only};
    const input_t all = {.n = samples->n_features, .is_full = 1}; /* with momentum all weights move */
    REAL *t = network->target;
    const ptrdiff_t n_outputs = NAME(vectors)(last->fan_out);
    double total = 0, loss;
    ptrdiff_t s, k;
    NAME(load)(samples, rows[0], now);
    if (network->kind == DECAY) NAME(catch_up)(network, now->is_full ? NULL : now->columns, now->n);
    NAME(first_layer)(kind, SUM, network, now, NULL, now);
    for (s = 0; s < n; s++) {
        const double fraction = fractions ? fractions[s] : 1;
        const labels_t labels = labels_of(samples, rows[s]);
        const REAL step_rate = (REAL)(rate * fraction);
        /* the target, written long before it is read */
        for (k = 0; k < labels.n; k++) t[labels.first[k]] = 1;
        if (s + 1 < n) { /* the processor does this while it waits for the forward pass */
            NAME(load)(samples, rows[s + 1], next);
            only.n = NAME(list_only)(now, next, only.columns);
        }
        if (s + ROWS_AHEAD < n) NAME(prefetch)(samples, rows[s + ROWS_AHEAD]);
        NAME(forward)(network, activation);
        NAME(set_rule)(network, rate * fraction);
        if (n_outputs == 1) /* in registers */
            loss = NAME(output_layer)(network, kind, last, labels, step_rate, 1);
        else
            loss = NAME(output_layer)(network, kind, last, labels, step_rate, n_outputs);
        total += fraction * loss;
        for (k = 0; k < labels.n; k++) t[labels.first[k]] = 0;
        NAME(backward)(network, kind, activation, step_rate);
        if (s + 1 == n) break;
        /* the update for s fused with the forward pass of s + 1: weights are read once */
        NAME(first_layer)(kind, UPDATE | SUM, network, kind == MOMENTUM ? &all : next, now, next);
        if (kind != MOMENTUM) NAME(first_layer)(kind, UPDATE, network, &only, now, NULL);
        other = now, now = next, next = other;
    }
    NAME(first_layer)(kind, UPDATE, network, kind == MOMENTUM ? &all : now, now, NULL);
    return total;
}

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
 * polynomial-decay average of Shamir and Zhang for eta = 3. Before k = 1 it is the weights. */
LARGE_FUNCTION void NAME(average)(network_t *network)
{
    const ptrdiff_t k = network->t / AVERAGING_INTERVAL;
    const REAL c = (REAL)(k ? 4.0 / (double)(k + 3) : 1);
    const int first_waits = k == 0 && network->waits;
    ptrdiff_t l;
    if (k && network->t % AVERAGING_INTERVAL) return;
    if (!first_waits) NAME(catch_up_all)(network);
    for (l = 0; l < network->n_layers; l++) {
        const layer_t *layer = network->layers + l;
        const ptrdiff_t n_rows = l ? layer->fan_out : layer->fan_in;
        const ptrdiff_t n_units = NAME(vectors)(layer->fan_out) * LANES;
        if (l || !first_waits) NAME(mix)(layer->average, layer->weights, n_rows * layer->stride, c);
        NAME(mix)(layer->intercept_average, layer->intercept, n_units, c);
    }
}

/* Apply whatever waits: the decay, and the averages. */
TARGET static void NAME(settle_all)(network_t *network)
{
    const int has_average = network->averages && network->waits && network->t < AVERAGING_INTERVAL;
    network->waits = 0;
    NAME(catch_up_all)(network);
    if (has_average) NAME(average)(network);
}

/* Of magnitudes a and |b|, as whole numbers, the larger ones: their bits are in the order of the
 * magnitudes, and infinity and NaN beyond. */
FUNCTION IVEC NAME(larger_magnitude)(IVEC a, IVEC b)
{
    const IVEC magnitude = b & SPLAT_BITS((UBITS)-1 >> 1);
    return AS_BITS(SELECT(magnitude > a, AS_REAL(magnitude), AS_REAL(a)));
}

/* The largest magnitude of numbers; infinite if any is not finite. Four at a time do not wait for each
 * other. */
LARGE_FUNCTION double NAME(largest_of)(const void *values, ptrdiff_t n_values)
{
    const IVEC *bits = values;
    const ptrdiff_t n_vectors = n_values / LANES;
    IVEC mosts[4] = {SPLAT_BITS(0), SPLAT_BITS(0), SPLAT_BITS(0), SPLAT_BITS(0)}, most = mosts[0];
    double largest = 0;
    ptrdiff_t v;
    int i;
    for (v = 0; v + 4 <= n_vectors; v += 4)
        UNROLL
        for (i = 0; i < 4; i++) mosts[i] = NAME(larger_magnitude)(mosts[i], bits[v + i]);
    for (; v < n_vectors; v++) most = NAME(larger_magnitude)(most, bits[v]);
    for (i = 0; i < 4; i++) most = NAME(larger_magnitude)(most, mosts[i]);
    for (v = 0; v < LANES; v++) {
        const double x = LANE(AS_REAL(most), v);
        if (!(x < INFINITY)) return INFINITY;
        if (x > largest) largest = x;
    }
    return largest;
}

/* Ask for the weights of inputs, which lie anywhere, all at once. */
FUNCTION void NAME(prefetch_rows)(const layer_t *layer, const ptrdiff_t *inputs, ptrdiff_t n_inputs)
{
    ptrdiff_t i, k;
    for (i = 0; i < n_inputs; i++)
        for (k = 0; k < layer->stride; k += GROUP)
            PREFETCH((const REAL *)layer->weights + inputs[i] * layer->stride + k);
}

/* That of all weights and intercepts, or all velocities; of the first layer, of the rows of the listed
 * inputs or, where the list is NULL, of the first n_inputs. */
TARGET static double NAME(largest_weight)(
    const network_t *network, const ptrdiff_t *inputs, ptrdiff_t n_inputs, int of_velocities)
{
    double largest = 0, x;
    ptrdiff_t l, i;
    for (l = 0; l < network->n_layers; l++) {
        const layer_t *layer = network->layers + l;
        const REAL *weights = of_velocities ? layer->velocity : layer->weights;
        const void *intercept = of_velocities ? layer->intercept_velocity : layer->intercept;
        const int is_listed = l == 0 && inputs;
        const ptrdiff_t n_rows = l ? layer->fan_out : n_inputs;
        if (is_listed) NAME(prefetch_rows)(layer, inputs, n_inputs);
        if (!is_listed && (x = NAME(largest_of)(weights, n_rows * layer->stride)) > largest) largest = x;
        for (i = 0; is_listed && i < n_rows; i++) {
            if ((size_t)inputs[i] >= (size_t)layer->fan_in) continue;
            x = NAME(largest_of)(weights + inputs[i] * layer->stride, layer->stride);
            if (x > largest) largest = x;
        }
        x = NAME(largest_of)(intercept, NAME(vectors)(layer->fan_out) * LANES);
        if (x > largest) largest = x;
    }
    return largest;
}

/* The same in blocks: see _blocks.h. */
TARGET static double NAME(run_in_blocks)(
    network_t *, const samples_t *, const ptrdiff_t *, const double *, double, ptrdiff_t);

/* Present the n rows. */
TARGET static double NAME(run)(
    network_t *network, const samples_t *samples, const ptrdiff_t *rows, const double *fractions,
    double rate, ptrdiff_t n)
{
    const int in_blocks = network->block_size > 0 && samples->index_bytes == 0
                          && rate * network->alpha <= MOST_DECAY;
    double total = 0;
    ptrdiff_t start = 0;
    while (start < n) {
        const double *shares = fractions ? fractions + start : NULL;
        ptrdiff_t size = n - start;
        if (network->averages) {
            const ptrdiff_t left = AVERAGING_INTERVAL - network->t % AVERAGING_INTERVAL;
            size = left < size ? left : size;
        }
        total += in_blocks
                     ? NAME(run_in_blocks)(network, samples, rows + start, shares, rate, size)
                     : NAME(run_part)(network, samples, rows + start, shares, rate, size);
        start += size;
        network->t += size;
        if (network->averages) NAME(average)(network);
    }
    return total;
}

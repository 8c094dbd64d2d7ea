/* One presentation after the other, for one type of number and one instruction set.
 *
 * This file is a template: _dispatch.h includes it once for each pair, with
 *
 *   REAL, BITS      float or double, and the signed integer of the same size
 *   NAME(x)         x with a suffix for the pair
 *   TARGET          the attribute that chooses the instruction set
 *   GROUP           how many numbers fill 64 bytes; rows are padded to multiples of it
 *
 * The notation is that of _numpy.py. Weights of the first layer have a row of memory per input,
 * those of later layers a row of memory per unit, so that every long loop below runs along
 * contiguous hidden units. What lies in the padding is zero and stays zero.
 *
 * Every sum has one order of its terms, which depends on nothing but the sizes of the network:
 * multiplications and additions are not fused, zeros are skipped exactly, and the sums of the first
 * layer are strictly in the order of its inputs. So the same bits come out of dense and sparse rows,
 * of every way to cut an epoch into calls, and of every instruction set.
 */

/* --------------------------------------------------------------------------------------------
 * exp, as 2^k (1 + p) with x = k log 2 + r, |r| <= log(2)/2 and p = expm1(r) by its series
 */

typedef struct {
    REAL scale; /* 2^k */
    REAL p;     /* exp(r) - 1 */
} NAME(exp_parts);

static ALWAYS_INLINE NAME(exp_parts) NAME(split_exp)(REAL x)
{
    NAME(exp_parts) parts;
    REAL t, k, r, r2, r4;
    BITS bits;
    x = x > EXP_MAX ? EXP_MAX : x;
    x = x < -EXP_MAX ? -EXP_MAX : x;
    t = x * (REAL)1.4426950408889634 + ROUNDING_SHIFT; /* k stands in the last bits of t */
    k = t - ROUNDING_SHIFT;
    r = x - k * LOG2_HIGH; /* exact: LOG2_HIGH ends in zeros */
    r = r - k * LOG2_LOW;
    memcpy(&bits, &t, sizeof bits);
    bits = (BITS)((UBITS)bits << MANTISSA_BITS) + ((BITS)EXPONENT_BIAS << MANTISSA_BITS);
    memcpy(&parts.scale, &bits, sizeof bits);
    r2 = r * r;
    r4 = r2 * r2;
    /* r + r^2/2! + r^3/3! + ..., grouped so that few terms wait for others */
#if GROUP == 8
    {
        REAL r8 = r4 * r4;
        REAL a = r * (REAL)(1.0 / 6) + (REAL)0.5;
        REAL b = r * (REAL)(1.0 / 120) + (REAL)(1.0 / 24);
        REAL c = r * (REAL)(1.0 / 5040) + (REAL)(1.0 / 720);
        REAL d = r * (REAL)(1.0 / 362880) + (REAL)(1.0 / 40320);
        REAL e = r * (REAL)(1.0 / 39916800) + (REAL)(1.0 / 3628800);
        REAL f = r * (REAL)(1.0 / 6227020800.0) + (REAL)(1.0 / 479001600);
        REAL low = (a + r2 * b) + r4 * (c + r2 * d);
        parts.p = r + r2 * (low + r8 * (e + r2 * f));
    }
#else
    {
        REAL a = r * (REAL)(1.0 / 6) + (REAL)0.5;
        REAL b = r * (REAL)(1.0 / 120) + (REAL)(1.0 / 24);
        REAL c = r * (REAL)(1.0 / 5040) + (REAL)(1.0 / 720);
        parts.p = r + r2 * ((a + r2 * b) + r4 * c);
    }
#endif
    return parts;
}

static ALWAYS_INLINE REAL NAME(exp)(REAL x)
{
    NAME(exp_parts) parts = NAME(split_exp)(x);
    return parts.scale + parts.scale * parts.p;
}

static ALWAYS_INLINE REAL NAME(expm1)(REAL x)
{
    NAME(exp_parts) parts = NAME(split_exp)(x);
    return parts.scale * parts.p + (parts.scale - 1);
}

/* --------------------------------------------------------------------------------------------
 * The passes over weights
 */

/* For rows j of memory, four at a time so that the loads and stores of `sums` are shared:
 *   w_j   <- w_j + before[j] * step      where UPDATE
 *   sums  <- sums + after[j] * w_j       where SUM, with w_j from before the update for SUM_OLD
 * The rows are listed in `rows`, or are 0, 1, ... where it is NULL.
 */
#define ONE_ROW(w, b, a)                                                                        \
    {                                                                                           \
        REAL old = (w)[u], new_ = old;                                                          \
        if (mode & UPDATE) {                                                              \
            new_ = old + (b) * step_u;                                                          \
            (w)[u] = new_;                                                                      \
        }                                                                                       \
        if (mode & SUM) sum = sum + (a) * new_;                                           \
        if (mode & SUM_OLD) sum = sum + (a) * old;                                        \
    }

static ALWAYS_INLINE void NAME(pass)(
    int mode, REAL *weights, ptrdiff_t stride, const ptrdiff_t *rows, ptrdiff_t n_rows,
    const REAL *before, const REAL *after, const REAL *RESTRICT step, REAL *RESTRICT sums)
{
    const int updates = mode & UPDATE, adds = mode & (SUM | SUM_OLD);
    ptrdiff_t i = 0, u;
    for (; i + 4 <= n_rows; i += 4) {
        const ptrdiff_t j0 = rows ? rows[i] : i, j1 = rows ? rows[i + 1] : i + 1;
        const ptrdiff_t j2 = rows ? rows[i + 2] : i + 2, j3 = rows ? rows[i + 3] : i + 3;
        REAL *RESTRICT w0 = weights + j0 * stride, *RESTRICT w1 = weights + j1 * stride;
        REAL *RESTRICT w2 = weights + j2 * stride, *RESTRICT w3 = weights + j3 * stride;
        const REAL b0 = updates ? before[j0] : 0, b1 = updates ? before[j1] : 0;
        const REAL b2 = updates ? before[j2] : 0, b3 = updates ? before[j3] : 0;
        const REAL a0 = adds ? after[j0] : 0, a1 = adds ? after[j1] : 0;
        const REAL a2 = adds ? after[j2] : 0, a3 = adds ? after[j3] : 0;
        INDEPENDENT
        for (u = 0; u < stride; u++) {
            const REAL step_u = updates ? step[u] : 0;
            REAL sum = adds ? sums[u] : 0;
            ONE_ROW(w0, b0, a0)
            ONE_ROW(w1, b1, a1)
            ONE_ROW(w2, b2, a2)
            ONE_ROW(w3, b3, a3)
            if (adds) sums[u] = sum;
        }
    }
    for (; i < n_rows; i++) {
        const ptrdiff_t j = rows ? rows[i] : i;
        REAL *RESTRICT w = weights + j * stride;
        const REAL b = updates ? before[j] : 0, a = adds ? after[j] : 0;
        INDEPENDENT
        for (u = 0; u < stride; u++) {
            const REAL step_u = updates ? step[u] : 0;
            REAL sum = adds ? sums[u] : 0;
            ONE_ROW(w, b, a)
            if (adds) sums[u] = sum;
        }
    }
}

#undef ONE_ROW

/* w . h over n values, a multiple of GROUP: GROUP sums side by side, then added as a tree. */
static ALWAYS_INLINE REAL NAME(dot)(const REAL *RESTRICT w, const REAL *RESTRICT h, ptrdiff_t n)
{
    REAL sums[GROUP];
    ptrdiff_t i, lane, half;
    for (lane = 0; lane < GROUP; lane++) sums[lane] = w[lane] * h[lane];
    for (i = GROUP; i < n; i += GROUP)
        for (lane = 0; lane < GROUP; lane++) sums[lane] += w[i + lane] * h[i + lane];
    for (half = GROUP / 2; half > 0; half /= 2)
        for (lane = 0; lane < half; lane++) sums[lane] += sums[lane + half];
    return sums[0];
}

/* --------------------------------------------------------------------------------------------
 * Activations: h = f(z) in place, and delta = signal * f'(h)
 */

static ALWAYS_INLINE void NAME(activate)(int activation, REAL *RESTRICT z, ptrdiff_t n, ptrdiff_t padded)
{
    ptrdiff_t u;
    if (activation == LOGISTIC)
        for (u = 0; u < padded; u++) z[u] = 1 / (1 + NAME(exp)(-z[u]));
    else if (activation == TANH)
        for (u = 0; u < padded; u++) {
            REAL x = z[u] > TANH_MAX ? TANH_MAX : z[u], m;
            x = x < -TANH_MAX ? -TANH_MAX : x;
            m = NAME(expm1)(2 * x);
            z[u] = m / (m + 2);
        }
    else if (activation == RELU)
        for (u = 0; u < padded; u++) z[u] = z[u] < 0 ? 0 : z[u];
    for (u = n; u < padded; u++) z[u] = 0;
}

static ALWAYS_INLINE void NAME(hidden_delta)(
    int activation, const REAL *RESTRICT h, const REAL *RESTRICT signal, REAL *RESTRICT delta,
    ptrdiff_t padded)
{
    ptrdiff_t u;
    if (activation == LOGISTIC)
        for (u = 0; u < padded; u++) delta[u] = signal[u] * (h[u] * (1 - h[u]));
    else if (activation == TANH)
        for (u = 0; u < padded; u++) delta[u] = signal[u] * (1 - h[u] * h[u]);
    else if (activation == RELU)
        for (u = 0; u < padded; u++) delta[u] = h[u] > 0 ? signal[u] : 0;
    else
        for (u = 0; u < padded; u++) delta[u] = signal[u];
}

/* --------------------------------------------------------------------------------------------
 * Output layer: from its sums z to outputs, loss, delta and error
 */

/* o = softmax(z) in place; returns logsumexp(z), or 0 where it is not wanted. */
static ALWAYS_INLINE double NAME(softmax)(REAL *RESTRICT z, ptrdiff_t n, ptrdiff_t padded, int wanted)
{
    REAL largest = z[0], sum = 0;
    ptrdiff_t k;
    for (k = 1; k < n; k++) largest = z[k] > largest ? z[k] : largest;
    for (k = 0; k < padded; k++) z[k] = NAME(exp)(z[k] - largest);
    for (k = 0; k < n; k++) sum += z[k];
    for (k = 0; k < padded; k++) z[k] = z[k] / sum;
    for (k = n; k < padded; k++) z[k] = 0;
    return wanted ? (double)largest + log((double)sum) : 0;
}

/* sum over outputs of log(1 + exp(z_k)) - t_k z_k, with log(1 + exp(z)) = max(z, 0) + log1p(exp(-|z|)) */
static ALWAYS_INLINE double NAME(binary_cross_entropy)(const REAL *z, ptrdiff_t n, ptrdiff_t target)
{
    double loss = -(double)z[target];
    ptrdiff_t k;
    for (k = 0; k < n; k++) loss += (z[k] > 0 ? z[k] : 0) + log1p(exp(-fabs((double)z[k])));
    return loss;
}

/* Turn layer->output from sums into outputs; set layer->delta and layer->signal; return the loss. */
static ALWAYS_INLINE double NAME(output_layer)(
    const network_t *network, const layer_t *layer, ptrdiff_t target)
{
    REAL *RESTRICT o = layer->output, *RESTRICT delta = layer->delta;
    REAL *RESTRICT error = layer->signal;
    const ptrdiff_t n = layer->fan_out, padded = layer->padded_out;
    const int with_log = network->loss == LOG_LOSS;
    double loss = 0, squares = 0;
    REAL mean = 0;
    ptrdiff_t k;
    if (network->output_activation == SOFTMAX) {
        const double z_target = (double)o[target];
        loss = NAME(softmax)(o, n, padded, with_log) - z_target;
    } else {
        if (with_log) loss = NAME(binary_cross_entropy)(o, n, target);
        NAME(activate)(LOGISTIC, o, n, padded);
    }
    for (k = 0; k < padded; k++) error[k] = -o[k]; /* e = t - o */
    error[target] = 1 - o[target];
    if (with_log) {
        for (k = 0; k < padded; k++) delta[k] = error[k];
        return loss;
    }
    for (k = 0; k < n; k++) squares += (double)error[k] * (double)error[k];
    if (network->output_activation == SOFTMAX) { /* J e = o (e - o.e) */
        for (k = 0; k < n; k++) mean += o[k] * error[k];
        for (k = 0; k < padded; k++) delta[k] = o[k] * (error[k] - mean);
    } else {
        for (k = 0; k < padded; k++) delta[k] = error[k] * (o[k] * (1 - o[k]));
    }
    return squares / 2;
}

/* --------------------------------------------------------------------------------------------
 * The rows of weights that a presentation touches
 */

/* Lay out the input `row` as one dense vector, and list where it is not zero. */
static ALWAYS_INLINE void NAME(load)(const samples_t *samples, ptrdiff_t row, input_t *input)
{
    ptrdiff_t n = 0, j;
    if (samples->index_bytes == 0) {
        const REAL *values = (const REAL *)samples->values + row * samples->n_features;
        for (j = 0; j < samples->n_features; j++) {
            input->columns[n] = j;
            n += values[j] != 0;
        }
        input->values = (void *)values; /* read only from here on */
    } else {
        REAL *vector = input->values;
        const REAL *values = samples->values;
        const ptrdiff_t end = index_at(samples->index_bytes, samples->indptr, row + 1);
        for (j = 0; j < input->n; j++) vector[input->columns[j]] = 0;
        for (j = index_at(samples->index_bytes, samples->indptr, row); j < end; j++) {
            const ptrdiff_t column = index_at(samples->index_bytes, samples->indices, j);
            vector[column] = values[j];
            input->columns[n] = column;
            n += values[j] != 0;
        }
    }
    input->n = n;
}

/* List the columns of `input` where `other` is zero. */
static ALWAYS_INLINE ptrdiff_t NAME(list_only)(const input_t *input, const input_t *other, ptrdiff_t *only)
{
    const REAL *vector = other->values;
    ptrdiff_t n = 0, i;
    for (i = 0; i < input->n; i++) {
        only[n] = input->columns[i];
        n += vector[input->columns[i]] == 0;
    }
    return n;
}

/* --------------------------------------------------------------------------------------------
 * A slice of an epoch
 */

/* From the sums of the first layer to the sums of the last. */
static ALWAYS_INLINE void NAME(forward)(const network_t *network)
{
    ptrdiff_t l, k;
    for (l = 0; l < network->n_layers; l++) {
        const layer_t *layer = &network->layers[l];
        REAL *z = layer->output;
        const REAL *intercept = layer->intercept, *weights = layer->weights;
        if (l > 0) {
            const layer_t *below = layer - 1;
            NAME(activate)(network->activation, below->output, below->fan_out, below->padded_out);
            for (k = 0; k < layer->fan_out; k++)
                z[k] = NAME(dot)(weights + k * layer->stride, below->output, layer->stride);
        }
        for (k = 0; k < layer->padded_out; k++) z[k] += intercept[k];
    }
}

/* b <- b + rate * delta; leaves rate * delta in delta. */
static ALWAYS_INLINE void NAME(update_intercept)(const network_t *network, const layer_t *layer, REAL rate)
{
    REAL *RESTRICT step = layer->delta, *RESTRICT intercept = layer->intercept;
    ptrdiff_t k;
    for (k = 0; k < layer->padded_out; k++) step[k] *= rate;
    if (network->fit_intercept)
        for (k = 0; k < layer->padded_out; k++) intercept[k] += step[k];
}

/* Send the signal down and update all layers but the first, whose delta is left ready. */
static ALWAYS_INLINE void NAME(backward)(const network_t *network, REAL rate)
{
    ptrdiff_t l, u;
    for (l = network->n_layers - 1; l > 0; l--) {
        const layer_t *layer = &network->layers[l], *below = layer - 1;
        REAL *sent = below->signal;
        for (u = 0; u < below->padded_out; u++) sent[u] = 0;
        if (network->gradient) { /* s_{l-1} = W_l delta_l, through the weights before the update */
            REAL *RESTRICT signal = layer->signal;
            const REAL *RESTRICT delta = layer->delta;
            for (u = 0; u < layer->padded_out; u++) signal[u] = delta[u];
            NAME(update_intercept)(network, layer, rate);
            NAME(pass)(UPDATE | SUM_OLD, layer->weights, layer->stride, NULL,
                       layer->fan_out, layer->delta, layer->signal, below->output, sent);
        } else { /* s_{l-1} = W_l s_l, through the updated weights */
            NAME(update_intercept)(network, layer, rate);
            NAME(pass)(UPDATE | SUM, layer->weights, layer->stride, NULL,
                       layer->fan_out, layer->delta, layer->signal, below->output, sent);
        }
        NAME(hidden_delta)(network->activation, below->output, sent, below->delta, below->padded_out);
    }
    NAME(update_intercept)(network, &network->layers[0], rate);
}

TARGET static double NAME(run)(
    const network_t *network, const samples_t *samples, input_t *inputs, ptrdiff_t *only,
    const ptrdiff_t *targets, const ptrdiff_t *rows, const double *fractions, double rate, ptrdiff_t n)
{
    const layer_t *first = &network->layers[0], *last = &network->layers[network->n_layers - 1];
    input_t *now = &inputs[0], *next = &inputs[1], *other;
    double total = 0;
    ptrdiff_t s, u, n_only;
    REAL *sums = first->output;
    NAME(load)(samples, rows[0], now);
    for (u = 0; u < first->stride; u++) sums[u] = 0;
    NAME(pass)(SUM, first->weights, first->stride, now->columns, now->n,
               NULL, now->values, NULL, sums);
    for (s = 0; s < n; s++) {
        const double fraction = fractions ? fractions[s] : 1;
        NAME(forward)(network);
        total += fraction * NAME(output_layer)(network, last, targets[rows[s]]);
        NAME(backward)(network, (REAL)(rate * fraction));
        if (s + 1 == n) break;
        /* update for sample s fused with the forward pass of s + 1: weights are read once */
        NAME(load)(samples, rows[s + 1], next);
        n_only = NAME(list_only)(now, next, only);
        for (u = 0; u < first->stride; u++) sums[u] = 0;
        NAME(pass)(UPDATE | SUM, first->weights, first->stride, next->columns, next->n,
                   now->values, next->values, first->delta, sums);
        NAME(pass)(UPDATE, first->weights, first->stride, only, n_only,
                   now->values, NULL, first->delta, NULL);
        other = now, now = next, next = other;
    }
    NAME(pass)(UPDATE, first->weights, first->stride, now->columns, now->n,
               now->values, NULL, first->delta, NULL);
    return total;
}

/* All layers but the sums of the first, and its update. A template, see _run.h. */

/* --- Forward --- */

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
FUNCTION void NAME(forward)(const network_t *network)
{
    const layer_t *layer = network->layers, *last = layer + network->n_layers - 1;
    const ptrdiff_t n_vectors = NAME(vectors)(layer->fan_out);
    const int activation = network->activation;
    const VEC *mask = layer->mask;
    VEC *h = layer->output;
    ptrdiff_t v;
    if (layer == last) return;
    for (v = 0; v < n_vectors; v++) h[v] = NAME(activate)(activation, h[v], mask[v]);
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

/* --- Output layer: from its sums z to outputs, loss, delta and error --- */

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

/* --- Backward --- */

/* Send the signal down and update all layers but the first, whose step is left ready. */
FUNCTION void NAME(backward)(const network_t *network, int kind, REAL rate)
{
    const layer_t *layer = network->layers + network->n_layers - 1;
    ptrdiff_t v;
    for (; layer > network->layers; layer--) {
        const layer_t *below = layer - 1;
        const ptrdiff_t n_vectors = NAME(vectors)(below->fan_out);
        const VEC *h = below->output;
        VEC *sent = below->signal;
        const pass_t pass = {.weights = layer->weights, .stride = layer->stride,
                             .n_rows = layer->fan_out, .before = layer->step,
                             .after = layer->signal, .step = h, .sums = sent,
                             .rule = &network->rule, .velocity = layer->velocity};
        for (v = 0; v < n_vectors; v++) sent[v] = SPLAT(0);
        if (network->gradient) /* s_{l-1} = W_l s_l, through the weights before the update */
            NAME(pass)(kind, UPDATE | SUM_OLD, &pass, layer->fan_in);
        else /* through the weights after it */
            NAME(pass)(kind, UPDATE | SUM, &pass, layer->fan_in);
        for (v = 0; v < n_vectors; v++) { /* delta = signal * f'(h) */
            const VEC delta = sent[v] * NAME(derivative)(network->activation, h[v]);
            NAME(take_step)(network, kind, below, v, delta, rate);
        }
    }
}

/* One presentation after the other. A template, see _run.h. */

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
                         .waiting = NAME(waits_for_decay)(network) ? network : NULL};
    const ptrdiff_t n_vectors = NAME(vectors)(layer->fan_out);
    const VEC *intercept = layer->intercept;
    VEC *sums = layer->output;
    ptrdiff_t v;
    if (mode & SUM)
        for (v = 0; v < n_vectors; v++) sums[v] = intercept[v];
    NAME(pass)(kind, mode, &pass, layer->fan_out);
}

/* Set what the updates of one presentation need, before the first of them. */
FUNCTION void NAME(set_rule)(network_t *network, double rate)
{
    network->rule.decay = rate * network->alpha;
    network->rule.keep = 1 - network->rule.decay;
    if (!NAME(waits_for_decay)(network)) return;
    network->shrunk *= network->rule.keep;
    if (!(fabs(network->shrunk) > 1e-100 && fabs(network->shrunk) < 1e100)) {
        network->current = 0; /* no row has this presentation's decay yet */
        NAME(settle_all)(network);
    }
    network->current = 1 / network->shrunk;
}

/* One presentation, whose target is set, from the sums of the first layer to its step. */
FUNCTION double NAME(present)(network_t *network, int kind, labels_t labels, double rate)
{
    const layer_t *last = network->layers + network->n_layers - 1;
    const ptrdiff_t n_outputs = NAME(vectors)(last->fan_out);
    REAL *target = network->target;
    double loss;
    ptrdiff_t k;
    NAME(forward)(network);
    NAME(set_rule)(network, rate);
    if (n_outputs == 1) /* in registers */
        loss = NAME(output_layer)(network, kind, last, labels, (REAL)rate, 1);
    else
        loss = NAME(output_layer)(network, kind, last, labels, (REAL)rate, n_outputs);
    for (k = 0; k < labels.n; k++) target[labels.first[k]] = 0;
    NAME(backward)(network, kind, (REAL)rate);
    return loss;
}

/* The update for one sample, and the sums for the next, if there is one, where rows wait for changes:
 * not fused, for what they come to must not depend on where runs end. */
LARGE_FUNCTION void NAME(update_and_wait)(
    network_t *network, int kind, const input_t *now, const input_t *next)
{
    const change_t change = change_by_rule(&network->rule);
    NAME(first_layer)(kind, UPDATE, network, now, now, NULL);
    NAME(let_wait)(network, &change, now);
    if (!next) return;
    NAME(settle_rows)(network, next->columns, next->n);
    NAME(first_layer)(kind, SUM, network, next, NULL, next);
}

/* The same elsewhere: fused, so that weights are read once. */
FUNCTION void NAME(update_and_sum)(
    network_t *network, int kind, const input_t *now, const input_t *next)
{
    const input_t all = {.n = network->layers->fan_in, .is_full = 1}; /* momentum moves all weights */
    const input_t *moved = next ? next : now;
    const int mode = next ? UPDATE | SUM : UPDATE;
    NAME(first_layer)(kind, mode, network, kind == MOMENTUM ? &all : moved, now, next);
    if (next && kind != MOMENTUM)
        NAME(first_layer)(kind, UPDATE, network, &network->only, now, NULL);
}

/* Present n rows, between which no average is taken. */
TARGET static double NAME(run_part)(
    network_t *network, const samples_t *samples, const ptrdiff_t *rows, const double *fractions,
    double rate, ptrdiff_t n)
{
    const int kind = network->kind == MOMENTUM ? MOMENTUM : DECAY; /* which may be none */
    input_t *now = &network->inputs[0], *next = &network->inputs[1], *other;
    REAL *target = network->target;
    double total = 0;
    ptrdiff_t s, k;
    NAME(load)(samples, rows[0], now);
    if (network->kind == DECAY || network->keeps_changes)
        NAME(settle_rows)(network, now->is_full ? NULL : now->columns, now->n);
    NAME(first_layer)(kind, SUM, network, now, NULL, now);
    for (s = 0; s < n; s++) {
        const double fraction = fractions ? fractions[s] : 1;
        const labels_t labels = labels_of(samples, rows[s]);
        for (k = 0; k < labels.n; k++) target[labels.first[k]] = 1; /* long before it is read */
        if (s + 1 < n) { /* the processor does this while it waits for the forward pass */
            NAME(load)(samples, rows[s + 1], next);
            network->only.n = NAME(list_only)(now, next, network->only.columns);
        }
        if (s + ROWS_AHEAD < n) NAME(prefetch)(samples, rows[s + ROWS_AHEAD]);
        total += fraction * NAME(present)(network, kind, labels, rate * fraction);
        if (network->keeps_changes) NAME(update_and_wait)(network, kind, now, s + 1 < n ? next : NULL);
        else NAME(update_and_sum)(network, kind, now, s + 1 < n ? next : NULL);
        other = now, now = next, next = other;
    }
    return total;
}

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
                         .waiting = network->kind == DECAY ? network : NULL};
    const ptrdiff_t n_vectors = NAME(vectors)(layer->fan_out);
    const VEC *intercept = layer->intercept;
    VEC *sums = layer->output;
    ptrdiff_t v;
    if (mode & SUM)
        for (v = 0; v < n_vectors; v++) sums[v] = intercept[v];
    NAME(pass)(kind, mode, &pass, layer->fan_out);
}

/* Bring a row of the first layer up to date with its decay. */
FUNCTION void NAME(catch_up_row)(network_t *network, ptrdiff_t j)
{
    const layer_t *layer = network->layers;
    REAL *weights = (REAL *)layer->weights + j * layer->stride;
    const REAL keep = (REAL)(network->shrunk * network->caught_up[j]);
    ptrdiff_t k;
    if (network->caught_up[j] == network->current) return;
    for (k = 0; k < layer->stride; k++) weights[k] *= keep;
    network->caught_up[j] = network->current;
}

/* The same for the listed rows or, where rows is NULL, the first n_rows. */
LARGE_FUNCTION void NAME(catch_up)(network_t *network, const ptrdiff_t *rows, ptrdiff_t n_rows)
{
    ptrdiff_t i;
    for (i = 0; i < n_rows; i++) NAME(catch_up_row)(network, rows ? rows[i] : i);
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

/* Present n rows, between which no average is taken. */
TARGET static double NAME(run_part)(
    network_t *network, const samples_t *samples, const ptrdiff_t *rows, const double *fractions,
    double rate, ptrdiff_t n)
{
    const int kind = network->kind == MOMENTUM ? MOMENTUM : DECAY; /* which may be none */
    input_t *now = &network->inputs[0], *next = &network->inputs[1], *other;
    input_t only = {.columns = network->only};
    const input_t all = {.n = samples->n_features, .is_full = 1}; /* with momentum all weights move */
    REAL *target = network->target;
    double total = 0;
    ptrdiff_t s, k;
    NAME(load)(samples, rows[0], now);
    if (network->kind == DECAY) NAME(catch_up)(network, now->is_full ? NULL : now->columns, now->n);
    NAME(first_layer)(kind, SUM, network, now, NULL, now);
    for (s = 0; s < n; s++) {
        const double fraction = fractions ? fractions[s] : 1;
        const labels_t labels = labels_of(samples, rows[s]);
        for (k = 0; k < labels.n; k++) target[labels.first[k]] = 1; /* long before it is read */
        if (s + 1 < n) { /* the processor does this while it waits for the forward pass */
            NAME(load)(samples, rows[s + 1], next);
            only.n = NAME(list_only)(now, next, only.columns);
        }
        if (s + ROWS_AHEAD < n) NAME(prefetch)(samples, rows[s + ROWS_AHEAD]);
        total += fraction * NAME(present)(network, kind, labels, rate * fraction);
        if (s + 1 == n) break;
        /* the update for s fused with the forward pass of s + 1: weights are read once */
        NAME(first_layer)(kind, UPDATE | SUM, network, kind == MOMENTUM ? &all : next, now, next);
        if (kind != MOMENTUM) NAME(first_layer)(kind, UPDATE, network, &only, now, NULL);
        other = now, now = next, next = other;
    }
    NAME(first_layer)(kind, UPDATE, network, kind == MOMENTUM ? &all : now, now, NULL);
    return total;
}

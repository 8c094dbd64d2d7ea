/* Passes over rows of weights: sums, updates, or both at once. A template, see _run.h. */

/* What row j of a pass is multiplied by in an update with decay: in the first layer, that of all
 * presentations since it was last touched. */
FUNCTION REAL NAME(keep_of_row)(const pass_t *pass, ptrdiff_t j)
{
    network_t *network = pass->waiting;
    double keep = pass->rule->keep;
    if (network) {
        keep = network->shrunk * network->settled_at[j];
        network->settled_at[j] = network->current;
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

/* Rows of the first layer that a sample does not need: they wait for their decay and, see _changes.h,
 * for momentum and averages. A template, see _run.h. */

/* Whether rows of the first layer that a sample does not need wait for their decay alone. */
FUNCTION int NAME(waits_for_decay)(const network_t *network)
{
    return network->kind == DECAY && !network->keeps_changes;
}

/* Change row j of the first layer. */
LARGE_FUNCTION void NAME(change_row)(network_t *network, ptrdiff_t j, const change_t *c)
{
    const layer_t *layer = network->layers;
    const ptrdiff_t first = j * layer->stride;
    REAL *w = (REAL *)layer->weights + first;
    REAL *v = layer->velocity ? (REAL *)layer->velocity + first : NULL;
    REAL *a = layer->average ? (REAL *)layer->average + first : NULL;
    const REAL ww = (REAL)c->ww, wv = (REAL)c->wv, vw = (REAL)c->vw, vv = (REAL)c->vv;
    const REAL aw = (REAL)c->aw, av = (REAL)c->av, aa = (REAL)c->aa;
    ptrdiff_t k;
    for (k = 0; k < layer->stride; k++) {
        const REAL weight = w[k], velocity = v ? v[k] : 0;
        w[k] = ww * weight + wv * velocity;
        if (v) v[k] = vw * weight + vv * velocity;
        if (a) a[k] = aw * weight + av * velocity + aa * a[k];
    }
}

/* Let a row have all changes that it missed. */
FUNCTION void NAME(have_changes)(network_t *network, ptrdiff_t j)
{
    changes_t *changes = network->changes;
    const ptrdiff_t n_had = network->n_had[j];
    if (n_had == changes->n) return;
    list_since(changes, n_had);
    NAME(change_row)(network, j, changes->since + n_had);
    network->n_had[j] = changes->n;
}

/* Bring a row of the first layer up to date. */
FUNCTION void NAME(settle_row)(network_t *network, ptrdiff_t j)
{
    const layer_t *layer = network->layers;
    REAL *weights = (REAL *)layer->weights + j * layer->stride;
    const REAL keep = (REAL)(network->shrunk * network->settled_at[j]);
    ptrdiff_t k;
    if (network->keeps_changes) {
        NAME(have_changes)(network, j);
        return;
    }
    if (network->settled_at[j] == network->current) return;
    for (k = 0; k < layer->stride; k++) weights[k] *= keep;
    network->settled_at[j] = network->current;
}

/* The same for the listed rows or, where rows is NULL, the first n_rows. */
LARGE_FUNCTION void NAME(settle_rows)(network_t *network, const ptrdiff_t *rows, ptrdiff_t n_rows)
{
    ptrdiff_t i;
    for (i = 0; i < n_rows; i++) NAME(settle_row)(network, rows ? rows[i] : i);
}

/* The same for all rows, so that nothing is left to be remembered. */
TARGET static void NAME(settle_all)(network_t *network)
{
    const ptrdiff_t n_rows = network->layers->fan_in;
    ptrdiff_t j;
    if (network->keeps_changes && network->changes->n) {
        NAME(settle_rows)(network, NULL, n_rows);
        for (j = 0; j < n_rows; j++) network->n_had[j] = 0;
        network->changes->n = network->changes->n_listed = 0;
    }
    if (!NAME(waits_for_decay)(network) || network->current == 1) return;
    NAME(settle_rows)(network, NULL, n_rows);
    for (j = 0; j < n_rows; j++) network->settled_at[j] = 1;
    network->shrunk = network->current = 1;
}

/* A change of all rows of the first layer but the listed ones, which have had it: they wait. */
FUNCTION void NAME(let_wait)(network_t *network, const change_t *change, const input_t *but)
{
    changes_t *changes = network->changes;
    ptrdiff_t i;
    changes->each[changes->n++] = *change;
    for (i = 0; i < but->n; i++) network->n_had[but->columns[i]] = changes->n;
    if (changes->n == MOST_CHANGES) NAME(settle_all)(network); /* only if t overflows */
}

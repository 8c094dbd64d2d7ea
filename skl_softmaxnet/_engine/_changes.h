/* How presentations change a weight, and what the rows of a wide first layer have missed, with momentum
 * or an average, while no sparse sample needed them.
 *
 * Where an input is zero, a presentation changes a weight w, its velocity v and its average a by a
 * linear map, the same for all of them. So does averaging. The maps are kept in the order in which
 * they came, and a row that is needed again has all that it missed at once, as one map.
 */
#pragma once

/* How a change g = rate * delta * h - decay * w moves a weight w:
 *   v <- momentum * v + g,   w <- w + along_velocity * v + along_change * g
 * which without momentum is w <- keep * w + rate * delta * h with keep = 1 - decay. */
typedef struct {
    double decay, keep; /* of this presentation: decay = rate * alpha */
    double momentum, along_velocity, along_change;
} rule_t;

/* Rows wait until t is a multiple of the interval at most: so many presentations, an average after each
 * 64th of them, and one after each of the first 64 of all, if runs end there. */
enum { WAITING_INTERVAL = 1024, MOST_CHANGES = 1024 + 1024 / 64 + 64 };

/* w, v, a <- ww w + wv v, vw w + vv v, aw w + av v + aa a. */
typedef struct {
    double ww, wv, vw, vv, aw, av, aa;
} change_t;

typedef struct {
    ptrdiff_t n;
    ptrdiff_t n_listed, first_listed; /* `since` is listed from the one on, for n as it was then */
    change_t each[MOST_CHANGES];      /* the oldest first */
    change_t since[MOST_CHANGES + 1]; /* since[i]: each[i] and all that came after it, as one */
} changes_t;

/* What a presentation does to a row of the first layer whose input is zero. */
static change_t change_by_rule(const rule_t *rule)
{
    const double along = rule->along_velocity + rule->along_change;
    return (change_t){.ww = 1 - along * rule->decay, .wv = rule->along_velocity * rule->momentum,
                      .vw = -rule->decay, .vv = rule->momentum, .aa = 1};
}

/* A change, and then another. */
static change_t both(const change_t *f, const change_t *g)
{
    return (change_t){.ww = g->ww * f->ww + g->wv * f->vw, .wv = g->ww * f->wv + g->wv * f->vv,
                      .vw = g->vw * f->ww + g->vv * f->vw, .vv = g->vw * f->wv + g->vv * f->vv,
                      .aw = g->aw * f->ww + g->av * f->vw + g->aa * f->aw,
                      .av = g->aw * f->wv + g->av * f->vv + g->aa * f->av, .aa = g->aa * f->aa};
}

/* See to it that `since` is listed from `first` on. */
static void list_since(changes_t *changes, ptrdiff_t first)
{
    ptrdiff_t i = changes->first_listed;
    if (changes->n_listed != changes->n) {
        changes->n_listed = i = changes->n;
        changes->since[i] = (change_t){.ww = 1, .vv = 1, .aa = 1};
    }
    for (; i > first; i--)
        changes->since[i - 1] = both(changes->each + i - 1, changes->since + i);
    changes->first_listed = i;
}

/* A look at a few rows of a stream, and a bound of what they can do to a network.
 *
 * A call of partial_fit with one row is too short for a copy of the weights to go back to. So it is
 * made sure before that no number overflows: from the largest input, the largest weight, the rate
 * and the sizes of the layers alone.
 */
#pragma once

#include "_moments.h"

/* Rows, presentations and labels of a short call, and values where they are standardized. */
enum { MOST_ROWS = 64, MOST_LABELS = 1024, MOST_VALUES = 1 << 13 };

typedef struct {
    samples_t samples;
    double largest;  /* magnitude of the inputs, infinite if any is not finite */
    ptrdiff_t longest; /* how many inputs a row lists */
    ptrdiff_t n_labels;
    ptrdiff_t indptr[MOST_ROWS + 1], label_starts[MOST_ROWS + 1];
    int32_t labels[MOST_LABELS];
    ptrdiff_t order[MOST_ROWS];
    double fractions[MOST_ROWS];
    ptrdiff_t n_presentations;
} few_t;

/* The largest magnitude of n numbers; infinite if any is not finite. */
static double largest_of(const void *values, ptrdiff_t n, int is_double)
{
    return kernels[highest_level()][is_double].largest_of(values, n);
}

/* Whether CSR rows are as the engines want them: their columns in order, each once, and none outside.
 * As many values and indices are there as n_stored. */
static int has_sorted_rows(few_t *few, ptrdiff_t n_stored)
{
    const samples_t *samples = &few->samples;
    ptrdiff_t i, j, last;
    few->longest = 0;
    if (few->indptr[0] != 0 || few->indptr[samples->n_rows] > n_stored) return 0;
    for (i = 0; i < samples->n_rows; i++) {
        const ptrdiff_t start = few->indptr[i], end = few->indptr[i + 1];
        if (start < 0 || end < start || end > n_stored) return 0;
        if (end - start > few->longest) few->longest = end - start;
        for (j = start, last = -1; j < end; j++) {
            const ptrdiff_t column = column_at(samples, samples->index_bytes, j);
            if (column <= last) return 0;
            last = column;
        }
    }
    return 1;
}

/* List how often each row is presented: as often as its weight says, and once more at the fraction
 * that is left; at most MOST_ROWS in all. */
static int list_presentations(few_t *few, const double *weights)
{
    ptrdiff_t row;
    few->n_presentations = 0;
    for (row = 0; row < few->samples.n_rows; row++) {
        double left = weights[row];
        if (!(left <= MOST_ROWS)) return 0;
        for (; left > 0; left -= 1) {
            if (few->n_presentations == MOST_ROWS) return 0;
            few->order[few->n_presentations] = row;
            few->fractions[few->n_presentations++] = left < 1 ? left : 1;
        }
    }
    return few->n_presentations > 0;
}

/* --- Inputs that are standardized, by moments that can go back --- */

/* Whether so many rows, each to one of its own, are few enough, and what all of them store. */
static int has_room(const few_t *few, const moments_t *m, ptrdiff_t n_rows)
{
    if (!is_listed(m, &few->samples)) return n_rows * few->samples.n_features <= MOST_VALUES;
    return n_rows * few->longest <= MOST_VALUES && few->indptr[few->samples.n_rows] <= MOST_VALUES;
}

static void save(double *number, double *saved, int give_back)
{
    if (give_back) *number = *saved;
    else *saved = *number;
}

/* Save what counting the rows will change, the totals, and the sums of all inputs or of those that
 * are listed; or give it back. */
static void save_moments(const few_t *few, const moments_t *m, double *saved, int give_back)
{
    const samples_t *samples = &few->samples;
    const int listed = is_listed(m, samples);
    const ptrdiff_t n = listed ? few->indptr[samples->n_rows] : samples->n_features;
    ptrdiff_t i, j;
    save(m->totals, saved, give_back);
    save(m->totals + 1, saved + 1, give_back);
    for (i = 0; i < n; i++) {
        j = listed ? column_at(samples, samples->index_bytes, i) : i;
        if (j < 0) continue;
        save(m->sums + j, saved + 2 + 2 * i, give_back);
        save(m->squares + j, saved + 3 + 2 * i, give_back);
    }
}

/* List a row of its own for presentation p, with its labels, if they are not too many. */
static int list_row(few_t *few, ptrdiff_t p, labels_t labels)
{
    ptrdiff_t i;
    if (few->n_labels + labels.n > MOST_LABELS) return 0;
    few->order[p] = p;
    few->label_starts[p] = few->n_labels;
    for (i = 0; i < labels.n; i++) few->labels[few->n_labels++] = labels.first[i];
    return 1;
}

/* Count each presentation of the given rows and then standardize it, to a row of its own; tell
 * whether all numbers are finite, and the labels not too many. */
static int count_few(
    const few_t *given, const moments_t *m, few_t *few, void *values, int64_t *columns)
{
    const samples_t *from = &given->samples;
    const int listed = is_listed(m, from);
    double zero = 0; /* 0 times what is not finite is NaN */
    ptrdiff_t p, i, n = 0;
    few->n_labels = 0;
    for (p = 0; p < given->n_presentations; p++) {
        const ptrdiff_t row = given->order[p];
        if (!list_row(few, p, labels_of(from, row))) return 0;
        few->fractions[p] = given->fractions[p];
        few->indptr[p] = n;
        count_row(m, from, row, given->fractions[p]);
        for (i = 0; listed && i < count_inputs(m, from, row); i++)
            columns[n + i] = input_of(from, row, i, 1);
        n += standardize_row(m, from, row, values, n);
    }
    few->indptr[p] = n;
    few->label_starts[p] = few->n_labels;
    few->n_presentations = p;
    few->longest = listed ? given->longest : from->n_features;
    few->largest = largest_of(values, n, m->to_double);
    few->samples = (samples_t){
        .n_rows = p, .n_features = from->n_features, .values = values, .is_double = m->to_double,
        .indices = columns, .indptr = few->indptr, .index_bytes = listed ? 8 : 0,
        .labels = few->labels, .label_starts = from->label_starts ? few->label_starts : NULL};
    for (i = 0; i < (listed ? n : from->n_features); i++)
        if (!listed || columns[i] >= 0) zero += 0 * m->squares[listed ? columns[i] : i];
    return zero == 0 && few->largest < INFINITY;
}

/* Standardize rows by what was counted before. */
static void standardize_few(few_t *few, const moments_t *m, void *values)
{
    ptrdiff_t row, n = 0;
    for (row = 0; row < few->samples.n_rows; row++)
        n += standardize_row(m, &few->samples, row, values, n);
    few->samples.values = values;
    few->samples.is_double = m->to_double;
    if (!is_listed(m, &few->samples)) few->samples.index_bytes = 0;
}

/* --- A bound of all numbers --- */

/* What a bound is made of: magnitudes that nothing exceeds. */
typedef struct {
    double weight, velocity, input;
    double change; /* of a weight, by a presentation */
    double number; /* of any other number on the way */
} bound_t;

/* A bound of the signal that comes back to the outputs of layer l - 1, which do not exceed `output`:
 * Sum_k W_jk delta_k, with |t - o| <= 1 and |J (t - o)| <= 2 for a start and h' <= 1 on the way. The
 * rule that sends back raw errors does so through updated weights. */
static double bound_signal(bound_t *bound, const network_t *network, ptrdiff_t l, double output,
                           ptrdiff_t fan_in, double rate)
{
    const layer_t *layer = network->layers + l;
    const int is_last = l + 1 == network->n_layers;
    const int is_below_1 = network->activation == LOGISTIC || network->activation == TANH;
    const double sum = ((double)fan_in * output + 1) * bound->weight;
    const double signal =
        is_last ? 2 : bound_signal(bound, network, l + 1, is_below_1 ? 1 : sum, layer->fan_out, rate);
    const double change = rate * signal * (output > 1 ? output : 1);
    const double before = (double)layer->fan_out * (bound->weight + change) * signal;
    if (!(change <= bound->change)) bound->change = change;
    if (!(sum <= bound->number)) bound->number = sum;
    if (!(before <= bound->number)) bound->number = before;
    return before;
}

/* What a presentation makes of a weight and a velocity, with the change by its inputs. */
static void move_bound(bound_t *bound, const network_t *network, double rate)
{
    const rule_t *rule = &network->rule;
    bound->change += rate * network->alpha * bound->weight;
    bound->velocity = rule->momentum * bound->velocity + bound->change;
    bound->weight += network->kind == MOMENTUM
                         ? rule->along_velocity * bound->velocity + rule->along_change * bound->change
                         : bound->change;
}

/* A bound of all numbers while n rows are presented, which list so many inputs. */
static double bound_after(bound_t *bound, const network_t *network, ptrdiff_t n_inputs, double rate,
                          ptrdiff_t n)
{
    double largest = bound->weight;
    for (; n > 0 && largest < INFINITY; n--) {
        bound->change = 0;
        bound->number = bound->input;
        bound_signal(bound, network, 0, bound->input, n_inputs, rate);
        move_bound(bound, network, rate);
        if (bound->number > largest) largest = bound->number;
        if (bound->velocity > largest) largest = bound->velocity;
        if (bound->weight > largest) largest = bound->weight;
    }
    return largest;
}

/* The same of the rows that wait meanwhile and go on by their velocities; what was moved joins them. */
static double bound_waiting(const bound_t *moved, network_t *network, double rate, ptrdiff_t n)
{
    bound_t bound = {.weight = network->most_weight, .velocity = network->most_velocity};
    for (; n > 0 && bound.weight < INFINITY; n--) { /* 0 times infinity would be NaN */
        bound.change = 0;
        move_bound(&bound, network, rate);
    }
    network->most_weight = bound.weight > moved->weight ? bound.weight : moved->weight;
    network->most_velocity = bound.velocity > moved->velocity ? bound.velocity : moved->velocity;
    return network->most_weight + network->most_velocity;
}

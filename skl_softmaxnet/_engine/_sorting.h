/* Rows in content order: what _sorting.py does, which has the definitions.
 *
 * A row is read as a sequence of 64-bit keys, which compare as unsigned numbers. Rows are sorted by
 * their first keys, those that tie by the next, and so on; keys that all of them share are skipped.
 * As each step either reads on or tells rows apart, the time is proportional to what X holds,
 * whatever that is.
 */
#pragma once

#include "_dispatch.h"

/* --- The keys of a row --- */

/* What they are made of, one after the other: values as float32; values as they are, if these are
 * doubles, where CSR entries have two keys, for s and for x; labels. */
enum { BEGIN, ROUNDED, DISTANCES, VALUES, LABELS, END, N_STAGES };

#define SIGN UINT64_C(0x8000000000000000)

typedef struct {
    const samples_t *samples;
    /* Of rows k ... of the order that tie so far, keys[k] is the place of the last key they share.
     * While rows are sorted, keys[k] is the key of each. */
    uint64_t *keys, *other_keys;
    int32_t *order, *other_order;
    char *is_first;
    ptrdiff_t n_until_check;
    int (*is_interrupted)(void);
} sorting_t;

/* Where the next key of a row is. Rows whose keys so far are the same agree in stage and column. */
typedef struct {
    ptrdiff_t row;
    int stage;
    ptrdiff_t column; /* all before, or as many labels, are dealt with in this stage */
    ptrdiff_t i, end; /* what is left of the row's values or labels */
} cursor_t;

/* Numbers that compare like floats; 0 and -0 alike. */
static ALWAYS_INLINE uint64_t ordered_float(float x)
{
    uint32_t bits;
    x += 0.0f; /* -0 becomes 0 */
    memcpy(&bits, &x, sizeof bits);
    return bits ^ ((0u - (bits >> 31)) | 0x80000000u);
}

static ALWAYS_INLINE uint64_t ordered_double(double x)
{
    uint64_t bits;
    x += 0.0;
    memcpy(&bits, &x, sizeof bits);
    return bits ^ ((0u - (bits >> 63)) | SIGN);
}

/* The column of an entry; one of X, whatever others may have made of the indices. */
static ALWAYS_INLINE ptrdiff_t column_of(const samples_t *samples, ptrdiff_t i)
{
    const ptrdiff_t column = column_at(samples, samples->index_bytes, i);
    return column < 0 ? samples->n_features - 1 : column;
}

static ALWAYS_INLINE void enter(
    const sorting_t *sorting, cursor_t *cursor, int stage, ptrdiff_t column)
{
    const samples_t *samples = sorting->samples;
    cursor->stage = stage, cursor->column = column;
    if (stage == LABELS) {
        const labels_t labels = labels_of(samples, cursor->row);
        cursor->i = labels.first - samples->labels + column;
        cursor->end = labels.first - samples->labels + labels.n;
    } else if (samples->index_bytes) {
        ptrdiff_t stop = cursor->end = samples->indptr[cursor->row + 1];
        cursor->i = samples->indptr[cursor->row];
        while (cursor->i < stop) { /* find the first entry from the column on */
            const ptrdiff_t middle = cursor->i + (stop - cursor->i) / 2;
            if (column_of(samples, middle) < column)
                cursor->i = middle + 1;
            else
                stop = middle;
        }
    } else {
        cursor->i = cursor->row * samples->n_features + column;
        cursor->end = (cursor->row + 1) * samples->n_features;
    }
}

static ALWAYS_INLINE void end_stage(const sorting_t *sorting, cursor_t *cursor)
{
    int next = cursor->stage == BEGIN ? ROUNDED : cursor->stage == LABELS ? END : LABELS;
    if (cursor->stage == ROUNDED && sorting->samples->is_double)
        next = sorting->samples->index_bytes ? DISTANCES : VALUES;
    enter(sorting, cursor, next, 0);
}

/* One value, or two floats. */
static ALWAYS_INLINE uint64_t next_dense_key(const sorting_t *sorting, cursor_t *cursor)
{
    const int n_values = cursor->stage == ROUNDED ? 2 : 1;
    uint64_t key = 0;
    int k;
    for (k = 0; k < n_values && cursor->i < cursor->end; k++, cursor->i++, cursor->column++) {
        const double x = VALUE_AT(double, sorting->samples, cursor->i);
        key = n_values == 2 ? key << 32 | ordered_float((float)x) : ordered_double(x);
    }
    if (cursor->i == cursor->end) end_stage(sorting, cursor);
    return key;
}

/* The next entry's (s, x), or one of these; past the end (0, 0), which is SIGN. */
static ALWAYS_INLINE uint64_t next_sparse_key(const sorting_t *sorting, cursor_t *cursor)
{
    for (; cursor->i < cursor->end; cursor->i++) {
        const double x = VALUE_AT(double, sorting->samples, cursor->i);
        const ptrdiff_t column = column_of(sorting->samples, cursor->i);
        const uint64_t distance = (uint64_t)(sorting->samples->n_features - column);
        uint64_t magnitude; /* |s| in 32 bits, |x| in 31 */
        if (cursor->stage == ROUNDED ? (float)x == 0 : x == 0) continue;
        if (cursor->stage == DISTANCES) {
            cursor->stage = VALUES;
            return x > 0 ? SIGN + distance : SIGN - distance;
        }
        cursor->i++;
        /* on in any case, were the indices no longer in order */
        cursor->column = (column > cursor->column ? column : cursor->column) + 1;
        if (cursor->stage == VALUES) {
            cursor->stage = DISTANCES;
            return ordered_double(x);
        }
        magnitude = distance << 31 | (ordered_float(fabsf((float)x)) & 0x7FFFFFFFu);
        return x > 0 ? SIGN | magnitude : ~(SIGN | magnitude);
    }
    end_stage(sorting, cursor);
    return SIGN;
}

static ALWAYS_INLINE uint64_t next_key(const sorting_t *sorting, cursor_t *cursor)
{
    const int has_values = cursor->stage != BEGIN && cursor->stage != LABELS;
    uint64_t key = 0;
    if (has_values && sorting->samples->index_bytes) return next_sparse_key(sorting, cursor);
    if (has_values) return next_dense_key(sorting, cursor);
    if (cursor->stage == LABELS && cursor->i < cursor->end) {
        key = (uint64_t)sorting->samples->labels[cursor->i++] + 1, cursor->column++;
        if (sorting->samples->label_starts) return key; /* more may follow */
    }
    end_stage(sorting, cursor);
    return key;
}

/* --- Places of keys, the same for rows that tie --- */

static ALWAYS_INLINE cursor_t cursor_at(const sorting_t *sorting, ptrdiff_t k, uint64_t place)
{
    cursor_t cursor = {.row = sorting->order[k]};
    enter(sorting, &cursor, (int)(place % N_STAGES), (ptrdiff_t)(place / N_STAGES));
    return cursor;
}

/* The place n keys further on. */
static uint64_t advance(const sorting_t *sorting, ptrdiff_t k, uint64_t place, ptrdiff_t n)
{
    cursor_t cursor = cursor_at(sorting, k, place);
    for (; n > 0; n--) next_key(sorting, &cursor);
    return (uint64_t)cursor.column * N_STAGES + cursor.stage;
}

/* Let Python see Ctrl-C every few million keys; nonzero if it has. */
static int check(sorting_t *sorting, ptrdiff_t n_keys)
{
    sorting->n_until_check -= n_keys;
    if (sorting->n_until_check > 0) return 0;
    sorting->n_until_check = 1 << 21;
    return sorting->is_interrupted();
}

/* Ask for a row that is looked at soon: they come in any order. */
static ALWAYS_INLINE void fetch_row(const sorting_t *sorting, ptrdiff_t k, uint64_t place)
{
    const samples_t *samples = sorting->samples;
    const ptrdiff_t row = sorting->order[k + 12 < samples->n_rows ? k + 12 : k];
    const ptrdiff_t first = samples->index_bytes
                                ? samples->indptr[row]
                                : row * samples->n_features + (ptrdiff_t)(place / N_STAGES);
    PREFETCH((const char *)samples->values + first * (samples->is_double ? 8 : 4));
    if (samples->index_bytes)
        PREFETCH((const char *)samples->indices + first * samples->index_bytes);
}

/* Set the keys at a place; returns the bits in which they differ. */
static uint64_t set_keys(sorting_t *sorting, ptrdiff_t start, ptrdiff_t stop, uint64_t place)
{
    uint64_t differing = 0;
    ptrdiff_t k;
    for (k = start; k < stop; k++) {
        cursor_t cursor = cursor_at(sorting, k, place);
        fetch_row(sorting, k, place);
        sorting->keys[k] = next_key(sorting, &cursor);
        differing |= sorting->keys[k] ^ sorting->keys[start];
    }
    return differing;
}

/* How many keys from a place on are the same in all rows; -1 if interrupted. */
static ptrdiff_t count_shared(
    sorting_t *sorting, ptrdiff_t start, ptrdiff_t stop, uint64_t place)
{
    ptrdiff_t n_shared = PTRDIFF_MAX, n, k;
    for (k = start + 1; k < stop; k++) {
        cursor_t first = cursor_at(sorting, start, place), other = cursor_at(sorting, k, place);
        fetch_row(sorting, k, place);
        for (n = 0; n < n_shared && first.stage != END; n++)
            if (next_key(sorting, &first) != next_key(sorting, &other)) break;
        n_shared = n;
        if (check(sorting, n)) return -1;
    }
    return n_shared;
}

/* --- Sorting by keys --- */

static void insertion_sort(sorting_t *sorting, ptrdiff_t start, ptrdiff_t stop)
{
    uint64_t *keys = sorting->keys;
    int32_t *order = sorting->order;
    ptrdiff_t i, k;
    for (i = start + 1; i < stop; i++) {
        const uint64_t key = keys[i];
        const int32_t row = order[i];
        for (k = i; k > start && keys[k - 1] > key; k--)
            keys[k] = keys[k - 1], order[k] = order[k - 1];
        keys[k] = key, order[k] = row;
    }
}

/* Sort by one byte of the keys, into the other arrays, and exchange these. */
static void radix_pass(sorting_t *sorting, int shift, ptrdiff_t start, ptrdiff_t stop)
{
    uint64_t *keys = sorting->keys, *other_keys = sorting->other_keys;
    int32_t *order = sorting->order, *other_order = sorting->other_order;
    ptrdiff_t places[256] = {0}, place = start, i;
    for (i = start; i < stop; i++) places[keys[i] >> shift & 255]++;
    for (i = 0; i < 256; i++) {
        const ptrdiff_t count = places[i];
        places[i] = place;
        place += count;
    }
    for (i = start; i < stop; i++) {
        const ptrdiff_t k = places[keys[i] >> shift & 255]++;
        other_keys[k] = keys[i], other_order[k] = order[i];
    }
    sorting->keys = other_keys, sorting->other_keys = keys;
    sorting->order = other_order, sorting->other_order = order;
}

/* Stable sort by the bits in which keys differ; -1 if interrupted. */
static int sort_by_keys(sorting_t *sorting, ptrdiff_t start, ptrdiff_t stop, uint64_t differing)
{
    uint64_t *keys = sorting->keys;
    int32_t *order = sorting->order;
    const ptrdiff_t n = stop - start;
    int shift;
    if (n <= 64) {
        insertion_sort(sorting, start, stop);
        return 0;
    }
    for (shift = 0; shift < 64; shift += 8) {
        if (!(differing >> shift & 255)) continue;
        radix_pass(sorting, shift, start, stop);
        if (check(sorting, n)) return -1;
    }
    if (sorting->keys != keys) {
        memcpy(keys + start, sorting->keys + start, n * sizeof *keys);
        memcpy(order + start, sorting->order + start, n * sizeof *order);
        sorting->other_keys = sorting->keys, sorting->keys = keys;
        sorting->other_order = sorting->order, sorting->order = order;
    }
    return 0;
}

/* Sort rows that tie so far by the first keys in which they differ. */
static int refine(sorting_t *sorting, ptrdiff_t start, ptrdiff_t stop)
{
    uint64_t place = advance(sorting, start, sorting->keys[start], 1), key;
    uint64_t differing = 0;
    ptrdiff_t k;
    while (place % N_STAGES != END && !(differing = set_keys(sorting, start, stop, place))) {
        const ptrdiff_t n_shared = count_shared(sorting, start, stop, place);
        if (n_shared < 0) return -1;
        place = advance(sorting, start, place, n_shared);
    }
    if (differing && sort_by_keys(sorting, start, stop, differing)) return -1;
    key = sorting->keys[start];
    sorting->keys[start] = place;
    for (k = start + 1; k < stop && differing; k++) {
        if (sorting->keys[k] == key) continue;
        key = sorting->keys[k];
        sorting->keys[k] = place;
        sorting->is_first[k] = 1;
    }
    return check(sorting, stop - start);
}

/* Sort all rows; the order starts as 0, 1, ..., keys and is_first as zeros. -1 if interrupted. */
static int sort_all(sorting_t *sorting)
{
    const ptrdiff_t n_rows = sorting->samples->n_rows;
    ptrdiff_t start = 0, stop;
    while (start < n_rows) {
        sorting->is_first[start] = 1;
        for (stop = start + 1; stop < n_rows && !sorting->is_first[stop];) stop++;
        if (stop - start == 1 || sorting->keys[start] % N_STAGES == END)
            start = stop;
        else if (refine(sorting, start, stop))
            return -1;
    }
    return 0;
}

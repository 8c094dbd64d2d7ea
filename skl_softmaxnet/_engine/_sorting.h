/* Rows in content order, and shuffles: what _sorting.py does, which has the definitions.
 *
 * Rows are sorted by 64-bit keys, and those that tie by further keys, made of what comes next in
 * them. Of each value a key holds only the bits in which the rows in question differ, so that
 * columns of few different values share a key, and one that is constant costs it nothing. As each
 * step either looks at a few more values or tells rows apart by them, the time is proportional to
 * what X holds, whatever that is.
 */
#ifndef SKL_SOFTMAXNET_SORTING_H
#define SKL_SOFTMAXNET_SORTING_H

static uint64_t mix(uint64_t bits)
{
    bits = (bits ^ (bits >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    bits = (bits ^ (bits >> 27)) * UINT64_C(0x94D049BB133111EB);
    return bits ^ (bits >> 31);
}

static uint64_t shuffle_key(uint64_t seed, uint64_t epoch)
{
    return mix(mix(seed) + epoch);
}

/* What value i is swapped with: one of 0 ... i. */
static ptrdiff_t partner(uint64_t key, ptrdiff_t i)
{
    const uint64_t number = mix(key + ((uint64_t)i + 1) * UINT64_C(0x9E3779B97F4A7C15));
    return (ptrdiff_t)((double)(number >> 11) * 0x1p-53 * (double)(i + 1));
}

static void swap_bytes(char *a, char *b, int n_bytes)
{
    char other[8];
    memcpy(other, a, n_bytes), memcpy(a, b, n_bytes), memcpy(b, other, n_bytes);
}

/* Swap values i = stop - 1 ... first, of 4 or 8 bytes, each with its partner. Partners are drawn a
 * few ahead, so that memory has them ready: they lie anywhere. */
static void shuffle_part(
    char *values, int n_bytes, uint64_t key, ptrdiff_t first, ptrdiff_t stop)
{
    enum { AHEAD = 32 };
    ptrdiff_t partners[AHEAD], n, k;
    for (; stop > first; stop -= n) {
        n = stop - first < AHEAD ? stop - first : AHEAD;
        for (k = 0; k < n; k++) {
            partners[k] = partner(key, stop - 1 - k);
            PREFETCH(values + partners[k] * n_bytes);
        }
        for (k = 0; k < n; k++) {
            char *a = values + (stop - 1 - k) * n_bytes, *b = values + partners[k] * n_bytes;
            if (n_bytes == 4)
                swap_bytes(a, b, 4);
            else
                swap_bytes(a, b, 8);
        }
    }
}

/* --------------------------------------------------------------------------------------------
 * What rows are compared by
 */

/* What is compared in turn: values as float32, values as they are, targets. Each is a sequence of
 * *fields* of up to 64 bits, which compare as unsigned numbers. */
enum { ROUNDED, EXACT, TARGET_OF_ROW, NOTHING };

#define FIELDS 16 /* that are looked at in one go */
#define SIGN UINT64_C(0x8000000000000000)

typedef struct {
    const samples_t *samples;
    int is_double;
    /* Of the tied rows k ... of the order, keys[k] is where their next fields are, as
     * 4 * position + stage. While rows are sorted, keys[k] is the key of each. */
    uint64_t *keys, *other_keys;
    void *order, *other_order; /* row numbers, of row_bytes each */
    int row_bytes;
    char *is_first;
    /* Of CSR rows: how many of the entries, zeros included, are dealt with in this stage. */
    uint32_t *n_done;
    ptrdiff_t n_until_check;
    int (*is_interrupted)(void);
} sorting_t;

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

static ALWAYS_INLINE double value_at(const sorting_t *sorting, ptrdiff_t i)
{
    const void *values = sorting->samples->values;
    return sorting->is_double ? ((const double *)values)[i] : ((const float *)values)[i];
}

/* The key (s, x) of a rounded value as one field: sign, |s| in 32 bits, |x| in 31. */
static ALWAYS_INLINE uint64_t rounded_field(uint64_t distance, float x)
{
    const uint64_t magnitude = distance << 31 | (ordered_float(fabsf(x)) & 0x7FFFFFFFu);
    return x > 0 ? SIGN | magnitude : ~(SIGN | magnitude);
}

/* Fill in the fields of a CSR row that follow, SIGN past its end. An exact value has two: s and x,
 * of which s may be done. Returns how many entries are done with the n_fields. */
static uint32_t sparse_fields(
    const sorting_t *sorting, int stage, ptrdiff_t row, int is_half_done, int n_fields,
    uint64_t *fields)
{
    const samples_t *samples = sorting->samples;
    const ptrdiff_t start = samples->indptr[row], end = samples->indptr[row + 1];
    ptrdiff_t i = start + sorting->n_done[row];
    int k = -is_half_done;
    for (; i < end && k < n_fields; i++) {
        const double x = value_at(sorting, i);
        const uint64_t distance =
            (uint64_t)(samples->n_features - index_at(samples->index_bytes, samples->indices, i));
        if (stage == ROUNDED) {
            if ((float)x != 0) fields[k++] = rounded_field(distance, (float)x);
        } else if (x != 0) {
            if (k >= 0) fields[k] = x > 0 ? SIGN + distance : SIGN - distance;
            if (++k == n_fields) break; /* the entry's x is left */
            fields[k++] = ordered_double(x);
        }
    }
    for (; k < n_fields; k++)
        if (k >= 0) fields[k] = SIGN;
    return (uint32_t)(i - start);
}

/* The same of a dense row, 0 past its end. */
static ALWAYS_INLINE void dense_fields(
    const sorting_t *sorting, int stage, ptrdiff_t row, ptrdiff_t position, int n, uint64_t *fields)
{
    const ptrdiff_t first = row * sorting->samples->n_features + position;
    const float *floats = (const float *)sorting->samples->values + first;
    const double *doubles = (const double *)sorting->samples->values + first;
    int k;
    if (!sorting->is_double)
        for (k = 0; k < n; k++) fields[k] = ordered_float(floats[k]);
    else if (stage == ROUNDED)
        for (k = 0; k < n; k++) fields[k] = ordered_float((float)doubles[k]);
    else
        for (k = 0; k < n; k++) fields[k] = ordered_double(doubles[k]);
    for (; k < FIELDS; k++) fields[k] = 0;
}

static void label_fields(
    const samples_t *samples, ptrdiff_t row, ptrdiff_t position, uint64_t *fields)
{
    const labels_t labels = labels_of(samples, row);
    int k;
    for (k = 0; k < FIELDS; k++)
        fields[k] = position + k < labels.n ? (uint64_t)labels.first[position + k] + 1 : 0;
}

/* Fill in the n_fields fields of a row from a position on; see sparse_fields for what is returned. */
static ALWAYS_INLINE uint32_t fields_of_row(
    const sorting_t *sorting, int stage, ptrdiff_t row, ptrdiff_t position, int n_fields,
    uint64_t *fields)
{
    const samples_t *samples = sorting->samples;
    const ptrdiff_t n_left = samples->n_features - position;
    if (stage == TARGET_OF_ROW)
        label_fields(samples, row, position, fields);
    else if (samples->index_bytes)
        return sparse_fields(sorting, stage, row, stage == EXACT && position % 2, n_fields, fields);
    else if (n_left >= FIELDS && n_fields == FIELDS)
        dense_fields(sorting, stage, row, position, FIELDS, fields); /* a number the compiler knows */
    else
        dense_fields(sorting, stage, row, position, n_left < n_fields ? (int)n_left : n_fields, fields);
    return 0;
}

/* Whether rows that agree in all fields looked at may differ in later ones of the stage. */
static int has_more(
    const sorting_t *sorting, int stage, ptrdiff_t position, const uint64_t *fields)
{
    if (stage == TARGET_OF_ROW) return fields[FIELDS - 1] != 0;
    if (sorting->samples->index_bytes) return fields[FIELDS - 1] != SIGN;
    return position + FIELDS < sorting->samples->n_features;
}

/* --------------------------------------------------------------------------------------------
 * Sorting by keys
 */

static ALWAYS_INLINE ptrdiff_t row_at(const sorting_t *sorting, ptrdiff_t k)
{
    return index_at(sorting->row_bytes, sorting->order, k);
}

static ALWAYS_INLINE void put_row(void *order, int row_bytes, ptrdiff_t k, ptrdiff_t row)
{
    if (row_bytes == 4)
        ((int32_t *)order)[k] = (int32_t)row;
    else
        ((int64_t *)order)[k] = row;
}

/* Let Python see Ctrl-C every few million rows; nonzero if it has. */
static int check(sorting_t *sorting, ptrdiff_t n_rows)
{
    sorting->n_until_check -= n_rows;
    if (sorting->n_until_check > 0) return 0;
    sorting->n_until_check = 1 << 21;
    return sorting->is_interrupted();
}

static void insertion_sort(sorting_t *sorting, ptrdiff_t start, ptrdiff_t stop)
{
    uint64_t *keys = sorting->keys;
    ptrdiff_t i, k;
    for (i = start + 1; i < stop; i++) {
        const uint64_t key = keys[i];
        const ptrdiff_t row = row_at(sorting, i);
        for (k = i; k > start && keys[k - 1] > key; k--) {
            keys[k] = keys[k - 1];
            put_row(sorting->order, sorting->row_bytes, k, row_at(sorting, k - 1));
        }
        keys[k] = key;
        put_row(sorting->order, sorting->row_bytes, k, row);
    }
}

/* Sort by one byte of the keys, into the other arrays. */
static ALWAYS_INLINE int radix_pass(
    sorting_t *sorting, int row_bytes, int shift, ptrdiff_t start, ptrdiff_t stop)
{
    ptrdiff_t places[256] = {0}, place = start, i, k;
    for (i = start; i < stop; i++) places[sorting->keys[i] >> shift & 255]++;
    for (i = 0; i < 256; i++) {
        const ptrdiff_t count = places[i];
        places[i] = place;
        place += count;
    }
    for (i = start; i < stop; i++) {
        const uint64_t key = sorting->keys[i];
        k = places[key >> shift & 255]++;
        sorting->other_keys[k] = key;
        put_row(sorting->other_order, row_bytes, k, index_at(row_bytes, sorting->order, i));
    }
    return check(sorting, stop - start);
}

static void swap_arrays(sorting_t *sorting)
{
    uint64_t *keys = sorting->keys;
    void *order = sorting->order;
    sorting->keys = sorting->other_keys, sorting->other_keys = keys;
    sorting->order = sorting->other_order, sorting->other_order = order;
}

/* Stable sort by the lowest n_bits of the keys. */
static int sort_by_keys(sorting_t *sorting, int n_bits, ptrdiff_t start, ptrdiff_t stop)
{
    uint64_t *keys = sorting->keys;
    const ptrdiff_t n = stop - start, row_bytes = sorting->row_bytes;
    int shift, stopped = 0;
    if (n <= 64) {
        insertion_sort(sorting, start, stop);
        return 0;
    }
    for (shift = 0; shift < n_bits && !stopped; shift += 8) {
        stopped = row_bytes == 4 ? radix_pass(sorting, 4, shift, start, stop)
                                 : radix_pass(sorting, 8, shift, start, stop);
        swap_arrays(sorting);
    }
    if (sorting->keys != keys) {
        swap_arrays(sorting);
        memcpy(keys + start, sorting->other_keys + start, n * sizeof *keys);
        memcpy((char *)sorting->order + start * row_bytes,
               (char *)sorting->other_order + start * row_bytes, n * row_bytes);
    }
    return stopped;
}

/* --------------------------------------------------------------------------------------------
 * Telling tied rows apart
 */

/* Which bits of which fields a key is made of: n_fields fields in turn, the first of them highest. */
typedef struct {
    int n_fields, n_bits;
    int lowest[FIELDS], width[FIELDS]; /* the bits of each field that differ lie in these */
} plan_t;

static plan_t plan_key(const uint64_t *differing)
{
    plan_t plan = {0};
    for (; plan.n_fields < FIELDS; plan.n_fields++) {
        uint64_t bits = differing[plan.n_fields];
        int lowest = 0, width = 0;
        for (; bits && !(bits & 1); bits >>= 1) lowest++;
        for (; bits; bits >>= 1) width++;
        if (plan.n_bits + width > 64) break;
        plan.lowest[plan.n_fields] = lowest, plan.width[plan.n_fields] = width;
        plan.n_bits += width;
    }
    return plan;
}

static uint64_t key_of(const plan_t *plan, const uint64_t *fields)
{
    uint64_t key = 0;
    int k;
    for (k = 0; k < plan->n_fields; k++) {
        const int width = plan->width[k];
        if (width == 64) return fields[k]; /* no other has a bit in the key */
        key = key << width | (fields[k] >> plan->lowest[k] & ((UINT64_C(1) << width) - 1));
    }
    return key;
}

/* Ask for a row that is looked at soon: they come in any order. */
static ALWAYS_INLINE void fetch_row(
    const sorting_t *sorting, ptrdiff_t k, ptrdiff_t stop, ptrdiff_t position)
{
    const samples_t *samples = sorting->samples;
    const ptrdiff_t row = row_at(sorting, k + 12 < stop ? k + 12 : stop - 1);
    const ptrdiff_t first = samples->index_bytes ? samples->indptr[row] + sorting->n_done[row]
                                                 : row * samples->n_features + position;
    const ptrdiff_t n_bytes = sorting->is_double ? 8 : 4;
    PREFETCH((const char *)samples->values + first * n_bytes);
    PREFETCH((const char *)samples->values + (first + FIELDS - 1) * n_bytes);
    if (samples->index_bytes)
        PREFETCH((const char *)samples->indices + first * samples->index_bytes);
}

/* Of rows of float32, find where their bits differ from those of the first, four columns at a time.
 * As fields, numbers of the same sign differ where their bits do, others may everywhere. */
static void find_differing_floats(
    const sorting_t *sorting, ptrdiff_t position, ptrdiff_t start, ptrdiff_t stop,
    uint64_t *differing)
{
    const ptrdiff_t n_features = sorting->samples->n_features;
    const float *values = (const float *)sorting->samples->values + position;
    const float *first = values + row_at(sorting, start) * n_features;
    uint32_t all[FIELDS] = {0};
    ptrdiff_t i;
    int k;
    for (i = start; i < stop; i++) {
        const float *row = values + row_at(sorting, i) * n_features;
        fetch_row(sorting, i, stop, position);
        for (k = 0; k < FIELDS; k++) {
            const float pair[2] = {row[k] + 0.0f, first[k] + 0.0f}; /* -0 becomes 0 */
            uint32_t bits[2];
            memcpy(bits, pair, sizeof pair);
            all[k] |= bits[0] ^ bits[1];
        }
    }
    for (k = 0; k < FIELDS; k++) differing[k] = all[k] >> 31 ? 0xFFFFFFFFu : all[k];
}

/* Find the bits in which the next fields of tied rows differ; `fields` become those of one row. */
static int find_differing(
    sorting_t *sorting, int stage, ptrdiff_t position, ptrdiff_t start, ptrdiff_t stop,
    uint64_t *fields, uint64_t *differing)
{
    const samples_t *samples = sorting->samples;
    const int in_blocks = !sorting->is_double && !samples->index_bytes && stage == ROUNDED
                          && position + FIELDS <= samples->n_features;
    uint64_t first[FIELDS];
    ptrdiff_t i;
    int k;
    if (in_blocks) {
        find_differing_floats(sorting, position, start, stop, differing);
        return check(sorting, stop - start);
    }
    fields_of_row(sorting, stage, row_at(sorting, start), position, FIELDS, first);
    for (k = 0; k < FIELDS; k++) differing[k] = 0;
    for (i = start; i < stop; i++) {
        fetch_row(sorting, i, stop, position);
        fields_of_row(sorting, stage, row_at(sorting, i), position, FIELDS, fields);
        for (k = 0; k < FIELDS; k++) differing[k] |= fields[k] ^ first[k];
    }
    return check(sorting, stop - start);
}

/* Note where those begin that still tie, and where their next fields are. */
static void split(sorting_t *sorting, uint64_t next, ptrdiff_t start, ptrdiff_t stop)
{
    uint64_t key = sorting->keys[start];
    ptrdiff_t i;
    sorting->keys[start] = next;
    for (i = start + 1; i < stop; i++) {
        if (sorting->keys[i] == key) continue;
        key = sorting->keys[i];
        sorting->keys[i] = next;
        sorting->is_first[i] = 1;
    }
}

/* Go on to the next stage with rows that tie in this one. */
static void end_stage(sorting_t *sorting, int stage, ptrdiff_t start, ptrdiff_t stop)
{
    ptrdiff_t i;
    sorting->keys[start] = (uint64_t)(stage == ROUNDED && !sorting->is_double ? EXACT : stage) + 1;
    if (sorting->samples->index_bytes)
        for (i = start; i < stop; i++) sorting->n_done[row_at(sorting, i)] = 0;
}

/* Sort rows that tie so far by as many of their next fields as a key holds. */
static int refine(sorting_t *sorting, ptrdiff_t start, ptrdiff_t stop)
{
    const int stage = (int)(sorting->keys[start] % 4);
    const ptrdiff_t position = (ptrdiff_t)(sorting->keys[start] / 4);
    uint64_t fields[FIELDS], differing[FIELDS], any = 0;
    plan_t plan;
    ptrdiff_t i;
    int k;
    if (find_differing(sorting, stage, position, start, stop, fields, differing)) return -1;
    for (k = 0; k < FIELDS; k++) any |= differing[k];
    if (!any && !has_more(sorting, stage, position, fields)) {
        end_stage(sorting, stage, start, stop);
        return 0;
    }
    plan = plan_key(differing);
    if (!any && !sorting->samples->index_bytes) {
        sorting->keys[start] += 4 * FIELDS;
        return 0;
    }
    for (i = start; i < stop; i++) {
        const ptrdiff_t row = row_at(sorting, i);
        uint32_t n_done;
        fetch_row(sorting, i, stop, position);
        n_done = fields_of_row(sorting, stage, row, position, plan.n_fields, fields);
        if (sorting->samples->index_bytes) sorting->n_done[row] = n_done;
        sorting->keys[i] = key_of(&plan, fields);
    }
    if (sort_by_keys(sorting, plan.n_bits, start, stop)) return -1;
    split(sorting, (uint64_t)(position + plan.n_fields) * 4 + stage, start, stop);
    return 0;
}

/* Sort all rows; the order starts as 0, 1, ..., keys and is_first as zeros. -1 if interrupted. */
static int sort_all(sorting_t *sorting)
{
    const ptrdiff_t n_rows = sorting->samples->n_rows;
    ptrdiff_t start = 0, stop;
    while (start < n_rows) {
        sorting->is_first[start] = 1;
        for (stop = start + 1; stop < n_rows && !sorting->is_first[stop];) stop++;
        if (stop - start == 1 || sorting->keys[start] % 4 == NOTHING)
            start = stop;
        else if (refine(sorting, start, stop))
            return -1;
    }
    return 0;
}

#undef FIELDS
#undef SIGN

#endif

/* Products of matrices, C <- C + A B. A template, see _run.h.
 *
 * Every sum has the order of its terms,
 * whatever the width of the vectors, so that all instruction sets with a fused multiplication and
 * addition give the same bits: all but the baseline of x86-64.
 */

/* How much of a product stays in registers: TILE_ROWS x TILE_VECTORS vectors of 24, 12, 24, 8. */
#if VECTOR_BYTES == 64 || defined(__aarch64__)
#define TILE_ROWS 8
#define TILE_VECTORS 3
#elif VECTOR_BYTES == 32
#define TILE_ROWS 4
#define TILE_VECTORS 3
#else
#define TILE_ROWS 4
#define TILE_VECTORS 2
#endif

/* a b + c */
FUNCTION VEC NAME(multiply_add)(VEC a, VEC b, VEC c)
{
#if VECTOR_BYTES >= 32
    return OPERATION(fmadd)(a, b, c);
#elif defined(__aarch64__) && IS_DOUBLE
    return (VEC)vfmaq_f64((float64x2_t)c, (float64x2_t)a, (float64x2_t)b);
#elif defined(__aarch64__)
    return (VEC)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
#else
    return a * b + c;
#endif
}

/* A tile of C <- C + A B: the rows from `row` on, `count` vectors from v on. Its sums stay in
 * registers; for each term, B's vectors are read once, and each number of A. */
FUNCTION void NAME(tile)(int count, const product_t *p, ptrdiff_t row, ptrdiff_t v)
{
    const ptrdiff_t a_row = p->a_row, a_term = p->a_term, b_term = p->b_term;
    const REAL *a = (const REAL *)p->a + row * a_row;
    const REAL *b = (const REAL *)p->b + v * LANES;
    VEC sums[TILE_ROWS][TILE_VECTORS], nowhere[TILE_VECTORS], *c[TILE_ROWS];
    ptrdiff_t k;
    int r, i;
    UNROLL
    for (i = 0; i < count; i++) nowhere[i] = SPLAT(0);
    UNROLL
    for (r = 0; r < TILE_ROWS; r++) { /* there may be fewer rows in C, but A has zeros there */
        c[r] = row + r < p->n_rows ? (VEC *)((REAL *)p->c + (row + r) * p->c_row) + v : nowhere;
        UNROLL
        for (i = 0; i < count; i++) sums[r][i] = c[r][i];
    }
    for (k = 0; k < p->n_terms; k++, a += a_term, b += b_term) {
        VEC vectors[TILE_VECTORS];
        UNROLL
        for (i = 0; i < count; i++) vectors[i] = ((const VEC *)b)[i];
        UNROLL
        for (r = 0; r < TILE_ROWS; r++) {
            const VEC number = SPLAT(a[r * a_row]);
            UNROLL
            for (i = 0; i < count; i++)
                sums[r][i] = NAME(multiply_add)(number, vectors[i], sums[r][i]);
        }
    }
    UNROLL
    for (r = 0; r < TILE_ROWS; r++) {
        UNROLL
        for (i = 0; i < count; i++) c[r][i] = sums[r][i];
    }
}

/* All rows of C, `count` vectors wide: those of B stay in L1. */
LARGE_FUNCTION void NAME(add_product)(int count, const product_t *p, ptrdiff_t v)
{
    ptrdiff_t row;
    switch (count) {
    case 1: for (row = 0; row < p->n_rows; row += TILE_ROWS) NAME(tile)(1, p, row, v); break;
    case 2: for (row = 0; row < p->n_rows; row += TILE_ROWS) NAME(tile)(2, p, row, v); break;
    default: for (row = 0; row < p->n_rows; row += TILE_ROWS) NAME(tile)(TILE_VECTORS, p, row, v);
    }
}

/* How wide the next tile is where so many vectors are left; two are faster than three and one. */
FUNCTION int NAME(tile_width)(ptrdiff_t left)
{
    return left == TILE_VECTORS + 1 ? 2 : left < TILE_VECTORS ? (int)left : TILE_VECTORS;
}

FUNCTION void NAME(add_whole_product)(const product_t *p, ptrdiff_t n_vectors)
{
    ptrdiff_t v;
    int count;
    for (v = 0; v < n_vectors; v += count) {
        count = NAME(tile_width)(n_vectors - v);
        NAME(add_product)(count, p, v);
    }
}

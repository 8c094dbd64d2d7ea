/* Shuffles: what _sorting.py does, which has the definitions. */
#pragma once

#include "_dispatch.h"

static uint64_t mix(uint64_t bits)
{
    bits = (bits ^ (bits >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    bits = (bits ^ (bits >> 27)) * UINT64_C(0x94D049BB133111EB);
    return bits ^ (bits >> 31);
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
    char *values, int n_bytes, uint64_t seed, uint64_t epoch, ptrdiff_t first, ptrdiff_t stop)
{
    enum { AHEAD = 32 };
    const uint64_t key = mix(mix(seed) + epoch);
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

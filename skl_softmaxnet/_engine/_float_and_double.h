/* The templates for both types of number, at one LEVEL. */

#define NAME(x) PASTE(x, REAL, LEVEL)

#define IS_DOUBLE 1
#define REAL double
#define BITS int64_t
#define UBITS uint64_t
#include "_presentation.h"
#include "_products.h"
#include "_forward.h"
#include "_blocks.h"
#undef IS_DOUBLE
#undef REAL
#undef BITS
#undef UBITS

#define IS_DOUBLE 0
#define REAL float
#define BITS int32_t
#define UBITS uint32_t
#include "_presentation.h"
#include "_products.h"
#include "_forward.h"
#include "_blocks.h"
#undef IS_DOUBLE
#undef REAL
#undef BITS
#undef UBITS

#undef LEVEL
#undef TARGET
#undef VECTOR_BYTES

/* The templates for both types of number, at one LEVEL. */
#define NAME(x) PASTE(x, REAL, LEVEL)

#define IS_DOUBLE 1
#define REAL double
#define BITS int64_t
#define UBITS uint64_t
#define SUFFIX pd
#include "_run.h"

#define IS_DOUBLE 0
#define REAL float
#define BITS int32_t
#define UBITS uint32_t
#define SUFFIX ps
#include "_run.h"

#undef LEVEL
#undef TARGET
#undef VECTOR_BYTES
#undef PREFIX

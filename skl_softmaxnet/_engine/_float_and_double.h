/* The template for both types of number, at one LEVEL. */

#define REAL double
#define BITS int64_t
#define UBITS uint64_t
#define NAME(x) PASTE(x, double, LEVEL)
#define MANTISSA_BITS 52
#define EXPONENT_BIAS 1023
#define ROUNDING_SHIFT 0x1.8p52
#define LOG2_HIGH 0x1.62e42fefa3800p-1
#define LOG2_LOW 0x1.ef35793c76730p-45
#define EXP_MAX 708.0 /* exp(-EXP_MAX) is still a normal number */
#define TANH_MAX 20.0 /* tanh(TANH_MAX) rounds to 1 */
#include "_presentation.h"
#include "_products.h"
#include "_forward.h"
#include "_blocks.h"
#undef REAL
#undef BITS
#undef UBITS
#undef NAME
#undef MANTISSA_BITS
#undef EXPONENT_BIAS
#undef ROUNDING_SHIFT
#undef LOG2_HIGH
#undef LOG2_LOW
#undef EXP_MAX
#undef TANH_MAX

#define REAL float
#define BITS int32_t
#define UBITS uint32_t
#define NAME(x) PASTE(x, float, LEVEL)
#define MANTISSA_BITS 23
#define EXPONENT_BIAS 127
#define ROUNDING_SHIFT 0x1.8p23f
#define LOG2_HIGH 0x1.62e400p-1f
#define LOG2_LOW 0x1.7f7d1cp-20f
#define EXP_MAX 87.0f
#define TANH_MAX 10.0f
#include "_presentation.h"
#include "_products.h"
#include "_forward.h"
#include "_blocks.h"
#undef REAL
#undef BITS
#undef UBITS
#undef NAME
#undef MANTISSA_BITS
#undef EXPONENT_BIAS
#undef ROUNDING_SHIFT
#undef LOG2_HIGH
#undef LOG2_LOW
#undef EXP_MAX
#undef TANH_MAX

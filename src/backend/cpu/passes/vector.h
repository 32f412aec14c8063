/* One channel block of one pixel as a vector, and the functions of it that the passes need. BRIM_PASS_BLOCK
 * and BRIM_PASS_NAME come from the build, once per instruction set. */
#ifndef BRIM_BACKEND_CPU_PASSES_VECTOR_H
#define BRIM_BACKEND_CPU_PASSES_VECTOR_H

#include <stdint.h>
#ifdef __AVX__
#include <immintrin.h>
#endif

#ifndef BRIM_PASS_BLOCK
#define BRIM_PASS_BLOCK 8
#define BRIM_PASS_NAME  base
#endif

/* Vectors wider than the machine's are passed in memory, which matters to nobody: all of this is inlined. */
#pragma GCC diagnostic ignored "-Wpsabi"

#define BRIM_PASS_JOIN_(a, b) brim_pass_##a##_##b
#define BRIM_PASS_JOIN(a, b)  BRIM_PASS_JOIN_(a, b)
/* The name of an external function in this instruction set. */
#define BRIM_PASS(name) BRIM_PASS_JOIN(BRIM_PASS_NAME, name)

enum { BLOCK = BRIM_PASS_BLOCK };

typedef float Vector __attribute__((vector_size(4 * BRIM_PASS_BLOCK)));
typedef int32_t VectorInt __attribute__((vector_size(4 * BRIM_PASS_BLOCK)));

typedef uint32_t VectorBits __attribute__((vector_size(4 * BRIM_PASS_BLOCK)));
typedef uint16_t VectorNarrow __attribute__((vector_size(2 * BRIM_PASS_BLOCK))); /* bfloat16 */

static inline Vector vector_widen(VectorNarrow narrow)
{
    return (Vector)(__builtin_convertvector(narrow, VectorBits) << 16);
}

/* Rounds to nearest, ties to even; a NaN stays one. */
static inline VectorNarrow vector_narrow(Vector wide)
{
    VectorBits bits = (VectorBits)wide, nan = (VectorBits)(wide != wide);
    VectorBits rounded = bits + 0x7FFF + ((bits >> 16) & 1);
    bits = (rounded & ~nan) | ((bits | 0x400000) & nan);
    return __builtin_convertvector(bits >> 16, VectorNarrow);
}

static inline Vector vector_choose(VectorInt mask, Vector yes, Vector no)
{
    return (Vector)(((VectorInt)yes & mask) | ((VectorInt)no & ~mask));
}

static inline Vector vector_max(Vector a, Vector b)
{
#if defined __AVX512F__ && BRIM_PASS_BLOCK == 16
    return _mm512_max_ps(a, b);
#elif defined __AVX__ && BRIM_PASS_BLOCK == 8
    return _mm256_max_ps(a, b);
#else
    return vector_choose(a > b, a, b);
#endif
}

static inline Vector vector_min(Vector a, Vector b)
{
#if defined __AVX512F__ && BRIM_PASS_BLOCK == 16
    return _mm512_min_ps(a, b);
#elif defined __AVX__ && BRIM_PASS_BLOCK == 8
    return _mm256_min_ps(a, b);
#else
    return vector_choose(a < b, a, b);
#endif
}

static inline Vector vector_fill(float value)
{
    return value - (Vector){0};
}

/* exp(x) to about 1 ulp where the result is a normal number; at the ends of that range it stays. 2^n * exp(r)
 * with |r| <= ln 2 / 2; the polynomial is that of Cephes' expf. */
static inline Vector vector_exp(Vector x)
{
    const float round = 12582912.0f; /* 1.5 * 2^23: what is added to it loses its fraction */
    x = vector_min(vector_max(x, vector_fill(-87.0f)), vector_fill(88.0f));
    Vector shifted = x * 1.44269504088896341f + round;
    Vector n = shifted - round;
    Vector r = x - n * 0.693359375f;
    r = r + n * 2.12194440e-4f;
    Vector p = r * 1.9875691500e-4f + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * (r * r) + r + 1.0f;
    /* The low bits of `shifted` are n as an integer; they go to the exponent. */
    return (Vector)((VectorInt)p + ((VectorInt)shifted << 23));
}

static inline Vector vector_sigmoid(Vector z)
{
    return 1.0f / (1.0f + vector_exp(-z));
}

/* The product, not the quotient: what computes SiLU beside its slope has the sigmoid, and must get the same bits. */
static inline Vector vector_silu(Vector z)
{
    return z * vector_sigmoid(z);
}

#endif

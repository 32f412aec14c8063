/* Elements of the types that kernels take, in host memory. */
#ifndef BRIM_TESTS_SUPPORT_ELEMENTS_H
#define BRIM_TESTS_SUPPORT_ELEMENTS_H

#include "backend/cuda/kernels/args.h"
#include "base/half.h"

#include <stddef.h>

enum { ELEMENT_TYPES = 3 };

static inline const char *element_name(BrimKernelType type)
{
    static const char *const names[ELEMENT_TYPES] = {"fp32", "fp16", "bf16"};
    return names[type];
}

static inline size_t element_bytes(BrimKernelType type)
{
    return type == BRIM_KERNEL_F32 ? sizeof(float) : sizeof(uint16_t);
}

/* How far one rounding takes a number from itself: half of the last bit. */
static inline double element_rounding(BrimKernelType type)
{
    static const double by[ELEMENT_TYPES] = {0x1p-24, 0x1p-11, 0x1p-8};
    return by[type];
}

static inline float element_get(BrimKernelType type, const void *data, size_t i)
{
    if (type == BRIM_KERNEL_F32)
        return ((const float *)data)[i];
    const uint16_t bits = ((const uint16_t *)data)[i];
    return type == BRIM_KERNEL_F16 ? brim_half_to_float(bits) : brim_bfloat_to_float(bits);
}

static inline void element_put(BrimKernelType type, void *data, size_t i, float value)
{
    if (type == BRIM_KERNEL_F32)
        ((float *)data)[i] = value;
    else
        ((uint16_t *)data)[i] =
            type == BRIM_KERNEL_F16 ? brim_half_from_float(value) : brim_bfloat_from_float(value);
}

/* The number that is left of a value in that type. */
static inline float element_rounded(BrimKernelType type, float value)
{
    float room;
    element_put(type, &room, 0, value);
    return element_get(type, &room, 0);
}

#endif

/* 16-bit floats to and from 32 bits, exactly as IEEE 754 rounds (to nearest, ties to even). */
#ifndef BRIM_BASE_HALF_H
#define BRIM_BASE_HALF_H

#include <stdint.h>

float brim_half_to_float(uint16_t half);
uint16_t brim_half_from_float(float value);
float brim_bfloat_to_float(uint16_t bfloat);
uint16_t brim_bfloat_from_float(float value);

#endif

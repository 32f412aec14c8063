/* How passes deal a feature to threads: in units of some pixels of one channel block of one picture. The
 * units, and the order in which what they left is combined, depend on the shape alone. */
#ifndef BRIM_BACKEND_CPU_PASSES_UNITS_H
#define BRIM_BACKEND_CPU_PASSES_UNITS_H

#include "backend/cpu/passes.h"
#include "backend/cpu/passes/vector.h"

typedef struct Units {
    int n, blocks, chunks;
    int pixels; /* of a picture */
    int count;
} Units;

typedef struct Unit {
    int n, block;
    int first, pixels; /* of the picture's pixels */
} Unit;

static inline Units units_of(const BrimFeature *feature)
{
    Units units = {
        .n = feature->n, .blocks = (feature->c + BLOCK - 1) / BLOCK, .pixels = feature->h * feature->w};
    units.chunks = (units.pixels + BRIM_PASS_UNIT_PIXELS - 1) / BRIM_PASS_UNIT_PIXELS;
    units.count = units.n * units.blocks * units.chunks;
    return units;
}

/* Channel blocks are outermost, so that a thread has few of them. */
static inline Unit unit_at(const Units *units, int index)
{
    int chunk = index % units->chunks, plane = index / units->chunks;
    Unit unit = {.n = plane % units->n, .block = plane / units->n, .first = chunk * BRIM_PASS_UNIT_PIXELS};
    int left = units->pixels - unit.first;
    unit.pixels = left < BRIM_PASS_UNIT_PIXELS ? left : BRIM_PASS_UNIT_PIXELS;
    return unit;
}

/* Where the unit starts in a feature, in vectors. */
static inline size_t unit_offset(const BrimFeature *feature, const Unit *unit)
{
    size_t plane = (size_t)feature->h * (size_t)feature->w;
    return (size_t)unit->n * feature->image_floats / BLOCK + (size_t)unit->block * plane + (size_t)unit->first;
}

/* The unit's first pixel in a feature of the same n, h and w; NULL where there is no feature in fp32. */
static inline Vector *unit_data(const BrimFeature *feature, const Unit *unit)
{
    return feature->data ? (Vector *)feature->data + unit_offset(feature, unit) : NULL;
}

/* The same of a feature in bfloat16. */
static inline VectorNarrow *unit_narrow(const BrimFeature *feature, const Unit *unit)
{
    return feature->narrow ? (VectorNarrow *)feature->narrow + unit_offset(feature, unit) : NULL;
}

/* The channels of the unit in a padded vector of channels. */
static inline Vector unit_channels(const float *values, const Unit *unit)
{
    return ((const Vector *)values)[unit->block];
}

#endif

/* Rounding up to whole steps: an alignment, a page, a block of channels. */
#ifndef BRIM_BASE_ROUND_H
#define BRIM_BASE_ROUND_H

#include <stddef.h>

static inline size_t brim_round_up(size_t value, size_t step)
{
    return (value + step - 1) / step * step;
}

/* The same of what is counted in int; not negative. */
static inline int brim_round_up_int(int value, int step)
{
    return (value + step - 1) / step * step;
}

#endif

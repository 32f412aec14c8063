/* SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014) read as a counter-based
 * generator: the nth number is a hash of key + n * the golden ratio. */
#include "base/random.h"

#include <math.h>

static const uint64_t golden_ratio = 0x9E3779B97F4A7C15u;

static uint64_t mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

BrimRandom brim_random(uint64_t seed, uint64_t stream)
{
    return (BrimRandom){.key = mix(mix(seed + golden_ratio) ^ mix(stream * golden_ratio + 1)), .counter = 0};
}

uint64_t brim_random_u64(BrimRandom *random)
{
    return mix(random->key + ++random->counter * golden_ratio);
}

double brim_random_unit(BrimRandom *random)
{
    return (double)(brim_random_u64(random) >> 11) * 0x1p-53;
}

double brim_random_uniform(BrimRandom *random, double low, double high)
{
    return low + (high - low) * brim_random_unit(random);
}

double brim_random_normal(BrimRandom *random)
{
    double radius = sqrt(-2.0 * log(1.0 - brim_random_unit(random)));
    return radius * cos(6.283185307179586 * brim_random_unit(random));
}

uint32_t brim_random_below(BrimRandom *random, uint32_t bound)
{
    return (uint32_t)(((brim_random_u64(random) >> 32) * bound) >> 32);
}

void brim_random_shuffle(BrimRandom *random, int32_t *items, size_t count)
{
    for (size_t i = count; i > 1; i--) {
        size_t j = brim_random_below(random, (uint32_t)i);
        int32_t item = items[i - 1];
        items[i - 1] = items[j];
        items[j] = item;
    }
}

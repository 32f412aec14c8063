/* Random numbers that depend on nothing but a seed, a stream and a counter, so that a run can be stopped, resumed
 * and spread over threads without changing one number. */
#ifndef BRIM_BASE_RANDOM_H
#define BRIM_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

typedef struct BrimRandom {
    uint64_t key;
    uint64_t counter; /* numbers drawn so far */
} BrimRandom;

/* A generator of its own for each (seed, stream): for example stream = epoch << 32 | index of the picture. */
BrimRandom brim_random(uint64_t seed, uint64_t stream);

uint64_t brim_random_u64(BrimRandom *random);
double brim_random_unit(BrimRandom *random);                           /* [0, 1) */
double brim_random_uniform(BrimRandom *random, double low, double high); /* [low, high) */
double brim_random_normal(BrimRandom *random);                         /* mean 0, deviation 1 */
uint32_t brim_random_below(BrimRandom *random, uint32_t bound);        /* 0 .. bound - 1; 0 for bound 0 */
void brim_random_shuffle(BrimRandom *random, int32_t *items, size_t count);

#endif

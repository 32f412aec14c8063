/* A radix sort, byte by byte from the lowest. */
#include "train/rank.h"

#include <string.h>

enum { PASSES = 4, VALUES = 256 };

/* Grows as the confidence falls: a float's bits order it by size, once negative ones are turned around. */
static uint32_t key_of(float confidence)
{
    uint32_t bits;
    memcpy(&bits, &confidence, sizeof bits);
    uint32_t rising = bits >> 31 ? ~bits : bits | 0x80000000u;
    return ~rising;
}

static uint32_t digit(const BrimRanked *item, int pass)
{
    return key_of(item->confidence) >> (8 * pass) & (VALUES - 1);
}

void brim_rank(BrimRanked *items, BrimRanked *spare, size_t count)
{
    size_t starts[PASSES][VALUES] = {{0}};
    for (size_t i = 0; i < count; i++)
        for (int pass = 0; pass < PASSES; pass++)
            starts[pass][digit(&items[i], pass)]++;
    for (int pass = 0; pass < PASSES; pass++) {
        size_t start = 0;
        for (int value = 0; value < VALUES; value++) {
            size_t many = starts[pass][value];
            starts[pass][value] = start;
            start += many;
        }
        /* An even number of passes ends where it began. */
        const BrimRanked *from = pass % 2 ? spare : items;
        BrimRanked *to = pass % 2 ? items : spare;
        for (size_t i = 0; i < count; i++)
            to[starts[pass][digit(&from[i], pass)]++] = from[i];
    }
}

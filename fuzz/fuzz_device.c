/* Whatever is typed behind --device: no cards, or some, each once, and the same ones when they are written
 * out again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/device.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_out(const int *cards, int count, char *text, size_t bytes)
{
    size_t at = 0;
    for (int i = 0; i < count; i++)
        at += (size_t)snprintf(text + at, bytes - at, "%s%d", i ? "," : "", cards[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char word[256], again[256];
    int cards[BRIM_MOST_CARDS], same[BRIM_MOST_CARDS];
    size_t length = size < sizeof word - 1 ? size : sizeof word - 1;
    memcpy(word, data, length);
    word[length] = '\0';
    int count = brim_device_numbers(word, cards);
    if (count < 0 || count > BRIM_MOST_CARDS)
        abort();
    for (int i = 0; i < count; i++)
        for (int j = 0; j < i; j++)
            if (cards[i] == cards[j] || cards[i] < 0)
                abort();
    if (count == 0)
        return 0;
    write_out(cards, count, again, sizeof again);
    if (brim_device_numbers(again, same) != count || memcmp(cards, same, (size_t)count * sizeof *cards) != 0)
        abort();
    return 0;
}

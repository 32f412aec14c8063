/* The card that BRIM_FAKE_CARD describes. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cuda_inside.h"

static FakeCard card;

static size_t bytes_of(const char *text, const char *word)
{
    static const char units[] = "KMG";
    char *end;
    double number = strtod(text, &end);
    const char *unit = *end ? strchr(units, *end) : NULL;
    if (end == text || (*end && (!unit || end[1])))
        fake_abort("BRIM_FAKE_CARD: %s is no number of bytes", word);
    return (size_t)(unit ? number * (double)((size_t)1 << 10 * (unit - units + 1)) : number);
}

static long number_of(const char *text, const char *word)
{
    char *end;
    long number = strtol(text, &end, 10);
    if (end == text || *end)
        fake_abort("BRIM_FAKE_CARD: %s is no number", word);
    return number;
}

/* NAME@N or NAME@N:once */
static void read_failure(const char *text, const char *word)
{
    char rest[16] = "";
    int got = sscanf(text, "%63[A-Za-z0-9]@%lu%15s", card.fail_name, &card.fail_at, rest);
    card.fail_once = strcmp(rest, ":once") == 0;
    if (got < 2 || (rest[0] && !card.fail_once))
        fake_abort("BRIM_FAKE_CARD: %s is not fail=NAME@N or fail=NAME@N:once", word);
}

/* CARD:BYTES */
static void read_other(const char *text, const char *word)
{
    const char *bytes = strchr(text, ':');
    if (!bytes || sscanf(text, "%d", &card.other) != 1)
        fake_abort("BRIM_FAKE_CARD: %s is not like other=1:600M", word);
    card.other_bytes = bytes_of(bytes + 1, word);
}

static void read_word(const char *word)
{
    const char *value = strchr(word, '=');
    size_t length = value ? (size_t)(value - word) : strlen(word);
    value = value ? value + 1 : "";
#define IS(name) (length == sizeof(name) - 1 && memcmp(word, name, length) == 0)
    if (IS("memory"))
        card.memory_bytes = bytes_of(value, word);
    else if (IS("free"))
        card.free_bytes = bytes_of(value, word);
    else if (IS("context"))
        card.context_bytes = bytes_of(value, word);
    else if (IS("module"))
        card.module_bytes = bytes_of(value, word);
    else if (IS("late"))
        card.late_bytes = bytes_of(value, word);
    else if (IS("grain"))
        card.grain_bytes = bytes_of(value, word);
    else if (IS("pinned"))
        card.pinned_bytes = bytes_of(value, word);
    else if (IS("cc")) {
        if (sscanf(value, "%d.%d", &card.cc_major, &card.cc_minor) != 2)
            fake_abort("BRIM_FAKE_CARD: %s is not like cc=8.6", word);
    } else if (IS("name"))
        snprintf(card.name, sizeof card.name, "%s", value);
    else if (IS("driver"))
        card.driver = (int)number_of(value, word);
    else if (IS("cards"))
        card.cards = (int)number_of(value, word);
    else if (IS("sms"))
        card.sms = (int)number_of(value, word);
    else if (IS("bus"))
        card.bus_bits = (int)number_of(value, word);
    else if (IS("error"))
        card.error = (CUresult)number_of(value, word);
    else if (IS("failing"))
        card.failing = (int)number_of(value, word);
    else if (IS("old"))
        card.old = atoi(value);
    else if (IS("other"))
        read_other(value, word);
    else if (IS("fail"))
        read_failure(value, word);
    else if (IS("strict"))
        card.strict = true;
    else if (IS("threads"))
        card.threads = true;
    else if (IS("lazy"))
        card.lazy = true;
    else if (IS("stalls"))
        card.stalls = true;
    else if (IS("tell"))
        card.tell = true;
    else
        fake_abort("BRIM_FAKE_CARD: no word \"%s\"; see tests/fake_cuda/fake_cuda.h", word);
#undef IS
}

static void read_card(void)
{
    card = (FakeCard){.memory_bytes = (size_t)8 << 30,
                      .free_bytes = SIZE_MAX,
                      .context_bytes = (size_t)100 << 20,
                      .module_bytes = (size_t)4 << 20,
                      .grain_bytes = 1,
                      .pinned_bytes = SIZE_MAX,
                      .cc_major = 8,
                      .cc_minor = 6,
                      .driver = CUDA_VERSION,
                      .cards = 1,
                      .sms = 20,
                      .bus_bits = 128,
                      .name = "NVIDIA False Card",
                      .failing = -1,
                      .other = -1,
                      .old = -1,
                      .error = CUDA_ERROR_LAUNCH_FAILED};
    char words[1024], *rest = words;
    const char *given = getenv("BRIM_FAKE_CARD");
    snprintf(words, sizeof words, "%s", given ? given : "");
    for (char *word = strsep(&rest, ","); word; word = strsep(&rest, ","))
        if (*word)
            read_word(word);
    if (card.free_bytes > card.memory_bytes)
        card.free_bytes = card.memory_bytes;
    if (card.grain_bytes < 1)
        fake_abort("BRIM_FAKE_CARD: grain starts at 1");
    if (card.cards < 0 || card.cards > FAKE_CARDS)
        fake_abort("BRIM_FAKE_CARD: there may be 0 to %d cards", FAKE_CARDS);
}

const FakeCard *fake_card(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, read_card);
    return &card;
}

size_t fake_card_memory_bytes(int device)
{
    return device == fake_card()->other ? card.other_bytes : fake_card()->memory_bytes;
}

size_t fake_card_free_bytes(int device)
{
    return device == fake_card()->other ? card.other_bytes : fake_card()->free_bytes;
}

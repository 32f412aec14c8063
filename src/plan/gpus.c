/* The table of cards, and the search in it. */
#include "plan/gpus.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* Sizes, clocks and bandwidths are the makers' figures; memory is what nvidia-smi or PyTorch printed in
 * public logs where `observed`. Tensor rates are dense, fp16 with fp32 sums. */
/* clang-format off */
static const BrimGpu gpus[] = {
    /* name                             capability, SMs, GB, Linux MiB, Windows MiB, GB/s, MHz, TFLOPS, context MiB, observed */
    {"GeForce GTX 1050 Ti",              61,   6,   4,   4040,   4096,  112, 1392,   0.0,  49, false},
    {"GeForce GTX 1060 6GB",             61,  10,   6,   6075,   6144,  192, 1708,   0.0,  65, true},
    {"GeForce GTX 1070",                 61,  15,   8,   8114,   8192,  256, 1683,   0.0,  85, false},
    {"GeForce GTX 1080",                 61,  20,   8,   8112,   8192,  320, 1733,   0.0, 105, true},
    {"GeForce GTX 1080 Ti",              61,  28,  11,  11170,  11264,  484, 1582,   0.0, 137, true},
    {"GeForce GTX 1650",                 75,  14,   4,   3904,   4095,  128, 1665,   0.0,  55, true},
    {"GeForce GTX 1660 SUPER",           75,  22,   6,   5940,   6143,  336, 1785,   0.0,  91, true},
    {"GeForce RTX 2060",                 75,  30,   6,   5738,   6143,  336, 1680,  25.8,  90, true},
    {"GeForce RTX 2070",                 75,  36,   8,   7960,   8191,  448, 1620,  29.9, 133, false},
    {"GeForce RTX 2080 SUPER",           75,  48,   8,   7969,   8191,  496, 1815,  44.6, 169, true},
    {"GeForce RTX 2080 Ti",              75,  68,  11,  11019,  11264,  616, 1545,  53.8, 229, true},
    {"GeForce RTX 3050 Laptop GPU",      86,  16,   4,   3902,   4095,  192, 1500,  12.3,  72, true},
    {"GeForce RTX 3050 6GB Laptop GPU",  86,  20,   6,   5940,   6144,  168, 1492,  15.3,  85, true},
    {"GeForce RTX 3050 (8GB)",           86,  20,   8,   7970,   8191,  224, 1777,  18.2,  85, true},
    {"GeForce RTX 3060 Laptop GPU",      86,  30,   6,   5946,   6143,  336, 1703,  26.2, 113, true},
    {"GeForce RTX 3060",                 86,  28,  12,  12042,  12287,  360, 1777,  25.5, 109, true},
    {"GeForce RTX 3060 Ti",              86,  38,   8,   7973,   8191,  448, 1665,  32.4, 139, true},
    {"GeForce RTX 3070",                 86,  46,   8,   7979,   8191,  448, 1725,  40.6, 163, true},
    {"GeForce RTX 3070 Ti",              86,  48,   8,   7970,   8191,  608, 1770,  43.5, 169, true},
    {"GeForce RTX 3080",                 86,  68,  10,  10018,  10239,  760, 1710,  59.5, 229, true},
    {"GeForce RTX 3080 Ti",              86,  80,  12,  12053,  12287,  912, 1665,  68.2, 271, true},
    {"GeForce RTX 3090",                 86,  82,  24,  24268,  24575,  936, 1695,  71.2, 271, true},
    {"GeForce RTX 3090 Ti",              86,  84,  24,  24240,  24563, 1008, 1860,  80.0, 267, true},
    {"GeForce RTX 4050 Laptop GPU",      89,  20,   6,   5900,   6140,  192, 2055,  21.0,  85, false},
    {"GeForce RTX 4060",                 89,  24,   8,   7800,   8187,  272, 2460,  30.2,  97, true},
    {"GeForce RTX 4060 Ti",              89,  34,   8,   7800,   8187,  288, 2535,  44.1, 127, false},
    {"GeForce RTX 4070 Laptop GPU",      89,  36,   8,   7807,   8188,  256, 2175,  40.1, 133, true},
    {"GeForce RTX 4070",                 89,  46,  12,  11850,  12281,  504, 2475,  58.3, 163, true},
    {"GeForce RTX 4070 Ti",              89,  60,  12,  11850,  12281,  504, 2610,  80.2, 205, false},
    {"GeForce RTX 4080",                 89,  76,  16,  15950,  16375,  717, 2505,  97.5, 253, false},
    {"GeForce RTX 4090",                 89, 128,  24,  24210,  24563, 1008, 2520, 165.2, 409, true},
    {"GeForce RTX 5070 Ti",             120,  70,  16,  15847,  16302,  896, 2452,  87.9, 235, true},
    {"GeForce RTX 5080",                120,  84,  16,  15860,  16302,  960, 2617, 112.6, 277, true},
    {"GeForce RTX 5090",                120, 170,  32,  32100,  32606, 1792, 2407, 209.5, 535, false},
    {"Tesla P100-PCIE-16GB",             60,  56,  16,  16280,      0,  732, 1303,   0.0, 263, true},
    {"Tesla V100-SXM2-16GB",             70,  80,  16,  16144,      0,  900, 1530, 125.0, 310, true},
    {"Tesla T4",                         75,  40,  16,  15079,      0,  320, 1590,  65.0, 145, true},
    {"A10",                              86,  72,  24,  22731,      0,  600, 1695, 125.0, 241, false},
    {"L4",                               89,  58,  24,  22518,      0,  300, 2040, 121.0, 187, true},
    {"RTX A4000",                        86,  48,  16,  16110,  16375,  448, 1560,  76.7, 169, false},
    {"RTX A6000",                        86,  84,  48,  48670,  49140,  768, 1800, 154.8, 277, false},
    {"L40S",                             89, 142,  48,  45589,      0,  864, 2520, 362.0, 431, true},
    {"A100-SXM4-40GB",                   80, 108,  40,  40536,      0, 1555, 1410, 312.0, 457, true},
    {"A100-SXM4-80GB",                   80, 108,  80,  81111,      0, 2039, 1410, 312.0, 457, true},
    {"H100 80GB HBM3",                   90, 132,  80,  81230,      0, 3350, 1830, 989.0, 741, true},
    {"H200",                             90, 132, 141, 143771,      0, 4800, 1830, 989.0, 741, false},
};
/* clang-format on */
enum {
    GPU_COUNT = sizeof gpus / sizeof gpus[0],
    MAX_TOKENS = 24,
    OTHER_CARD = 100,
    TOKEN_BYTES = 16,
    LISTED = 5,
    LIST_BYTES = 320,
    SHOWN_BYTES = 64
};

int brim_gpu_count(void)
{
    return GPU_COUNT;
}

const BrimGpu *brim_gpu_at(int index)
{
    return &gpus[index];
}

/* Cores of one SM, by compute capability: CUDA's programming guide, "arithmetic instructions". */
double brim_gpu_fp32_flops(const BrimGpu *gpu)
{
    bool wide =
        gpu->capability == 61 || gpu->capability == 86 || gpu->capability == 89 || gpu->capability >= 90;
    return (wide ? 128.0 : 64.0) * 2 * gpu->sm_count * gpu->boost_mhz * 1e6;
}

/* Runs of letters and runs of digits, in lower case; all else separates. */
typedef struct Tokens {
    char text[MAX_TOKENS][TOKEN_BYTES];
    int count;
} Tokens;

static int class_of(char letter)
{
    return isdigit((unsigned char)letter) ? 1 : isalpha((unsigned char)letter) ? 2 : 0;
}

/* False where there are more words, or longer ones, than any card's name has. */
static bool split(Tokens *tokens, const char *text)
{
    while (*text) {
        int class = class_of(*text), length = 0;
        while (text[length] && class_of(text[length]) == class)
            length++;
        if (class && (tokens->count == MAX_TOKENS || length >= TOKEN_BYTES))
            return false;
        for (int i = 0; class && i < length; i++)
            tokens->text[tokens->count][i] = (char)tolower((unsigned char)text[i]);
        if (class)
            tokens->text[tokens->count++][length] = '\0';
        text += length;
    }
    return true;
}

/* A word that says nothing, or the unit of a number that was said. */
static bool is_filler(const char *token)
{
    return strcmp(token, "nvidia") == 0 || strcmp(token, "gb") == 0;
}

/* Words without which a number means another card: an RTX 5070 is no RTX 5070 Ti. */
static bool tells_apart(const char *token)
{
    return strcmp(token, "ti") == 0 || strcmp(token, "super") == 0 || strcmp(token, "laptop") == 0;
}

/* Where the card has the word: in its name, behind it for the size of its memory, else -1. */
static int find_token(const Tokens *name, const char *memory, const bool *used, const char *token)
{
    for (int at = 0; at < name->count; at++) {
        if (!used[at] && strcmp(name->text[at], token) == 0)
            return at;
    }
    return strcmp(memory, token) == 0 && !used[MAX_TOKENS] ? MAX_TOKENS : -1;
}

/* A number with "gb" behind it. */
static bool is_size(const Tokens *query, int i)
{
    return i + 1 < query->count && isdigit((unsigned char)query->text[i][0]) &&
           strcmp(query->text[i + 1], "gb") == 0;
}

/* How many words of the query the card has, each once; its name's further words in *further, OTHER_CARD and
 * more where one of them tells it apart, or where the query names no more than a size of memory. */
static int matches(const Tokens *query, const BrimGpu *gpu, int *further)
{
    Tokens name = {.count = 0};
    bool used[MAX_TOKENS + 1] = {false}, named = false;
    char memory[TOKEN_BYTES];
    int found = 0;
    split(&name, gpu->name);
    snprintf(memory, sizeof memory, "%d", gpu->memory_gb);
    *further = name.count;
    for (int i = 0; i < query->count; i++) {
        const char *token = query->text[i];
        bool wrong_size = is_size(query, i) && strcmp(token, memory) != 0;
        int at = wrong_size ? -1 : find_token(&name, memory, used, token);
        if (at >= 0)
            used[at] = true;
        named = named || (at >= 0 && !is_filler(token) && strcmp(token, memory) != 0);
        found += at >= 0 || is_filler(token);
        *further -= at >= 0 && at < name.count;
    }
    for (int i = 0; i < name.count; i++)
        *further += !used[i] && tells_apart(name.text[i]) ? OTHER_CARD : 0;
    *further += named ? 0 : OTHER_CARD;
    return found;
}

/* "A, B, C" of the cards that were marked; returns the text. */
static const char *list_marked(const bool *marked, char text[LIST_BYTES])
{
    int length = 0, listed = 0;
    text[0] = '\0';
    for (int i = 0; i < GPU_COUNT && listed < LISTED; i++) {
        if (marked[i])
            length += snprintf(text + length, LIST_BYTES - (size_t)length, "%s%s", listed++ ? ", " : "",
                               gpus[i].name);
    }
    return text;
}

/* The beginning of the words, in one line. */
static const char *show(const char *words, char text[SHOWN_BYTES])
{
    snprintf(text, SHOWN_BYTES, "%s", words);
    for (char *at = text; *at; at++)
        *at = iscntrl((unsigned char)*at) ? '?' : *at;
    return text;
}

/* What the words come nearest to. */
static BrimStatus refuse(const char *words, const Tokens *query)
{
    bool near[GPU_COUNT] = {false};
    char text[LIST_BYTES], shown[SHOWN_BYTES];
    int further, most = 0;
    for (int i = 0; i < GPU_COUNT; i++) {
        int found = matches(query, &gpus[i], &further);
        most = found > most ? found : most;
    }
    for (int i = 0; i < GPU_COUNT && most > 0; i++)
        near[i] = matches(query, &gpus[i], &further) == most;
    return brim_fail(
        BRIM_ERROR_INPUT,
        "no card \"%s\" is known%s%s; `brim plan --gpu list` lists all, --memory plans without one",
        show(words, shown), most ? "; near are " : "", list_marked(near, text));
}

BrimStatus brim_gpu_find(const BrimGpu **gpu, const char *words)
{
    Tokens query = {.count = 0};
    bool best[GPU_COUNT] = {false};
    char text[LIST_BYTES], shown[SHOWN_BYTES];
    const BrimGpu *found = NULL;
    int least = OTHER_CARD - 1, count = 0;
    if (!split(&query, words) || query.count == 0)
        return refuse(words, &(Tokens){.count = 0});
    for (int i = 0; i < GPU_COUNT; i++) {
        int further;
        if (matches(&query, &gpus[i], &further) < query.count || further > least)
            continue;
        if (further < least) {
            memset(best, 0, sizeof best);
            count = 0;
        }
        least = further;
        best[i] = true;
        count++;
        found = &gpus[i];
    }
    if (count == 0)
        return refuse(words, &query);
    if (count > 1)
        return brim_fail(BRIM_ERROR_INPUT, "the card \"%s\" may be %s; say which", show(words, shown),
                         list_marked(best, text));
    *gpu = found;
    return BRIM_OK;
}

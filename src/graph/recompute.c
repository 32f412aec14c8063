/* Levels of recomputation to and from text. */
#include "graph/recompute.h"

#include <string.h>

static const struct {
    const char *word;
    char letter;
    BrimRecompute level;
} levels[] = {
    {"nothing", 'n', BRIM_RECOMPUTE_NOTHING},
    {"activations", 'a', BRIM_RECOMPUTE_ACTIVATIONS},
    {"inside", 'i', BRIM_RECOMPUTE_INSIDE},
    {"blocks", 'l', BRIM_RECOMPUTE_LAYER},
};
enum { LEVEL_COUNT = sizeof levels / sizeof levels[0] };

static bool has_several_convs(const BrimLayer *layer)
{
    return layer->module == BRIM_MODULE_C3 || layer->module == BRIM_MODULE_SPP ||
           layer->module == BRIM_MODULE_SPPF || layer->module == BRIM_MODULE_BOTTLENECK;
}

/* Only the next layer reads it. */
static bool read_nearby(const BrimModel *model, int layer)
{
    for (int reader = layer + 2; reader < model->layer_count; reader++) {
        for (int i = 0; i < model->layers[reader].from_count; i++) {
            if (model->layers[reader].from[i] == layer)
                return false;
        }
    }
    return true;
}

static void fill(const BrimModel *model, BrimRecompute level, uint8_t recompute[BRIM_MAX_LAYERS])
{
    memset(recompute, (int)level, BRIM_MAX_LAYERS);
    for (int layer = 0; layer < model->layer_count && level == BRIM_RECOMPUTE_LAYER; layer++) {
        if (!has_several_convs(&model->layers[layer]))
            recompute[layer] = BRIM_RECOMPUTE_ACTIVATIONS;
        else if (!read_nearby(model, layer))
            recompute[layer] = BRIM_RECOMPUTE_INSIDE;
    }
}

BrimStatus brim_recompute_parse(const char *text, const BrimModel *model, uint8_t recompute[BRIM_MAX_LAYERS])
{
    fill(model, BRIM_RECOMPUTE_ACTIVATIONS, recompute);
    if (!text || !*text)
        return BRIM_OK;
    for (int i = 0; i < LEVEL_COUNT; i++) {
        if (strcmp(text, levels[i].word) == 0) {
            fill(model, levels[i].level, recompute);
            return BRIM_OK;
        }
    }
    size_t count = strlen(text);
    for (size_t at = 0; at < BRIM_MAX_LAYERS; at++) {
        char letter = text[at < count ? at : count - 1];
        int i = 0;
        while (i < LEVEL_COUNT && levels[i].letter != letter)
            i++;
        if (i == LEVEL_COUNT || count > BRIM_MAX_LAYERS)
            return brim_fail(
                BRIM_ERROR_ARGUMENT,
                "--recompute %.80s: nothing, activations, inside or blocks, or a letter of n, a, i, l for "
                "each layer of the model",
                text);
        recompute[at] = (uint8_t)levels[i].level;
    }
    return BRIM_OK;
}

static int row_of(uint8_t level)
{
    int row = 0;
    while (row < LEVEL_COUNT - 1 && levels[row].level != (BrimRecompute)level)
        row++;
    return row;
}

void brim_recompute_format(const uint8_t *recompute, const BrimModel *model,
                           char text[BRIM_RECOMPUTE_TEXT_BYTES])
{
    uint8_t whole[BRIM_MAX_LAYERS];
    int length = model->layer_count;
    for (int i = 0; i < LEVEL_COUNT; i++) {
        fill(model, levels[i].level, whole);
        if (memcmp(whole, recompute, (size_t)length) == 0) {
            strcpy(text, levels[i].word);
            return;
        }
    }
    while (length > 1 && recompute[length - 2] == recompute[length - 1])
        length--; /* the last letter stands for all behind it */
    for (int i = 0; i < length; i++)
        text[i] = levels[row_of(recompute[i])].letter;
    text[length] = '\0';
}

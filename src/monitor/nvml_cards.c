/* Which cards and parts of cards there are, who they are, and that they are the same ones as before. */
#include "monitor/nvml.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_CARDS = 256 }; /* a driver that counts more is mistaken */

static void say(const BrimNvml *api, char why[BRIM_NVML_WHY_TEXT], const char *call, BrimNvmlResult result)
{
    char text[BRIM_NVML_RESULT_TEXT];
    snprintf(why, BRIM_NVML_WHY_TEXT, "%s: %s", call, brim_nvml_result_text(api, result, text));
}

void brim_nvml_begin(BrimVendorState *state, int64_t now_ns)
{
    const BrimNvml *api = &state->api;
    char driver[96] = "";
    if (state->begun && api->shutdown)
        api->shutdown();
    BrimNvmlResult result = api->init();
    state->begun = result == BRIM_NVML_SUCCESS;
    state->looked_ns = now_ns;
    state->why[0] = 0;
    if (!state->begun)
        say(api, state->why, "nvmlInit", result);
    else if (api->driver_version && api->driver_version(driver, sizeof driver) == BRIM_NVML_SUCCESS)
        brim_nvml_copy_text(state->driver, sizeof state->driver, driver, sizeof driver);
}

/* All 32 characters, or the 16 of older functions. */
static void read_pci(BrimNvmlReading *reading, BrimNvmlDevice handle, char *address, size_t bytes)
{
    BrimNvmlPci pci = {.address = ""};
    if (!brim_nvml_good(reading, BRIM_NVML_ASK(reading, pci, handle, &pci), "nvmlDeviceGetPciInfo"))
        return;
    if (pci.address[0])
        brim_nvml_copy_text(address, bytes, pci.address, sizeof pci.address);
    else
        brim_nvml_copy_text(address, bytes, pci.old_address, sizeof pci.old_address);
}

static int read_gpu_instance(BrimNvmlReading *reading, BrimNvmlDevice part)
{
    unsigned number = 0;
    bool good = brim_nvml_good(reading, BRIM_NVML_ASK(reading, gpu_instance, part, &number),
                               "nvmlDeviceGetGpuInstanceId");
    return good && number < 1024 ? (int)number : -1;
}

/* Its UUID, or its PCI address where it has none, or what is left. */
static void read_id(BrimNvmlReading *reading, BrimNvmlDevice handle, unsigned index, char *id,
                    size_t id_bytes)
{
    char text[96] = "";
    if (brim_nvml_good(reading, BRIM_NVML_ASK(reading, uuid, handle, text, sizeof text), "nvmlDeviceGetUUID"))
        brim_nvml_copy_text(id, id_bytes, text, sizeof text);
    else
        read_pci(reading, handle, id, id_bytes);
    if (!id[0])
        snprintf(id, id_bytes, "index %u", index);
}

static void read_name(BrimNvmlReading *reading, BrimNvmlDevice handle, BrimNvmlIdentity *identity)
{
    char text[sizeof identity->name] = "";
    identity->name[0] = 0;
    if (brim_nvml_good(reading, BRIM_NVML_ASK(reading, name, handle, text, sizeof text), "nvmlDeviceGetName"))
        brim_nvml_copy_text(identity->name, sizeof identity->name, text, sizeof text);
}

/* The card without a handle that is that one, or else that stood there and may be; or a new one. id NULL: it
 * does not say. NULL: no memory. */
static BrimNvmlCard *card_of(BrimVendorState *state, int index, const char *id)
{
    for (int i = 0; id && i < state->card_count; i++)
        if (!state->cards[i].handle && strcmp(state->cards[i].identity.id, id) == 0)
            return &state->cards[i];
    for (int i = 0; i < state->card_count; i++)
        if (!state->cards[i].handle && state->cards[i].index == index && (!id || !state->cards[i].seen))
            return &state->cards[i];
    BrimNvmlCard *cards =
        brim_mem_room(BRIM_MEM_OTHER, state->cards, state->card_count, &state->card_room, sizeof *cards);
    if (!cards)
        return NULL;
    state->cards = cards;
    BrimNvmlCard *card = &state->cards[state->card_count++];
    *card = (BrimNvmlCard){.index = index,
                           .clock_most_hz = NAN,
                           .memory_clock_most_hz = NAN,
                           .received_bytes_per_s = NAN,
                           .sent_bytes_per_s = NAN};
    snprintf(card->identity.id, sizeof card->identity.id, "index %d", index);
    return card;
}

/* Meets the card at that index. What it does not answer of what is asked once is its trouble from now on. */
static BrimStatus meet(BrimVendorState *state, unsigned index)
{
    BrimDeviceSample heard = {.trouble = ""};
    BrimNvmlReading reading = {.api = &state->api, .device = &heard};
    char id[sizeof state->cards->identity.id] = "";
    BrimNvmlResult result = state->api.handle(index, &reading.handle);
    bool answers = brim_nvml_good(&reading, result, "nvmlDeviceGetHandleByIndex") && reading.handle;
    if (answers)
        read_id(&reading, reading.handle, index, id, sizeof id);
    answers = answers && !reading.lost;
    BrimNvmlCard *card = card_of(state, (int)index, answers ? id : NULL);
    if (!card)
        return BRIM_ERROR_MEMORY;
    if (answers && !card->seen) {
        memcpy(card->identity.id, id, sizeof id);
        read_name(&reading, reading.handle, &card->identity);
        read_pci(&reading, reading.handle, card->identity.pci, sizeof card->identity.pci);
        card->clock_most_hz = brim_nvml_read_clock_most(&reading, BRIM_NVML_CLOCK_SM);
        card->memory_clock_most_hz = brim_nvml_read_clock_most(&reading, BRIM_NVML_CLOCK_MEMORY);
    }
    card->index = (int)index;
    card->handle = answers && !reading.lost ? reading.handle : NULL;
    card->seen = card->seen || card->handle;
    memcpy(card->why, heard.trouble, sizeof card->why);
    if (!card->handle && !card->why[0])
        say(&state->api, card->why, "nvmlDeviceGetHandleByIndex", result);
    return BRIM_OK;
}

static int by_index(const void *left, const void *right)
{
    const BrimNvmlCard *a = left, *b = right;
    return a->index != b->index ? (a->index > b->index) - (a->index < b->index)
                                : strcmp(a->identity.id, b->identity.id);
}

BrimStatus brim_nvml_find_cards(BrimVendorState *state)
{
    unsigned count = 0;
    BrimNvmlResult result = state->begun ? state->api.count(&count) : BRIM_NVML_SUCCESS;
    if (result != BRIM_NVML_SUCCESS)
        say(&state->api, state->why, "nvmlDeviceGetCount", result);
    else if (state->begun)
        state->why[0] = 0;
    for (int i = 0; i < state->card_count; i++) {
        state->cards[i].handle = NULL;
        snprintf(state->cards[i].why, BRIM_NVML_WHY_TEXT, "%s",
                 state->why[0] ? state->why : "nvmlDeviceGetCount: the card is not among those there are");
    }
    if (state->why[0])
        count = 0;
    for (unsigned i = 0; i < count && i < MOST_CARDS; i++)
        if (meet(state, i) != BRIM_OK)
            return BRIM_ERROR_MEMORY;
    if (state->card_count > 0)
        qsort(state->cards, (size_t)state->card_count, sizeof *state->cards, by_index);
    return BRIM_OK;
}

/* Handles are used again for other parts, and only the id tells; so it is read each time, the name when it is
 * new. */
static void meet_part(BrimNvmlReading *reading, BrimNvmlDevice part, unsigned index,
                      BrimNvmlIdentity *identity)
{
    char id[sizeof identity->id] = "";
    read_id(reading, part, index, id, sizeof id);
    if (reading->lost || strcmp(id, identity->id) == 0)
        return;
    memcpy(identity->id, id, sizeof id);
    read_name(reading, part, identity);
    identity->gpu_instance = read_gpu_instance(reading, part);
}

bool brim_nvml_find_parts(BrimNvmlReading *reading, BrimNvmlCard *card,
                          BrimNvmlDevice handles[BRIM_NVML_MOST_PARTS])
{
    unsigned mode = 0, after_reset, most = 0;
    for (int i = 0; i < BRIM_NVML_MOST_PARTS; i++)
        handles[i] = NULL;
    if (!brim_nvml_good(reading, BRIM_NVML_ASK(reading, mig_mode, reading->handle, &mode, &after_reset),
                        "nvmlDeviceGetMigMode"))
        return false;
    bool cut = mode == BRIM_NVML_MIG_ENABLED;
    if (cut && !brim_nvml_good(reading, BRIM_NVML_ASK(reading, mig_most, reading->handle, &most),
                               "nvmlDeviceGetMaxMigDeviceCount"))
        return true;
    for (unsigned i = 0; i < BRIM_NVML_MOST_PARTS; i++) {
        BrimNvmlResult result = i < most ? BRIM_NVML_ASK(reading, mig_handle, reading->handle, i, &handles[i])
                                         : BRIM_NVML_NOT_FOUND;
        if (result == BRIM_NVML_NOT_FOUND) /* taken away by whoever cuts the card: not lost */
            card->parts[i] = (BrimNvmlIdentity){.id = ""};
        else if (!brim_nvml_good(reading, result, "nvmlDeviceGetMigDeviceHandleByIndex"))
            handles[i] = NULL;
        else if (handles[i])
            meet_part(reading, handles[i], i, &card->parts[i]);
    }
    return cut;
}

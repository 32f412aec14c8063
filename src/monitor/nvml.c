/* NVIDIA's cards through NVML, each with its MIG parts behind it. */
#include "monitor/nvml.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

/* Of one card, and how many cards at most in one sample, as each keeps it waiting for 40 ms. */
static const int64_t traffic_period_ns = 1000000000;
enum { TRAFFIC_CARDS = 2 };

/* A lost card is asked for in every sample. That NVML finds it where it came back another one, it has to be
 * started again, which is too dear for every sample; and so is asking for a card that never answered. */
static const int64_t look_period_ns = INT64_C(30000000000);

const char *brim_nvml_reason(const BrimVendorState *state)
{
    return state ? state->why : "";
}

static void nvml_close(BrimVendorState **state)
{
    if (!*state)
        return;
    if ((*state)->begun && (*state)->api.shutdown)
        (*state)->api.shutdown();
    brim_nvml_close(&(*state)->api);
    brim_nvml_lists_clear(&(*state)->lists);
    brim_mem_give((*state)->cards);
    brim_mem_give(*state);
    *state = NULL;
}

static BrimStatus nvml_open(BrimVendorState **state, const BrimVendorPlaces *places)
{
    BrimStatus status = BRIM_OK;
    BrimNvml api;
    *state = NULL;
    if (!brim_nvml_open(&api, places->nvml_library))
        return BRIM_OK;
    *state = brim_mem_take(BRIM_MEM_OTHER, 1, sizeof **state);
    if (!*state) {
        brim_nvml_close(&api);
        return BRIM_ERROR_MEMORY;
    }
    (*state)->api = api;
    brim_nvml_begin(*state, brim_clock_ns());
    BRIM_TRY(brim_nvml_find_cards(*state));
    return BRIM_OK;
fail:
    nvml_close(state);
    return status;
}

static BrimDeviceSample *add_device(const BrimVendorState *state, BrimDraft *draft,
                                    const BrimNvmlIdentity *identity, int index, int parent)
{
    BrimDeviceSample *device = brim_draft_device(draft);
    if (!device)
        return NULL;
    strcpy(device->vendor, "nvidia");
    strcpy(device->name, identity->name);
    strcpy(device->id, identity->id);
    strcpy(device->driver, state->driver);
    strcpy(device->pci, parent < 0 ? identity->pci : "");
    device->gpu_instance = parent < 0 ? -1 : identity->gpu_instance;
    device->index = index;
    device->parent = parent;
    return device;
}

/* Takes back what the draft has of a device that was lost while it was asked. */
static void forget(BrimDraft *draft, BrimDeviceSample *device, int first_process)
{
    for (int i = 0; i < BRIM_METRIC_COUNT; i++)
        device->value[i] = NAN;
    draft->process_count = first_process;
}

static BrimStatus sample_part(BrimVendorState *state, BrimDraft *draft, const BrimNvmlCard *card, int index,
                              int parent, BrimNvmlDevice handle)
{
    int at = draft->device_count, first_process = draft->process_count;
    BrimDeviceSample *device = add_device(state, draft, &card->parts[index], index, parent);
    if (!device)
        return BRIM_ERROR_MEMORY;
    BrimNvmlReading reading = {.api = &state->api, .handle = handle, .device = device, .lost = !handle};
    strcpy(device->trouble, handle ? "" : draft->devices[parent].trouble);
    brim_nvml_read_memory(&reading);
    if (!draft->no_processes && brim_nvml_read_processes(&reading, &state->lists, draft, at) != BRIM_OK)
        return BRIM_ERROR_MEMORY;
    brim_nvml_read_end(&reading);
    device->lost = reading.lost;
    if (device->lost)
        forget(draft, device, first_process);
    return BRIM_OK;
}

/* NVML's figure of the traffic, not older than a second where there are no more than two cards. */
static void sample_traffic(BrimNvmlReading *reading, BrimNvmlCard *card, bool turn, int64_t now_ns)
{
    if (turn && now_ns >= card->traffic_due_ns) {
        brim_nvml_read_traffic(reading, &card->received_bytes_per_s, &card->sent_bytes_per_s);
        card->traffic_due_ns = now_ns + traffic_period_ns;
    }
    reading->device->value[BRIM_METRIC_PCIE_RECEIVED] = card->received_bytes_per_s;
    reading->device->value[BRIM_METRIC_PCIE_SENT] = card->sent_bytes_per_s;
}

static void lose(BrimNvmlCard *card, BrimDraft *draft, BrimDeviceSample *device, int first_process)
{
    forget(draft, device, first_process);
    device->lost = card->seen;
    card->handle = NULL;
    card->received_bytes_per_s = card->sent_bytes_per_s = NAN;
    card->traffic_due_ns = 0;
    memcpy(card->why, device->trouble, sizeof card->why);
}

static BrimStatus sample_card(BrimVendorState *state, BrimDraft *draft, BrimNvmlCard *card, bool turn)
{
    BrimNvmlDevice parts[BRIM_NVML_MOST_PARTS];
    int at = draft->device_count, first_process = draft->process_count;
    BrimDeviceSample *device = add_device(state, draft, &card->identity, card->index, -1);
    if (!device)
        return BRIM_ERROR_MEMORY;
    BrimNvmlReading reading = {.api = &state->api,
                               .handle = card->handle,
                               .device = device,
                               .failures = card->why[0] != 0,
                               .lost = !card->handle};
    memcpy(device->trouble, card->why, sizeof device->trouble);
    device->value[BRIM_METRIC_CLOCK_MOST] = card->clock_most_hz;
    device->value[BRIM_METRIC_MEMORY_CLOCK_MOST] = card->memory_clock_most_hz;
    brim_nvml_read_figures(&reading);
    sample_traffic(&reading, card, turn, draft->monotonic_ns);
    bool cut = brim_nvml_find_parts(&reading, card, parts);
    /* Whoever may not see all parts gets no processes from the card itself, so each part is asked for its
     * own. */
    if (!cut && !draft->no_processes &&
        brim_nvml_read_processes(&reading, &state->lists, draft, at) != BRIM_OK)
        return BRIM_ERROR_MEMORY;
    brim_nvml_read_end(&reading);
    if (reading.lost)
        lose(card, draft, device, first_process);
    for (int i = 0; i < BRIM_NVML_MOST_PARTS; i++)
        if (card->parts[i].id[0] &&
            sample_part(state, draft, card, i, at, reading.lost ? NULL : parts[i]) != BRIM_OK)
            return BRIM_ERROR_MEMORY;
    return BRIM_OK;
}

/* Whether there are cards that do not answer: of those that did before, or of those that never did. */
static bool some_silent(const BrimVendorState *state, bool seen)
{
    bool silent = false;
    for (int i = 0; i < state->card_count; i++)
        silent = silent || (!state->cards[i].handle && state->cards[i].seen == seen);
    return silent;
}

/* Nothing as long as all cards answer. */
static BrimStatus look_again(BrimVendorState *state, int64_t now_ns)
{
    bool due = now_ns - state->looked_ns >= look_period_ns;
    bool lost = !state->begun || some_silent(state, true);
    if (!lost && !(due && some_silent(state, false)))
        return BRIM_OK;
    if (lost && due)
        brim_nvml_begin(state, now_ns);
    else if (due)
        state->looked_ns = now_ns;
    return brim_nvml_find_cards(state);
}

static BrimStatus nvml_sample(BrimVendorState *state, BrimDraft *draft)
{
    if (look_again(state, draft->monotonic_ns) != BRIM_OK)
        return BRIM_ERROR_MEMORY;
    int count = state->card_count;
    for (int i = 0; i < count; i++) {
        bool turn = (i - state->turn + count) % count < TRAFFIC_CARDS;
        if (sample_card(state, draft, &state->cards[i], turn) != BRIM_OK)
            return BRIM_ERROR_MEMORY;
    }
    state->turn = count > 0 ? (state->turn + TRAFFIC_CARDS) % count : 0;
    return BRIM_OK;
}

const BrimVendor brim_vendor_nvidia = {"nvidia", nvml_open, nvml_sample, nvml_close};

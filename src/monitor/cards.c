/* Cards from sample to sample. */
#include "monitor/cards.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct BrimVendorState {
    const BrimCardsMaker *maker;
    BrimDrmCards drm;
    BrimCard *cards; /* one for each of drm's */
    int *devices;    /* and where they are in the draft */
    BrimClients clients;
};

/* Drivers that come with the kernel have no version but the kernel's; those built beside it say their own. */
static void note_driver(BrimCard *card, const BrimDrmCard *drm, const char *root)
{
    char path[64], version[48];
    int sys = brim_sysfs_folder_at_root(root, "/sys/module"),
        proc = brim_sysfs_folder_at_root(root, "/proc/sys/kernel");
    snprintf(path, sizeof path, "%s/version", drm->driver);
    if (brim_sysfs_text(sys, path, version, sizeof version) != 0)
        brim_sysfs_text(proc, "osrelease", version, sizeof version);
    snprintf(card->driver, sizeof card->driver, "%s%s%s", drm->driver, version[0] ? " " : "", version);
    brim_sysfs_folder_close(&sys);
    brim_sysfs_folder_close(&proc);
}

BrimStatus brim_cards_open(BrimVendorState **state, const BrimVendorPlaces *places,
                           const BrimCardsMaker *maker)
{
    BrimStatus status = BRIM_OK;
    BrimDrmCards drm;
    *state = NULL;
    BRIM_TRY(brim_drm_find(&drm, places->root, maker->drivers));
    if (!drm.count) {
        brim_drm_close(&drm);
        return BRIM_OK;
    }
    BrimVendorState *made = brim_mem_take(BRIM_MEM_OTHER, 1, sizeof *made);
    if (!made) {
        brim_drm_close(&drm);
        return BRIM_ERROR_MEMORY;
    }
    *state = made;
    made->maker = maker;
    made->drm = drm;
    brim_clients_open(&made->clients, places->root);
    made->cards = brim_mem_take(BRIM_MEM_OTHER, (size_t)drm.count, sizeof *made->cards);
    made->devices = brim_mem_take(BRIM_MEM_OTHER, (size_t)drm.count, sizeof *made->devices);
    if (!made->cards || !made->devices) {
        brim_cards_close(state);
        return BRIM_ERROR_MEMORY;
    }
    for (int i = 0; i < drm.count; i++) {
        made->cards[i].energy_joules = NAN;
        note_driver(&made->cards[i], &drm.list[i], places->root);
        maker->prepare(&made->cards[i], &drm.list[i]);
    }
fail:
    return status;
}

void brim_cards_close(BrimVendorState **state)
{
    BrimVendorState *gone = *state;
    if (!gone)
        return;
    for (int i = 0; gone->cards && i < gone->drm.count; i++)
        brim_sensors_close(&gone->cards[i].sensors);
    brim_mem_give(gone->cards);
    brim_mem_give(gone->devices);
    brim_clients_close(&gone->clients);
    brim_drm_close(&gone->drm);
    brim_mem_give(gone);
    *state = NULL;
}

/* A card that comes back has new files. */
static void look(BrimVendorState *state, int i)
{
    BrimDrmCard *drm = &state->drm.list[i];
    BrimCard *card = &state->cards[i];
    bool anew = brim_drm_look(&state->drm, drm);
    if (anew || drm->presence == BRIM_DRM_GONE)
        brim_sensors_close(&card->sensors);
    if (anew)
        state->maker->prepare(card, drm);
}

static void fill(BrimVendorState *state, int i, int64_t monotonic_ns, BrimDeviceSample *device)
{
    const BrimDrmCard *drm = &state->drm.list[i];
    BrimCard *card = &state->cards[i];
    snprintf(device->vendor, sizeof device->vendor, "%s", state->maker->vendor);
    snprintf(device->name, sizeof device->name, "%s", drm->name);
    snprintf(device->id, sizeof device->id, "%s", drm->address);
    snprintf(device->pci, sizeof device->pci, "%.31s", drm->address);
    snprintf(device->driver, sizeof device->driver, "%s", card->driver);
    device->index = drm->number;
    device->lost = drm->presence == BRIM_DRM_GONE;
    if (drm->presence == BRIM_DRM_AWAKE) {
        BrimCardsMoment moment = {.use = brim_clients_use(&state->clients, i, 0),
                                  .partial = state->clients.holders.partial,
                                  .first = state->clients.readings < 2,
                                  .monotonic_ns = monotonic_ns};
        brim_sensors_read(&card->sensors, device);
        state->maker->finish(card, drm, &moment, device);
        return;
    }
    card->energy_joules = NAN;
    if (device->lost)
        brim_sensors_complain(device, "gone: /sys/class/drm/card%d is not there any more", drm->number);
    else
        brim_sensors_complain(device, "asleep");
}

BrimStatus brim_cards_sample(BrimVendorState *state, BrimDraft *draft)
{
    BrimStatus status = BRIM_OK;
    for (int i = 0; i < state->drm.count; i++)
        look(state, i);
    if (!draft->no_processes || state->maker->needs_clients)
        BRIM_TRY(brim_clients_read(&state->clients, &state->drm, draft->monotonic_ns));
    for (int i = 0; i < state->drm.count; i++) {
        BrimDeviceSample *device = brim_draft_device(draft);
        if (!device)
            return BRIM_ERROR_MEMORY;
        state->devices[i] = draft->device_count - 1;
        fill(state, i, draft->monotonic_ns, device);
    }
    for (int i = 0; i < state->drm.count && !draft->no_processes; i++)
        if (state->drm.list[i].presence == BRIM_DRM_AWAKE)
            BRIM_TRY(brim_clients_append(&state->clients, i, draft, state->devices[i]));
fail:
    return status;
}

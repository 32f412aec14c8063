/* What amd.c and intel.c have in common: cards of some drivers, read sample after sample, present, asleep or
 * gone. What a maker's files are called they say themselves. */
#ifndef BRIM_MONITOR_CARDS_H
#define BRIM_MONITOR_CARDS_H

#include "monitor/clients.h"
#include "monitor/sensors.h"
#include "monitor/vendor.h"

typedef struct BrimCard {
    BrimSensors sensors;
    char driver[64];      /* "amdgpu 6.8.0-45-generic" */
    double energy_joules; /* at the sample before, for power; NAN: unknown */
    int64_t energy_ns;
} BrimCard;

typedef struct BrimCardsMoment {
    BrimClientsUse use;   /* of all clients of the card */
    bool partial;         /* some processes may not be seen, or not looked into */
    bool first;           /* nothing was read before */
    int64_t monotonic_ns; /* now */
} BrimCardsMoment;

typedef struct BrimCardsMaker {
    const char *vendor;
    const char *const *drivers; /* ends with NULL */
    bool needs_clients;         /* its devices' figures come from clients, whoever wants processes */

    /* Says which files feed which figures. */
    void (*prepare)(BrimCard *card, const BrimDrmCard *drm);

    /* Works out what no file has, once all files are read. */
    void (*finish)(BrimCard *card, const BrimDrmCard *drm, const BrimCardsMoment *moment,
                   BrimDeviceSample *device);
} BrimCardsMaker;

/* These are a vendor's functions, for the maker. */
BrimStatus brim_cards_open(BrimVendorState **state, const BrimVendorPlaces *places,
                           const BrimCardsMaker *maker);
BrimStatus brim_cards_sample(BrimVendorState *state, BrimDraft *draft);
void brim_cards_close(BrimVendorState **state);

#endif

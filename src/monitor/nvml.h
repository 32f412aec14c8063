/* The vendor behind NVML: what it keeps of each card between samples. */
#ifndef BRIM_MONITOR_NVML_H
#define BRIM_MONITOR_NVML_H

#include "monitor/nvml_processes.h"
#include "monitor/vendor.h"

enum {
    BRIM_NVML_MOST_PARTS = 16, /* MIG: no card yet has more than 7 */
    BRIM_NVML_WHY_TEXT = sizeof((BrimDeviceSample *)NULL)->trouble
};

typedef struct BrimNvmlIdentity {
    char id[64]; /* "": no such card or part */
    char name[96];
    char pci[32];     /* of a card; "" where it does not say */
    int gpu_instance; /* of a part; -1 where it does not say */
} BrimNvmlIdentity;

typedef struct BrimNvmlCard {
    BrimNvmlIdentity identity;
    int index;
    BrimNvmlDevice handle; /* NULL: it does not answer, and why says what it said last */
    bool seen;             /* it has answered before */
    char why[BRIM_NVML_WHY_TEXT];
    double clock_most_hz, memory_clock_most_hz;
    double received_bytes_per_s, sent_bytes_per_s; /* as measured last */
    int64_t traffic_due_ns;
    BrimNvmlIdentity parts[BRIM_NVML_MOST_PARTS]; /* MIG, by index */
} BrimNvmlCard;

struct BrimVendorState {
    BrimNvml api;
    bool begun;                   /* nvmlInit went well */
    int64_t looked_ns;            /* when it was started, or asked for cards that never answered */
    char why[BRIM_NVML_WHY_TEXT]; /* why there are no cards; "" */
    char driver[64];
    BrimNvmlCard *cards; /* by index */
    int card_count, card_room;
    int turn; /* the card whose traffic is measured next */
    BrimNvmlLists lists;
};

/* Why there are no NVIDIA cards where their library is: "nvmlInit: Driver/library version mismatch". ""
 * otherwise. */
const char *brim_nvml_reason(const BrimVendorState *state);

/* Starts the library, again if it is started already: for a card that it does not find any more as it runs.
 */
void brim_nvml_begin(BrimVendorState *state, int64_t now_ns);

/* Asks anew for the handle of every card and who it is; a new one is added, one that is gone loses its
 * handle. An error is memory alone. */
BrimStatus brim_nvml_find_cards(BrimVendorState *state);

/* The handles of a card's MIG parts by index, NULL where none answers; who they are goes to the card. false
 * where the card is not cut in parts. */
bool brim_nvml_find_parts(BrimNvmlReading *reading, BrimNvmlCard *card,
                          BrimNvmlDevice handles[BRIM_NVML_MOST_PARTS]);

#endif

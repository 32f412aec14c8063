/* The openings of cards ("clients", in the kernel's word) that processes hold: how long each kept which
 * engines busy since the sample before, and how much memory it has. Knows what a client is; not which figures
 * become of it. */
#ifndef BRIM_MONITOR_CLIENTS_H
#define BRIM_MONITOR_CLIENTS_H

#include "monitor/draft.h"
#include "monitor/fdinfo.h"
#include "monitor/holders.h"

typedef struct BrimClient {
    int card, pid, descriptor;
    BrimFdinfo info;                        /* counters: the highest that were seen */
    double share[BRIM_FDINFO_MOST_ENGINES]; /* of an engine's time since the last reading, 1 for all of all;
                                               NAN: unknown */
    int64_t read_ns;
    bool seen; /* in this sample */
} BrimClient;

typedef struct BrimClients {
    BrimHolders holders;
    BrimClient *list;
    int count, room;
    int64_t readings; /* samples so far */
} BrimClients;

/* What a card's clients, or those of one process, come to together. */
typedef struct BrimClientsUse {
    int count;   /* clients that could be read */
    int holders; /* descriptors that were found, whether or not they could be read; of all processes */
    double utilization_percent; /* of the engine that was busy most; NAN before two readings */
    double device_bytes;        /* NAN where the driver does not say */
    double host_bytes;
    const char *kind; /* by the engines that worked: "compute", "graphics", "both", "" */
} BrimClientsUse;

void brim_clients_open(BrimClients *clients, const char *root);
void brim_clients_close(BrimClients *clients);

/* Reads the clients of all cards that are awake. What cannot be read counts as not there. An error is memory
 * alone. */
BrimStatus brim_clients_read(BrimClients *clients, const BrimDrmCards *cards, int64_t monotonic_ns);

/* pid 0: all of the card's. */
BrimClientsUse brim_clients_use(const BrimClients *clients, int card, int pid);

/* Appends the card's processes, by number, as those of the draft's device. */
BrimStatus brim_clients_append(const BrimClients *clients, int card, BrimDraft *draft, int device);

#endif

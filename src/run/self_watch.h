/* A run that watches itself: a thread samples the device and this process through the monitor, so that peak
 * and mean can be told, and the moment when another process takes what the run leaves free. */
#ifndef BRIM_RUN_SELF_WATCH_H
#define BRIM_RUN_SELF_WATCH_H

#include "base/status.h"

typedef struct BrimSelfWatch BrimSelfWatch;

typedef struct BrimSelfWatchConf {
    double interval_s;      /* 0: a quarter of a second */
    uint64_t planned_bytes; /* of the device's memory, for this process */
    uint64_t reserve_bytes; /* what the run leaves free of the memory, for others */
    char card_id[48];       /* of the card that it runs on, as BrimDeviceInfo has it; "": the host */
    const char *trace;      /* samples to watch in the place of this machine's, for tests; NULL: none */
} BrimSelfWatchConf;

/* Starts the thread. A run does not depend on it: who cannot open it goes without. */
BrimStatus brim_self_watch_open(BrimSelfWatch **watch, const BrimSelfWatchConf *conf);

/* How the device was used since the opening (whole), or since the last restart. */
BrimUse brim_self_watch_use(BrimSelfWatch *watch, bool whole);
void brim_self_watch_restart(BrimSelfWatch *watch);

/* True once for each time that another process has taken what the run needs or leaves free; text says it in a
 * line. */
bool brim_self_watch_alarm(BrimSelfWatch *watch, char *text, size_t bytes);

/* Ends the thread. Takes the address, accepts NULL inside, clears. */
void brim_self_watch_close(BrimSelfWatch **watch);

#endif

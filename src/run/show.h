/* A run before the eyes of others, and its own: its card (monitor/run_card.h) while it works, and the samples
 * that it takes of itself. Neither is needed to work, so that what fails here is a remark. */
#ifndef BRIM_RUN_SHOW_H
#define BRIM_RUN_SHOW_H

#include "monitor/run_card.h"
#include "run/self_watch.h"
#include "train/engine.h"

typedef struct BrimShow {
    BrimRunCard card;
    bool written;
    int64_t written_ns;
    BrimSelfWatch *watch; /* NULL: not opened */
    BrimUse use;          /* of the event that was passed on last */
    BrimListener listener;
    void *self;
} BrimShow;

/* What is shown of a run. */
typedef struct BrimShown {
    const char *command, *model, *folder; /* folder NULL: none */
    uint64_t planned_bytes;
    uint64_t reserve_bytes; /* that the run leaves free of the machine's memory */
    bool watch;             /* it samples itself as well */
    BrimListener listener;  /* for remarks */
    void *self;
} BrimShown;

/* The engine has taken its arena. */
void brim_show_start(BrimShow *show, const BrimEngine *engine, const BrimShown *shown);

/* Brings the card up to date, at most once a second, and remarks where memory runs short. */
void brim_show_event(BrimShow *show, const BrimEvent *event);

/* How the device was used since the start (whole), or in this epoch; NULL where that is not known. Valid
 * until the next call. */
const BrimUse *brim_show_use(BrimShow *show, bool whole);

/* Another epoch begins. */
void brim_show_restart(BrimShow *show);

void brim_show_end(BrimShow *show);

#endif

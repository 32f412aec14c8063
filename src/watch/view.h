/* The monitor in a terminal: takes samples, draws them, obeys keys, until the reader quits. */
#ifndef BRIM_WATCH_VIEW_H
#define BRIM_WATCH_VIEW_H

#include "base/status.h"

/* What to view. All zero views this machine once a second. */
typedef struct BrimViewOptions {
    int64_t interval_ns;        /* from sample to sample; 0: a second */
    bool ascii;                 /* draw ASCII alone, whatever the locale says */
    BrimMonitorOptions monitor; /* what the samples are of, a recorded trace among that */

    /* Where samples come from instead, with `self`. Its errors end the view; after BRIM_STOPPED the last
     * sample stays on the screen. */
    BrimStatus (*sample)(void *self, const BrimMonitorSample **sample);
    void *self;
} BrimViewOptions;

/* OK when the reader quits; BRIM_STOPPED when SIGINT, SIGTERM or SIGHUP did, or the terminal is gone;
 * ERROR_UNSUPPORTED where there is no terminal or this build has no view. The terminal is given back as it
 * was, whatever happens. */
BrimStatus brim_view_run(const BrimViewOptions *options);

#endif

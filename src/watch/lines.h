/* Samples at even distances, written one after the other. */
#ifndef BRIM_WATCH_LINES_H
#define BRIM_WATCH_LINES_H

#include "watch/writer.h"

typedef struct BrimWatchOptions {
    const char *trace; /* NULL: this machine. A trace is played as fast as it can be read. */
    const char *out;   /* NULL: to the descriptor */
    int descriptor;
    BrimWatchForm form;
    double interval_s;
    int count; /* samples; 0: until stopped */
    bool once; /* a single one, whose rates are known: it is the second of two */
} BrimWatchOptions;

/* Ends well with the count, the trace's end, SIGINT, SIGTERM, and when nobody reads any more. */
BrimStatus brim_watch_lines(const BrimWatchOptions *options);

#endif

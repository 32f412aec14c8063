/* A command, watched from its start to its end. */
#ifndef BRIM_WATCH_COMMAND_H
#define BRIM_WATCH_COMMAND_H

#include "monitor/summary.h"
#include "watch/child.h"
#include "watch/lines.h"

typedef struct BrimWatched {
    BrimChild child; /* how it ended, and the kernel's figures */
    double seconds;
    BrimSummary summary;
    BrimStatus trouble; /* of the monitor or of --out while the command ran; the sentence is the last error */
} BrimWatched;

/* Runs words (NULL at their end) and samples it and its descendants until it ends; its input and output are
 * its own. What goes wrong with the sampling does not end it (`trouble`). SIGTERM is handed on; SIGINT comes
 * to both from the terminal and is left to the command. options: out, form and interval_s count. ERROR_INPUT
 * when the command cannot be run (child.exit_code says how); ERROR_IO, ERROR_MEMORY. Clear it either way. */
BrimStatus brim_watch_command(BrimWatched *watched, const BrimWatchOptions *options, char *const *words);

/* What is to be said at the end: the command's memory and load, and those of each device. ERROR_MEMORY. */
BrimStatus brim_watched_text(const BrimWatched *watched, int width, char **text);

/* The command's resident memory at its highest: the kernel's figure for its largest process, or what was
 * seen; NAN. */
double brim_watched_peak_bytes(const BrimWatched *watched);

void brim_watched_clear(BrimWatched *watched);

#endif

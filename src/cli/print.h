/* What a run says on the terminal: remarks, one line that follows the progress, tables in YOLOv5's form. On a
 * terminal the progress line is written over itself; elsewhere (a file, a pipe) only what lasts is written.
 */
#ifndef BRIM_CLI_PRINT_H
#define BRIM_CLI_PRINT_H

#include "brim.h"

typedef struct BrimPrint {
    bool terminal;    /* stdout is one */
    bool line_open;   /* a progress line stands there, to be written over */
    int columns;      /* of the terminal */
    int64_t drawn_ns; /* when the progress line was drawn last */
    BrimEvent step;   /* the last STEP, for the line that stays of an epoch */
    BrimUse use;      /* of the device until then; `samples` 0: not known */
    bool table_open;  /* the header of the validation table stands above */
} BrimPrint;

/* Makes Ctrl-C (once) stop the run at its next safe point; a second one ends the process at once. */
void brim_print_open(BrimPrint *print);

/* Was Ctrl-C pressed? */
bool brim_print_stopped(void);

/* A BrimListener; self is a BrimPrint. */
bool brim_print_event(void *self, const BrimEvent *event);

/* "412M", "3.27G" */
void brim_print_bytes(char *text, size_t bytes, uint64_t amount);

/* "0:07", "12:03", "3:04:05" */
void brim_print_time(char *text, size_t bytes, double seconds);

#endif

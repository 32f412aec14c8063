/* Samples to a file or pipe, in one of three forms. */
#ifndef BRIM_WATCH_WRITER_H
#define BRIM_WATCH_WRITER_H

#include "monitor/sample_json.h"

typedef enum BrimWatchForm { BRIM_WATCH_TABLE, BRIM_WATCH_JSON, BRIM_WATCH_CSV } BrimWatchForm;

typedef struct BrimWriter {
    BrimWatchForm form;
    int descriptor;
    const char *path; /* for messages; NULL: not ours to close */
    bool begun;
    BrimJsonLine line;
} BrimWriter;

/* To a new file at path, or, where that is NULL, to a descriptor that stays open. ERROR_IO. */
BrimStatus brim_writer_open(BrimWriter *writer, BrimWatchForm form, const char *path, int descriptor);

/* Each sample is there as a whole before the call returns. BRIM_STOPPED when nobody reads the pipe any more;
 * ERROR_IO. */
BrimStatus brim_writer_write(BrimWriter *writer, const BrimMonitorSample *sample);

void brim_writer_close(BrimWriter *writer);

#endif

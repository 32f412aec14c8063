/* A sample as one line of JSON, as docs/watch.schema.json has it, and back. */
#ifndef BRIM_MONITOR_SAMPLE_JSON_H
#define BRIM_MONITOR_SAMPLE_JSON_H

#include <jansson.h>

#include "monitor/draft.h"

#define BRIM_SAMPLE_SCHEMA "brim-watch-1"

/* Room for lines, used again for the next one. Begins zeroed; text is given back with brim_mem_give. */
typedef struct BrimJsonLine {
    char *text; /* ends with a newline and no NUL */
    size_t length, room;
} BrimJsonLine;

/* Whole numbers are written as such, others with the 17 digits that a double has, unknown ones as null. What
 * is no UTF-8 becomes '?'. ERROR_MEMORY. */
BrimStatus brim_sample_json_write(BrimJsonLine *line, const BrimMonitorSample *sample);

/* Fills an empty draft, with the line's time as its own. Keys that are missing are unknown, 0 or "", others
 * than the schema's are passed over, texts are cut to their room. ERROR_INPUT names the key or the place in
 * the line. */
BrimStatus brim_sample_json_read(BrimDraft *draft, const char *line, size_t bytes);

/* A run alone, as a sample has it among its runs; NULL where memory ran out. */
json_t *brim_sample_json_run(const BrimRunSample *run);

/* And back, into one of which nothing is known. ERROR_INPUT names the key as of the run number `at`. */
BrimStatus brim_sample_json_run_read(BrimRunSample *run, const json_t *object, int at);

#endif

/* The fields of a sample's parts as tables: their names in JSON and CSV, in order, and where they stand. */
#ifndef BRIM_MONITOR_SAMPLE_FIELDS_H
#define BRIM_MONITOR_SAMPLE_FIELDS_H

#include "brim.h"

typedef enum BrimFieldKind {
    BRIM_FIELD_TEXT,  /* char[room] */
    BRIM_FIELD_INT,   /* int, 0 and more */
    BRIM_FIELD_INDEX, /* int, -1 for none, which JSON has as null */
    BRIM_FIELD_FLAG,  /* bool */
    BRIM_FIELD_BYTES, /* uint64_t */
    BRIM_FIELD_FIGURE /* double, NAN where unknown, which JSON has as null */
} BrimFieldKind;

typedef struct BrimField {
    const char *key;
    BrimFieldKind kind;
    size_t offset, room;
} BrimField;

typedef struct BrimFields {
    const BrimField *list;
    int count;
} BrimFields;

extern const BrimFields brim_device_fields, brim_process_fields;
extern const BrimFields brim_run_fields; /* all but the purposes */

/* "2026-11-26T11:32:33.123456789Z" for nanoseconds since 1970, years 1970 to 2262. */
enum { BRIM_SAMPLE_TIME_BYTES = 48 };
void brim_sample_time_text(char text[BRIM_SAMPLE_TIME_BYTES], int64_t time_ns);

#endif

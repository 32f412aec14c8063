/* A text that grows as it is written. */
#ifndef BRIM_REPORT_TEXT_H
#define BRIM_REPORT_TEXT_H

#include <stddef.h>

#include "base/status.h"

/* Begins zeroed. Once memory ran out nothing more is added, and brim_text_end says so. */
typedef struct BrimText {
    char *text; /* NUL-terminated once something was added */
    size_t length, room;
    bool failed;
} BrimText;

void brim_text_add(BrimText *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* So many bytes as they are. */
void brim_text_add_bytes(BrimText *text, const void *bytes, size_t count);

/* Takes the last `count` bytes back. */
void brim_text_drop(BrimText *text, size_t count);

/* Hands the text over, to be given back with brim_mem_give; the empty one is "". */
BrimStatus brim_text_end(BrimText *text, char **whole);

#endif

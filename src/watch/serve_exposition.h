/* Prometheus' text format, version 0.0.4: families with their lines, labels, figures. Knows nothing of what
 * they mean. */
#ifndef BRIM_WATCH_SERVE_EXPOSITION_H
#define BRIM_WATCH_SERVE_EXPOSITION_H

#include "report/text.h"

typedef struct BrimFamily {
    const char *name;
    const char *type; /* "gauge", "counter" */
    const char *help; /* one line without a backslash */
} BrimFamily;

/* Begins zeroed. */
typedef struct BrimExposition {
    BrimText text;
    const BrimFamily *open; /* its HELP and TYPE stand, and its lines may follow */
} BrimExposition;

/* One line, behind HELP and TYPE where the family is a new one; so all lines of a family are added one after
 * the other. labels: as brim_exposition_label wrote them, or "". Nothing where the value is no number: an
 * unknown figure has no line. */
void brim_exposition_add(BrimExposition *exposition, const BrimFamily *family, const char *labels,
                         double value);

/* key="value", with a comma where something stands before it, value escaped and made UTF-8. Nothing where the
 * value is
 * "", which to Prometheus is the same as no label. */
void brim_exposition_label(BrimText *labels, const char *key, const char *value);

/* One set of labels for each of count things, which a writer knows; each is used in many lines. */
typedef void (*BrimLabelWriter)(BrimText *labels, const void *things, int index);
BrimStatus brim_exposition_labels(char ***labels, int count, BrimLabelWriter writer, const void *things);
void brim_exposition_labels_give(char ***labels, int count); /* NULL inside is allowed */

#endif

/* Rows of figures under named columns, told once and written four ways: aligned for a terminal, as Markdown,
 * as CSV, as JSON. People read rounded figures in handy units under short heads; files have plain ones with
 * the unit in the name. */
#ifndef BRIM_REPORT_SHEET_H
#define BRIM_REPORT_SHEET_H

#include <stdbool.h>

#include <jansson.h>

#include "report/text.h"

typedef struct BrimSheetColumn {
    const char *head; /* for people: "arena MiB" */
    const char *key;  /* for files: "arena_bytes" */
    double unit;      /* people read a figure in units of so much: 0x1p20 for MiB; 0: a text */
    int decimals;     /* for people */
    int key_decimals; /* for files; 0: a whole number */
    bool aside;       /* left out on a terminal, which has no room for all */
    bool ends;        /* of a last column's text that has no room the end is shown, as of a path */
} BrimSheetColumn;

/* A text under a column of texts, else a number; NAN where it is unknown or does not apply. */
typedef struct BrimSheetCell {
    const char *text;
    double number;
} BrimSheetCell;

typedef struct BrimSheet {
    const BrimSheetColumn *columns;
    int column_count;
    const BrimSheetCell *cells; /* row_count x column_count */
    int row_count;
    int width; /* of a terminal: to so many columns a last column of texts is cut. 0: it is not */
} BrimSheet;

/* Unknown figures: "-" for people, an empty field in CSV, null in JSON. A terminal's table has heads of
 * several words, and of words with a stroke, on two lines: the unit stands below. */
void brim_sheet_table(BrimText *text, const BrimSheet *sheet);
void brim_sheet_markdown(BrimText *text, const BrimSheet *sheet);
void brim_sheet_csv(BrimText *text, const BrimSheet *sheet); /* texts hold no commas or quotes */
json_t *brim_sheet_json(const BrimSheet *sheet);             /* an array of objects */

#endif

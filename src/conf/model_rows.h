/* A model as rows of a table, before anything is resolved: what a yaml file and the built-in family have in common.
 * Private to src/conf. */
#ifndef BRIM_CONF_MODEL_ROWS_H
#define BRIM_CONF_MODEL_ROWS_H

#include "conf/model.h"

enum { BRIM_ROW_ARGUMENTS = 6, BRIM_ROW_LIST = 8 };

typedef enum BrimArgumentKind {
    BRIM_ARGUMENT_NONE,
    BRIM_ARGUMENT_NUMBER,
    BRIM_ARGUMENT_TRUE,
    BRIM_ARGUMENT_FALSE,
    BRIM_ARGUMENT_TEXT,
    BRIM_ARGUMENT_LIST
} BrimArgumentKind;

typedef struct BrimArgument {
    BrimArgumentKind kind;
    double number;
    char text[16];
    double list[BRIM_ROW_LIST];
    int list_count;
} BrimArgument;

typedef struct BrimRow {
    const char *file; /* for messages, as line */
    int line;
    int index;
    int from[BRIM_MAX_FROM]; /* as written: negative ones count backwards */
    int from_count;
    int repeats;
    BrimModule module;
    BrimArgument arguments[BRIM_ROW_ARGUMENTS];
    int argument_count;
} BrimRow;

typedef struct BrimRows {
    char name[64];
    int class_count;
    double depth_multiple, width_multiple;
    int level_count, anchor_count;
    double anchors_px[BRIM_MAX_LEVELS][BRIM_MAX_ANCHORS][2];
    int row_count;
    BrimRow rows[BRIM_MAX_LAYERS];
} BrimRows;

/* From a yaml file's text. name must outlive the rows. */
BrimStatus brim_rows_parse(BrimRows *rows, const char *name, const char *text, size_t bytes);

/* From a built-in name: "yolov5n", "n", "yolov5n.yaml", ... ERROR_INPUT lists the names. */
BrimStatus brim_rows_builtin(BrimRows *rows, const char *name);

#endif

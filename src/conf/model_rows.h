/* A model as rows of a table, before anything is resolved: what a yaml file and the built-in family have in
 * common. Private to src/conf. */
#ifndef BRIM_CONF_MODEL_ROWS_H
#define BRIM_CONF_MODEL_ROWS_H

#include "conf/model.h"
#include "conf/yaml.h"

enum { BRIM_ROW_HALF_THE_KERNEL = -1 };

/* [from, number, module, arguments]; what a module does not take is 0. */
typedef struct BrimRow {
    int line;                /* of the file; 0 in the built-in family */
    int from[BRIM_MAX_FROM]; /* as written: negative ones count backwards from the row */
    int from_count;
    int number; /* before the depth multiple */
    BrimModule module;
    int channels; /* before the width multiple */
    int kernel, stride, padding;
    bool shortcut, activation;
    int pool_kernels[4]; /* 0-terminated */
    int pool_count;
} BrimRow;

typedef struct BrimRows {
    const char *file; /* for messages; outlives the rows */
    char name[64];
    int class_count;
    double depth_multiple, width_multiple;
    int level_count, anchor_count;
    double anchors_px[BRIM_MAX_LEVELS][BRIM_MAX_ANCHORS][2];
    int row_count;
    BrimRow rows[BRIM_MAX_LAYERS];
} BrimRows;

/* Name of a module in a yaml file. */
const char *brim_module_text(BrimModule module);

/* From a yaml file's text. class_count over 0 stands for the file's nc. */
BrimStatus brim_rows_parse(BrimRows *rows, const char *file, const char *text, size_t bytes, int class_count);

/* The arguments of row `index`, whose module is known, from their yaml list. */
BrimStatus brim_row_read_arguments(BrimRow *row, const char *file, int index, const BrimYaml *list);

/* From a built-in name: "yolov5n", "n", "yolov5n.yaml", "yolov5n6", ... ERROR_INPUT lists the names. */
BrimStatus brim_rows_builtin(BrimRows *rows, const char *name, int class_count);

/* The rows with every argument resolved and every reference checked. */
BrimStatus brim_rows_resolve(const BrimRows *rows, BrimModel *model);

#endif

/* A model as a table for people: what `brim model` prints. */
#ifndef BRIM_REPORT_MODEL_TABLE_H
#define BRIM_REPORT_MODEL_TABLE_H

#include <stdio.h>

#include "conf/model.h"

enum { BRIM_ARGUMENTS_BYTES = 96 };

/* The module's arguments as YOLOv5 lists them, "[64, 64, 2, False]"; Detect's anchors by their name. Returns
 * text. */
const char *brim_model_arguments(const BrimModel *model, int layer, char text[BRIM_ARGUMENTS_BYTES]);

/* YOLOv5's summary line: "YOLOv5n summary: 214 layers, 1767976 parameters, 1767976 gradients, 4.2 GFLOPs". */
const char *brim_model_summary(const BrimModel *model, int imgsz_px, char *text, size_t bytes);

/* One row a layer, then that line. ERROR_ARGUMENT where imgsz_px is no multiple of the largest stride,
 * ERROR_IO where the file does not take it. */
BrimStatus brim_model_print(FILE *file, const BrimModel *model, int imgsz_px);

#endif

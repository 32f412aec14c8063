/* The YOLOv5 v6/v7 family. All sizes are one construction: a backbone that halves the picture stage by stage,
 * a path that brings the deep features up again, and one that takes them back down. The sizes differ in two
 * multiples, the P6 family in one more stage (https://github.com/ultralytics/yolov5, release v7.0, states the
 * figures). */
#include <stdio.h>
#include <string.h>

#include "conf/model_rows.h"

enum { MOST_STAGES = 5, COCO_CLASSES = 80, STEM_CHANNELS = 64, FIRST_HEAD = 1 /* the stage of P3 */ };

typedef struct Stage {
    int channels;
    int depth; /* bottlenecks */
} Stage;

typedef struct Family {
    const char *suffix;
    int stage_count;
    Stage stages[MOST_STAGES];                /* P2 and up */
    double anchors_px[MOST_STAGES - 1][3][2]; /* of P3 and up: width, height, by k-means on COCO */
} Family;

static const Family families[] = {
    {"",
     4,
     {{128, 3}, {256, 6}, {512, 9}, {1024, 3}},
     {{{10, 13}, {16, 30}, {33, 23}}, {{30, 61}, {62, 45}, {59, 119}}, {{116, 90}, {156, 198}, {373, 326}}}},
    {"6",
     5,
     {{128, 3}, {256, 6}, {512, 9}, {768, 3}, {1024, 3}},
     {{{19, 27}, {44, 40}, {38, 94}},
      {{96, 68}, {86, 152}, {180, 137}},
      {{140, 301}, {303, 264}, {238, 542}},
      {{436, 615}, {739, 380}, {925, 792}}}},
};

typedef struct Size {
    char letter;
    double depth, width;
} Size;

static const Size sizes[] = {
    {'n', 0.33, 0.25}, {'s', 0.33, 0.50}, {'m', 0.67, 0.75}, {'l', 1.00, 1.00}, {'x', 1.33, 1.25},
};

/* Adds a row, which reads the one before it unless it says otherwise; gives its number. */
static int add(BrimRows *rows, BrimRow row)
{
    if (row.from_count == 0)
        row.from[row.from_count++] = -1;
    row.number = row.number ? row.number : 1;
    rows->rows[rows->row_count] = row;
    return rows->row_count++;
}

static int add_conv(BrimRows *rows, int channels, int kernel, int stride)
{
    return add(rows, (BrimRow){.module = BRIM_MODULE_CONV,
                               .channels = channels,
                               .kernel = kernel,
                               .stride = stride,
                               .padding = BRIM_ROW_HALF_THE_KERNEL,
                               .activation = true});
}

static int add_c3(BrimRows *rows, int channels, int depth, bool shortcut)
{
    return add(
        rows,
        (BrimRow){.module = BRIM_MODULE_C3, .channels = channels, .number = depth, .shortcut = shortcut});
}

static void add_concat(BrimRows *rows, int with)
{
    add(rows, (BrimRow){.module = BRIM_MODULE_CONCAT, .from = {-1, with}, .from_count = 2});
}

/* Rows of the backbone; stage_rows[i] is the last of stage i. */
static void add_backbone(BrimRows *rows, const Family *family, int stage_rows[])
{
    int stem = add_conv(rows, STEM_CHANNELS, 6, 2);
    rows->rows[stem].padding = 2; /* 6 x 6, which needs less than half the kernel to halve the picture */
    for (int i = 0; i < family->stage_count; i++) {
        add_conv(rows, family->stages[i].channels, 3, 2);
        stage_rows[i] = add_c3(rows, family->stages[i].channels, family->stages[i].depth, true);
    }
    add(rows, (BrimRow){.module = BRIM_MODULE_SPPF,
                        .channels = family->stages[family->stage_count - 1].channels,
                        .kernel = 5});
}

/* Rows of both paths and of Detect. */
static void add_head(BrimRows *rows, const Family *family, const int stage_rows[])
{
    int laterals[MOST_STAGES]; /* the 1x1 convolution that leaves each stage upwards */
    int last = family->stage_count - 1;
    BrimRow detect = {.module = BRIM_MODULE_DETECT};
    for (int i = last - 1; i >= FIRST_HEAD; i--) {
        laterals[i + 1] = add_conv(rows, family->stages[i].channels, 1, 1);
        add(rows, (BrimRow){.module = BRIM_MODULE_UPSAMPLE});
        add_concat(rows, stage_rows[i]);
        detect.from[0] = add_c3(rows, family->stages[i].channels, 3, false);
    }
    detect.from_count = 1;
    for (int i = FIRST_HEAD + 1; i <= last; i++) {
        add_conv(rows, family->stages[i - 1].channels, 3, 2);
        add_concat(rows, laterals[i]);
        detect.from[detect.from_count++] = add_c3(rows, family->stages[i].channels, 3, false);
    }
    add(rows, detect);
}

static void build(BrimRows *rows, const Family *family, const Size *size, int class_count)
{
    int stage_rows[MOST_STAGES];
    *rows = (BrimRows){.class_count = class_count ? class_count : COCO_CLASSES,
                       .depth_multiple = size->depth,
                       .width_multiple = size->width,
                       .level_count = family->stage_count - FIRST_HEAD,
                       .anchor_count = 3};
    snprintf(rows->name, sizeof rows->name, "yolov5%c%s", size->letter, family->suffix);
    rows->file = rows->name;
    for (int level = 0; level < rows->level_count; level++)
        memcpy(rows->anchors_px[level], family->anchors_px[level], sizeof family->anchors_px[level]);
    add_backbone(rows, family, stage_rows);
    add_head(rows, family, stage_rows);
}

/* "yolov5s6.yaml", "yolov5s6" and "s6" name the size and the family. */
static bool matches(const char *name, const Size *size, const Family *family)
{
    char brief[8], full[32], file[32];
    snprintf(brief, sizeof brief, "%c%s", size->letter, family->suffix);
    snprintf(full, sizeof full, "yolov5%s", brief);
    snprintf(file, sizeof file, "yolov5%s.yaml", brief);
    return strcmp(name, brief) == 0 || strcmp(name, full) == 0 || strcmp(name, file) == 0;
}

BrimStatus brim_rows_builtin(BrimRows *rows, const char *name, int class_count)
{
    for (size_t f = 0; f < sizeof families / sizeof families[0]; f++)
        for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++)
            if (matches(name, &sizes[s], &families[f])) {
                build(rows, &families[f], &sizes[s], class_count);
                return BRIM_OK;
            }
    return brim_fail(
        BRIM_ERROR_INPUT,
        "no model \"%s\": it is neither a file nor one of yolov5n, yolov5s, yolov5m, yolov5l, yolov5x "
        "(with a 6 behind for pictures of 1280 px)",
        name);
}

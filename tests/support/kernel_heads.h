/* Heads with targets, for tests of kernels without a card: the same numbers once as planes, for the host's
 * own loss, and once with channels side by side, for the kernels. */
#ifndef BRIM_TESTS_KERNEL_HEADS_H
#define BRIM_TESTS_KERNEL_HEADS_H

#include "backend/cuda/kernels/loss.h"
#include "backend/host/loss.h"

enum { HEAD_CAP = 60, HEAD_POISON = 0xFF };

typedef enum HeadLabels {
    HEAD_RANDOM,  /* anywhere, of any size */
    HEAD_EDGES,   /* centres on the picture's border, on cells' borders and halfway between */
    HEAD_CROWDED, /* many in few cells, of few sizes */
    HEAD_ABSENT,  /* half of the rows of an image or class that is not there */
    HEAD_NUMBERS  /* half of the rows with a place that is none: no number comes of it, but nothing breaks */
} HeadLabels;

typedef struct HeadCase {
    int class_count, level_count, anchor_count, batch, height_px, width_px;
    HeadLabels labels;
    int target_count;
    BrimKernelType type;
    double label_smoothing, fl_gamma, cls_pw, obj_pw;
    float loss_scale;
} HeadCase;

enum { HEAD_CASE_COUNT = 16 };
extern const HeadCase head_cases[HEAD_CASE_COUNT];

/* A case made ready: what the host takes, and what the kernels take. */
typedef struct HeadSetup {
    const HeadCase *test;
    BrimHeadConf conf;
    BrimHeadView heads[BRIM_MAX_LEVELS], dheads[BRIM_MAX_LEVELS];
    float *targets;
    int32_t target_count;
    BrimKernelScalars scalars;
    BrimLossArgs args;
    size_t workspace_bytes;
    float items[4];
} HeadSetup;

/* Opened with poison in everything that a kernel is to write. */
void head_open(HeadSetup *setup, const HeadCase *test);
void head_close(HeadSetup *setup);

/* Poisoned bytes, to be given back. */
void *head_take(size_t bytes);

size_t head_bytes(const BrimKernelFeature *feature);

/* Element of the feature that cell `cell` of a plane is. */
float head_get(const BrimKernelFeature *feature, int image, int channel, int cell);

#endif

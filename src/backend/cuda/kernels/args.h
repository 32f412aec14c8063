/* What kernels are given: one struct each, passed by value, the same for nvcc, for the host's C compiler that fills it,
 * and for the C++ compiler that builds the kernels for the host in tests. Pointers are to device memory. */
#ifndef BRIM_BACKEND_CUDA_KERNELS_ARGS_H
#define BRIM_BACKEND_CUDA_KERNELS_ARGS_H

#include <stdint.h>

enum { BRIM_KERNEL_DESTS = 4, BRIM_KERNEL_GRADS = 4, BRIM_KERNEL_LEVELS = 5, BRIM_KERNEL_ANCHORS = 8 };

/* Threads a block at most: of any kernel, and of those that walk over features (kernels/lanes.h). */
enum { BRIM_BLOCK_THREADS = 1024, BRIM_LANE_THREADS = 256 };

/* Blocks of BRIM_LANE_THREADS that are to find registers on a multiprocessor at a time; grids have no more, so that all
 * run at once: what a block does before its first pixel and after its last is as long as many pixels are. */
enum { BRIM_BN_STATISTICS_RESIDENT = 3, BRIM_BN_APPLY_RESIDENT = 3, BRIM_BN_REDUCE_RESIDENT = 2 };

/* What elements are. BF16 is for cards of compute capability 8.0 and later. */
typedef enum BrimKernelType { BRIM_KERNEL_F32, BRIM_KERNEL_F16, BRIM_KERNEL_BF16 } BrimKernelType;

/* A feature as NHWC, or some channels of one: element (n, c, y, x) is at data[((n * h + y) * w + x) * pitch + c]. */
typedef struct BrimKernelFeature {
    void *data;     /* of `type`; NULL: there is none */
    int32_t n, c, h, w;
    int32_t pitch;  /* elements from one pixel to the next: the channels of the whole that it lies in, padded to 8 */
    int32_t padded; /* channels up to which the last pads reach: c, but for a whole feature c rounded up to 8. Who writes a
                       feature writes zeros there */
    int32_t type;   /* BrimKernelType, as in all args */
} BrimKernelFeature;

/* Blocks of parameters that one launch walks: as many as an op has operands. */
enum { BRIM_KERNEL_BLOCKS = 12 };

enum { BRIM_KERNEL_WEIGHTS = 1 }; /* the BrimParamGroup whose parameters decay */

/* What changes from step to step, in device memory, so that a captured graph need not be made anew. */
typedef struct BrimKernelScalars {
    int32_t accumulate;
    float learning_rate[3]; /* by BrimParamGroup */
    float momentum, weight_decay, clip_norm, ema_decay;
    float loss_scale;       /* gradients are that times too large; 1 in fp32 */
} BrimKernelScalars;

/* ---- pictures ---- */

struct BrimAugmentTask; /* element/augment.h */
struct BrimWarpPlace;   /* element/warp.h */

typedef struct BrimAugmentArgs {
    const struct BrimAugmentTask *tasks; /* n */
    struct BrimWarpPlace *parts;         /* [n][views][sides], by the first of two kernels for the second */
    const uint8_t *kept;                 /* the kept pictures, in device memory or in the host's */
    uint8_t *pictures;                   /* [n h w 3] */
    int32_t n, h, w, sides;              /* w + h; four of them, so that no word is half padding */
} BrimAugmentArgs;

/* ---- features ---- */

typedef struct BrimInputArgs {
    const uint8_t *pictures; /* [n h w 3] */
    BrimKernelFeature x;     /* = pictures / 255 */
    int32_t space_to_depth;  /* a pixel of x is a cell of 2 x 2 with 4 channels each (depth.c) */
} BrimInputArgs;

/* dests = act(x) + res */
typedef struct BrimActArgs {
    BrimKernelFeature x, res;
    BrimKernelFeature dests[BRIM_KERNEL_DESTS];
    int32_t dest_count, activation;
} BrimActArgs;

/* y = sum of grads; y may be grads[0] */
typedef struct BrimAddArgs {
    BrimKernelFeature grads[BRIM_KERNEL_GRADS], y;
    int32_t grad_count;
} BrimAddArgs;

/* y = y + bias, by channel */
typedef struct BrimBiasArgs {
    BrimKernelFeature y;
    const float *bias;
} BrimBiasArgs;

/* dbias (+)= sum of dy by channel. partial: [blocks][padded] floats */
typedef struct BrimBiasGradientArgs {
    BrimKernelFeature dy;
    float *partial, *dbias;
    int32_t blocks;
    const BrimKernelScalars *scalars;
} BrimBiasGradientArgs;

/* Square windows, stride 1, padding kernel / 2. x, y: forward. dx += dy at the first maximum of each window of x. */
typedef struct BrimPoolArgs {
    BrimKernelFeature x, y, dy, dx;
    int32_t kernel;
} BrimPoolArgs;

/* Nearest, twice the size: forward x -> dests; backward dy -> x, sums of 2 x 2 */
typedef struct BrimUpsampleArgs {
    BrimKernelFeature x, dy;
    BrimKernelFeature dests[BRIM_KERNEL_DESTS];
    int32_t dest_count;
} BrimUpsampleArgs;

/* ---- BatchNorm, with SiLU where `activation` ---- */

/* Statistics of y over n, h, w in two kernels: sums by block of pixels, then mean, rstd and running figures. Vectors have
 * `padded` elements; pads become 0. */
typedef struct BrimBnStatisticsArgs {
    BrimKernelFeature y;
    float *partial; /* [blocks][2][padded]: mean and sum of squared distances of a block's pixels, or sums */
    int32_t blocks;
    const float *old_running_mean, *old_running_var;
    float *mean, *rstd, *running_mean, *running_var;
    double *own; /* of one over several cards: [2][padded], mean and sum of squared distances of this card's pixels,
                    instead of the six above; NULL: of this card alone */
} BrimBnStatisticsArgs;

/* The same six figures, of what all cards left; each of them has as many pixels as the others. */
typedef struct BrimBnCombineArgs {
    const double *all; /* [cards][2][padded] */
    int32_t cards, c, padded;
    int64_t pixels; /* of a card */
    const float *old_running_mean, *old_running_var;
    float *mean, *rstd, *running_mean, *running_var;
} BrimBnCombineArgs;

/* dests = act(bn(y)) + res */
typedef struct BrimBnApplyArgs {
    BrimKernelFeature y, res;
    BrimKernelFeature dests[BRIM_KERNEL_DESTS];
    int32_t dest_count, activation;
    const float *gamma, *beta, *mean, *rstd;
} BrimBnApplyArgs;

/* g = sum of grads, to grad_sum where asked; dz = g * act'(bn(y)); in two kernels: partial sums of dz and dz * xhat by block
 * of pixels, then dgamma, dbeta (+= when accumulating) and sums [2 c]; dests = act(bn(y)) on the way. */
typedef struct BrimBnReduceArgs {
    BrimKernelFeature y;
    BrimKernelFeature grads[BRIM_KERNEL_GRADS], grad_sum;
    BrimKernelFeature dests[BRIM_KERNEL_DESTS];
    int32_t grad_count, dest_count, activation;
    const float *gamma, *beta, *mean, *rstd;
    float *partial; /* [blocks][2][padded] */
    int32_t blocks;
    float *dgamma, *dbeta, *sums;
    double *own; /* of one over several cards: [2][padded], its sums instead of `sums`; NULL: of this card alone */
    const BrimKernelScalars *scalars;
} BrimBnReduceArgs;

/* sums [2 c] = those of all cards */
typedef struct BrimBnSumsArgs {
    const double *all; /* [cards][2][padded] */
    int32_t cards, c, padded;
    float *sums;
} BrimBnSumsArgs;

/* dy = gradient of y; may be the same bytes as grad */
typedef struct BrimBnSlopeArgs {
    BrimKernelFeature y, grad, dy;
    int32_t activation;
    int64_t pixels; /* that the sums are of: y's, and those of the other cards that share the BatchNorm */
    const float *gamma, *beta, *mean, *rstd, *sums;
} BrimBnSlopeArgs;

/* ---- filters: [out][kh][kw][pitch], out and pitch = channels padded to 8, or in cells (depth.c); pads zero; of `type` ---- */

/* dw (+)= from, which is of `type` */
typedef struct BrimFilterGradientArgs {
    const void *from;
    float *dw;
    int64_t count;
    int32_t type;
    const BrimKernelScalars *scalars;
} BrimFilterGradientArgs;

/* folded w = w * gamma * rstd, folded bias = beta - mean * gamma * rstd; without gamma w alone, converted */
typedef struct BrimFoldArgs {
    const float *w, *gamma, *beta, *mean, *var;
    void *folded;
    float *bias; /* NULL: none */
    int32_t out, padded_out, filter_elements; /* of one output channel, pads included */
    int32_t type;
} BrimFoldArgs;

/* ---- heads ---- */

typedef struct BrimKernelHead {
    int32_t class_count, level_count, anchor_count;
    int32_t stride_px[BRIM_KERNEL_LEVELS];
    float anchors_px[BRIM_KERNEL_LEVELS][BRIM_KERNEL_ANCHORS][2];
    float box_gain, obj_gain, cls_gain, anchor_t, cls_pw, obj_pw, fl_gamma, label_smoothing; /* BrimHyper's */
    float balance[BRIM_KERNEL_LEVELS];
} BrimKernelHead;

/* The loss and its gradient on all levels; what else it needs stands in `workspace`, in a layout that kernels/loss.h
 * defines. */
typedef struct BrimLossArgs {
    BrimKernelHead head;
    BrimKernelFeature heads[BRIM_KERNEL_LEVELS], dheads[BRIM_KERNEL_LEVELS]; /* dheads[].data NULL: no gradient */
    const float *targets;
    const int32_t *target_count;
    int32_t target_cap;
    void *workspace;
    float *items; /* box, obj, cls, total */
    const BrimKernelScalars *scalars;
} BrimLossArgs;

typedef struct BrimDecodeArgs {
    BrimKernelHead head;
    BrimKernelFeature heads[BRIM_KERNEL_LEVELS];
    float *predictions; /* [n rows 5 + nc] */
} BrimDecodeArgs;

/* Of each picture the rows whose objectness is above `least`, in their order, to kept[picture * rows * columns], and how
 * many: both in memory of the host. */
typedef struct BrimSiftArgs {
    const float *predictions; /* [n rows columns], of which columns the fifth is objectness */
    int32_t rows, columns;
    float least;
    float *kept;
    int32_t *counts;
} BrimSiftArgs;

/* ---- parameters: whole blocks. Counts are multiples of 4 and pointers aligned to 16 bytes, here and for filters ---- */

/* norm[0] = norm of the gradients / loss_scale, norm[1] = what each is to be multiplied with (the clip's factor over
 * loss_scale), 0 where the norm is no finite number. */
typedef struct BrimNormBlock {
    const float *gradients;
    int64_t count;
    int32_t first, parts; /* the block's parts of the sum are partial[first .. first + parts), whatever the grid */
} BrimNormBlock;

typedef struct BrimNormArgs {
    BrimNormBlock blocks[BRIM_KERNEL_BLOCKS];
    int32_t block_count, parts; /* of all blocks */
    double *partial;            /* [parts] */
    float *norm;
    const BrimKernelScalars *scalars;
} BrimNormArgs;

/* SGD with Nesterov momentum, EMA, and w in 16 bits; where norm[1] is 0 weights and momentum stay as they are. */
typedef struct BrimOptimizeBlock {
    const float *g; /* NULL: w is no parameter but a statistic, which has an EMA and no steps */
    float *w, *m, *ema; /* ema NULL: none */
    void *narrow;       /* w as `type`; NULL: none */
    int64_t count;
    int32_t group, type;
} BrimOptimizeBlock;

typedef struct BrimOptimizeArgs {
    BrimOptimizeBlock blocks[BRIM_KERNEL_BLOCKS];
    int32_t block_count;
    const float *norm; /* NULL where no block has gradients */
    const BrimKernelScalars *scalars;
} BrimOptimizeArgs;

#endif

/* The YOLOv5 v7.0 loss and its gradient on heads that lie in host memory, in any channel block; shared by the
 * reference and the cpu backend. Element math is in element/loss.h. Allocates nothing. */
#ifndef BRIM_BACKEND_HOST_LOSS_H
#define BRIM_BACKEND_HOST_LOSS_H

#include "graph/graph.h"

/* One head, [n, anchors * (5 + nc), h, w], channels in blocks: element (n, c, y, x) lies at
 * data[((n * blocks + c / block) * h + y) * w + x) * block + c % block] with blocks = ceil(channels / block).
 * block 1 is plain NCHW. */
typedef struct BrimHeadView {
    float *data;
    int n, channels, h, w;
    int block;
} BrimHeadView;

/* Bytes of workspace for at most target_cap targets and the heads' shapes (match lists, objectness targets). */
size_t brim_loss_workspace_bytes(const BrimHeadConf *conf, const BrimHeadView *heads, int target_cap);

/* targets: target_count rows of image, class, x, y, w, h (0..1); rows of an image or class that is not there, and rows
 * from target_cap on, count for nothing. items: box, obj, cls (with gains, not times the batch), total = batch * sum.
 * dheads: same shapes as heads, fully written with loss_scale * d total / d head, pads zero; NULL: none is wanted.
 * Deterministic for any number of threads. */
void brim_loss_run(const BrimHeadConf *conf, const BrimHeadView *heads, const float *targets, int target_count,
                   int target_cap, void *workspace, float items[4], float loss_scale, const BrimHeadView *dheads);

/* Heads to predictions [n, rows, 5 + nc]: x, y, w, h in network px, objectness and classes after the sigmoid; rows run
 * level, anchor, y, x. */
void brim_decode_run(const BrimHeadConf *conf, const BrimHeadView *heads, float *predictions);

#endif

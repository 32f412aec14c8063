/* The loss kernels' workspace, as the host measures it and the kernels find it. Matches are slots: one for
 * each level, offset, anchor and target, in YOLOv5's order within a level; slots count from 1, and 0 is none.
 */
#ifndef BRIM_BACKEND_CUDA_KERNELS_LOSS_H
#define BRIM_BACKEND_CUDA_KERNELS_LOSS_H

#include <stddef.h>

#include "backend/cuda/kernels/args.h"
#include "element/loss.h"
#include "element/match.h"

/* The sums are those of so many runs of pixels, counted over all levels, whatever the grid is: the same
 * result on every card. */
enum { BRIM_LOSS_PARTS = 1024 };

/* What the terms of a level count, in the loss and in the gradient. */
typedef struct BrimLossLevel {
    BrimLossGains gains;
    float box_slope, objectness_slope, class_slope;
} BrimLossLevel;

/* Bytes from the workspace's start. What lies from `counts` to `nexts` must be zero before the first kernel.
 */
typedef struct BrimLossRoom {
    size_t partial; /* double [parts][3]: box, objectness, classes, with gains */
    size_t levels;  /* BrimLossLevel [levels] */
    size_t counts;  /* int32 [levels]: matches */
    size_t chains;  /* int32 by level, n, y, x, anchor: the first slot of the cell's matches */
    size_t nexts;   /* int32 [levels][slots]: the slot that follows */
    size_t end;
} BrimLossRoom;

/* Slots of one level. */
BRIM_ELEMENT int brim_loss_slots(const BrimLossArgs *args)
{
    return BRIM_MATCH_OFFSETS * args->head.anchor_count * args->target_cap;
}

/* Cells of the levels below `level`, each anchor's on its own. */
BRIM_ELEMENT int brim_loss_cells_before(const BrimLossArgs *args, int level)
{
    int cells = 0;
    for (int i = 0; i < level; i++)
        cells += args->heads[i].n * args->heads[i].h * args->heads[i].w * args->head.anchor_count;
    return cells;
}

/* Reads shapes alone. */
BRIM_ELEMENT BrimLossRoom brim_loss_room(const BrimLossArgs *args)
{
    size_t level_count = (size_t)args->head.level_count;
    BrimLossRoom room;
    room.partial = 0;
    room.levels = room.partial + (size_t)BRIM_LOSS_PARTS * 3 * sizeof(double);
    room.counts = room.levels + level_count * sizeof(BrimLossLevel);
    room.chains = room.counts + level_count * sizeof(int32_t);
    room.nexts = room.chains + (size_t)brim_loss_cells_before(args, args->head.level_count) * sizeof(int32_t);
    room.end = room.nexts + level_count * (size_t)brim_loss_slots(args) * sizeof(int32_t);
    return room;
}

#endif

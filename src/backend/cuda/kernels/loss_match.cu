/* Targets assigned to cells: each cell of each anchor gets a chain of its matches, in YOLOv5's order,
 * whatever the order in which threads found them. */
#include "backend/cuda/kernels/kernel.h"
#include "backend/cuda/kernels/loss.h"
#include "element/sgd.h"

/* The index of the cell that the slot's target is assigned to, among the level's; -1 where there is no such
 * match. */
BRIM_DEVICE int loss_cell(const BrimLossArgs &args, int level, int slot)
{
    const BrimKernelHead &head = args.head;
    const BrimKernelFeature &feature = args.heads[level];
    int target = slot % args.target_cap, anchor = slot / args.target_cap % head.anchor_count;
    int offset = slot / args.target_cap / head.anchor_count;
    float stride = (float)head.stride_px[level];
    float anchor_w = head.anchors_px[level][anchor][0] / stride;
    float anchor_h = head.anchors_px[level][anchor][1] / stride;
    BrimLabel label;
    if (target >= *args.target_count ||
        !brim_match_label(args.targets + 6 * (int64_t)target, feature.n, head.class_count, feature.w,
                          feature.h, &label) ||
        !brim_match_offset(offset, label.x, label.y, feature.w, feature.h) ||
        !brim_match_anchor(label.w, label.h, anchor_w, anchor_h, head.anchor_t))
        return -1;
    int x = brim_match_cell(label.x, brim_match_before_x(offset), feature.w);
    int y = brim_match_cell(label.y, brim_match_before_y(offset), feature.h);
    return ((label.image * feature.h + y) * feature.w + x) * head.anchor_count + anchor;
}

/* Grid: over all slots. Counts the matches and hangs each before those of its cell that were found earlier.
 */
BRIM_KERNEL brim_loss_match(const BrimLossArgs args)
{
    const BrimLossRoom room = brim_loss_room(&args);
    char *workspace = (char *)args.workspace;
    int32_t *counts = (int32_t *)(workspace + room.counts);
    int slots = brim_loss_slots(&args);
    for (int64_t i = BRIM_GRID_FIRST; i < (int64_t)args.head.level_count * slots; i += BRIM_GRID_STEP) {
        int level = (int)(i / slots), slot = (int)(i % slots);
        int cell = loss_cell(args, level, slot);
        if (cell < 0)
            continue;
        int32_t *chains = (int32_t *)(workspace + room.chains) + brim_loss_cells_before(&args, level);
        ((int32_t *)(workspace + room.nexts))[i] = brim_atomic_exchange(&chains[cell], slot + 1);
        brim_atomic_add(&counts[level], 1);
    }
}

/* The chain from `first` on, by rising slots; its new first. Threads find matches in nearly that order, and
 * hang each before the last: what is taken next mostly belongs in front. */
BRIM_DEVICE int loss_ordered(int32_t *nexts, int first)
{
    int32_t sorted = 0;
    while (first) {
        int slot = first;
        first = nexts[slot - 1];
        int32_t *link = &sorted;
        while (*link && *link < slot)
            link = &nexts[*link - 1];
        nexts[slot - 1] = *link;
        *link = slot;
    }
    return sorted;
}

BRIM_DEVICE BrimLossLevel loss_figures(const BrimLossArgs &args, int level, int match_count)
{
    const BrimKernelHead &head = args.head;
    const BrimKernelFeature &feature = args.heads[level];
    double cells = (double)feature.n * head.anchor_count * feature.h * feature.w, batch = feature.n;
    float scale = brim_sgd_loss_scale(args.scalars->loss_scale);
    BrimLossLevel figures;
    figures.gains = brim_loss_gains(head.box_gain, (double)head.obj_gain * head.balance[level], head.cls_gain,
                                    cells, match_count, head.class_count);
    figures.box_slope = (float)(batch * figures.gains.box) * scale;
    figures.objectness_slope = (float)(batch * figures.gains.objectness) * scale;
    figures.class_slope = (float)(batch * figures.gains.classes) * scale;
    return figures;
}

/* Grid: over all cells. Puts the chains in order, and says what the terms of each level count. */
BRIM_KERNEL brim_loss_order(const BrimLossArgs args)
{
    const BrimLossRoom room = brim_loss_room(&args);
    char *workspace = (char *)args.workspace;
    const int32_t *counts = (const int32_t *)(workspace + room.counts);
    BrimLossLevel *levels = (BrimLossLevel *)(workspace + room.levels);
    for (int64_t i = BRIM_GRID_FIRST; i < args.head.level_count; i += BRIM_GRID_STEP)
        levels[i] = loss_figures(args, (int)i, counts[i]);
    for (int level = 0; level < args.head.level_count; level++) {
        int before = brim_loss_cells_before(&args, level), after = brim_loss_cells_before(&args, level + 1);
        int32_t *chains = (int32_t *)(workspace + room.chains) + before;
        int32_t *nexts = (int32_t *)(workspace + room.nexts) + (int64_t)level * brim_loss_slots(&args);
        for (int64_t i = BRIM_GRID_FIRST; i < after - before; i += BRIM_GRID_STEP)
            chains[i] = loss_ordered(nexts, chains[i]);
    }
}

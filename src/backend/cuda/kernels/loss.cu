/* The loss of every logit and its gradient: each element of the gradient is written once, by the thread that
 * works it out, from the chain of its cell's matches (loss_match.cu). */
#include "backend/cuda/kernels/kernel.h"
#include "backend/cuda/kernels/loss.h"
#include "element/box.h"

/* One logit, and what bears on it. */
typedef struct LossSpot {
    int level, anchor, column, x, y;
    int64_t pixel;
    int chain; /* the first match of the cell, 0 where there is none */
    const int32_t *nexts;
    const BrimLossLevel *figures;
} LossSpot;

BRIM_DEVICE float loss_logit(const BrimLossArgs &args, const LossSpot &spot, int column)
{
    int columns = 5 + args.head.class_count;
    return brim_get(args.heads[spot.level], spot.pixel, spot.anchor * columns + column);
}

BRIM_DEVICE BrimLabel loss_label(const BrimLossArgs &args, const LossSpot &spot, int slot)
{
    const BrimKernelFeature &head = args.heads[spot.level];
    BrimLabel label;
    brim_match_label(args.targets + 6 * (int64_t)((slot - 1) % args.target_cap), head.n,
                     args.head.class_count, head.w, head.h, &label);
    return label;
}

/* The CIoU of the cell's box with that of a match. */
BRIM_DEVICE float loss_fit(const BrimLossArgs &args, const LossSpot &spot, int slot, float gradient[4])
{
    const float *anchor_px = args.head.anchors_px[spot.level][spot.anchor];
    float stride = (float)args.head.stride_px[spot.level], logits[4];
    for (int i = 0; i < 4; i++)
        logits[i] = loss_logit(args, spot, i);
    BrimLabel label = loss_label(args, spot, slot);
    BrimBox aim;
    aim.x = label.x - (float)spot.x;
    aim.y = label.y - (float)spot.y;
    aim.w = label.w;
    aim.h = label.h;
    return brim_box_fit(logits, anchor_px[0] / stride, anchor_px[1] / stride, aim, -spot.figures->box_slope,
                        gradient);
}

/* The box loss of all of the cell's matches stands at its first logit. */
BRIM_DEVICE BrimLossTerm loss_box(const BrimLossArgs &args, const LossSpot &spot)
{
    BrimLossTerm sum = {0, 0};
    for (int slot = spot.chain; slot; slot = spot.nexts[slot - 1]) {
        float gradient[4];
        float iou = loss_fit(args, spot, slot, gradient);
        sum.loss += spot.column == 0 ? 1.0f - iou : 0.0f;
        sum.gradient +=
            spot.column < 2 ? gradient[spot.column == 0 ? 0 : 1] : gradient[spot.column == 2 ? 2 : 3];
    }
    return sum;
}

/* Objectness aims at the CIoU of the cell's last match, as in YOLOv5. */
BRIM_DEVICE BrimLossTerm loss_objectness(const BrimLossArgs &args, const LossSpot &spot)
{
    float aim = 0, unused[4];
    int last = spot.chain;
    while (last && spot.nexts[last - 1])
        last = spot.nexts[last - 1];
    if (last)
        aim = loss_fit(args, spot, last, unused);
    BrimLossTerm term =
        brim_loss_term(args.head.fl_gamma, loss_logit(args, spot, 4), aim < 0 ? 0.0f : aim, args.head.obj_pw);
    term.gradient *= spot.figures->objectness_slope;
    return term;
}

BRIM_DEVICE BrimLossTerm loss_classes(const BrimLossArgs &args, const LossSpot &spot)
{
    BrimLossTerm sum = {0, 0};
    for (int slot = args.head.class_count > 1 ? spot.chain : 0; slot; slot = spot.nexts[slot - 1]) {
        int is_class = loss_label(args, spot, slot).class_index == spot.column - 5;
        float aim = brim_loss_class_aim(is_class, args.head.label_smoothing);
        BrimLossTerm term =
            brim_loss_term(args.head.fl_gamma, loss_logit(args, spot, spot.column), aim, args.head.cls_pw);
        sum.loss += term.loss;
        sum.gradient += spot.figures->class_slope * term.gradient;
    }
    return sum;
}

/* The logit at a channel of the spot's pixel; nothing where that is a pad. Fills in the rest of the spot. */
BRIM_DEVICE BrimLossTerm loss_at(const BrimLossArgs &args, const int32_t *chains, int channel, LossSpot *spot)
{
    const BrimKernelFeature &head = args.heads[spot->level];
    int columns = 5 + args.head.class_count;
    spot->anchor = channel / columns;
    spot->column = channel % columns;
    if (spot->anchor >= args.head.anchor_count) {
        BrimLossTerm none = {0, 0};
        return none;
    }
    spot->x = (int)(spot->pixel % head.w);
    spot->y = (int)(spot->pixel / head.w % head.h);
    spot->chain = chains[spot->pixel * args.head.anchor_count + spot->anchor];
    return spot->column < 4    ? loss_box(args, *spot)
           : spot->column == 4 ? loss_objectness(args, *spot)
                               : loss_classes(args, *spot);
}

/* Sums of a thread: floats over the cells of one part of a level, then doubles. */
typedef struct LossSums {
    double box, objectness, classes;
} LossSums;

/* One part of a level: a run of pixels, all their channels and pads. */
BRIM_DEVICE void loss_part(const BrimLossArgs &args, int level, int part, LossSums *sums)
{
    const BrimLossRoom room = brim_loss_room(&args);
    const char *workspace = (const char *)args.workspace;
    const int32_t *chains = (const int32_t *)(workspace + room.chains) + brim_loss_cells_before(&args, level);
    const BrimKernelFeature &head = args.heads[level], &dhead = args.dheads[level];
    int64_t pixels = brim_pixels(head), run = (pixels + BRIM_LOSS_PARTS - 1) / BRIM_LOSS_PARTS;
    int64_t first = run * part, last = first + run < pixels ? first + run : pixels;
    LossSpot spot;
    spot.level = level;
    spot.nexts = (const int32_t *)(workspace + room.nexts) + (int64_t)level * brim_loss_slots(&args);
    spot.figures = (const BrimLossLevel *)(workspace + room.levels) + level;
    float box = 0, objectness = 0, classes = 0;
    for (int i = brim_thread(); i < (int)(last - first) * head.padded; i += brim_threads()) {
        int channel = i % head.padded;
        spot.pixel = first + i / head.padded;
        BrimLossTerm term = loss_at(args, chains, channel, &spot);
        box += spot.column < 4 ? term.loss : 0.0f;
        objectness += spot.column == 4 ? term.loss : 0.0f;
        classes += spot.column > 4 ? term.loss : 0.0f;
        if (dhead.data)
            brim_put(dhead, spot.pixel, channel, term.gradient);
    }
    sums->box += spot.figures->gains.box * (double)box;
    sums->objectness += spot.figures->gains.objectness * (double)objectness;
    sums->classes += spot.figures->gains.classes * (double)classes;
}

/* Grid: over the parts, a block each. */
BRIM_KERNEL brim_loss_cells(const BrimLossArgs args)
{
    double *partial = (double *)((char *)args.workspace + brim_loss_room(&args).partial);
    for (int part = brim_block(); part < BRIM_LOSS_PARTS; part += brim_blocks()) {
        LossSums sums = {0, 0, 0};
        for (int level = 0; level < args.head.level_count; level++)
            loss_part(args, level, part, &sums);
        double box = brim_block_sum(sums.box), objectness = brim_block_sum(sums.objectness);
        double classes = brim_block_sum(sums.classes);
        if (brim_thread() == 0) {
            partial[3 * part] = box;
            partial[3 * part + 1] = objectness;
            partial[3 * part + 2] = classes;
        }
    }
}

/* Grid: one block. */
BRIM_KERNEL brim_loss_finish(const BrimLossArgs args)
{
    const double *partial = (const double *)((const char *)args.workspace + brim_loss_room(&args).partial);
    double total = 0;
    for (int kind = 0; kind < 3; kind++) {
        double sum = 0;
        for (int part = brim_thread(); part < BRIM_LOSS_PARTS; part += brim_threads())
            sum += partial[3 * part + kind];
        sum = brim_block_sum(sum);
        total += sum;
        if (brim_thread() == 0)
            args.items[kind] = (float)sum;
    }
    if (brim_thread() == 0)
        args.items[3] = (float)(args.heads[0].n * total);
}

/* The loss of every logit and its gradient. Nearly all cells have no match: of those only objectness counts,
 * and all else of their gradient is zero. So a block clears its part of the gradient, a thread of it takes
 * each cell, and what cells have matches (loss_match.cu) is put in order and shared out once more, since one
 * of them is the work of hundreds without. */
#include "backend/cuda/kernels/lanes.h"
#include "backend/cuda/kernels/loss.h"
#include "backend/cuda/kernels/quad.h"
#include "element/box.h"

/* Pixels of a level from first on, before end, which are all of one part. */
typedef struct LossRun {
    int level, first, end;
    const int32_t *chains; /* of the level's cells */
    const int32_t *nexts;
    const BrimLossLevel *figures;
} LossRun;

/* A pixel's anchor. */
typedef struct LossCell {
    int pixel, anchor;
    int chain; /* its first match, 0 where there is none */
} LossCell;

/* Sums of a thread over a run. */
typedef struct LossSums {
    float box, objectness, classes;
} LossSums;

/* Cell `index` of the run. */
BRIM_DEVICE LossCell loss_cell_of(const BrimLossArgs &args, const LossRun &run, int index)
{
    LossCell cell;
    uint32_t anchors = (uint32_t)args.head.anchor_count, pixel = (uint32_t)index / anchors;
    cell.pixel = run.first + (int)pixel;
    cell.anchor = index - (int)(pixel * anchors);
    cell.chain = run.chains[run.first * args.head.anchor_count + index];
    return cell;
}

BRIM_DEVICE int loss_channel(const BrimLossArgs &args, const LossCell &cell, int column)
{
    return cell.anchor * (5 + args.head.class_count) + column;
}

BRIM_DEVICE float loss_logit(const BrimLossArgs &args, const LossRun &run, const LossCell &cell, int column)
{
    return brim_get(args.heads[run.level], cell.pixel, loss_channel(args, cell, column));
}

BRIM_DEVICE void loss_put(const BrimLossArgs &args, const LossRun &run, const LossCell &cell, int column,
                          float gradient)
{
    if (args.dheads[run.level].data)
        brim_put(args.dheads[run.level], cell.pixel, loss_channel(args, cell, column), gradient);
}

BRIM_DEVICE BrimLabel loss_label(const BrimLossArgs &args, const LossRun &run, int slot)
{
    const BrimKernelFeature &head = args.heads[run.level];
    BrimLabel label;
    brim_match_label(args.targets + 6 * (int64_t)((slot - 1) % args.target_cap), head.n,
                     args.head.class_count, head.w, head.h, &label);
    return label;
}

/* The CIoU of the cell's box with that of a match. */
BRIM_DEVICE float loss_fit(const BrimLossArgs &args, const LossRun &run, const LossCell &cell, int slot,
                           const float logits[4], float gradient[4])
{
    const BrimKernelFeature &head = args.heads[run.level];
    const float *anchor_px = args.head.anchors_px[run.level][cell.anchor];
    float stride = (float)args.head.stride_px[run.level];
    BrimLabel label = loss_label(args, run, slot);
    BrimBox aim;
    aim.x = label.x - (float)(cell.pixel % head.w);
    aim.y = label.y - (float)(cell.pixel / head.w % head.h);
    aim.w = label.w;
    aim.h = label.h;
    return brim_box_fit(logits, anchor_px[0] / stride, anchor_px[1] / stride, aim, -run.figures->box_slope,
                        gradient);
}

/* Writes the gradient; the loss of it. */
BRIM_DEVICE float loss_objectness(const BrimLossArgs &args, const LossRun &run, const LossCell &cell,
                                  float logit, float aim)
{
    BrimLossTerm term = brim_loss_term(args.head.fl_gamma, logit, aim, args.head.obj_pw);
    loss_put(args, run, cell, 4, term.gradient * run.figures->objectness_slope);
    return term.loss;
}

/* The box and objectness of a cell with matches: the box's loss is that of all of them, objectness aims at
 * the CIoU of the last, as in YOLOv5. */
BRIM_DEVICE void loss_box(const BrimLossArgs &args, const LossRun &run, const LossCell &cell, LossSums *sums)
{
    float logits[4], gradient[4] = {0, 0, 0, 0}, iou = 0;
    float objectness = loss_logit(args, run, cell, 4);
    for (int i = 0; i < 4; i++)
        logits[i] = loss_logit(args, run, cell, i);
    for (int slot = cell.chain; slot; slot = run.nexts[slot - 1]) {
        float by[4];
        iou = loss_fit(args, run, cell, slot, logits, by);
        sums->box += 1.0f - iou;
        for (int i = 0; i < 4; i++)
            gradient[i] += by[i];
    }
    for (int i = 0; i < 4; i++)
        loss_put(args, run, cell, i, gradient[i]);
    sums->objectness += loss_objectness(args, run, cell, objectness, iou < 0 ? 0.0f : iou);
}

BRIM_DEVICE void loss_class(const BrimLossArgs &args, const LossRun &run, const LossCell &cell,
                            int class_index, LossSums *sums)
{
    float logit = loss_logit(args, run, cell, 5 + class_index), gradient = 0;
    for (int slot = cell.chain; slot; slot = run.nexts[slot - 1]) {
        int is_class = loss_label(args, run, slot).class_index == class_index;
        BrimLossTerm term =
            brim_loss_term(args.head.fl_gamma, logit,
                           brim_loss_class_aim(is_class, args.head.label_smoothing), args.head.cls_pw);
        sums->classes += term.loss;
        gradient += run.figures->class_slope * term.gradient;
    }
    loss_put(args, run, cell, 5 + class_index, gradient);
}

/* Zeros in the run's gradient, pads included. */
BRIM_DEVICE void loss_clear(const BrimKernelFeature &dhead, const LossRun &run)
{
    uint32_t floats = dhead.type == BRIM_KERNEL_F32 ? 1 : 2; /* elements to a float's bytes */
    uint32_t quads = (uint32_t)dhead.padded / (BRIM_QUAD * floats);
    uint32_t pitch = (uint32_t)dhead.pitch / (BRIM_QUAD * floats);
    uint32_t count = dhead.data ? (uint32_t)(run.end - run.first) * quads : 0;
    const BrimQuad zeros = {{0, 0, 0, 0}};
    for (uint32_t i = (uint32_t)brim_thread(); i < count; i += (uint32_t)brim_threads()) {
        uint32_t pixel = i / quads;
        int64_t at = ((int64_t)run.first + pixel) * pitch + (i - pixel * quads);
        brim_set_quad((float *)dhead.data, at, zeros);
    }
}

/* Cells with matches that the block's threads came upon, in whatever order; then in that of the cells. */
typedef struct LossFound {
    int32_t count, cells[BRIM_LANE_THREADS], ordered[BRIM_LANE_THREADS];
} LossFound;

/* The cells from `first` on, one for each thread: finishes those without a match, and notes the others. */
BRIM_DEVICE void loss_sift(const BrimLossArgs &args, const LossRun &run, int first, LossFound *found,
                           LossSums *sums)
{
    brim_block_wait(); /* what was found before has been read, and the gradient is clear */
    if (brim_thread() == 0)
        found->count = 0;
    brim_block_wait();
    int index = first + brim_thread();
    if (index < (run.end - run.first) * args.head.anchor_count) {
        LossCell cell = loss_cell_of(args, run, index);
        float logit = loss_logit(args, run, cell, 4); /* asked for before it is known who wants it */
        if (cell.chain)
            found->cells[brim_atomic_add(&found->count, 1)] = index;
        else
            sums->objectness += loss_objectness(args, run, cell, logit, 0);
    }
    brim_block_wait();
}

/* Few, mostly: each counts who comes before it. */
BRIM_DEVICE void loss_put_in_order(LossFound *found, int count)
{
    for (int i = brim_thread(); i < count; i += brim_threads()) {
        int cell = found->cells[i], place = 0;
        for (int k = 0; k < count; k++)
            place += found->cells[k] < cell ? 1 : 0;
        found->ordered[place] = cell;
    }
    brim_block_wait();
}

/* The cells found: of each the box, and each class, on a thread of their own. */
BRIM_DEVICE void loss_matches(const BrimLossArgs &args, const LossRun &run, const LossFound *found, int count,
                              LossSums *sums)
{
    int shares = 1 + (args.head.class_count > 1 ? args.head.class_count : 0);
    for (int i = brim_thread(); i < count * shares; i += brim_threads()) {
        int place = (int)((uint32_t)i / (uint32_t)shares), share = i - place * shares;
        LossCell cell = loss_cell_of(args, run, found->ordered[place]);
        if (share == 0)
            loss_box(args, run, cell, sums);
        else
            loss_class(args, run, cell, share - 1, sums);
    }
}

BRIM_DEVICE LossSums loss_run(const BrimLossArgs &args, const LossRun &run, LossFound *found)
{
    LossSums sums = {0, 0, 0};
    int cells = (run.end - run.first) * args.head.anchor_count;
    loss_clear(args.dheads[run.level], run);
    for (int first = 0; first < cells; first += brim_threads()) {
        loss_sift(args, run, first, found, &sums);
        int count = found->count;
        if (count == 0)
            continue;
        loss_put_in_order(found, count);
        loss_matches(args, run, found, count, &sums);
    }
    return sums;
}

/* Adds the block's sums of a run, with gains, to those of its part. */
BRIM_DEVICE void loss_add(const LossSums &sums, const BrimLossGains &gains, double *partial)
{
    double box = brim_block_sum(gains.box * (double)sums.box);
    double objectness = brim_block_sum(gains.objectness * (double)sums.objectness);
    double classes = brim_block_sum(gains.classes * (double)sums.classes);
    if (brim_thread() == 0) {
        partial[0] += box;
        partial[1] += objectness;
        partial[2] += classes;
    }
}

/* The pixels from first on, before end, counted over all levels. */
BRIM_DEVICE void loss_part(const BrimLossArgs &args, int first, int end, LossFound *found, double *partial)
{
    const BrimLossRoom room = brim_loss_room(&args);
    const char *workspace = (const char *)args.workspace;
    int before = 0;
    for (int level = 0; level < args.head.level_count; level++) {
        int pixels = (int)brim_pixels(args.heads[level]);
        LossRun run;
        run.level = level;
        run.first = first > before ? first - before : 0;
        run.end = end - before < pixels ? end - before : pixels;
        run.chains = (const int32_t *)(workspace + room.chains) + before * args.head.anchor_count;
        run.nexts = (const int32_t *)(workspace + room.nexts) + (int64_t)level * brim_loss_slots(&args);
        run.figures = (const BrimLossLevel *)(workspace + room.levels) + level;
        before += pixels;
        if (run.first < run.end)
            loss_add(loss_run(args, run, found), run.figures->gains, partial);
    }
}

/* Grid: over the parts, a block each; at most BRIM_LANE_THREADS threads a block. */
BRIM_LANE_KERNEL(3) brim_loss_cells(const BrimLossArgs args)
{
    BRIM_SHARED LossFound found;
    int pixels = 0;
    for (int level = 0; level < args.head.level_count; level++)
        pixels += (int)brim_pixels(args.heads[level]);
    int run = (pixels + BRIM_LOSS_PARTS - 1) / BRIM_LOSS_PARTS;
    for (int part = brim_block(); part < BRIM_LOSS_PARTS; part += brim_blocks()) {
        double *partial =
            (double *)((char *)args.workspace + brim_loss_room(&args).partial) + 3 * (int64_t)part;
        int end = run * (part + 1) < pixels ? run * (part + 1) : pixels;
        if (brim_thread() == 0)
            partial[0] = partial[1] = partial[2] = 0;
        loss_part(args, run * part, end, &found, partial);
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

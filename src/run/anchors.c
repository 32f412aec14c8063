/* The decision of AutoAnchor, and the model's anchors in and out. */
#include "run/anchors.h"

#include <string.h>

#include "data/anchors.h"
#include "run/remarks.h"

static const double enough_recall = 0.98;               /* check_anchors, utils/autoanchor.py */
static const uint64_t anchor_stream = 0x616E63686F7273; /* "anchors" */

typedef struct Anchors {
    double px[BRIM_ANCHORS_MOST][2]; /* level after level */
    int count;
} Anchors;

static Anchors anchors_of(const BrimModel *model)
{
    Anchors anchors = {.count = model->level_count * model->anchor_count};
    for (int i = 0; i < anchors.count; i++)
        memcpy(anchors.px[i], model->anchors_px[i / model->anchor_count][i % model->anchor_count],
               sizeof anchors.px[i]);
    return anchors;
}

/* Smallest first, so the levels take them from the finest stride on; single precision, as checkpoints hold
 * them. */
static void set_anchors(BrimModel *model, const Anchors *anchors)
{
    int last = model->level_count - 1;
    bool rising = model->stride_px[last] >= model->stride_px[0];
    for (int i = 0; i < anchors->count; i++) {
        int level = i / model->anchor_count;
        double *to = model->anchors_px[rising ? level : last - level][i % model->anchor_count];
        to[0] = (float)anchors->px[i][0];
        to[1] = (float)anchors->px[i][1];
    }
}

/* What the check and the search share. */
typedef struct Fitting {
    BrimModel *model;
    const BrimSplit *split;
    double ratio;
    int imgsz_px;
    BrimRandom random;
    double *scales;                   /* one a picture */
    BrimLabelSides *jittered, *plain; /* one a label */
    BrimListener listener;
    void *self;
} Fitting;

static BrimAnchorFit measure(const Fitting *fitting, const Anchors *anchors)
{
    return brim_anchors_measure(fitting->jittered, fitting->split->label_count, anchors->px, anchors->count,
                                fitting->ratio);
}

static BrimStatus improve(Fitting *fitting, const BrimAnchorFit *present)
{
    Anchors found = anchors_of(fitting->model);
    brim_anchors_sides(fitting->split, fitting->imgsz_px, NULL, fitting->plain);
    BrimStatus status = brim_anchors_find(found.px, found.count, fitting->plain, fitting->split->label_count,
                                          fitting->imgsz_px, fitting->ratio, &fitting->random);
    if (status == BRIM_ERROR_INPUT) { /* no reason not to train */
        brim_remark(fitting->listener, fitting->self, "%s; they stay as they are", brim_last_error());
        return BRIM_OK;
    }
    if (status != BRIM_OK)
        return status;
    BrimAnchorFit fit = measure(fitting, &found);
    bool better = fit.recall > present->recall;
    if (better)
        set_anchors(fitting->model, &found);
    brim_remark(
        fitting->listener, fitting->self,
        "anchors: %.2f anchors a label, best possible recall %.3f, a poor fit; new ones have %.2f and "
        "%.3f, %s",
        present->anchors, present->recall, fit.anchors, fit.recall,
        better ? "and are taken" : "no better: the old ones stay");
    return BRIM_OK;
}

static BrimStatus check(Fitting *fitting)
{
    Anchors present = anchors_of(fitting->model);
    for (int i = 0; i < fitting->split->sample_count; i++)
        fitting->scales[i] = brim_random_uniform(&fitting->random, 0.9, 1.1);
    brim_anchors_sides(fitting->split, fitting->imgsz_px, fitting->scales, fitting->jittered);
    BrimAnchorFit fit = measure(fitting, &present);
    if (fit.recall <= enough_recall)
        return improve(fitting, &fit);
    brim_remark(fitting->listener, fitting->self,
                "anchors: %.2f anchors a label, best possible recall %.3f, a good fit", fit.anchors,
                fit.recall);
    return BRIM_OK;
}

BrimStatus brim_anchors_fit(BrimModel *model, const BrimSplit *split, const BrimHyper *hyper, int imgsz_px,
                            uint64_t seed, BrimListener listener, void *self)
{
    if (split->label_count == 0) {
        brim_remark(listener, self, "anchors: no label to hold them against; they stay as they are");
        return BRIM_OK;
    }
    size_t labels = (size_t)split->label_count;
    Fitting fitting = {.model = model,
                       .split = split,
                       .ratio = hyper->anchor_t,
                       .imgsz_px = imgsz_px,
                       .random = brim_random(seed, anchor_stream),
                       .listener = listener,
                       .self = self};
    fitting.scales = brim_mem_take(BRIM_MEM_DATA, (size_t)split->sample_count, sizeof *fitting.scales);
    fitting.jittered = brim_mem_take(BRIM_MEM_DATA, labels, sizeof *fitting.jittered);
    fitting.plain = brim_mem_take(BRIM_MEM_DATA, labels, sizeof *fitting.plain);
    BrimStatus status = BRIM_ERROR_MEMORY;
    if (fitting.scales && fitting.jittered && fitting.plain)
        status = check(&fitting);
    brim_mem_give(fitting.scales);
    brim_mem_give(fitting.jittered);
    brim_mem_give(fitting.plain);
    return status;
}

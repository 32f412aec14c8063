/* A training run planned: its trainer, and the sentence that says what would fit when it does not. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/process.h"
#include "run/planning.h"
#include "run/remarks.h"
#include "run/train_run.h"

/* Room for decoded pictures: half of what the machine has free, so that the run is no bad neighbour; and on the CPU, whose
 * budget is of the same memory, within that. */
static size_t cache_room(const BrimTrainRun *run)
{
    const char *cache = run->options->cache;
    size_t half = (size_t)brim_process_available_bytes() / 2;
    if (cache && strcmp(cache, "none") == 0)
        return 0;
    if (brim_device_is_card(&run->device))
        return half;
    return half < run->budget_bytes ? half : (size_t)run->budget_bytes;
}

/* A card augments what is kept; on the CPU, whose memory is the host's, device and ram are the same cache. */
static BrimTrainerKeep where_to_keep(const BrimTrainOptions *options)
{
    if (!options->cache || strcmp(options->cache, "ram") == 0)
        return BRIM_TRAINER_KEEP_HOST;
    return strcmp(options->cache, "device") == 0 ? BRIM_TRAINER_KEEP_DEVICE : BRIM_TRAINER_KEEP_NONE;
}

/* On the CPU threads that load take their time from those that compute: 0, 1 and 2 of them were within 3 % of
 * each other, and 0 takes the least memory. A card wants as many as the profile has for it. */
static int chosen_workers(const BrimTrainRun *run)
{
    const BrimTrainOptions *options = run->options;
    const BrimProfile *profile;
    if (options->workers >= 0 || !brim_device_is_card(&run->device) ||
        brim_profile_find(&profile, options->profile) != BRIM_OK)
        return options->workers < 0 ? 0 : options->workers;
    return brim_planning_workers(profile, HUGE_VAL, options->imgsz, brim_core_count());
}

static BrimTrainerConf trainer_conf(BrimTrainRun *run, BrimListener listener, void *self)
{
    const BrimTrainOptions *options = run->options;
    BrimTrainerConf conf = {.backend = run->device.backend,
                            .card = run->device.card,
                            .cards = run->device.cards,
                            .card_count = run->device.count,
                            .model = &run->model,
                            .hyper = run->hyper,
                            .train = &run->train,
                            .val = &run->val,
                            .epochs = options->epochs,
                            .batch = options->batch_size,
                            .imgsz_px = options->imgsz,
                            .workers = chosen_workers(run),
                            .threads = options->threads,
                            .patience = options->patience,
                            .seed = options->seed,
                            .cosine = options->cos_lr,
                            .cache_bytes = cache_room(run),
                            .keep = where_to_keep(options),
                            .budget_bytes = (size_t)run->budget_bytes,
                            .plan_only = run->plan_only,
                            .class_names = run->dataset.class_names,
                            .identity = &run->identity,
                            .precision = run->precision,
                            .sync_bn = options->sync_bn,
                            .listener = listener,
                            .listener_self = self};
    memcpy(conf.recompute, run->recompute, sizeof conf.recompute);
    return conf;
}

typedef struct Need {
    size_t arena_bytes, beside_bytes; /* 0 where the run cannot be planned at all */
} Need;

static size_t total(Need need)
{
    return need.arena_bytes + need.beside_bytes;
}

/* What the run would need with that batch, its pictures read again in every epoch. */
static Need need_of(BrimTrainRun *run, int batch)
{
    Need need = {0, 0};
    BrimTrainer *trainer = NULL;
    BrimTrainerConf conf = trainer_conf(run, NULL, NULL);
    conf.batch = batch;
    conf.cache_bytes = conf.budget_bytes = 0;
    conf.keep = BRIM_TRAINER_KEEP_NONE;
    conf.plan_only = true;
    if (brim_trainer_open(&trainer, &conf) == BRIM_OK) {
        need.arena_bytes = brim_engine_plan(brim_trainer_engine(trainer))->arena_bytes;
        need.beside_bytes = brim_trainer_planned_bytes(trainer) - need.arena_bytes;
    }
    brim_trainer_close(&trainer);
    return need;
}

uint64_t brim_train_run_beside_bytes(BrimTrainRun *run)
{
    Need need = need_of(run, run->options->batch_size);
    size_t arena_bytes = run->searched_arena_bytes ? (size_t)run->searched_arena_bytes : need.arena_bytes;
    return total(need) > arena_bytes ? total(need) - arena_bytes : 0;
}

/* Of several cards the one that decides, for a sentence; all are asked for as much. */
static void name_smallest(const BrimTrainRun *run, char *text, size_t bytes)
{
    int card;
    text[0] = '\0';
    if (run->device.count > 1 && brim_device_smallest(&run->device, &card) == BRIM_OK)
        snprintf(text, bytes, " on card %d, which has the least", card);
}

/* The sentence for a run over its budget: what it needs, and the largest batch that would fit; with several
 * cards one that divides by their number. */
static BrimStatus say_what_fits(BrimTrainRun *run)
{
    const BrimTrainOptions *options = run->options;
    const int cards = run->device.count;
    char where[64], needed[32] = "more"; /* where the card is too full even to plan it */
    double given_mib = (double)run->budget_bytes / 0x1p20, fits_mib = 0;
    double needed_mib = (double)total(need_of(run, options->batch_size)) / 0x1p20;
    int fits = 0, too_large = options->batch_size / cards;
    if (needed_mib > 0)
        snprintf(needed, sizeof needed, "%.0f MiB", needed_mib);
    name_smallest(run, where, sizeof where);
    while (too_large - fits > 1) {
        int middle = (fits + too_large) / 2;
        double mib = (double)total(need_of(run, middle * cards)) / 0x1p20;
        bool fitting = mib > 0 && mib <= given_mib;
        *(fitting ? &fits : &too_large) = middle;
        fits_mib = fitting ? mib : fits_mib;
    }
    if (fits)
        return brim_fail(
            BRIM_ERROR_FIT,
            "the run needs %s (--precision %s --recompute %s), %.0f MiB are given%s; --batch-size %d "
            "fits, with %.0f MiB",
            needed, options->precision, options->recompute, given_mib, where, fits * cards, fits_mib);
    double least_mib = (double)total(need_of(run, cards)) / 0x1p20;
    if (least_mib == 0) /* it cannot be planned at all, as its own words say */
        return brim_fail_within(BRIM_ERROR_FIT, "the run needs more than the %.0f MiB given%s: ", given_mib, where);
    return brim_fail(
        BRIM_ERROR_FIT,
        "the run needs %s, %.0f MiB are given%s, and %.0f MiB would be needed even with --batch-size %d; "
        "a smaller --imgsz or model needs less",
        needed, given_mib, where, least_mib, cards);
}

/* Decoded pictures are a comfort: where they make the difference, the run goes without them. */
static BrimStatus open_trainer(BrimTrainRun *run, BrimListener listener, void *self)
{
    BrimTrainerConf conf = trainer_conf(run, listener, self);
    BrimStatus status = brim_trainer_open(&run->trainer, &conf);
    if (status == BRIM_ERROR_FIT && conf.cache_bytes > 0) {
        conf.cache_bytes = 0;
        conf.keep = BRIM_TRAINER_KEEP_NONE;
        status = brim_trainer_open(&run->trainer, &conf);
        if (status == BRIM_OK)
            brim_remark(run->listener, run->self,
                        "no room to keep decoded pictures: each is read again in every epoch");
    }
    return status;
}

/* What was chosen, where that is not what was asked for. */
static void remark_choice(BrimTrainRun *run)
{
    const BrimTrainOptions *asked = &run->asked, *settled = run->options;
    bool same = asked->batch_size == settled->batch_size &&
                (!brim_given(asked->precision) || strcmp(asked->precision, settled->precision) == 0) &&
                (brim_given(asked->recompute) ? strcmp(asked->recompute, settled->recompute) == 0
                                              : strcmp(settled->recompute, "activations") == 0);
    if (!same)
        brim_remark(run->listener, run->self, "chosen: --batch-size %d --precision %s --recompute %s",
                    settled->batch_size, settled->precision, settled->recompute);
}

BrimStatus brim_train_run_open(BrimTrainRun *run, BrimListener listener, void *self)
{
    enum { TRIES = 6, SLACK_BYTES = 1 << 20 };
    BrimStatus status = open_trainer(run, listener, self);
    /* The search knows the model and the machine, not the pictures: what they take beside the arena shows
     * here. A bit more each time, since it is measured, and changes with what is chosen. */
    for (int i = 0; i < TRIES && status == BRIM_ERROR_FIT; i++) {
        uint64_t beside = brim_train_run_beside_bytes(run);
        if (!beside || brim_train_run_choose_again(run, beside + (uint64_t)i * SLACK_BYTES) != BRIM_OK)
            break;
        status = open_trainer(run, listener, self);
    }
    if (status == BRIM_OK)
        remark_choice(run);
    return status == BRIM_ERROR_FIT ? say_what_fits(run) : status;
}

bool brim_train_run_still_fits(BrimTrainRun *run)
{
    uint64_t free_bytes, taken_bytes, planned_bytes = brim_trainer_planned_bytes(run->trainer);
    brim_engine_room(brim_trainer_engine(run->trainer), &free_bytes, &taken_bytes);
    if (!free_bytes || planned_bytes <= taken_bytes + free_bytes)
        return true;
    brim_remark(
        run->listener, run->self,
        "memory went to another process: %.0f MiB are still to be taken, %.0f MiB are free; planning again",
        (double)(planned_bytes - taken_bytes) / 0x1p20, (double)free_bytes / 0x1p20);
    return false;
}

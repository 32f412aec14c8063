/* What a training run leaves to be chosen: its batch, precision and recomputation, under a budget. The same
 * search answers brim_get_training_config; here it knows the model of the run, and what the run takes beside
 * its arena is corrected from the run's own plan. */
#include <stdio.h>
#include <string.h>

#include "base/process.h"
#include "run/planning.h"
#include "run/remarks.h"
#include "run/train_run.h"
#include "train/schedule.h"

static bool is(const char *text, const char *word)
{
    return text && strcmp(text, word) == 0;
}

/* What may be chosen: what was said to be, and, with a batch that is chosen, what was not said. */
static bool precision_open(const BrimTrainOptions *options)
{
    return is(options->precision, "auto") || (!brim_given(options->precision) && options->batch_size == -1);
}

static bool recompute_open(const BrimTrainOptions *options)
{
    return is(options->recompute, "auto") || (!brim_given(options->recompute) && options->batch_size == -1);
}

/* What is given; fp32 where nothing is, or it is to be chosen. */
static BrimStatus read_precision(const BrimTrainRun *run, BrimPrecision *precision)
{
    const char *word = run->asked.precision;
    *precision = BRIM_PRECISION_FP32;
    if (!brim_given(word) || is(word, "auto"))
        return BRIM_OK;
    return brim_device_precision(&run->device, word, "auto, ", precision);
}

/* Checks 16 bits where the run is to compute in them, or may come to. */
static BrimStatus check_narrow(BrimTrainRun *run)
{
    BrimStatus status = BRIM_OK;
    BrimPrecision precision = brim_device_narrow(&run->device);
    if (!precision_open(&run->asked))
        status = read_precision(run, &precision);
    if (status == BRIM_OK && brim_precision_traits(precision)->feature != BRIM_F32)
        status = brim_train_run_check_amp(run, precision);
    return status;
}

static BrimStatus settle_budget(BrimTrainRun *run)
{
    const BrimProfile *profile;
    const BrimTrainOptions *options = &run->asked;
    BrimStatus status = brim_profile_find(&profile, options->profile);
    if (status != BRIM_OK)
        return status;
    uint64_t capacity_bytes, free_bytes;
    status = brim_device_room(&run->device, &capacity_bytes, &free_bytes);
    if (status != BRIM_OK)
        return status;
    double fraction = options->fraction > 0 ? options->fraction : profile->fraction;
    run->reserve_bytes = fraction < 1 ? (uint64_t)((1 - fraction) * (double)capacity_bytes) : 0;
    return brim_planning_budget(profile, options->fraction, capacity_bytes, free_bytes, options->memory_bytes,
                                &run->budget_bytes);
}

/* Precision and levels as far as they are given. */
static BrimStatus settle_given(BrimTrainRun *run)
{
    BrimStatus status = read_precision(run, &run->precision);
    if (status != BRIM_OK)
        return status;
    return brim_recompute_parse(recompute_open(&run->asked) ? NULL : run->asked.recompute, &run->model,
                                run->recompute);
}

/* Into the options that the rest of the run reads and the checkpoint keeps. */
static void settle_options(BrimTrainRun *run, int batch)
{
    run->settled = run->asked;
    brim_recompute_format(run->recompute, &run->model, run->recompute_text);
    run->settled.batch_size = batch;
    run->settled.precision = brim_precision_traits(run->precision)->option;
    run->settled.recompute = run->recompute_text;
    run->options = &run->settled;
}

/* Pictures of a card's step, where they are to be chosen: all cards' together no more than an update of
 * YOLOv5's recipe, nor so many that a small dataset spends its epochs on the warm-up; but not so few that
 * BatchNorm suffers, where there are more. */
static int most_batch(const BrimTrainRun *run)
{
    const int cards = run->device.count, pictures = run->train.sample_count;
    int most = brim_schedule_largest_batch(&run->hyper, pictures);
    most = (most < BRIM_NOMINAL_BATCH ? most : BRIM_NOMINAL_BATCH) / cards;
    most = most > BRIM_SMALL_BATCH ? most : BRIM_SMALL_BATCH;
    int share = (pictures + cards - 1) / cards;
    return most < share ? most : share;
}

static BrimStatus search(BrimTrainRun *run, bool any_recompute)
{
    const BrimTrainOptions *asked = &run->asked;
    const int cards = run->device.count;
    char card[16];
    uint8_t given[BRIM_MAX_LAYERS];
    BrimTrainingQuery query = brim_training_query_defaults();
    BrimPlanning *planning = brim_mem_take(BRIM_MEM_CONF, 1, sizeof *planning);
    if (!planning)
        return BRIM_ERROR_MEMORY;
    memcpy(given, run->recompute, sizeof given);
    query.imgsz = asked->imgsz;
    snprintf(card, sizeof card, "%d", run->device.card);
    query.device = cards > 1 ? card : asked->device; /* what the first does with its part, all do */
    query.profile = asked->profile;
    query.batch_size = asked->batch_size == -1 ? -1 : asked->batch_size / cards;
    query.fraction = 1; /* the budget has it already */
    query.memory_bytes = run->budget_bytes;
    query.precision = precision_open(asked) ? "auto" : brim_precision_traits(run->precision)->option;
    query.tune = asked->tune;
    query.listener = run->listener;
    query.listener_self = run->self;
    planning->model = run->model;
    planning->threads = asked->threads;
    planning->most_batch = most_batch(run);
    planning->recompute = any_recompute ? NULL : given;
    planning->beside_bytes = run->beside_bytes;
    BrimStatus status = brim_planning_open_model(planning, &query);
    if (status == BRIM_OK) {
        const BrimChoice *choice = &planning->search.choices[0];
        run->precision = choice->scheme.precision;
        run->searched_arena_bytes = choice->arena_bytes;
        memcpy(run->recompute, choice->scheme.recompute, sizeof run->recompute);
        settle_options(run, choice->micro_batch * cards);
    }
    brim_planning_close(planning);
    brim_mem_give(planning);
    return status;
}

/* What the run is opened with to see what it takes beside its arena. */
static int first_batch(const BrimTrainRun *run)
{
    int most = most_batch(run);
    return run->device.count * (most < BRIM_SMALL_BATCH ? most : BRIM_SMALL_BATCH);
}

BrimStatus brim_train_run_choose(BrimTrainRun *run)
{
    BrimStatus status;
    if (!run->chosen)
        run->asked = *run->options;
    run->chosen = true;
    BRIM_TRY(settle_budget(run));
    if (run->amp_unchecked)
        BRIM_TRY(check_narrow(run));
    run->amp_unchecked = false;
    BRIM_TRY(settle_given(run));
    settle_options(run, run->asked.batch_size == -1 ? first_batch(run) : run->asked.batch_size);
    if (run->asked.batch_size == -1 || precision_open(&run->asked) || recompute_open(&run->asked)) {
        run->beside_bytes = brim_train_run_beside_bytes(run);
        return search(run, recompute_open(&run->asked));
    }
fail:
    return status;
}

BrimStatus brim_train_run_choose_again(BrimTrainRun *run, uint64_t beside_bytes)
{
    bool any_recompute = recompute_open(&run->asked) || !brim_given(run->asked.recompute);
    if (run->asked.batch_size != -1 && !precision_open(&run->asked) && !any_recompute)
        return BRIM_ERROR_FIT;
    run->beside_bytes = beside_bytes;
    return search(run, any_recompute);
}

/* From a query to a search. */
#include "run/planning.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "backend/cuda/layout/layout.h"
#include "base/clock.h"
#include "run/card_device.h"
#include "run/host_device.h"
#include "run/ranges.h"
#include "run/remarks.h"
#include "run/timings_file.h"
#include "run/tune.h"

/* ---- profiles ---- */

static const BrimProfile profiles[] = {
    {"high-performance", 0.9, 1.0, 64, false},
    {"balanced", 0.8, 0.5, 16, false},
    {"conservative", 0.6, 0.5, 2, true},
};
enum { PROFILE_COUNT = sizeof profiles / sizeof profiles[0], BALANCED = 1 };

BrimStatus brim_profile_find(const BrimProfile **profile, const char *name)
{
    *profile = &profiles[BALANCED];
    if (!name || !name[0])
        return BRIM_OK;
    for (int i = 0; i < PROFILE_COUNT; i++) {
        *profile = &profiles[i];
        if (strcmp(profiles[i].name, name) == 0)
            return BRIM_OK;
    }
    return brim_fail(BRIM_ERROR_ARGUMENT,
                     "there is no profile \"%s\"; there are high-performance, balanced and conservative",
                     name);
}

/* Reading, decoding and augmenting a picture takes YOLOv5's loader 9.6 ms of a core at 320 px and 16.1 ms at
 * 640 (facemask700, mosaic and all): a line through both. */
static double load_seconds(int imgsz_px)
{
    return 7.4e-3 + 21.2e-9 * imgsz_px * imgsz_px;
}

int brim_planning_workers(const BrimProfile *profile, double pictures_per_s, int imgsz_px, int cores)
{
    int wanted = (int)ceil(fmin(pictures_per_s * load_seconds(imgsz_px), 1e6));
    int allowed = (int)(profile->core_share * cores);
    allowed = allowed < 1 ? 1 : allowed > profile->most_workers ? profile->most_workers : allowed;
    return wanted < 1 ? 1 : wanted < allowed ? wanted : allowed;
}

/* ---- what is asked for ---- */

static bool is_auto(const char *text)
{
    return !text || !text[0] || strcmp(text, "auto") == 0;
}

/* To plan for a card it need not be here. */
static BrimStatus say_other_way(BrimStatus status)
{
    char sentence[512];
    snprintf(sentence, sizeof sentence, "%s", brim_last_error());
    return brim_fail(status, "%s; --gpu NAME plans for a card that is elsewhere", sentence);
}

static BrimStatus choose_device(BrimPlanning *planning, const BrimTrainingQuery *query, bool windows)
{
    const BrimGpu *gpu;
    if (query->gpu && query->gpu[0]) {
        BrimStatus status = brim_gpu_find(&gpu, query->gpu);
        if (status == BRIM_OK)
            planning->device = brim_plan_device_of_gpu(gpu, windows, brim_cuda_layout());
        return status;
    }
    BrimStatus status = brim_device_choose(query->device, &planning->where);
    if (status == BRIM_ERROR_UNSUPPORTED)
        return say_other_way(status);
    if (status != BRIM_OK)
        return status;
    if (brim_device_is_card(&planning->where))
        return brim_card_device(&planning->device, planning->where.card);
    return brim_host_device(&planning->device, &planning->backend, planning->threads, &planning->model,
                            planning->imgsz_px);
}

static BrimStatus read_model(BrimPlanning *planning, const BrimTrainingQuery *query)
{
    if (!query->model || !query->model[0])
        return brim_fail(BRIM_ERROR_ARGUMENT, "no model is named: yolov5n, s, m, l or x, or a model yaml");
    return brim_model_load(&planning->model, query->model, query->class_count);
}

BrimStatus brim_planning_budget(const BrimProfile *profile, double fraction, uint64_t capacity_bytes,
                                uint64_t free_bytes, uint64_t memory_bytes, uint64_t *budget_bytes)
{
    if (!(fraction >= 0 && fraction <= 1))
        return brim_fail(BRIM_ERROR_ARGUMENT, "a fraction of %g: it must be over 0 and at most 1", fraction);
    double share = fraction > 0 ? fraction : profile->fraction;
    uint64_t budget = (uint64_t)(share * (double)capacity_bytes);
    budget = free_bytes < budget ? free_bytes : budget;
    *budget_bytes = memory_bytes && memory_bytes < budget ? memory_bytes : budget;
    return BRIM_OK;
}

static BrimStatus read_budget(BrimPlanning *planning, const BrimTrainingQuery *query)
{
    const BrimPlanDevice *device = &planning->device;
    planning->fraction = query->fraction > 0 ? query->fraction : planning->profile->fraction;
    return brim_planning_budget(planning->profile, query->fraction, device->capacity_bytes,
                                device->free_bytes, query->memory_bytes, &planning->budget_bytes);
}

/* The precisions to choose from. A GPU in 16 bits is never slower by the roofline and always takes less; the
 * CPU computes in fp32 either way, and narrows what it keeps where that helps. */
static BrimStatus read_precision(const BrimPlanning *planning, const char *precision, BrimSearchConf *conf)
{
    const BrimPlanDevice *device = &planning->device;
    if (!is_auto(precision)) {
        BrimPrecision given;
        BrimStatus status = brim_precision_parse(precision, device->narrow, "auto, ", &given);
        conf->precisions[conf->precision_count++] = given;
        return status == BRIM_OK ? brim_precision_check(given, device->name, device->capability) : status;
    }
    if (!device->gpu)
        conf->precisions[conf->precision_count++] = BRIM_PRECISION_FP32;
    conf->precisions[conf->precision_count++] = device->narrow;
    return BRIM_OK;
}

static BrimStatus read_batch(const BrimTrainingQuery *query, int *batch)
{
    if (query->batch_size != -1 && (query->batch_size < 1 || query->batch_size > BRIM_MOST_BATCH))
        return brim_fail(BRIM_ERROR_ARGUMENT, "a batch of %d: it must be 1 to %d, or -1 to be chosen",
                         query->batch_size, BRIM_MOST_BATCH);
    *batch = query->batch_size == -1 ? 0 : query->batch_size;
    return BRIM_OK;
}

/* ---- the answer ---- */

/* What was timed earlier. A file that cannot be read is as good as none, but its owner should know. */
static void read_timings(BrimPlanning *planning, const BrimTrainingQuery *query)
{
    const BrimTimingsKey key = {planning->device.identity, &planning->model, planning->imgsz_px};
    if (planning->device.identity[0] && brim_timings_load(&planning->timings, &key) != BRIM_OK)
        brim_remark(query->listener, query->listener_self, "no earlier timings: %s", brim_last_error());
}

/* Where it is asked for, and anything is left to be tried. */
static BrimStatus run_search(BrimPlanning *planning, const BrimTrainingQuery *query, BrimSearchConf *conf)
{
    conf->timings = &planning->timings;
    if (!query->tune)
        return brim_search_run(&planning->search, conf);
    if (!planning->device.identity[0])
        return brim_fail(BRIM_ERROR_UNSUPPORTED,
                         "%s is not in this machine: what is not here cannot be timed",
                         planning->device.name);
    return brim_tune(planning, conf, query->listener, query->listener_self);
}

static BrimStatus search(BrimPlanning *planning, const BrimTrainingQuery *query)
{
    BrimStatus status;
    const BrimPlanDevice *device = &planning->device;
    BrimSearchConf conf = {
        .subject = {&planning->model, planning->imgsz_px, device->sizer, planning->recompute},
        .narrow = device->narrow,
        .beside_bytes = device->context_bytes + device->library_bytes,
        .picture_beside_bytes = device->picture_bytes,
        .budget_bytes = planning->budget_bytes,
        .most_batch = planning->most_batch};
    if (planning->beside_bytes) {
        conf.beside_bytes = planning->beside_bytes;
        conf.picture_beside_bytes = 0;
    }
    memcpy(conf.rates, device->rates, sizeof conf.rates);
    BRIM_TRY(read_batch(query, &conf.batch));
    BRIM_TRY(read_precision(planning, query->precision, &conf));
    if (planning->profile->safe_precision && is_auto(query->precision)) {
        BrimSearchConf safe = conf;
        safe.precisions[0] = BRIM_PRECISION_FP32;
        safe.precision_count = 1;
        status = run_search(planning, query, &safe);
        if (status != BRIM_ERROR_FIT)
            return status;
    }
    BRIM_TRY(run_search(planning, query, &conf));
fail:
    return status;
}

static BrimStatus answer(BrimPlanning *planning, const BrimTrainingQuery *query, bool windows)
{
    BrimStatus status;
    BRIM_TRY(brim_profile_find(&planning->profile, query->profile));
    BRIM_TRY(brim_imgsz_check_whole(query->imgsz, &planning->model));
    planning->imgsz_px = query->imgsz;
    BRIM_TRY(choose_device(planning, query, windows));
    BRIM_TRY(read_budget(planning, query));
    read_timings(planning, query);
    BRIM_TRY(search(planning, query));
    /* On the CPU, threads that load take their time from those that compute. */
    if (planning->device.gpu)
        planning->workers =
            brim_planning_workers(planning->profile, planning->search.choices[0].pictures_per_s,
                                  planning->imgsz_px, brim_core_count());
fail:
    return status;
}

BrimStatus brim_planning_open(BrimPlanning *planning, const BrimTrainingQuery *query, bool windows)
{
    *planning = (BrimPlanning){.workers = 0};
    BrimStatus status = read_model(planning, query);
    return status == BRIM_OK ? answer(planning, query, windows) : status;
}

BrimStatus brim_planning_open_model(BrimPlanning *planning, const BrimTrainingQuery *query)
{
    return answer(planning, query, false);
}

void brim_planning_close(BrimPlanning *planning)
{
    brim_timings_clear(&planning->timings);
    if (planning->backend)
        brim_backend_cpu.close(&planning->backend);
}

/* A training run from its options to its folder. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "plan/explain.h"
#include "report/folder.h"
#include "report/latest.h"
#include "report/results.h"
#include "report/results_plot.h"
#include "run/remarks.h"
#include "run/train_run.h"

BrimTrainOptions brim_train_defaults(void)
{
    return (BrimTrainOptions){.weights = "yolov5s.pt",
                              .project = "runs/train",
                              .name = "exp",
                              .cache = "ram",
                              .epochs = 100,
                              .batch_size = 16,
                              .imgsz = 640,
                              .workers = -1,
                              .patience = 100};
}

bool brim_train_run_tell(BrimTrainRun *run, const BrimEvent *event)
{
    return !run->listener || run->listener(run->self, event);
}

/* ---- the run's folder ---- */

static BrimStatus make_folder(BrimTrainRun *run)
{
    BrimStatus status = BRIM_OK;
    const BrimTrainOptions *options = run->options;
    if (!run->folder)
        BRIM_TRY(brim_report_folder(options->project, options->name, options->exist_ok, &run->folder));
    if (!run->weights_folder)
        run->weights_folder = brim_path_join(run->folder, "weights");
    if (!run->weights_folder)
        return BRIM_ERROR_MEMORY;
    if (run->lock < 0)
        BRIM_TRY(brim_folder_lock(run->folder, &run->lock));
    BRIM_TRY(brim_folder_make(run->weights_folder));
    brim_trainer_save_to(run->trainer, run->weights_folder);
    BRIM_TRY(brim_settings_save(run->folder, options, &run->hyper));
fail:
    return status;
}

/* A row of one of the run's tables; what cannot be written is a remark, and the training goes on. */
static void keep_row(BrimTrainRun *run, const char *name,
                     BrimStatus (*append)(const char *, const BrimEvent *), const BrimEvent *event)
{
    char *path = brim_path_join(run->folder, name);
    if (!path || append(path, event) != BRIM_OK)
        brim_train_run_tell(run, &(BrimEvent){.kind = BRIM_EVENT_REMARK, .text = brim_last_error()});
    brim_mem_give(path);
}

/* Between trainer and user: keeps results.csv and device.csv, and shows the run. */
static bool on_event(void *self, const BrimEvent *event)
{
    BrimTrainRun *run = self;
    BrimEvent told = *event;
    bool epoch_done = event->kind == BRIM_EVENT_RESULTS && event->epoch >= 0;
    brim_show_event(&run->show, event);
    told.use = brim_show_use(&run->show, false);
    if (epoch_done && run->folder)
        keep_row(run, "results.csv", brim_results_append, &told);
    if (epoch_done && run->folder && told.use)
        keep_row(run, "device.csv", brim_results_append_use, &told);
    if (epoch_done)
        brim_show_restart(&run->show);
    return brim_train_run_tell(run, &told);
}

static BrimStatus tell_plan(BrimTrainRun *run)
{
    char *text = NULL;
    const BrimEngine *engine = brim_trainer_engine(run->trainer);
    const BrimPlan *plan = brim_engine_plan(engine);
    BrimStatus status = brim_plan_explain(plan, brim_engine_graph_at(engine, plan->largest_graph), &text);
    if (status == BRIM_OK) {
        brim_train_run_tell(run,
                            &(BrimEvent){.kind = BRIM_EVENT_PLAN,
                                         .text = text,
                                         .arena_bytes = plan->arena_bytes,
                                         .memory_planned_bytes = brim_trainer_planned_bytes(run->trainer)});
        if (run->folder && !run->plan_only) {
            char *path = brim_path_join(run->folder, "plan.txt");
            status = path ? brim_file_write(path, text, strlen(text)) : BRIM_ERROR_MEMORY;
            brim_mem_give(path);
        }
    }
    brim_mem_give(text);
    return status;
}

/* ---- from start to end ---- */

static void run_close(BrimTrainRun *run)
{
    brim_show_end(&run->show);
    brim_trainer_close(&run->trainer);
    brim_split_clear(&run->train);
    brim_split_clear(&run->val);
    brim_dataset_clear(&run->dataset);
    brim_model_file_clear(&run->start);
    brim_tensors_clear(&run->identity);
    brim_settings_clear(&run->settings);
    if (run->lock >= 0)
        close(run->lock);
    brim_mem_give(run->cfg_text);
    brim_mem_give(run->folder);
    brim_mem_give(run->weights_folder);
}

/* runs/train/exp/weights/last.safetensors -> runs/train/exp */
static BrimStatus folder_of(const char *checkpoint, char **folder)
{
    char *path = realpath(checkpoint, NULL);
    int up = 0;
    for (char *slash; path && up < 2 && (slash = strrchr(path, '/')) && slash > path; up++)
        *slash = '\0';
    *folder = up == 2 ? brim_mem_text(BRIM_MEM_CONF, path) : NULL;
    free(path);
    if (up < 2)
        return brim_fail(BRIM_ERROR_INPUT, "%s does not stand in a run's weights folder", checkpoint);
    return *folder ? BRIM_OK : BRIM_ERROR_MEMORY;
}

/* Takes options, hyper-parameters and folder from the run to go on with. */
static BrimStatus take_up(BrimTrainRun *run)
{
    BrimStatus status;
    char *latest = NULL;
    const char *path = run->options->resume;
    if (strcmp(path, "latest") == 0) {
        BRIM_TRY(brim_report_latest(run->options->project, &latest));
        path = latest;
    }
    if (brim_folder_exists(path)) {
        latest = brim_path_join(path, "weights/last.safetensors");
        if (!latest)
            return BRIM_ERROR_MEMORY;
        path = latest;
    }
    BRIM_TRY(brim_model_file_load(&run->start, path));
    run->settled = *run->options;
    BRIM_TRY(brim_settings_restore(&run->start.tensors, &run->settled, &run->hyper, &run->settings));
    run->options = &run->settled;
    run->resume = true;
    BRIM_TRY(folder_of(path, &run->folder));
    brim_remark(run->listener, run->self, "Going on with %s", path);
fail:
    brim_mem_give(latest);
    return status;
}

/* The plan, and what every checkpoint will say of the run. */
static BrimStatus plan_run(BrimTrainRun *run)
{
    BrimStatus status;
    BRIM_TRY(brim_train_run_choose(run));
    BRIM_TRY(brim_train_run_open(run, on_event, run));
    BRIM_TRY(brim_model_file_describe(&run->identity, &run->model, run->cfg_text, run->dataset.class_names));
    BRIM_TRY(brim_settings_describe(&run->identity, run->options, &run->hyper));
fail:
    return status;
}

/* Plans, and plans again where memory has gone between the plan and the start. */
static BrimStatus plan_and_tell(BrimTrainRun *run)
{
    enum { TRIES = 4 };
    BrimStatus status;
    for (int i = 0; i < TRIES; i++) {
        BRIM_TRY(plan_run(run));
        BRIM_TRY(make_folder(run)); /* not before: a run that does not fit leaves nothing behind */
        BRIM_TRY(tell_plan(run));
        if (brim_train_run_still_fits(run))
            return BRIM_OK;
        brim_trainer_close(&run->trainer);
    }
    status = brim_fail(BRIM_ERROR_FIT,
                       "other processes keep taking the memory that is free; --memory sets a limit");
fail:
    return status;
}

/* The run has its memory now, and is shown. */
static void show(BrimTrainRun *run)
{
    const BrimShown shown = {.command = "train",
                             .model = run->model.name,
                             .folder = run->folder,
                             .planned_bytes = brim_trainer_planned_bytes(run->trainer),
                             .reserve_bytes = run->reserve_bytes,
                             .watch = true,
                             .listener = run->listener,
                             .self = run->self};
    brim_show_start(&run->show, brim_trainer_engine(run->trainer), &shown);
}

static void tell_done(BrimTrainRun *run)
{
    brim_train_run_tell(run, &(BrimEvent){.kind = BRIM_EVENT_DONE,
                                          .text = run->folder,
                                          .memory_planned_bytes = brim_trainer_planned_bytes(run->trainer),
                                          .memory_peak_bytes = brim_trainer_peak_bytes(run->trainer),
                                          .use = brim_show_use(&run->show, true),
                                          .seconds = (double)(brim_clock_ns() - run->start_ns) / 1e9});
}

/* results.csv as a picture. A training is none the worse without it. */
static void draw_results(const BrimTrainRun *run)
{
    char *csv = brim_path_join(run->folder, "results.csv"),
         *picture = brim_path_join(run->folder, "results.png");
    if (csv && picture && brim_file_exists(csv) && brim_results_plot(picture, csv) != BRIM_OK)
        brim_remark(run->listener, run->self, "results.csv was not drawn: %s", brim_last_error());
    brim_mem_give(csv);
    brim_mem_give(picture);
}

/* Of a run that came to its end or was stopped. What is drawn takes memory that the plan does not know of:
 * the trainer's is given back before. */
static void finish(BrimTrainRun *run, BrimStatus status)
{
    char stopped[128];
    snprintf(stopped, sizeof stopped, "%s", brim_last_error());
    brim_show_end(&run->show);
    brim_trainer_close(&run->trainer);
    draw_results(run);
    if (status == BRIM_STOPPED)
        brim_fail(BRIM_STOPPED, "%s; --resume %s goes on with it", stopped, run->folder);
}

BrimStatus brim_plan(const BrimTrainOptions *options, BrimListener listener, void *self)
{
    BrimStatus status;
    BrimTrainRun run = {
        .options = options, .plan_only = true, .listener = listener, .self = self, .lock = -1};
    if (brim_given(options->resume))
        BRIM_TRY(take_up(&run));
    BRIM_TRY(brim_train_run_read(&run));
    BRIM_TRY(plan_run(&run));
    BRIM_TRY(tell_plan(&run));
fail:
    run_close(&run);
    return status;
}

BrimStatus brim_train(const BrimTrainOptions *options, BrimListener listener, void *self)
{
    BrimStatus status;
    BrimTrainRun run = {
        .options = options, .listener = listener, .self = self, .lock = -1, .start_ns = brim_clock_ns()};
    if (brim_given(options->resume))
        BRIM_TRY(take_up(&run));
    BRIM_TRY(brim_train_run_read(&run));
    run.amp_unchecked = !run.resume; /* which goes on in the precision that it began in */
    BRIM_TRY(plan_and_tell(&run));
    const BrimTensorFile *start = run.start.tensors.tensor_count ? &run.start.tensors : NULL;
    BRIM_TRY(run.resume ? brim_trainer_resume(run.trainer, start) : brim_trainer_start(run.trainer, start));
    brim_model_file_clear(&run.start);
    show(&run);
    status = brim_trainer_run(run.trainer);
    if (status == BRIM_OK)
        tell_done(&run);
    if (status == BRIM_OK || status == BRIM_STOPPED)
        finish(&run, status);
fail:
    run_close(&run);
    return status;
}

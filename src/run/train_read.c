/* A training run's inputs: what its options name, read and checked before anything is planned. */
#include "base/file.h"
#include "base/plural.h"
#include "run/anchors.h"
#include "run/device.h"
#include "run/ranges.h"
#include "run/remarks.h"
#include "run/train_run.h"

static BrimStatus check_ranges(const BrimTrainOptions *options)
{
    BrimStatus status = brim_imgsz_check(options->imgsz);
    const BrimRange ranges[] = {
        {"epochs", options->epochs, 1, BRIM_MOST_EPOCHS},
        {"workers", options->workers, -1, BRIM_MOST_WORKERS},
        {"threads", options->threads, 0, BRIM_MOST_THREADS},
        {"patience", options->patience, 0, BRIM_MOST_EPOCHS},
        {"batch-size", options->batch_size, -1, BRIM_MOST_BATCH},
    };
    return status == BRIM_OK ? brim_ranges_check(ranges, sizeof ranges / sizeof ranges[0]) : status;
}

static BrimStatus check_options(const BrimTrainOptions *options)
{
    if (!brim_given(options->data))
        return brim_fail(BRIM_ERROR_ARGUMENT, "no dataset given; --data FILE.yaml names one");
    if (!brim_given(options->weights) && !brim_given(options->cfg) && !brim_given(options->resume))
        return brim_fail(BRIM_ERROR_ARGUMENT,
                         "neither weights nor a model given; --weights FILE or --cfg yolov5n");
    if (options->batch_size == 0)
        return brim_fail(BRIM_ERROR_ARGUMENT, "a batch size of 0: it starts at 1, and -1 has it chosen");
    return check_ranges(options);
}

/* Before pictures are looked for, which takes its time. */
static BrimStatus check_weights(const BrimTrainRun *run)
{
    const char *weights = run->options->weights;
    if (run->resume || !brim_given(weights) || brim_file_exists(weights) || brim_folder_exists(weights))
        return BRIM_OK;
    return brim_fail(
        BRIM_ERROR_INPUT,
        "no weights at %s; give a .pt of YOLOv5 (https://github.com/ultralytics/yolov5/releases/tag/v7.0 has "
        "them, brim downloads nothing), or start from nothing: --weights '' --cfg %s",
        weights, brim_given(run->options->cfg) ? run->options->cfg : "yolov5n");
}

/* Each card takes as many of a batch's pictures as the others, as under YOLOv5's DDP. */
static BrimStatus check_batch(const BrimTrainOptions *options, int cards)
{
    int batch = options->batch_size, below = batch / cards * cards;
    if (batch == -1 || batch == below)
        return BRIM_OK;
    return brim_fail(BRIM_ERROR_ARGUMENT,
                     "--batch-size %d does not divide by the %d cards of --device %s; --batch-size %d does", batch,
                     cards, options->device, below ? below : cards);
}

static BrimStatus refuse_unlabelled(const BrimTrainRun *run)
{
    const char *data = run->options->data;
    int pictures = run->train.sample_count, skipped = run->train.skipped_labels;
    if (skipped)
        return brim_fail(
            BRIM_ERROR_INPUT,
            "%s: none of the %d label%s of the training pictures can be used; a line is "
            "`class x y width height`: the class counted from 0, the box's centre and size as fractions of "
            "the picture's, from 0 to 1",
            data, skipped, brim_plural(skipped, "s"));
    return brim_fail(
        BRIM_ERROR_INPUT,
        "%s: no label was found for any of the %d training pictures; beside images/ stands labels/, with a "
        ".txt for each picture (labels in COCO's JSON have to be converted)",
        data, pictures);
}

static BrimStatus read_splits(BrimTrainRun *run)
{
    BrimStatus status;
    int classes = run->dataset.class_count, threads = run->options->threads;
    BRIM_TRY(brim_split_scan(&run->train, &run->dataset.train, classes, threads));
    brim_remark_split(&run->train, "train", run->listener, run->self);
    BRIM_TRY(brim_split_scan(&run->val, &run->dataset.val, classes, threads));
    brim_remark_split(&run->val, "val", run->listener, run->self);
    if (run->train.label_count == 0)
        status = refuse_unlabelled(run);
fail:
    return status;
}

/* The architecture: --cfg, or what the weights say they are. */
static BrimStatus choose_model(BrimTrainRun *run)
{
    BrimStatus status;
    const BrimTrainOptions *options = run->options;
    const char *name = options->cfg;
    if (!run->resume && brim_given(options->weights))
        BRIM_TRY(brim_model_file_load(&run->start, options->weights));
    if (!run->resume && brim_given(name)) {
        BRIM_TRY(brim_model_file_cfg_text(name, &run->cfg_text));
        BRIM_TRY(brim_model_load(&run->model, name, run->dataset.class_count));
    } else if (run->start.has_model) {
        const char *cfg = brim_tensors_metadata(&run->start.tensors, "cfg");
        const char *yaml = brim_tensors_metadata(&run->start.tensors, "yaml");
        run->cfg_text = brim_mem_text(BRIM_MEM_CONF, cfg ? cfg : yaml);
        if (!run->cfg_text)
            return BRIM_ERROR_MEMORY;
        run->model = run->start.model;
        run->model.class_count = run->dataset.class_count;
    } else {
        return brim_fail(BRIM_ERROR_INPUT,
                         "%s does not say which model it is; --cfg yolov5n (or another) does",
                         run->resume ? options->resume : options->weights);
    }
    BRIM_TRY(brim_imgsz_check_whole(options->imgsz, &run->model));
fail:
    return status;
}

static BrimStatus read_hyper(BrimTrainRun *run)
{
    run->hyper = brim_hyper_default();
    BrimStatus status =
        brim_given(run->options->hyp) ? brim_hyper_load(&run->hyper, run->options->hyp) : BRIM_OK;
    if (run->options->label_smoothing > 0) /* the command line outranks the file */
        run->hyper.label_smoothing = run->options->label_smoothing;
    return status;
}

BrimStatus brim_train_run_read(BrimTrainRun *run)
{
    BrimStatus status;
    const BrimTrainOptions *options = run->options;
    BRIM_TRY(check_options(options));
    BRIM_TRY(brim_device_choose_several(options->device, &run->device));
    BRIM_TRY(check_batch(options, run->device.count));
    brim_device_remark(&run->device, options->threads, run->listener, run->self);
    if (options->sync_bn && run->device.count < 2) /* YOLOv5 takes it there too, and does nothing */
        brim_remark(run->listener, run->self,
                    "--sync-bn changes nothing here: it is for several cards, as --device 0,1");
    if (!run->resume)
        BRIM_TRY(read_hyper(run));
    BRIM_TRY(brim_dataset_load(&run->dataset, options->data));
    if (run->dataset.val.count == 0)
        return brim_fail(BRIM_ERROR_INPUT, "%s: no `val:` pictures to validate on", options->data);
    BRIM_TRY(check_weights(run));
    BRIM_TRY(read_splits(run));
    BRIM_TRY(choose_model(run));
    if (!options->noautoanchor && !run->resume)
        BRIM_TRY(brim_anchors_fit(&run->model, &run->train, &run->hyper, options->imgsz, options->seed,
                                  run->listener, run->self));
fail:
    return status;
}

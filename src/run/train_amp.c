/* Does the card compute in 16 bits what it computes in 32? Asked once, before anything is planned, as YOLOv5
 * asks (check_amp in its utils/general.py): there are cards and libraries that do not, and weights that 16
 * bits cannot hold. */
#include <math.h>
#include <string.h>

#include "run/remarks.h"
#include "run/train_run.h"
#include "train/weights.h"

/* What the network makes of the batch: [rows columns], columns 0 to 3 of them boxes in px. Given back by the
 * caller. */
typedef struct Outputs {
    float *values;
    int rows, columns;
} Outputs;

static BrimStatus infer(const BrimTrainRun *run, BrimPrecision precision, const BrimBatch *batch,
                        Outputs *outputs)
{
    BrimStatus status;
    BrimEngine *engine = NULL;
    BrimTransfer transfer;
    const float *predictions;
    const BrimShape shape = {batch->n, batch->height_px, batch->width_px};
    const BrimEngineConf conf = {.backend = run->device.backend,
                                 .card = run->device.card,
                                 .threads = run->options->threads,
                                 .model = &run->model,
                                 .hyper = run->hyper,
                                 .precision = precision,
                                 .infer = &shape,
                                 .infer_count = 1,
                                 .budget_bytes = (size_t)run->budget_bytes};
    BRIM_TRY(brim_engine_open(&engine, &conf));
    BRIM_TRY(brim_engine_start(engine));
    BRIM_TRY(brim_weights_init(engine, &run->model, run->options->seed));
    if (run->start.tensors.tensor_count)
        BRIM_TRY(brim_weights_load(engine, &run->model, &run->start.tensors, "", &transfer));
    BRIM_TRY(brim_engine_fold(engine));
    BRIM_TRY(brim_engine_infer(engine, batch, &predictions, &outputs->rows, NULL));
    outputs->columns = 5 + run->model.class_count;
    size_t count = (size_t)outputs->rows * (size_t)outputs->columns;
    outputs->values = brim_mem_take(BRIM_MEM_TRAIN, count, sizeof *outputs->values);
    if (outputs->values)
        memcpy(outputs->values, predictions, count * sizeof *outputs->values);
    status = outputs->values ? BRIM_OK : BRIM_ERROR_MEMORY;
fail:
    brim_engine_close(&engine);
    return status;
}

/* ||narrow - wide|| / ||wide|| of the columns from first to end; no number where one of them holds none. */
static double apart(const Outputs *narrow, const Outputs *wide, int first, int end)
{
    double off = 0, all = 0;
    for (int row = 0; row < wide->rows; row++) {
        for (int column = first; column < end; column++) {
            size_t at = (size_t)row * (size_t)wide->columns + (size_t)column;
            double truth = (double)wide->values[at], difference = (double)narrow->values[at] - truth;
            off += difference * difference;
            all += truth * truth;
        }
    }
    return sqrt(off / all);
}

/* Boxes and scores each count: side by side boxes, in px, would be all that is seen. */
static BrimStatus compare(BrimTrainRun *run, BrimPrecision precision, const BrimBatch *batch)
{
    BrimStatus status;
    const double most = brim_precision_traits(precision)->most_apart;
    Outputs wide = {0}, narrow = {0};
    BRIM_TRY(infer(run, BRIM_PRECISION_FP32, batch, &wide));
    BRIM_TRY(infer(run, precision, batch, &narrow));
    double boxes = apart(&narrow, &wide, 0, 4), scores = apart(&narrow, &wide, 4, wide.columns);
    if (boxes <= most && scores <= most)
        goto fail;
    brim_remark(run->listener, run->self,
                "mixed precision is off: what the network makes of a picture in 16 bits is apart from what "
                "it makes of "
                "it in 32, boxes by %.2g, scores by %.2g of their size (%g is allowed); training in fp32",
                boxes, scores, most);
    run->asked.precision = "fp32";
fail:
    brim_mem_give(wide.values);
    brim_mem_give(narrow.values);
    return status;
}

BrimStatus brim_train_run_check_amp(BrimTrainRun *run, BrimPrecision precision)
{
    BrimStatus status;
    BrimLoader *loader = NULL;
    const BrimBatch *batch;
    const BrimLoaderConf conf = {.split = &run->train,
                                 .imgsz_px = run->options->imgsz,
                                 .batch = 1,
                                 .stride_px = brim_model_max_stride_px(&run->model),
                                 .hyper = run->hyper,
                                 .threads = run->options->threads,
                                 .slots = 1};
    BRIM_TRY(brim_loader_open(&loader, &conf));
    BRIM_TRY(brim_loader_start(loader, 0, 0));
    BRIM_TRY(brim_loader_next(loader, &batch));
    BRIM_TRY(compare(run, precision, batch));
fail:
    brim_loader_close(&loader);
    if (status != BRIM_ERROR_FIT) /* where not even this fits, the planner says what would */
        return status;
    brim_remark(run->listener, run->self, "mixed precision was not checked: %s", brim_last_error());
    return BRIM_OK;
}

/* A model on a device: its graphs built, measured, planned, loaded, and run batch by batch. The plan is known before
 * anything is taken; after the start nothing is allocated. Knows batches, not files or epochs. */
#ifndef BRIM_TRAIN_ENGINE_H
#define BRIM_TRAIN_ENGINE_H

#include "backend/backend.h"
#include "data/loader.h"
#include "graph/step.h"

typedef struct BrimShape {
    int n, height_px, width_px;
} BrimShape;

typedef struct BrimEngineConf {
    const BrimBackendClass *backend;
    int threads; /* 0: as many as cores */
    int card;                 /* of several */
    const BrimModel *model;
    BrimHyper hyper;          /* gains as brim_hyper_scale left them */
    const BrimShape *train;   /* every shape of a training batch; none for inference alone */
    int train_count;
    int train_target_cap;
    BrimPrecision precision;
    int bn_cards;             /* as in BrimStepConf: engines that join, and run their gradients together alone */
    uint8_t recompute[BRIM_MAX_LAYERS]; /* BrimRecompute of each layer, for the training steps */
    const BrimShape *infer;   /* every shape of an inference batch */
    int infer_count;
    int infer_target_cap;     /* 0: no loss */
    float least_objectness;   /* of predictions that are looked at, above it: an engine apart brings no others. 0: all */
    size_t outside_bytes;     /* host memory the run needs beside the engine: loader slots, cache, ... */
    size_t budget_bytes;      /* for the engine and outside_bytes; 0: no limit but the device's */
    bool snapshots;           /* brim_engine_snapshot_* is wanted: takes memory of the host at the opening */
    bool time_ops;            /* brim_engine_op_times is wanted, at the cost of a little time */
    bool time_waits;          /* brim_engine_waited_ns is wanted of batches ahead too, at the cost of two marks */
} BrimEngineConf;

typedef struct BrimEngine BrimEngine;

/* Builds, measures, plans and loads; takes no arena yet. ERROR_FIT, with what would fit, when the plan is over the budget. */
BrimStatus brim_engine_open(BrimEngine **engine, const BrimEngineConf *conf);

/* ERROR_FIT, with the figures, where plan and what is beside it are over the budget; 0 is no limit. */
BrimStatus brim_engine_fits(const BrimEngine *engine, size_t budget_bytes);

/* Before the start: pictures are to stay with the device, and batches of training to have tasks instead of pictures.
 * ERROR_FIT, and none are kept, where plan and they are over the budget (0: no limit); ERROR_UNSUPPORTED where the device
 * keeps none. */
BrimStatus brim_engine_keep(BrimEngine *engine, const BrimKeep *keep, size_t budget_bytes);

/* Takes the memory for them before the start does, which else ends where there is none: ERROR_FIT where neither
 * device nor host give so much. */
BrimStatus brim_engine_keep_take(BrimEngine *engine);

/* After the start: one of them, at its byte among all. From any thread, one at a time. */
BrimStatus brim_engine_put_picture(BrimEngine *engine, size_t start_bytes, const BrimPicture *picture);

/* Takes the arena, once, and makes every graph ready. */
BrimStatus brim_engine_start(BrimEngine *engine);
void brim_engine_close(BrimEngine **engine);

/* What the engine takes beside the arena of the device's memory: buffers for what crosses over to it, and what its library
 * takes; on a card context, kernels and libraries, and what the arena leaves of its last page. */
size_t brim_engine_beside_bytes(const BrimEngine *engine);

/* All that is planned of the device's memory: the arena, that, pictures kept there, and outside_bytes where it is the host's. */
size_t brim_engine_planned_bytes(const BrimEngine *engine);

/* Of the device's memory, what is free now, and what this process has of it; 0 where unknown. */
void brim_engine_room(const BrimEngine *engine, uint64_t *free_bytes, uint64_t *taken_bytes);

/* The most of the device's memory that this process was seen to take; 0 where unknown. */
uint64_t brim_engine_peak_bytes(BrimEngine *engine);

const BrimPlan *brim_engine_plan(const BrimEngine *engine);
const BrimDeviceInfo *brim_engine_device(const BrimEngine *engine);

/* Graphs of training; those behind them are of inference. */
int brim_engine_training_count(const BrimEngine *engine);

/* The graph that defines the ALWAYS tensors (all graphs agree on them). */
const BrimGraph *brim_engine_graph(const BrimEngine *engine);
int brim_engine_graph_count(const BrimEngine *engine);
const BrimGraph *brim_engine_graph_at(const BrimEngine *engine, int index);

/* Forward, loss and backward of one batch; items: box, obj, cls, total. ERROR_ARGUMENT for a shape not planned. */
BrimStatus brim_engine_gradient(BrimEngine *engine, const BrimBatch *batch, const BrimStepScalars *scalars,
                                float items[4]);

/* The same in two calls: on a device of its own the gradient is on its way between them. */
BrimStatus brim_engine_begin(BrimEngine *engine, const BrimBatch *batch, const BrimStepScalars *scalars);
BrimStatus brim_engine_finish(BrimEngine *engine, float items[4]);

/* Between them, the batch whose gradient comes next, for which it need not be written again: the host copies
 * it while the device computes. It is needed no longer than this call, and is to be the next one begun. Where
 * its shape is another one it is not copied yet. */
BrimStatus brim_engine_ahead(BrimEngine *engine, const BrimBatch *batch);

/* True where the device computes while the host goes on, so that it pays to fetch a batch between the two. */
bool brim_engine_is_apart(const BrimEngine *engine);

/* Time since the start that the device had nothing to do because a batch was not there, as far as the engine
 * can know: the host copied it in brim_engine_begin; or, with time_waits, brim_engine_ahead came back later
 * than the gradient was done. What the caller waits for before brim_engine_begin is the caller's to add. */
int64_t brim_engine_waited_ns(const BrimEngine *engine);

/* Of engines with bn_cards: the first half of brim_engine_begin, for each of them; then the second for all at
 * once, which needs one of another on the way. */
BrimStatus brim_engine_prepare(BrimEngine *engine, const BrimBatch *batch);
BrimStatus brim_engine_begin_together(BrimEngine *const *engines, int count, const BrimStepScalars *scalars);

/* Waits until all of them are through with that. An error where one is lost, for which the others would wait
 * without end; to be called before brim_engine_finish, which knows of one engine alone. */
BrimStatus brim_engine_wait_together(BrimEngine *const *engines, int count);

/* Clip, SGD and EMA; norm: the gradients' norm before clipping, the factor. */
BrimStatus brim_engine_update(BrimEngine *engine, const BrimStepScalars *scalars, float norm[2]);

/* The same in two calls, so that one thread keeps several cards busy: the read waits for what the start began. */
BrimStatus brim_engine_update_start(BrimEngine *engine, const BrimStepScalars *scalars);
BrimStatus brim_engine_update_read(BrimEngine *engine, float norm[2]);

/* Engines of one model on cards of their own, opened and not started, that are to sum their gradients; what
 * that takes of each card is measured, and counts from then on. ERROR_UNSUPPORTED for a backend that is alone. */
BrimStatus brim_engine_join(BrimEngine *const *engines, int count);

/* Each engine's gradients become the sum over all that joined, the same bits everywhere. Waits for it. */
BrimStatus brim_engine_reduce(BrimEngine *const *engines, int count);

/* Folds BN (of the EMA in a training run, else of the weights) for the inferences that follow. */
BrimStatus brim_engine_fold(BrimEngine *engine);

/* One batch through the folded model: predictions [n rows 5 + nc], valid until the next call.
 * items may be NULL. */
BrimStatus brim_engine_infer(BrimEngine *engine, const BrimBatch *batch, const float **predictions, int *rows,
                             float items[4]);

/* The same in two calls. Where the engine is apart, the device computes between them, and there are two rooms for
 * results, 0 and 1: the batch of one may be begun while that of the other is under way or is looked at. The
 * batch is needed no longer than the begin; predictions are valid until the next begin in their room, elsewhere
 * until the next of any. A finish needs its begin. */
BrimStatus brim_engine_infer_begin(BrimEngine *engine, const BrimBatch *batch, int room);
BrimStatus brim_engine_infer_finish(BrimEngine *engine, int room, const float **predictions, int *rows,
                                    float items[4]);

/* How many of each picture's rows were brought, in their order, where not all were (least_objectness, on a device of its
 * own); NULL: all. As long as the predictions are valid. */
const int32_t *brim_engine_infer_kept(const BrimEngine *engine, int room);

/* An ALWAYS tensor by name, from and to plain host memory. */
BrimStatus brim_engine_write(BrimEngine *engine, BrimTensorId id, const void *plain);
BrimStatus brim_engine_read(BrimEngine *engine, BrimTensorId id, void *plain);

/* Weights, momentum and EMA as they are when all that was begun is done, in memory of the host: a device of
 * its own copies them while it goes on with what leaves them alone, an inference say. Before anything writes
 * them again it must be waited for. Of engines with snapshots. */
BrimStatus brim_engine_snapshot_start(BrimEngine *engine);
BrimStatus brim_engine_snapshot_wait(BrimEngine *engine);

/* One of their tensors as it was then, in its plain form: from any thread, until the next one is started. */
void brim_engine_snapshot_read(const BrimEngine *engine, BrimTensorId id, void *plain);

/* The arena's bytes where the host can see them (NULL elsewhere); for the high-water test. */
const void *brim_engine_arena(const BrimEngine *engine, size_t *bytes);

/* Times of each op kind in the last run of a part, in ns, and what it launched on a card; for benchmarks. */
void brim_engine_op_times(BrimEngine *engine, int64_t *times_ns);
void brim_engine_op_launches(BrimEngine *engine, int32_t *launches);

#endif

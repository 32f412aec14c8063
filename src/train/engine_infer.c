/* Inferences. On a device of its own their results come to two rooms of the host that take turns, so that the
 * host looks at those of one batch while the device computes the next. */
#include "train/engine_inside.h"

#include <string.h>

#include "backend/operand.h"
#include "base/round.h"

enum { ALIGNMENT_BYTES = 64 };

static size_t result_bytes(const BrimRunner *runner, BrimTensorId id)
{
    if (id == BRIM_NONE)
        return 0;
    const BrimTensor *tensor = &runner->graph->tensors[id];
    size_t bytes = brim_tensor_elements(tensor) * brim_dtype_bytes(tensor->dtype);
    return brim_round_up(bytes, ALIGNMENT_BYTES);
}

/* A room has predictions, the loss, and here how many rows of each picture were brought. */
static size_t counts_at(const BrimRunner *runner)
{
    return result_bytes(runner, runner->predictions) + result_bytes(runner, runner->items);
}

/* Of one room, for the largest graph. */
static size_t room_bytes(const BrimEngine *engine)
{
    size_t most_bytes = 0;
    for (int i = engine->conf.train_count; i < engine->runner_count; i++) {
        const BrimRunner *runner = &engine->runners[i];
        size_t bytes =
            brim_round_up(counts_at(runner) + (size_t)runner->shape.n * sizeof(int32_t), ALIGNMENT_BYTES);
        most_bytes = bytes > most_bytes ? bytes : most_bytes;
    }
    return most_bytes;
}

static BrimStatus pin(BrimEngine *engine, size_t room, size_t snapshot)
{
    void *pinned;
    BrimStatus status = engine->conf.backend->pin(engine->backend, 2 * room + snapshot, &pinned);
    if (status != BRIM_OK)
        return status;
    for (int i = 0; i < 2 && room > 0; i++)
        engine->rooms[i] = (char *)pinned + (size_t)i * room;
    if (snapshot > 0)
        engine->snapshot = (char *)pinned + 2 * room;
    return BRIM_OK;
}

static BrimStatus take_snapshot(BrimEngine *engine, size_t bytes)
{
    engine->snapshot = brim_mem_take(BRIM_MEM_TRAIN, bytes, 1);
    engine->snapshot_own = true;
    return engine->snapshot ? BRIM_OK : BRIM_ERROR_MEMORY;
}

/* Where the host sees the arena, results are looked at there, and a snapshot is all that needs a room. Where
 * the system does not let so much be pinned, a snapshot goes to memory that is not: who starts its copy has
 * to wait for it then. */
BrimStatus brim_engine_take_rooms(BrimEngine *engine)
{
    size_t snapshot = brim_engine_snapshot_bytes(engine);
    size_t room = brim_engine_is_apart(engine) ? room_bytes(engine) : 0;
    if (room + snapshot == 0)
        return BRIM_OK;
    if (!brim_engine_is_apart(engine))
        return take_snapshot(engine, snapshot);
    BrimStatus status = pin(engine, room, snapshot);
    if (status != BRIM_ERROR_FIT || snapshot == 0)
        return status;
    status = room > 0 ? pin(engine, room, 0) : BRIM_OK;
    return status == BRIM_OK ? take_snapshot(engine, snapshot) : status;
}

BrimStatus brim_engine_fold(BrimEngine *engine)
{
    if (engine->conf.infer_count == 0)
        return brim_fail(BRIM_ERROR_ARGUMENT, "no inference was planned");
    BrimRunner *runner = &engine->runners[engine->conf.train_count];
    engine->last = runner;
    engine->ahead = NULL; /* inferences lie where it does */
    return engine->conf.backend->run(runner->program, BRIM_PART_FOLD, &(BrimStepScalars){0});
}

static bool sifts(const BrimEngine *engine)
{
    return engine->conf.least_objectness > 0 && engine->conf.backend->sift;
}

static BrimStatus fetch_predictions(BrimEngine *engine, const BrimRunner *runner, char *to)
{
    const BrimBackendClass *class = engine->conf.backend;
    if (!sifts(engine))
        return class->fetch(runner->program, runner->predictions, to);
    const BrimSift sift = {.n = runner->shape.n,
                           .rows = brim_graph_prediction_rows(engine->conf.model, runner->shape.height_px,
                                                              runner->shape.width_px),
                           .columns = 5 + engine->conf.model->class_count,
                           .least = engine->conf.least_objectness,
                           .kept = (float *)(void *)to,
                           .counts = (int32_t *)(void *)(to + counts_at(runner))};
    return class->sift(runner->program, runner->predictions, &sift);
}

/* Predictions, and behind them the loss, on their way to a room. */
static BrimStatus fetch(BrimEngine *engine, const BrimRunner *runner, int room)
{
    BrimStatus status;
    const BrimBackendClass *class = engine->conf.backend;
    char *to = engine->rooms[room];
    BRIM_TRY(fetch_predictions(engine, runner, to));
    if (runner->items != BRIM_NONE)
        BRIM_TRY(
            class->fetch(runner->program, runner->items, to + result_bytes(runner, runner->predictions)));
    BRIM_TRY(class->mark(engine->backend, room));
fail:
    return status;
}

BrimStatus brim_engine_infer_begin(BrimEngine *engine, const BrimBatch *batch, int room)
{
    BrimStatus status;
    BrimRunner *runner = NULL;
    engine->ahead = NULL;
    BRIM_TRY(brim_engine_find_runner(engine, batch, false, &runner));
    BRIM_TRY(brim_engine_write_batch(engine, runner, batch));
    BRIM_TRY(engine->conf.backend->run(runner->program, BRIM_PART_INFER, &(BrimStepScalars){0}));
    if (brim_engine_is_apart(engine))
        BRIM_TRY(fetch(engine, runner, room));
    engine->inferred[room] = runner;
fail:
    return status;
}

/* Where a result lies in the arena. */
static const float *in_arena(const BrimEngine *engine, const BrimRunner *runner, BrimTensorId id)
{
    size_t bytes;
    const BrimPlacement *placement = &engine->plan->placements[runner - engine->runners];
    const char *arena = engine->conf.backend->arena(engine->backend, &bytes);
    return (const float *)(const void *)(arena + brim_operand_offset(runner->graph, placement, id));
}

BrimStatus brim_engine_infer_finish(BrimEngine *engine, int room, const float **predictions, int *rows,
                                    float items[4])
{
    BrimStatus status = BRIM_OK;
    const BrimRunner *runner = engine->inferred[room];
    bool loss = items && runner->items != BRIM_NONE;
    *rows = brim_graph_prediction_rows(engine->conf.model, runner->shape.height_px, runner->shape.width_px);
    if (!brim_engine_is_apart(engine)) {
        *predictions = in_arena(engine, runner, runner->predictions);
        return loss ? engine->conf.backend->read(runner->program, runner->items, items) : BRIM_OK;
    }
    BRIM_TRY(engine->conf.backend->wait_mark(engine->backend, room));
    *predictions = (const float *)(const void *)engine->rooms[room];
    if (loss)
        memcpy(items, engine->rooms[room] + result_bytes(runner, runner->predictions), 4 * sizeof *items);
fail:
    return status;
}

const int32_t *brim_engine_infer_kept(const BrimEngine *engine, int room)
{
    if (!brim_engine_is_apart(engine) || !sifts(engine))
        return NULL;
    return (const int32_t *)(const void *)(engine->rooms[room] + counts_at(engine->inferred[room]));
}

BrimStatus brim_engine_infer(BrimEngine *engine, const BrimBatch *batch, const float **predictions, int *rows,
                             float items[4])
{
    BrimStatus status = brim_engine_infer_begin(engine, batch, 0);
    return status == BRIM_OK ? brim_engine_infer_finish(engine, 0, predictions, rows, items) : status;
}

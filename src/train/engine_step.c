/* A training step on the device: the batch, the gradient, the update, and for how long it stood still. */
#include "train/engine_inside.h"

#include <string.h>

#include "base/clock.h"

static bool same_shape(BrimShape a, BrimShape b)
{
    return a.n == b.n && a.height_px == b.height_px && a.width_px == b.width_px;
}

BrimStatus brim_engine_find_runner(BrimEngine *engine, const BrimBatch *batch, bool training, BrimRunner **runner)
{
    BrimShape shape = {batch->n, batch->height_px, batch->width_px};
    int first = training ? 0 : engine->conf.train_count;
    int end = training ? engine->conf.train_count : engine->runner_count;
    for (int i = first; i < end; i++) {
        if (same_shape(engine->runners[i].shape, shape)) {
            *runner = engine->last = &engine->runners[i];
            return BRIM_OK;
        }
    }
    return brim_fail(BRIM_ERROR_ARGUMENT, "no plan for a batch of %d pictures of %d x %d px", batch->n,
                     batch->width_px, batch->height_px);
}

BrimStatus brim_engine_write_batch(BrimEngine *engine, const BrimRunner *runner, const BrimBatch *batch)
{
    BrimStatus status;
    const BrimBackendClass *class = engine->conf.backend;
    const BrimAugmentBatch drawn = {batch->tasks, batch->n, batch->height_px, batch->width_px};
    BRIM_TRY(batch->tasks ? class->augment(runner->program, runner->pictures, &drawn)
                          : class->write(runner->program, runner->pictures, batch->pictures));
    if (runner->targets == BRIM_NONE)
        return BRIM_OK;
    int cap = runner->graph->tensors[runner->targets].dims[0] / 6;
    if (batch->target_count > cap)
        return brim_fail(BRIM_ERROR_ARGUMENT, "%d labels in a batch, room was planned for %d",
                         batch->target_count, cap);
    if (batch->target_count > 0)
        memcpy(engine->targets, batch->targets, (size_t)batch->target_count * 6 * sizeof *engine->targets);
    BRIM_TRY(class->write(runner->program, runner->targets, engine->targets));
    int32_t count = batch->target_count;
    BRIM_TRY(class->write(runner->program, runner->target_count, &count));
fail:
    return status;
}

static BrimStatus mark(BrimEngine *engine, int which)
{
    bool marks = engine->conf.time_waits && engine->conf.backend->mark;
    return marks ? engine->conf.backend->mark(engine->backend, which) : BRIM_OK;
}

BrimStatus brim_engine_prepare(BrimEngine *engine, const BrimBatch *batch)
{
    BrimStatus status;
    BrimRunner *runner = NULL;
    BRIM_TRY(brim_engine_find_runner(engine, batch, true, &runner));
    engine->begun_ns = brim_clock_ns();
    BRIM_TRY(mark(engine, 0));
    if (runner != engine->ahead) {
        BRIM_TRY(brim_engine_write_batch(engine, runner, batch));
        engine->waited_ns += brim_clock_ns() - engine->begun_ns;
    }
    engine->ahead = NULL;
    engine->ready_ns = 0;
fail:
    return status;
}

BrimStatus brim_engine_note_begun(BrimEngine *engine)
{
    BrimStatus status = mark(engine, 1);
    engine->started_ns = brim_clock_ns();
    return status;
}

BrimStatus brim_engine_begin(BrimEngine *engine, const BrimBatch *batch, const BrimStepScalars *scalars)
{
    BrimStatus status;
    BRIM_TRY(brim_engine_prepare(engine, batch));
    BRIM_TRY(engine->conf.backend->run(engine->last->program, BRIM_PART_GRADIENT, scalars));
    BRIM_TRY(brim_engine_note_begun(engine));
fail:
    return status;
}

/* Only into the graph that the update runs in too, whose tensors it leaves alone: those of another may lie
 * anywhere. */
BrimStatus brim_engine_ahead(BrimEngine *engine, const BrimBatch *batch)
{
    BrimStatus status = BRIM_OK;
    BrimRunner *runner = &engine->runners[0];
    const BrimShape shape = {batch->n, batch->height_px, batch->width_px};
    engine->ahead = NULL;
    if (engine->last == runner && same_shape(runner->shape, shape)) {
        BRIM_TRY(brim_engine_write_batch(engine, runner, batch));
        engine->ahead = runner;
    }
    engine->ready_ns = brim_clock_ns();
fail:
    return status;
}

bool brim_engine_is_apart(const BrimEngine *engine)
{
    return !engine->device.host_memory;
}

/* The device stood still from the end of its work, told by the host's clock, until the next batch was there;
 * before the host turned to that, it stood still for another reason, as in the steps that are captured. */
static BrimStatus count_wait(BrimEngine *engine)
{
    int64_t worked_ns;
    if (!engine->ready_ns || !engine->conf.time_waits || !engine->conf.backend->mark)
        return BRIM_OK;
    BrimStatus status = engine->conf.backend->between_marks(engine->backend, &worked_ns);
    int64_t done_ns = engine->begun_ns + worked_ns;
    int64_t late_ns = engine->ready_ns - (done_ns > engine->started_ns ? done_ns : engine->started_ns);
    if (status == BRIM_OK && late_ns > 0)
        engine->waited_ns += late_ns;
    return status;
}

BrimStatus brim_engine_finish(BrimEngine *engine, float items[4])
{
    BrimStatus status;
    BRIM_TRY(engine->conf.backend->read(engine->last->program, engine->last->items, items));
    BRIM_TRY(count_wait(engine));
fail:
    return status;
}

int64_t brim_engine_waited_ns(const BrimEngine *engine)
{
    return engine->waited_ns;
}

BrimStatus brim_engine_gradient(BrimEngine *engine, const BrimBatch *batch, const BrimStepScalars *scalars,
                                float items[4])
{
    BrimStatus status;
    BRIM_TRY(brim_engine_begin(engine, batch, scalars));
    BRIM_TRY(brim_engine_finish(engine, items));
fail:
    return status;
}

BrimStatus brim_engine_update_start(BrimEngine *engine, const BrimStepScalars *scalars)
{
    engine->last = &engine->runners[0];
    return engine->conf.backend->run(engine->last->program, BRIM_PART_UPDATE, scalars);
}

BrimStatus brim_engine_update_read(BrimEngine *engine, float norm[2])
{
    return engine->conf.backend->read(engine->last->program, engine->last->norm, norm);
}

BrimStatus brim_engine_update(BrimEngine *engine, const BrimStepScalars *scalars, float norm[2])
{
    BrimStatus status = brim_engine_update_start(engine, scalars);
    return status == BRIM_OK ? brim_engine_update_read(engine, norm) : status;
}

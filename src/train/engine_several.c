/* Engines that sum their gradients, and may have BatchNorm's statistics in common. */
#include "train/engine_inside.h"

#include "backend/operand.h"

/* The blocks that the norm is taken of are all gradients there are. */
static const BrimOp *norm_op(const BrimGraph *graph)
{
    for (BrimOpId id = 0; id < graph->op_count; id++)
        if (graph->ops[id].kind == BRIM_OP_GRADIENT_NORM)
            return &graph->ops[id];
    return NULL;
}

/* Bytes of the gradients' blocks, of which one sum is made. */
static size_t gradient_bytes(const BrimEngine *engine)
{
    size_t bytes = 0;
    const BrimGraph *graph = engine->runners[0].graph;
    const BrimOp *op = norm_op(graph);
    for (int i = 0; i < brim_operand_count(op->in, 0, BRIM_OP_IN); i++)
        bytes += graph->tensors[op->in[i]].bytes;
    return bytes;
}

BrimStatus brim_engine_join(BrimEngine *const *engines, int count)
{
    BrimStatus status;
    BrimBackend *backends[BRIM_MOST_CARDS];
    const BrimBackendClass *class = engines[0]->conf.backend;
    if (!class->join)
        return brim_fail(BRIM_ERROR_UNSUPPORTED, "the %s backend trains on one device", class->name);
    if (count > BRIM_MOST_CARDS || engines[0]->conf.train_count == 0)
        return brim_fail(BRIM_ERROR_ARGUMENT, "%d engines to sum the gradients of: at most %d that train",
                         count, BRIM_MOST_CARDS);
    for (int i = 0; i < count; i++)
        backends[i] = engines[i]->backend;
    BRIM_TRY(class->join(backends, count, gradient_bytes(engines[0])));
    for (int i = 0; i < count; i++)
        BRIM_TRY(brim_engine_measure(engines[i]));
fail:
    return status;
}

BrimStatus brim_engine_reduce(BrimEngine *const *engines, int count)
{
    BrimProgram *programs[BRIM_MOST_CARDS];
    const BrimOp *op = norm_op(engines[0]->runners[0].graph);
    for (int i = 0; i < count; i++)
        programs[i] = engines[i]->runners[0].program;
    return engines[0]->conf.backend->reduce(programs, count, op->in,
                                            brim_operand_count(op->in, 0, BRIM_OP_IN));
}

static void list_last(BrimEngine *const *engines, int count, BrimProgram **programs)
{
    for (int i = 0; i < count; i++)
        programs[i] = engines[i]->last->program;
}

BrimStatus brim_engine_begin_together(BrimEngine *const *engines, int count, const BrimStepScalars *scalars)
{
    BrimStatus status;
    BrimProgram *programs[BRIM_MOST_CARDS] = {NULL};
    list_last(engines, count, programs);
    BRIM_TRY(engines[0]->conf.backend->run_together(programs, count, BRIM_PART_GRADIENT, scalars));
    for (int i = 0; i < count; i++)
        BRIM_TRY(brim_engine_note_begun(engines[i]));
fail:
    return status;
}

BrimStatus brim_engine_wait_together(BrimEngine *const *engines, int count)
{
    BrimProgram *programs[BRIM_MOST_CARDS] = {NULL};
    list_last(engines, count, programs);
    return engines[0]->conf.backend->wait_together(programs, count);
}

/* Snapshots: the parameters' blocks in the host's memory, their bytes as the device has them. One copy a
 * block costs whoever trains as little as can be; turning its tensors into their plain form is left to who
 * reads them. */
#include "train/engine_inside.h"

#include <string.h>

#include "backend/operand.h"
#include "graph/parameters.h"

enum { MOST_BLOCKS = BRIM_STATE_COUNT * (BRIM_GROUP_COUNT + 1) };

/* Gradients are spent where a snapshot is of use, and the weights in 16 bits are those in 32. */
static bool is_taken(const BrimTensor *tensor)
{
    return tensor->form == BRIM_FORM_BLOCK && tensor->dtype == BRIM_F32 &&
           tensor->purpose != BRIM_PURPOSE_GRADIENTS;
}

/* Where a block begins; behind the last tensor, what all of them take. */
static size_t place(const BrimGraph *graph, BrimTensorId block)
{
    size_t at = 0;
    for (BrimTensorId id = 0; id < block; id++)
        at += is_taken(&graph->tensors[id]) ? graph->tensors[id].bytes : 0;
    return at;
}

size_t brim_engine_snapshot_bytes(const BrimEngine *engine)
{
    const BrimGraph *graph = brim_engine_graph(engine);
    return engine->conf.snapshots ? place(graph, graph->tensor_count) : 0;
}

static int list_blocks(const BrimGraph *graph, BrimTensorId blocks[MOST_BLOCKS])
{
    int count = 0;
    for (BrimTensorId id = 0; id < graph->tensor_count; id++)
        if (is_taken(&graph->tensors[id]))
            blocks[count++] = id;
    return count;
}

/* Where the host sees the arena it copies by itself, and no device computes meanwhile. */
static void copy_blocks(BrimEngine *engine, const BrimTensorId *blocks, int count)
{
    size_t bytes;
    const BrimRunner *runner = &engine->runners[0];
    const char *arena = engine->conf.backend->arena(engine->backend, &bytes);
    for (int i = 0; i < count; i++)
        memcpy(engine->snapshot + place(runner->graph, blocks[i]),
               arena + brim_operand_offset(runner->graph, &engine->plan->placements[0], blocks[i]),
               runner->graph->tensors[blocks[i]].bytes);
}

BrimStatus brim_engine_snapshot_start(BrimEngine *engine)
{
    BrimTensorId blocks[MOST_BLOCKS];
    int count = list_blocks(brim_engine_graph(engine), blocks);
    if (!engine->snapshot)
        return brim_fail(BRIM_ERROR_ARGUMENT, "the engine was opened without snapshots");
    if (engine->conf.backend->fetch_blocks)
        return engine->conf.backend->fetch_blocks(engine->runners[0].program, blocks, count,
                                                  engine->snapshot);
    copy_blocks(engine, blocks, count);
    return BRIM_OK;
}

BrimStatus brim_engine_snapshot_wait(BrimEngine *engine)
{
    return engine->conf.backend->wait_blocks ? engine->conf.backend->wait_blocks(engine->backend) : BRIM_OK;
}

void brim_engine_snapshot_read(const BrimEngine *engine, BrimTensorId id, void *plain)
{
    const BrimGraph *graph = brim_engine_graph(engine);
    const char *block = engine->snapshot + place(graph, graph->tensors[id].parent);
    engine->conf.backend->read_member(engine->runners[0].program, id, block, plain);
}

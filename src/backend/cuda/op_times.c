/* A part of a step with events in it, and what they say. */
#include "backend/cuda/op_times.h"

#include <string.h>

#include "backend/cuda/program.h"

/* A part, captured: ops of one kind that follow each other stand between events i and i + 1. */
typedef struct TimedPart {
    CUgraphExec graph; /* NULL: not captured yet */
    CUevent *events;   /* run_count + 1 */
    BrimOpKind *kinds; /* of each run of ops */
    int run_count;
    int32_t launches[BRIM_OP_KIND_COUNT];
} TimedPart;

struct BrimCudaOpTimes {
    const BrimProgram *program;
    TimedPart parts[BRIM_PART_COUNT];
    TimedPart *last; /* the one that ran last */
};

static const BrimCudaDevice *device_of(const BrimCudaOpTimes *times)
{
    return &times->program->backend->device;
}

static int count_runs(const BrimGraph *graph, BrimPart part)
{
    int count = 0, last = BRIM_OP_KIND_COUNT;
    for (BrimOpId id = 0; id < graph->op_count; id++) {
        if (graph->ops[id].part != part)
            continue;
        count += (int)graph->ops[id].kind != last;
        last = (int)graph->ops[id].kind;
    }
    return count;
}

BrimStatus brim_cuda_op_times_open(BrimCudaOpTimes **times, const BrimProgram *program)
{
    BrimStatus status;
    *times = brim_mem_take(BRIM_MEM_BACKEND, 1, sizeof **times);
    if (!*times)
        return BRIM_ERROR_MEMORY;
    (*times)->program = program;
    for (BrimPart part = 0; part < BRIM_PART_COUNT; part++) {
        TimedPart *timed = &(*times)->parts[part];
        size_t count = (size_t)count_runs(program->graph, part);
        timed->kinds = brim_mem_take(BRIM_MEM_BACKEND, count, sizeof *timed->kinds);
        timed->events = brim_mem_take(BRIM_MEM_BACKEND, count + 1, sizeof *timed->events);
        status = timed->kinds && timed->events ? BRIM_OK : BRIM_ERROR_MEMORY;
        BRIM_TRY(status);
        for (size_t i = 0; i <= count; i++)
            BRIM_CUDA_TRY(device_of(*times)->driver, cuEventCreate, "making an event", &timed->events[i],
                          CU_EVENT_DEFAULT);
        timed->run_count = (int)count;
    }
    return BRIM_OK;
fail:
    brim_cuda_op_times_close(times);
    return status;
}

static void close_part(TimedPart *timed, int event_count, const BrimCudaDriver *driver)
{
    for (int i = 0; timed->events && i < event_count && timed->events[i]; i++)
        driver->cuEventDestroy_(timed->events[i]);
    if (timed->graph)
        driver->cuGraphExecDestroy_(timed->graph);
    brim_mem_give(timed->events);
    brim_mem_give(timed->kinds);
}

void brim_cuda_op_times_close(BrimCudaOpTimes **times)
{
    BrimCudaOpTimes *gone = *times;
    if (!gone)
        return;
    for (BrimPart part = 0; part < BRIM_PART_COUNT; part++)
        close_part(&gone->parts[part], count_runs(gone->program->graph, part) + 1, device_of(gone)->driver);
    brim_mem_give(gone);
    *times = NULL;
}

/* ---- capturing ---- */

/* Each op is captured once alone, since a graph does not say which of its nodes are whose. */
static BrimStatus count_launches(const BrimCudaOpTimes *times, BrimOpId id, int32_t *launches)
{
    const BrimCudaDevice *device = device_of(times);
    CUgraph graph = NULL;
    size_t nodes = 0;
    BrimStatus status = brim_cuda_record_begin(device);
    if (status == BRIM_OK)
        status = brim_cuda_record_end(device, brim_cuda_start_op(times->program, id), &graph);
    BRIM_TRY(status);
    BRIM_CUDA_TRY(device->driver, cuGraphGetNodes, "counting launches", graph, NULL, &nodes);
    *launches += (int32_t)nodes;
fail:
    if (graph)
        device->driver->cuGraphDestroy_(graph);
    return status;
}

static BrimStatus put_event(const BrimCudaOpTimes *times, CUevent event)
{
    const BrimCudaDevice *device = device_of(times);
    return brim_cuda_check(
        device->driver,
        device->driver->cuEventRecordWithFlags_(event, device->stream, CU_EVENT_RECORD_EXTERNAL),
        "timing a step");
}

static BrimStatus start_ops(const BrimCudaOpTimes *times, BrimPart part, TimedPart *timed)
{
    BrimStatus status = BRIM_OK;
    const BrimGraph *graph = times->program->graph;
    int run = -1;
    for (BrimOpId id = 0; id < graph->op_count; id++) {
        const BrimOp *op = &graph->ops[id];
        if (op->part != part)
            continue;
        if (run < 0 || timed->kinds[run] != op->kind) {
            timed->kinds[++run] = op->kind;
            BRIM_TRY(put_event(times, timed->events[run]));
        }
        BRIM_TRY(brim_cuda_start_op(times->program, id));
    }
    BRIM_TRY(put_event(times, timed->events[timed->run_count]));
fail:
    return status;
}

static BrimStatus capture(const BrimCudaOpTimes *times, BrimPart part, TimedPart *timed)
{
    BrimStatus status;
    CUgraph graph = NULL;
    const BrimCudaDevice *device = device_of(times);
    const BrimOp *ops = times->program->graph->ops;
    memset(timed->launches, 0, sizeof timed->launches);
    for (BrimOpId id = 0; id < times->program->graph->op_count; id++)
        if (ops[id].part == part)
            BRIM_TRY(count_launches(times, id, &timed->launches[ops[id].kind]));
    BRIM_TRY(brim_cuda_record_begin(device));
    BRIM_TRY(brim_cuda_record_end(device, start_ops(times, part, timed), &graph));
    BRIM_CUDA_TRY(device->driver, cuGraphInstantiateWithFlags, "making a graph of a step", &timed->graph,
                  graph, 0);
fail:
    if (graph)
        device->driver->cuGraphDestroy_(graph);
    return status;
}

/* ---- running ---- */

BrimStatus brim_cuda_op_times_run(BrimCudaOpTimes *times, BrimPart part)
{
    BrimStatus status;
    const BrimCudaDevice *device = device_of(times);
    TimedPart *timed = times->last = &times->parts[part];
    if (!timed->graph)
        BRIM_TRY(capture(times, part, timed));
    BRIM_CUDA_TRY(device->driver, cuGraphLaunch, "starting a step", timed->graph, device->stream);
fail:
    return status;
}

void brim_cuda_op_times_read(BrimCudaOpTimes *times, int64_t *times_ns, int32_t *launches)
{
    const TimedPart *timed = times->last;
    memset(times_ns, 0, BRIM_OP_KIND_COUNT * sizeof *times_ns);
    memset(launches, 0, BRIM_OP_KIND_COUNT * sizeof *launches);
    if (!timed || !timed->graph || brim_cuda_device_wait(device_of(times)) != BRIM_OK)
        return;
    memcpy(launches, timed->launches, sizeof timed->launches);
    for (int i = 0; i < timed->run_count; i++) {
        float time_ms = 0;
        device_of(times)->driver->cuEventElapsedTime_(&time_ms, timed->events[i], timed->events[i + 1]);
        times_ns[timed->kinds[i]] += (int64_t)(time_ms * 1e6f);
    }
}

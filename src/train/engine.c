/* A model on a device. */
#include "train/engine_inside.h"

#include <string.h>

#include "base/process.h"

/* What the process takes while it works beside what it planned and what was measured when the graphs were
 * loaded: stacks of the threads, the heap's own pages. Measured: 0.2 MiB in steps, up to 1 MiB in a whole run. */
#define WORK_BYTES ((size_t)1 << 20)

static BrimStatus build_runner(BrimEngine *engine, BrimShape shape, bool training)
{
    BrimStatus status;
    const BrimEngineConf *conf = &engine->conf;
    BrimRunner *runner = &engine->runners[engine->runner_count];
    BrimStepConf step = {.model = conf->model,
                         .hyper = conf->hyper,
                         .batch = shape.n,
                         .height_px = shape.height_px,
                         .width_px = shape.width_px,
                         .target_cap = training ? conf->train_target_cap : conf->infer_target_cap,
                         .training_run = conf->train_count > 0,
                         .precision = conf->precision,
                         .bn_cards = conf->bn_cards};
    memcpy(step.recompute, conf->recompute, sizeof step.recompute);
    runner->shape = shape;
    BRIM_TRY(training ? brim_graph_training(&runner->graph, &step)
                      : brim_graph_inference(&runner->graph, &step));
    engine->runner_count++;
    runner->pictures = brim_graph_find(runner->graph, "pictures");
    runner->targets = brim_graph_find(runner->graph, "targets");
    runner->target_count = brim_graph_find(runner->graph, "target_count");
    runner->items = brim_graph_find(runner->graph, "items");
    runner->norm = brim_graph_find(runner->graph, "norm");
    runner->predictions = brim_graph_find(runner->graph, "predictions");
    BrimSizer sizer = conf->backend->sizer(engine->backend);
    BRIM_TRY(brim_plan_measure(runner->graph, &sizer));
fail:
    return status;
}

static BrimStatus build_runners(BrimEngine *engine)
{
    BrimStatus status = BRIM_OK;
    const BrimEngineConf *conf = &engine->conf;
    int count = conf->train_count + conf->infer_count;
    if (count > BRIM_PLAN_MAX_GRAPHS)
        return brim_fail(BRIM_ERROR_UNSUPPORTED,
                         "%d different batch shapes, at most %d can be planned; a smaller --imgsz has fewer",
                         count, BRIM_PLAN_MAX_GRAPHS);
    engine->runners = brim_mem_take(BRIM_MEM_TRAIN, (size_t)count, sizeof *engine->runners);
    if (!engine->runners)
        return BRIM_ERROR_MEMORY;
    for (int i = 0; i < conf->train_count && status == BRIM_OK; i++)
        status = build_runner(engine, conf->train[i], true);
    for (int i = 0; i < conf->infer_count && status == BRIM_OK; i++)
        status = build_runner(engine, conf->infer[i], false);
    return status;
}

static BrimStatus make_plan(BrimEngine *engine)
{
    BrimGraph *graphs[BRIM_PLAN_MAX_GRAPHS];
    for (int i = 0; i < engine->runner_count; i++)
        graphs[i] = engine->runners[i].graph;
    BrimStatus status = brim_plan_make(&engine->plan, graphs, engine->runner_count);
    if (status == BRIM_OK)
        status = brim_plan_check(engine->plan, graphs, engine->runner_count);
    return status;
}

static int most_targets(const BrimEngine *engine)
{
    int train = engine->conf.train_target_cap, infer = engine->conf.infer_target_cap;
    return train > infer ? train : infer;
}

/* The largest parameter: weights go to and from files one at a time, in plain form. */
static size_t largest_parameter_bytes(const BrimEngine *engine)
{
    size_t most = 0;
    const BrimGraph *graph = brim_engine_graph(engine);
    for (BrimTensorId id = 0; id < graph->tensor_count; id++) {
        const BrimTensor *tensor = &graph->tensors[id];
        if (tensor->life == BRIM_LIFE_ALWAYS && tensor->form != BRIM_FORM_BLOCK && tensor->bytes > most)
            most = tensor->bytes;
    }
    return most;
}

/* What an arena leaves unused of the last page that a card gives it. */
static size_t grain_rest_bytes(const BrimEngine *engine)
{
    size_t over = engine->grain_bytes ? engine->plan->arena_bytes % engine->grain_bytes : 0;
    return over ? engine->grain_bytes - over : 0;
}

size_t brim_engine_beside_bytes(const BrimEngine *engine)
{
    if (engine->conf.backend->memory)
        return engine->library_bytes + grain_rest_bytes(engine);
    return engine->library_bytes + WORK_BYTES + largest_parameter_bytes(engine) +
           (size_t)most_targets(engine) * 6 * sizeof(float);
}

/* What the run needs of the device's memory beside the engine: on a card nothing, since pictures wait in the host's. */
static size_t outside_bytes(const BrimEngine *engine)
{
    return engine->conf.backend->memory ? 0 : engine->conf.outside_bytes;
}

static size_t kept_bytes(const BrimEngine *engine)
{
    return engine->keep.most_pictures > 0 ? engine->conf.backend->keep_bytes(&engine->keep) : 0;
}

size_t brim_engine_planned_bytes(const BrimEngine *engine)
{
    return outside_bytes(engine) + brim_engine_beside_bytes(engine) + kept_bytes(engine) + engine->plan->arena_bytes;
}

BrimStatus brim_engine_keep(BrimEngine *engine, const BrimKeep *keep, size_t budget_bytes)
{
    if (!engine->conf.backend->augment)
        return brim_fail(BRIM_ERROR_UNSUPPORTED, "the %s backend keeps no pictures", engine->conf.backend->name);
    engine->keep = *keep;
    size_t kept = kept_bytes(engine), planned = brim_engine_planned_bytes(engine);
    if (!budget_bytes || planned <= budget_bytes)
        return BRIM_OK;
    engine->keep = (BrimKeep){0};
    return brim_fail(BRIM_ERROR_FIT, "pictures of %.1f MiB do not fit beside %.1f MiB of the %.1f MiB given",
                     (double)kept / 0x1p20, (double)(planned - kept) / 0x1p20, (double)budget_bytes / 0x1p20);
}

BrimStatus brim_engine_keep_take(BrimEngine *engine)
{
    BrimStatus status = engine->conf.backend->keep(engine->backend, &engine->keep);
    engine->keeps = status == BRIM_OK;
    return status;
}

BrimStatus brim_engine_put_picture(BrimEngine *engine, size_t start_bytes, const BrimPicture *picture)
{
    size_t bytes = (size_t)picture->width_px * (size_t)picture->height_px * 3;
    return engine->conf.backend->put_picture(engine->backend, start_bytes, picture->rgb, bytes);
}

void brim_engine_room(const BrimEngine *engine, uint64_t *free_bytes, uint64_t *taken_bytes)
{
    BrimDeviceMemory memory;
    *free_bytes = *taken_bytes = 0;
    if (!engine->conf.backend->memory) {
        *free_bytes = brim_process_free_bytes();
        *taken_bytes = brim_process_resident_bytes();
    } else if (engine->conf.backend->memory(engine->backend, &memory) == BRIM_OK) {
        *free_bytes = memory.free_bytes;
        *taken_bytes = memory.taken_bytes;
    }
}

uint64_t brim_engine_peak_bytes(BrimEngine *engine)
{
    BrimDeviceMemory memory;
    if (!engine->conf.backend->memory)
        return brim_process_peak_bytes();
    if (engine->conf.backend->memory(engine->backend, &memory) == BRIM_OK && memory.taken_bytes > engine->card_peak_bytes)
        engine->card_peak_bytes = memory.taken_bytes;
    return engine->card_peak_bytes;
}

BrimStatus brim_engine_fits(const BrimEngine *engine, size_t budget_bytes)
{
    size_t beside = outside_bytes(engine) + brim_engine_beside_bytes(engine);
    if (!budget_bytes)
        return BRIM_OK;
    if (beside >= budget_bytes)
        return brim_fail(BRIM_ERROR_FIT, "pictures and buffers alone need %.1f MiB of the %.1f MiB given",
                         (double)beside / 0x1p20, (double)budget_bytes / 0x1p20);
    return brim_plan_fits(engine->plan, budget_bytes - beside);
}

/* Of a card the driver knows what context, kernels and libraries took. */
BrimStatus brim_engine_measure(BrimEngine *engine)
{
    BrimDeviceMemory memory;
    BrimStatus status = engine->conf.backend->memory(engine->backend, &memory);
    if (status == BRIM_OK)
        engine->library_bytes = memory.taken_bytes;
    engine->grain_bytes = memory.grain_bytes;
    return status;
}

/* Loads the graphs at addresses that cost nothing yet. What the process grew by since `before_bytes` is what
 * graphs and libraries take, in this run and on this machine: no constant would know. */
static BrimStatus load_runners(BrimEngine *engine, uint64_t before_bytes)
{
    BrimStatus status = BRIM_OK;
    const BrimBackendClass *class = engine->conf.backend;
    if (class->reserve_arena)
        BRIM_TRY(class->reserve_arena(engine->backend, engine->plan->arena_bytes));
    for (int i = 0; i < engine->runner_count; i++) {
        BrimRunner *runner = &engine->runners[i];
        BRIM_TRY(class->load(engine->backend, runner->graph, &engine->plan->placements[i], &runner->program));
    }
    BRIM_TRY(brim_engine_take_rooms(engine));
    if (class->memory)
        return brim_engine_measure(engine);
    uint64_t now_bytes = brim_process_resident_bytes();
    engine->library_bytes = now_bytes > before_bytes ? (size_t)(now_bytes - before_bytes) : 0;
fail:
    return status;
}

BrimStatus brim_engine_open(BrimEngine **engine, const BrimEngineConf *conf)
{
    BrimStatus status;
    *engine = brim_mem_take(BRIM_MEM_TRAIN, 1, sizeof **engine);
    if (!*engine)
        return BRIM_ERROR_MEMORY;
    (*engine)->conf = *conf;
    BRIM_TRY(conf->backend->computes_in ? conf->backend->computes_in(conf->card, conf->precision)
                                        : brim_precision_check(conf->precision, conf->backend->name, 0));
    uint64_t before_bytes = brim_process_resident_bytes();
    BRIM_TRY(conf->backend->open(&(*engine)->backend, conf->threads, conf->card));
    if (conf->time_ops && conf->backend->time_ops)
        conf->backend->time_ops((*engine)->backend);
    BRIM_TRY(build_runners(*engine));
    BRIM_TRY(make_plan(*engine));
    BRIM_TRY(conf->backend->describe((*engine)->backend, &(*engine)->device));
    BRIM_TRY(brim_engine_fits(*engine, conf->budget_bytes));
    BRIM_TRY(load_runners(*engine, before_bytes));
    BRIM_TRY(brim_engine_fits(*engine, conf->budget_bytes));
    return BRIM_OK;
fail:
    brim_engine_close(engine);
    return status;
}

BrimStatus brim_engine_start(BrimEngine *engine)
{
    BrimStatus status;
    const BrimBackendClass *class = engine->conf.backend;
    BRIM_TRY(class->take_arena(engine->backend, engine->plan->arena_bytes));
    for (int i = 0; i < engine->runner_count; i++)
        class->settle(engine->runners[i].program);
    if (engine->keep.most_pictures > 0 && !engine->keeps)
        BRIM_TRY(brim_engine_keep_take(engine));
    engine->targets =
        brim_mem_take(BRIM_MEM_TRAIN, (size_t)most_targets(engine) * 6, sizeof *engine->targets);
    status = engine->targets ? BRIM_OK : BRIM_ERROR_MEMORY;
fail:
    return status;
}

void brim_engine_close(BrimEngine **engine)
{
    BrimEngine *gone = *engine;
    if (!gone)
        return;
    for (int i = 0; i < gone->runner_count; i++) {
        if (gone->runners[i].program)
            gone->conf.backend->unload(&gone->runners[i].program);
        brim_graph_close(&gone->runners[i].graph);
    }
    brim_plan_close(&gone->plan);
    if (gone->backend)
        gone->conf.backend->close(&gone->backend);
    if (gone->snapshot_own)
        brim_mem_give(gone->snapshot);
    brim_mem_give(gone->targets);
    brim_mem_give(gone->runners);
    brim_mem_give(gone);
    *engine = NULL;
    brim_mem_trim(); /* graphs and libraries took much in small pieces */
}

const BrimPlan *brim_engine_plan(const BrimEngine *engine)
{
    return engine->plan;
}

const BrimDeviceInfo *brim_engine_device(const BrimEngine *engine)
{
    return &engine->device;
}

const BrimGraph *brim_engine_graph(const BrimEngine *engine)
{
    return engine->runners[0].graph;
}

int brim_engine_training_count(const BrimEngine *engine)
{
    return engine->conf.train_count;
}

int brim_engine_graph_count(const BrimEngine *engine)
{
    return engine->runner_count;
}

const BrimGraph *brim_engine_graph_at(const BrimEngine *engine, int index)
{
    return engine->runners[index].graph;
}

BrimStatus brim_engine_write(BrimEngine *engine, BrimTensorId id, const void *plain)
{
    return engine->conf.backend->write(engine->runners[0].program, id, plain);
}

BrimStatus brim_engine_read(BrimEngine *engine, BrimTensorId id, void *plain)
{
    return engine->conf.backend->read(engine->runners[0].program, id, plain);
}

const void *brim_engine_arena(const BrimEngine *engine, size_t *bytes)
{
    return engine->conf.backend->arena(engine->backend, bytes);
}

void brim_engine_op_times(BrimEngine *engine, int64_t *times_ns)
{
    memset(times_ns, 0, BRIM_OP_KIND_COUNT * sizeof *times_ns);
    if (engine->last)
        engine->conf.backend->op_times(engine->last->program, times_ns);
}

void brim_engine_op_launches(BrimEngine *engine, int32_t *launches)
{
    memset(launches, 0, BRIM_OP_KIND_COUNT * sizeof *launches);
    if (engine->last && engine->conf.backend->op_launches)
        engine->conf.backend->op_launches(engine->last->program, launches);
}

/* A case on a backend, and the numbers that it starts from. */
#include <math.h>
#include <string.h>

#include "base/half.h"
#include "base/random.h"
#include "support/op_cases.h"
#include "support/support.h"

/* Values by the tensor's name: what an op reads must make sense to it. */
static float value_for(const char *name, size_t i, BrimRandom *random)
{
    float normal = (float)brim_random_normal(random), unit = (float)brim_random_unit(random);
    if (strncmp(name, "rstd", 4) == 0 || strncmp(name, "variance", 8) == 0)
        return 0.25f + unit;
    if (strncmp(name, "coarse", 6) == 0) /* many equal values: pooling must pick the first */
        return floorf(2 * normal);
    if (strncmp(name, "targets", 7) == 0) /* image, class, x, y, w, h */
        return i % 6 < 2 ? floorf(3 * unit) : 0.05f + 0.9f * unit;
    return normal;
}

static bool is_float(BrimDtype dtype)
{
    return dtype == BRIM_F32 || dtype == BRIM_F16 || dtype == BRIM_BF16;
}

static uint16_t narrowed(float value, BrimDtype dtype)
{
    return dtype == BRIM_F16 ? brim_half_from_float(value) : brim_bfloat_from_float(value);
}

static float widen(uint16_t value, BrimDtype dtype)
{
    return dtype == BRIM_F16 ? brim_half_to_float(value) : brim_bfloat_to_float(value);
}

/* `as`: what the numbers are rounded to, whatever holds them. */
static void put(const BrimTensor *tensor, void *plain, size_t i, float value, BrimDtype as)
{
    if (tensor->dtype == BRIM_F32)
        ((float *)plain)[i] = as == BRIM_F32 ? value : widen(narrowed(value, as), as);
    else
        ((uint16_t *)plain)[i] = narrowed(value, tensor->dtype);
}

static void fill_values(const BrimTensor *tensor, BrimTensorId id, void *plain, BrimDtype as)
{
    BrimRandom random = brim_random(11, (uint64_t)id);
    for (size_t i = 0; i < brim_tensor_elements(tensor); i++) {
        if (tensor->dtype == BRIM_U8)
            ((uint8_t *)plain)[i] = (uint8_t)brim_random_below(&random, 256);
        else if (tensor->dtype == BRIM_I32)
            ((int32_t *)plain)[i] = 9;
        else
            put(tensor, plain, i, value_for(tensor->name, i, &random), as);
    }
}

/* What is of 16 bits in mixed precision: features, and filters but for their gradients. */
static bool narrows(const BrimGraph *graph, BrimTensorId id)
{
    BrimForm form = graph->tensors[id].form;
    const BrimOp *op = &graph->ops[0];
    bool filter = form == BRIM_FORM_FILTER && ((op->kind == BRIM_OP_FOLD && op->out[0] == id) ||
                                               op->kind == BRIM_OP_CONV_FORWARD ||
                                               op->kind == BRIM_OP_CONV_BACKWARD_DATA);
    return form == BRIM_FORM_FEATURE || form == BRIM_FORM_PLAIN || filter;
}

/* Everything but results, in the order of ids: a whole before its parts. */
static BrimStatus fill(OpRun *run, BrimDtype as)
{
    BrimStatus status = BRIM_OK;
    for (BrimTensorId id = 0; id < run->graph->tensor_count && status == BRIM_OK; id++) {
        const BrimTensor *tensor = &run->graph->tensors[id];
        if (tensor->form == BRIM_FORM_BLOCK || strncmp(tensor->name, "out", 3) == 0)
            continue;
        void *plain =
            brim_mem_take(BRIM_MEM_OTHER, brim_tensor_elements(tensor), brim_dtype_bytes(tensor->dtype));
        if (!plain)
            return BRIM_ERROR_MEMORY;
        fill_values(tensor, id, plain, narrows(run->graph, id) ? as : BRIM_F32);
        status = run->class->write(run->program, id, plain);
        brim_mem_give(plain);
    }
    return status;
}

BrimStatus op_run_open_as(OpRun *run, const BrimBackendClass *class, const OpCase *test, int threads,
                          BrimDtype held, BrimDtype filled)
{
    BrimStatus status;
    *run = (OpRun){.class = class};
    run->scalars = (BrimStepScalars){.accumulate = test->accumulate,
                                     .learning_rate = {0.1f, 0.02f, 0.03f},
                                     .momentum = 0.9f,
                                     .weight_decay = 0.01f,
                                     .clip_norm = 10,
                                     .ema_decay = 0.75f};
    BRIM_TRY(class->open(&run->backend, threads, 0));
    BRIM_TRY(op_case_graph(test, &run->graph));
    for (BrimTensorId id = 0; id < run->graph->tensor_count; id++)
        if (narrows(run->graph, id))
            run->graph->tensors[id].dtype = held;
    BrimSizer sizer = class->sizer(run->backend);
    BRIM_TRY(brim_plan_measure(run->graph, &sizer));
    BRIM_TRY(brim_plan_make(&run->plan, &run->graph, 1));
    BRIM_TRY(brim_plan_check(run->plan, &run->graph, 1));
    BRIM_TRY(class->take_arena(run->backend, run->plan->arena_bytes));
    BRIM_TRY(class->load(run->backend, run->graph, &run->plan->placements[0], &run->program));
    BRIM_TRY(fill(run, filled));
    return BRIM_OK;
fail:
    op_run_close(run);
    return status;
}

BrimStatus op_run_open(OpRun *run, const BrimBackendClass *class, const OpCase *test, int threads)
{
    return op_run_open_as(run, class, test, threads, BRIM_F32, BRIM_F32);
}

BrimStatus op_run_start(OpRun *run)
{
    return run->class->run(run->program, BRIM_PART_GRADIENT, &run->scalars);
}

void op_run_close(OpRun *run)
{
    if (run->program)
        run->class->unload(&run->program);
    brim_plan_close(&run->plan);
    brim_graph_close(&run->graph);
    if (run->backend)
        run->class->close(&run->backend);
}

void *op_run_read(const OpRun *run, BrimTensorId id)
{
    const BrimTensor *tensor = &run->graph->tensors[id];
    void *plain =
        brim_mem_take(BRIM_MEM_OTHER, brim_tensor_elements(tensor), brim_dtype_bytes(tensor->dtype));
    assert_non_null(plain);
    assert_ok(run->class->read(run->program, id, plain));
    return plain;
}

float *op_run_read_floats(const OpRun *run, BrimTensorId id)
{
    const BrimTensor *tensor = &run->graph->tensors[id];
    void *plain = op_run_read(run, id);
    if (tensor->dtype == BRIM_F32)
        return plain;
    size_t count = brim_tensor_elements(tensor);
    float *wide = brim_mem_take(BRIM_MEM_OTHER, count, sizeof *wide);
    assert_true(wide && is_float(tensor->dtype));
    for (size_t i = 0; i < count; i++)
        wide[i] = widen(((const uint16_t *)plain)[i], tensor->dtype);
    brim_mem_give(plain);
    return wide;
}

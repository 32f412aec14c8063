/* cuDNN's engines for a convolution, which of them brim takes, and the plans made of them. */
#include "backend/cuda/conv_engine.h"

#include "base/memory.h"

/* Proposals of one mode, of which cuDNN 9.19 gives up to 40; notes of an engine, of which it has 10. */
enum { MOST_PROPOSALS = 64, MOST_NOTES = 32 };

void brim_cuda_conv_plan_drop(const BrimCudaDnnApi *api, BrimCudaConvPlan *plan)
{
    brim_cuda_descriptor_drop(api, &plan->plan);
    brim_cuda_descriptor_drop(api, &plan->config);
}

/* ---- what brim takes ---- */

/* One seed gives the same losses to the last bit, 16 bits are summed in fp32, and fp32 means fp32: TF32 has
 * 10 bits. */
static bool takes(cudnnBackendNumericalNote_t note, BrimKernelType type)
{
    switch (note) {
    case CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC:
    case CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION:
        return false;
    case CUDNN_NUMERICAL_NOTE_TENSOR_CORE:
    case CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS:
        return type != BRIM_KERNEL_F32;
    default:
        return true;
    }
}

static BrimStatus check_notes(const BrimCudaDnnApi *api, BrimCudaDescriptor engine, BrimKernelType type)
{
    cudnnBackendNumericalNote_t notes[MOST_NOTES];
    int64_t count;
    BrimStatus status = brim_cuda_descriptor_get(api, engine, CUDNN_ATTR_ENGINE_NUMERICAL_NOTE,
                                                 CUDNN_TYPE_NUMERICAL_NOTE, MOST_NOTES, &count, notes);
    for (int64_t i = 0; status == BRIM_OK && i < count && i < MOST_NOTES; i++)
        if (!takes(notes[i], type))
            status = brim_fail(BRIM_ERROR_UNSUPPORTED, "the engine's sums are not those that brim promises");
    return status;
}

/* ---- reading a config ---- */

static BrimStatus read_engine(const BrimCudaDnnApi *api, BrimCudaConvPlan *plan, BrimKernelType type)
{
    BrimCudaDescriptor engine;
    int64_t count;
    BrimStatus status;
    BRIM_TRY(brim_cuda_descriptor_make(api, &engine, CUDNN_BACKEND_ENGINE_DESCRIPTOR));
    BRIM_TRY(brim_cuda_descriptor_get(api, plan->config, CUDNN_ATTR_ENGINECFG_ENGINE,
                                      CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &count, &engine));
    BRIM_TRY(brim_cuda_descriptor_get(api, engine, CUDNN_ATTR_ENGINE_GLOBAL_INDEX, CUDNN_TYPE_INT64, 1,
                                      &count, &plan->choice.engine));
    BRIM_TRY(check_notes(api, engine, type));
fail:
    brim_cuda_descriptor_drop(api, &engine);
    return status;
}

static BrimStatus read_knob(const BrimCudaDnnApi *api, BrimCudaDescriptor knob, BrimCudaConvChoice *choice)
{
    cudnnBackendKnobType_t type;
    int64_t value, count;
    BrimStatus status;
    BRIM_TRY(brim_cuda_descriptor_get(api, knob, CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE, CUDNN_TYPE_KNOB_TYPE, 1,
                                      &count, &type));
    BRIM_TRY(brim_cuda_descriptor_get(api, knob, CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE, CUDNN_TYPE_INT64, 1,
                                      &count, &value));
    choice->knobs[choice->knob_count].type = (int)type;
    choice->knobs[choice->knob_count++].value = value;
fail:
    return status;
}

static BrimStatus read_knobs(const BrimCudaDnnApi *api, BrimCudaConvPlan *plan)
{
    BrimCudaDescriptor knobs[BRIM_CUDA_MOST_KNOBS] = {NULL};
    int64_t count;
    BrimStatus status;
    for (int i = 0; i < BRIM_CUDA_MOST_KNOBS; i++)
        BRIM_TRY(brim_cuda_descriptor_make(api, &knobs[i], CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR));
    BRIM_TRY(brim_cuda_descriptor_get(api, plan->config, CUDNN_ATTR_ENGINECFG_KNOB_CHOICES,
                                      CUDNN_TYPE_BACKEND_DESCRIPTOR, BRIM_CUDA_MOST_KNOBS, &count, knobs));
    plan->choice.knob_count = 0;
    for (int i = 0; i < count && i < BRIM_CUDA_MOST_KNOBS; i++)
        BRIM_TRY(read_knob(api, knobs[i], &plan->choice));
fail:
    for (int i = 0; i < BRIM_CUDA_MOST_KNOBS; i++)
        brim_cuda_descriptor_drop(api, &knobs[i]);
    return status;
}

/* ---- telling a config again ---- */

static BrimStatus tell_engine(const BrimCudaDnnApi *api, const BrimCudaConvGraph *graph, int64_t index,
                              BrimCudaDescriptor *engine)
{
    BrimStatus status;
    BRIM_TRY(brim_cuda_descriptor_make(api, engine, CUDNN_BACKEND_ENGINE_DESCRIPTOR));
    BRIM_TRY(brim_cuda_descriptor_set_part(api, *engine, CUDNN_ATTR_ENGINE_OPERATION_GRAPH, graph->graph));
    BRIM_TRY(brim_cuda_descriptor_set_one(api, *engine, CUDNN_ATTR_ENGINE_GLOBAL_INDEX, index));
    return brim_cuda_descriptor_finish(api, *engine, "naming an engine");
fail:
    return status;
}

static BrimStatus tell_knob(const BrimCudaDnnApi *api, int type, int64_t value, BrimCudaDescriptor *knob)
{
    const cudnnBackendKnobType_t name = (cudnnBackendKnobType_t)type;
    BrimStatus status;
    BRIM_TRY(brim_cuda_descriptor_make(api, knob, CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR));
    BRIM_TRY(brim_cuda_descriptor_set(api, *knob, CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE, CUDNN_TYPE_KNOB_TYPE, 1,
                                      &name));
    BRIM_TRY(brim_cuda_descriptor_set_one(api, *knob, CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE, value));
    return brim_cuda_descriptor_finish(api, *knob, "setting an engine's knob");
fail:
    return status;
}

static BrimStatus tell_config(const BrimCudaDnnApi *api, BrimCudaDescriptor engine,
                              const BrimCudaConvChoice *choice, BrimCudaDescriptor *config)
{
    BrimCudaDescriptor knobs[BRIM_CUDA_MOST_KNOBS] = {NULL};
    BrimStatus status;
    for (int i = 0; i < choice->knob_count; i++)
        BRIM_TRY(tell_knob(api, choice->knobs[i].type, choice->knobs[i].value, &knobs[i]));
    BRIM_TRY(brim_cuda_descriptor_make(api, config, CUDNN_BACKEND_ENGINECFG_DESCRIPTOR));
    BRIM_TRY(brim_cuda_descriptor_set_part(api, *config, CUDNN_ATTR_ENGINECFG_ENGINE, engine));
    if (choice->knob_count > 0)
        BRIM_TRY(brim_cuda_descriptor_set(api, *config, CUDNN_ATTR_ENGINECFG_KNOB_CHOICES,
                                          CUDNN_TYPE_BACKEND_DESCRIPTOR, choice->knob_count, knobs));
    status = brim_cuda_descriptor_finish(api, *config, "setting an engine's knobs");
fail:
    for (int i = 0; i < choice->knob_count; i++)
        brim_cuda_descriptor_drop(api, &knobs[i]);
    return status;
}

/* ---- plans ---- */

/* Makes the plan of a config that is there. */
static BrimStatus make_plan(const BrimCudaDnn *dnn, BrimCudaConvPlan *plan)
{
    int64_t bytes = 0, count;
    BrimStatus status;
    BRIM_TRY(brim_cuda_descriptor_make(dnn->api, &plan->plan, CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR));
    BRIM_TRY(brim_cuda_descriptor_set(dnn->api, plan->plan, CUDNN_ATTR_EXECUTION_PLAN_HANDLE,
                                      CUDNN_TYPE_HANDLE, 1, &dnn->handle));
    BRIM_TRY(brim_cuda_descriptor_set_part(dnn->api, plan->plan, CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG,
                                           plan->config));
    BRIM_TRY(brim_cuda_descriptor_finish(dnn->api, plan->plan, "making a plan"));
    BRIM_TRY(brim_cuda_descriptor_get(dnn->api, plan->plan, CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE,
                                      CUDNN_TYPE_INT64, 1, &count, &bytes));
    plan->choice.workspace_bytes = bytes > 0 ? (size_t)bytes : 0;
fail:
    return status;
}

BrimStatus brim_cuda_conv_plan_again(const BrimCudaDnn *dnn, const BrimCudaConvGraph *graph,
                                     BrimKernelType type, size_t cap_bytes, const BrimCudaConvChoice *choice,
                                     BrimCudaConvPlan *plan)
{
    BrimCudaDescriptor engine = NULL;
    BrimStatus status;
    *plan = (BrimCudaConvPlan){.choice = *choice};
    BRIM_TRY(tell_engine(dnn->api, graph, choice->engine, &engine));
    BRIM_TRY(check_notes(dnn->api, engine, type));
    BRIM_TRY(tell_config(dnn->api, engine, choice, &plan->config));
    BRIM_TRY(make_plan(dnn, plan));
    if (plan->choice.workspace_bytes > cap_bytes)
        status = brim_fail(BRIM_ERROR_UNSUPPORTED, "the engine needs %zu bytes, more than %zu",
                           plan->choice.workspace_bytes, cap_bytes);
fail:
    brim_cuda_descriptor_drop(dnn->api, &engine);
    if (status != BRIM_OK)
        brim_cuda_conv_plan_drop(dnn->api, plan);
    return status;
}

/* ---- proposals ---- */

/* Those that finish and that brim takes go on as plans; which one fails says nothing of the others. */
static BrimStatus plan_proposal(const BrimCudaDnn *dnn, BrimKernelType type, BrimCudaConvPlan *plan)
{
    BrimStatus status;
    BRIM_TRY(read_engine(dnn->api, plan, type));
    BRIM_TRY(read_knobs(dnn->api, plan));
    BRIM_TRY(make_plan(dnn, plan));
fail:
    return status;
}

static BrimStatus ask(const BrimCudaDnnApi *api, const BrimCudaConvGraph *graph, cudnnBackendHeurMode_t mode,
                      BrimCudaDescriptor *configs, int64_t *count)
{
    BrimCudaDescriptor heuristics;
    BrimStatus status;
    *count = 0;
    BRIM_TRY(brim_cuda_descriptor_make(api, &heuristics, CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR));
    BRIM_TRY(
        brim_cuda_descriptor_set_part(api, heuristics, CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph->graph));
    BRIM_TRY(brim_cuda_descriptor_set(api, heuristics, CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, 1,
                                      &mode));
    BRIM_TRY(brim_cuda_descriptor_finish(api, heuristics, "asking for engines"));
    for (int i = 0; i < MOST_PROPOSALS; i++)
        BRIM_TRY(brim_cuda_descriptor_make(api, &configs[i], CUDNN_BACKEND_ENGINECFG_DESCRIPTOR));
    BRIM_TRY(brim_cuda_descriptor_get(api, heuristics, CUDNN_ATTR_ENGINEHEUR_RESULTS,
                                      CUDNN_TYPE_BACKEND_DESCRIPTOR, MOST_PROPOSALS, count, configs));
fail:
    brim_cuda_descriptor_drop(api, &heuristics);
    return status;
}

/* Adds what one mode proposes. cuDNN may answer NOT_SUPPORTED for a mode and know engines by another. */
static BrimStatus propose_by(const BrimCudaDnn *dnn, const BrimCudaConvGraph *graph, BrimKernelType type,
                             cudnnBackendHeurMode_t mode, size_t cap_bytes, int most, BrimCudaConvPlan *plans,
                             int *count, size_t *least_bytes)
{
    BrimCudaDescriptor configs[MOST_PROPOSALS] = {NULL};
    int64_t proposed;
    BrimStatus status = ask(dnn->api, graph, mode, configs, &proposed);
    for (int i = 0; status == BRIM_OK && i < proposed && i < MOST_PROPOSALS && *count < most; i++) {
        BrimCudaConvPlan plan = {.config = configs[i]};
        configs[i] = NULL; /* the plan's now */
        bool planned = plan_proposal(dnn, type, &plan) == BRIM_OK;
        if (planned && plan.choice.workspace_bytes < *least_bytes)
            *least_bytes = plan.choice.workspace_bytes;
        if (planned && plan.choice.workspace_bytes <= cap_bytes)
            plans[(*count)++] = plan;
        else
            brim_cuda_conv_plan_drop(dnn->api, &plan);
    }
    for (int i = 0; i < MOST_PROPOSALS; i++)
        brim_cuda_descriptor_drop(dnn->api, &configs[i]);
    return status == BRIM_ERROR_UNSUPPORTED ? BRIM_OK : status;
}

BrimStatus brim_cuda_conv_propose(const BrimCudaDnn *dnn, const BrimCudaConvGraph *graph, BrimKernelType type,
                                  size_t cap_bytes, int most, BrimCudaConvPlan *plans, int *count,
                                  size_t *least_bytes)
{
    const cudnnBackendHeurMode_t modes[] = {CUDNN_HEUR_MODE_A, CUDNN_HEUR_MODE_FALLBACK};
    BrimStatus status = BRIM_OK;
    *count = 0;
    *least_bytes = SIZE_MAX;
    for (int i = 0; status == BRIM_OK && i < 2; i++)
        status = propose_by(dnn, graph, type, modes[i], cap_bytes, most, plans, count, least_bytes);
    return status;
}

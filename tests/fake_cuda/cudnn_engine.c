/* The engines of the false libcudnn.so.9, what they say of themselves, and what descriptors answer. */
#include <stdlib.h>
#include <string.h>

#include "cudnn_parts.h"

enum {
    MOST_NOTES = 2,
    NO_KNOB = -1,
    NOTE_OF_LATER = 9 /* CUDNN_NUMERICAL_NOTE_STRICT_NAN_PROP, which the headers of cuDNN 9.0 do not have */
};

typedef struct Engine {
    int64_t index, knob_count; /* values of the knob TILE_SIZE, or 0 */
    int notes[MOST_NOTES], note_count;
} Engine;

static const Engine engines[] = {
    {FAKE_ENGINE_NONDETERMINISTIC, 0, {CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC}, 1},
    {FAKE_ENGINE_REDUCED,
     0,
     {CUDNN_NUMERICAL_NOTE_TENSOR_CORE, CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION},
     2},
    {FAKE_ENGINE_REFUSING, 0, {0}, 0},
    {FAKE_ENGINE_TENSOR, 2, {CUDNN_NUMERICAL_NOTE_TENSOR_CORE}, 1},
    {FAKE_ENGINE_PLAIN, 0, {0}, 0},
    {FAKE_ENGINE_COPYING, 0, {0}, 0},
    {FAKE_ENGINE_SLOWEST, 0, {NOTE_OF_LATER}, 1},
};

/* What the heuristics propose: engines and the value of their knob. */
static const int64_t mode_a[][2] = {{FAKE_ENGINE_NONDETERMINISTIC, NO_KNOB},
                                    {FAKE_ENGINE_REDUCED, NO_KNOB},
                                    {FAKE_ENGINE_REFUSING, NO_KNOB},
                                    {FAKE_ENGINE_TENSOR, 0},
                                    {FAKE_ENGINE_TENSOR, 1},
                                    {FAKE_ENGINE_PLAIN, NO_KNOB}};
static const int64_t fallback[][2] = {{FAKE_ENGINE_COPYING, NO_KNOB}, {FAKE_ENGINE_SLOWEST, NO_KNOB}};

static const Engine *find(int64_t index)
{
    for (size_t i = 0; i < sizeof engines / sizeof engines[0]; i++)
        if (engines[i].index == index)
            return &engines[i];
    return NULL;
}

const Descriptor *fake_operation(const Descriptor *graph)
{
    return fake_part(graph, CUDNN_ATTR_OPERATIONGRAPH_OPS);
}

static bool wanted(const Descriptor *graph)
{
    const char *which = fake_setting("engines", 0);
    FakeConvolution convolution;
    fake_read_convolution(fake_operation(graph), &convolution);
    return !which || strncmp(which, "costly", 6) == 0 || strncmp(which, "one", 3) == 0 ||
           (strncmp(which, "half", 4) == 0 && convolution.x.type != CUDNN_DATA_FLOAT);
}

bool fake_engine_known(const Descriptor *graph, int64_t engine)
{
    return find(engine) && wanted(graph);
}

bool fake_knob_known(int64_t engine, int64_t type, int64_t value)
{
    return type == CUDNN_KNOB_TYPE_TILE_SIZE && value >= 0 && value < find(engine)->knob_count;
}

bool fake_engine_refuses(int64_t engine)
{
    const char *which = fake_setting("engines", 0);
    return engine == FAKE_ENGINE_REFUSING ||
           (engine != FAKE_ENGINE_PLAIN && which && strncmp(which, "one", 3) == 0) ||
           (engine == FAKE_ENGINE_SLOWEST && which && strncmp(which, "costly", 6) == 0);
}

int64_t fake_first_knob(const Descriptor *config)
{
    const Attribute *knobs = fake_attribute(config, CUDNN_ATTR_ENGINECFG_KNOB_CHOICES);
    return knobs && knobs->count ? fake_integer(knobs->pointers[0], CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE) : 0;
}

int64_t fake_workspace_bytes(const Descriptor *config)
{
    const Descriptor *engine = fake_part(config, CUDNN_ATTR_ENGINECFG_ENGINE);
    FakeConvolution task;
    switch (fake_integer(engine, CUDNN_ATTR_ENGINE_GLOBAL_INDEX)) {
    case FAKE_ENGINE_TENSOR:
        return fake_first_knob(config) ? 64 << 10 : 1 << 20;
    case FAKE_ENGINE_PLAIN:
        return 256 << 10;
    case FAKE_ENGINE_COPYING:
        fake_read_convolution(fake_operation(fake_part(engine, CUDNN_ATTR_ENGINE_OPERATION_GRAPH)), &task);
        return (task.x.n * task.x.h * task.x.w * task.x.c + task.y.n * task.y.h * task.y.w * task.y.c) * 4;
    default:
        return 0;
    }
}

/* ---- filling ---- */

/* A descriptor that the caller made for an answer. */
static bool empty(const Descriptor *descriptor, cudnnBackendDescriptorType_t type)
{
    return descriptor && descriptor->type == type && !descriptor->finished && descriptor->count == 0;
}

static void fill_engine(Descriptor *engine, Descriptor *graph, int64_t index)
{
    fake_tell(engine, CUDNN_ATTR_ENGINE_OPERATION_GRAPH, 1)->pointers[0] = fake_hold(graph);
    fake_tell(engine, CUDNN_ATTR_ENGINE_GLOBAL_INDEX, 1)->integers[0] = index;
    engine->finished = true;
}

static void fill_knob(Descriptor *knob, int64_t value)
{
    fake_tell(knob, CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE, 1)->integers[0] = CUDNN_KNOB_TYPE_TILE_SIZE;
    fake_tell(knob, CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE, 1)->integers[0] = value;
    knob->finished = true;
}

static void fill_config(Descriptor *config, Descriptor *graph, const int64_t proposal[2])
{
    Descriptor *engine = fake_make(CUDNN_BACKEND_ENGINE_DESCRIPTOR);
    fill_engine(engine, graph, proposal[0]);
    fake_tell(config, CUDNN_ATTR_ENGINECFG_ENGINE, 1)->pointers[0] = engine;
    if (proposal[1] != NO_KNOB) {
        Descriptor *knob = fake_make(CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR);
        fill_knob(knob, proposal[1]);
        fake_tell(config, CUDNN_ATTR_ENGINECFG_KNOB_CHOICES, 1)->pointers[0] = knob;
    }
    config->finished = true;
}

/* ---- answers ---- */

static cudnnStatus_t answer_results(const Descriptor *heuristics, int64_t room, int64_t *count, void *values)
{
    const bool a = fake_integer(heuristics, CUDNN_ATTR_ENGINEHEUR_MODE) == CUDNN_HEUR_MODE_A;
    const int64_t(*proposals)[2] = a ? mode_a : fallback;
    Descriptor *graph = fake_part(heuristics, CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH), **configs = values;
    *count = a ? sizeof mode_a / sizeof mode_a[0] : sizeof fallback / sizeof fallback[0];
    if (!wanted(graph))
        *count = 0;
    for (int64_t i = 0; i < *count && i < room; i++) {
        if (!empty(configs[i], CUDNN_BACKEND_ENGINECFG_DESCRIPTOR))
            return fake_fail(CUDNN_STATUS_BAD_PARAM, "no new engine config to write into");
        fill_config(configs[i], graph, proposals[i]);
    }
    return CUDNN_STATUS_SUCCESS;
}

static cudnnStatus_t answer_engine(const Descriptor *config, int64_t room, int64_t *count, void *values)
{
    const Descriptor *own = fake_part(config, CUDNN_ATTR_ENGINECFG_ENGINE);
    Descriptor **engine = values;
    *count = 1;
    if (room > 0 && !empty(*engine, CUDNN_BACKEND_ENGINE_DESCRIPTOR))
        return fake_fail(CUDNN_STATUS_BAD_PARAM, "no new engine to write into");
    if (room > 0)
        fill_engine(*engine, fake_part(own, CUDNN_ATTR_ENGINE_OPERATION_GRAPH),
                    fake_integer(own, CUDNN_ATTR_ENGINE_GLOBAL_INDEX));
    return CUDNN_STATUS_SUCCESS;
}

static cudnnStatus_t answer_knobs(const Descriptor *config, int64_t room, int64_t *count, void *values)
{
    const Attribute *knobs = fake_attribute(config, CUDNN_ATTR_ENGINECFG_KNOB_CHOICES);
    Descriptor **into = values;
    *count = 0;
    for (int64_t i = 0; knobs && i < knobs->count && i < room; i++, ++*count) {
        if (!empty(into[i], CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR))
            return fake_fail(CUDNN_STATUS_BAD_PARAM, "no new knob to write into");
        fill_knob(into[i], fake_integer(knobs->pointers[i], CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE));
    }
    return CUDNN_STATUS_SUCCESS;
}

static cudnnStatus_t answer_notes(const Descriptor *engine, int64_t room, int64_t *count, void *values)
{
    const Engine *known = find(fake_integer(engine, CUDNN_ATTR_ENGINE_GLOBAL_INDEX));
    *count = known->note_count;
    if (room > 0)
        memcpy(values, known->notes,
               (size_t)(known->note_count < room ? known->note_count : room) * sizeof(int));
    return CUDNN_STATUS_SUCCESS;
}

static cudnnStatus_t answer_integer(int64_t value, bool wide, int64_t room, int64_t *count, void *values)
{
    const int narrow = (int)value;
    *count = 1;
    if (room > 0)
        memcpy(values, wide ? (const void *)&value : &narrow, wide ? sizeof value : sizeof narrow);
    return CUDNN_STATUS_SUCCESS;
}

static cudnnStatus_t answer(const Descriptor *descriptor, cudnnBackendAttributeName_t name, int64_t room,
                            int64_t *count, void *values, cudnnBackendAttributeType_t type)
{
    switch ((int)name << 8 | (int)type) {
    case CUDNN_ATTR_ENGINEHEUR_RESULTS << 8 | CUDNN_TYPE_BACKEND_DESCRIPTOR:
        return answer_results(descriptor, room, count, values);
    case CUDNN_ATTR_ENGINECFG_ENGINE << 8 | CUDNN_TYPE_BACKEND_DESCRIPTOR:
        return answer_engine(descriptor, room, count, values);
    case CUDNN_ATTR_ENGINECFG_KNOB_CHOICES << 8 | CUDNN_TYPE_BACKEND_DESCRIPTOR:
        return answer_knobs(descriptor, room, count, values);
    case CUDNN_ATTR_ENGINE_NUMERICAL_NOTE << 8 | CUDNN_TYPE_NUMERICAL_NOTE:
        return answer_notes(descriptor, room, count, values);
    case CUDNN_ATTR_ENGINE_GLOBAL_INDEX << 8 | CUDNN_TYPE_INT64:
    case CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE << 8 | CUDNN_TYPE_INT64:
        return answer_integer(fake_integer(descriptor, name), true, room, count, values);
    case CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE << 8 | CUDNN_TYPE_KNOB_TYPE:
        return answer_integer(fake_integer(descriptor, name), false, room, count, values);
    case CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE << 8 | CUDNN_TYPE_INT64:
        return answer_integer(
            fake_workspace_bytes(fake_part(descriptor, CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG)), true, room,
            count, values);
    default:
        return fake_fail(CUDNN_STATUS_NOT_SUPPORTED, "the false cuDNN does not answer this");
    }
}

/* Which descriptor has which answer. */
static cudnnBackendDescriptorType_t asked_of(cudnnBackendAttributeName_t name)
{
    switch (name / 100) {
    case CUDNN_ATTR_ENGINEHEUR_RESULTS / 100:
        return CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR;
    case CUDNN_ATTR_ENGINECFG_ENGINE / 100:
        return CUDNN_BACKEND_ENGINECFG_DESCRIPTOR;
    case CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE / 100:
        return CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR;
    case CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE / 100:
        return CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR;
    default:
        return CUDNN_BACKEND_ENGINE_DESCRIPTOR;
    }
}

cudnnStatus_t cudnnBackendGetAttribute(cudnnBackendDescriptor_t const given, cudnnBackendAttributeName_t name,
                                       cudnnBackendAttributeType_t type, int64_t room, int64_t *count,
                                       void *values)
{
    const Descriptor *descriptor = given;
    cudnnStatus_t status = fake_called("cudnnBackendGetAttribute");
    if (status != CUDNN_STATUS_SUCCESS)
        return status;
    if (!descriptor || (room > 0 && !values))
        return fake_fail(CUDNN_STATUS_BAD_PARAM_NULL_POINTER,
                         "descriptor == NULL || arrayOfElements == NULL");
    if (!descriptor->finished)
        return fake_fail(CUDNN_STATUS_NOT_INITIALIZED, "the descriptor is not final");
    if (descriptor->type != asked_of(name))
        return fake_fail(CUDNN_STATUS_BAD_PARAM, "no attribute of this descriptor");
    return answer(descriptor, name, room, count, values, type);
}

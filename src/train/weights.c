/* Parameters of an engine. A tensor of the state_dict is a member of an ALWAYS block; its name's prefix says which
 * state it belongs to. */
#include "train/weights.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/half.h"
#include "base/random.h"

typedef BrimStatus (*Visit)(BrimEngine *engine, BrimTensorId id, const char *name, float *plain, void *self);

/* Is this a parameter of the state, and what is it called without the state's prefix? */
static const char *name_in_state(const BrimTensor *tensor, const char *state)
{
    size_t length = strlen(state);
    if (tensor->life != BRIM_LIFE_ALWAYS || tensor->parent == BRIM_NONE || strncmp(tensor->name, state, length) != 0)
        return NULL;
    const char *name = tensor->name + length;
    return strncmp(name, "model.", 6) == 0 ? name : NULL;
}

/* Calls visit for each parameter of a state with a buffer that holds it. */
static BrimStatus for_each(BrimEngine *engine, const char *state, Visit visit, void *self)
{
    BrimStatus status = BRIM_OK;
    const BrimGraph *graph = brim_engine_graph(engine);
    size_t most = 1;
    for (BrimTensorId id = 0; id < graph->tensor_count; id++) {
        if (name_in_state(&graph->tensors[id], state) && brim_tensor_elements(&graph->tensors[id]) > most)
            most = brim_tensor_elements(&graph->tensors[id]);
    }
    float *plain = brim_mem_take(BRIM_MEM_TRAIN, most, sizeof *plain);
    if (!plain)
        return BRIM_ERROR_MEMORY;
    for (BrimTensorId id = 0; id < graph->tensor_count && status == BRIM_OK; id++) {
        const char *name = name_in_state(&graph->tensors[id], state);
        if (name)
            status = visit(engine, id, name, plain, self);
    }
    brim_mem_give(plain);
    return status;
}

static bool ends_with(const char *name, const char *end)
{
    size_t length = strlen(name), end_length = strlen(end);
    return length >= end_length && strcmp(name + length - end_length, end) == 0;
}

typedef struct Init {
    const BrimModel *model;
    BrimRandom random;
} Init;

/* The head's level, from "model.24.m.2.bias"; -1 for other layers. */
static int head_level(const BrimModel *model, const char *name)
{
    char prefix[32];
    int length = snprintf(prefix, sizeof prefix, "model.%d.m.", model->layer_count - 1);
    return strncmp(name, prefix, (size_t)length) == 0 ? name[length] - '0' : -1;
}

static void fill_uniform(BrimRandom *random, float *values, size_t count, double bound)
{
    for (size_t i = 0; i < count; i++)
        values[i] = (float)brim_random_uniform(random, -bound, bound);
}

/* Objectness starts as if 8 objects stood in a picture of 640 px, classes as if each were rare. */
static void add_head_bias(const BrimModel *model, int level, float *bias)
{
    double cells = 640.0 / model->stride_px[level];
    int outputs = 5 + model->class_count;
    for (int anchor = 0; anchor < model->anchor_count; anchor++) {
        float *row = bias + anchor * outputs;
        row[4] += (float)log(8 / (cells * cells));
        for (int class = 0; class < model->class_count; class++)
            row[5 + class] += (float)log(0.6 / (model->class_count - 0.99999));
    }
}

/* Writes a tensor and, where the graph has one of it, the copy in 16 bits that convolutions read: the optimizer, which
 * writes both, comes after the first of them have read it. plain is spent. */
static BrimStatus write_both(BrimEngine *engine, BrimTensorId id, float *plain)
{
    char twin[2 * BRIM_NAME_BYTES];
    const BrimTensor *tensor = &brim_engine_graph(engine)->tensors[id];
    snprintf(twin, sizeof twin, "half/%s", tensor->name);
    BrimTensorId half = brim_graph_find(brim_engine_graph(engine), twin);
    BrimStatus status = brim_engine_write(engine, id, plain);
    if (status != BRIM_OK || half == BRIM_NONE)
        return status;
    bool fp16 = brim_engine_graph(engine)->tensors[half].dtype == BRIM_F16;
    for (size_t i = 0; i < brim_tensor_elements(tensor); i++) {
        uint16_t narrow = fp16 ? brim_half_from_float(plain[i]) : brim_bfloat_from_float(plain[i]);
        memcpy((char *)plain + i * sizeof narrow, &narrow, sizeof narrow);
    }
    return brim_engine_write(engine, half, plain);
}

static BrimStatus init_one(BrimEngine *engine, BrimTensorId id, const char *name, float *plain, void *self)
{
    Init *init = self;
    const BrimTensor *tensor = &brim_engine_graph(engine)->tensors[id];
    size_t count = brim_tensor_elements(tensor);
    int level = head_level(init->model, name);
    /* A stream of its own for every tensor: adding a layer leaves the others' numbers as they are. */
    uint64_t stream = 0;
    for (const char *at = name; *at; at++)
        stream = stream * 131 + (unsigned char)*at;
    BrimRandom random = brim_random(init->random.key, stream);
    if (tensor->form == BRIM_FORM_FILTER) {
        /* Kaiming uniform with a = sqrt(5) comes to +- 1 / sqrt(fan in). */
        fill_uniform(&random, plain, count, 1 / sqrt((double)tensor->dims[1] * tensor->dims[2] * tensor->dims[3]));
    } else if (level >= 0) {
        const BrimLayer *detect = &init->model->layers[init->model->layer_count - 1];
        int fan_in = init->model->layers[detect->from[level]].out_channels;
        fill_uniform(&random, plain, count, 1 / sqrt(fan_in));
        add_head_bias(init->model, level, plain);
    } else {
        float value = ends_with(name, "bn.weight") ? 1.0f : ends_with(name, "running_var") ? 0.9f : 0.0f;
        for (size_t i = 0; i < count; i++)
            plain[i] = value;
    }
    return write_both(engine, id, plain);
}

BrimStatus brim_weights_init(BrimEngine *engine, const BrimModel *model, uint64_t seed)
{
    Init init = {.model = model, .random = brim_random(seed, 0x77656967687473 /* "weights" */)};
    return for_each(engine, "", init_one, &init);
}

typedef struct Load {
    const BrimTensorFile *file;
    const char *prefix;
    bool every; /* a missing tensor is an error */
    BrimTransfer *transfer;
} Load;

static bool same_dims(const BrimTensor *tensor, const BrimHostTensor *host)
{
    int dims = tensor->form == BRIM_FORM_FILTER ? 4 : 1;
    bool same = host->dim_count == dims;
    for (int i = 0; i < dims && same; i++)
        same = host->dims[i] == tensor->dims[i];
    return same;
}

static BrimStatus load_one(BrimEngine *engine, BrimTensorId id, const char *name, float *plain, void *self)
{
    Load *load = self;
    char full[2 * BRIM_NAME_BYTES];
    const BrimTensor *tensor = &brim_engine_graph(engine)->tensors[id];
    snprintf(full, sizeof full, "%s%s", load->prefix, name);
    const BrimHostTensor *host = brim_tensors_find(load->file, full);
    bool fits = host && same_dims(tensor, host);
    if (load->every && !fits)
        return brim_fail(BRIM_ERROR_INPUT, "the checkpoint %s %s", host ? "has another shape for" : "lacks", full);
    if (load->transfer) {
        /* YOLOv5 counts BN's num_batches_tracked as well, which brim does not use. */
        int weight = ends_with(name, "running_var") ? 2 : 1;
        load->transfer->total += weight;
        load->transfer->loaded += fits ? weight : 0;
    }
    if (!fits)
        return BRIM_OK;
    for (size_t i = 0; i < brim_tensor_elements(tensor); i++)
        plain[i] = brim_host_tensor_float(host, i);
    return write_both(engine, id, plain);
}

BrimStatus brim_weights_load(BrimEngine *engine, const BrimModel *model, const BrimTensorFile *file,
                             const char *prefix, BrimTransfer *transfer)
{
    char anchors[2 * BRIM_NAME_BYTES];
    *transfer = (BrimTransfer){0};
    Load load = {.file = file, .prefix = prefix, .transfer = transfer};
    BrimStatus status = for_each(engine, "", load_one, &load);
    snprintf(anchors, sizeof anchors, "%smodel.%d.anchors", prefix, model->layer_count - 1);
    transfer->total++;
    transfer->loaded += brim_tensors_find(file, anchors) != NULL;
    return status;
}

static BrimStatus round_one(BrimEngine *engine, BrimTensorId id, const char *name, float *plain, void *self)
{
    (void)name, (void)self;
    BrimStatus status = brim_engine_read(engine, id, plain);
    if (status != BRIM_OK)
        return status;
    for (size_t i = 0; i < brim_tensor_elements(&brim_engine_graph(engine)->tensors[id]); i++)
        plain[i] = brim_half_to_float(brim_half_from_float(plain[i]));
    return write_both(engine, id, plain);
}

BrimStatus brim_weights_round(BrimEngine *engine)
{
    return for_each(engine, "", round_one, NULL);
}

static BrimStatus copy_one(BrimEngine *engine, BrimTensorId id, const char *name, float *plain, void *self)
{
    char twin[2 * BRIM_NAME_BYTES];
    (void)self;
    snprintf(twin, sizeof twin, "ema/%s", name);
    BrimStatus status = brim_engine_read(engine, id, plain);
    return status == BRIM_OK ? brim_engine_write(engine, brim_graph_find(brim_engine_graph(engine), twin), plain)
                             : status;
}

static BrimStatus zero_one(BrimEngine *engine, BrimTensorId id, const char *name, float *plain, void *self)
{
    (void)name, (void)self;
    memset(plain, 0, brim_tensor_elements(&brim_engine_graph(engine)->tensors[id]) * sizeof *plain);
    return brim_engine_write(engine, id, plain);
}

BrimStatus brim_weights_start_ema(BrimEngine *engine)
{
    BrimStatus status = for_each(engine, "", copy_one, NULL);
    /* Momentum and gradients start at zero; what was poison must not be read. */
    if (status == BRIM_OK)
        status = for_each(engine, "momentum/", zero_one, NULL);
    return status == BRIM_OK ? for_each(engine, "gradient/", zero_one, NULL) : status;
}

typedef struct Declare {
    BrimTensorFile *file;
    const char *prefix;
} Declare;

static BrimStatus declare_one(BrimEngine *engine, BrimTensorId id, const char *name, float *plain, void *self)
{
    const Declare *declare = self;
    char full[2 * BRIM_NAME_BYTES];
    const BrimTensor *tensor = &brim_engine_graph(engine)->tensors[id];
    const int64_t dims[4] = {tensor->dims[0], tensor->dims[1], tensor->dims[2], tensor->dims[3]};
    (void)plain;
    snprintf(full, sizeof full, "%s%s", declare->prefix, name);
    return brim_tensors_declare(declare->file, full, BRIM_HOST_F32, tensor->form == BRIM_FORM_FILTER ? 4 : 1, dims);
}

BrimStatus brim_weights_declare(BrimEngine *engine, const char *state, const char *prefix, BrimTensorFile *file)
{
    Declare declare = {file, prefix};
    return for_each(engine, state, declare_one, &declare);
}

BrimStatus brim_weights_restore(BrimEngine *engine, const char *state, const char *prefix, const BrimTensorFile *file)
{
    Load load = {.file = file, .prefix = prefix, .every = true};
    return for_each(engine, state, load_one, &load);
}

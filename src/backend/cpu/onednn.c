/* oneDNN 2.x and 3.x behind one face. They differ in how memory and primitive descriptors are held: 2.x has
 * structs and an operation descriptor in between, 3.x has opaque pointers. */
#include "backend/cpu/onednn.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include <oneapi/dnnl/dnnl.h>

struct BrimOnednn {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
};

#if DNNL_VERSION_MAJOR >= 3
typedef dnnl_memory_desc_t Layout;
typedef const_dnnl_memory_desc_t LayoutView;
#else
typedef struct Layout {
    dnnl_memory_desc_t desc;
    bool made;
} Layout;
typedef const dnnl_memory_desc_t *LayoutView;
#endif

static BrimStatus check(dnnl_status_t got, const char *what)
{
    if (got == dnnl_success)
        return BRIM_OK;
    if (got == dnnl_out_of_memory)
        return brim_fail(BRIM_ERROR_MEMORY, "oneDNN ran out of memory: %s", what);
    return brim_fail(got == dnnl_unimplemented ? BRIM_ERROR_UNSUPPORTED : BRIM_ERROR_DEVICE,
                     "oneDNN: %s (status %d)", what, (int)got);
}

static BrimStatus layout_make(Layout *layout, int dim_count, const dnnl_dim_t *dims, dnnl_format_tag_t tag)
{
#if DNNL_VERSION_MAJOR >= 3
    return check(dnnl_memory_desc_create_with_tag(layout, dim_count, dims, dnnl_f32, tag),
                 "memory descriptor");
#else
    layout->made = true;
    return check(dnnl_memory_desc_init_by_tag(&layout->desc, dim_count, dims, dnnl_f32, tag),
                 "memory descriptor");
#endif
}

static LayoutView layout_view(const Layout *layout)
{
#if DNNL_VERSION_MAJOR >= 3
    return *layout;
#else
    return layout->made ? &layout->desc : NULL;
#endif
}

static void layout_free(Layout *layout)
{
#if DNNL_VERSION_MAJOR >= 3
    if (*layout)
        dnnl_memory_desc_destroy(*layout);
#endif
    memset(layout, 0, sizeof *layout);
}

/* A layout that the primitive chose; lives as long as its descriptor. */
static LayoutView chosen_layout(const_dnnl_primitive_desc_t primitive, dnnl_query_t which)
{
    return dnnl_primitive_desc_query_md(primitive, which, 0);
}

static size_t layout_bytes(LayoutView layout)
{
    size_t bytes = layout ? dnnl_memory_desc_get_size(layout) : 0;
    return (bytes + 63) / 64 * 64;
}

/* The four tensors of a convolution: as they lie in the arena, or with the filter left to the primitive. */
typedef struct Layouts {
    Layout x, w, any_w, bias, y;
} Layouts;

static void layouts_free(Layouts *layouts)
{
    layout_free(&layouts->x);
    layout_free(&layouts->w);
    layout_free(&layouts->any_w);
    layout_free(&layouts->bias);
    layout_free(&layouts->y);
}

static BrimStatus layouts_make(Layouts *layouts, const BrimConvTask *task)
{
    BrimStatus status;
    bool wide = task->block == 16;
    dnnl_format_tag_t feature = wide ? dnnl_nChw16c : dnnl_nChw8c;
    dnnl_format_tag_t filter = wide ? dnnl_OIhw16i16o : dnnl_OIhw8i8o;
    if (task->pictures)
        filter = wide ? dnnl_Ohwi16o : dnnl_Ohwi8o;
    const dnnl_dims_t x = {task->n, task->in_channels, task->in_height, task->in_width};
    const dnnl_dims_t w = {task->out_channels, task->in_channels, task->kernel, task->kernel};
    const dnnl_dims_t bias = {task->out_channels};
    const dnnl_dims_t y = {task->n, task->out_channels, task->out_height, task->out_width};
    memset(layouts, 0, sizeof *layouts);
    BRIM_TRY(layout_make(&layouts->x, 4, x, task->pictures ? dnnl_nchw : feature));
    BRIM_TRY(layout_make(&layouts->w, 4, w, filter));
    BRIM_TRY(layout_make(&layouts->any_w, 4, w, dnnl_format_tag_any));
    if (task->bias)
        BRIM_TRY(layout_make(&layouts->bias, 1, bias, dnnl_a));
    BRIM_TRY(layout_make(&layouts->y, 4, y, feature));
    return BRIM_OK;
fail:
    layouts_free(layouts);
    return status;
}

/* Scratch memory comes from the caller, so that the plan knows of it; SiLU is done on what is in registers.
 */
static BrimStatus make_attributes(dnnl_primitive_attr_t *attributes, bool silu)
{
    BrimStatus status;
    dnnl_post_ops_t after = NULL;
    BRIM_TRY(check(dnnl_primitive_attr_create(attributes), "attributes"));
    BRIM_TRY(
        check(dnnl_primitive_attr_set_scratchpad_mode(*attributes, dnnl_scratchpad_mode_user), "scratchpad"));
    if (silu) {
        BRIM_TRY(check(dnnl_post_ops_create(&after), "post-ops"));
#if DNNL_VERSION_MAJOR >= 3
        BRIM_TRY(check(dnnl_post_ops_append_eltwise(after, dnnl_eltwise_swish, 1.0f, 0.0f), "SiLU"));
#else
        BRIM_TRY(check(dnnl_post_ops_append_eltwise(after, 1.0f, dnnl_eltwise_swish, 1.0f, 0.0f), "SiLU"));
#endif
        BRIM_TRY(check(dnnl_primitive_attr_set_post_ops(*attributes, after), "SiLU"));
    }
fail:
    if (after)
        dnnl_post_ops_destroy(after);
    return status;
}

/* The backward ways take the filter as they like it. */
static dnnl_status_t create_primitive(dnnl_primitive_desc_t *made, BrimOnednn *onednn,
                                      const BrimConvTask *task, const Layouts *layouts,
                                      dnnl_primitive_attr_t attributes)
{
    const dnnl_dims_t strides = {task->stride, task->stride};
    const dnnl_dims_t padding = {task->padding, task->padding};
    LayoutView x = layout_view(&layouts->x), y = layout_view(&layouts->y), bias = layout_view(&layouts->bias);
    LayoutView w = layout_view(task->way == BRIM_CONV_FORWARD ? &layouts->w : &layouts->any_w);
    const dnnl_alg_kind_t direct = dnnl_convolution_direct;
#if DNNL_VERSION_MAJOR >= 3
    const dnnl_dims_t dense = {0, 0};
    if (task->way == BRIM_CONV_FORWARD)
        return dnnl_convolution_forward_primitive_desc_create(made, onednn->engine, dnnl_forward_training,
                                                              direct, x, w, bias, y, strides, dense, padding,
                                                              padding, attributes);
    if (task->way == BRIM_CONV_BACKWARD_DATA)
        return dnnl_convolution_backward_data_primitive_desc_create(
            made, onednn->engine, direct, x, w, y, strides, dense, padding, padding, NULL, attributes);
    return dnnl_convolution_backward_weights_primitive_desc_create(
        made, onednn->engine, direct, x, w, bias, y, strides, dense, padding, padding, NULL, attributes);
#else
    dnnl_status_t status;
    dnnl_convolution_desc_t operation;
    if (task->way == BRIM_CONV_FORWARD)
        status = dnnl_convolution_forward_desc_init(&operation, dnnl_forward_training, direct, x, w, bias, y,
                                                    strides, padding, padding);
    else if (task->way == BRIM_CONV_BACKWARD_DATA)
        status =
            dnnl_convolution_backward_data_desc_init(&operation, direct, x, w, y, strides, padding, padding);
    else
        status = dnnl_convolution_backward_weights_desc_init(&operation, direct, x, w, bias, y, strides,
                                                             padding, padding);
    return status == dnnl_success
               ? dnnl_primitive_desc_create(made, &operation, attributes, onednn->engine, NULL)
               : status;
#endif
}

static const char *implementation(const_dnnl_primitive_desc_t primitive)
{
    const char *name = NULL;
    dnnl_primitive_desc_query(primitive, dnnl_query_impl_info_str, 0, (void *)&name);
    return name ? name : "";
}

static BrimStatus describe_primitive(dnnl_primitive_desc_t *made, BrimOnednn *onednn,
                                     const BrimConvTask *task, const Layouts *layouts)
{
    static const char *const ways[] = {"forward", "backward data", "backward weights"};
    dnnl_primitive_attr_t attributes = NULL;
    BrimStatus status = make_attributes(&attributes, task->silu);
    *made = NULL;
    if (status == BRIM_OK) {
        dnnl_status_t got = create_primitive(made, onednn, task, layouts, attributes);
        bool slow = got == dnnl_success && strncmp(implementation(*made), "ref", 3) == 0;
        if (got != dnnl_success || slow)
            status = brim_fail(
                BRIM_ERROR_UNSUPPORTED,
                "oneDNN has no fast convolution (%s, %d to %d channels, kernel %d, stride %d, %d x %d) for "
                "this processor%s",
                ways[task->way], task->in_channels, task->out_channels, task->kernel, task->stride,
                task->in_width, task->in_height, slow ? ", only its reference one" : "");
    }
    if (attributes)
        dnnl_primitive_attr_destroy(attributes);
    if (status != BRIM_OK && *made) {
        dnnl_primitive_desc_destroy(*made);
        *made = NULL;
    }
    return status;
}

/* Where things stand in the workspace, in bytes; 0 bytes where there is none. */
typedef struct Room {
    bool other_filter;     /* the primitive's filter lies otherwise than the arena's */
    size_t filter_bytes;   /* the primitive's own filter, from byte 0 on */
    size_t sum, sum_bytes; /* BACKWARD_WEIGHTS: what is added when the layouts differ */
    size_t bias, bias_bytes;
    size_t scratch, scratch_bytes;
    size_t end;
} Room;

static Room lay_out(const_dnnl_primitive_desc_t primitive, const BrimConvTask *task, const Layouts *layouts)
{
    LayoutView w = layout_view(&layouts->w), inner = w;
    if (task->way == BRIM_CONV_BACKWARD_DATA)
        inner = chosen_layout(primitive, dnnl_query_weights_md);
    if (task->way == BRIM_CONV_BACKWARD_WEIGHTS)
        inner = chosen_layout(primitive, dnnl_query_diff_weights_md);
    Room room = {.other_filter = !dnnl_memory_desc_equal(inner, w)};
    if (room.other_filter || task->way == BRIM_CONV_BACKWARD_WEIGHTS)
        room.filter_bytes = layout_bytes(inner);
    room.sum = room.filter_bytes;
    if (room.other_filter && task->way == BRIM_CONV_BACKWARD_WEIGHTS)
        room.sum_bytes = layout_bytes(w);
    room.bias = room.sum + room.sum_bytes;
    if (task->way == BRIM_CONV_BACKWARD_WEIGHTS)
        room.bias_bytes = layout_bytes(layout_view(&layouts->bias));
    room.scratch = room.bias + room.bias_bytes;
    room.scratch_bytes = layout_bytes(chosen_layout(primitive, dnnl_query_scratchpad_md));
    room.end = room.scratch + room.scratch_bytes;
    return room;
}

BrimStatus brim_onednn_workspace(BrimOnednn *onednn, const BrimConvTask *task, size_t *bytes)
{
    BrimStatus status;
    Layouts layouts = {0};
    dnnl_primitive_desc_t primitive = NULL;
    BRIM_TRY(layouts_make(&layouts, task));
    BRIM_TRY(describe_primitive(&primitive, onednn, task, &layouts));
    *bytes = lay_out(primitive, task, &layouts).end;
fail:
    if (primitive)
        dnnl_primitive_desc_destroy(primitive);
    layouts_free(&layouts);
    return status;
}

BrimStatus brim_onednn_open(BrimOnednn **onednn)
{
    BrimStatus status;
    *onednn = brim_mem_take(BRIM_MEM_BACKEND, 1, sizeof **onednn);
    if (!*onednn)
        return BRIM_ERROR_MEMORY;
    BRIM_TRY(check(dnnl_engine_create(&(*onednn)->engine, dnnl_cpu, 0), "engine"));
    BRIM_TRY(
        check(dnnl_stream_create(&(*onednn)->stream, (*onednn)->engine, dnnl_stream_in_order), "stream"));
    return BRIM_OK;
fail:
    brim_onednn_close(onednn);
    return status;
}

/* oneDNN keeps the code that it generated, of every shape it ever saw, a few MiB for each training step.
 * Whoever closes wants its memory back. */
static void empty_cache(void)
{
    int capacity;
    if (dnnl_get_primitive_cache_capacity(&capacity) != dnnl_success)
        return;
    dnnl_set_primitive_cache_capacity(0);
    dnnl_set_primitive_cache_capacity(capacity);
}

void brim_onednn_close(BrimOnednn **onednn)
{
    BrimOnednn *gone = *onednn;
    if (!gone)
        return;
    if (gone->stream)
        dnnl_stream_destroy(gone->stream);
    if (gone->engine)
        dnnl_engine_destroy(gone->engine);
    empty_cache();
    brim_mem_give(gone);
    *onednn = NULL;
}

void brim_onednn_version(char *text, size_t room)
{
    const dnnl_version_t *version = dnnl_version();
    snprintf(text, room, "oneDNN %d.%d.%d", version->major, version->minor, version->patch);
}

BrimCpuIsa brim_onednn_isa(void)
{
    int isa = (int)dnnl_get_effective_cpu_isa();
    if ((isa & (int)dnnl_cpu_isa_avx512_core) == (int)dnnl_cpu_isa_avx512_core)
        return BRIM_CPU_AVX512;
    return (isa & (int)dnnl_cpu_isa_avx2) == (int)dnnl_cpu_isa_avx2 ? BRIM_CPU_AVX2 : BRIM_CPU_BASE;
}

enum { MAX_ARGUMENTS = 6, MAX_MEMORIES = 12 };

/* A primitive with all its arguments. */
typedef struct Call {
    dnnl_primitive_t primitive; /* NULL: there is nothing to do */
    dnnl_exec_arg_t arguments[MAX_ARGUMENTS];
    int argument_count;
} Call;

struct BrimOnednnConv {
    BrimOnednn *onednn;
    BrimConvTask task;
    BrimConvBuffers buffers;
    Layouts layouts;
    Room room;
    dnnl_primitive_desc_t primitive;
    dnnl_memory_t memories[MAX_MEMORIES];
    int memory_count;
    Call arrange;      /* the arena's filter to the primitive's */
    Call direct;       /* the convolution; BACKWARD_WEIGHTS: into the arena, where the layouts agree */
    Call aside;        /* BACKWARD_WEIGHTS: into the workspace */
    Call settle;       /* BACKWARD_WEIGHTS: from there to the arena, where the layouts differ */
    Call settle_aside; /* the same, to the workspace's second part, to be added */
};

static BrimStatus bind(BrimOnednnConv *conv, Call *call, int argument, LayoutView layout, void *data)
{
    dnnl_memory_t memory = NULL;
    BrimStatus status = check(dnnl_memory_create(&memory, layout, conv->onednn->engine, data), "memory");
    if (status != BRIM_OK)
        return status;
    conv->memories[conv->memory_count++] = memory;
    call->arguments[call->argument_count++] = (dnnl_exec_arg_t){argument, memory};
    return BRIM_OK;
}

/* From one filter layout to the other. */
static BrimStatus make_reorder(BrimOnednnConv *conv, Call *call, LayoutView from, void *from_data,
                               LayoutView to, void *to_data)
{
    BrimStatus status;
    dnnl_engine_t engine = conv->onednn->engine;
    dnnl_primitive_desc_t reorder = NULL;
    BRIM_TRY(check(dnnl_reorder_primitive_desc_create(&reorder, from, engine, to, engine, NULL),
                   "filter reorder"));
    BRIM_TRY(check(dnnl_primitive_create(&call->primitive, reorder), "filter reorder"));
    BRIM_TRY(bind(conv, call, DNNL_ARG_FROM, from, from_data));
    BRIM_TRY(bind(conv, call, DNNL_ARG_TO, to, to_data));
fail:
    if (reorder)
        dnnl_primitive_desc_destroy(reorder);
    return status;
}

typedef struct Roles {
    int x, w, bias, y;
} Roles;

static BrimStatus make_conv_call(BrimOnednnConv *conv, Call *call, LayoutView filter, void *w, void *bias)
{
    static const Roles roles_of[] = {
        [BRIM_CONV_FORWARD] = {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_BIAS, DNNL_ARG_DST},
        [BRIM_CONV_BACKWARD_DATA] = {DNNL_ARG_DIFF_SRC, DNNL_ARG_WEIGHTS, 0, DNNL_ARG_DIFF_DST},
        [BRIM_CONV_BACKWARD_WEIGHTS] = {DNNL_ARG_SRC, DNNL_ARG_DIFF_WEIGHTS, DNNL_ARG_DIFF_BIAS,
                                        DNNL_ARG_DIFF_DST},
    };
    BrimStatus status;
    const Roles roles = roles_of[conv->task.way];
    const BrimConvBuffers *buffers = &conv->buffers;
    BRIM_TRY(check(dnnl_primitive_create(&call->primitive, conv->primitive), "convolution"));
    BRIM_TRY(bind(conv, call, roles.x, layout_view(&conv->layouts.x), buffers->x));
    BRIM_TRY(bind(conv, call, roles.w, filter, w));
    if (conv->task.bias)
        BRIM_TRY(bind(conv, call, roles.bias, layout_view(&conv->layouts.bias), bias));
    BRIM_TRY(bind(conv, call, roles.y, layout_view(&conv->layouts.y), buffers->y));
    if (conv->room.scratch_bytes)
        BRIM_TRY(bind(conv, call, DNNL_ARG_SCRATCHPAD,
                      chosen_layout(conv->primitive, dnnl_query_scratchpad_md),
                      (char *)buffers->workspace + conv->room.scratch));
fail:
    return status;
}

static BrimStatus make_backward_weights(BrimOnednnConv *conv)
{
    BrimStatus status;
    const BrimConvBuffers *buffers = &conv->buffers;
    char *workspace = buffers->workspace;
    LayoutView outer = layout_view(&conv->layouts.w);
    LayoutView inner = chosen_layout(conv->primitive, dnnl_query_diff_weights_md);
    BRIM_TRY(make_conv_call(conv, &conv->aside, inner, workspace, workspace + conv->room.bias));
    if (!conv->room.other_filter)
        return make_conv_call(conv, &conv->direct, inner, buffers->w, buffers->bias);
    BRIM_TRY(make_reorder(conv, &conv->settle, inner, workspace, outer, buffers->w));
    BRIM_TRY(make_reorder(conv, &conv->settle_aside, inner, workspace, outer, workspace + conv->room.sum));
fail:
    return status;
}

static BrimStatus make_calls(BrimOnednnConv *conv)
{
    const BrimConvBuffers *buffers = &conv->buffers;
    LayoutView outer = layout_view(&conv->layouts.w);
    if (conv->task.way == BRIM_CONV_BACKWARD_WEIGHTS)
        return make_backward_weights(conv);
    if (!conv->room.other_filter)
        return make_conv_call(conv, &conv->direct, outer, buffers->w, buffers->bias);
    LayoutView inner = chosen_layout(conv->primitive, dnnl_query_weights_md);
    BrimStatus status = make_reorder(conv, &conv->arrange, outer, buffers->w, inner, buffers->workspace);
    return status == BRIM_OK ? make_conv_call(conv, &conv->direct, inner, buffers->workspace, buffers->bias)
                             : status;
}

BrimStatus brim_onednn_conv_open(BrimOnednnConv **conv, BrimOnednn *onednn, const BrimConvTask *task,
                                 const BrimConvBuffers *buffers)
{
    BrimStatus status;
    *conv = brim_mem_take(BRIM_MEM_BACKEND, 1, sizeof **conv);
    if (!*conv)
        return BRIM_ERROR_MEMORY;
    (*conv)->onednn = onednn;
    (*conv)->task = *task;
    (*conv)->buffers = *buffers;
    BRIM_TRY(layouts_make(&(*conv)->layouts, task));
    BRIM_TRY(describe_primitive(&(*conv)->primitive, onednn, task, &(*conv)->layouts));
    (*conv)->room = lay_out((*conv)->primitive, task, &(*conv)->layouts);
    BRIM_TRY(make_calls(*conv));
    return BRIM_OK;
fail:
    brim_onednn_conv_close(conv);
    return status;
}

void brim_onednn_conv_close(BrimOnednnConv **conv)
{
    BrimOnednnConv *gone = *conv;
    if (!gone)
        return;
    Call *const calls[] = {&gone->arrange, &gone->direct, &gone->aside, &gone->settle, &gone->settle_aside};
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        if (calls[i]->primitive)
            dnnl_primitive_destroy(calls[i]->primitive);
    }
    for (int i = 0; i < gone->memory_count; i++)
        dnnl_memory_destroy(gone->memories[i]);
    if (gone->primitive)
        dnnl_primitive_desc_destroy(gone->primitive);
    layouts_free(&gone->layouts);
    brim_mem_give(gone);
    *conv = NULL;
}

static BrimStatus run_call(BrimOnednnConv *conv, const Call *call)
{
    if (!call->primitive)
        return BRIM_OK;
    return check(
        dnnl_primitive_execute(call->primitive, conv->onednn->stream, call->argument_count, call->arguments),
        "run");
}

static void add_floats(float *to, const float *from, size_t bytes)
{
#pragma omp parallel for simd schedule(static)
    for (size_t i = 0; i < bytes / sizeof *to; i++)
        to[i] += from[i];
}

static BrimStatus run_backward_weights(BrimOnednnConv *conv, bool accumulate)
{
    BrimStatus status;
    const Room *room = &conv->room;
    char *workspace = conv->buffers.workspace;
    bool aside = accumulate || room->other_filter;
    BRIM_TRY(run_call(conv, aside ? &conv->aside : &conv->direct));
    if (!accumulate)
        BRIM_TRY(run_call(conv, &conv->settle));
    else
        BRIM_TRY(run_call(conv, &conv->settle_aside));
    size_t filter_bytes = dnnl_memory_desc_get_size(layout_view(&conv->layouts.w));
    size_t bias_bytes = (size_t)conv->task.out_channels * sizeof(float);
    if (accumulate)
        add_floats(conv->buffers.w, (float *)(workspace + room->sum * room->other_filter), filter_bytes);
    if (accumulate && conv->task.bias)
        add_floats(conv->buffers.bias, (float *)(workspace + room->bias), bias_bytes);
    else if (aside && conv->task.bias)
        memcpy(conv->buffers.bias, workspace + room->bias, bias_bytes);
fail:
    return status;
}

BrimStatus brim_onednn_conv_run(BrimOnednnConv *conv, bool accumulate)
{
    if (conv->task.way == BRIM_CONV_BACKWARD_WEIGHTS)
        return run_backward_weights(conv, accumulate);
    BrimStatus status = run_call(conv, &conv->arrange);
    return status == BRIM_OK ? run_call(conv, &conv->direct) : status;
}

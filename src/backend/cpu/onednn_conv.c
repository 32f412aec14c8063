/* Convolutions bound to their buffers: made once, run in every step. */
#include <string.h>

#include "backend/cpu/onednn_inside.h"
#include "base/memory.h"

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
    BrimOnednnLayouts layouts;
    BrimOnednnRoom room;
    dnnl_primitive_desc_t primitive;
    dnnl_memory_t memories[MAX_MEMORIES];
    int memory_count;
    Call arrange;      /* the arena's filter to the primitive's */
    Call direct;       /* the convolution; BACKWARD_WEIGHTS: into the arena, where the layouts agree */
    Call aside;        /* BACKWARD_WEIGHTS: into the workspace */
    Call settle;       /* BACKWARD_WEIGHTS: from there to the arena, where the layouts differ */
    Call settle_aside; /* the same, to the workspace's second part, to be added */
};

static BrimStatus bind(BrimOnednnConv *conv, Call *call, int argument, BrimOnednnLayoutView layout,
                       void *data)
{
    dnnl_memory_t memory = NULL;
    BrimStatus status =
        brim_onednn_check(dnnl_memory_create(&memory, layout, conv->onednn->engine, data), "memory");
    if (status != BRIM_OK)
        return status;
    conv->memories[conv->memory_count++] = memory;
    call->arguments[call->argument_count++] = (dnnl_exec_arg_t){argument, memory};
    return BRIM_OK;
}

/* From one filter layout to the other. */
static BrimStatus make_reorder(BrimOnednnConv *conv, Call *call, BrimOnednnLayoutView from, void *from_data,
                               BrimOnednnLayoutView to, void *to_data)
{
    BrimStatus status;
    dnnl_engine_t engine = conv->onednn->engine;
    dnnl_primitive_desc_t reorder = NULL;
    BRIM_TRY(brim_onednn_check(dnnl_reorder_primitive_desc_create(&reorder, from, engine, to, engine, NULL),
                               "filter reorder"));
    BRIM_TRY(brim_onednn_check(dnnl_primitive_create(&call->primitive, reorder), "filter reorder"));
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

static BrimStatus make_conv_call(BrimOnednnConv *conv, Call *call, BrimOnednnLayoutView filter, void *w,
                                 void *bias)
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
    BRIM_TRY(brim_onednn_check(dnnl_primitive_create(&call->primitive, conv->primitive), "convolution"));
    BRIM_TRY(bind(conv, call, roles.x, brim_onednn_layout_view(&conv->layouts.x), buffers->x));
    BRIM_TRY(bind(conv, call, roles.w, filter, w));
    if (conv->task.bias)
        BRIM_TRY(bind(conv, call, roles.bias, brim_onednn_layout_view(&conv->layouts.bias), bias));
    BRIM_TRY(bind(conv, call, roles.y, brim_onednn_layout_view(&conv->layouts.y), buffers->y));
    if (conv->room.scratch_bytes)
        BRIM_TRY(bind(conv, call, DNNL_ARG_SCRATCHPAD,
                      brim_onednn_layout_chosen(conv->primitive, dnnl_query_scratchpad_md),
                      (char *)buffers->workspace + conv->room.scratch));
fail:
    return status;
}

static BrimStatus make_backward_weights(BrimOnednnConv *conv)
{
    BrimStatus status;
    const BrimConvBuffers *buffers = &conv->buffers;
    char *workspace = buffers->workspace;
    BrimOnednnLayoutView outer = brim_onednn_layout_view(&conv->layouts.w);
    BrimOnednnLayoutView inner = brim_onednn_layout_chosen(conv->primitive, dnnl_query_diff_weights_md);
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
    BrimOnednnLayoutView outer = brim_onednn_layout_view(&conv->layouts.w);
    if (conv->task.way == BRIM_CONV_BACKWARD_WEIGHTS)
        return make_backward_weights(conv);
    if (!conv->room.other_filter)
        return make_conv_call(conv, &conv->direct, outer, buffers->w, buffers->bias);
    BrimOnednnLayoutView inner = brim_onednn_layout_chosen(conv->primitive, dnnl_query_weights_md);
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
    BRIM_TRY(brim_onednn_layouts_make(&(*conv)->layouts, task));
    BRIM_TRY(brim_onednn_describe(&(*conv)->primitive, onednn, task, &(*conv)->layouts));
    (*conv)->room = brim_onednn_room((*conv)->primitive, task, &(*conv)->layouts);
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
    brim_onednn_layouts_free(&gone->layouts);
    brim_mem_give(gone);
    *conv = NULL;
}

static BrimStatus run_call(BrimOnednnConv *conv, const Call *call)
{
    if (!call->primitive)
        return BRIM_OK;
    return brim_onednn_check(
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
    const BrimOnednnRoom *room = &conv->room;
    char *workspace = conv->buffers.workspace;
    bool aside = accumulate || room->other_filter;
    BRIM_TRY(run_call(conv, aside ? &conv->aside : &conv->direct));
    if (!accumulate)
        BRIM_TRY(run_call(conv, &conv->settle));
    else
        BRIM_TRY(run_call(conv, &conv->settle_aside));
    size_t filter_bytes = dnnl_memory_desc_get_size(brim_onednn_layout_view(&conv->layouts.w));
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

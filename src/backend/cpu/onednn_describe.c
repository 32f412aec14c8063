/* Which of oneDNN's convolutions is taken for a task, and what room it wants. 2.x has an operation descriptor
 * on the way to the primitive's, 3.x has not. */
#include <string.h>

#include "backend/cpu/onednn_inside.h"

/* Scratch memory comes from the caller, so that the plan knows of it; SiLU is done on what is in
 * registers. */
static BrimStatus make_attributes(dnnl_primitive_attr_t *attributes, bool silu)
{
    BrimStatus status;
    dnnl_post_ops_t after = NULL;
    BRIM_TRY(brim_onednn_check(dnnl_primitive_attr_create(attributes), "attributes"));
    BRIM_TRY(brim_onednn_check(
        dnnl_primitive_attr_set_scratchpad_mode(*attributes, dnnl_scratchpad_mode_user), "scratchpad"));
    if (silu) {
        BRIM_TRY(brim_onednn_check(dnnl_post_ops_create(&after), "post-ops"));
#if DNNL_VERSION_MAJOR >= 3
        BRIM_TRY(
            brim_onednn_check(dnnl_post_ops_append_eltwise(after, dnnl_eltwise_swish, 1.0f, 0.0f), "SiLU"));
#else
        BRIM_TRY(brim_onednn_check(dnnl_post_ops_append_eltwise(after, 1.0f, dnnl_eltwise_swish, 1.0f, 0.0f),
                                   "SiLU"));
#endif
        BRIM_TRY(brim_onednn_check(dnnl_primitive_attr_set_post_ops(*attributes, after), "SiLU"));
    }
fail:
    if (after)
        dnnl_post_ops_destroy(after);
    return status;
}

/* The backward ways take the filter as they like it. */
static dnnl_status_t create_primitive(dnnl_primitive_desc_t *made, BrimOnednn *onednn,
                                      const BrimConvTask *task, const BrimOnednnLayouts *layouts,
                                      dnnl_primitive_attr_t attributes)
{
    const dnnl_dims_t strides = {task->stride, task->stride};
    const dnnl_dims_t padding = {task->padding, task->padding};
    BrimOnednnLayoutView x = brim_onednn_layout_view(&layouts->x), y = brim_onednn_layout_view(&layouts->y),
                         bias = brim_onednn_layout_view(&layouts->bias);
    BrimOnednnLayoutView w =
        brim_onednn_layout_view(task->way == BRIM_CONV_FORWARD ? &layouts->w : &layouts->any_w);
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

BrimStatus brim_onednn_describe(dnnl_primitive_desc_t *made, BrimOnednn *onednn, const BrimConvTask *task,
                                const BrimOnednnLayouts *layouts)
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

BrimOnednnRoom brim_onednn_room(const_dnnl_primitive_desc_t primitive, const BrimConvTask *task,
                                const BrimOnednnLayouts *layouts)
{
    BrimOnednnLayoutView w = brim_onednn_layout_view(&layouts->w), inner = w;
    if (task->way == BRIM_CONV_BACKWARD_DATA)
        inner = brim_onednn_layout_chosen(primitive, dnnl_query_weights_md);
    if (task->way == BRIM_CONV_BACKWARD_WEIGHTS)
        inner = brim_onednn_layout_chosen(primitive, dnnl_query_diff_weights_md);
    BrimOnednnRoom room = {.other_filter = !dnnl_memory_desc_equal(inner, w)};
    if (room.other_filter || task->way == BRIM_CONV_BACKWARD_WEIGHTS)
        room.filter_bytes = brim_onednn_layout_bytes(inner);
    room.sum = room.filter_bytes;
    if (room.other_filter && task->way == BRIM_CONV_BACKWARD_WEIGHTS)
        room.sum_bytes = brim_onednn_layout_bytes(w);
    room.bias = room.sum + room.sum_bytes;
    if (task->way == BRIM_CONV_BACKWARD_WEIGHTS)
        room.bias_bytes = brim_onednn_layout_bytes(brim_onednn_layout_view(&layouts->bias));
    room.scratch = room.bias + room.bias_bytes;
    room.scratch_bytes =
        brim_onednn_layout_bytes(brim_onednn_layout_chosen(primitive, dnnl_query_scratchpad_md));
    room.end = room.scratch + room.scratch_bytes;
    return room;
}

BrimStatus brim_onednn_workspace(BrimOnednn *onednn, const BrimConvTask *task, size_t *bytes)
{
    BrimStatus status;
    BrimOnednnLayouts layouts = {0};
    dnnl_primitive_desc_t primitive = NULL;
    BRIM_TRY(brim_onednn_layouts_make(&layouts, task));
    BRIM_TRY(brim_onednn_describe(&primitive, onednn, task, &layouts));
    *bytes = brim_onednn_room(primitive, task, &layouts).end;
fail:
    if (primitive)
        dnnl_primitive_desc_destroy(primitive);
    brim_onednn_layouts_free(&layouts);
    return status;
}

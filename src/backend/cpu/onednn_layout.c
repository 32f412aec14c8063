/* How the tensors of a convolution lie, as oneDNN's memory descriptors: 2.x has structs, 3.x opaque
 * pointers. */
#include <string.h>

#include "backend/cpu/onednn_inside.h"

static BrimStatus layout_make(BrimOnednnLayout *layout, int dim_count, const dnnl_dim_t *dims,
                              dnnl_format_tag_t tag)
{
#if DNNL_VERSION_MAJOR >= 3
    return brim_onednn_check(dnnl_memory_desc_create_with_tag(layout, dim_count, dims, dnnl_f32, tag),
                             "memory descriptor");
#else
    layout->made = true;
    return brim_onednn_check(dnnl_memory_desc_init_by_tag(&layout->desc, dim_count, dims, dnnl_f32, tag),
                             "memory descriptor");
#endif
}

BrimOnednnLayoutView brim_onednn_layout_view(const BrimOnednnLayout *layout)
{
#if DNNL_VERSION_MAJOR >= 3
    return *layout;
#else
    return layout->made ? &layout->desc : NULL;
#endif
}

static void layout_free(BrimOnednnLayout *layout)
{
#if DNNL_VERSION_MAJOR >= 3
    if (*layout)
        dnnl_memory_desc_destroy(*layout);
#endif
    memset(layout, 0, sizeof *layout);
}

BrimOnednnLayoutView brim_onednn_layout_chosen(const_dnnl_primitive_desc_t primitive, dnnl_query_t which)
{
    return dnnl_primitive_desc_query_md(primitive, which, 0);
}

size_t brim_onednn_layout_bytes(BrimOnednnLayoutView layout)
{
    size_t bytes = layout ? dnnl_memory_desc_get_size(layout) : 0;
    return (bytes + 63) / 64 * 64;
}

void brim_onednn_layouts_free(BrimOnednnLayouts *layouts)
{
    layout_free(&layouts->x);
    layout_free(&layouts->w);
    layout_free(&layouts->any_w);
    layout_free(&layouts->bias);
    layout_free(&layouts->y);
}

BrimStatus brim_onednn_layouts_make(BrimOnednnLayouts *layouts, const BrimConvTask *task)
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
    brim_onednn_layouts_free(layouts);
    return status;
}

/* What the parts of oneDNN's face share: layouts, which 2.x and 3.x hold differently, and a convolution that
 * is described but has no buffers yet. Private to onednn*.c. */
#ifndef BRIM_BACKEND_CPU_ONEDNN_INSIDE_H
#define BRIM_BACKEND_CPU_ONEDNN_INSIDE_H

#include "backend/cpu/onednn.h"
#include <oneapi/dnnl/dnnl.h>

struct BrimOnednn {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
};

/* A status of oneDNN's as one of brim's, with a last error that says what was being done. */
BrimStatus brim_onednn_check(dnnl_status_t got, const char *what);

/* ---- layouts ---- */

#if DNNL_VERSION_MAJOR >= 3
typedef dnnl_memory_desc_t BrimOnednnLayout;
typedef const_dnnl_memory_desc_t BrimOnednnLayoutView;
#else
typedef struct BrimOnednnLayout {
    dnnl_memory_desc_t desc;
    bool made;
} BrimOnednnLayout;
typedef const dnnl_memory_desc_t *BrimOnednnLayoutView;
#endif

/* The four tensors of a convolution: as they lie in the arena, or with the filter left to the primitive. */
typedef struct BrimOnednnLayouts {
    BrimOnednnLayout x, w, any_w, bias, y;
} BrimOnednnLayouts;

BrimStatus brim_onednn_layouts_make(BrimOnednnLayouts *layouts, const BrimConvTask *task);
void brim_onednn_layouts_free(BrimOnednnLayouts *layouts);

BrimOnednnLayoutView brim_onednn_layout_view(const BrimOnednnLayout *layout);

/* A layout that the primitive chose; lives as long as its descriptor. */
BrimOnednnLayoutView brim_onednn_layout_chosen(const_dnnl_primitive_desc_t primitive, dnnl_query_t which);

/* Bytes in a workspace, in whole cache lines. */
size_t brim_onednn_layout_bytes(BrimOnednnLayoutView layout);

/* ---- primitives ---- */

/* Where things stand in the workspace, in bytes; 0 bytes where there is none. */
typedef struct BrimOnednnRoom {
    bool other_filter;     /* the primitive's filter lies otherwise than the arena's */
    size_t filter_bytes;   /* the primitive's own filter, from byte 0 on */
    size_t sum, sum_bytes; /* BACKWARD_WEIGHTS: what is added when the layouts differ */
    size_t bias, bias_bytes;
    size_t scratch, scratch_bytes;
    size_t end;
} BrimOnednnRoom;

/* ERROR_UNSUPPORTED where oneDNN has only its reference implementation. */
BrimStatus brim_onednn_describe(dnnl_primitive_desc_t *made, BrimOnednn *onednn, const BrimConvTask *task,
                                const BrimOnednnLayouts *layouts);

BrimOnednnRoom brim_onednn_room(const_dnnl_primitive_desc_t primitive, const BrimConvTask *task,
                                const BrimOnednnLayouts *layouts);

#endif

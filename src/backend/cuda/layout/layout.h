/* How everything lies on a card, and what brim's own kernels need beside their operands: arithmetic over a
 * graph, which needs neither a card nor its toolkit. The cuda backend goes by it, and so does a plan for a
 * card that is elsewhere, which has the sizes of a run there for that reason. */
#ifndef BRIM_BACKEND_CUDA_LAYOUT_LAYOUT_H
#define BRIM_BACKEND_CUDA_LAYOUT_LAYOUT_H

#include "backend/cuda/kernels/args.h"
#include "graph/graph.h"
#include "plan/device.h"

enum {
    BRIM_CUDA_PAD = 8, /* channels that lie side by side at least: tensor cores read 16 bytes at a time */
    BRIM_CUDA_DEPTH_ELEMENTS = 4 /* of a pixel, or of a filter's tap, in cells of 2 x 2 */
};

/* Such cells, and the only convolution that reads them. */
enum {
    BRIM_CUDA_CELL_PX = 2,
    BRIM_CUDA_DEPTH_KERNEL = 6,
    BRIM_CUDA_DEPTH_STRIDE = 2,
    BRIM_CUDA_DEPTH_PADDING = 2
};

/* ---- tensors (layout.c) ---- */

/* The tensor whose storage this is a part of: itself where it is none. Members of blocks have storage of
 * their own. */
BrimTensorId brim_cuda_whole(const BrimGraph *graph, BrimTensorId id);

/* Channels with pads; and elements from a pixel of a feature, or a tap of a filter, to the next. */
int brim_cuda_padded(int channels);
int brim_cuda_pixel_elements(const BrimGraph *graph, BrimTensorId id);

/* Whether picture or filter lies in cells of 2 x 2 in this graph; and where its pixel or tap i lies, counted
 * in pixels, in rows of w (depth.c says how, and why). */
bool brim_cuda_space_to_depth(const BrimGraph *graph, BrimTensorId id);
int brim_cuda_depth_place(int w, int i);

/* What a feature's or a filter's elements are to kernels. */
BrimKernelType brim_cuda_type(BrimDtype dtype);

size_t brim_cuda_tensor_bytes(void *self, const BrimGraph *graph, BrimTensorId id);

/* ---- workspaces (rooms.c) ---- */

/* What brim's kernels need for the op; what cuDNN needs for a convolution comes on top. ERROR_UNSUPPORTED
 * where a card cannot do it. */
BrimStatus brim_cuda_rooms(const BrimGraph *graph, BrimOpId id, BrimWorkspace *workspace);

/* In a convolution's workspace, in this order, before cuDNN's own: the filter's gradient before it is added
 * up, and sums of the bias's gradient, of so many blocks. */
enum { BRIM_CUDA_BIAS_BLOCKS = 64 };
size_t brim_cuda_filter_room(const BrimGraph *graph, const BrimOp *op);
size_t brim_cuda_bias_room(const BrimGraph *graph, const BrimOp *op);

/* Blocks that share out y's pixels for BatchNorm's sums, at most; bytes of what they leave, behind which
 * comes what several cards exchange: so many doubles of each. */
int brim_cuda_bn_parts(const BrimGraph *graph, const BrimOp *op);
size_t brim_cuda_bn_partial_bytes(const BrimGraph *graph, const BrimOp *op);
bool brim_cuda_bn_shares(const BrimOp *op);
size_t brim_cuda_bn_exchange_doubles(const BrimGraph *graph, const BrimOp *op);

/* What of a loss's arguments its workspace depends on: counts and shapes. */
BrimLossArgs brim_cuda_loss_shapes(const BrimGraph *graph, const BrimOp *op);

/* Parts in which a block of gradients is summed: by its size alone, so that the norm is the same on every
 * card. */
int brim_cuda_norm_parts(const BrimGraph *graph, BrimTensorId id);

/* ---- all of it, for a plan ---- */

/* Sizes of a run on a card but for cuDNN's workspaces, which only the card's own cuDNN can tell; and the
 * kernels that its ops are. */
BrimPlanBackend brim_cuda_layout(void);

#endif

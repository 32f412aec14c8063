/* Starts the kernels of LOSS and DECODE: what of the graph's head they are given, and what room they need. */
#include <assert.h>

#include "backend/cuda/cuda.h"
#include "backend/cuda/kernels/loss.h"
#include "backend/cuda/lanes.h"

enum { HEAD_THREADS = BRIM_LANE_THREADS };

static_assert((int)BRIM_KERNEL_LEVELS >= (int)BRIM_MAX_LEVELS &&
                  (int)BRIM_KERNEL_ANCHORS >= (int)BRIM_MAX_ANCHORS,
              "kernels have room for every head");

static BrimKernelHead head_of(const BrimHeadConf *conf)
{
    const BrimHyper *hyper = &conf->hyper;
    BrimKernelHead head = {
        .class_count = conf->class_count,
        .level_count = conf->level_count,
        .anchor_count = conf->anchor_count,
        .box_gain = (float)hyper->box,
        .obj_gain = (float)hyper->obj,
        .cls_gain = (float)hyper->cls,
        .anchor_t = (float)hyper->anchor_t,
        .cls_pw = (float)hyper->cls_pw,
        .obj_pw = (float)hyper->obj_pw,
        .fl_gamma = (float)hyper->fl_gamma,
        .label_smoothing = (float)hyper->label_smoothing,
    };
    for (int level = 0; level < conf->level_count; level++) {
        head.stride_px[level] = conf->stride_px[level];
        head.balance[level] = (float)brim_loss_balance(conf->level_count, level);
        for (int anchor = 0; anchor < conf->anchor_count; anchor++) {
            head.anchors_px[level][anchor][0] = conf->anchors_px[level][anchor][0];
            head.anchors_px[level][anchor][1] = conf->anchors_px[level][anchor][1];
        }
    }
    return head;
}

static BrimStatus run_loss(const BrimCudaCall *call)
{
    BrimStatus status;
    const BrimCudaDevice *device = &call->backend->device;
    BrimLossArgs args = brim_cuda_loss_shapes(call->graph, call->op);
    args.head = head_of(&call->graph->head);
    BrimLossRoom room = brim_loss_room(&args);
    int64_t slots = (int64_t)args.head.level_count * brim_loss_slots(&args);
    int64_t cells = brim_loss_cells_before(&args, args.head.level_count);
    brim_cuda_in_run(call, BRIM_IN_HEADS, args.heads, BRIM_KERNEL_LEVELS);
    brim_cuda_out_run(call, BRIM_OUT_DHEADS, args.dheads, BRIM_KERNEL_LEVELS);
    BRIM_TRY(brim_cuda_lanes_check(call, args.dheads[0].type, args.dheads, BRIM_KERNEL_LEVELS));
    args.targets = brim_cuda_in(call, 0);
    args.target_count = brim_cuda_in(call, 1);
    args.workspace = brim_cuda_workspace(call);
    args.items = brim_cuda_out(call, 0);
    args.scalars = brim_cuda_scalars(call);
    BRIM_CUDA_TRY(device->driver, cuMemsetD8Async, "clearing the chains of matches",
                  (CUdeviceptr)args.workspace + room.counts, 0, room.nexts - room.counts, device->stream);
    BRIM_TRY(brim_cuda_launch(device, BRIM_KERNEL_loss_match, brim_cuda_blocks(device, slots, HEAD_THREADS),
                              HEAD_THREADS, &args));
    BRIM_TRY(brim_cuda_launch(device, BRIM_KERNEL_loss_order, brim_cuda_blocks(device, cells, HEAD_THREADS),
                              HEAD_THREADS, &args));
    BRIM_TRY(brim_cuda_launch(device, BRIM_KERNEL_loss_cells, BRIM_LOSS_PARTS, HEAD_THREADS, &args));
    BRIM_TRY(brim_cuda_launch(device, BRIM_KERNEL_loss_finish, 1, HEAD_THREADS, &args));
fail:
    return status;
}

static BrimStatus run_decode(const BrimCudaCall *call)
{
    const BrimCudaDevice *device = &call->backend->device;
    BrimDecodeArgs args = {.head = head_of(&call->graph->head), .predictions = brim_cuda_out(call, 0)};
    int64_t pixels = 0;
    brim_cuda_in_run(call, 0, args.heads, BRIM_KERNEL_LEVELS);
    for (int level = 0; level < args.head.level_count; level++)
        pixels += brim_cuda_lanes_pixels(&args.heads[level]);
    int64_t predictions = pixels * args.head.anchor_count * (5 + args.head.class_count);
    return brim_cuda_launch(device, BRIM_KERNEL_decode_heads,
                            brim_cuda_blocks(device, predictions, HEAD_THREADS), HEAD_THREADS, &args);
}

BrimStatus brim_cuda_run_head(const BrimCudaCall *call)
{
    return call->op->kind == BRIM_OP_LOSS ? run_loss(call) : run_decode(call);
}

/* Checks and grids of kernels that walk over features. */
#include "backend/cuda/lanes.h"

enum { CHANNELS = 8, ALIGNMENT_BYTES = 16 };

/* Of a thread, at least: as many as it has under way at once (BRIM_AT_ONCE). */
enum { FEW_PIXELS = 2 };

static const int64_t PIXELS_MAX = (int64_t)1 << 30;

BrimStatus brim_cuda_lanes_check(const BrimCudaCall *call, int type, const BrimKernelFeature *features,
                                 int count)
{
    const char *op = brim_op_text(call->op->kind);
    for (int i = 0; i < count; i++) {
        const BrimKernelFeature *feature = &features[i];
        if (!feature->data)
            continue;
        if (feature->type != type)
            return brim_fail(BRIM_ERROR_UNSUPPORTED,
                             "op %d, %s: the cuda backend takes features of one type, all fp32, all fp16 or "
                             "all bfloat16",
                             (int)call->id, op);
        if (feature->padded % CHANNELS || feature->pitch % CHANNELS ||
            (uintptr_t)feature->data % ALIGNMENT_BYTES)
            return brim_fail(BRIM_ERROR_UNSUPPORTED,
                             "op %d, %s: %d channels in a pitch of %d are not in eights, as the cuda backend "
                             "takes them: choose "
                             "widths that are multiples of 8",
                             (int)call->id, op, feature->c, feature->pitch);
        if (brim_cuda_lanes_pixels(feature) > PIXELS_MAX)
            return brim_fail(
                BRIM_ERROR_UNSUPPORTED,
                "op %d, %s: %d pictures of %d x %d are more than 2^30 pixels: choose a smaller batch",
                (int)call->id, op, feature->n, feature->w, feature->h);
    }
    return BRIM_OK;
}

int brim_cuda_lanes_threads(int padded)
{
    int groups = padded / CHANNELS, best = BRIM_LANE_THREADS;
    double best_used = 0;
    for (int threads = BRIM_LANE_THREADS; threads >= BRIM_LANE_THREADS / 2; threads -= 32) {
        int turns = (groups + threads - 1) /
                    threads; /* a pixel's eights, where a block has not threads enough for them */
        double used =
            turns > 1 ? (double)groups / (turns * threads) : (double)(threads / groups * groups) / threads;
        if (used > best_used) {
            best = threads;
            best_used = used;
        }
    }
    return best;
}

int64_t brim_cuda_lanes_blocks(const BrimCudaCall *call, const BrimKernelFeature *walked, int resident)
{
    int64_t threads = brim_cuda_lanes_threads(walked->padded), each = call->backend->device.multiprocessors;
    int64_t items = brim_cuda_lanes_pixels(walked) * (walked->padded / CHANNELS);
    int64_t most = (items + threads - 1) / threads;
    int64_t blocks = (items + FEW_PIXELS * threads - 1) / (FEW_PIXELS * threads);
    if (blocks < each)
        blocks = each < most ? each : most;
    if (blocks > resident * each)
        blocks = resident * each;
    return blocks < 1 ? 1 : blocks;
}

BrimStatus brim_cuda_lanes_launch_blocks(const BrimCudaCall *call, BrimKernel kernel,
                                         const BrimKernelFeature *walked, int64_t blocks, const void *args)
{
    return brim_cuda_launch(&call->backend->device, kernel, blocks, brim_cuda_lanes_threads(walked->padded),
                            args);
}

BrimStatus brim_cuda_lanes_launch(const BrimCudaCall *call, BrimKernel kernel,
                                  const BrimKernelFeature *walked, const void *args)
{
    int64_t count = brim_cuda_lanes_pixels(walked) * (walked->padded / CHANNELS);
    int64_t blocks = brim_cuda_blocks(&call->backend->device, count, brim_cuda_lanes_threads(walked->padded));
    return brim_cuda_lanes_launch_blocks(call, kernel, walked, blocks, args);
}

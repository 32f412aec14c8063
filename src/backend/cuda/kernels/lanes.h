/* How a block walks over a feature: a thread keeps its eight channels and goes from pixel to pixel, so that
 * what belongs to channels is loaded once and nothing is divided on the way. Consecutive threads have
 * consecutive channels, then consecutive pixels. And how what such threads found is put together, in an order
 * that the grid alone decides. */
#ifndef BRIM_BACKEND_CUDA_KERNELS_LANES_H
#define BRIM_BACKEND_CUDA_KERNELS_LANES_H

#include "backend/cuda/kernels/vector.h"

/* Pixels that a thread has under way at once: 32 bytes of a tensor, loaded before any of them is used. */
#define BRIM_AT_ONCE(T) (4 / (int)sizeof(T))

/* A kernel that walks so, of which at least `resident` blocks are to find registers on a multiprocessor. */
#ifdef __CUDACC__
#define BRIM_LANE_KERNEL(resident) extern "C" __global__ void __launch_bounds__(BRIM_LANE_THREADS, resident)
#else
#define BRIM_LANE_KERNEL(resident) BRIM_KERNEL
#endif

typedef struct BrimLanes {
    int span;     /* threads side by side on a pixel */
    int count;    /* pixels side by side in the block */
    int lane;     /* this thread's pixel among them */
    int channel;  /* its first channel; beyond all where the thread has no lane */
    int channels; /* how many lie between one and its next, where a block has not threads enough for all of a
                     pixel */
    int first, step; /* pixels of the grid's walk */
} BrimLanes;

BRIM_DEVICE BrimLanes brim_lanes(int padded)
{
    BrimLanes lanes;
    int groups = padded / BRIM_EIGHT;
    lanes.span = groups < brim_threads() ? groups : brim_threads();
    lanes.count = brim_threads() / lanes.span;
    lanes.lane = brim_thread() / lanes.span;
    lanes.channel = lanes.lane < lanes.count ? brim_thread() % lanes.span * BRIM_EIGHT : padded;
    lanes.channels = lanes.span * BRIM_EIGHT;
    lanes.first = brim_block() * lanes.count + lanes.lane;
    lanes.step = brim_blocks() * lanes.count;
    return lanes;
}

/* The first pixel of part `part`, where pixels are shared out to `parts` runs that differ by one pixel at
 * most. */
BRIM_DEVICE int brim_part_start(int64_t pixels, int parts, int part)
{
    int each = (int)pixels / parts, rest = (int)pixels - each * parts;
    return part * each + (part < rest ? part : rest);
}

/* Adds up what the block's lanes have for the same channels, N floats a thread; the sum is lane 0's. Each of
 * some threads adds every so manieth lane of a column, then one adds those: few waits, whatever the number of
 * lanes, and an order that the grid alone decides. All threads come here. At most BRIM_LANE_THREADS a block.
 */
template <int N> BRIM_DEVICE void brim_sum_lanes(float mine[N], const BrimLanes &lanes)
{
    enum { STRIDE = BRIM_LANE_THREADS + 32 / N }; /* what a warp reads at once lies in different banks */
    BRIM_SHARED float slots[N * STRIDE];
    if (lanes.count == 1)
        return;
    int columns = N * lanes.span, chunks = brim_threads() / columns;
    chunks = chunks < 1 ? 1 : chunks < lanes.count ? chunks : lanes.count;
    brim_block_wait(); /* what was there before has been read */
    BRIM_UNROLL
    for (int i = 0; i < N; i++)
        slots[i * STRIDE + brim_thread()] = mine[i];
    brim_block_wait();
    for (int item = brim_thread(); item < columns * chunks; item += brim_threads()) {
        int chunk = item / columns, column = item - chunk * columns;
        float *at = slots + column % N * STRIDE + column / N, sum = 0;
        for (int lane = chunk; lane < lanes.count; lane += chunks)
            sum += at[lane * lanes.span];
        at[chunk * lanes.span] = sum; /* a lane that nobody else reads */
    }
    brim_block_wait();
    for (int column = brim_thread(); chunks > 1 && column < columns; column += brim_threads()) {
        float *at = slots + column % N * STRIDE + column / N, sum = at[0];
        for (int chunk = 1; chunk < chunks; chunk++)
            sum += at[chunk * lanes.span];
        at[0] = sum;
    }
    brim_block_wait();
    BRIM_UNROLL
    for (int i = 0; i < N; i++)
        mine[i] = slots[i * STRIDE + brim_thread()]; /* a sum for lane 0; nothing that counts for others */
}

/* Pixel i of those that a thread has under way; its first once more where there are not so many, so that a
 * load needs no condition. Not another's: that may be writing there. */
BRIM_DEVICE int brim_pixel_or_own(int pixel, int end, int first)
{
    return pixel < end ? pixel : first;
}

/* What `parts` blocks left for a channel, at partial[i * stride], added up by all threads of a block, to all
 * of them. */
BRIM_DEVICE double brim_sum_parts(const float *partial, int64_t stride, int parts)
{
    double sum = 0;
    for (int i = brim_thread(); i < parts; i += brim_threads())
        sum += (double)partial[i * stride];
    return brim_block_sum(sum);
}

#endif

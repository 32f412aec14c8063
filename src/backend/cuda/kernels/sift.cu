/* Of the predictions, those that NMS looks at, in their order, to memory of the host: a network that was
 * trained leaves some hundred of 25 200, and the others need not cross.
 *
 * Grid: a block for each picture, of at most BRIM_BLOCK_THREADS threads. */
#include "backend/cuda/kernels/kernel.h"

/* Rows of a thread at a time, one after another. */
enum { SIFT_RUN = 4 };

/* How many the threads before this one have, and how many all of them. All threads come here. */
BRIM_DEVICE int sift_before(int count, int *all)
{
    BRIM_SHARED int sums[BRIM_BLOCK_THREADS];
    brim_block_wait(); /* what was there before has been read */
    sums[brim_thread()] = count;
    brim_block_wait();
    for (int step = 1; step < brim_threads(); step *= 2) {
        int sum = sums[brim_thread()] + (brim_thread() >= step ? sums[brim_thread() - step] : 0);
        brim_block_wait();
        sums[brim_thread()] = sum;
        brim_block_wait();
    }
    *all = sums[brim_threads() - 1];
    return sums[brim_thread()] - count;
}

/* Notes which of the rows from `first` on are kept, in their order; how many. */
BRIM_DEVICE int sift_rows(const BrimSiftArgs &args, const float *picture, int first, int order[])
{
    int own = first + brim_thread() * SIFT_RUN, count = 0, all;
    bool kept[SIFT_RUN];
    for (int i = 0; i < SIFT_RUN; i++) {
        kept[i] = own + i < args.rows && picture[(int64_t)(own + i) * args.columns + 4] > args.least;
        count += kept[i];
    }
    int place = sift_before(count, &all);
    for (int i = 0; i < SIFT_RUN; i++)
        if (kept[i])
            order[place++] = own + i;
    brim_block_wait();
    return all;
}

BRIM_KERNEL brim_sift(const BrimSiftArgs args)
{
    BRIM_SHARED int order[BRIM_BLOCK_THREADS * SIFT_RUN];
    int64_t start = (int64_t)brim_block() * args.rows * args.columns;
    const float *picture = args.predictions + start;
    float *kept = args.kept + start;
    int count = 0;
    for (int first = 0; first < args.rows; first += brim_threads() * SIFT_RUN) {
        int more = sift_rows(args, picture, first, order);
        for (int i = brim_thread(); i < more * args.columns; i += brim_threads()) {
            int row = i / args.columns;
            kept[(int64_t)count * args.columns + i] =
                picture[(int64_t)order[row] * args.columns + (i - row * args.columns)];
        }
        count += more;
    }
    if (brim_thread() == 0)
        args.counts[brim_block()] = count;
}

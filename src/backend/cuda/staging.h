/* Pinned host memory for what crosses to the card and back: two buffers that take turns, so that what is
 * written next does not wait for what the card still reads. Knows bytes, not tensors. */
#ifndef BRIM_BACKEND_CUDA_STAGING_H
#define BRIM_BACKEND_CUDA_STAGING_H

#include "backend/cuda/device.h"

typedef struct BrimCudaStaging {
    const BrimCudaDevice *device;
    char *buffers[2];
    CUevent left[2];    /* when the card had read what was in it */
    size_t bytes;       /* of each buffer */
    size_t taken_bytes; /* of the one that is filled now */
    int now;
} BrimCudaStaging;

BrimStatus brim_cuda_staging_open(BrimCudaStaging *staging, const BrimCudaDevice *device);
void brim_cuda_staging_close(BrimCudaStaging *staging);

/* Makes each buffer so large, if it is not yet; what they held is lost. Before anything is written. */
BrimStatus brim_cuda_staging_grow(BrimCudaStaging *staging, size_t bytes);

/* Bytes that `bytes` take of a buffer. */
size_t brim_cuda_staging_room(size_t bytes);

/* Room for `bytes`, aligned to 64, until the copy that is started next on the stream has left it: behind what
 * was taken before, or, where that is not enough, in the other buffer, once the card has read that. NULL in
 * *room where a buffer is smaller than that. */
BrimStatus brim_cuda_staging_take(BrimCudaStaging *staging, size_t bytes, char **room);

/* To be told where all that was started has been waited for: nothing is in the buffers any more. */
void brim_cuda_staging_empty(BrimCudaStaging *staging);

#endif

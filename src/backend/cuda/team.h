/* Cards whose gradients are summed: one communicator of NCCL's for all of them. Private to src/backend/cuda.
 */
#ifndef BRIM_BACKEND_CUDA_TEAM_H
#define BRIM_BACKEND_CUDA_TEAM_H

#include "backend/cuda/program.h"

/* The contract's join and reduce. */
BrimStatus brim_cuda_join(BrimBackend *const *backends, int count, size_t most_bytes);
BrimStatus brim_cuda_reduce(BrimProgram *const *programs, int count, const BrimTensorId *blocks,
                            int block_count);

/* What a backend that closes does: the first to leave ends the team, as none can sum without it. */
void brim_cuda_leave(BrimBackend *backend);

#endif

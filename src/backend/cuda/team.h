/* Cards whose gradients are summed, and that may compute them together: one communicator of NCCL's for all of
 * them. Private to src/backend/cuda. */
#ifndef BRIM_BACKEND_CUDA_TEAM_H
#define BRIM_BACKEND_CUDA_TEAM_H

#include "backend/cuda/nccl.h"
#include "backend/cuda/program.h"

struct BrimCudaTeam {
    const BrimCudaNccl *nccl;
    int count;   /* cards that sum together; 0 once the team has ended */
    int holders; /* backends that point here */
    BrimCudaRank ranks[BRIM_MOST_CARDS];
    BrimBackend *backends[BRIM_MOST_CARDS];
};

/* The contract's join and reduce. */
BrimStatus brim_cuda_join(BrimBackend *const *backends, int count, size_t most_bytes);
BrimStatus brim_cuda_reduce(BrimProgram *const *programs, int count, const BrimTensorId *blocks,
                            int block_count);

/* The contract's run_together and wait_together (team_together.c). */
BrimStatus brim_cuda_run_together(BrimProgram *const *programs, int count, BrimPart part,
                                  const BrimStepScalars *scalars);
BrimStatus brim_cuda_wait_together(BrimProgram *const *programs, int count);

/* Starts on every card's stream that each gets what all have: there lie exchanges[i] on card i, of which its
 * own part is filled. */
BrimStatus brim_cuda_team_exchange(const BrimCudaTeam *team, const BrimCudaExchange *exchanges);

/* Doubles of a card in the largest exchange that a program of the backend has; 0: none. */
size_t brim_cuda_most_doubles(const BrimBackend *backend);

/* Waits for all cards, and for none of them if one is lost. */
BrimStatus brim_cuda_team_watch(const BrimCudaTeam *team);

/* Gives the communicators back; abort: where something may still be on its way. */
void brim_cuda_team_end(BrimCudaTeam *team, bool abort);

/* What a backend that closes does: the first to leave ends the team, as none can sum without it. */
void brim_cuda_leave(BrimBackend *backend);

#endif

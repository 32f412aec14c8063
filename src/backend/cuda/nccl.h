/* NCCL, found at run time: sums and exchanges over several cards. Knows the library's functions and what
 * their errors mean to a user; nothing of tensors. What brim needs of nccl.h is declared here, since that
 * comes with NCCL's own package, which a machine that builds brim need not have; tests/fake_cuda holds it
 * against the header. */
#ifndef BRIM_BACKEND_CUDA_NCCL_H
#define BRIM_BACKEND_CUDA_NCCL_H

#include <stddef.h>

#include "backend/cuda/driver.h"

typedef struct ncclComm *BrimCudaRank; /* ncclComm_t: a card's place among those that sum together */

/* ncclResult_t, ncclDataType_t, ncclRedOp_t: those that brim gives or looks at. */
enum {
    BRIM_NCCL_SUCCESS = 0,
    BRIM_NCCL_UNHANDLED_CUDA_ERROR = 1,
    BRIM_NCCL_SYSTEM_ERROR = 2,
    BRIM_NCCL_IN_PROGRESS = 7,
    BRIM_NCCL_FLOAT32 = 7,
    BRIM_NCCL_FLOAT64 = 8,
    BRIM_NCCL_SUM = 0
};

/* The oldest whose ncclGetVersion counts as 10000 * major + 100 * minor + patch: 2.9. */
enum { BRIM_NCCL_OLDEST = 20900 };

#define BRIM_CUDA_NCCL_LIST(X)                                                                               \
    X(int, ncclGetVersion, (int *version))                                                                   \
    X(const char *, ncclGetErrorString, (int result))                                                        \
    X(int, ncclCommInitAll, (BrimCudaRank * ranks, int count, const int *cards))                             \
    X(int, ncclAllReduce,                                                                                    \
      (const void *from, void *to, size_t count, int type, int op, BrimCudaRank rank, CUstream stream))      \
    X(int, ncclAllGather,                                                                                    \
      (const void *from, void *to, size_t count, int type, BrimCudaRank rank, CUstream stream))              \
    X(int, ncclGroupStart, (void))                                                                           \
    X(int, ncclGroupEnd, (void))                                                                             \
    X(int, ncclCommGetAsyncError, (BrimCudaRank rank, int *result))                                          \
    X(int, ncclCommDestroy, (BrimCudaRank rank))                                                             \
    X(int, ncclCommAbort, (BrimCudaRank rank))

typedef struct BrimCudaNccl {
    void *library;
    int version; /* 22703 is 2.27.3 */
#define X(result, name, arguments) result(*name##_) arguments;
    BRIM_CUDA_NCCL_LIST(X)
#undef X
} BrimCudaNccl;

/* The library, loaded once for the process; never closed. ERROR_UNSUPPORTED where there is none or it is too
 * old: the sentence says which package has it, for the CUDA that the driver serves. */
BrimStatus brim_cuda_nccl(const BrimCudaNccl **nccl, const BrimCudaDriver *driver);

/* OK for success; else ERROR_DEVICE, a sentence of what was tried, NCCL's words and what to try. */
BrimStatus brim_cuda_nccl_check(const BrimCudaNccl *nccl, int result, const char *what);

#endif

/* brim's own declarations of NCCL against nccl.h, where that is there: it need not be to build brim. */
#if __has_include(<nccl.h>)
#include <nccl.h>

#include "backend/cuda/nccl.h"

_Static_assert(BRIM_NCCL_SUCCESS == (int)ncclSuccess, "ncclResult_t");
_Static_assert(BRIM_NCCL_UNHANDLED_CUDA_ERROR == (int)ncclUnhandledCudaError, "ncclResult_t");
_Static_assert(BRIM_NCCL_SYSTEM_ERROR == (int)ncclSystemError, "ncclResult_t");
_Static_assert(BRIM_NCCL_IN_PROGRESS == (int)ncclInProgress, "ncclResult_t");
_Static_assert(BRIM_NCCL_FLOAT32 == (int)ncclFloat32, "ncclDataType_t");
_Static_assert(BRIM_NCCL_FLOAT64 == (int)ncclFloat64, "ncclDataType_t");
_Static_assert(BRIM_NCCL_SUM == (int)ncclSum, "ncclRedOp_t");
_Static_assert(sizeof(ncclResult_t) == sizeof(int), "results travel as int");
_Static_assert(sizeof(ncclDataType_t) == sizeof(int) && sizeof(ncclRedOp_t) == sizeof(int), "so do these");
_Static_assert(_Generic((ncclComm_t)0, BrimCudaRank : 1, default : 0), "ncclComm_t");

/* The functions' shapes but for enums, which gcc takes for unsigned int: a call with the header's own types.
 */
#define TAKES(call) _Static_assert(sizeof(call) == sizeof(int), #call)
TAKES(ncclCommInitAll((BrimCudaRank *)0, 2, (const int *)0));
TAKES(ncclAllReduce((const void *)0, (void *)0, (size_t)0, ncclFloat32, ncclSum, (BrimCudaRank)0,
                    (cudaStream_t)0));
TAKES(ncclAllGather((const void *)0, (void *)0, (size_t)0, ncclFloat64, (BrimCudaRank)0, (cudaStream_t)0));
TAKES(ncclCommDestroy((BrimCudaRank)0));
TAKES(ncclCommAbort((BrimCudaRank)0));
TAKES(ncclCommGetAsyncError((BrimCudaRank)0, (ncclResult_t *)0));
TAKES(ncclGetVersion((int *)0));
_Static_assert(_Generic((cudaStream_t)0, CUstream : 1, default : 0), "cudaStream_t");
#else
typedef int nothing_to_compare; /* a file of C has something in it */
#endif

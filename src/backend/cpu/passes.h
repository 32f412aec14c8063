/* The passes between convolutions, built once per instruction set: the same sources, other compiler flags and
 * another channel block. Knows which sets there are; must not know oneDNN. */
#ifndef BRIM_BACKEND_CPU_PASSES_H
#define BRIM_BACKEND_CPU_PASSES_H

#include "backend/host/call.h"

enum {
    BRIM_PASS_UNIT_PIXELS = 1024
}; /* what a thread takes at a time, of one channel block of one picture */

typedef struct BrimPasses {
    const char *name; /* of the instruction set */
    int block;        /* channels of a feature that lie side by side: one vector */
    void (*run[BRIM_OP_KIND_COUNT])(const BrimCall *call); /* NULL for what is no pass */
} BrimPasses;

extern const BrimPasses brim_passes_base; /* what the architecture promises, 8 channels */
#ifdef BRIM_PASSES_X86
extern const BrimPasses brim_passes_avx2;   /* x86-64-v3, 8 channels */
extern const BrimPasses brim_passes_avx512; /* x86-64-v4, 16 channels */
#endif

/* Bytes of workspace of BN_FORWARD and BN_BACKWARD_REDUCE; 0 for the other passes. */
size_t brim_passes_workspace_bytes(const BrimGraph *graph, const BrimOp *op, int block);

#endif

/* The passes by name. */
#ifndef BRIM_BACKEND_CPU_PASSES_LIST_H
#define BRIM_BACKEND_CPU_PASSES_LIST_H

#include "backend/cpu/passes.h"
#include "backend/cpu/passes/vector.h"

#define BRIM_PASS_LIST(X)                                                                                    \
    X(INPUT, input)                                                                                          \
    X(BN_FORWARD, bn_forward)                                                                                \
    X(BN_RECOMPUTE, bn_recompute)                                                                            \
    X(BN_BACKWARD_REDUCE, bn_backward_reduce)                                                                \
    X(BN_BACKWARD_APPLY, bn_backward_apply)                                                                  \
    X(ACT_FORWARD, act_forward)                                                                              \
    X(COPY, copy)                                                                                            \
    X(ADD, add)                                                                                              \
    X(POOL_FORWARD, pool_forward)                                                                            \
    X(POOL_BACKWARD, pool_backward)                                                                          \
    X(UPSAMPLE_FORWARD, upsample_forward)                                                                    \
    X(UPSAMPLE_BACKWARD, upsample_backward)

#define X(kind, name) void BRIM_PASS(name)(const BrimCall *call);
BRIM_PASS_LIST(X)
#undef X

#endif

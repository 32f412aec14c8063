/* The UPDATE part of a step: clipping, SGD, averages. Parameters are runs of floats here, whatever layout the
 * backend gave them, so all backends on the host share this. Deterministic for any number of threads;
 * allocates nothing. */
#ifndef BRIM_BACKEND_HOST_UPDATE_H
#define BRIM_BACKEND_HOST_UPDATE_H

#include "backend/host/call.h"

/* Bytes of workspace of a GRADIENT_NORM. */
size_t brim_update_workspace_bytes(const BrimGraph *graph, const BrimOp *op);

/* GRADIENT_NORM, OPTIMIZE, AVERAGE. */
void brim_update_norm(const BrimCall *call);
void brim_update_optimize(const BrimCall *call);
void brim_update_average(const BrimCall *call);

#endif

/* LOSS and DECODE of a graph, brought to host/loss.h: which operands are heads, and how large the workspace
 * is. */
#ifndef BRIM_BACKEND_HOST_HEAD_H
#define BRIM_BACKEND_HOST_HEAD_H

#include "backend/host/call.h"

/* Bytes of workspace of a LOSS. */
size_t brim_head_loss_workspace_bytes(const BrimGraph *graph, const BrimOp *op);

void brim_head_loss(const BrimCall *call);
void brim_head_decode(const BrimCall *call);

#endif

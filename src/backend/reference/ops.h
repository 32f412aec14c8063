/* The reference's ops, one function a kind: loops that a reader can check against the table in graph/graph.h.
 * Features are plain NCHW, filters OIHW, sums are double. Private to src/backend/reference. */
#ifndef BRIM_BACKEND_REFERENCE_OPS_H
#define BRIM_BACKEND_REFERENCE_OPS_H

#include "backend/host/call.h"

void brim_reference_conv_forward(const BrimCall *call);
void brim_reference_conv_backward_data(const BrimCall *call);
void brim_reference_conv_backward_weights(const BrimCall *call);

void brim_reference_bn_forward(const BrimCall *call);
void brim_reference_bn_recompute(const BrimCall *call);
void brim_reference_bn_backward_reduce(const BrimCall *call);
void brim_reference_bn_backward_apply(const BrimCall *call);
void brim_reference_fold(const BrimCall *call);

void brim_reference_input(const BrimCall *call);
void brim_reference_act_forward(const BrimCall *call);
void brim_reference_copy(const BrimCall *call);
void brim_reference_add(const BrimCall *call);

void brim_reference_pool_forward(const BrimCall *call);
void brim_reference_pool_backward(const BrimCall *call);
void brim_reference_upsample_forward(const BrimCall *call);
void brim_reference_upsample_backward(const BrimCall *call);

#endif

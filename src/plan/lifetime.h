/* When tensors and workspaces are alive, as the packer wants to know it. */
#ifndef BRIM_PLAN_LIFETIME_H
#define BRIM_PLAN_LIFETIME_H

#include "graph/graph.h"
#include "plan/pack.h"

/* One buffer a tensor, then one a workspace: its first and last op. first is -1 for what needs no room among
 * the ops: parts, members, tensors that outlive the ops, and what nobody touches. ERROR_ARGUMENT where an op
 * reads what none has written. */
BrimStatus brim_lifetimes_find(const BrimGraph *graph, BrimBuffer *buffers);

/* True when the tensor has room of its own while the op runs. buffers: as found above. */
bool brim_lifetime_holds(const BrimGraph *graph, const BrimBuffer *buffers, BrimTensorId id, BrimOpId op);

#endif

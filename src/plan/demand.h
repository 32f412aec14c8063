/* Memory and time of one graph as functions of its batch: the graph is built and measured once, for any
 * batch, and every other one costs a walk over its tensors. */
#ifndef BRIM_PLAN_DEMAND_H
#define BRIM_PLAN_DEMAND_H

#include "plan/cost.h"
#include "plan/plan.h"

typedef struct BrimDemand BrimDemand;

/* From a measured graph, which the demand does not keep. Where a backend gives no law for a workspace
 * (BrimWorkspace) it is taken to be the same for every batch, as those are that sum weight gradients over
 * threads. */
BrimStatus brim_demand_open(BrimDemand **demand, const BrimGraph *graph);
void brim_demand_close(BrimDemand **demand);

/* What a plan of the graph alone needs at that batch, if its packing meets the lower bound: what lives
 * always, what lasts the session, and the most that is alive at once among the ops. */
size_t brim_demand_bytes(BrimDemand *demand, int batch);

/* The op at which that is. */
BrimOpId brim_demand_peak(BrimDemand *demand, int batch);

/* Bytes by purpose at the peak; they sum to brim_demand_bytes. */
void brim_demand_purposes(BrimDemand *demand, int batch, size_t purpose_bytes[BRIM_PURPOSE_COUNT]);

/* A pass over the ops of one part. */
BrimTime brim_demand_time(const BrimDemand *demand, int batch, BrimPart part, const BrimRates *rates);

#endif

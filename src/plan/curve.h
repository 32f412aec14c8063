/* Memory and time of one graph as functions of its batch: the graph is built and measured once, for a batch of one, and
 * every other batch costs a walk over its tensors. */
#ifndef BRIM_PLAN_CURVE_H
#define BRIM_PLAN_CURVE_H

#include "plan/cost.h"
#include "plan/plan.h"

typedef struct BrimCurve BrimCurve;

/* From a measured graph of batch 1, which the curve does not keep. Workspaces are taken to be the same for every
 * batch, as those of convolutions are that sum weight gradients over threads. */
BrimStatus brim_curve_open(BrimCurve **curve, const BrimGraph *graph);
void brim_curve_close(BrimCurve **curve);

/* What a plan of the graph alone needs at that batch, if its packing meets the lower bound: what lives always, what
 * lasts the session, and the most that is alive at once among the ops. */
size_t brim_curve_bytes(BrimCurve *curve, int batch);

/* The op at which that is. */
BrimOpId brim_curve_peak(BrimCurve *curve, int batch);

/* Bytes by purpose at the peak; they sum to brim_curve_bytes. */
void brim_curve_purposes(BrimCurve *curve, int batch, size_t purpose_bytes[BRIM_PURPOSE_COUNT]);

/* A pass over the ops of one part. */
BrimTime brim_curve_time(const BrimCurve *curve, int batch, BrimPart part, const BrimRates *rates);

/* True where the tensor's bytes grow with the batch. For each tensor of the graph; flags has room for all of them. */
void brim_curve_scaling(const BrimGraph *graph, bool *flags);

#endif

/* A plan in words: for people who want to know where the memory goes. */
#ifndef BRIM_PLAN_EXPLAIN_H
#define BRIM_PLAN_EXPLAIN_H

#include "plan/plan.h"

/* Rows by purpose, the moment of the peak, the lower bound, and the largest tensors alive then. graph is the plan's
 * largest. *text is given back with brim_mem_give. */
BrimStatus brim_plan_explain(const BrimPlan *plan, const BrimGraph *graph, char **text);

#endif

/* A plan as a picture: memory over the ops of a step. */
#ifndef BRIM_REPORT_PLAN_MAP_H
#define BRIM_REPORT_PLAN_MAP_H

#include "plan/plan.h"

/* Writes an SVG: one rectangle a tensor and workspace, from its first op to its last and from its first byte
 * to its last, in the colour of its purpose; the peak as a line. graph is the plan's at `index`. */
BrimStatus brim_plan_map_write(const char *path, const char *title, const BrimPlan *plan,
                               const BrimGraph *graph, int index);

#endif

/* A planning as reports take it. */
#ifndef BRIM_RUN_PLANNING_SHEET_H
#define BRIM_RUN_PLANNING_SHEET_H

#include "report/choices.h"
#include "run/planning.h"

/* What it was asked, and found; valid as long as the planning. */
BrimPlanSheet brim_planning_sheet(const BrimPlanning *planning);

#endif

/* From what was planned to what is told of it. */
#include "run/planning_sheet.h"

BrimPlanSheet brim_planning_sheet(const BrimPlanning *planning)
{
    return (BrimPlanSheet){.model = &planning->model,
                           .imgsz_px = planning->imgsz_px,
                           .device = &planning->device,
                           .profile = planning->profile->name,
                           .fraction = planning->fraction,
                           .budget_bytes = planning->budget_bytes,
                           .workers = planning->workers,
                           .search = &planning->search};
}

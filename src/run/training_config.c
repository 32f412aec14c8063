/* brim_get_training_config: a query in, settings out. */
#include <stdio.h>
#include <string.h>

#include "graph/recompute.h"
#include "run/planning.h"

BrimTrainingQuery brim_training_query_defaults(void)
{
    return (BrimTrainingQuery){.model = "yolov5s", .imgsz = 640, .batch_size = -1};
}

BrimStatus brim_get_training_config(const BrimTrainingQuery *query, BrimTrainingConfig *config)
{
    char text[BRIM_RECOMPUTE_TEXT_BYTES];
    BrimPlanning *planning = brim_mem_take(BRIM_MEM_CONF, 1, sizeof *planning);
    BrimStatus status = planning ? brim_planning_open(planning, query, false) : BRIM_ERROR_MEMORY;
    if (status == BRIM_OK) {
        const BrimChoice *choice = &planning->search.choices[0];
        *config = (BrimTrainingConfig){.batch_size = choice->micro_batch,
                                       .workers = planning->workers,
                                       .img_size = planning->imgsz_px,
                                       .accumulate = choice->accumulate,
                                       .amp = choice->scheme.precision != BRIM_PRECISION_FP32,
                                       .card = query->gpu && query->gpu[0] ? 0 : planning->where.card,
                                       .predicted_bytes = choice->peak_bytes,
                                       .capacity_bytes = planning->device.capacity_bytes,
                                       .pictures_per_s = choice->pictures_per_s,
                                       .measured = choice->measured};
        snprintf(config->precision, sizeof config->precision, "%s",
                 brim_precision_traits(choice->scheme.precision)->text);
        snprintf(config->device, sizeof config->device, "%s", planning->device.name);
        brim_recompute_format(choice->scheme.recompute, &planning->model, text);
        bool whole = strlen(text) < sizeof config->recompute;
        snprintf(config->recompute, sizeof config->recompute, "%.63s", whole ? text : "mixed");
    }
    if (planning)
        brim_planning_close(planning);
    brim_mem_give(planning);
    return status;
}

/* What a plan needs to know of a device: how much memory it has, what is gone before the arena, and how fast
 * it is. Everything but the arena is an estimate, and is called one wherever it is shown. */
#ifndef BRIM_PLAN_DEVICE_H
#define BRIM_PLAN_DEVICE_H

#include "graph/step.h"
#include "plan/cost.h"
#include "plan/gpus.h"
#include "plan/plan.h"

typedef struct BrimPlanDevice {
    char name[96];
    char identity[256]; /* all that its speed depends on: what is timed on it is kept under that; "": nothing
                           is */
    bool gpu;
    bool too_old;  /* brim does not run there: the plan is for comparison */
    bool observed; /* the capacity was reported by a device, not worked out */
    uint64_t capacity_bytes;
    uint64_t free_bytes;  /* of them, what is not in use now; the capacity where that is unknown */
    size_t context_bytes; /* the driver's context; of the CPU: the process without arena and pictures */
    size_t library_bytes; /* workspace that the convolutions' library may take, beside the arena */
    size_t picture_bytes; /* beside the arena for each picture of a batch: where it is loaded */
    BrimPrecision narrow; /* its 16-bit precision */
    int capability;       /* compute capability of a card, 86 for 8.6; 0: it is none */
    BrimRates rates[BRIM_PRECISION_COUNT]; /* of the precisions that it has */
    BrimSizer sizer;
} BrimPlanDevice;

/* What a plan needs to know of the backend that will run on a card. */
typedef struct BrimPlanBackend {
    BrimSizer sizer;
    const uint8_t *starts; /* kernels of an op, by its kind */
} BrimPlanBackend;

/* A card of the table, as Linux or Windows reports it. Under Windows the desktop holds a part of it. */
BrimPlanDevice brim_plan_device_of_gpu(const BrimGpu *gpu, bool windows, BrimPlanBackend backend);

#endif

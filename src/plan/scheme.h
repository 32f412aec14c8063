/* A way to run a model's training step: its precision, and what each layer computes again. Beside it what the
 * planner needs to ask of it: its graphs, and its memory and time by batch. */
#ifndef BRIM_PLAN_SCHEME_H
#define BRIM_PLAN_SCHEME_H

#include "graph/step.h"
#include "plan/demand.h"

/* Labels of a picture that are planned for where no dataset says how many there are: COCO's fullest mosaic of
 * 640 px has about as many. 24 bytes each. */
enum { BRIM_TARGETS_PER_PICTURE = 120, BRIM_SCHEME_TEXT_BYTES = 64 };

/* What all schemes of a search share. */
typedef struct BrimSubject {
    const BrimModel *model;
    int imgsz_px;    /* both sides */
    BrimSizer sizer; /* of the device */
    const uint8_t *recompute; /* the levels of all layers where they are not to be chosen; else NULL */
    BrimBasis *const *bases;  /* by BrimPrecision, what all graphs begin with; NULL, there or here: each its own */
} BrimSubject;

typedef struct BrimScheme {
    BrimPrecision precision;
    uint8_t recompute[BRIM_MAX_LAYERS]; /* BrimRecompute of each layer */
} BrimScheme;

/* The step's graph, or that of the validation in the same run, built and measured. */
BrimStatus brim_scheme_training(const BrimSubject *subject, const BrimScheme *scheme, int batch,
                                BrimGraph **graph);
BrimStatus brim_scheme_validation(const BrimSubject *subject, const BrimScheme *scheme, int batch,
                                  BrimGraph **graph);

/* The scheme that has one level everywhere. */
BrimScheme brim_scheme_uniform(BrimPrecision precision, BrimRecompute recompute);

/* True for a layer with convolutions whose outputs can be dropped. */
bool brim_scheme_has_choice(const BrimModel *model, int layer);

/* "nothing", "activations", "inside", "layer", or how many layers do what: "8 activations, 6 inside, 4
 * layer". */
const char *brim_scheme_text(const BrimModel *model, const BrimScheme *scheme,
                             char text[BRIM_SCHEME_TEXT_BYTES]);
/* The same for a narrow column: "8a 6i 4l" */
const char *brim_scheme_letters(const BrimModel *model, const BrimScheme *scheme,
                                char text[BRIM_SCHEME_TEXT_BYTES]);
const char *brim_recompute_text(BrimRecompute recompute);

#endif

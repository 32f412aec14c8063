/* Schemes as graphs and in words. */
#include "plan/scheme.h"

#include <stdio.h>
#include <string.h>

#include "graph/basis.h"

static const char *const recompute_texts[] = {[BRIM_RECOMPUTE_ACTIVATIONS] = "activations",
                                              [BRIM_RECOMPUTE_NOTHING] = "nothing",
                                              [BRIM_RECOMPUTE_INSIDE] = "inside",
                                              [BRIM_RECOMPUTE_LAYER] = "layer"};

/* In the order in which they keep less. */
static const BrimRecompute levels[] = {BRIM_RECOMPUTE_NOTHING, BRIM_RECOMPUTE_ACTIVATIONS,
                                       BRIM_RECOMPUTE_INSIDE, BRIM_RECOMPUTE_LAYER};
enum { LEVEL_COUNT = sizeof levels / sizeof levels[0] };

const char *brim_recompute_text(BrimRecompute recompute)
{
    return recompute_texts[recompute];
}

static BrimStepConf step_conf(const BrimSubject *subject, const BrimScheme *scheme, int batch)
{
    BrimStepConf conf = {.model = subject->model,
                         .hyper = brim_hyper_default(),
                         .batch = batch,
                         .height_px = subject->imgsz_px,
                         .width_px = subject->imgsz_px,
                         .target_cap = batch * BRIM_TARGETS_PER_PICTURE,
                         .training_run = true,
                         .precision = scheme->precision,
                         .basis = subject->bases ? subject->bases[scheme->precision] : NULL};
    memcpy(conf.recompute, scheme->recompute, sizeof conf.recompute);
    return conf;
}

/* Parameters are measured with the first graph of their basis, as all graphs of a run agree on them. */
static BrimStatus measure(const BrimSubject *subject, const BrimScheme *scheme, BrimStatus built,
                          BrimGraph **graph)
{
    BrimBasis *basis = subject->bases ? subject->bases[scheme->precision] : NULL;
    BrimStatus status = built == BRIM_OK ? brim_plan_measure(*graph, &subject->sizer) : built;
    if (status == BRIM_OK && basis)
        brim_basis_measured(basis, *graph);
    if (status != BRIM_OK)
        brim_graph_close(graph);
    return status;
}

BrimStatus brim_scheme_training(const BrimSubject *subject, const BrimScheme *scheme, int batch,
                                BrimGraph **graph)
{
    const BrimStepConf conf = step_conf(subject, scheme, batch);
    return measure(subject, scheme, brim_graph_training(graph, &conf), graph);
}

BrimStatus brim_scheme_validation(const BrimSubject *subject, const BrimScheme *scheme, int batch,
                                  BrimGraph **graph)
{
    const BrimStepConf conf = step_conf(subject, scheme, batch);
    return measure(subject, scheme, brim_graph_inference(graph, &conf), graph);
}

BrimScheme brim_scheme_uniform(BrimPrecision precision, BrimRecompute recompute)
{
    BrimScheme scheme = {.precision = precision};
    memset(scheme.recompute, (int)recompute, sizeof scheme.recompute);
    return scheme;
}

bool brim_scheme_has_choice(const BrimModel *model, int layer)
{
    BrimModule module = model->layers[layer].module;
    return module != BRIM_MODULE_UPSAMPLE && module != BRIM_MODULE_CONCAT && module != BRIM_MODULE_DETECT;
}

/* How many layers are at each level; returns at how many levels there are any. */
static int count_levels(const BrimModel *model, const BrimScheme *scheme, int counts[LEVEL_COUNT])
{
    int kinds = 0;
    memset(counts, 0, LEVEL_COUNT * sizeof *counts);
    for (int layer = 0; layer < model->layer_count; layer++)
        for (int level = 0; level < LEVEL_COUNT && brim_scheme_has_choice(model, layer); level++)
            counts[level] += scheme->recompute[layer] == levels[level];
    for (int level = 0; level < LEVEL_COUNT; level++)
        kinds += counts[level] > 0;
    return kinds;
}

/* One word where all layers are at one level; else how many are at each, with its name or first letter. */
static const char *write_levels(const BrimModel *model, const BrimScheme *scheme, bool letters,
                                char text[BRIM_SCHEME_TEXT_BYTES])
{
    int counts[LEVEL_COUNT], length = 0, kinds = count_levels(model, scheme, counts);
    text[0] = '\0';
    for (int level = 0; level < LEVEL_COUNT; level++) {
        const char *name = recompute_texts[levels[level]];
        if (counts[level] && kinds == 1)
            return strcpy(text, name);
        if (counts[level])
            length += snprintf(text + length, BRIM_SCHEME_TEXT_BYTES - (size_t)length,
                               letters ? "%s%d%.1s" : "%s%d %s",
                               !length   ? ""
                               : letters ? " "
                                         : ", ",
                               counts[level], name);
    }
    return text;
}

const char *brim_scheme_text(const BrimModel *model, const BrimScheme *scheme,
                             char text[BRIM_SCHEME_TEXT_BYTES])
{
    return write_levels(model, scheme, false, text);
}

const char *brim_scheme_letters(const BrimModel *model, const BrimScheme *scheme,
                                char text[BRIM_SCHEME_TEXT_BYTES])
{
    return write_levels(model, scheme, true, text);
}

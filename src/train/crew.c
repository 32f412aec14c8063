/* Several cards as one. One thread starts the work on every card before it waits for the first. */
#include "train/crew.h"

#include <string.h>

struct BrimCrew {
    BrimEngine **engines;
    int *cards;
    int count;
    bool together;  /* no card's gradient is computed without the others: bn_cards */
    float *targets; /* labels of one card's part */
    int target_cap;
};

/* Says which card it was, where there are several. */
static BrimStatus of_card(const BrimCrew *crew, int index, BrimStatus status)
{
    if (status == BRIM_OK || crew->count == 1)
        return status;
    return brim_fail_within(status, "card %d: ", crew->cards[index]);
}

/* ---- opening ---- */

int brim_crew_part(int pictures, int cards)
{
    return (pictures + cards - 1) / cards;
}

/* The shapes of parts, each once; those of the whole batches differ in more. */
static int list_parts(const BrimEngineConf *conf, int cards, BrimShape *parts)
{
    int count = 0;
    for (int i = 0; i < conf->train_count; i++) {
        BrimShape part = conf->train[i];
        part.n = brim_crew_part(part.n, cards);
        bool known = false;
        for (int j = 0; j < count && !known; j++)
            known = memcmp(&parts[j], &part, sizeof part) == 0;
        if (!known)
            parts[count++] = part;
    }
    return count;
}

static BrimStatus open_engine(BrimCrew *crew, int index, const BrimEngineConf *conf, const BrimShape *parts,
                              int part_count)
{
    BrimEngineConf own = *conf;
    own.card = crew->cards[index];
    own.train = parts;
    own.train_count = part_count;
    if (index > 0) { /* the lead validates, and is saved */
        own.infer_count = 0;
        own.snapshots = false;
    }
    return of_card(crew, index, brim_engine_open(&crew->engines[index], &own));
}

static BrimStatus open_engines(BrimCrew *crew, const BrimEngineConf *conf)
{
    BrimStatus status = BRIM_OK;
    BrimShape *parts = brim_mem_take(BRIM_MEM_TRAIN, (size_t)conf->train_count + 1, sizeof *parts);
    if (!parts)
        return BRIM_ERROR_MEMORY;
    int part_count = list_parts(conf, crew->count, parts);
    for (int i = 0; i < crew->count && status == BRIM_OK; i++)
        status = open_engine(crew, i, conf, parts, part_count);
    brim_mem_give(parts);
    return status;
}

BrimStatus brim_crew_open(BrimCrew **crew, const BrimEngineConf *conf, const int *cards, int count)
{
    BrimStatus status;
    BrimCrew *made = *crew = brim_mem_take(BRIM_MEM_TRAIN, 1, sizeof **crew);
    if (!made)
        return BRIM_ERROR_MEMORY;
    made->count = count;
    made->together = conf->bn_cards > 1;
    made->target_cap = conf->train_target_cap;
    made->engines = brim_mem_take(BRIM_MEM_TRAIN, (size_t)count, sizeof(BrimEngine *));
    made->cards = brim_mem_take(BRIM_MEM_TRAIN, (size_t)count, sizeof *made->cards);
    size_t rows = count > 1 ? (size_t)made->target_cap : 0; /* one card reads the batch's own */
    made->targets = brim_mem_take(BRIM_MEM_TRAIN, rows * BRIM_TARGET_COLUMNS, sizeof *made->targets);
    status = made->engines && made->cards && made->targets ? BRIM_OK : BRIM_ERROR_MEMORY;
    BRIM_TRY(status);
    memcpy(made->cards, cards, (size_t)count * sizeof *cards);
    if (made->together && conf->bn_cards != count) {
        status = brim_fail(BRIM_ERROR_ARGUMENT, "%d cards cannot have BatchNorm's statistics of %d in common",
                           count, conf->bn_cards);
        goto fail;
    }
    BRIM_TRY(open_engines(made, conf));
    if (count > 1) {
        BRIM_TRY(brim_engine_join(made->engines, count));
        BRIM_TRY(brim_crew_fits(made, conf->budget_bytes));
    }
    return BRIM_OK;
fail:
    brim_crew_close(crew);
    return status;
}

void brim_crew_close(BrimCrew **crew)
{
    BrimCrew *gone = *crew;
    if (!gone)
        return;
    for (int i = 0; gone->engines && i < gone->count; i++)
        brim_engine_close(&gone->engines[i]);
    brim_mem_give(gone->engines);
    brim_mem_give(gone->cards);
    brim_mem_give(gone->targets);
    brim_mem_give(gone);
    *crew = NULL;
}

BrimEngine *brim_crew_lead(const BrimCrew *crew)
{
    return crew->engines[0];
}

BrimEngine *brim_crew_engine(const BrimCrew *crew, int index)
{
    return crew->engines[index];
}

int brim_crew_count(const BrimCrew *crew)
{
    return crew->count;
}

BrimStatus brim_crew_fits(const BrimCrew *crew, size_t budget_bytes)
{
    BrimStatus status = BRIM_OK;
    for (int i = 0; i < crew->count && status == BRIM_OK; i++)
        status = of_card(crew, i, brim_engine_fits(crew->engines[i], budget_bytes));
    return status;
}

BrimStatus brim_crew_start(BrimCrew *crew)
{
    BrimStatus status = BRIM_OK;
    for (int i = 0; i < crew->count && status == BRIM_OK; i++)
        status = of_card(crew, i, brim_engine_start(crew->engines[i]));
    return status;
}

/* ---- the same parameters everywhere ---- */

/* From the first card to all others, through `plain`, which has room for it. */
static BrimStatus share_tensor(BrimCrew *crew, BrimTensorId id, float *plain)
{
    const BrimTensor *tensor = &brim_engine_graph(crew->engines[0])->tensors[id];
    BrimStatus status = of_card(crew, 0, brim_engine_read(crew->engines[0], id, plain));
    if (tensor->purpose == BRIM_PURPOSE_GRADIENTS)
        memset(plain, 0, brim_tensor_elements(tensor) * brim_dtype_bytes(tensor->dtype));
    for (int i = 1; i < crew->count && status == BRIM_OK; i++)
        status = of_card(crew, i, brim_engine_write(crew->engines[i], id, plain));
    return status;
}

/* Tensors that live always and have elements of their own: the blocks' members. */
static bool shared(const BrimTensor *tensor)
{
    return tensor->life == BRIM_LIFE_ALWAYS && tensor->form != BRIM_FORM_BLOCK && tensor->parent != BRIM_NONE;
}

BrimStatus brim_crew_share(BrimCrew *crew)
{
    BrimStatus status = BRIM_OK;
    const BrimGraph *graph = brim_engine_graph(crew->engines[0]);
    size_t most = 1;
    if (crew->count == 1)
        return BRIM_OK;
    for (BrimTensorId id = 0; id < graph->tensor_count; id++)
        if (shared(&graph->tensors[id]) && brim_tensor_elements(&graph->tensors[id]) > most)
            most = brim_tensor_elements(&graph->tensors[id]);
    float *plain = brim_mem_take(BRIM_MEM_TRAIN, most, sizeof *plain);
    if (!plain)
        return BRIM_ERROR_MEMORY;
    for (BrimTensorId id = 0; id < graph->tensor_count && status == BRIM_OK; id++)
        if (shared(&graph->tensors[id]))
            status = share_tensor(crew, id, plain);
    brim_mem_give(plain);
    return status;
}

/* ---- a step ---- */

/* The labels of pictures `first` to `first` + n - 1, counted anew from there; -1 where there is no room. */
static int take_targets(BrimCrew *crew, const BrimBatch *batch, int first, int n)
{
    int count = 0;
    for (int i = 0; i < batch->target_count; i++) {
        const float *row = batch->targets + (size_t)i * BRIM_TARGET_COLUMNS;
        int picture = (int)row[0] - first;
        if (picture < 0 || picture >= n)
            continue;
        if (count == crew->target_cap)
            return -1;
        float *to = crew->targets + (size_t)count++ * BRIM_TARGET_COLUMNS;
        memcpy(to, row, BRIM_TARGET_COLUMNS * sizeof *to);
        to[0] = (float)picture;
    }
    return count;
}

/* The last cards reach back into the part before theirs, where the pictures do not go round. */
static BrimStatus take_part(BrimCrew *crew, int index, const BrimBatch *batch, BrimBatch *part)
{
    *part = *batch;
    if (crew->count == 1)
        return BRIM_OK;
    part->n = brim_crew_part(batch->n, crew->count);
    int first = index * part->n < batch->n - part->n ? index * part->n : batch->n - part->n;
    size_t picture_bytes = (size_t)batch->height_px * (size_t)batch->width_px * 3;
    part->pictures = batch->pictures + (size_t)first * picture_bytes;
    part->targets = crew->targets;
    part->target_count = take_targets(crew, batch, first, part->n);
    if (part->target_count < 0)
        return brim_fail(BRIM_ERROR_ARGUMENT, "more labels in its part of a batch than the %d planned for",
                         crew->target_cap);
    return BRIM_OK;
}

/* All cards have their batches before the first of them computes, where they need one another on the way. */
BrimStatus brim_crew_begin(BrimCrew *crew, const BrimBatch *batch, const BrimStepScalars *scalars)
{
    BrimStatus status = BRIM_OK;
    BrimBatch part;
    for (int i = 0; i < crew->count && status == BRIM_OK; i++) {
        status = take_part(crew, i, batch, &part);
        if (status == BRIM_OK)
            status = crew->together ? brim_engine_prepare(crew->engines[i], &part)
                                    : brim_engine_begin(crew->engines[i], &part, scalars);
        status = of_card(crew, i, status);
    }
    if (crew->together && status == BRIM_OK)
        status = brim_engine_begin_together(crew->engines, crew->count, scalars);
    return status;
}

BrimStatus brim_crew_ahead(BrimCrew *crew, const BrimBatch *batch)
{
    BrimStatus status = BRIM_OK;
    BrimBatch part;
    for (int i = 0; i < crew->count && status == BRIM_OK; i++) {
        status = take_part(crew, i, batch, &part);
        if (status == BRIM_OK)
            status = brim_engine_ahead(crew->engines[i], &part);
        status = of_card(crew, i, status);
    }
    return status;
}

BrimStatus brim_crew_finish(BrimCrew *crew, float items[4])
{
    BrimStatus status = BRIM_OK;
    if (crew->count == 1)
        return brim_engine_finish(crew->engines[0], items);
    memset(items, 0, 4 * sizeof *items);
    if (crew->together)
        status = brim_engine_wait_together(crew->engines, crew->count);
    for (int i = 0; i < crew->count && status == BRIM_OK; i++) {
        float own[4] = {0};
        status = of_card(crew, i, brim_engine_finish(crew->engines[i], own));
        for (int k = 0; k < 4; k++)
            items[k] += own[k];
    }
    for (int k = 0; k < 3; k++)
        items[k] /= (float)crew->count;
    return status;
}

BrimStatus brim_crew_gradient(BrimCrew *crew, const BrimBatch *batch, const BrimStepScalars *scalars,
                              float items[4])
{
    BrimStatus status = brim_crew_begin(crew, batch, scalars);
    return status == BRIM_OK ? brim_crew_finish(crew, items) : status;
}

int64_t brim_crew_waited_ns(const BrimCrew *crew)
{
    int64_t most_ns = 0;
    for (int i = 0; i < crew->count; i++) {
        int64_t waited_ns = brim_engine_waited_ns(crew->engines[i]);
        most_ns = waited_ns > most_ns ? waited_ns : most_ns;
    }
    return most_ns;
}

BrimStatus brim_crew_gather(BrimCrew *crew)
{
    return crew->count == 1 ? BRIM_OK : brim_engine_reduce(crew->engines, crew->count);
}

/* The norm is that of the sum, so that all cards clip, or skip a step, alike. */
BrimStatus brim_crew_update(BrimCrew *crew, const BrimStepScalars *scalars, float norm[2])
{
    BrimStatus status = brim_crew_gather(crew);
    for (int i = 0; i < crew->count && status == BRIM_OK; i++)
        status = of_card(crew, i, brim_engine_update_start(crew->engines[i], scalars));
    for (int i = crew->count - 1; i >= 0 && status == BRIM_OK; i--) /* the first card's is what stays */
        status = of_card(crew, i, brim_engine_update_read(crew->engines[i], norm));
    return status;
}

/* The order of the mixed schemes. */
#include "plan/chain.h"

#include <string.h>

/* Pictures of the graphs that the order is taken from: enough that weights do not hide what pictures cost. */
enum { SAMPLE_BATCH = 8 };

/* In the order in which they keep less. */
static const BrimRecompute levels[BRIM_CHAIN_UNIFORM] = {BRIM_RECOMPUTE_NOTHING, BRIM_RECOMPUTE_ACTIVATIONS,
                                                         BRIM_RECOMPUTE_INSIDE, BRIM_RECOMPUTE_LAYER};
enum { LEVEL_LAYER = BRIM_CHAIN_UNIFORM - 1 };

/* One layer at one level. */
typedef struct LayerCost {
    double kept_bytes, ns;
} LayerCost;

struct BrimChain {
    const BrimSubject *subject;
    BrimScheme schemes[BRIM_CHAIN_MOST];
    BrimDemand *demands[BRIM_CHAIN_MOST]; /* NULL until asked for */
    int count;
    LayerCost costs[BRIM_CHAIN_UNIFORM][BRIM_MAX_LAYERS];
};

/* What the layers keep and take in a graph that has one level everywhere. */
static BrimStatus add_costs(LayerCost costs[BRIM_MAX_LAYERS], const BrimGraph *graph, const BrimPace *pace)
{
    bool *seen = brim_mem_take(BRIM_MEM_GRAPH, (size_t)graph->tensor_count, sizeof *seen);
    if (!seen)
        return BRIM_ERROR_MEMORY;
    for (BrimOpId id = 0; id < graph->op_count; id++) {
        const BrimOp *op = &graph->ops[id];
        BrimTime time = {{0}};
        if (op->layer < 0)
            continue;
        brim_time_add(&time, op->kind, brim_cost_of(graph, id), pace);
        costs[op->layer].ns += brim_time_ns(&time);
        for (int i = 0; i < BRIM_OP_OUT; i++) {
            BrimTensorId storage =
                op->out[i] == BRIM_NONE ? BRIM_NONE : brim_graph_storage(graph, op->out[i]);
            if (storage == BRIM_NONE || seen[storage] || graph->tensors[storage].purpose != BRIM_PURPOSE_KEPT)
                continue;
            seen[storage] = true;
            costs[op->layer].kept_bytes += (double)graph->tensors[storage].bytes;
        }
    }
    brim_mem_give(seen);
    return BRIM_OK;
}

static BrimStatus add_uniform(BrimChain *chain, int level, BrimPrecision precision, const BrimPace *pace)
{
    BrimStatus status;
    BrimGraph *graph = NULL;
    BrimScheme *scheme = &chain->schemes[level];
    *scheme = brim_scheme_uniform(precision, levels[level]);
    if (chain->subject->recompute)
        memcpy(scheme->recompute, chain->subject->recompute, sizeof scheme->recompute);
    BRIM_TRY(brim_scheme_training(chain->subject, scheme, SAMPLE_BATCH, &graph));
    BRIM_TRY(add_costs(chain->costs[level], graph, pace));
    BRIM_TRY(brim_demand_open(&chain->demands[level], graph));
    chain->count++;
fail:
    brim_graph_close(&graph);
    return status;
}

/* True where the consumer reads what the producer made, also through layers that have no convolutions. */
static bool reads(const BrimModel *model, int consumer, int producer)
{
    const BrimLayer *layer = &model->layers[consumer];
    for (int i = 0; i < layer->from_count; i++) {
        int from = layer->from[i];
        if (from == producer ||
            (from > producer && !brim_scheme_has_choice(model, from) && reads(model, from, producer)))
            return true;
    }
    return false;
}

/* A layer can start again from what another one kept, not from what that one has to compute again as well:
 * that would bring back everything at once. The first layer starts from the pictures, so its reader may. */
static bool may_drop(const BrimModel *model, const int level_of[BRIM_MAX_LAYERS], int layer)
{
    for (int other = 0; other < model->layer_count; other++) {
        bool joined = (other > 0 && other < layer && reads(model, layer, other)) ||
                      (layer > 0 && other > layer && reads(model, other, layer));
        if (level_of[other] == LEVEL_LAYER && joined)
            return false;
    }
    return true;
}

typedef struct Move {
    int layer, level;
    double bytes_per_ns;
} Move;

/* The next layer to keep less, and how much less. layer -1: there is none. */
static Move best_move(const BrimChain *chain, const int level_of[BRIM_MAX_LAYERS])
{
    const BrimModel *model = chain->subject->model;
    Move best = {.layer = -1};
    for (int layer = 0; layer < model->layer_count; layer++) {
        const LayerCost *now = &chain->costs[level_of[layer]][layer];
        for (int level = level_of[layer] + 1; level < BRIM_CHAIN_UNIFORM; level++) {
            const LayerCost *then = &chain->costs[level][layer];
            double saved = now->kept_bytes - then->kept_bytes, extra_ns = then->ns - now->ns;
            if (saved <= 0 || !brim_scheme_has_choice(model, layer) ||
                (level == LEVEL_LAYER && !may_drop(model, level_of, layer)))
                continue;
            Move move = {layer, level, saved / (extra_ns > 1 ? extra_ns : 1)};
            if (best.layer < 0 || move.bytes_per_ns > best.bytes_per_ns)
                best = move;
        }
    }
    return best;
}

static void add_mixed(BrimChain *chain)
{
    int level_of[BRIM_MAX_LAYERS] = {0};
    BrimScheme scheme = chain->schemes[0];
    for (Move move = best_move(chain, level_of); move.layer >= 0 && chain->count < BRIM_CHAIN_MOST;
         move = best_move(chain, level_of)) {
        level_of[move.layer] = move.level;
        scheme.recompute[move.layer] = (uint8_t)levels[move.level];
        chain->schemes[chain->count++] = scheme;
    }
}

BrimStatus brim_chain_open(BrimChain **chain, const BrimSubject *subject, BrimPrecision precision,
                           const BrimRates *rates)
{
    BrimStatus status = BRIM_ERROR_MEMORY;
    const BrimPace pace = brim_pace(rates);
    *chain = brim_mem_take(BRIM_MEM_GRAPH, 1, sizeof **chain);
    if (!*chain)
        return status;
    (*chain)->subject = subject;
    for (int level = 0; level < BRIM_CHAIN_UNIFORM; level++)
        BRIM_TRY(add_uniform(*chain, level, precision, &pace));
    if (!subject->recompute)
        add_mixed(*chain);
    return BRIM_OK;
fail:
    brim_chain_close(chain);
    return status;
}

void brim_chain_close(BrimChain **chain)
{
    if (!*chain)
        return;
    for (int link = 0; link < BRIM_CHAIN_MOST; link++)
        brim_demand_close(&(*chain)->demands[link]);
    brim_mem_give(*chain);
    *chain = NULL;
}

int brim_chain_count(const BrimChain *chain)
{
    return chain->count;
}

const BrimScheme *brim_chain_scheme(const BrimChain *chain, int link)
{
    return &chain->schemes[link];
}

BrimStatus brim_chain_demand(BrimChain *chain, int link, BrimDemand **demand)
{
    BrimStatus status = BRIM_OK;
    BrimGraph *graph = NULL;
    if (!chain->demands[link]) {
        BRIM_TRY(brim_scheme_training(chain->subject, &chain->schemes[link], SAMPLE_BATCH, &graph));
        BRIM_TRY(brim_demand_open(&chain->demands[link], graph));
    }
    *demand = chain->demands[link];
fail:
    brim_graph_close(&graph);
    return status;
}

/* Memory and time as functions of the batch. Per tensor: bytes, and whether they are those of one
 * picture. */
#include "plan/demand.h"

#include <stdint.h>

#include "base/round.h"
#include "plan/lifetime.h"

/* What takes room of its own. */
typedef struct Room {
    BrimWorkspace bytes; /* by the batch */
    int32_t first, last; /* ops; first -1: as long as the graph */
    BrimPurpose purpose;
} Room;

/* A cost: what is the same for every batch, and what each picture adds. */
typedef struct Slope {
    BrimCost fixed, per_picture;
    BrimOpKind kind;
    BrimPart part;
} Slope;

struct BrimDemand {
    Room *rooms;
    int room_count;
    Slope *slopes; /* per op */
    int op_count;
    int64_t *change; /* per op and one more: bytes that begin to live there, less those that have ceased to */
};

static void mark(bool *flags, BrimTensorId id)
{
    if (id != BRIM_NONE)
        flags[id] = true;
}

/* Which tensors' bytes grow with the batch. */
static void find_scaling(const BrimGraph *graph, bool *flags)
{
    for (BrimTensorId id = 0; id < graph->tensor_count; id++) {
        BrimForm form = graph->tensors[id].form;
        flags[id] = form == BRIM_FORM_FEATURE || form == BRIM_FORM_PLAIN;
    }
    for (BrimOpId op = 0; op < graph->op_count; op++) {
        const BrimOp *code = &graph->ops[op];
        if (code->kind == BRIM_OP_INPUT || code->kind == BRIM_OP_LOSS)
            mark(flags, code->in[0]); /* pictures; targets, so many a picture */
        if (code->kind == BRIM_OP_DECODE)
            mark(flags, code->out[0]);
    }
}

/* At most. Most tensors are parameters, which lie in blocks. */
static size_t count_rooms(const BrimGraph *graph)
{
    size_t count = 0;
    for (BrimTensorId id = 0; id < graph->tensor_count; id++)
        count += graph->tensors[id].parent == BRIM_NONE;
    for (BrimOpId op = 0; op < graph->op_count; op++)
        count += graph->ops[op].workspace_bytes > 0;
    return count;
}

static void add_room(BrimDemand *demand, Room room)
{
    if (brim_workspace_bytes(&room.bytes, 1) > 0)
        demand->rooms[demand->room_count++] = room;
}

/* batch: of the graph, where the tensor grows with it; else 0. */
static BrimWorkspace bytes_of(const BrimTensor *tensor, int batch)
{
    if (batch == 0)
        return (BrimWorkspace){.fixed_bytes = tensor->bytes};
    return (BrimWorkspace){.picture_bytes = tensor->bytes / (size_t)batch, .most_bytes = SIZE_MAX};
}

static void list_rooms(BrimDemand *demand, const BrimGraph *graph, const BrimBuffer *buffers,
                       const bool *scales)
{
    for (BrimTensorId id = 0; id < graph->tensor_count; id++) {
        const BrimTensor *tensor = &graph->tensors[id];
        bool whole = tensor->life != BRIM_LIFE_OPS;
        if (tensor->parent == BRIM_NONE && (whole || buffers[id].first >= 0))
            add_room(demand, (Room){bytes_of(tensor, scales[id] ? graph->batch : 0),
                                    whole ? -1 : buffers[id].first, buffers[id].last, tensor->purpose});
    }
    for (BrimOpId op = 0; op < graph->op_count; op++)
        add_room(demand, (Room){graph->ops[op].workspace, op, op, BRIM_PURPOSE_WORKSPACE});
}

static void add_operands(Slope *slope, const BrimGraph *graph, const BrimTensorId *ids, int count,
                         const bool *scales)
{
    for (int i = 0; i < count; i++) {
        if (ids[i] == BRIM_NONE)
            continue;
        double bytes = brim_cost_operand_bytes(graph, ids[i]);
        if (scales[ids[i]])
            slope->per_picture.bytes += bytes / graph->batch;
        else
            slope->fixed.bytes += bytes;
    }
}

static void list_slopes(BrimDemand *demand, const BrimGraph *graph, const bool *scales)
{
    for (BrimOpId op = 0; op < graph->op_count; op++) {
        const BrimOp *code = &graph->ops[op];
        Slope *slope = &demand->slopes[op];
        slope->kind = code->kind;
        slope->part = code->part;
        slope->per_picture.flops = brim_cost_flops(graph, op) / graph->batch;
        add_operands(slope, graph, code->in, BRIM_OP_IN, scales);
        add_operands(slope, graph, code->out, BRIM_OP_OUT, scales);
    }
}

BrimStatus brim_demand_open(BrimDemand **demand, const BrimGraph *graph)
{
    BrimStatus status = BRIM_ERROR_MEMORY;
    size_t tensors = (size_t)graph->tensor_count, ops = (size_t)graph->op_count;
    BrimBuffer *buffers = brim_mem_take_unset(BRIM_MEM_GRAPH, tensors + ops, sizeof *buffers);
    bool *scales = brim_mem_take(BRIM_MEM_GRAPH, tensors, sizeof *scales);
    *demand = brim_mem_take(BRIM_MEM_GRAPH, 1, sizeof **demand);
    if (!buffers || !scales || !*demand)
        goto fail;
    (*demand)->op_count = graph->op_count;
    (*demand)->rooms = brim_mem_take_unset(BRIM_MEM_GRAPH, count_rooms(graph), sizeof *(*demand)->rooms);
    (*demand)->slopes = brim_mem_take(BRIM_MEM_GRAPH, ops, sizeof *(*demand)->slopes);
    (*demand)->change = brim_mem_take_unset(BRIM_MEM_GRAPH, ops + 1, sizeof *(*demand)->change);
    if (!(*demand)->rooms || !(*demand)->slopes || !(*demand)->change)
        goto fail;
    BRIM_TRY(brim_lifetimes_find(graph, buffers));
    find_scaling(graph, scales);
    list_rooms(*demand, graph, buffers, scales);
    list_slopes(*demand, graph, scales);
fail:
    brim_mem_give(buffers);
    brim_mem_give(scales);
    if (status != BRIM_OK)
        brim_demand_close(demand);
    return status;
}

void brim_demand_close(BrimDemand **demand)
{
    if (!*demand)
        return;
    brim_mem_give((*demand)->rooms);
    brim_mem_give((*demand)->slopes);
    brim_mem_give((*demand)->change);
    brim_mem_give(*demand);
    *demand = NULL;
}

static size_t room_bytes(const Room *room, int batch)
{
    return brim_round_up(brim_workspace_bytes(&room->bytes, batch), BRIM_PLAN_ALIGNMENT);
}

/* Everything that is alive at the fullest op; *peak may be NULL. */
static size_t most_alive(BrimDemand *demand, int batch, BrimOpId *peak)
{
    size_t whole = 0;
    int64_t alive = 0, most = 0;
    for (int op = 0; op <= demand->op_count; op++)
        demand->change[op] = 0;
    for (int i = 0; i < demand->room_count; i++) {
        const Room *room = &demand->rooms[i];
        size_t bytes = room_bytes(room, batch);
        if (room->first < 0) {
            whole += bytes;
            continue;
        }
        demand->change[room->first] += (int64_t)bytes;
        demand->change[room->last + 1] -= (int64_t)bytes;
    }
    for (int op = 0; op < demand->op_count; op++) {
        alive += demand->change[op];
        if (alive > most && peak)
            *peak = op;
        most = alive > most ? alive : most;
    }
    return whole + (size_t)most;
}

size_t brim_demand_bytes(BrimDemand *demand, int batch)
{
    return most_alive(demand, batch, NULL);
}

BrimOpId brim_demand_peak(BrimDemand *demand, int batch)
{
    BrimOpId peak = 0;
    most_alive(demand, batch, &peak);
    return peak;
}

void brim_demand_purposes(BrimDemand *demand, int batch, size_t purpose_bytes[BRIM_PURPOSE_COUNT])
{
    BrimOpId peak = brim_demand_peak(demand, batch);
    for (int purpose = 0; purpose < BRIM_PURPOSE_COUNT; purpose++)
        purpose_bytes[purpose] = 0;
    for (int i = 0; i < demand->room_count; i++) {
        const Room *room = &demand->rooms[i];
        if (room->first < 0 || (room->first <= peak && peak <= room->last))
            purpose_bytes[room->purpose] += room_bytes(room, batch);
    }
}

BrimTime brim_demand_time(const BrimDemand *demand, int batch, BrimPart part, const BrimRates *rates)
{
    BrimTime time = {{0}};
    const BrimPace pace = brim_pace(rates);
    for (int op = 0; op < demand->op_count; op++) {
        const Slope *slope = &demand->slopes[op];
        if (slope->part != part)
            continue;
        BrimCost cost = {slope->fixed.flops + batch * slope->per_picture.flops,
                         slope->fixed.bytes + batch * slope->per_picture.bytes};
        brim_time_add(&time, slope->kind, cost, &pace);
    }
    return time;
}

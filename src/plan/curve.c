/* Memory and time as functions of the batch. Per tensor: bytes of a batch of one, and whether they grow with the batch. */
#include "plan/curve.h"

#include "plan/lifetime.h"

/* What takes room of its own. */
typedef struct Room {
    size_t bytes;  /* at batch 1 */
    int32_t first, last; /* ops; first -1: as long as the graph */
    BrimPurpose purpose;
    bool scales;
} Room;

/* A cost at batch 1: what is the same for every batch, and what grows with it. */
typedef struct Slope {
    BrimCost fixed, per_picture;
    BrimPart part;
} Slope;

struct BrimCurve {
    Room *rooms;
    int room_count;
    Slope *slopes; /* per op */
    int op_count;
    int64_t *change; /* per op and one more: bytes that begin to live there, less those that have ceased to */
};

static size_t aligned(size_t bytes)
{
    return (bytes + BRIM_PLAN_ALIGNMENT - 1) / BRIM_PLAN_ALIGNMENT * BRIM_PLAN_ALIGNMENT;
}

static void mark(bool *flags, BrimTensorId id)
{
    if (id != BRIM_NONE)
        flags[id] = true;
}

void brim_curve_scaling(const BrimGraph *graph, bool *flags)
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

static void add_room(BrimCurve *curve, Room room)
{
    if (room.bytes > 0)
        curve->rooms[curve->room_count++] = room;
}

static void list_rooms(BrimCurve *curve, const BrimGraph *graph, const BrimBuffer *buffers, const bool *scales)
{
    for (BrimTensorId id = 0; id < graph->tensor_count; id++) {
        const BrimTensor *tensor = &graph->tensors[id];
        bool whole = tensor->life != BRIM_LIFE_OPS;
        if (tensor->parent == BRIM_NONE && (whole || buffers[id].first >= 0))
            add_room(curve, (Room){tensor->bytes, whole ? -1 : buffers[id].first, buffers[id].last, tensor->purpose,
                                   scales[id]});
    }
    for (BrimOpId op = 0; op < graph->op_count; op++)
        add_room(curve, (Room){graph->ops[op].workspace_bytes, op, op, BRIM_PURPOSE_WORKSPACE, false});
}

static void add_operands(Slope *slope, const BrimGraph *graph, const BrimTensorId *ids, int count, const bool *scales)
{
    for (int i = 0; i < count; i++) {
        if (ids[i] != BRIM_NONE)
            *(scales[ids[i]] ? &slope->per_picture.bytes : &slope->fixed.bytes) += brim_cost_operand_bytes(graph, ids[i]);
    }
}

static void list_slopes(BrimCurve *curve, const BrimGraph *graph, const bool *scales)
{
    for (BrimOpId op = 0; op < graph->op_count; op++) {
        const BrimOp *code = &graph->ops[op];
        Slope *slope = &curve->slopes[op];
        slope->part = code->part;
        slope->per_picture.flops = brim_cost_of(graph, op).flops;
        add_operands(slope, graph, code->in, BRIM_OP_IN, scales);
        add_operands(slope, graph, code->out, BRIM_OP_OUT, scales);
    }
}

BrimStatus brim_curve_open(BrimCurve **curve, const BrimGraph *graph)
{
    BrimStatus status = BRIM_ERROR_MEMORY;
    size_t tensors = (size_t)graph->tensor_count, ops = (size_t)graph->op_count;
    BrimBuffer *buffers = brim_mem_take(BRIM_MEM_GRAPH, tensors + ops, sizeof *buffers);
    bool *scales = brim_mem_take(BRIM_MEM_GRAPH, tensors, sizeof *scales);
    *curve = brim_mem_take(BRIM_MEM_GRAPH, 1, sizeof **curve);
    if (!buffers || !scales || !*curve)
        goto fail;
    (*curve)->op_count = graph->op_count;
    (*curve)->rooms = brim_mem_take(BRIM_MEM_GRAPH, tensors + ops, sizeof *(*curve)->rooms);
    (*curve)->slopes = brim_mem_take(BRIM_MEM_GRAPH, ops, sizeof *(*curve)->slopes);
    (*curve)->change = brim_mem_take(BRIM_MEM_GRAPH, ops + 1, sizeof *(*curve)->change);
    if (!(*curve)->rooms || !(*curve)->slopes || !(*curve)->change)
        goto fail;
    BRIM_TRY(brim_lifetimes_find(graph, buffers));
    brim_curve_scaling(graph, scales);
    list_rooms(*curve, graph, buffers, scales);
    list_slopes(*curve, graph, scales);
fail:
    brim_mem_give(buffers);
    brim_mem_give(scales);
    if (status != BRIM_OK)
        brim_curve_close(curve);
    return status;
}

void brim_curve_close(BrimCurve **curve)
{
    if (!*curve)
        return;
    brim_mem_give((*curve)->rooms);
    brim_mem_give((*curve)->slopes);
    brim_mem_give((*curve)->change);
    brim_mem_give(*curve);
    *curve = NULL;
}

static size_t room_bytes(const Room *room, int batch)
{
    return aligned(room->scales ? room->bytes * (size_t)batch : room->bytes);
}

/* Everything that is alive at the fullest op; *peak may be NULL. */
static size_t most_alive(BrimCurve *curve, int batch, BrimOpId *peak)
{
    size_t whole = 0;
    int64_t alive = 0, most = 0;
    for (int op = 0; op <= curve->op_count; op++)
        curve->change[op] = 0;
    for (int i = 0; i < curve->room_count; i++) {
        const Room *room = &curve->rooms[i];
        size_t bytes = room_bytes(room, batch);
        if (room->first < 0) {
            whole += bytes;
            continue;
        }
        curve->change[room->first] += (int64_t)bytes;
        curve->change[room->last + 1] -= (int64_t)bytes;
    }
    for (int op = 0; op < curve->op_count; op++) {
        alive += curve->change[op];
        if (alive > most && peak)
            *peak = op;
        most = alive > most ? alive : most;
    }
    return whole + (size_t)most;
}

size_t brim_curve_bytes(BrimCurve *curve, int batch)
{
    return most_alive(curve, batch, NULL);
}

BrimOpId brim_curve_peak(BrimCurve *curve, int batch)
{
    BrimOpId peak = 0;
    most_alive(curve, batch, &peak);
    return peak;
}

void brim_curve_purposes(BrimCurve *curve, int batch, size_t purpose_bytes[BRIM_PURPOSE_COUNT])
{
    BrimOpId peak = brim_curve_peak(curve, batch);
    for (int purpose = 0; purpose < BRIM_PURPOSE_COUNT; purpose++)
        purpose_bytes[purpose] = 0;
    for (int i = 0; i < curve->room_count; i++) {
        const Room *room = &curve->rooms[i];
        if (room->first < 0 || (room->first <= peak && peak <= room->last))
            purpose_bytes[room->purpose] += room_bytes(room, batch);
    }
}

BrimTime brim_curve_time(const BrimCurve *curve, int batch, BrimPart part, const BrimRates *rates)
{
    BrimTime time = {{0}};
    for (int op = 0; op < curve->op_count; op++) {
        const Slope *slope = &curve->slopes[op];
        if (slope->part != part)
            continue;
        BrimCost cost = {slope->fixed.flops + batch * slope->per_picture.flops,
                         slope->fixed.bytes + batch * slope->per_picture.bytes};
        brim_time_add(&time, cost, rates);
    }
    return time;
}

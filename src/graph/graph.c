/* The tables of tensors and ops. */
#include "graph/graph.h"

#include <string.h>

/* Room for the parameters of yolov5s, where nobody has asked for room: tables that grow are copied. */
enum { FIRST_TENSORS = 1024, FIRST_OPS = 64 };

static const char *const op_texts[] = {
#define X(name) #name,
    BRIM_OP_LIST(X)
#undef X
};

static const char *const purpose_texts[] = {
#define X(name, text) text,
    BRIM_PURPOSE_LIST(X)
#undef X
};

const char *brim_op_text(BrimOpKind kind)
{
    return op_texts[kind];
}

const char *brim_purpose_text(BrimPurpose purpose)
{
    return purpose_texts[purpose];
}

BrimStatus brim_graph_open(BrimGraph **graph)
{
    *graph = brim_mem_take(BRIM_MEM_GRAPH, 1, sizeof **graph);
    return *graph ? BRIM_OK : BRIM_ERROR_MEMORY;
}

void brim_graph_close(BrimGraph **graph)
{
    if (!*graph)
        return;
    brim_mem_give((*graph)->tensors);
    brim_mem_give((*graph)->ops);
    brim_mem_give(*graph);
    *graph = NULL;
}

/* The table with more room. Only what is in use is copied, and nothing zeroed: what is added is written whole. */
static void *grown_table(void *table, int32_t used, int32_t room, size_t size)
{
    void *grown = brim_mem_take_unset(BRIM_MEM_GRAPH, (size_t)room, size);
    if (grown && table) {
        memcpy(grown, table, (size_t)used * size);
        brim_mem_give(table);
    }
    return grown;
}

static BrimStatus make_tensor_room(BrimGraph *graph, int32_t room)
{
    BrimTensor *grown = grown_table(graph->tensors, graph->tensor_count, room, sizeof *grown);
    if (!grown)
        return BRIM_ERROR_MEMORY;
    graph->tensors = grown;
    graph->tensor_room = room;
    return BRIM_OK;
}

static BrimStatus make_op_room(BrimGraph *graph, int32_t room)
{
    BrimOp *grown = grown_table(graph->ops, graph->op_count, room, sizeof *grown);
    if (!grown)
        return BRIM_ERROR_MEMORY;
    graph->ops = grown;
    graph->op_room = room;
    return BRIM_OK;
}

BrimStatus brim_graph_make_room(BrimGraph *graph, int32_t tensors, int32_t ops)
{
    BrimStatus status = tensors > graph->tensor_room ? make_tensor_room(graph, tensors) : BRIM_OK;
    if (status == BRIM_OK && ops > graph->op_room)
        status = make_op_room(graph, ops);
    return status;
}

BrimStatus brim_graph_add_tensor(BrimGraph *graph, const BrimTensor *pattern, BrimTensorId *id)
{
    BrimStatus status = BRIM_OK;
    if (graph->tensor_count == graph->tensor_room)
        status = make_tensor_room(graph, graph->tensor_room ? 2 * graph->tensor_room : FIRST_TENSORS);
    if (status != BRIM_OK)
        return status;
    *id = graph->tensor_count++;
    graph->tensors[*id] = *pattern;
    return BRIM_OK;
}

BrimStatus brim_graph_add_op(BrimGraph *graph, const BrimOp *pattern, BrimOpId *id)
{
    BrimStatus status = BRIM_OK;
    if (graph->op_count == graph->op_room)
        status = make_op_room(graph, graph->op_room ? 2 * graph->op_room : FIRST_OPS);
    if (status != BRIM_OK)
        return status;
    BrimOpId made = graph->op_count++;
    graph->ops[made] = *pattern;
    if (id)
        *id = made;
    return BRIM_OK;
}

void brim_tensor_set_name(BrimTensor *tensor, const char *first, const char *second, const char *third)
{
    const char *const texts[] = {first, second, third};
    char *at = tensor->name, *end = tensor->name + BRIM_NAME_BYTES - 1;
    for (int i = 0; i < 3; i++) {
        size_t bytes = strnlen(texts[i], (size_t)(end - at));
        memcpy(at, texts[i], bytes);
        at += bytes;
    }
    *at = '\0';
}

BrimTensorId brim_graph_find(const BrimGraph *graph, const char *name)
{
    for (BrimTensorId id = 0; id < graph->tensor_count; id++) {
        if (strcmp(graph->tensors[id].name, name) == 0)
            return id;
    }
    return BRIM_NONE;
}

BrimOp brim_op(BrimOpKind kind, BrimPart part)
{
    BrimOp op = {.kind = kind, .part = part, .layer = -1};
    for (int i = 0; i < BRIM_OP_IN; i++)
        op.in[i] = BRIM_NONE;
    for (int i = 0; i < BRIM_OP_OUT; i++)
        op.out[i] = BRIM_NONE;
    return op;
}

size_t brim_dtype_bytes(BrimDtype dtype)
{
    static const size_t bytes[] = {[BRIM_F32] = 4, [BRIM_F16] = 2, [BRIM_BF16] = 2, [BRIM_U8] = 1, [BRIM_I32] = 4};
    return bytes[dtype];
}

size_t brim_tensor_elements(const BrimTensor *tensor)
{
    size_t elements = (size_t)tensor->dims[0];
    if (tensor->form == BRIM_FORM_RAW || tensor->form == BRIM_FORM_VECTOR || tensor->form == BRIM_FORM_BLOCK)
        return elements;
    for (int i = 1; i < 4; i++)
        elements *= (size_t)tensor->dims[i];
    return elements;
}

BrimTensorId brim_graph_storage(const BrimGraph *graph, BrimTensorId id)
{
    while (graph->tensors[id].parent != BRIM_NONE)
        id = graph->tensors[id].parent;
    return id;
}

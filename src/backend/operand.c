/* From an operand's id to its bytes. */
#include "backend/operand.h"

#include "base/round.h"

size_t brim_operand_offset(const BrimGraph *graph, const BrimPlacement *placement, BrimTensorId id)
{
    size_t within = 0;
    while (graph->tensors[id].parent != BRIM_NONE) {
        const BrimTensor *tensor = &graph->tensors[id];
        if (graph->tensors[tensor->parent].form == BRIM_FORM_BLOCK) {
            within += tensor->offset_bytes;
        } else { /* a part starts on a whole block of channels, so those before it fill whole planes in any layout */
            size_t plane = (size_t)tensor->dims[2] * (size_t)tensor->dims[3];
            within += (size_t)tensor->channel * plane * brim_dtype_bytes(tensor->dtype);
        }
        id = tensor->parent;
    }
    return placement->tensor_offset[id] + within;
}

void *brim_operand_data(const BrimGraph *graph, const BrimPlacement *placement, void *arena, BrimTensorId id)
{
    return id == BRIM_NONE ? NULL : (char *)arena + brim_operand_offset(graph, placement, id);
}

BrimFeature brim_operand_feature(const BrimGraph *graph, const BrimPlacement *placement, void *arena,
                                 BrimTensorId id, int channel_block)
{
    if (id == BRIM_NONE)
        return (BrimFeature){.data = NULL};
    const BrimTensor *tensor = &graph->tensors[id];
    BrimTensorId whole = id;
    while (graph->tensors[whole].parent != BRIM_NONE &&
           graph->tensors[graph->tensors[whole].parent].form != BRIM_FORM_BLOCK)
        whole = graph->tensors[whole].parent;
    int block = tensor->form == BRIM_FORM_FEATURE ? channel_block : 1;
    size_t channels = brim_round_up((size_t)graph->tensors[whole].dims[1], (size_t)block);
    void *data = brim_operand_data(graph, placement, arena, id);
    return (BrimFeature){
        .data = tensor->dtype == BRIM_BF16 ? NULL : data,
        .narrow = tensor->dtype == BRIM_BF16 ? data : NULL,
        .n = tensor->dims[0], .c = tensor->dims[1], .h = tensor->dims[2], .w = tensor->dims[3],
        .block = block,
        .image_floats = channels * (size_t)tensor->dims[2] * (size_t)tensor->dims[3],
    };
}

BrimHeadView brim_operand_head(const BrimGraph *graph, const BrimPlacement *placement, void *arena, BrimTensorId id,
                               int channel_block)
{
    BrimFeature head = brim_operand_feature(graph, placement, arena, id, channel_block);
    return (BrimHeadView){.data = head.data, .n = head.n, .channels = head.c, .h = head.h, .w = head.w,
                          .block = head.block};
}

int brim_operand_count(const BrimTensorId *operands, int first, int room)
{
    int count = 0;
    while (first + count < room && operands[first + count] != BRIM_NONE)
        count++;
    return count;
}

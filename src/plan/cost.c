/* Operations and bytes of ops, and the roofline over them. */
#include "plan/cost.h"

double brim_cost_operand_bytes(const BrimGraph *graph, BrimTensorId id)
{
    const BrimTensor *tensor = id == BRIM_NONE ? NULL : &graph->tensors[id];
    return tensor ? (double)brim_tensor_elements(tensor) * (double)brim_dtype_bytes(tensor->dtype) : 0;
}

/* The output's elements, times what each of them sums up. */
static double conv_flops(const BrimGraph *graph, const BrimOp *op)
{
    BrimTensorId y = op->kind == BRIM_OP_CONV_FORWARD         ? op->out[0]
                     : op->kind == BRIM_OP_CONV_BACKWARD_DATA ? op->in[0]
                                                              : op->in[1];
    BrimTensorId w = op->kind == BRIM_OP_CONV_BACKWARD_WEIGHTS ? op->out[0] : op->in[1];
    const int32_t *dims = graph->tensors[w].dims;
    return 2.0 * (double)brim_tensor_elements(&graph->tensors[y]) * dims[1] * dims[2] * dims[3];
}

double brim_cost_flops(const BrimGraph *graph, BrimOpId id)
{
    const BrimOp *op = &graph->ops[id];
    return brim_op_is_conv(op->kind) ? conv_flops(graph, op) : 0;
}

BrimCost brim_cost_of(const BrimGraph *graph, BrimOpId id)
{
    const BrimOp *op = &graph->ops[id];
    BrimCost cost = {.flops = brim_cost_flops(graph, id)};
    for (int i = 0; i < BRIM_OP_IN; i++)
        cost.bytes += brim_cost_operand_bytes(graph, op->in[i]);
    for (int i = 0; i < BRIM_OP_OUT; i++)
        cost.bytes += brim_cost_operand_bytes(graph, op->out[i]);
    return cost;
}

BrimPace brim_pace(const BrimRates *rates)
{
    BrimPace pace = {.flop_ns = 1e9 / (rates->flops_per_s * rates->flops_share),
                     .byte_ns = 1e9 / (rates->bytes_per_s * rates->bytes_share)};
    for (int kind = 0; kind < BRIM_OP_KIND_COUNT; kind++)
        pace.launch_ns[kind] = rates->launch_ns * (rates->starts ? rates->starts[kind] : 1);
    return pace;
}

double brim_time_ns(const BrimTime *time)
{
    double sum = 0;
    for (int bound = 0; bound < BRIM_BOUND_COUNT; bound++)
        sum += time->ns[bound];
    return sum;
}

BrimBound brim_time_bound(const BrimTime *time)
{
    BrimBound longest = BRIM_BOUND_COMPUTE;
    for (BrimBound bound = 1; bound < BRIM_BOUND_COUNT; bound++)
        longest = time->ns[bound] > time->ns[longest] ? bound : longest;
    return longest;
}

const char *brim_bound_text(BrimBound bound)
{
    static const char *const texts[BRIM_BOUND_COUNT] = {"compute", "memory", "launches"};
    return texts[bound];
}

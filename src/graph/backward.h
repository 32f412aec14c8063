/* The state of a backward pass while it is being written, shared by what turns nodes around (backward.c) and
 * what computes values again that were not kept (again.c). Private to src/graph. */
#ifndef BRIM_GRAPH_BACKWARD_H
#define BRIM_GRAPH_BACKWARD_H

#include "graph/training.h"

typedef struct BrimGradients {
    BrimTensorId ids[BRIM_NODE_MAX_CONSUMERS];
    int count;
} BrimGradients;

typedef struct BrimBackward {
    BrimLowering *lowering;
    BrimKept *kept;           /* outputs that were not kept are entered when they have been computed again */
    BrimPlaces *places;       /* of activations: those that the forward pass left, and those computed again */
    BrimPlaces within;        /* the same of layers whose inside is computed again on the way to an output */
    BrimGradients *gradients; /* per node: what its readers left */
    BrimTensorId *dconv;      /* per node: gradient of the convolution's output, once known */
    bool *weights_done;       /* per node */
} BrimBackward;

static inline const BrimNode *brim_backward_node(const BrimBackward *backward, int node)
{
    return &backward->lowering->network->nodes[node];
}

/* After parts of concatenations that read the node were written: those that are whole now let their readers
 * go on. */
BrimStatus brim_backward_concats_of(BrimBackward *backward, int node);

/* The output of a CONV's convolution: kept, or computed again from what the convolution reads. */
BrimStatus brim_again_output(BrimBackward *backward, int conv, BrimTensorId *id);

/* Some place of the node's value, which is computed again where there is none yet. */
BrimStatus brim_again_value(BrimBackward *backward, int node, BrimTensorId *id);

/* Writes input `input` of a concatenation into its part, unless it is there. */
BrimStatus brim_again_part(BrimBackward *backward, int concat, int input);

/* Emits what writes the node's value to dests once more. */
BrimStatus brim_again_to(BrimBackward *backward, int node, const BrimDests *dests);

#endif

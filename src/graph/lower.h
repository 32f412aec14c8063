/* What the lowerings of a network share: a graph being written, and where each node's value can be found.
 * Private to src/graph. */
#ifndef BRIM_GRAPH_LOWER_H
#define BRIM_GRAPH_LOWER_H

#include "graph/graph.h"
#include "graph/network.h"
#include "graph/parameters.h"
#include "graph/step.h"

/* The places where values lie during one pass (forward, or the recomputation in the backward pass): a dense tensor of
 * its own, and a part of each concatenation that reads it. BRIM_NONE where a place was not made. */
typedef struct BrimPlaces {
    BrimTensorId *dense;   /* per node; for a CONCAT its whole buffer */
    BrimTensorId *part;    /* [node][input]: for a CONCAT, the part that holds its input */
    bool *dense_done;      /* per node: written in this pass */
    bool *part_done;       /* [node][input] */
} BrimPlaces;

typedef struct BrimLowering {
    BrimGraph *graph;
    const BrimNetwork *network;
    const BrimParameters *parameters;
    BrimPart part;
    BrimTensorId pictures;
    BrimPrecision precision;
    int cards; /* whose BatchNorms have their statistics in common */
    const uint8_t *recompute; /* BrimRecompute per layer of the model; NULL: activations everywhere */
} BrimLowering;

/* A list of tensors that one op can hold. */
typedef struct BrimDests {
    BrimTensorId ids[BRIM_NODE_MAX_CONSUMERS + 1];
    int count;
} BrimDests;

BrimStatus brim_places_open(BrimPlaces *places, const BrimNetwork *network);
void brim_places_close(BrimPlaces *places);

/* A feature shaped like the node's output. */
BrimStatus brim_lower_feature(BrimLowering *lowering, int node, const char *what, BrimPurpose purpose,
                              BrimTensorId *id);

/* A part of a feature, `channels` of them from `channel`. */
BrimStatus brim_lower_part(BrimLowering *lowering, BrimTensorId whole, int channel, int channels, BrimTensorId *id);

/* A tensor of dims[0] elements or channels, named after the node's layer; node may be BRIM_NONE. */
BrimStatus brim_lower_row(BrimLowering *lowering, const char *name, int node, BrimForm form, BrimDtype dtype,
                          int32_t count, BrimPurpose purpose, BrimLife life, BrimTensorId *id);

/* The places of a node in this pass, made where they do not exist yet. */
BrimStatus brim_places_dense(BrimLowering *lowering, BrimPlaces *places, int node, BrimTensorId *id);
BrimStatus brim_places_part(BrimLowering *lowering, BrimPlaces *places, int concat, int input, BrimTensorId *id);

/* All places that readers of the node look at: the parts of its concatenations, and a dense tensor where a convolution
 * reads it or nobody else does. Places already written are left out, the others are marked written. */
BrimStatus brim_places_all(BrimLowering *lowering, BrimPlaces *places, int node, BrimDests *dests);

/* Some written place of the node's value, for a pass that takes any; BRIM_NONE where there is none. */
BrimTensorId brim_places_any(const BrimLowering *lowering, const BrimPlaces *places, int node);

/* Adds the op with dests at out[first...]; what exceeds BRIM_MAX_DESTS is copied from the first. */
BrimStatus brim_lower_op_to(BrimLowering *lowering, BrimOp *op, int first, const BrimDests *dests);

/* The op of this kind for a node: part, layer, kernel, stride, padding, activation filled in. */
BrimOp brim_lower_op(const BrimLowering *lowering, BrimOpKind kind, int node);

/* How a node without convolution (ADD apart) gets its value from its input's, which lies in `from`. */
BrimStatus brim_lower_move(BrimLowering *lowering, BrimTensorId from, int node, const BrimDests *dests);

/* What the node's layer computes again in the backward pass. */
BrimRecompute brim_lower_recompute(const BrimLowering *lowering, int node);

/* True for a CONV whose convolution's output is not kept for the backward pass. */
bool brim_lower_drops(const BrimLowering *lowering, int node);

/* True for a CONV whose convolution's output is kept in 16 bits, beside the one that the forward pass reads. */
bool brim_lower_narrows(const BrimLowering *lowering, int node);
BrimStatus brim_lower_narrow(BrimLowering *lowering, int node, BrimTensorId *id);

/* True when the node is read by a convolution. */
bool brim_lower_feeds_conv(const BrimNetwork *network, int node);

#endif

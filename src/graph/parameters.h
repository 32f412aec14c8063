/* The tensors that live as long as a run: weights, gradients, momentum and EMA of every convolution and BN, in blocks
 * that the optimizer walks in one go. They come first in every graph of a model, so that an id means the same tensor in
 * all of them. */
#ifndef BRIM_GRAPH_PARAMETERS_H
#define BRIM_GRAPH_PARAMETERS_H

#include "graph/graph.h"
#include "graph/network.h"
#include "graph/step.h"

/* Which copy of the parameters. Tensor names carry the prefix: "", "gradient/", "momentum/", "ema/". */
typedef enum BrimState {
    BRIM_STATE_WEIGHTS,
    BRIM_STATE_GRADIENTS,
    BRIM_STATE_MOMENTUM,
    BRIM_STATE_EMA,
    BRIM_STATE_COUNT
} BrimState;

/* The tensors of one convolution in one state; what it does not have is BRIM_NONE. */
typedef struct BrimConvTensors {
    BrimTensorId weight;     /* FILTER [out, in, k, k] */
    BrimTensorId bias;       /* VECTOR [out]: a head's bias, or BN's beta */
    BrimTensorId scale;      /* VECTOR [out]: BN's gamma; none in a head */
    BrimTensorId mean, variance; /* VECTOR [out]: BN's running statistics; in WEIGHTS and EMA only */
} BrimConvTensors;

typedef struct BrimParameters {
    BrimConvTensors *convs[BRIM_STATE_COUNT]; /* per conv of the network; NULL for a state that is not there */
    BrimTensorId blocks[BRIM_STATE_COUNT][BRIM_GROUP_COUNT];
    BrimTensorId statistics[BRIM_STATE_COUNT]; /* block of means and variances; in WEIGHTS and EMA only */
    BrimTensorId *half;      /* per conv: the weights once more in 16 bits; NULL where the run computes in fp32 */
    BrimTensorId half_block; /* BRIM_NONE likewise */
} BrimParameters;

/* Adds the tensors to an empty graph: WEIGHTS alone, or, for training, all four states and what the precision asks for
 * beside them. */
BrimStatus brim_parameters_add(BrimParameters **parameters, BrimGraph *graph, const BrimNetwork *network,
                               bool training, BrimPrecision precision);

/* The weights that a convolution computes with: the fp16 copy where there is one. */
BrimTensorId brim_parameters_weight(const BrimParameters *parameters, int conv);
void brim_parameters_close(BrimParameters **parameters);

#endif

/* What the forward half of a training step leaves to the backward half. Private to src/graph. */
#ifndef BRIM_GRAPH_TRAINING_H
#define BRIM_GRAPH_TRAINING_H

#include "graph/lower.h"

typedef struct BrimKept {
    BrimTensorId *conv;  /* per node: the convolution's output; BRIM_NONE where it is to be computed again */
    BrimTensorId *mean;  /* per node: of the batch, and 1 / sqrt(variance + eps) */
    BrimTensorId *rstd;
    BrimTensorId *dhead; /* per node: gradient of a head, from the loss */
} BrimKept;

/* The forward half; leaves in `places` the activations that are kept. */
BrimStatus brim_training_forward(BrimLowering *lowering, BrimKept *kept, BrimPlaces *places);
BrimStatus brim_training_backward(BrimLowering *lowering, BrimKept *kept, BrimPlaces *places);

#endif

/* In what a step keeps and computes, and what follows from it. Knows of a device no more than its compute
 * capability. */
#ifndef BRIM_GRAPH_PRECISION_H
#define BRIM_GRAPH_PRECISION_H

#include "base/status.h"
#include "graph/graph.h"

typedef enum BrimPrecision {
    BRIM_PRECISION_FP32,
    BRIM_PRECISION_BF16_KEPT, /* what the forward pass keeps for the backward pass is bfloat16; all is
                                 computed in fp32 */
    BRIM_PRECISION_AMP,       /* features and their gradients are fp16, and so is a copy of the convolutions'
                                 weights; weights, their gradients, momentum, EMA and BN's figures stay fp32.
                                 For GPUs. */
    BRIM_PRECISION_BF16,      /* the same with bfloat16, which has fp32's range: no loss need be scaled */
    BRIM_PRECISION_COUNT
} BrimPrecision;

typedef struct BrimPrecisionTraits {
    const char *text;   /* in reports: "fp32", "bf16-kept", "amp", "bf16" */
    const char *option; /* the word that asks for it: "fp32", "amp", "bf16" */
    BrimDtype feature;  /* of features, their gradients, and the filters that convolutions read */
    bool loss_scaled;   /* the loss is made larger, by a scale that adapts, so that small gradients survive */
    int capability;     /* compute capability of the first cards that compute in it; 0: any that brim takes */
    double most_apart;  /* how far from fp32 a network's outputs may be (run/train_amp.c); 0: never asked */
} BrimPrecisionTraits;

const BrimPrecisionTraits *brim_precision_traits(BrimPrecision precision);

/* What an option's word asks for, where 16 bits are `narrow` on the device. ERROR_ARGUMENT names the words;
 * `more` are those that the caller knows besides, "" or "auto, ". */
BrimStatus brim_precision_parse(const char *word, BrimPrecision narrow, const char *more,
                                BrimPrecision *precision);

/* ERROR_UNSUPPORTED where a device does not compute in it, and says which precision to choose instead.
 * `capability` of the device is a card's, 86 for 8.6; 0: it is none. */
BrimStatus brim_precision_check(BrimPrecision precision, const char *device, int capability);

#endif

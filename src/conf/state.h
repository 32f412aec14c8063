/* The tensors of a model's state_dict: what a checkpoint of YOLOv5 holds for it, name by name. */
#ifndef BRIM_CONF_STATE_H
#define BRIM_CONF_STATE_H

#include "conf/model.h"

/* The optimizer's groups in YOLOv5's order, and what it does not touch. */
typedef enum BrimStateGroup {
    BRIM_STATE_GROUP_BIAS,   /* BN bias, Detect bias */
    BRIM_STATE_GROUP_WEIGHT, /* convolution weights: the ones that decay */
    BRIM_STATE_GROUP_SCALE,  /* BN weight */
    BRIM_STATE_GROUP_BUFFER
} BrimStateGroup;

typedef struct BrimStateTensor {
    char name[64]; /* "model.2.m.0.cv1.conv.weight" */
    int layer;
    int rank;         /* 0 to 4; a counter is a number of rank 0 */
    int64_t shape[4]; /* [out, in, k, k], [channels], anchors [levels, anchors, 2] */
    bool counter;     /* num_batches_tracked, an int64; everything else is float32 */
    BrimStateGroup group;
} BrimStateTensor;

typedef BrimStatus (*BrimStateVisit)(void *self, const BrimStateTensor *tensor);

/* Calls visit for each tensor in the order of the state_dict; stops at the first that does not return BRIM_OK
 * and returns what it said. */
BrimStatus brim_model_state(const BrimModel *model, BrimStateVisit visit, void *self);

#endif

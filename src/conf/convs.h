/* The convolutions inside a layer, by the names and in the order of YOLOv5's state_dict: what a count of
 * parameters, of operations and the list of tensors all follow from. */
#ifndef BRIM_CONF_CONVS_H
#define BRIM_CONF_CONVS_H

#include "conf/model.h"

typedef struct BrimConvPart {
    char name[24]; /* within the layer: "", "cv1", "m.0.cv2"; "m.1" of a head */
    int in_channels, out_channels, kernel;
    int reduction; /* picture px per cell of its output */
    bool head;     /* a bias alone; the others have a BatchNorm and no bias */
} BrimConvPart;

typedef BrimStatus (*BrimConvVisit)(void *self, const BrimConvPart *conv);

/* Calls visit for each; stops at the first that does not return BRIM_OK and returns what it said. */
BrimStatus brim_layer_convs(const BrimModel *model, int layer, BrimConvVisit visit, void *self);

#endif

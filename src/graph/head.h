/* What training and inference graphs have in common at both ends: sizes, pictures, detection heads.
 * Private to src/graph. */
#ifndef BRIM_GRAPH_HEAD_H
#define BRIM_GRAPH_HEAD_H

#include "graph/basis.h"
#include "graph/lower.h"
#include "graph/step.h"

/* Sizes and head settings of the graph; ERROR_ARGUMENT where a side is no multiple of the model's largest stride. */
BrimStatus brim_head_fill(BrimGraph *graph, const BrimStepConf *conf);

/* Opens the graph, fills it and adds the parameters, ready to be lowered to. Where the conf has no basis, one is made as
 * `training` says (basis.h) and left in *own, to be closed after the lowering. */
BrimStatus brim_head_begin(BrimLowering *lowering, const BrimStepConf *conf, bool training, BrimBasis **own,
                           BrimGraph **graph);

/* The `pictures` tensor. */
BrimStatus brim_head_add_pictures(BrimLowering *lowering);

/* The staging tensors of a LOSS op, as its operands: `targets`, `target_count`, `items`. */
BrimStatus brim_head_add_targets(BrimLowering *lowering, const BrimStepConf *conf, BrimOp *loss);

#endif

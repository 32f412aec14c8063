/* A program over tensors: what a training step or an inference does, op by op, before anybody knows an address.
 * Tensors and ops are named by integer id and live in one growing table each. The order of the ops is the order in
 * which they run. Knows nothing of devices; bytes are filled in by whoever measures (plan/size.h). */
#ifndef BRIM_GRAPH_GRAPH_H
#define BRIM_GRAPH_GRAPH_H

#include "base/memory.h"
#include "conf/hyper.h"
#include "conf/model.h"

typedef int32_t BrimTensorId;
typedef int32_t BrimOpId;

enum {
    BRIM_NONE = -1,
    BRIM_OP_IN = 12,     /* operands that an op reads, at most */
    BRIM_OP_OUT = 12,    /* operands that it writes, at most */
    BRIM_MAX_GRADS = 4,  /* gradients that one pass sums */
    BRIM_MAX_DESTS = 4,  /* places that one pass writes its activation to */
    BRIM_NAME_BYTES = 64
};

typedef enum BrimDtype { BRIM_F32, BRIM_F16, BRIM_BF16, BRIM_U8, BRIM_I32 } BrimDtype;

/* How the elements lie. Shapes in dims[]. */
typedef enum BrimForm {
    BRIM_FORM_RAW,     /* dims[0] elements in a row */
    BRIM_FORM_BLOCK,   /* a run of member tensors, each at offset_bytes: all weights of one optimizer group, say */
    BRIM_FORM_PLAIN,   /* n, c, h, w in that order */
    BRIM_FORM_FEATURE, /* n, c, h, w in the layout that the backend prefers for features */
    BRIM_FORM_FILTER,  /* out, in, kh, kw in the layout that the backend prefers for filters */
    BRIM_FORM_VECTOR   /* dims[0] = c floats, padded with zeros to the channel block */
} BrimForm;

/* What the bytes are for: the rows of every memory report. */
#define BRIM_PURPOSE_LIST(X)                                                                                   \
    X(WEIGHTS, "weights")                                                                                      \
    X(GRADIENTS, "gradients")                                                                                  \
    X(OPTIMIZER, "optimizer")                                                                                  \
    X(EMA, "EMA")                                                                                              \
    X(STAGING, "staging")                                                                                      \
    X(KEPT, "kept for backward")                                                                               \
    X(TRANSIENT, "transient")                                                                                  \
    X(WORKSPACE, "workspace")

typedef enum BrimPurpose {
#define X(name, text) BRIM_PURPOSE_##name,
    BRIM_PURPOSE_LIST(X)
#undef X
        BRIM_PURPOSE_COUNT
} BrimPurpose;

/* How long a tensor lives. */
typedef enum BrimLife {
    BRIM_LIFE_OPS,     /* from the first op that writes it to the last that reads it */
    BRIM_LIFE_SESSION, /* as long as graphs of its kind run: folded weights over a whole validation */
    BRIM_LIFE_ALWAYS   /* as long as the run, at the same place in every graph of it */
} BrimLife;

typedef struct BrimTensor {
    char name[BRIM_NAME_BYTES]; /* parameters: YOLOv5's state_dict name, with "gradient/", "momentum/", "ema/" before */
    BrimForm form;
    BrimDtype dtype;
    BrimPurpose purpose;
    BrimLife life;
    int32_t dims[4];
    BrimTensorId parent; /* BRIM_NONE, the feature whose channels it is a part of, or the block it is a member of */
    int32_t channel;     /* part of a feature: the first of the parent's channels */
    size_t offset_bytes; /* member of a block: where in it; set when measured */
    size_t bytes;        /* storage; 0 for a part of a feature; set when measured */
} BrimTensor;

/* Operands by position; [] marks what may be BRIM_NONE, ... a run that ends at BRIM_NONE or the array's end.
 * Unused positions are BRIM_NONE. "dests": 1 to BRIM_MAX_DESTS features or parts of features, all written alike.
 *
 *   op                    in                                                  out
 *   INPUT                 pictures u8 RAW [n h w 3], RGB                      x PLAIN [n 3 h w] = pictures / 255
 *   CONV_FORWARD          x, w, [bias]                                        y
 *   CONV_BACKWARD_DATA    dy, w                                               dx
 *   CONV_BACKWARD_WEIGHTS x, dy                                               dw, [dbias]   += when accumulating
 *   BN_FORWARD            y, gamma, beta, running_mean, running_var, [res]    mean, rstd, running_mean, running_var,
 *                                                                             dests...      = act(bn(y)) + res
 *                                                                             [narrow]      = y, as bfloat16
 *   BN_RECOMPUTE          y, gamma, beta, mean, rstd, [res]                   dests...      = act(bn(y)) + res
 *   BN_BACKWARD_REDUCE    y, gamma, beta, mean, rstd, grads...                dgamma, dbeta (+= when accumulating),
 *                                                                             sums RAW [2 c], [grad_sum], dests...
 *        g = sum of grads, written to grad_sum where asked; dz = g * act'(bn(y)); sums = (sum dz, sum dz * xhat) of
 *        this micro-batch; dests = act(bn(y)), the activation again, written while y is being read anyway.
 *        BN_RECOMPUTE and BN_BACKWARD_* take y in fp32 or, as BN_FORWARD narrowed it, in bfloat16
 *        With several cards BN_FORWARD's mean, rstd and running statistics, and these sums, are of the pixels of
 *        all; dgamma and dbeta stay the card's own
 *   BN_BACKWARD_APPLY     y, gamma, beta, mean, rstd, sums, grad              dy            may be the same bytes as grad
 *   ACT_FORWARD           x, [res]                                            dests...      = act(x) + res
 *   COPY                  x                                                   dests...
 *   ADD                   grads...                                            y             = their sum; may be the first
 *   POOL_FORWARD          x                                                   y             max, stride 1, pad k/2
 *   POOL_BACKWARD         x, dy, dx                                           dx            += dy at the first maximum
 *   UPSAMPLE_FORWARD      x                                                   dests...      nearest, twice the size
 *   UPSAMPLE_BACKWARD     dy                                                  dx            sums of 2 x 2
 *   LOSS                  targets F32 RAW [cap 6], count I32 RAW [1],         items F32 RAW [4], dheads...
 *                         heads...                                            (none of them in a validation)
 *   GRADIENT_NORM         gradient blocks...                                  norm F32 RAW [2]: norm, clip factor
 *   OPTIMIZE              w, g, m, norm, [ema]    (blocks)                    w, m, [ema], [half]
 *                                                                             SGD Nesterov, then EMA; half = w in 16 bits
 *        dheads come times the step's loss scale; the norm is that of gradients without it, and the clip factor takes it
 *        out: 0 where the norm is no finite number, and OPTIMIZE then leaves w and m as they are
 *   AVERAGE               w, ema                  (blocks)                    ema           EMA of the statistics
 *   FOLD                  w, [gamma, beta, mean, var]                         folded w, [folded bias]   a head, which has
 *                                                                             no BN, is folded only where w is narrowed
 *   DECODE                heads...                                            predictions F32 RAW [n rows 5 + nc]
 */
#define BRIM_OP_LIST(X)                                                                                        \
    X(INPUT)                                                                                                   \
    X(CONV_FORWARD)                                                                                            \
    X(CONV_BACKWARD_DATA)                                                                                      \
    X(CONV_BACKWARD_WEIGHTS)                                                                                   \
    X(BN_FORWARD)                                                                                              \
    X(BN_RECOMPUTE)                                                                                            \
    X(BN_BACKWARD_REDUCE)                                                                                      \
    X(BN_BACKWARD_APPLY)                                                                                       \
    X(ACT_FORWARD)                                                                                             \
    X(COPY)                                                                                                    \
    X(ADD)                                                                                                     \
    X(POOL_FORWARD)                                                                                            \
    X(POOL_BACKWARD)                                                                                           \
    X(UPSAMPLE_FORWARD)                                                                                        \
    X(UPSAMPLE_BACKWARD)                                                                                       \
    X(LOSS)                                                                                                    \
    X(GRADIENT_NORM)                                                                                           \
    X(OPTIMIZE)                                                                                                \
    X(AVERAGE)                                                                                                 \
    X(FOLD)                                                                                                    \
    X(DECODE)

typedef enum BrimOpKind {
#define X(name) BRIM_OP_##name,
    BRIM_OP_LIST(X)
#undef X
        BRIM_OP_KIND_COUNT
} BrimOpKind;

/* A run of ops that is started as one. */
typedef enum BrimPart {
    BRIM_PART_GRADIENT, /* input, forward, loss, backward of one micro-batch */
    BRIM_PART_UPDATE,   /* clip, SGD, EMA */
    BRIM_PART_FOLD,     /* BN folded into the convolutions, once per validation */
    BRIM_PART_INFER,    /* input, forward, decode */
    BRIM_PART_COUNT
} BrimPart;

/* Positions where an op's variable operands start. */
enum {
    BRIM_IN_GRADS = 5,      /* BN_BACKWARD_REDUCE */
    BRIM_IN_HEADS = 2,      /* LOSS */
    BRIM_OUT_BN_DESTS = 4,  /* BN_FORWARD, and BN_BACKWARD_REDUCE */
    BRIM_OUT_BN_NARROW = BRIM_OUT_BN_DESTS + BRIM_MAX_DESTS, /* BN_FORWARD */
    BRIM_OUT_DHEADS = 1     /* LOSS */
};

/* Bytes that an op needs while it runs, by the batch: fixed + min(batch * picture, most). */
typedef struct BrimWorkspace {
    size_t fixed_bytes, picture_bytes, most_bytes;
} BrimWorkspace;

static inline size_t brim_workspace_bytes(const BrimWorkspace *workspace, int batch)
{
    size_t growing = workspace->picture_bytes * (size_t)batch;
    return workspace->fixed_bytes + (growing < workspace->most_bytes ? growing : workspace->most_bytes);
}

typedef struct BrimOp {
    BrimOpKind kind;
    BrimPart part;
    BrimTensorId in[BRIM_OP_IN];
    BrimTensorId out[BRIM_OP_OUT];
    int32_t layer;    /* of the model, for reports; -1 where none */
    int32_t kernel;   /* CONV_*, POOL_* */
    int32_t stride;   /* CONV_* */
    int32_t padding;  /* CONV_* */
    bool activation;  /* BN_*, ACT_*: SiLU, or the identity */
    int32_t cards;    /* BN_*: whose features, one of each and all of one shape, have their statistics in common; 0, 1: this
                         card's alone */
    int32_t group;    /* OPTIMIZE: BrimParamGroup */
    BrimWorkspace workspace; /* set when measured, and what that is for the graph's batch */
    size_t workspace_bytes;
} BrimOp;

/* The optimizer's groups, in YOLOv5's order of learning rates. */
typedef enum BrimParamGroup {
    BRIM_GROUP_BIAS,   /* BN beta and Detect bias: no decay, a warmup of their own */
    BRIM_GROUP_WEIGHT, /* convolution weights: decay */
    BRIM_GROUP_SCALE,  /* BN gamma: no decay */
    BRIM_GROUP_COUNT
} BrimParamGroup;

/* What LOSS and DECODE need beside tensors. */
typedef struct BrimHeadConf {
    int class_count;
    int level_count;
    int anchor_count;
    int stride_px[BRIM_MAX_LEVELS];
    float anchors_px[BRIM_MAX_LEVELS][BRIM_MAX_ANCHORS][2];
    BrimHyper hyper; /* gains as brim_hyper_scale left them */
} BrimHeadConf;

typedef struct BrimGraph {
    BrimTensor *tensors;
    int32_t tensor_count;
    int32_t tensor_room;
    BrimTensorId measured; /* tensors before it have their bytes: parameters of a basis that was measured */
    BrimOp *ops;
    int32_t op_count;
    int32_t op_room;
    BrimHeadConf head;
    int32_t batch, height_px, width_px;
} BrimGraph;

BrimStatus brim_graph_open(BrimGraph **graph);
void brim_graph_close(BrimGraph **graph);

/* Room for so many tensors and ops in all, where it is known beforehand: tables that grow are copied. */
BrimStatus brim_graph_make_room(BrimGraph *graph, int32_t tensors, int32_t ops);

/* A new tensor or op, copied from the pattern; its id through the pointer. An op's operands must exist. */
BrimStatus brim_graph_add_tensor(BrimGraph *graph, const BrimTensor *pattern, BrimTensorId *id);
BrimStatus brim_graph_add_op(BrimGraph *graph, const BrimOp *pattern, BrimOpId *id);

/* The tensor's name from three texts, cut where it would not fit. A search builds dozens of graphs, whose names are most
 * of the work: snprintf takes ten times as long. */
void brim_tensor_set_name(BrimTensor *tensor, const char *first, const char *second, const char *third);

/* The id of the tensor of that name, or BRIM_NONE. */
BrimTensorId brim_graph_find(const BrimGraph *graph, const char *name);

/* An op of that kind with every operand BRIM_NONE. */
BrimOp brim_op(BrimOpKind kind, BrimPart part);

const char *brim_op_text(BrimOpKind kind);

static inline bool brim_op_is_conv(BrimOpKind kind)
{
    return kind == BRIM_OP_CONV_FORWARD || kind == BRIM_OP_CONV_BACKWARD_DATA ||
           kind == BRIM_OP_CONV_BACKWARD_WEIGHTS;
}
const char *brim_purpose_text(BrimPurpose purpose);

/* Elements by shape, and bytes of one. */
size_t brim_tensor_elements(const BrimTensor *tensor);
size_t brim_dtype_bytes(BrimDtype dtype);

/* The tensor whose storage this one lies in: itself, its parent, or its parent's parent. */
BrimTensorId brim_graph_storage(const BrimGraph *graph, BrimTensorId id);

#endif

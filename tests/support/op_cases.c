/* The cases, and how each becomes a graph. */
#include "support/op_cases.h"

#include <stdio.h>

#include "graph/head.h"

enum { TARGET_CAP = 12 };

/* Nobody asks for the gradient of the picture. */
#define FIRST_CONV(...)                                                                                      \
    {BRIM_OP_CONV_FORWARD, __VA_ARGS__},                                                                     \
    {                                                                                                        \
        BRIM_OP_CONV_BACKWARD_WEIGHTS, __VA_ARGS__                                                           \
    }
#define CONV(...)                                                                                            \
    FIRST_CONV(__VA_ARGS__),                                                                                 \
    {                                                                                                        \
        BRIM_OP_CONV_BACKWARD_DATA, __VA_ARGS__                                                              \
    }

const OpCase op_cases[] = {
    {BRIM_OP_INPUT, .n = 1, .c = 3, .h = 5, .w = 7},
    {BRIM_OP_INPUT, .n = 3, .c = 3, .h = 32, .w = 33},
    {BRIM_OP_INPUT, .n = 2, .c = 3, .h = 6, .w = 10},

    FIRST_CONV(.n = 1, .c = 3, .h = 32, .w = 32, .out_c = 16, .kernel = 6, .stride = 2, .padding = 2),
    FIRST_CONV(.n = 3, .c = 3, .h = 64, .w = 32, .out_c = 48, .kernel = 6, .stride = 2, .padding = 2,
               .accumulate = true),
    FIRST_CONV(.n = 2, .c = 3, .h = 32, .w = 33, .out_c = 16, .kernel = 6, .stride = 2, .padding = 2),
    FIRST_CONV(.n = 1, .c = 3, .h = 8, .w = 12, .out_c = 16, .kernel = 6, .stride = 1, .padding = 2),
    FIRST_CONV(.n = 2, .c = 3, .h = 8, .w = 12, .out_c = 16, .kernel = 3, .stride = 2, .padding = 1),
    CONV(.n = 1, .c = 16, .h = 7, .w = 5, .out_c = 32, .kernel = 1, .stride = 1),
    CONV(.n = 3, .c = 32, .h = 9, .w = 9, .out_c = 16, .kernel = 1, .stride = 1, .accumulate = true),
    CONV(.n = 2, .c = 24, .h = 8, .w = 8, .out_c = 40, .kernel = 1, .stride = 1),
    CONV(.n = 1, .c = 64, .h = 13, .w = 11, .out_c = 24, .kernel = 1, .stride = 1, .bias = true),
    CONV(.n = 3, .c = 32, .h = 4, .w = 4, .out_c = 24, .kernel = 1, .stride = 1, .bias = true,
         .accumulate = true),
    CONV(.n = 2, .c = 16, .h = 6, .w = 6, .out_c = 255, .kernel = 1, .stride = 1, .bias = true),
    CONV(.n = 1, .c = 16, .h = 9, .w = 7, .out_c = 16, .kernel = 3, .stride = 1, .padding = 1),
    CONV(.n = 3, .c = 32, .h = 8, .w = 8, .out_c = 48, .kernel = 3, .stride = 1, .padding = 1,
         .accumulate = true),
    CONV(.n = 2, .c = 20, .h = 6, .w = 10, .out_c = 12, .kernel = 3, .stride = 1, .padding = 1),
    CONV(.n = 1, .c = 16, .h = 16, .w = 16, .out_c = 32, .kernel = 3, .stride = 2, .padding = 1),
    CONV(.n = 3, .c = 32, .h = 10, .w = 6, .out_c = 64, .kernel = 3, .stride = 2, .padding = 1,
         .accumulate = true),

    {BRIM_OP_BN_FORWARD, .n = 1, .c = 16, .h = 8, .w = 8, .activation = true},
    {BRIM_OP_BN_FORWARD, .n = 3, .c = 20, .h = 7, .w = 5, .activation = true, .terms = 2},
    {BRIM_OP_BN_FORWARD, .n = 3, .c = 32, .h = 5, .w = 5, .activation = true, .residual = true},
    {BRIM_OP_BN_FORWARD, .n = 2, .c = 48, .h = 4, .w = 6},
    {BRIM_OP_BN_FORWARD, .n = 2, .c = 32, .h = 9, .w = 3, .activation = true, .terms = 4, .place = OP_FIRST},
    {BRIM_OP_BN_FORWARD, .n = 3, .c = 24, .h = 3, .w = 3, .activation = true, .residual = true,
     .place = OP_LAST},
    {BRIM_OP_BN_FORWARD, .n = 1, .c = 40, .h = 1, .w = 1, .activation = true},
    {BRIM_OP_BN_FORWARD, .n = 2, .c = 16, .h = 33, .w = 65, .activation = true},

    {BRIM_OP_BN_RECOMPUTE, .n = 1, .c = 16, .h = 8, .w = 8, .activation = true},
    {BRIM_OP_BN_RECOMPUTE, .n = 3, .c = 20, .h = 7, .w = 5, .terms = 2, .residual = true},
    {BRIM_OP_BN_RECOMPUTE, .n = 2, .c = 32, .h = 9, .w = 3, .activation = true, .terms = 3, .residual = true,
     .place = OP_FIRST},
    {BRIM_OP_BN_RECOMPUTE, .n = 3, .c = 24, .h = 3, .w = 3, .activation = true, .place = OP_LAST},

    {BRIM_OP_BN_BACKWARD_REDUCE, .n = 1, .c = 16, .h = 8, .w = 8, .activation = true},
    {BRIM_OP_BN_BACKWARD_REDUCE, .n = 3, .c = 20, .h = 7, .w = 5, .activation = true, .terms = 2,
     .accumulate = true},
    {BRIM_OP_BN_BACKWARD_REDUCE, .n = 3, .c = 32, .h = 5, .w = 5, .terms = 3, .bias = true},
    {BRIM_OP_BN_BACKWARD_REDUCE, .n = 2, .c = 32, .h = 9, .w = 3, .activation = true, .terms = 4,
     .in_place = true, .bias = true, .place = OP_FIRST},
    {BRIM_OP_BN_BACKWARD_REDUCE, .n = 3, .c = 24, .h = 3, .w = 3, .activation = true, .terms = 2,
     .in_place = true, .accumulate = true, .place = OP_LAST},
    {BRIM_OP_BN_BACKWARD_REDUCE, .n = 2, .c = 16, .h = 33, .w = 65, .activation = true, .bias = true},

    {BRIM_OP_BN_BACKWARD_APPLY, .n = 1, .c = 16, .h = 8, .w = 8, .activation = true},
    {BRIM_OP_BN_BACKWARD_APPLY, .n = 3, .c = 20, .h = 7, .w = 5, .activation = true, .in_place = true},
    {BRIM_OP_BN_BACKWARD_APPLY, .n = 3, .c = 32, .h = 5, .w = 5},
    {BRIM_OP_BN_BACKWARD_APPLY, .n = 2, .c = 32, .h = 9, .w = 3, .activation = true, .place = OP_FIRST},
    {BRIM_OP_BN_BACKWARD_APPLY, .n = 3, .c = 24, .h = 3, .w = 3, .activation = true, .place = OP_LAST},

    {BRIM_OP_ACT_FORWARD, .n = 1, .c = 16, .h = 8, .w = 8, .activation = true, .in_place = true},
    {BRIM_OP_ACT_FORWARD, .n = 3, .c = 20, .h = 7, .w = 5, .activation = true, .residual = true, .terms = 3},
    {BRIM_OP_ACT_FORWARD, .n = 2, .c = 32, .h = 9, .w = 3, .residual = true, .terms = 2, .place = OP_FIRST},
    {BRIM_OP_ACT_FORWARD, .n = 2, .c = 24, .h = 5, .w = 5, .activation = true, .place = OP_LAST},

    {BRIM_OP_COPY, .n = 1, .c = 20, .h = 3, .w = 7},
    {BRIM_OP_COPY, .n = 3, .c = 32, .h = 5, .w = 5, .terms = 4, .place = OP_FIRST},
    {BRIM_OP_COPY, .n = 3, .c = 24, .h = 5, .w = 5, .terms = 2, .place = OP_LAST},

    {BRIM_OP_ADD, .n = 1, .c = 20, .h = 3, .w = 7, .terms = 2},
    {BRIM_OP_ADD, .n = 3, .c = 32, .h = 5, .w = 5, .terms = 4, .in_place = true},
    {BRIM_OP_ADD, .n = 2, .c = 32, .h = 5, .w = 5, .terms = 3, .in_place = true, .place = OP_FIRST},
    {BRIM_OP_ADD, .n = 3, .c = 24, .h = 4, .w = 4, .terms = 2, .place = OP_LAST},

    {BRIM_OP_POOL_FORWARD, .n = 1, .c = 16, .h = 4, .w = 4, .kernel = 5},
    {BRIM_OP_POOL_FORWARD, .n = 3, .c = 32, .h = 10, .w = 7, .kernel = 5, .place = OP_FIRST},
    {BRIM_OP_POOL_FORWARD, .n = 2, .c = 24, .h = 13, .w = 9, .kernel = 13, .place = OP_LAST},
    {BRIM_OP_POOL_FORWARD, .n = 2, .c = 20, .h = 3, .w = 20, .kernel = 9},
    {BRIM_OP_POOL_BACKWARD, .n = 1, .c = 16, .h = 4, .w = 4, .kernel = 5},
    {BRIM_OP_POOL_BACKWARD, .n = 3, .c = 32, .h = 10, .w = 7, .kernel = 5, .place = OP_FIRST},
    {BRIM_OP_POOL_BACKWARD, .n = 2, .c = 24, .h = 13, .w = 9, .kernel = 13, .place = OP_LAST},
    {BRIM_OP_POOL_BACKWARD, .n = 2, .c = 20, .h = 3, .w = 20, .kernel = 9},

    {BRIM_OP_UPSAMPLE_FORWARD, .n = 1, .c = 16, .h = 4, .w = 4},
    {BRIM_OP_UPSAMPLE_FORWARD, .n = 3, .c = 20, .h = 3, .w = 5, .terms = 2},
    {BRIM_OP_UPSAMPLE_FORWARD, .n = 2, .c = 32, .h = 5, .w = 3, .terms = 2, .place = OP_FIRST},
    {BRIM_OP_UPSAMPLE_BACKWARD, .n = 1, .c = 16, .h = 4, .w = 4},
    {BRIM_OP_UPSAMPLE_BACKWARD, .n = 3, .c = 20, .h = 3, .w = 5},
    {BRIM_OP_UPSAMPLE_BACKWARD, .n = 2, .c = 32, .h = 5, .w = 3, .place = OP_FIRST},

    {BRIM_OP_LOSS, .n = 1, .h = 64, .w = 64},
    {BRIM_OP_LOSS, .n = 3, .h = 64, .w = 96, .bias = true},
    {BRIM_OP_DECODE, .n = 1, .h = 64, .w = 64},
    {BRIM_OP_DECODE, .n = 3, .h = 32, .w = 96},
    {BRIM_OP_GRADIENT_NORM, .n = 1, .c = 20, .out_c = 24, .kernel = 3},
    {BRIM_OP_GRADIENT_NORM, .n = 1, .c = 100, .out_c = 120, .kernel = 3},
    {BRIM_OP_OPTIMIZE, .n = 1, .c = 20, .out_c = 24, .kernel = 3, .residual = true},
    {BRIM_OP_OPTIMIZE, .n = 1, .c = 3, .out_c = 16, .kernel = 6},
    {BRIM_OP_AVERAGE, .n = 1, .c = 20, .out_c = 24, .kernel = 1},
    {BRIM_OP_FOLD, .n = 1, .c = 20, .out_c = 24, .kernel = 3},
    {BRIM_OP_FOLD, .n = 1, .c = 3, .out_c = 16, .kernel = 6},
    {BRIM_OP_FOLD, .n = 1, .c = 32, .out_c = 48, .kernel = 1},
};
const int op_case_count = sizeof op_cases / sizeof op_cases[0];

void op_case_name(const OpCase *test, char *name, size_t bytes)
{
    static const char *const places[] = {"", " first", " last"};
    snprintf(name, bytes, "%s n%d c%d %dx%d out%d k%d s%d terms%d%s%s%s%s%s%s", brim_op_text(test->kind),
             test->n, test->c, test->h, test->w, test->out_c, test->kernel, test->stride, test->terms,
             test->activation ? " act" : "", test->residual ? " res" : "", test->bias ? " bias" : "",
             test->accumulate ? " accumulate" : "", test->in_place ? " in place" : "", places[test->place]);
}

/* A graph being written for a case. The first failure stays; what follows it does nothing. */
typedef struct Builder {
    const OpCase *test;
    BrimGraph *graph;
    BrimOp op;
    BrimStatus status;
} Builder;

static BrimTensorId add(Builder *builder, BrimTensor tensor, const char *name)
{
    BrimTensorId id = BRIM_NONE;
    snprintf(tensor.name, sizeof tensor.name, "%s%d", name, builder->graph->tensor_count);
    if (builder->status == BRIM_OK)
        builder->status = brim_graph_add_tensor(builder->graph, &tensor, &id);
    return id;
}

static BrimTensor tensor_of(BrimForm form, int a, int b, int c, int d)
{
    return (BrimTensor){.form = form,
                        .dtype = BRIM_F32,
                        .purpose = BRIM_PURPOSE_STAGING,
                        .life = BRIM_LIFE_SESSION,
                        .dims = {a, b, c, d},
                        .parent = BRIM_NONE};
}

static BrimTensorId whole(Builder *builder, const char *name, int channels, int h, int w)
{
    return add(builder, tensor_of(BRIM_FORM_FEATURE, builder->test->n, channels, h, w), name);
}

/* A feature of that shape, where the case wants it. "in" is filled, "out" is left as poison; what lies beside
 * a part is filled. */
static BrimTensorId feature(Builder *builder, const char *name, int channels, int h, int w)
{
    BrimTensor part = tensor_of(BRIM_FORM_FEATURE, builder->test->n, channels, h, w);
    if (builder->test->place == OP_WHOLE)
        return whole(builder, name, channels, h, w);
    part.channel = builder->test->place == OP_FIRST ? 0 : 16;
    part.parent =
        whole(builder, "in", builder->test->place == OP_FIRST ? channels + 24 : channels + 16, h, w);
    return add(builder, part, name);
}

static BrimTensorId vector(Builder *builder, const char *name, int channels)
{
    return add(builder, tensor_of(BRIM_FORM_VECTOR, channels, 1, 1, 1), name);
}

static BrimTensorId row(Builder *builder, const char *name, BrimDtype dtype, int count)
{
    BrimTensor tensor = tensor_of(BRIM_FORM_RAW, count, 1, 1, 1);
    tensor.dtype = dtype;
    return add(builder, tensor, name);
}

static BrimTensorId filter(Builder *builder, const char *name)
{
    const OpCase *test = builder->test;
    return add(builder, tensor_of(BRIM_FORM_FILTER, test->out_c, test->c, test->kernel, test->kernel), name);
}

static void build_input(Builder *builder)
{
    const OpCase *test = builder->test;
    builder->op.in[0] = row(builder, "pictures", BRIM_U8, test->n * test->h * test->w * 3);
    builder->op.out[0] = add(builder, tensor_of(BRIM_FORM_PLAIN, test->n, test->c, test->h, test->w), "out");
}

/* The first convolution reads the picture, which is PLAIN, as in every model. */
static BrimTensorId conv_input(Builder *builder, const char *name)
{
    const OpCase *test = builder->test;
    BrimForm form = test->c == 3 ? BRIM_FORM_PLAIN : BRIM_FORM_FEATURE;
    return add(builder, tensor_of(form, test->n, test->c, test->h, test->w), name);
}

static BrimTensorId conv_output(Builder *builder, const char *name)
{
    const OpCase *test = builder->test;
    int h = (test->h + 2 * test->padding - test->kernel) / test->stride + 1;
    int w = (test->w + 2 * test->padding - test->kernel) / test->stride + 1;
    return whole(builder, name, test->out_c, h, w);
}

static void build_conv(Builder *builder)
{
    BrimOp *op = &builder->op;
    const OpCase *test = builder->test;
    const char *gradient = test->accumulate ? "in" : "out";
    if (test->kind == BRIM_OP_CONV_FORWARD) {
        op->in[0] = conv_input(builder, "in");
        op->in[1] = filter(builder, "in");
        op->in[2] = test->bias ? vector(builder, "in", test->out_c) : BRIM_NONE;
        op->out[0] = conv_output(builder, "out");
    } else if (test->kind == BRIM_OP_CONV_BACKWARD_DATA) {
        op->in[0] = conv_output(builder, "in");
        op->in[1] = filter(builder, "in");
        op->out[0] = conv_input(builder, "out");
    } else {
        op->in[0] = conv_input(builder, "in");
        op->in[1] = conv_output(builder, "in");
        op->out[0] = filter(builder, gradient);
        op->out[1] = test->bias ? vector(builder, gradient, test->out_c) : BRIM_NONE;
    }
}

static int terms_of(const OpCase *test)
{
    return test->terms > 0 ? test->terms : 1;
}

/* Several features of x's channels, h high and w wide, as operands. */
static void features(Builder *builder, BrimTensorId *operands, int count, const char *name, int h, int w)
{
    for (int i = 0; i < count; i++)
        operands[i] = feature(builder, name, builder->test->c, h, w);
}

/* y is a convolution's output, which is never a part. */
static void batchnorm_inputs(Builder *builder)
{
    const OpCase *test = builder->test;
    BrimOp *op = &builder->op;
    bool forward = test->kind == BRIM_OP_BN_FORWARD;
    op->in[0] = whole(builder, "in", test->c, test->h, test->w);
    op->in[1] = vector(builder, "in", test->c);
    op->in[2] = vector(builder, "in", test->c);
    op->in[3] = vector(builder, "in", test->c);
    op->in[4] = vector(builder, forward ? "variance" : "rstd", test->c);
}

static void build_batchnorm(Builder *builder)
{
    const OpCase *test = builder->test;
    BrimOp *op = &builder->op;
    const char *gradient = test->accumulate ? "in" : "out";
    int terms = terms_of(test);
    batchnorm_inputs(builder);
    if (test->residual)
        op->in[5] = feature(builder, "in", test->c, test->h, test->w);
    if (test->kind == BRIM_OP_BN_FORWARD) {
        op->out[0] = vector(builder, "out", test->c);
        op->out[1] = vector(builder, "out", test->c);
        op->out[2] = op->in[3];
        op->out[3] = op->in[4];
        features(builder, op->out + BRIM_OUT_BN_DESTS, terms, "out", test->h, test->w);
    } else if (test->kind == BRIM_OP_BN_RECOMPUTE) {
        features(builder, op->out, terms, "out", test->h, test->w);
    } else if (test->kind == BRIM_OP_BN_BACKWARD_REDUCE) {
        features(builder, op->in + BRIM_IN_GRADS, terms, "in", test->h, test->w);
        op->out[0] = vector(builder, gradient, test->c);
        op->out[1] = vector(builder, gradient, test->c);
        op->out[2] = row(builder, "out", BRIM_F32, 2 * test->c);
        if (terms > 1)
            op->out[3] =
                test->in_place ? op->in[BRIM_IN_GRADS] : whole(builder, "out", test->c, test->h, test->w);
        if (test->bias) /* the activation again, to two places */
            features(builder, op->out + BRIM_OUT_BN_DESTS, 2, "out", test->h, test->w);
    } else {
        op->in[5] = row(builder, "in", BRIM_F32, 2 * test->c);
        op->in[6] = feature(builder, "in", test->c, test->h, test->w);
        op->out[0] = test->in_place ? op->in[6] : whole(builder, "out", test->c, test->h, test->w);
    }
}

static void build_elementwise(Builder *builder)
{
    const OpCase *test = builder->test;
    BrimOp *op = &builder->op;
    int terms = terms_of(test);
    if (test->kind == BRIM_OP_ADD) {
        features(builder, op->in, terms, "in", test->h, test->w);
        op->out[0] = test->in_place ? op->in[0] : feature(builder, "out", test->c, test->h, test->w);
        return;
    }
    op->in[0] = feature(builder, "in", test->c, test->h, test->w);
    if (test->residual)
        op->in[1] = feature(builder, "in", test->c, test->h, test->w);
    if (test->in_place)
        op->out[0] = op->in[0];
    else
        features(builder, op->out, terms, "out", test->h, test->w);
}

static void build_resample(Builder *builder)
{
    const OpCase *test = builder->test;
    BrimOp *op = &builder->op;
    bool down = test->kind == BRIM_OP_UPSAMPLE_BACKWARD, up = test->kind == BRIM_OP_UPSAMPLE_FORWARD;
    op->in[0] = feature(builder, up || down ? "in" : "coarse", test->c, test->h << down, test->w << down);
    if (test->kind == BRIM_OP_POOL_BACKWARD) {
        op->in[1] = feature(builder, "in", test->c, test->h, test->w);
        op->in[2] = op->out[0] = feature(builder, "in", test->c, test->h, test->w);
        return;
    }
    features(builder, op->out, up ? terms_of(test) : 1, "out", test->h << up, test->w << up);
}

/* Heads as the last convolutions leave them; `bias` asks for their gradients. */
static void build_heads(Builder *builder)
{
    static BrimModel model;
    const OpCase *test = builder->test;
    BrimOp *op = &builder->op;
    builder->status = brim_model_load(&model, "yolov5n", 3);
    BrimStepConf conf = {.model = &model,
                         .hyper = brim_hyper_default(),
                         .batch = test->n,
                         .height_px = test->h,
                         .width_px = test->w,
                         .target_cap = TARGET_CAP};
    if (builder->status == BRIM_OK)
        builder->status = brim_head_fill(builder->graph, &conf);
    int rows = test->n * brim_graph_prediction_rows(&model, test->h, test->w), first = 0;
    if (test->kind == BRIM_OP_LOSS) {
        op->in[0] = row(builder, "targets", BRIM_F32, TARGET_CAP * 6);
        op->in[1] = row(builder, "target_count", BRIM_I32, 1);
        first = BRIM_IN_HEADS;
    }
    op->out[0] =
        row(builder, "out", BRIM_F32, test->kind == BRIM_OP_LOSS ? 4 : rows * (5 + model.class_count));
    int channels = model.anchor_count * (5 + model.class_count);
    for (int level = 0; level < model.level_count; level++) {
        int h = test->h / model.stride_px[level], w = test->w / model.stride_px[level];
        op->in[first + level] = whole(builder, "in", channels, h, w);
        if (test->kind == BRIM_OP_LOSS && test->bias)
            op->out[BRIM_OUT_DHEADS + level] = whole(builder, "out", channels, h, w);
    }
}

/* A block of a filter and two vectors, as the optimizer sees parameters. */
static BrimTensorId block(Builder *builder)
{
    BrimTensor holder = tensor_of(BRIM_FORM_BLOCK, 0, 0, 0, 0);
    holder.life = BRIM_LIFE_ALWAYS;
    BrimTensorId id = add(builder, holder, "block");
    const BrimTensorId members[] = {filter(builder, "in"), vector(builder, "in", builder->test->out_c),
                                    vector(builder, "in", builder->test->c)};
    for (int i = 0; i < 3 && builder->status == BRIM_OK; i++) {
        builder->graph->tensors[members[i]].parent = id;
        builder->graph->tensors[members[i]].life = BRIM_LIFE_ALWAYS;
    }
    return id;
}

static void build_update(Builder *builder)
{
    const OpCase *test = builder->test;
    BrimOp *op = &builder->op;
    op->group = test->residual ? BRIM_GROUP_BIAS : BRIM_GROUP_WEIGHT;
    op->in[0] = block(builder);
    op->in[1] = block(builder);
    if (test->kind == BRIM_OP_GRADIENT_NORM) {
        op->out[0] = row(builder, "out", BRIM_F32, 2);
    } else if (test->kind == BRIM_OP_AVERAGE) {
        op->out[0] = op->in[1];
    } else {
        op->in[2] = block(builder);
        op->in[3] = row(builder, "in", BRIM_F32, 2);
        op->in[4] = test->residual ? BRIM_NONE : block(builder);
        op->out[0] = op->in[0];
        op->out[1] = op->in[2];
        op->out[2] = op->in[4];
    }
}

static void build_fold(Builder *builder)
{
    int out_c = builder->test->out_c;
    BrimOp *op = &builder->op;
    op->in[0] = filter(builder, "in");
    for (int i = 1; i < 4; i++)
        op->in[i] = vector(builder, "in", out_c);
    op->in[4] = vector(builder, "variance", out_c);
    op->out[0] = filter(builder, "out");
    op->out[1] = vector(builder, "out", out_c);
}

static void (*const builders[BRIM_OP_KIND_COUNT])(Builder *) = {
    [BRIM_OP_INPUT] = build_input,
    [BRIM_OP_CONV_FORWARD] = build_conv,
    [BRIM_OP_CONV_BACKWARD_DATA] = build_conv,
    [BRIM_OP_CONV_BACKWARD_WEIGHTS] = build_conv,
    [BRIM_OP_BN_FORWARD] = build_batchnorm,
    [BRIM_OP_BN_RECOMPUTE] = build_batchnorm,
    [BRIM_OP_BN_BACKWARD_REDUCE] = build_batchnorm,
    [BRIM_OP_BN_BACKWARD_APPLY] = build_batchnorm,
    [BRIM_OP_ACT_FORWARD] = build_elementwise,
    [BRIM_OP_COPY] = build_elementwise,
    [BRIM_OP_ADD] = build_elementwise,
    [BRIM_OP_POOL_FORWARD] = build_resample,
    [BRIM_OP_POOL_BACKWARD] = build_resample,
    [BRIM_OP_UPSAMPLE_FORWARD] = build_resample,
    [BRIM_OP_UPSAMPLE_BACKWARD] = build_resample,
    [BRIM_OP_LOSS] = build_heads,
    [BRIM_OP_GRADIENT_NORM] = build_update,
    [BRIM_OP_OPTIMIZE] = build_update,
    [BRIM_OP_AVERAGE] = build_update,
    [BRIM_OP_FOLD] = build_fold,
    [BRIM_OP_DECODE] = build_heads,
};

BrimStatus op_case_graph(const OpCase *test, BrimGraph **graph)
{
    BrimStatus status = brim_graph_open(graph);
    if (status != BRIM_OK)
        return status;
    (*graph)->batch = test->n;
    Builder builder = {.test = test, .graph = *graph, .op = brim_op(test->kind, BRIM_PART_GRADIENT)};
    builder.op.kernel = test->kernel;
    builder.op.stride = test->stride;
    builder.op.padding = test->padding;
    builder.op.activation = test->activation;
    builders[test->kind](&builder);
    if (builder.status == BRIM_OK)
        builder.status = brim_graph_add_op(*graph, &builder.op, NULL);
    return builder.status;
}

/* Convolutions to the tensors that PyTorch keeps for them. */
#include "conf/state.h"

#include <stdio.h>

#include "conf/convs.h"

typedef struct Walk {
    BrimStateVisit visit;
    void *self;
    int layer;
} Walk;

/* A tensor of a layer: model.LAYER.PART.suffix, or model.LAYER.suffix where the part has no name. */
static BrimStatus give(const Walk *walk, const char *part, const char *suffix, BrimStateTensor tensor)
{
    snprintf(tensor.name, sizeof tensor.name, "model.%d.%s%s%s", walk->layer, part, part[0] ? "." : "",
             suffix);
    tensor.layer = walk->layer;
    return walk->visit(walk->self, &tensor);
}

static BrimStateTensor vector(int channels, BrimStateGroup group)
{
    return (BrimStateTensor){.rank = 1, .shape = {channels}, .group = group};
}

static BrimStatus give_conv(void *self, const BrimConvPart *conv)
{
    const Walk *walk = self;
    int channels = conv->out_channels;
    BrimStatus status;
    BrimStateTensor weight = {.rank = 4,
                              .shape = {channels, conv->in_channels, conv->kernel, conv->kernel},
                              .group = BRIM_STATE_GROUP_WEIGHT};
    BRIM_TRY(give(walk, conv->name, conv->head ? "weight" : "conv.weight", weight));
    if (conv->head)
        return give(walk, conv->name, "bias", vector(channels, BRIM_STATE_GROUP_BIAS));
    BRIM_TRY(give(walk, conv->name, "bn.weight", vector(channels, BRIM_STATE_GROUP_SCALE)));
    BRIM_TRY(give(walk, conv->name, "bn.bias", vector(channels, BRIM_STATE_GROUP_BIAS)));
    BRIM_TRY(give(walk, conv->name, "bn.running_mean", vector(channels, BRIM_STATE_GROUP_BUFFER)));
    BRIM_TRY(give(walk, conv->name, "bn.running_var", vector(channels, BRIM_STATE_GROUP_BUFFER)));
    BRIM_TRY(give(walk, conv->name, "bn.num_batches_tracked",
                  (BrimStateTensor){.counter = true, .group = BRIM_STATE_GROUP_BUFFER}));
fail:
    return status;
}

BrimStatus brim_model_state(const BrimModel *model, BrimStateVisit visit, void *self)
{
    Walk walk = {.visit = visit, .self = self};
    BrimStatus status = BRIM_OK;
    for (; walk.layer < model->layer_count && status == BRIM_OK; walk.layer++) {
        BrimStateTensor anchors = {.rank = 3,
                                   .shape = {model->level_count, model->anchor_count, 2},
                                   .group = BRIM_STATE_GROUP_BUFFER};
        if (model->layers[walk.layer].module == BRIM_MODULE_DETECT)
            status = give(&walk, "", "anchors", anchors);
        if (status == BRIM_OK)
            status = brim_layer_convs(model, walk.layer, give_conv, &walk);
    }
    return status;
}

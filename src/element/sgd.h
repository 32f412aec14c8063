/* One parameter's optimizer step: torch.optim.SGD(nesterov=True) with clipped gradients, then the average of weights. */
#ifndef BRIM_ELEMENT_SGD_H
#define BRIM_ELEMENT_SGD_H

#include <float.h>

#include "element/element.h"

/* What all gradients are multiplied with so that their norm is at most clip_norm, as torch's clip_grad_norm_ computes
 * it; 1 where clip_norm is 0. */
BRIM_ELEMENT float brim_sgd_clip_factor(float norm, float clip_norm)
{
    float factor = clip_norm / (norm + 1e-6f);
    return clip_norm > 0 && factor < 1 ? factor : 1;
}

/* How many times too large gradients are: 0 where nobody set it. */
BRIM_ELEMENT float brim_sgd_loss_scale(float given)
{
    return given > 0 ? given : 1;
}

/* What each gradient is multiplied with before the step: it clips, and takes the loss scale out. norm: without
 * the scale. 0 where the norm is no finite number: there is no step then. */
BRIM_ELEMENT float brim_sgd_factor(float norm, float clip_norm, float loss_scale)
{
    return norm <= FLT_MAX ? brim_sgd_clip_factor(norm, clip_norm) / loss_scale : 0;
}

/* w after the step; the momentum buffer, which starts at 0, changes too. g is clipped, decay is added here. */
BRIM_ELEMENT float brim_sgd_step(float w, float g, float *buffer, float learning_rate, float momentum, float decay)
{
    g += decay * w;
    *buffer = momentum * *buffer + g;
    return w - learning_rate * (g + momentum * *buffer);
}

/* The exponential moving average after one more value. */
BRIM_ELEMENT float brim_ema_step(float average, float value, float decay)
{
    return decay * average + (1.0f - decay) * value;
}

#endif

/* Where a head's channels lie: the loss and the decoding see each as cells that stand `block` floats apart.
 */
#ifndef BRIM_BACKEND_HOST_LOSS_HEAD_H
#define BRIM_BACKEND_HOST_LOSS_HEAD_H

#include "backend/host/loss.h"

/* Floats of one image, pads included. */
static inline size_t brim_head_image_floats(const BrimHeadView *head)
{
    size_t blocks = ((size_t)head->channels + head->block - 1) / head->block;
    return blocks * head->block * head->h * head->w;
}

/* Cell 0 of a channel; cell i, counted along rows, is at [i * block]. */
static inline float *brim_head_channel(const BrimHeadView *head, int image, int channel)
{
    size_t cells = (size_t)head->h * head->w;
    return head->data + brim_head_image_floats(head) * image + (channel / head->block) * cells * head->block +
           channel % head->block;
}

#endif

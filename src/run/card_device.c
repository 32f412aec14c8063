/* What the driver says of a card, for the planner. */
#include "run/card_device.h"

#include <stdio.h>
#include <string.h>

#ifdef BRIM_HAVE_CUDA

#include "backend/cuda/cards.h"
#include "backend/cuda/layout/layout.h"

/* Multiplications and additions in fp16 that a multiprocessor's tensor cores do in a clock, with sums in fp32, from 7.5 on;
 * data-centre cards do more, and stand in the table. */
#define TENSOR_FLOPS_PER_CLOCK 1024.0

/* A card like those of the table, as far as the driver knows it. */
static BrimGpu unknown_card(const BrimCudaCard *card)
{
    BrimGpu gpu = {.name = card->name,
                   .capability = card->capability,
                   .sm_count = card->multiprocessors,
                   .linux_mib = (int)(card->total_bytes >> 20),
                   .boost_mhz = card->clock_khz / 1000,
                   .bandwidth_gb_s = (int)card->bandwidth_gb_s,
                   .context_mib = (int)(card->context_bytes >> 20)};
    gpu.tensor_tflops = card->multiprocessors * TENSOR_FLOPS_PER_CLOCK * card->clock_khz * 1e3 / 1e12;
    return gpu;
}

BrimStatus brim_card_device(BrimPlanDevice *device, int card_number)
{
    BrimCudaCard card;
    const BrimGpu *known = NULL;
    BrimStatus status = brim_cuda_card_read(&card, card_number);
    if (status != BRIM_OK)
        return status;
    const BrimGpu unknown = unknown_card(&card);
    const char *name = strncmp(card.name, "NVIDIA ", 7) == 0 ? card.name + 7 : card.name;
    if (brim_gpu_find(&known, name) != BRIM_OK)
        known = &unknown;
    *device = brim_plan_device_of_gpu(known, false, brim_cuda_layout());
    device->observed = true;
    device->capacity_bytes = card.total_bytes;
    device->context_bytes = card.context_bytes;
    device->free_bytes = card.free_bytes + card.context_bytes;
    snprintf(device->name, sizeof device->name, "%s", card.name);
    snprintf(device->identity, sizeof device->identity, "%s, %d multiprocessors, %d MHz", card.name, card.multiprocessors,
             card.clock_khz / 1000);
    return BRIM_OK;
}

#else

BrimStatus brim_card_device(BrimPlanDevice *device, int card_number)
{
    (void)device;
    return brim_fail(BRIM_ERROR_UNSUPPORTED, "card %d: this build has no CUDA; --gpu NAME plans for a card by its name",
                     card_number);
}

#endif

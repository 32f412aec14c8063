/* The cards of this machine, looked at one by one. */
#include "backend/cuda/cards.h"

#include <stdio.h>

#include "backend/cuda/device.h"

/* Memory sends twice a clock, whatever its kind: the driver gives the clock of which that holds. */
static double bandwidth_gb_s(const BrimCudaDevice *device)
{
    return 2.0 * device->memory_clock_khz * 1e3 * device->memory_bus_bits / 8 / 1e9;
}

BrimStatus brim_cuda_card_read(BrimCudaCard *card, int index)
{
    BrimStatus status;
    BrimCudaDevice device;
    BRIM_TRY(brim_cuda_device_open(&device, index));
    *card = (BrimCudaCard){
        .capability = device.capability,
        .multiprocessors = device.multiprocessors,
        .clock_khz = device.clock_khz,
        .bandwidth_gb_s = bandwidth_gb_s(&device),
        .total_bytes = device.total_bytes,
        .context_bytes = device.context_bytes + device.module_bytes,
    };
    snprintf(card->name, sizeof card->name, "%s", device.name);
    snprintf(card->uuid, sizeof card->uuid, "%s", device.uuid);
    status = brim_cuda_device_free_bytes(&device, &card->free_bytes);
    brim_cuda_device_close(&device);
fail:
    return status;
}

BrimStatus brim_cuda_card_check(int index)
{
    BrimCudaDevice device;
    BrimStatus status = brim_cuda_device_look(&device, index);
    return status == BRIM_OK ? brim_cuda_device_new_enough(&device) : status;
}

void brim_cuda_cards_list(char *text, size_t bytes)
{
    size_t at = 0;
    text[0] = '\0';
    for (int i = 0; i < brim_cuda_device_count(); i++) {
        BrimCudaDevice device;
        if (brim_cuda_device_look(&device, i) != BRIM_OK || at >= bytes)
            return;
        at += (size_t)snprintf(text + at, bytes - at, "%s%d: %s, %zu MiB", i ? "; " : "", i, device.name,
                               device.total_bytes >> 20);
    }
}

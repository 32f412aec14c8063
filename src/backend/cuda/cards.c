/* The cards of this machine, looked at one by one. */
#include "backend/cuda/cards.h"

#include <stdio.h>

#include "backend/cuda/conv.h"

/* Where the driver has no figures, as it may be of a card that shares the host's memory: about the least
 * there are, as a plan divides by them. */
enum { SOME_GB_S = 100, SOME_CLOCK_KHZ = 1000000 };

/* Memory sends twice a clock, whatever its kind: the driver gives the clock of which that holds. */
static double bandwidth_gb_s(const BrimCudaDevice *device)
{
    double known = 2.0 * device->memory_clock_khz * 1e3 * device->memory_bus_bits / 8 / 1e9;
    return known >= 1 ? known : SOME_GB_S;
}

BrimStatus brim_cuda_card_read(BrimCudaCard *card, int index)
{
    BrimStatus status;
    BrimCudaDevice device;
    BRIM_TRY(brim_cuda_device_open(&device, index));
    *card = (BrimCudaCard){
        .capability = device.capability,
        .multiprocessors = device.multiprocessors,
        .clock_khz = device.clock_khz > 0 ? device.clock_khz : SOME_CLOCK_KHZ,
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
    BrimStatus status;
    BrimCudaDevice device;
    BRIM_TRY(brim_cuda_device_look(&device, index));
    BRIM_TRY(brim_cuda_device_new_enough(&device));
    BRIM_TRY(brim_cuda_dnn_find(device.driver));
fail:
    return status;
}

/* Code for 8.6 runs on 8.9, not on 8.0 nor on 9.0 ("Binary Compatibility" in the CUDA C++ Programming Guide).
 */
bool brim_cuda_card_has_code(int index)
{
    static const int codes[] = {BRIM_CUDA_CODES};
    BrimCudaDevice device;
    bool has = brim_cuda_device_look(&device, index) != BRIM_OK;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        has = has || (codes[i] / 10 == device.capability / 10 && codes[i] <= device.capability);
    return has;
}

BrimStatus brim_cuda_card_computes_in(int index, BrimPrecision precision)
{
    BrimCudaDevice device;
    BrimStatus status = brim_cuda_device_look(&device, index);
    return status == BRIM_OK ? brim_precision_check(precision, device.name, device.capability) : status;
}

bool brim_cuda_cards_found(void)
{
    return brim_cuda_driver_found();
}

int brim_cuda_cards_count(void)
{
    return brim_cuda_device_count();
}

void brim_cuda_card_line(int index, char *text, size_t bytes)
{
    BrimCudaDevice device;
    text[0] = '\0';
    if (brim_cuda_device_look(&device, index) == BRIM_OK)
        snprintf(text, bytes, "%d: %s, %zu MiB", index, device.name, device.total_bytes >> 20);
}

void brim_cuda_cards_list(char *text, size_t bytes)
{
    size_t at = 0;
    text[0] = '\0';
    for (int i = 0; i < brim_cuda_device_count() && at < bytes; i++) {
        char line[128];
        brim_cuda_card_line(i, line, sizeof line);
        at += (size_t)snprintf(text + at, bytes - at, "%s%s", i ? "; " : "", line);
    }
}

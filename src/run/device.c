/* Devices by their names. */
#include "run/device.h"

#include <stdlib.h>
#include <string.h>

#include "base/process.h"
#ifdef BRIM_HAVE_CUDA
#include "backend/cuda/cards.h"
#endif

/* The number of "0" or "cuda:0"; -1 where it is none. */
static int card_number(const char *text)
{
    char *end;
    if (strncmp(text, "cuda:", 5) == 0)
        text += 5;
    long number = strtol(text, &end, 10);
    return end != text && !*end && number >= 0 && number < 1024 ? (int)number : -1;
}

#ifdef BRIM_HAVE_CUDA
static bool has_card(void)
{
    return brim_cuda_card_check(0) == BRIM_OK;
}

static BrimStatus choose_card(int number, BrimDevice *device)
{
    *device = (BrimDevice){&brim_backend_cuda, number};
    return brim_cuda_card_check(number);
}
#else
static bool has_card(void)
{
    return false;
}

static BrimStatus choose_card(int number, BrimDevice *device)
{
    (void)device;
    return brim_fail(BRIM_ERROR_UNSUPPORTED,
                     "device \"%d\": this build has no CUDA and runs on the CPU only; use --device cpu, or build it where "
                     "the CUDA toolkit and cuDNN are",
                     number);
}
#endif

BrimStatus brim_device_choose(const char *text, BrimDevice *device)
{
    bool any = !text || !text[0] || strcmp(text, "auto") == 0;
    *device = (BrimDevice){&brim_backend_cpu, 0};
    if (any)
        return has_card() ? choose_card(0, device) : BRIM_OK;
    if (strcmp(text, "cpu") == 0)
        return BRIM_OK;
    if (strcmp(text, "reference") == 0) {
        device->backend = &brim_backend_reference;
        return BRIM_OK;
    }
    if (card_number(text) >= 0)
        return choose_card(card_number(text), device);
    return brim_fail(BRIM_ERROR_UNSUPPORTED, "device \"%.40s\": there are cpu, auto, and the numbers of cards: 0, 1, ...",
                     text);
}

bool brim_device_is_card(const BrimDevice *device)
{
    return device->backend->memory != NULL;
}

BrimPrecision brim_device_narrow(const BrimDevice *device)
{
    return device->backend->half ? BRIM_PRECISION_AMP : BRIM_PRECISION_BF16_KEPT;
}

BrimStatus brim_device_room(const BrimDevice *device, uint64_t *capacity_bytes, uint64_t *free_bytes)
{
#ifdef BRIM_HAVE_CUDA
    if (brim_device_is_card(device)) {
        BrimCudaCard card;
        BrimStatus status = brim_cuda_card_read(&card, device->card);
        if (status != BRIM_OK)
            return status;
        *capacity_bytes = card.total_bytes;
        *free_bytes = card.free_bytes + card.context_bytes;
        return BRIM_OK;
    }
#else
    (void)device;
#endif
    *capacity_bytes = brim_process_capacity_bytes();
    *free_bytes = brim_process_free_bytes() + brim_process_resident_bytes();
    return BRIM_OK;
}

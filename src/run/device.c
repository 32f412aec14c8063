/* Devices by their names. */
#include "run/device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/process.h"
#include "run/remarks.h"
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
static BrimStatus choose_card(int number, BrimDevice *device)
{
    *device = (BrimDevice){.backend = &brim_backend_cuda, .card = number};
    return brim_cuda_card_check(number);
}

/* Takes the first card; where it is there and cannot be used, its owner should know why. */
static void choose_any(BrimDevice *device)
{
    if (brim_cuda_card_check(0) == BRIM_OK)
        *device = (BrimDevice){.backend = &brim_backend_cuda};
    else if (brim_cuda_cards_found())
        snprintf(device->why_no_card, sizeof device->why_no_card, "%s", brim_last_error());
}

static void list_cards(char *text, size_t bytes)
{
    brim_cuda_cards_list(text, bytes);
}

static void describe_card(const BrimDevice *device, char *text, size_t bytes)
{
    brim_cuda_card_line(device->card, text, bytes);
}
#else
static void choose_any(BrimDevice *device)
{
    (void)device;
}

static void list_cards(char *text, size_t bytes)
{
    (void)bytes;
    text[0] = '\0';
}

static void describe_card(const BrimDevice *device, char *text, size_t bytes)
{
    (void)device;
    list_cards(text, bytes);
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

static BrimStatus unknown(const char *text)
{
    char cards[384];
    list_cards(cards, sizeof cards);
    return brim_fail(BRIM_ERROR_UNSUPPORTED, "device \"%.40s\": there are cpu, auto, and the numbers of cards: %s", text,
                     cards[0] ? cards : "0, 1, ...");
}

BrimStatus brim_device_choose(const char *text, BrimDevice *device)
{
    *device = (BrimDevice){.backend = &brim_backend_cpu};
    if (!text || !text[0] || strcmp(text, "auto") == 0)
        choose_any(device);
    else if (strcmp(text, "reference") == 0)
        device->backend = &brim_backend_reference;
    else if (card_number(text) >= 0)
        return choose_card(card_number(text), device);
    else if (strcmp(text, "cpu") != 0)
        return unknown(text);
    return BRIM_OK;
}

void brim_device_remark(const BrimDevice *device, BrimListener listener, void *self)
{
    char text[128];
    if (brim_device_is_card(device)) {
        describe_card(device, text, sizeof text);
        brim_remark(listener, self, "device: card %s", text);
        return;
    }
    brim_process_core_name(text, sizeof text);
    brim_remark(listener, self, "device: %s, %s", device->backend->name, text);
    if (device->why_no_card[0])
        brim_remark(listener, self, "no card is used: %s", device->why_no_card);
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

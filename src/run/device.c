/* Devices by their names. */
#include "run/device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/plural.h"
#include "base/process.h"
#include "run/remarks.h"
#ifdef BRIM_HAVE_CUDA
#include "backend/cuda/cards.h"
#endif

enum { MOST_NUMBER = 1023 };

static bool has(const int *cards, int count, long number)
{
    for (int i = 0; i < count; i++)
        if (cards[i] == number)
            return true;
    return false;
}

int brim_device_numbers(const char *text, int cards[BRIM_MOST_CARDS])
{
    int count = 0;
    if (strncmp(text, "cuda:", 5) == 0)
        text += 5;
    for (;; text++) {
        char *end;
        long number = *text >= '0' && *text <= '9' ? strtol(text, &end, 10) : -1;
        if (number < 0 || number > MOST_NUMBER || has(cards, count, number) || count == BRIM_MOST_CARDS)
            return 0;
        cards[count++] = (int)number;
        text = end;
        if (*text != ',')
            return *text ? 0 : count;
    }
}

#ifdef BRIM_HAVE_CUDA
static BrimStatus check_cards(BrimDevice *device)
{
    BrimStatus status = BRIM_OK;
    device->backend = &brim_backend_cuda;
    for (int i = 0; i < device->count && status == BRIM_OK; i++)
        status = brim_cuda_card_check(device->cards[i]);
    return status;
}

/* The least of what the cards have, and which has the least left. */
static BrimStatus read_cards(const BrimDevice *device, uint64_t *capacity_bytes, uint64_t *free_bytes, int *card)
{
    *capacity_bytes = *free_bytes = UINT64_MAX;
    for (int i = 0; i < device->count; i++) {
        BrimCudaCard found;
        BrimStatus status = brim_cuda_card_read(&found, device->cards[i]);
        if (status != BRIM_OK)
            return device->count > 1 ? brim_fail_within(status, "card %d: ", device->cards[i]) : status;
        uint64_t ours = found.free_bytes + found.context_bytes;
        if (ours < *free_bytes)
            *card = device->cards[i];
        *free_bytes = ours < *free_bytes ? ours : *free_bytes;
        *capacity_bytes = found.total_bytes < *capacity_bytes ? found.total_bytes : *capacity_bytes;
    }
    return BRIM_OK;
}

static void take_card(BrimDevice *device, int card)
{
    device->backend = &brim_backend_cuda;
    device->card = device->cards[0] = card;
}

/* Takes the first card that can be used; where another is there before it, or a driver, its owner should know
 * why that is passed over. */
static void choose_any(BrimDevice *device)
{
    if (brim_cuda_card_check(0) == BRIM_OK) {
        take_card(device, 0);
        return;
    }
    if (brim_cuda_cards_found())
        snprintf(device->why_passed_over, sizeof device->why_passed_over, "%s", brim_last_error());
    for (int card = 1; card < brim_cuda_cards_count(); card++) {
        if (brim_cuda_card_check(card) == BRIM_OK) {
            take_card(device, card);
            return;
        }
    }
}

static void list_cards(char *text, size_t bytes)
{
    brim_cuda_cards_list(text, bytes);
}

static void describe_card(int number, char *text, size_t bytes)
{
    brim_cuda_card_line(number, text, bytes);
}

static bool has_code(int number)
{
    return brim_cuda_card_has_code(number);
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

static void describe_card(int number, char *text, size_t bytes)
{
    (void)number;
    list_cards(text, bytes);
}

static bool has_code(int number)
{
    (void)number;
    return true;
}

static BrimStatus check_cards(BrimDevice *device)
{
    return brim_fail(BRIM_ERROR_UNSUPPORTED,
                     "device \"%d\": this build has no CUDA and runs on the CPU only; use --device cpu, or build it where "
                     "the CUDA toolkit and cuDNN are",
                     device->card);
}

static BrimStatus read_cards(const BrimDevice *device, uint64_t *capacity_bytes, uint64_t *free_bytes, int *card)
{
    (void)capacity_bytes, (void)free_bytes, (void)card;
    return check_cards(&(BrimDevice){.card = device->card});
}
#endif

static BrimStatus unknown(const char *text)
{
    char cards[384];
    list_cards(cards, sizeof cards);
    return brim_fail(BRIM_ERROR_UNSUPPORTED,
                     "device \"%.40s\": there are cpu, auto, and the numbers of cards: %s; to train on several: 0,1, each "
                     "named once, at most %d",
                     text, cards[0] ? cards : "0, 1, ...", BRIM_MOST_CARDS);
}

BrimStatus brim_device_choose_several(const char *text, BrimDevice *device)
{
    *device = (BrimDevice){.backend = &brim_backend_cpu, .count = 1};
    if (!text || !text[0] || strcmp(text, "auto") == 0) {
        choose_any(device);
        return BRIM_OK;
    }
    int count = brim_device_numbers(text, device->cards);
    if (count > 0) {
        device->count = count;
        device->card = device->cards[0];
        return check_cards(device);
    }
    if (strcmp(text, "reference") == 0)
        device->backend = &brim_backend_reference;
    else if (strcmp(text, "cpu") != 0)
        return unknown(text);
    return BRIM_OK;
}

BrimStatus brim_device_choose(const char *text, BrimDevice *device)
{
    BrimStatus status = brim_device_choose_several(text, device);
    if (status == BRIM_OK && device->count > 1)
        status = brim_fail(BRIM_ERROR_UNSUPPORTED,
                           "device \"%.40s\": only `brim train` works on several cards; choose one, --device %d", text,
                           device->card);
    return status;
}

void brim_device_remark(const BrimDevice *device, int threads, BrimListener listener, void *self)
{
    char text[128];
    bool is_card = brim_device_is_card(device);
    for (int i = 0; i < device->count && is_card; i++) {
        describe_card(device->cards[i], text, sizeof text);
        brim_remark(listener, self, "device: card %s", text);
        if (!has_code(device->cards[i]))
            brim_remark(listener, self,
                        "this brim has no code for card %d: the driver compiles it at the first start, which takes a "
                        "while, and keeps it (CUDA_CACHE_PATH)",
                        device->cards[i]);
    }
    if (!is_card) {
        brim_process_core_name(text, sizeof text);
        brim_remark(listener, self, "device: %s, %s", device->backend->name, text);
        if (threads > brim_core_count())
            brim_remark(listener, self,
                        "%d threads on %d core%s wait for one another; without --threads each core has one", threads,
                        brim_core_count(), brim_plural(brim_core_count(), "s"));
    }
    if (device->why_passed_over[0])
        brim_remark(listener, self, "%s: %s", is_card ? "passed over" : "no card is used",
                    device->why_passed_over);
}

bool brim_device_is_card(const BrimDevice *device)
{
    return device->backend->memory != NULL;
}

BrimPrecision brim_device_narrow(const BrimDevice *device)
{
    return device->backend->computes_in ? BRIM_PRECISION_AMP : BRIM_PRECISION_BF16_KEPT;
}

BrimStatus brim_device_precision(const BrimDevice *device, const char *word, const char *more,
                                 BrimPrecision *precision)
{
    BrimStatus status = brim_precision_parse(word, brim_device_narrow(device), more, precision);
    if (status == BRIM_OK && !device->backend->computes_in)
        return brim_precision_check(*precision, device->backend->name, 0);
    for (int i = 0; i < device->count && status == BRIM_OK; i++)
        status = device->backend->computes_in(device->cards[i], *precision);
    return status;
}

BrimStatus brim_device_room(const BrimDevice *device, uint64_t *capacity_bytes, uint64_t *free_bytes)
{
    int card;
    if (brim_device_is_card(device))
        return read_cards(device, capacity_bytes, free_bytes, &card);
    *capacity_bytes = brim_process_capacity_bytes();
    *free_bytes = brim_process_free_bytes() + brim_process_resident_bytes();
    return BRIM_OK;
}

BrimStatus brim_device_smallest(const BrimDevice *device, int *card)
{
    uint64_t capacity_bytes, free_bytes;
    *card = device->card;
    return device->count > 1 ? read_cards(device, &capacity_bytes, &free_bytes, card) : BRIM_OK;
}

/* The device behind a --device, and the memory that it has. */
#ifndef BRIM_RUN_DEVICE_H
#define BRIM_RUN_DEVICE_H

#include "backend/backend.h"
#include "graph/step.h"

typedef struct BrimDevice {
    const BrimBackendClass *backend;
    int card;                   /* of a backend for cards: which */
    int cards[BRIM_MOST_CARDS]; /* those that train as one, `card` the first of them */
    int count;                  /* of them; 1 for the host, too */
    char why_passed_over[320];  /* why "auto" did not take the first card or the driver that is there; else ""
                                 */
} BrimDevice;

/* The numbers of "0", "cuda:0", "0,1": how many there are; 0 where the text is none of them, names a card
 * twice, or more than there is room for. */
int brim_device_numbers(const char *text, int cards[BRIM_MOST_CARDS]);

/* "cpu"; "0", "cuda:0": a card, as the driver counts; NULL, "", "auto": the first card that this build can
 * use, else the CPU; "reference" is plain C, for tests. ERROR_UNSUPPORTED names what there is, and refuses
 * several cards. */
BrimStatus brim_device_choose(const char *text, BrimDevice *device);

/* The same for who can use several: "0,1". */
BrimStatus brim_device_choose_several(const char *text, BrimDevice *device);

/* Tells which device it is, or each of several: the first lines of a run. Threads are those asked for. */
void brim_device_remark(const BrimDevice *device, int threads, BrimListener listener, void *self);

/* True for a device with memory of its own. */
bool brim_device_is_card(const BrimDevice *device);

/* What --precision amp stands for on it. */
BrimPrecision brim_device_narrow(const BrimDevice *device);

/* What a --precision stands for. ERROR_ARGUMENT where there is no such word, but for `more` ("auto, " or ""),
 * which the caller knows; ERROR_UNSUPPORTED where the device, or one of the cards, does not compute in it. */
BrimStatus brim_device_precision(const BrimDevice *device, const char *word, const char *more,
                                 BrimPrecision *precision);

/* All of its memory, and what this process could have of it, what it has already included. Of several cards
 * the least of each, since all of them take as much. */
BrimStatus brim_device_room(const BrimDevice *device, uint64_t *capacity_bytes, uint64_t *free_bytes);

/* Of several cards the one with the least memory that this process could have. */
BrimStatus brim_device_smallest(const BrimDevice *device, int *card);

#endif

/* What the two halves of the false NVML share. */
#ifndef BRIM_TESTS_FAKE_NVML_INSIDE_H
#define BRIM_TESTS_FAKE_NVML_INSIDE_H

#include "support/fake_nvml.h"

enum { SUCCESS = 0, INVALID = 2, NOT_SUPPORTED = 3, NOT_FOUND = 6, TOO_SMALL = 7, LOST = 15, MISMATCH = 25 };

typedef struct Device {
    int card, part; /* part -1: the card itself */
} Device;

extern FakeNvml fake_nvml;
extern Device fake_parts[FAKE_MOST_CARDS][FAKE_MOST_PARTS];

/* Counts the call, and says what is wrong with it; device may be NULL. */
int fake_enter(const char *name, const Device *device);

#define ENTER(device)                                                                                        \
    do {                                                                                                     \
        int entered = fake_enter(__func__, device);                                                          \
        if (entered != SUCCESS)                                                                              \
            return entered;                                                                                  \
    } while (0)

/* What holds for cards but not for parts of them. */
#define ENTER_CARD(device)                                                                                   \
    ENTER(device);                                                                                           \
    if ((device)->part >= 0)                                                                                 \
    return NOT_SUPPORTED

/* Puts a number, or all ones. */
int fake_put(unsigned *to, unsigned number);
int fake_put_64(unsigned long long *to, unsigned long long number);

#endif

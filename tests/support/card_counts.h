/* What the false card and the false cuDNN count (tests/fake_cuda), which are found as brim finds true ones.
 * fake_cuda.h and fake_cudnn.h say what each figure is. */
#ifndef BRIM_TESTS_CARD_COUNTS_H
#define BRIM_TESTS_CARD_COUNTS_H

#include <stdbool.h>
#include <stddef.h>

/* Where the environment does not say where the false libraries are, which ctest does: true, with a word. */
bool lacks_false_card(void);

unsigned long card_calls(const char *function);
unsigned long card_launches(const char *kernel);
const void *card_last_args(const char *kernel, int *blocks, int *threads);
unsigned long card_allocations(void);
unsigned long card_handles(void);
size_t card_taken_bytes(void);
size_t card_peak_bytes(void);
size_t card_pinned_bytes(void);

unsigned long dnn_executions(void);
long dnn_descriptors(void);
int dnn_latest_engine(void);

/* This thread has no context from here on. */
void card_leave_context(void);

/* The file of the false card's library. */
const char *card_library(void);

#endif

/* The cards of this machine, for those who plan for one and do not open it. Needs no toolkit to be included.
 */
#ifndef BRIM_BACKEND_CUDA_CARDS_H
#define BRIM_BACKEND_CUDA_CARDS_H

#include <stdbool.h>
#include <stddef.h>

#include "graph/precision.h"

typedef struct BrimCudaCard {
    char name[96];  /* "NVIDIA GeForce RTX 3060" */
    char uuid[48];  /* "GPU-...", as nvidia-smi -L writes it */
    int capability; /* compute capability: 86 is 8.6 */
    int multiprocessors;
    int clock_khz;         /* the highest of its cores */
    double bandwidth_gb_s; /* of its memory, 10^9 bytes */
    size_t total_bytes;
    size_t free_bytes;    /* once it is opened, so without what a context takes */
    size_t context_bytes; /* that, an estimate */
} BrimCudaCard;

/* Card `index` as the driver counts. Makes a context for a moment, without which nobody says what is free.
 * Errors are those of brim_cuda_device_open. */
BrimStatus brim_cuda_card_read(BrimCudaCard *card, int index);

/* Whether a card is there and new enough, and cuDNN beside it, without opening it: the errors of brim_cuda_device_open and
 * brim_cuda_dnn_open. */
BrimStatus brim_cuda_card_check(int index);

/* Whether this build has code for the card, so that the driver need not compile the kernels when they are first loaded;
 * true where there is no such card. */
bool brim_cuda_card_has_code(int index);

/* The same for a precision: ERROR_UNSUPPORTED where the card is too old to compute in it. */
BrimStatus brim_cuda_card_computes_in(int index, BrimPrecision precision);

/* Whether there is a driver at all, usable or not, once a card was checked. */
bool brim_cuda_cards_found(void);

/* How many there are; 0 where the driver cannot say. */
int brim_cuda_cards_count(void);

/* "0: NVIDIA GeForce RTX 3060, 11910 MiB"; "" where there is no such card. */
void brim_cuda_card_line(int index, char *text, size_t bytes);

/* All cards as a sentence for messages: "0: NVIDIA GeForce RTX 3060, 11910 MiB; 1: ..."; "" where there is
 * none. */
void brim_cuda_cards_list(char *text, size_t bytes);

#endif

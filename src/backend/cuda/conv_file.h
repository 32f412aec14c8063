/* Timed choices of engines on disk, one file for all cards: conv.json in brim's cache. What was timed once
 * need not be timed again, and a run that goes on takes the same engines, so the same sums. Knows nothing of
 * cuDNN. */
#ifndef BRIM_BACKEND_CUDA_CONV_FILE_H
#define BRIM_BACKEND_CUDA_CONV_FILE_H

#include <jansson.h>

#include "backend/cuda/conv_engine.h"

/* What a choice belongs to: it says nothing of another card, library, task or cap. */
typedef struct BrimCudaConvKey {
    const char *card;
    int capability;
    const char *dnn; /* cuDNN's version */
    const BrimCudaConvTask *task;
    size_t cap_bytes;
} BrimCudaConvKey;

/* The file's tree, which the caller lets go of with json_decref; an empty one where there is no file, no
 * folder for one, or a file that is none of brim's. NULL with a last error only where memory ran out. */
json_t *brim_cuda_conv_file_read(void);

/* The same from the text of a file; NULL with a last error where it is none of brim's. */
json_t *brim_cuda_conv_file_parse(const char *text, size_t bytes);

/* True where the tree has a choice for the key that makes sense. */
bool brim_cuda_conv_file_find(const json_t *tree, const BrimCudaConvKey *key, BrimCudaConvChoice *choice);

/* Puts a choice into the file, in the place of what was there for the same; *tree becomes what the file is
 * then. ERROR_IO where it cannot be written. */
BrimStatus brim_cuda_conv_file_keep(json_t **tree, const BrimCudaConvKey *key,
                                    const BrimCudaConvChoice *choice);

#endif

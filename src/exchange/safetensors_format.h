/* What a safetensors file consists of: eight bytes of header length, a JSON header, the tensors' bytes
 * without holes. Private to safetensors*.c. */
#ifndef BRIM_EXCHANGE_SAFETENSORS_FORMAT_H
#define BRIM_EXCHANGE_SAFETENSORS_FORMAT_H

#include "exchange/tensors.h"

enum { BRIM_SAFETENSORS_LENGTH_BYTES = 8 };

/* The key of the header that is no tensor. */
#define BRIM_SAFETENSORS_METADATA "__metadata__"

/* "F32" */
extern const char *const brim_safetensors_dtypes[BRIM_HOST_DTYPE_COUNT];

#endif

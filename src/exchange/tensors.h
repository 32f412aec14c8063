/* Named tensors in host memory with text beside them: what every model file holds, whatever its form. */
#ifndef BRIM_EXCHANGE_TENSORS_H
#define BRIM_EXCHANGE_TENSORS_H

#include <jansson.h>

#include "base/memory.h"

/* Names are looked up one by one: the count is bounded so that a hostile file cannot make that slow. */
enum { BRIM_HOST_MAX_DIMS = 8, BRIM_HOST_MAX_TENSORS = 10000 };

typedef enum BrimHostDtype {
    BRIM_HOST_F32,
    BRIM_HOST_F16,
    BRIM_HOST_BF16,
    BRIM_HOST_F64,
    BRIM_HOST_I64,
    BRIM_HOST_I32,
    BRIM_HOST_U8,
    BRIM_HOST_BOOL
} BrimHostDtype;
enum { BRIM_HOST_DTYPE_COUNT = BRIM_HOST_BOOL + 1 };

typedef struct BrimHostTensor {
    char *name;
    BrimHostDtype dtype;
    int dim_count;
    int64_t dims[BRIM_HOST_MAX_DIMS];
    size_t bytes;
    void *data; /* row-major */
} BrimHostTensor;

typedef struct BrimMetadata {
    char *key;
    char *value;
} BrimMetadata;

typedef struct BrimTensorFile {
    BrimHostTensor *tensors;
    int tensor_count;
    int tensor_room;
    BrimMetadata *metadata;
    int metadata_count;
    int metadata_room;
} BrimTensorFile;

size_t brim_host_dtype_bytes(BrimHostDtype dtype);

/* Bytes of a tensor of that shape; ERROR_INPUT naming it when the shape is impossible. */
BrimStatus brim_tensor_shape_bytes(const char *name, BrimHostDtype dtype, int dim_count, const int64_t *dims,
                                   size_t *bytes);

/* Adds a tensor with room for its data (zeroed); ERROR_INPUT when shape or name is impossible or the name is taken. */
BrimStatus brim_tensors_add(BrimTensorFile *file, const char *name, BrimHostDtype dtype, int dim_count,
                            const int64_t *dims, BrimHostTensor **tensor);

/* The same without room for data: a name and a shape, for a writer that gets the bytes elsewhere. */
BrimStatus brim_tensors_declare(BrimTensorFile *file, const char *name, BrimHostDtype dtype, int dim_count,
                                const int64_t *dims);
BrimStatus brim_tensors_set_metadata(BrimTensorFile *file, const char *key, const char *value);
BrimStatus brim_tensors_set_json(BrimTensorFile *file, const char *key, json_t *value); /* takes it over */
const BrimHostTensor *brim_tensors_find(const BrimTensorFile *file, const char *name);
const char *brim_tensors_metadata(const BrimTensorFile *file, const char *key); /* NULL when absent */
void brim_tensors_clear(BrimTensorFile *file);

/* Element i as float, from any dtype. */
float brim_host_tensor_float(const BrimHostTensor *tensor, size_t i);

#endif

/* What the files of the false libcudnn.so.9 share: descriptors as lists of attributes, counted by their
 * holders. */
#ifndef BRIM_TESTS_FAKE_CUDA_CUDNN_PARTS_H
#define BRIM_TESTS_FAKE_CUDA_CUDNN_PARTS_H

#include <cudnn_graph.h>
#include <stdbool.h>
#include <stddef.h>

#include "fake_cudnn.h"

enum { MOST_ATTRIBUTES = 8, MOST_VALUES = 64 };

typedef struct Attribute {
    cudnnBackendAttributeName_t name;
    int64_t count;
    union {
        int64_t integers[MOST_VALUES]; /* enumerations too */
        float real;
        void *pointers[MOST_VALUES]; /* descriptors too: those are held */
    };
} Attribute;

typedef struct Descriptor {
    cudnnBackendDescriptorType_t type;
    int holders;
    bool finished;
    int count;
    Attribute attributes[MOST_ATTRIBUTES];
} Descriptor;

/* What a descriptor may be told. */
typedef struct Rule {
    cudnnBackendDescriptorType_t of;
    cudnnBackendAttributeName_t name;
    cudnnBackendAttributeType_t type;
    int64_t least, most; /* values */
    bool needed;
    cudnnBackendDescriptorType_t part; /* for CUDNN_TYPE_BACKEND_DESCRIPTOR */
} Rule;

const Rule *fake_rule(cudnnBackendDescriptorType_t of, cudnnBackendAttributeName_t name);
const Rule *fake_rules(int *count);

/* NULL where it was not told. */
const Attribute *fake_attribute(const Descriptor *descriptor, cudnnBackendAttributeName_t name);
int64_t fake_integer(const Descriptor *descriptor, cudnnBackendAttributeName_t name);
Descriptor *fake_part(const Descriptor *descriptor, cudnnBackendAttributeName_t name);
Descriptor *fake_hold(Descriptor *descriptor);

/* A new one, held once; NULL where memory ran out. */
Descriptor *fake_make(cudnnBackendDescriptorType_t type);

/* Tells a descriptor without checks, as the library does with those that it fills. */
Attribute *fake_tell(Descriptor *descriptor, cudnnBackendAttributeName_t name, int64_t count);

/* Keeps the sentence for cudnnGetLastErrorString and returns status. */
cudnnStatus_t fake_fail(cudnnStatus_t status, const char *sentence);

/* ---- BRIM_FAKE_DNN ---- */

/* Counts a call; not SUCCESS where this one is to fail. */
cudnnStatus_t fake_called(const char *function);

/* The text after "word=", or NULL; `nth` of those there are. */
const char *fake_setting(const char *word, int nth);

/* Whether the handle's card is that of the thread and of the handle's stream. */
bool fake_cudnn_at_home(cudnnHandle_t handle);

/* ---- engines ---- */

/* The convolution's operation in an engine, config or operation graph. */
const Descriptor *fake_operation(const Descriptor *graph);
bool fake_engine_known(const Descriptor *graph, int64_t engine);
bool fake_knob_known(int64_t engine, int64_t type, int64_t value);
int64_t fake_workspace_bytes(const Descriptor *config);
bool fake_engine_refuses(int64_t engine);

/* The first knob's value, or 0. */
int64_t fake_first_knob(const Descriptor *config);

/* ---- operations ---- */

typedef struct FakeTensor {
    int64_t n, c, h, w, n_stride, h_stride, w_stride; /* channels lie side by side */
    cudnnDataType_t type;                             /* FLOAT, HALF or BFLOAT16 */
} FakeTensor;

typedef struct FakeConvolution {
    cudnnBackendDescriptorType_t way;
    FakeTensor x, y, w;
    int64_t stride, padding;
} FakeConvolution;

/* NOT_SUPPORTED where it is no convolution of NHWC tensors. */
cudnnStatus_t fake_read_convolution(const Descriptor *operation, FakeConvolution *convolution);

/* Bytes of an element. */
static inline int64_t fake_type_bytes(cudnnDataType_t type)
{
    return type == CUDNN_DATA_FLOAT ? 4 : 2;
}

void fake_convolve(const FakeConvolution *convolution, void *x, void *y, void *w);

#endif

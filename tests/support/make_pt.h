/* Small checkpoints as torch.save writes them, without Python: pickles of opcodes laid side by side by hand,
 * and zip archives around them by libzip. What a test wants broken it breaks here. Gives up (abort) when
 * memory is out. */
#ifndef BRIM_TESTS_MAKE_PT_H
#define BRIM_TESTS_MAKE_PT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <zip.h>

typedef struct PtBytes {
    unsigned char *data; /* given back with free */
    size_t bytes, room;
} PtBytes;

void pt_put(PtBytes *out, const void *data, size_t bytes);

/* ---- pickles: of protocol 2, which torch.save uses, or 4 ---- */

typedef struct PtPickle {
    PtBytes out;
    int protocol;
    int remembered; /* parts in the memo */
} PtPickle;

void pt_begin(PtPickle *pickle, int protocol);
void pt_stop(PtPickle *pickle);
void pt_op(PtPickle *pickle, int opcode);
void pt_number(PtPickle *pickle, uint64_t value, int bytes); /* little-endian, no opcode */
void pt_text(PtPickle *pickle, const char *text);            /* remembered, as Python does */
void pt_integer(PtPickle *pickle, int64_t value);
void pt_real(PtPickle *pickle, double value);
void pt_global(PtPickle *pickle, const char *module, const char *name);
/* A call of module.name with one text. */
void pt_call(PtPickle *pickle, const char *module, const char *name, const char *argument);
void pt_integers(PtPickle *pickle, int count, const int64_t *values); /* a tuple */

/* Between begin and end stand keys and values in turn. */
void pt_dict_begin(PtPickle *pickle);
void pt_dict_end(PtPickle *pickle);
void pt_ordered_begin(PtPickle *pickle); /* collections.OrderedDict */
void pt_ordered_end(PtPickle *pickle);
void pt_object_begin(PtPickle *pickle, const char *module, const char *name); /* its __dict__ */
void pt_object_end(PtPickle *pickle);

typedef struct PtTensor {
    const char *type, *key; /* "FloatStorage", "0" */
    int64_t count;          /* elements of the storage */
    int64_t offset;
    int rank;
    int64_t sizes[9], strides[9];
    bool parameter; /* inside _rebuild_parameter */
} PtTensor;

void pt_tensor(PtPickle *pickle, PtTensor tensor);

/* ---- archives ---- */

typedef struct PtZip {
    zip_t *zip;
    zip_source_t *source;
} PtZip;

void pt_zip_begin(PtZip *zip);
void pt_zip_add(PtZip *zip, const char *name, const void *data, size_t bytes, bool deflate);
PtBytes pt_zip_end(PtZip *zip);

/* An archive with this pickle, which is freed, and members data/0... of storage_bytes counting bytes, if any.
 */
PtBytes pt_archive(PtPickle *pickle, int storages, size_t storage_bytes);

/* ---- a checkpoint ---- */

/* A model of two layers, as YOLOv5 saves it. Floats are numbered: element i of storage k is i * 0.25 - k. */
typedef struct PtCheckpoint {
    int protocol;        /* 2 or 4 */
    bool half;           /* floats of 16 bits */
    bool ema;            /* "ema" is there beside "model", and has other weights */
    bool ema_is_empty;   /* a dict of nothing; without either it is None */
    bool names_are_dict; /* {0: "mask", ...} as v7.0 has it; else a list, as v6.0 */
    bool deflate;
    const char *byte_order; /* "little" as newer PyTorch; NULL: not said */
} PtCheckpoint;

PtBytes pt_checkpoint(PtCheckpoint options);

#endif

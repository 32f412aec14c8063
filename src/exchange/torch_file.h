/* What the parts of the `.pt` reader share. Private to exchange/torch*.c. */
#ifndef BRIM_EXCHANGE_TORCH_FILE_H
#define BRIM_EXCHANGE_TORCH_FILE_H

#include "exchange/archive.h"
#include "exchange/pickle.h"
#include "exchange/tensors.h"

enum { BRIM_TORCH_NAME_BYTES = 256 };

/* A member of the archive with the elements of one tensor or several, kept once it was needed. */
typedef struct BrimTorchStorage {
    BrimPickleId key;
    char *data;
    size_t bytes;
} BrimTorchStorage;

typedef struct BrimTorchFile {
    BrimArchive *archive;
    char prefix[BRIM_TORCH_NAME_BYTES]; /* of all members, as "archive/" */
    char *pickle_data;
    BrimPickle pickle;
    BrimTorchStorage *storages;
    int storage_count, storage_room;
    size_t bytes_left; /* that the tensors may still take */
} BrimTorchFile;

/* True when the node says that torch would rebuild a tensor there. */
bool brim_torch_is_tensor(const BrimTorchFile *file, BrimPickleId id);

/* Rebuilds a tensor and adds it to tensors; every kind of float becomes F32, as in YOLOv5's attempt_load. ERROR_INPUT
 * naming whatever stands there in a tensor's place. */
BrimStatus brim_torch_add_tensor(BrimTorchFile *file, BrimTensorFile *tensors, const char *name, BrimPickleId id);

/* What checkpoint (a dict or 0) and model (a module's dict or 0) say about themselves, as metadata of tensors. */
BrimStatus brim_torch_add_metadata(BrimTorchFile *file, BrimTensorFile *tensors, BrimPickleId checkpoint,
                                   BrimPickleId model);

/* ERROR_INPUT when the pickle names, anywhere, a function that runs programs or code. */
BrimStatus brim_torch_refuse_programs(const BrimTorchFile *file);

/* A dict or what stands for one (collections.OrderedDict). */
bool brim_torch_is_dict(const BrimTorchFile *file, BrimPickleId id);

#endif

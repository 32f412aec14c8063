/* A trainer's state in and out of safetensors. */
#include "train/checkpoint.h"

#include <stdio.h>
#include <string.h>

#include "exchange/safetensors.h"
#include "train/weights.h"

/* The tensor of a name in the file. The model itself, which has no prefix there, is the EMA. */
static BrimTensorId find_tensor(const BrimEngine *engine, const char *name_in_file)
{
    char name[2 * BRIM_NAME_BYTES];
    if (strncmp(name_in_file, "train/", 6) == 0)
        snprintf(name, sizeof name, "%s", name_in_file + 6);
    else
        snprintf(name, sizeof name, "%s%s", strchr(name_in_file, '/') ? "" : "ema/", name_in_file);
    return brim_graph_find(brim_engine_graph(engine), name);
}

static BrimStatus read_tensor(void *self, const BrimHostTensor *tensor, void *data)
{
    BrimEngine *engine = self;
    return brim_engine_read(engine, find_tensor(engine, tensor->name), data);
}

static BrimStatus add_identity(BrimTensorFile *file, const BrimTensorFile *identity)
{
    BrimStatus status = BRIM_OK;
    for (int i = 0; identity && i < identity->metadata_count && status == BRIM_OK; i++)
        status = brim_tensors_set_metadata(file, identity->metadata[i].key, identity->metadata[i].value);
    return status;
}

static BrimStatus declare_model(BrimTensorFile *file, BrimEngine *engine)
{
    return brim_weights_declare(engine, "ema/", "", file);
}

/* What a run that goes on needs beside the model. */
static BrimStatus declare_rest(BrimTensorFile *file, BrimEngine *engine)
{
    BrimStatus status = brim_weights_declare(engine, "", "train/", file);
    return status == BRIM_OK ? brim_weights_declare(engine, "momentum/", "momentum/", file) : status;
}

const char *brim_checkpoint_name(bool whole)
{
    return whole ? "last.safetensors" : "best.safetensors";
}

BrimStatus brim_checkpoint_save(BrimEngine *engine, const BrimTensorFile *identity, const BrimPosition *position,
                                const char *path)
{
    BrimStatus status;
    BrimTensorFile file = {0};
    BRIM_TRY(add_identity(&file, identity));
    BRIM_TRY(declare_model(&file, engine));
    if (position) {
        BRIM_TRY(brim_position_describe(&file, position));
        BRIM_TRY(declare_rest(&file, engine));
        if (position->gradients_wait)
            BRIM_TRY(brim_weights_declare(engine, "gradient/", "gradient/", &file));
    }
    BRIM_TRY(brim_safetensors_stream(&file, read_tensor, engine, path));
fail:
    brim_tensors_clear(&file);
    return status;
}

/* ---- copies ---- */

BrimStatus brim_checkpoint_copy_open(BrimCheckpointCopy *copy, BrimEngine *engine)
{
    BrimStatus status;
    *copy = (BrimCheckpointCopy){.engine = engine};
    BRIM_TRY(declare_model(&copy->tensors, engine));
    copy->model_tensors = copy->tensors.tensor_count;
    BRIM_TRY(declare_rest(&copy->tensors, engine));
    return BRIM_OK;
fail:
    brim_checkpoint_copy_clear(copy);
    return status;
}

BrimStatus brim_checkpoint_copy_start(BrimCheckpointCopy *copy)
{
    BrimStatus status = brim_engine_snapshot_start(copy->engine);
    copy->started = status == BRIM_OK;
    return status;
}

BrimStatus brim_checkpoint_copy_take(BrimCheckpointCopy *copy, const BrimTensorFile *identity,
                                     const BrimPosition *position)
{
    BrimStatus status;
    if (!copy->started)
        BRIM_TRY(brim_checkpoint_copy_start(copy));
    copy->started = false;
    BRIM_TRY(brim_engine_snapshot_wait(copy->engine));
    brim_tensors_clear(&copy->metadata);
    BRIM_TRY(add_identity(&copy->metadata, identity));
    copy->model_metadata = copy->metadata.metadata_count;
    BRIM_TRY(brim_position_describe(&copy->metadata, position));
fail:
    return status;
}

static BrimStatus read_copy(void *self, const BrimHostTensor *tensor, void *data)
{
    const BrimEngine *engine = self;
    brim_engine_snapshot_read(engine, find_tensor(engine, tensor->name), data);
    return BRIM_OK;
}

BrimStatus brim_checkpoint_copy_save(const BrimCheckpointCopy *copy, bool whole, const char *path)
{
    const BrimTensorFile file = {
        .tensors = copy->tensors.tensors,
        .tensor_count = whole ? copy->tensors.tensor_count : copy->model_tensors,
        .metadata = copy->metadata.metadata,
        .metadata_count = whole ? copy->metadata.metadata_count : copy->model_metadata,
    };
    return brim_safetensors_stream(&file, read_copy, copy->engine, path);
}

void brim_checkpoint_copy_clear(BrimCheckpointCopy *copy)
{
    brim_tensors_clear(&copy->tensors);
    brim_tensors_clear(&copy->metadata);
}

/* ---- back again ---- */

BrimStatus brim_checkpoint_restore(BrimEngine *engine, const BrimTensorFile *file, BrimPosition *position)
{
    BrimStatus status;
    BRIM_TRY(brim_position_read(position, file));
    BRIM_TRY(brim_weights_start_ema(engine)); /* gradients that nobody saved start at zero */
    BRIM_TRY(brim_weights_restore(engine, "ema/", "", file));
    BRIM_TRY(brim_weights_restore(engine, "", "train/", file));
    BRIM_TRY(brim_weights_restore(engine, "momentum/", "momentum/", file));
    if (position->gradients_wait)
        BRIM_TRY(brim_weights_restore(engine, "gradient/", "gradient/", file));
fail:
    return status;
}

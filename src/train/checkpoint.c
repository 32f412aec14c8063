/* A trainer's state in and out of safetensors. */
#include "train/checkpoint.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exchange/safetensors.h"
#include "train/weights.h"

/* Each number of a position with its key; fractions travel as C99 hexadecimal, which loses no bit. */
typedef struct Field {
    const char *key;
    enum { FIELD_INT, FIELD_INT64, FIELD_BOOL, FIELD_DOUBLE, FIELD_SCALE } type;
    size_t offset;
    bool later; /* older files lack it */
} Field;

#define AT(member) offsetof(BrimPosition, member)
static const Field fields[] = {
    {"state.epoch", FIELD_INT, AT(epoch), false},
    {"state.batch", FIELD_INT, AT(batch), false},
    {"state.last_update", FIELD_INT64, AT(last_update), false},
    {"state.updates", FIELD_INT64, AT(updates), false},
    {"state.gradients_wait", FIELD_BOOL, AT(gradients_wait), false},
    {"state.box_loss_sum", FIELD_DOUBLE, AT(loss_sums[0]), false},
    {"state.obj_loss_sum", FIELD_DOUBLE, AT(loss_sums[1]), false},
    {"state.cls_loss_sum", FIELD_DOUBLE, AT(loss_sums[2]), false},
    {"state.best_fitness", FIELD_DOUBLE, AT(best_fitness), false},
    {"state.best_epoch", FIELD_INT, AT(best_epoch), false},
    {"state.loss_scale", FIELD_SCALE, AT(scaler.scale), true},
    {"state.loss_scale_streak", FIELD_INT, AT(scaler.streak), true},
    {"state.skipped_updates", FIELD_INT64, AT(scaler.skipped), true},
};
#undef AT
enum { FIELD_COUNT = sizeof fields / sizeof fields[0] };

static void print_field(char *text, size_t bytes, const Field *field, const BrimPosition *position)
{
    const char *at = (const char *)position + field->offset;
    switch (field->type) {
    case FIELD_INT:
        snprintf(text, bytes, "%d", *(const int *)at);
        break;
    case FIELD_INT64:
        snprintf(text, bytes, "%lld", (long long)*(const int64_t *)at);
        break;
    case FIELD_BOOL:
        snprintf(text, bytes, "%d", *(const bool *)at);
        break;
    case FIELD_SCALE:
        snprintf(text, bytes, "%a", (double)*(const float *)at);
        break;
    default:
        snprintf(text, bytes, "%a", *(const double *)at);
    }
}

static bool parse_field(const char *text, const Field *field, BrimPosition *position)
{
    char *at = (char *)position + field->offset;
    char *end = NULL;
    bool fraction = field->type == FIELD_DOUBLE || field->type == FIELD_SCALE;
    long long whole = fraction ? 0 : strtoll(text, &end, 10);
    switch (field->type) {
    case FIELD_INT:
        *(int *)at = (int)whole;
        return *text && !*end && whole >= -1 && whole <= INT32_MAX;
    case FIELD_INT64:
        *(int64_t *)at = whole;
        return *text && !*end && whole >= -1;
    case FIELD_BOOL:
        *(bool *)at = whole != 0;
        return *text && !*end;
    case FIELD_SCALE: /* gradients are divided by it */
        *(float *)at = strtof(text, &end);
        return *text && !*end && isnormal(*(float *)at) && *(float *)at > 0;
    default:
        *(double *)at = strtod(text, &end);
        return *text && !*end;
    }
}

static BrimStatus add_position(BrimTensorFile *file, const BrimPosition *position)
{
    BrimStatus status = BRIM_OK;
    for (int i = 0; i < FIELD_COUNT && status == BRIM_OK; i++) {
        char text[64];
        print_field(text, sizeof text, &fields[i], position);
        status = brim_tensors_set_metadata(file, fields[i].key, text);
    }
    return status;
}

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
        BRIM_TRY(add_position(&file, position));
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
    BRIM_TRY(add_position(&copy->metadata, position));
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
    for (int i = 0; i < FIELD_COUNT; i++) {
        const char *text = brim_tensors_metadata(file, fields[i].key);
        if (!text && fields[i].later)
            continue;
        if (!text)
            return brim_fail(BRIM_ERROR_INPUT, "no %s in the file: it holds a model, not a run; resume from a "
                                               "last.safetensors", fields[i].key);
        if (!parse_field(text, &fields[i], position))
            return brim_fail(BRIM_ERROR_INPUT, "%s is \"%s\" in the checkpoint", fields[i].key, text);
    }
    BRIM_TRY(brim_weights_start_ema(engine)); /* gradients that nobody saved start at zero */
    BRIM_TRY(brim_weights_restore(engine, "ema/", "", file));
    BRIM_TRY(brim_weights_restore(engine, "", "train/", file));
    BRIM_TRY(brim_weights_restore(engine, "momentum/", "momentum/", file));
    if (position->gradients_wait)
        BRIM_TRY(brim_weights_restore(engine, "gradient/", "gradient/", file));
fail:
    return status;
}

/* Options and hyper-parameters as yaml for people and JSON for checkpoints, from one table of fields. */
#include "run/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/file.h"
#include "report/json.h"

typedef enum FieldType { FIELD_TEXT, FIELD_INT, FIELD_U64, FIELD_DOUBLE, FIELD_BOOL } FieldType;

typedef struct Field {
    const char *key;
    FieldType type;
    size_t offset;
} Field;

#define OPTION(member, type)                                                                                 \
    {                                                                                                        \
#member, type, offsetof(BrimTrainOptions, member)                                                    \
    }
static const Field option_fields[] = {
    OPTION(data, FIELD_TEXT),
    OPTION(weights, FIELD_TEXT),
    OPTION(cfg, FIELD_TEXT),
    OPTION(hyp, FIELD_TEXT),
    OPTION(device, FIELD_TEXT),
    OPTION(project, FIELD_TEXT),
    OPTION(name, FIELD_TEXT),
    OPTION(cache, FIELD_TEXT),
    OPTION(epochs, FIELD_INT),
    OPTION(batch_size, FIELD_INT),
    OPTION(imgsz, FIELD_INT),
    OPTION(workers, FIELD_INT),
    OPTION(threads, FIELD_INT),
    OPTION(patience, FIELD_INT),
    OPTION(seed, FIELD_U64),
    OPTION(memory_bytes, FIELD_U64),
    OPTION(label_smoothing, FIELD_DOUBLE),
    OPTION(cos_lr, FIELD_BOOL),
    OPTION(exist_ok, FIELD_BOOL),
    OPTION(noautoanchor, FIELD_BOOL),
    OPTION(fraction, FIELD_DOUBLE),
    OPTION(profile, FIELD_TEXT),
    OPTION(precision, FIELD_TEXT),
    OPTION(recompute, FIELD_TEXT),
    OPTION(sync_bn, FIELD_BOOL),
};
#undef OPTION

#define X(name, standard, low, high, text) {#name, FIELD_DOUBLE, offsetof(BrimHyper, name)},
static const Field hyper_fields[] = {BRIM_HYPER_LIST(X)};
#undef X

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static json_t *field_as_json(const Field *field, const void *from)
{
    const char *at = (const char *)from + field->offset;
    switch (field->type) {
    case FIELD_TEXT:
        return *(const char *const *)at ? brim_json_text(*(const char *const *)at) : json_null();
    case FIELD_INT:
        return json_integer(*(const int *)at);
    case FIELD_U64:
        return json_integer((json_int_t) * (const uint64_t *)at);
    case FIELD_BOOL:
        return json_boolean(*(const bool *)at);
    default:
        return json_real(*(const double *)at);
    }
}

static json_t *fields_as_json(const Field *fields, size_t count, const void *from)
{
    json_t *object = json_object();
    for (size_t i = 0; i < count; i++)
        json_object_set_new(object, fields[i].key, field_as_json(&fields[i], from));
    return object;
}

/* One `key: value` line a field; JSON scalars are yaml scalars. */
static BrimStatus save_yaml(const char *folder, const char *name, const Field *fields, size_t count,
                            const void *from)
{
    char text[8192];
    size_t length = 0;
    for (size_t i = 0; i < count && length < sizeof text; i++) {
        json_t *value = field_as_json(&fields[i], from);
        char *printed = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(10));
        length += (size_t)snprintf(text + length, sizeof text - length, "%s: %s\n", fields[i].key,
                                   printed ? printed : "null");
        free(printed);
        json_decref(value);
    }
    char *path = brim_path_join(folder, name);
    BrimStatus status = !path                   ? BRIM_ERROR_MEMORY
                        : length >= sizeof text ? brim_fail(BRIM_ERROR_ARGUMENT, "%s: options too long", path)
                                                : brim_file_write(path, text, length);
    brim_mem_give(path);
    return status;
}

BrimStatus brim_settings_save(const char *folder, const BrimTrainOptions *options, const BrimHyper *hyper)
{
    BrimStatus status = save_yaml(folder, "opt.yaml", option_fields, COUNT(option_fields), options);
    return status == BRIM_OK ? save_yaml(folder, "hyp.yaml", hyper_fields, COUNT(hyper_fields), hyper)
                             : status;
}

BrimStatus brim_settings_describe(BrimTensorFile *identity, const BrimTrainOptions *options,
                                  const BrimHyper *hyper)
{
    BrimStatus status = brim_tensors_set_json(identity, "options",
                                              fields_as_json(option_fields, COUNT(option_fields), options));
    return status == BRIM_OK ? brim_tensors_set_json(identity, "hyp",
                                                     fields_as_json(hyper_fields, COUNT(hyper_fields), hyper))
                             : status;
}

static BrimStatus take_text(const json_t *value, const char **text, BrimSettings *settings)
{
    *text = NULL;
    if (!json_is_string(value))
        return BRIM_OK;
    if (settings->count == (int)COUNT(settings->texts))
        return brim_fail(BRIM_ERROR_INPUT, "too many options in the checkpoint");
    char *copy = brim_mem_text(BRIM_MEM_CONF, json_string_value(value));
    if (!copy)
        return BRIM_ERROR_MEMORY;
    settings->texts[settings->count++] = copy;
    *text = copy;
    return BRIM_OK;
}

/* What it may be, the run checks as it checks its user's. */
static BrimStatus take_int(const Field *field, const json_t *value, int *to)
{
    json_int_t number = json_integer_value(value);
    if (number < INT32_MIN || number > INT32_MAX)
        return brim_fail(BRIM_ERROR_INPUT, "%s is %" JSON_INTEGER_FORMAT " in the checkpoint", field->key,
                         number);
    *to = (int)number;
    return BRIM_OK;
}

static BrimStatus take_field(const Field *field, const json_t *value, void *to, BrimSettings *settings)
{
    char *at = (char *)to + field->offset;
    switch (field->type) {
    case FIELD_TEXT:
        return take_text(value, (const char **)at, settings);
    case FIELD_INT:
        return take_int(field, value, (int *)at);
    case FIELD_U64:
        *(uint64_t *)at = (uint64_t)json_integer_value(value);
        break;
    case FIELD_BOOL:
        *(bool *)at = json_is_true(value);
        break;
    default:
        *(double *)at = json_number_value(value);
    }
    return BRIM_OK;
}

static BrimStatus take_json(const BrimTensorFile *checkpoint, const char *key, const Field *fields,
                            size_t count, void *to, BrimSettings *settings)
{
    const char *text = brim_tensors_metadata(checkpoint, key);
    json_t *object = text ? json_loads(text, 0, NULL) : NULL;
    BrimStatus status = BRIM_OK;
    if (!json_is_object(object))
        status = brim_fail(BRIM_ERROR_INPUT,
                           "the checkpoint does not hold the %s of its run; resume from a "
                           "last.safetensors that brim wrote",
                           key);
    for (size_t i = 0; i < count && status == BRIM_OK; i++)
        status = take_field(&fields[i], json_object_get(object, fields[i].key), to, settings);
    json_decref(object);
    return status;
}

BrimStatus brim_settings_restore(const BrimTensorFile *checkpoint, BrimTrainOptions *options,
                                 BrimHyper *hyper, BrimSettings *settings)
{
    BrimStatus status;
    BRIM_TRY(take_json(checkpoint, "options", option_fields, COUNT(option_fields), options, settings));
    BRIM_TRY(take_json(checkpoint, "hyp", hyper_fields, COUNT(hyper_fields), hyper, settings));
    BRIM_TRY(brim_hyper_check(hyper));
fail:
    return status;
}

void brim_settings_clear(BrimSettings *settings)
{
    for (int i = 0; i < settings->count; i++)
        brim_mem_give(settings->texts[i]);
    *settings = (BrimSettings){0};
}

/* JSON to samples. */
#include <math.h>
#include <string.h>

#include "base/utf8.h"
#include "monitor/proc.h"
#include "monitor/sample_fields.h"
#include "monitor/sample_json.h"

/* Which part of the sample is being read, for the sentences: "devices[2].". */
typedef struct Part {
    const char *list;
    int at;
} Part;

static BrimStatus refuse(const Part *part, const char *key, const char *expected)
{
    return brim_fail(BRIM_ERROR_INPUT, "%s[%d].%s must be %s", part->list, part->at, key, expected);
}

static BrimStatus read_text(const Part *part, const BrimField *field, const json_t *value, char *to)
{
    if (!json_is_string(value))
        return refuse(part, field->key, "a text");
    brim_utf8_copy(to, field->room, json_string_value(value));
    return BRIM_OK;
}

static BrimStatus read_int(const Part *part, const BrimField *field, const json_t *value, int *to)
{
    bool index = field->kind == BRIM_FIELD_INDEX;
    if (index && json_is_null(value)) {
        *to = -1;
        return BRIM_OK;
    }
    json_int_t number = json_integer_value(value);
    if (!json_is_integer(value) || number < 0 || number > INT32_MAX)
        return refuse(part, field->key, index ? "a whole number or null" : "a whole number");
    *to = (int)number;
    return BRIM_OK;
}

static BrimStatus read_field(const Part *part, const BrimField *field, const json_t *value, void *whole)
{
    char *at = (char *)whole + field->offset;
    switch (field->kind) {
    case BRIM_FIELD_TEXT:
        return read_text(part, field, value, at);
    case BRIM_FIELD_INT:
    case BRIM_FIELD_INDEX:
        return read_int(part, field, value, (int *)at);
    case BRIM_FIELD_FLAG:
        if (!json_is_boolean(value))
            return refuse(part, field->key, "true or false");
        *(bool *)at = json_is_true(value);
        return BRIM_OK;
    case BRIM_FIELD_BYTES:
        if (!json_is_integer(value) || json_integer_value(value) < 0)
            return refuse(part, field->key, "a number of bytes");
        *(uint64_t *)at = (uint64_t)json_integer_value(value);
        return BRIM_OK;
    case BRIM_FIELD_FIGURE:
        if (!json_is_number(value) && !json_is_null(value))
            return refuse(part, field->key, "a number or null");
        *(double *)at = json_is_null(value) ? NAN : json_number_value(value);
        return BRIM_OK;
    }
    return BRIM_OK;
}

static BrimStatus read_fields(const Part *part, const BrimFields *fields, const json_t *object, void *whole)
{
    BrimStatus status = BRIM_OK;
    if (!json_is_object(object))
        return brim_fail(BRIM_ERROR_INPUT, "%s[%d] must be an object", part->list, part->at);
    for (int i = 0; i < fields->count && status == BRIM_OK; i++) {
        const json_t *value = json_object_get(object, fields->list[i].key);
        if (value)
            status = read_field(part, &fields->list[i], value, whole);
    }
    return status;
}

/* ---- the lists ---- */

static BrimStatus read_device(BrimDraft *draft, const Part *part, const json_t *object, int count)
{
    BrimDeviceSample *device = brim_draft_device(draft);
    BrimStatus status = device ? read_fields(part, &brim_device_fields, object, device) : BRIM_ERROR_MEMORY;
    if (status == BRIM_OK && (device->parent >= count || device->parent == part->at))
        return refuse(part, "parent", "another of the devices, counted from 0");
    return status;
}

static BrimStatus read_process(BrimDraft *draft, const Part *part, const json_t *object, int count)
{
    (void)count;
    BrimProcessSample *process = brim_draft_process(draft);
    BrimStatus status =
        process ? read_fields(part, &brim_process_fields, object, process) : BRIM_ERROR_MEMORY;
    if (status == BRIM_OK && process->device >= draft->device_count)
        return refuse(part, "device", "one of the devices, counted from 0");
    return status;
}

static BrimStatus read_purposes(BrimRunSample *run, const Part *part, const json_t *list)
{
    size_t count = json_array_size(list);
    if (list && !json_is_array(list))
        return refuse(part, "purposes", "a list");
    if (count > BRIM_RUN_MOST_PURPOSES)
        return refuse(part, "purposes", "a list of at most 24");
    for (size_t i = 0; i < count; i++) {
        const json_t *purpose = json_array_get(list, i);
        const json_t *name = json_object_get(purpose, "name"), *bytes = json_object_get(purpose, "bytes");
        if (!json_is_string(name) || !json_is_integer(bytes) || json_integer_value(bytes) < 0)
            return refuse(part, "purposes", "a list of objects with name and bytes");
        brim_utf8_copy(run->purposes[i].name, sizeof run->purposes[i].name, json_string_value(name));
        run->purposes[i].bytes = (uint64_t)json_integer_value(bytes);
        run->purpose_count = (int)i + 1;
    }
    return BRIM_OK;
}

BrimStatus brim_sample_json_run_read(BrimRunSample *run, const json_t *object, int at)
{
    const Part part = {"runs", at};
    BrimStatus status = read_fields(&part, &brim_run_fields, object, run);
    return status == BRIM_OK ? read_purposes(run, &part, json_object_get(object, "purposes")) : status;
}

static BrimStatus read_run(BrimDraft *draft, const Part *part, const json_t *object, int count)
{
    (void)count;
    BrimRunSample *run = brim_draft_run(draft);
    return run ? brim_sample_json_run_read(run, object, part->at) : BRIM_ERROR_MEMORY;
}

/* count: how many there will be. */
typedef BrimStatus (*ReadPart)(BrimDraft *draft, const Part *part, const json_t *object, int count);

static BrimStatus read_list(BrimDraft *draft, const json_t *root, const char *key, ReadPart read_part)
{
    const json_t *list = json_object_get(root, key);
    BrimStatus status = BRIM_OK;
    if (!list)
        return BRIM_OK;
    if (!json_is_array(list) || json_array_size(list) > INT32_MAX / 4)
        return brim_fail(BRIM_ERROR_INPUT, "%s must be a list", key);
    int count = (int)json_array_size(list);
    for (int i = 0; i < count && status == BRIM_OK; i++)
        status = read_part(draft, &(Part){key, i}, json_array_get(list, (size_t)i), count);
    return status;
}

static BrimStatus read_root(BrimDraft *draft, const json_t *root)
{
    BrimStatus status = BRIM_OK;
    const json_t *schema = json_object_get(root, "schema"), *time = json_object_get(root, "time_ns");
    if (!json_is_string(schema) || strcmp(json_string_value(schema), BRIM_SAMPLE_SCHEMA) != 0)
        return brim_fail(BRIM_ERROR_INPUT, "no sample of brim watch: schema must be \"%s\"",
                         BRIM_SAMPLE_SCHEMA);
    if (!json_is_integer(time) || json_integer_value(time) < 0)
        return brim_fail(BRIM_ERROR_INPUT, "time_ns must be a whole number, of nanoseconds since 1970");
    draft->time_ns = json_integer_value(time);
    BRIM_TRY(read_list(draft, root, "devices", read_device));
    BRIM_TRY(read_list(draft, root, "processes", read_process));
    BRIM_TRY(read_list(draft, root, "runs", read_run));
fail:
    return status;
}

/* The parser's sentence quotes the line, which may hold anything. */
static BrimStatus refuse_line(const json_error_t *error)
{
    char words[sizeof error->text];
    brim_proc_clean(words, sizeof words, error->text, strlen(error->text));
    return brim_fail(BRIM_ERROR_INPUT, "no JSON at byte %d: %s", error->position, words);
}

BrimStatus brim_sample_json_read(BrimDraft *draft, const char *line, size_t bytes)
{
    json_error_t error;
    json_t *root = json_loadb(line, bytes, JSON_REJECT_DUPLICATES, &error);
    if (!root && json_error_code(&error) == json_error_out_of_memory)
        return brim_fail(BRIM_ERROR_MEMORY, "no memory left to read a sample");
    if (!root)
        return refuse_line(&error);
    BrimStatus status = read_root(draft, root);
    json_decref(root);
    return status;
}

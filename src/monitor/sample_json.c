/* Samples to JSON. */
#include "monitor/sample_json.h"

#include <math.h>
#include <string.h>

#include "base/utf8.h"
#include "monitor/sample_fields.h"

enum { MOST_TEXT_BYTES = 256 };

/* A double holds whole numbers up to here. */
static const double exact = 0x1p53;

static json_t *figure(double value)
{
    if (!isfinite(value))
        return json_null();
    bool whole = fabs(value) < exact && value == floor(value) && !(value == 0 && signbit(value));
    return whole ? json_integer((json_int_t)value) : json_real(value);
}

static json_t *text_of(const char *raw)
{
    char text[MOST_TEXT_BYTES];
    brim_utf8_copy(text, sizeof text, raw);
    return json_string_nocheck(text);
}

static json_t *bytes_of(uint64_t bytes)
{
    return json_integer(bytes < INT64_MAX ? (json_int_t)bytes : INT64_MAX);
}

static json_t *value_of(const BrimField *field, const void *whole)
{
    const char *at = (const char *)whole + field->offset;
    switch (field->kind) {
    case BRIM_FIELD_TEXT:
        return text_of(at);
    case BRIM_FIELD_INT:
        return json_integer(*(const int *)at);
    case BRIM_FIELD_INDEX:
        return *(const int *)at < 0 ? json_null() : json_integer(*(const int *)at);
    case BRIM_FIELD_FLAG:
        return json_boolean(*(const bool *)at);
    case BRIM_FIELD_BYTES:
        return bytes_of(*(const uint64_t *)at);
    case BRIM_FIELD_FIGURE:
        return figure(*(const double *)at);
    }
    return NULL;
}

/* Adds; lets go of the value either way. 0 or -1, as jansson has it. */
static int set(json_t *object, const char *key, json_t *value)
{
    return json_object_set_new_nocheck(object, key, value);
}

static json_t *object_of(const BrimFields *fields, const void *whole)
{
    json_t *object = json_object();
    int failed = 0;
    for (int i = 0; i < fields->count && object; i++)
        failed |= set(object, fields->list[i].key, value_of(&fields->list[i], whole));
    if (!failed)
        return object;
    json_decref(object);
    return NULL;
}

static json_t *list_of(const BrimFields *fields, const void *first, int count, size_t size)
{
    json_t *list = json_array();
    int failed = 0;
    for (int i = 0; i < count; i++)
        failed |= json_array_append_new(list, object_of(fields, (const char *)first + (size_t)i * size));
    if (!failed)
        return list;
    json_decref(list);
    return NULL;
}

static json_t *purposes_of(const BrimRunSample *run)
{
    json_t *list = json_array();
    int failed = 0;
    for (int i = 0; i < run->purpose_count; i++) {
        json_t *purpose = json_object();
        failed |= set(purpose, "name", text_of(run->purposes[i].name));
        failed |= set(purpose, "bytes", bytes_of(run->purposes[i].bytes));
        failed |= json_array_append_new(list, purpose);
    }
    if (!failed)
        return list;
    json_decref(list);
    return NULL;
}

json_t *brim_sample_json_run(const BrimRunSample *run)
{
    json_t *object = object_of(&brim_run_fields, run);
    if (object && set(object, "purposes", purposes_of(run)) == 0)
        return object;
    json_decref(object);
    return NULL;
}

static json_t *runs_of(const BrimMonitorSample *sample)
{
    json_t *list = json_array();
    int failed = 0;
    for (int i = 0; i < sample->run_count; i++)
        failed |= json_array_append_new(list, brim_sample_json_run(&sample->runs[i]));
    if (!failed)
        return list;
    json_decref(list);
    return NULL;
}

static json_t *tree_of(const BrimMonitorSample *sample)
{
    char time[BRIM_SAMPLE_TIME_BYTES];
    json_t *root = json_object();
    brim_sample_time_text(time, sample->time_ns);
    int failed = set(root, "schema", json_string(BRIM_SAMPLE_SCHEMA));
    failed |= set(root, "time", json_string(time));
    failed |= set(root, "time_ns", json_integer(sample->time_ns));
    failed |=
        set(root, "devices",
            list_of(&brim_device_fields, sample->devices, sample->device_count, sizeof *sample->devices));
    failed |= set(
        root, "processes",
        list_of(&brim_process_fields, sample->processes, sample->process_count, sizeof *sample->processes));
    failed |= set(root, "runs", runs_of(sample));
    if (!failed)
        return root;
    json_decref(root);
    return NULL;
}

/* Room for `length` bytes and a newline. */
static bool make_room(BrimJsonLine *line, size_t length)
{
    if (length + 1 <= line->room)
        return true;
    char *text = brim_mem_grow(BRIM_MEM_OTHER, line->text, length + length / 2 + 1, 1);
    if (!text)
        return false;
    line->text = text;
    line->room = length + length / 2 + 1;
    return true;
}

BrimStatus brim_sample_json_write(BrimJsonLine *line, const BrimMonitorSample *sample)
{
    const size_t flags = JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(17);
    json_t *root = tree_of(sample);
    size_t length = root ? json_dumpb(root, line->text, line->room, flags) : 0;
    bool fits = length + 1 <= line->room;
    BrimStatus status = BRIM_OK;
    if (!length)
        status = brim_fail(BRIM_ERROR_MEMORY, "no memory left to write a sample as JSON");
    else if (!make_room(line, length))
        status = BRIM_ERROR_MEMORY;
    else if (!fits)
        json_dumpb(root, line->text, line->room, flags);
    json_decref(root);
    line->length = 0;
    if (status != BRIM_OK)
        return status;
    line->text[length] = '\n';
    line->length = length + 1;
    return BRIM_OK;
}

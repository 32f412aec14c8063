/* Cards as JSON files, written by the run itself. */
#include "monitor/run_card.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "monitor/run_process.h"

static const char schema[] = "brim-run-1";

/* ---- where it lies ---- */

/* The folder of this user's cards, made where it is not there. In /tmp it must be ours alone: anybody can
 * make one. */
static BrimStatus own_folder(char *folder, size_t bytes)
{
    struct stat info;
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    if (runtime && runtime[0] == '/')
        snprintf(folder, bytes, "%s/brim", runtime);
    else
        snprintf(folder, bytes, "/tmp/brim-%lu", (unsigned long)getuid());
    mkdir(folder, 0700);
    if (lstat(folder, &info) != 0 || !S_ISDIR(info.st_mode) || info.st_uid != getuid() ||
        (info.st_mode & 022))
        return brim_fail(BRIM_ERROR_IO, "%s cannot be a folder of this user alone, so the run is not shown",
                         folder);
    return BRIM_OK;
}

static BrimStatus own_path(char *path, size_t bytes)
{
    char folder[3 * sizeof((BrimRunSample *)0)->folder];
    BrimStatus status = own_folder(folder, sizeof folder);
    if (status == BRIM_OK && snprintf(path, bytes, "%s/run-%ld.json", folder, (long)getpid()) >= (int)bytes)
        status = brim_fail(BRIM_ERROR_IO, "%s: the path is too long", folder);
    return status;
}

/* ---- writing ---- */

/* Text that is no UTF-8 is left out rather than the card. */
static json_t *text_json(const char *text)
{
    json_t *string = json_string(text);
    return string ? string : json_string("");
}

static json_t *number_json(double number)
{
    return isfinite(number) ? json_real(number) : json_null();
}

static json_t *purposes_json(const BrimRunSample *run)
{
    json_t *list = json_array();
    for (int i = 0; i < run->purpose_count; i++)
        json_array_append_new(list, json_pack("{s:o, s:I}", "name", text_json(run->purposes[i].name), "bytes",
                                              (json_int_t)run->purposes[i].bytes));
    return list;
}

static json_t *card_json(const BrimRunCard *card)
{
    const BrimRunSample *run = &card->run;
    return json_pack(
        "{s:s, s:i, s:I, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:i, s:i, s:o, s:o}", "schema", schema, "pid",
        (int)getpid(), "start_ticks", (json_int_t)brim_run_process_start("", (int)getpid()), "command",
        text_json(run->command), "model", text_json(run->model), "folder", text_json(run->folder), "device",
        text_json(run->device), "planned_bytes", (json_int_t)run->planned_bytes, "arena_bytes",
        (json_int_t)run->arena_bytes, "arena_address", (json_int_t)card->arena_address, "epoch", run->epoch,
        "epochs", run->epochs, "pictures_per_s", number_json(run->pictures_per_s), "purposes",
        purposes_json(run));
}

BrimStatus brim_run_card_write(const BrimRunCard *card)
{
    char path[1024];
    BrimStatus status = own_path(path, sizeof path);
    if (status != BRIM_OK)
        return status;
    json_t *root = card_json(card);
    char *text = root ? json_dumps(root, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;
    json_decref(root);
    if (!text)
        return brim_fail(BRIM_ERROR_MEMORY, "no memory for %s", path);
    status = brim_file_write_unsynced(path, text, strlen(text)); /* it is worth nothing without the process */
    free(text);
    return status;
}

void brim_run_card_remove(void)
{
    char path[1024];
    if (own_path(path, sizeof path) == BRIM_OK)
        unlink(path);
}

/* ---- reading ---- */

static void take_text(char *text, size_t bytes, const json_t *root, const char *key)
{
    const char *value = json_string_value(json_object_get(root, key));
    snprintf(text, bytes, "%s", value ? value : "");
}

/* Negative numbers, and what is none, are 0. */
static uint64_t take_count(const json_t *root, const char *key)
{
    json_int_t value = json_integer_value(json_object_get(root, key));
    return value > 0 ? (uint64_t)value : 0;
}

static int take_int(const json_t *root, const char *key)
{
    uint64_t value = take_count(root, key);
    return value < INT32_MAX ? (int)value : 0;
}

static void take_purposes(BrimRunSample *run, const json_t *root)
{
    size_t index;
    json_t *entry;
    json_array_foreach(json_object_get(root, "purposes"), index, entry)
    {
        if (run->purpose_count == BRIM_RUN_MOST_PURPOSES)
            break;
        int at = run->purpose_count++;
        take_text(run->purposes[at].name, sizeof run->purposes[at].name, entry, "name");
        run->purposes[at].bytes = take_count(entry, "bytes");
    }
}

static void take_run(BrimRunSample *run, const json_t *root)
{
    const json_t *speed = json_object_get(root, "pictures_per_s");
    *run = (BrimRunSample){.pid = take_int(root, "pid"),
                           .planned_bytes = take_count(root, "planned_bytes"),
                           .arena_bytes = take_count(root, "arena_bytes"),
                           .arena_measured_bytes = NAN,
                           .process_measured_bytes = NAN,
                           .process_peak_bytes = NAN,
                           .epoch = take_int(root, "epoch"),
                           .epochs = take_int(root, "epochs"),
                           .pictures_per_s = json_is_number(speed) ? json_number_value(speed) : NAN};
    take_text(run->command, sizeof run->command, root, "command");
    take_text(run->model, sizeof run->model, root, "model");
    take_text(run->folder, sizeof run->folder, root, "folder");
    take_text(run->device, sizeof run->device, root, "device");
    take_purposes(run, root);
}

BrimStatus brim_run_card_parse(BrimRunCard *card, int64_t *start_ticks, const char *name, const char *text,
                               size_t bytes)
{
    json_error_t error;
    json_t *root = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &error);
    const char *said = json_string_value(json_object_get(root, "schema"));
    bool ours = said && strcmp(said, schema) == 0 && take_int(root, "pid") > 0;
    *card = (BrimRunCard){.arena_address = 0};
    if (ours) {
        take_run(&card->run, root);
        card->arena_address = take_count(root, "arena_address");
        *start_ticks = (int64_t)take_count(root, "start_ticks");
    }
    json_decref(root);
    return ours ? BRIM_OK : brim_fail(BRIM_ERROR_INPUT, "%s is no card of a run (%s)", name, schema);
}

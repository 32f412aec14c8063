/* Cards as JSON files, written by the run itself. */
#include "monitor/run_card.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "monitor/run_process.h"
#include "monitor/sample_json.h"

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

/* The run as a sample has it, whose figures of what it takes are others' to measure, and where to look for
 * them. */
static json_t *card_json(const BrimRunCard *card)
{
    BrimRunSample run = card->run;
    run.pid = (int)getpid();
    run.arena_measured_bytes = run.process_measured_bytes = run.process_peak_bytes = NAN;
    json_t *root = brim_sample_json_run(&run);
    int failed = json_object_set_new(root, "schema", json_string(schema));
    failed |= json_object_set_new(root, "start_ticks", json_integer(brim_run_process_start("", run.pid)));
    failed |= json_object_set_new(root, "arena_address", json_integer((json_int_t)card->arena_address));
    if (!failed)
        return root;
    json_decref(root);
    return NULL;
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

/* Negative numbers, and what is none, are 0. */
static uint64_t take_count(const json_t *root, const char *key)
{
    json_int_t value = json_integer_value(json_object_get(root, key));
    return value > 0 ? (uint64_t)value : 0;
}

BrimStatus brim_run_card_parse(BrimRunCard *card, int64_t *start_ticks, const char *name, const char *text,
                               size_t bytes)
{
    json_error_t error;
    json_t *root = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &error);
    const char *said = json_string_value(json_object_get(root, "schema"));
    *card = (BrimRunCard){.run.pictures_per_s = NAN};
    BrimRunSample *run = &card->run;
    bool ours = said && strcmp(said, schema) == 0 && brim_sample_json_run_read(run, root, 0) == BRIM_OK &&
                run->pid > 0;
    run->arena_measured_bytes = run->process_measured_bytes = run->process_peak_bytes = NAN;
    card->arena_address = take_count(root, "arena_address");
    *start_ticks = (int64_t)take_count(root, "start_ticks");
    json_decref(root);
    return ours ? BRIM_OK : brim_fail(BRIM_ERROR_INPUT, "%s is no card of a run (%s)", name, schema);
}

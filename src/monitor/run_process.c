/* Runs as the kernel sees them: /proc/PID/stat, status and smaps. */
#include "monitor/run_process.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_BYTES = 512, TEXT_BYTES = 4096 };

static FILE *open_of(const char *proc_root, int pid, const char *name)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/proc/%d/%s", proc_root, pid, name);
    return fopen(path, "re");
}

/* The program's name stands in parentheses and may hold any; start is the 20th field behind it. */
int64_t brim_run_process_start(const char *proc_root, int pid)
{
    enum { FIELDS_BEHIND_NAME = 20 };
    char text[TEXT_BYTES];
    FILE *file = open_of(proc_root, pid, "stat");
    if (!file)
        return 0;
    size_t bytes = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[bytes] = '\0';
    const char *at = strrchr(text, ')');
    for (int i = 0; at && i < FIELDS_BEHIND_NAME; i++)
        at = strchr(at + 1, ' ');
    return at ? strtoll(at, NULL, 10) : 0;
}

/* "VmRSS:     123 kB" */
static bool take_kib(const char *line, const char *key, double *bytes)
{
    size_t length = strlen(key);
    char *end;
    if (strncmp(line, key, length) != 0 || line[length] != ':')
        return false;
    uint64_t kib = strtoull(line + length + 1, &end, 10);
    if (end != line + length + 1)
        *bytes = (double)kib * 1024;
    return true;
}

static void measure_process(BrimRunSample *run, const char *proc_root)
{
    char line[TEXT_BYTES];
    FILE *file = open_of(proc_root, run->pid, "status");
    while (file && fgets(line, sizeof line, file)) {
        take_kib(line, "VmRSS", &run->process_measured_bytes);
        take_kib(line, "VmHWM", &run->process_peak_bytes);
    }
    if (file)
        fclose(file);
}

/* The arena is one mapping, or several where the kernel has cut it: all that lie in its range are summed. */
static void measure_arena(BrimRunCard *card, const char *proc_root)
{
    char line[TEXT_BYTES];
    uint64_t first = card->arena_address, end = first + card->run.arena_bytes;
    bool inside = false, any = false;
    double sum = 0, resident = 0;
    FILE *file = first ? open_of(proc_root, card->run.pid, "smaps") : NULL;
    while (file && fgets(line, sizeof line, file)) {
        uint64_t from, to;
        if (sscanf(line, "%" SCNx64 "-%" SCNx64 " ", &from, &to) == 2) {
            inside = from >= (first & ~UINT64_C(4095)) && from < end;
        } else if (inside && take_kib(line, "Rss", &resident)) {
            sum += resident;
            any = true;
        }
    }
    if (file)
        fclose(file);
    /* The last page is the arena's only in part. */
    double most = (double)card->run.arena_bytes;
    if (any)
        card->run.arena_measured_bytes = sum < most ? sum : most;
}

void brim_run_process_measure(BrimRunCard *card, const char *proc_root)
{
    measure_process(&card->run, proc_root);
    measure_arena(card, proc_root);
}

/* Files below /proc, read without taking memory: the training loop asks after every batch. */
#include "base/process.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { TEXT_BYTES = 4096 };

/* The file's beginning; "" where it cannot be read. */
static const char *read_start(const char *path, char text[TEXT_BYTES])
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = descriptor < 0 ? 0 : read(descriptor, text, TEXT_BYTES - 1);
    if (descriptor >= 0)
        close(descriptor);
    text[got > 0 ? got : 0] = '\0';
    return text;
}

/* The number behind the key, in kB as these files have it, as bytes. */
static uint64_t kilobytes_after(const char *path, const char *key)
{
    char text[TEXT_BYTES];
    const char *line = strstr(read_start(path, text), key);
    return line ? strtoull(line + strlen(key), NULL, 10) * 1024 : 0;
}

uint64_t brim_process_peak_bytes(void)
{
    return kilobytes_after("/proc/self/status", "\nVmHWM:");
}

uint64_t brim_process_resident_bytes(void)
{
    return kilobytes_after("/proc/self/status", "\nVmRSS:");
}

/* "5" is the kernel's word for it (proc(5), clear_refs). */
bool brim_process_reset_peak(void)
{
    int descriptor = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
    if (descriptor < 0)
        return false;
    bool done = write(descriptor, "5", 1) == 1;
    close(descriptor);
    return done;
}

int64_t brim_process_cpu_ns(void)
{
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (int64_t)used.tv_sec * 1000000000 + used.tv_nsec;
}

uint64_t brim_process_available_bytes(void)
{
    return kilobytes_after("/proc/meminfo", "\nMemAvailable:");
}

/* The number in a file; UINT64_MAX for "max", and where there is no such file. */
static uint64_t number_in(const char *path)
{
    char text[TEXT_BYTES], *end;
    unsigned long long number = strtoull(read_start(path, text), &end, 10);
    return end == text ? UINT64_MAX : number;
}

static BrimCgroup read_cgroup(const char *folder, const char *limit, const char *used, const char *inactive)
{
    char path[TEXT_BYTES], text[TEXT_BYTES];
    snprintf(path, sizeof path, "%s/%s", folder, limit);
    BrimCgroup group = {number_in(path), 0};
    snprintf(path, sizeof path, "%s/%s", folder, used);
    uint64_t bytes = number_in(path);
    snprintf(path, sizeof path, "%s/memory.stat", folder);
    const char *line = strstr(read_start(path, text), inactive);
    uint64_t cached = line ? strtoull(line + strlen(inactive), NULL, 10) : 0;
    group.used_bytes = bytes == UINT64_MAX || bytes < cached ? 0 : bytes - cached;
    return group;
}

/* The process's own cgroup, of version 2 or 1; inside a container it stands at the root of what is mounted
 * there. */
BrimCgroup brim_process_cgroup(const char *root)
{
    static const struct {
        const char *key, *mount, *limit, *used, *inactive;
    } versions[] = {
        {"0::", "/sys/fs/cgroup", "memory.max", "memory.current", "\ninactive_file "},
        {":memory:", "/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes",
         "\ntotal_inactive_file "},
    };
    char text[TEXT_BYTES], folder[TEXT_BYTES / 2], path[TEXT_BYTES / 4];
    BrimCgroup group = {UINT64_MAX, 0};
    snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
    for (int i = 0; i < 4 && group.limit_bytes == UINT64_MAX; i++) {
        int version = i / 2;
        bool at_root = i % 2;
        const char *line = strstr(read_start(path, text), versions[version].key);
        const char *own = line ? line + strlen(versions[version].key) : "";
        snprintf(folder, sizeof folder, "%s%s%.*s", root, versions[version].mount,
                 at_root ? 0 : (int)strcspn(own, "\n"), own);
        group =
            read_cgroup(folder, versions[version].limit, versions[version].used, versions[version].inactive);
    }
    return group;
}

uint64_t brim_process_capacity_bytes(void)
{
    uint64_t machine = kilobytes_after("/proc/meminfo", "MemTotal:"), limit = brim_process_cgroup("").limit_bytes;
    return limit < machine ? limit : machine;
}

static atomic_ullong pretended;

void brim_process_pretend_left(uint64_t most_bytes)
{
    atomic_store(&pretended, most_bytes);
}

uint64_t brim_process_free_bytes(void)
{
    uint64_t machine = brim_process_available_bytes(), most = atomic_load(&pretended);
    BrimCgroup group = brim_process_cgroup("");
    uint64_t left = group.limit_bytes > group.used_bytes ? group.limit_bytes - group.used_bytes : 0;
    left = left < machine ? left : machine;
    if (!most)
        return left;
    uint64_t resident = brim_process_resident_bytes(), rest = most > resident ? most - resident : 1;
    return rest < left ? rest : left;
}

double brim_process_core_hz(void)
{
    char text[TEXT_BYTES];
    const char *line = strstr(read_start("/proc/cpuinfo", text), "\ncpu MHz");
    const char *number = line ? strchr(line, ':') : NULL;
    return number ? strtod(number + 1, NULL) * 1e6 : 0;
}

void brim_process_core_name(char *name, size_t bytes)
{
    char text[TEXT_BYTES];
    const char *line = strstr(read_start("/proc/cpuinfo", text), "\nmodel name");
    const char *colon = line ? strchr(line, ':') : NULL;
    const char *start = colon ? colon + 1 + strspn(colon + 1, " \t") : "";
    snprintf(name, bytes, "%.*s", (int)strcspn(start, "\n"), start);
}

/* Files below /proc, read without taking memory: the training loop asks after every batch. */
#include "base/process.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The number behind the key, in kB as these files have it, as bytes. */
static uint64_t kilobytes_after(const char *path, const char *key)
{
    char text[4096];
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return 0;
    ssize_t got = read(descriptor, text, sizeof text - 1);
    close(descriptor);
    if (got <= 0)
        return 0;
    text[got] = '\0';
    const char *line = strstr(text, key);
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

uint64_t brim_process_available_bytes(void)
{
    return kilobytes_after("/proc/meminfo", "\nMemAvailable:");
}

/* Files below /proc and /sys. */
#include "monitor/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/utf8.h"

static int open_path(const char *root, const char *format, va_list args)
{
    char path[BRIM_PROC_PATH_BYTES];
    int used = snprintf(path, sizeof path, "%s", root);
    if (used < 0 || (size_t)used >= sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    vsnprintf(path + used, sizeof path - (size_t)used, format, args);
    return open(path, O_RDONLY | O_CLOEXEC);
}

int brim_proc_open(const char *root, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int descriptor = open_path(root, format, args);
    va_end(args);
    return descriptor;
}

void brim_proc_close(int *descriptor)
{
    if (*descriptor >= 0)
        close(*descriptor);
    *descriptor = -1;
}

bool brim_proc_reread(int descriptor, char *text, size_t room)
{
    ssize_t got = descriptor < 0 ? -1 : pread(descriptor, text, room - 1, 0);
    text[got > 0 ? got : 0] = '\0';
    return got > 0;
}

static bool read_path(char *text, size_t room, const char *root, const char *format, va_list args)
{
    int descriptor = open_path(root, format, args);
    bool read = brim_proc_reread(descriptor, text, room);
    brim_proc_close(&descriptor);
    return read;
}

bool brim_proc_read(char *text, size_t room, const char *root, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    bool read = read_path(text, room, root, format, args);
    va_end(args);
    return read;
}

bool brim_proc_read_line(char *line, size_t room, const char *root, const char *format, ...)
{
    char text[BRIM_PROC_TEXT_BYTES];
    va_list args;
    va_start(args, format);
    bool read = read_path(text, sizeof text, root, format, args);
    va_end(args);
    brim_proc_clean(line, room, text, strcspn(text, "\n"));
    return read;
}

double brim_proc_number(const char *text)
{
    char *end;
    while (*text == ' ' || *text == '\t')
        text++;
    if (*text < '0' || *text > '9')
        return NAN;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    return errno ? NAN : (double)number;
}

double brim_proc_number_in(int descriptor)
{
    char text[64];
    return brim_proc_reread(descriptor, text, sizeof text) ? brim_proc_number(text) : NAN;
}

double brim_proc_number_after(const char *text, const char *key)
{
    size_t length = strlen(key);
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, key, length) == 0)
            return brim_proc_number(line + length);
    }
    return NAN;
}

void brim_proc_clean(char *to, size_t room, const char *from, size_t bytes)
{
    char text[BRIM_PROC_TEXT_BYTES];
    size_t length = bytes < sizeof text - 1 ? bytes : sizeof text - 1;
    for (size_t i = 0; i < length; i++)
        text[i] = (unsigned char)from[i] < ' ' || from[i] == 0x7F ? ' ' : from[i];
    while (length && text[length - 1] == ' ')
        length--;
    text[length] = '\0';
    brim_utf8_copy(to, room, text);
}

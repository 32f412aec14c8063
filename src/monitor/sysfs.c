/* Reading a number or a few words. */
#include "monitor/sysfs.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int brim_sysfs_folder_at_root(const char *root, const char *path)
{
    char whole[BRIM_SYSFS_TEXT_BYTES];
    int length = snprintf(whole, sizeof whole, "%s%s", root, path);
    return length < (int)sizeof whole ? brim_sysfs_folder(AT_FDCWD, whole) : -1;
}

int brim_sysfs_folder(int parent, const char *path)
{
    return openat(parent, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

void brim_sysfs_folder_close(int *folder)
{
    if (*folder >= 0)
        close(*folder);
    *folder = -1;
}

bool brim_sysfs_exists(int folder, const char *path)
{
    return folder >= 0 && faccessat(folder, path, F_OK, 0) == 0;
}

/* From the file's beginning, whatever was read of it before: the kernel then asks the driver again. */
static int read_start(int descriptor, char *text, size_t room)
{
    size_t done = 0;
    while (done < room - 1) {
        ssize_t got = pread(descriptor, text + done, room - 1 - done, (off_t)done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            text[0] = '\0';
            return errno;
        }
        if (got == 0)
            break;
        done += (size_t)got;
    }
    while (done > 0 && isspace((unsigned char)text[done - 1]))
        done--;
    text[done] = '\0';
    return 0;
}

int brim_sysfs_text(int folder, const char *path, char *text, size_t room)
{
    BrimSysfsFile file = brim_sysfs_file(folder, path);
    int error = brim_sysfs_file_text(&file, text, room);
    brim_sysfs_file_close(&file);
    return error;
}

void brim_sysfs_link(int folder, const char *path, char *name, size_t room)
{
    char target[BRIM_SYSFS_TEXT_BYTES];
    ssize_t length = readlinkat(folder, path, target, sizeof target - 1);
    target[length > 0 ? length : 0] = '\0';
    const char *slash = strrchr(target, '/');
    snprintf(name, room, "%s", slash ? slash + 1 : target);
}

BrimSysfsFile brim_sysfs_file(int folder, const char *path)
{
    BrimSysfsFile file = {.folder = folder, .descriptor = -1};
    snprintf(file.path, sizeof file.path, "%s", path);
    return file;
}

int brim_sysfs_file_text(BrimSysfsFile *file, char *text, size_t room)
{
    text[0] = '\0';
    if (file->descriptor < 0 && file->folder >= 0)
        file->descriptor = openat(file->folder, file->path, O_RDONLY | O_CLOEXEC);
    if (file->descriptor < 0)
        return file->folder >= 0 ? errno : ENOENT;
    int error = read_start(file->descriptor, text, room);
    if (error) /* of a device that went away: one that comes back has other files */
        brim_sysfs_file_close(file);
    return error;
}

void brim_sysfs_file_close(BrimSysfsFile *file)
{
    brim_sysfs_folder_close(&file->descriptor);
}

double brim_sysfs_number(const char *text)
{
    char *end;
    if (!isdigit((unsigned char)text[text[0] == '-']))
        return NAN;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    while (isspace((unsigned char)*end))
        end++;
    return *end || errno ? NAN : (double)number;
}

/* One line of pp_dpm_*, "1: 2475Mhz *"; NAN where it is none. APUs have a letter for their sleeping level:
 * "S: 19Mhz *"
 */
static double level_of(const char *line, bool *now)
{
    char *end;
    if (!isalnum((unsigned char)line[0]))
        return NAN;
    line += strspn(line, "0123456789S");
    if (line[0] != ':' || !isdigit((unsigned char)line[1 + (line[1] == ' ')]))
        return NAN;
    unsigned long mega = strtoul(line + 1, &end, 10);
    *now = end[strcspn(end, "*\n")] == '*';
    return strncasecmp(end, "MHz", 3) == 0 ? (double)mega * 1e6 : NAN;
}

/* The highest of the levels, or of those with a star. */
static double highest_level(const char *text, bool only_now)
{
    double highest = NAN;
    for (const char *line = text; line; line = strchr(line, '\n'), line = line ? line + 1 : NULL) {
        bool now = false;
        double hertz = level_of(line, &now);
        if (now || !only_now)
            highest = fmax(highest, hertz);
    }
    return highest;
}

double brim_sysfs_level_hertz(const char *text)
{
    return highest_level(text, true);
}

double brim_sysfs_highest_hertz(const char *text)
{
    return highest_level(text, false);
}

/* What a lane carries in each generation of PCI Express. */
double brim_sysfs_generation(const char *text)
{
    static const char *const speeds[] = {"2.5", "5", "8", "16", "32", "64"};
    for (int i = 0; i < (int)(sizeof speeds / sizeof speeds[0]); i++) {
        size_t length = strlen(speeds[i]);
        if (strncmp(text, speeds[i], length) != 0)
            continue;
        const char *rest = text + length;
        if (strncmp(rest, ".0", 2) == 0)
            rest += 2;
        if (strncmp(rest, " GT/s", 5) == 0)
            return i + 1;
    }
    return NAN;
}

bool brim_sysfs_value(const char *text, const char *key, char *value, size_t room)
{
    size_t key_length = strlen(key);
    for (const char *line = text; line; line = strchr(line, '\n'), line = line ? line + 1 : NULL) {
        size_t length = strcspn(line, "\n");
        if (length <= key_length || strncmp(line, key, key_length) != 0 || line[key_length] != '=')
            continue;
        length -= key_length + 1;
        if (length >= room)
            return false;
        memcpy(value, line + key_length + 1, length);
        value[length] = '\0';
        return true;
    }
    return false;
}

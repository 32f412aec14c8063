/* Small files that the kernel writes anew for each reader, a number or a few words each. Knows files and how
 * figures are spelled in them, not devices. */
#ifndef BRIM_MONITOR_SYSFS_H
#define BRIM_MONITOR_SYSFS_H

#include <stdbool.h>
#include <stddef.h>

enum { BRIM_SYSFS_TEXT_BYTES = 4096 };

/* A folder by descriptor, so that what is read below it needs no paths; -1 where there is none. */
int brim_sysfs_folder_at_root(const char *root, const char *path);
int brim_sysfs_folder(int parent, const char *path);
void brim_sysfs_folder_close(int *folder);

bool brim_sysfs_exists(int folder, const char *path);

/* The file's text without white space at its end. 0, or an errno, and then the text is "". */
int brim_sysfs_text(int folder, const char *path, char *text, size_t room);

/* The last part of what a link points to; "" where there is no such link. */
void brim_sysfs_link(int folder, const char *path, char *name, size_t room);

/* A file that is read in every sample: its descriptor is kept. */
typedef struct BrimSysfsFile {
    int folder; /* not its own */
    int descriptor;
    char path[48];
} BrimSysfsFile;

BrimSysfsFile brim_sysfs_file(int folder, const char *path);
int brim_sysfs_file_text(BrimSysfsFile *file, char *text, size_t room); /* as brim_sysfs_text */
void brim_sysfs_file_close(BrimSysfsFile *file);

/* Figures in a text, NAN where it is none of that kind. */
double brim_sysfs_number(const char *text);        /* "-1500", and nothing else */
double brim_sysfs_level_hertz(const char *text);   /* pp_dpm_*: of the line with a star, "1: 2475Mhz *" */
double brim_sysfs_highest_hertz(const char *text); /* pp_dpm_*: of the highest line */
double brim_sysfs_generation(const char *text);    /* current_link_speed: "16.0 GT/s PCIe" is 4 */

/* The value behind "key=" at the start of a line of a uevent file; false where there is none, or it has no
 * room. */
bool brim_sysfs_value(const char *text, const char *key, char *value, size_t room);

#endif

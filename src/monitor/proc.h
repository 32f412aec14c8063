/* Files below /proc and /sys, of this machine or of a recorded tree: opened once and read again and again,
 * and the figures in them. Nothing here takes memory, and nothing fails: what is not there is NAN, -1 or "".
 */
#ifndef BRIM_MONITOR_PROC_H
#define BRIM_MONITOR_PROC_H

#include <stdbool.h>
#include <stddef.h>

enum { BRIM_PROC_PATH_BYTES = 512, BRIM_PROC_TEXT_BYTES = 4096 };

/* A descriptor for root + the path, -1 where it cannot be opened (errno says why). */
int brim_proc_open(const char *root, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Closes what brim_proc_open gave, and clears it to -1. */
void brim_proc_close(int *descriptor);

/* The file's start, read anew, NUL-terminated; "" and false where it cannot be read, or has nothing. */
bool brim_proc_reread(int descriptor, char *text, size_t room);

/* Opens, reads the start, closes. */
bool brim_proc_read(char *text, size_t room, const char *root, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* As above, the first line alone, without its end, fit for people (brim_proc_clean). */
bool brim_proc_read_line(char *line, size_t room, const char *root, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The whole number, without a sign or below zero, that text begins with; NAN where there is none. */
double brim_proc_number(const char *text);

/* The number in the file, read anew. */
double brim_proc_number_in(int descriptor);

/* The number behind the key at the start of a line ("VmRSS:"). */
double brim_proc_number_after(const char *text, const char *key);

/* Copies bytes of a file as a text for people: whole characters of UTF-8, blanks for control characters and
 * NUL. */
void brim_proc_clean(char *to, size_t room, const char *from, size_t bytes);

#endif

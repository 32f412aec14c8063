/* Whole files in and out. Writing is atomic: the new file appears complete or the old one stays. */
#ifndef BRIM_BASE_FILE_H
#define BRIM_BASE_FILE_H

#include "base/memory.h"

/* Reads a file of at most most_bytes; *data is NUL-terminated (the NUL is not counted) and given back with
 * brim_mem_give. ERROR_IO when it cannot be read, ERROR_INPUT when it is larger or no regular file. */
BrimStatus brim_file_read(const char *path, size_t most_bytes, char **data, size_t *size_bytes);

/* Reads a file into room that is there already; ERROR_INPUT when it has more bytes than that. */
BrimStatus brim_file_read_into(const char *path, void *room, size_t room_bytes, size_t *size_bytes);

/* The last bytes of a file, all of them where it has no more than there is room for. */
BrimStatus brim_file_read_tail(const char *path, void *room, size_t room_bytes, size_t *got_bytes);

bool brim_file_exists(const char *path);
bool brim_folder_exists(const char *path);

/* Makes a folder and those above it; "" is the one that the process is in. */
BrimStatus brim_folder_make(const char *path);

/* Keeps a folder for this process until the descriptor is closed or the process ends. *descriptor is -1 where
 * the file system keeps none. ERROR_IO where another process has it. */
BrimStatus brim_folder_lock(const char *path, int *descriptor);

/* folder + "/" + name, or name alone when it is absolute or folder is empty; without "./" before the name.
 * NULL with a last error. */
char *brim_path_join(const char *folder, const char *name);

/* A file written beside its final name and renamed onto it by commit. A full disk fails at write or commit and
 * leaves the old file as it was. */
typedef struct BrimAtomicFile BrimAtomicFile;
BrimStatus brim_atomic_open(BrimAtomicFile **file, const char *path);
BrimStatus brim_atomic_write(BrimAtomicFile *file, const void *data, size_t bytes);
BrimStatus brim_atomic_commit(BrimAtomicFile **file); /* closes either way */
void brim_atomic_discard(BrimAtomicFile **file);      /* NULL inside is allowed */

/* The three above in one call. */
BrimStatus brim_file_write(const char *path, const void *data, size_t bytes);

/* The same for what need not outlive a power cut: it waits for no disk. */
BrimStatus brim_file_write_unsynced(const char *path, const void *data, size_t bytes);

/* To the end of a file that is there, and waits for no disk either: what was in it before is not touched.
 * Where not all of it can be written the file is as it was. */
BrimStatus brim_file_append(const char *path, const void *data, size_t bytes);

#endif

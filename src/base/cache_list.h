/* Lists of what can be made again, kept as JSON below $XDG_CACHE_HOME/brim, or ~/.cache/brim: an object with
 * a schema, and an array of entries, the oldest first. Some fields of an entry say what it belongs to, its
 * identity. Knows nothing of what any of them means. */
#ifndef BRIM_BASE_CACHE_LIST_H
#define BRIM_BASE_CACHE_LIST_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

typedef struct BrimCacheList {
    const char *file;    /* its name in the cache */
    const char *schema;  /* changes when a field changes its meaning or goes away */
    const char *entries; /* the array's key */
    const char *what;    /* they are, in sentences: "timings" */
    size_t most_entries; /* beyond so many the oldest go */
    size_t most_bytes;   /* of a file that is read */
} BrimCacheList;

/* The tree of a file's text, which the caller lets go of with json_decref; NULL with a last error where it is
 * no such list. */
json_t *brim_cache_list_parse(const BrimCacheList *list, const char *text, size_t bytes);

/* The file's tree, *tree NULL where there is no file or no folder for one. ERROR_INPUT where it is no such
 * list. */
BrimStatus brim_cache_list_load(const BrimCacheList *list, json_t **tree);

/* Puts the file's path before the last error, which says what is wrong in it. */
BrimStatus brim_cache_list_blame(const BrimCacheList *list, BrimStatus status);

/* As it is, or an empty one, even where the file is none of brim's. NULL with a last error only where memory
 * ran out. */
json_t *brim_cache_list_read(const BrimCacheList *list);

/* True where all fields of the identity are the entry's too. */
bool brim_cache_list_match(const json_t *entry, const json_t *identity);

/* Puts an entry of these fields and the rest of them into the file, in the place of what was there of the
 * same identity, and takes both over. The file's tree is what it is then, or NULL where it cannot be read.
 * ERROR_IO where it cannot be written. */
BrimStatus brim_cache_list_keep(const BrimCacheList *list, json_t *identity, json_t *rest, json_t **tree);

#endif

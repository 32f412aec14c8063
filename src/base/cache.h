/* Where files lie that can be made again: below $XDG_CACHE_HOME/brim, or ~/.cache/brim. Knows nothing of what
 * is in them. */
#ifndef BRIM_BASE_CACHE_H
#define BRIM_BASE_CACHE_H

#include "base/status.h"

/* The path of a file of brim's cache, given back with brim_mem_give. NULL where the environment names no
 * folder, which is no error: then nothing is kept. */
char *brim_cache_path(const char *name);

/* Makes the folder that a path of brim_cache_path lies in. */
BrimStatus brim_cache_make_folder(const char *path);

#endif

/* Where files lie that can be made again. */
#include "base/cache.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"

char *brim_cache_path(const char *name)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    char *folder = NULL, *own = NULL, *path = NULL;
    if (cache && cache[0] == '/') /* the specification ignores others */
        folder = brim_mem_text(BRIM_MEM_CONF, cache);
    else if (home && home[0])
        folder = brim_path_join(home, ".cache");
    if (folder)
        own = brim_path_join(folder, "brim");
    if (own)
        path = brim_path_join(own, name);
    brim_mem_give(own);
    brim_mem_give(folder);
    return path;
}

BrimStatus brim_cache_make_folder(const char *path)
{
    char *folder = brim_mem_text(BRIM_MEM_CONF, path);
    if (!folder)
        return BRIM_ERROR_MEMORY;
    *strrchr(folder, '/') = '\0';
    BrimStatus status = brim_folder_make(folder);
    brim_mem_give(folder);
    return status;
}

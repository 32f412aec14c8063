/* Bounded lists of entries on disk. */
#include "base/cache_list.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"

/* ---- where it lies ---- */

/* To be given back; NULL where the environment names no folder, which is no error: then nothing is kept. */
static char *path_of(const BrimCacheList *list)
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
        path = brim_path_join(own, list->file);
    brim_mem_give(own);
    brim_mem_give(folder);
    return path;
}

/* ---- reading ---- */

json_t *brim_cache_list_parse(const BrimCacheList *list, const char *text, size_t bytes)
{
    json_error_t error;
    json_t *tree = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &error);
    const char *schema = json_string_value(json_object_get(tree, "schema"));
    if (schema && strcmp(schema, list->schema) == 0 && json_is_array(json_object_get(tree, list->entries)))
        return tree;
    if (tree)
        brim_fail(BRIM_ERROR_INPUT, "it is no list of %s of this version (%s)", list->what, list->schema);
    else
        brim_fail(BRIM_ERROR_INPUT, "line %d: %s", error.line, error.text);
    json_decref(tree);
    return NULL;
}

BrimStatus brim_cache_list_blame(const BrimCacheList *list, BrimStatus status)
{
    char *path = path_of(list);
    status = brim_fail_within(status, "%s: ", path ? path : list->file);
    brim_mem_give(path);
    return status;
}

BrimStatus brim_cache_list_load(const BrimCacheList *list, json_t **tree)
{
    size_t bytes;
    char *text = NULL, *path = path_of(list);
    BrimStatus status = BRIM_OK;
    *tree = NULL;
    if (path && brim_file_exists(path))
        status = brim_file_read(path, list->most_bytes, &text, &bytes);
    if (text && !(*tree = brim_cache_list_parse(list, text, bytes)))
        status = brim_cache_list_blame(list, BRIM_ERROR_INPUT);
    brim_mem_give(text);
    brim_mem_give(path);
    return status;
}

json_t *brim_cache_list_read(const BrimCacheList *list)
{
    json_t *tree;
    if (brim_cache_list_load(list, &tree) != BRIM_OK || !tree)
        tree = json_pack("{s:s, s:[]}", "schema", list->schema, list->entries);
    if (!tree)
        brim_fail(BRIM_ERROR_MEMORY, "no memory for the list of %s", list->what);
    return tree;
}

bool brim_cache_list_match(const json_t *entry, const json_t *identity)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)identity, key, value)
    {
        if (!json_equal(json_object_get(entry, key), value))
            return false;
    }
    return identity != NULL;
}

/* ---- writing ---- */

/* The folder that a file lies in. */
static BrimStatus make_folder(const char *path)
{
    char *folder = brim_mem_text(BRIM_MEM_CONF, path);
    if (!folder)
        return BRIM_ERROR_MEMORY;
    *strrchr(folder, '/') = '\0';
    BrimStatus status = brim_folder_make(folder);
    brim_mem_give(folder);
    return status;
}

static void put(const BrimCacheList *list, json_t *entries, json_t *identity, json_t *rest)
{
    for (size_t i = json_array_size(entries); i-- > 0;)
        if (brim_cache_list_match(json_array_get(entries, i), identity))
            json_array_remove(entries, i);
    while (json_array_size(entries) >= list->most_entries)
        json_array_remove(entries, 0);
    json_object_update(identity, rest);
    json_array_append(entries, identity);
}

static BrimStatus write_tree(const char *path, const json_t *tree)
{
    char *text = json_dumps(tree, JSON_INDENT(1) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(9));
    if (!text)
        return brim_fail(BRIM_ERROR_MEMORY, "no memory for %s", path);
    BrimStatus status = brim_file_write(path, text, strlen(text));
    free(text);
    return status;
}

BrimStatus brim_cache_list_keep(const BrimCacheList *list, json_t *identity, json_t *rest, json_t **tree)
{
    char *path = path_of(list);
    BrimStatus status =
        path ? make_folder(path)
             : brim_fail(BRIM_ERROR_IO, "neither XDG_CACHE_HOME nor HOME says where %s can be kept",
                         list->what);
    /* Read again: another run may have written meanwhile. */
    *tree = status == BRIM_OK ? brim_cache_list_read(list) : NULL;
    if (*tree) {
        put(list, json_object_get(*tree, list->entries), identity, rest);
        status = write_tree(path, *tree);
    } else if (status == BRIM_OK) {
        status = BRIM_ERROR_MEMORY;
    }
    json_decref(identity);
    json_decref(rest);
    brim_mem_give(path);
    return status;
}

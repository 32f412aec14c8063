/* data.yaml. */
#include "conf/dataset.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "conf/model.h"
#include "conf/nearest.h"
#include "conf/yaml.h"

static void clear_paths(BrimPathList *list)
{
    for (int i = 0; i < list->count; i++)
        brim_mem_give(list->paths[i]);
    brim_mem_give(list->paths);
    *list = (BrimPathList){0};
}

void brim_dataset_clear(BrimDataset *dataset)
{
    clear_paths(&dataset->train);
    clear_paths(&dataset->val);
    clear_paths(&dataset->test);
    for (int i = 0; dataset->class_names && i < dataset->class_count; i++)
        brim_mem_give(dataset->class_names[i]);
    brim_mem_give(dataset->class_names);
    brim_mem_give(dataset->source);
    *dataset = (BrimDataset){0};
}

/* The folder that relative paths start from: `path` below the yaml's folder, or, where nothing is there,
 * below the working directory; without `path` the yaml's folder. */
static BrimStatus find_root(const char *source, const BrimYaml *root, char **folder)
{
    const BrimYaml *path = brim_yaml_get(root, "path");
    const char *slash = strrchr(source, '/');
    char shown[BRIM_YAML_SHOWN_BYTES];
    char *yaml_folder = *folder = brim_mem_text(BRIM_MEM_CONF, source);
    if (!yaml_folder)
        return BRIM_ERROR_MEMORY;
    yaml_folder[slash ? slash - source + 1 : 0] = '\0';
    if (!path || brim_yaml_null(path))
        return BRIM_OK;
    if (path->kind != BRIM_YAML_SCALAR)
        return brim_fail(BRIM_ERROR_INPUT, "%s: line %d: `path:` is %s; it must be a folder", source,
                         path->line, brim_yaml_show(path, shown));
    *folder = brim_path_join(yaml_folder, path->text);
    brim_mem_give(yaml_folder);
    if (!*folder || brim_folder_exists(*folder))
        return *folder ? BRIM_OK : BRIM_ERROR_MEMORY;
    brim_mem_give(*folder);
    *folder = brim_mem_text(BRIM_MEM_CONF, path->text);
    return *folder ? BRIM_OK : BRIM_ERROR_MEMORY;
}

static bool exists(const char *path)
{
    return brim_file_exists(path) || brim_folder_exists(path);
}

/* The path below the folder. Exporters write `../train/images` for what lies beside the yaml: where nothing
 * is there, the ../ is left out, as YOLOv5 does. */
static char *find_path(const char *folder, const char *name)
{
    char *path = brim_path_join(folder, name);
    if (!path || exists(path) || strncmp(name, "../", 3) != 0)
        return path;
    char *beside = brim_path_join(folder, name + 3);
    bool better = beside && exists(beside);
    brim_mem_give(better ? path : beside);
    return better ? beside : path;
}

/* A place that a run may never ask for (test) need not be there. */
static BrimStatus add_path(BrimPathList *list, const char *source, const char *folder, const char *key,
                           const BrimYaml *node)
{
    char shown[BRIM_YAML_SHOWN_BYTES];
    if (node->kind != BRIM_YAML_SCALAR || !node->text[0])
        return brim_fail(BRIM_ERROR_INPUT,
                         "%s: line %d: `%s:` is %s; it must be a folder, a list file, or a list of those",
                         source, node->line, key, brim_yaml_show(node, shown));
    char *path = find_path(folder, node->text);
    if (!path)
        return BRIM_ERROR_MEMORY;
    list->paths[list->count++] = path;
    if (!exists(path) && strcmp(key, "test") != 0)
        return brim_fail(BRIM_ERROR_INPUT,
                         "%s: line %d: `%s:` nothing is at %s; check `path:` and the folders below it",
                         source, node->line, key, path);
    return BRIM_OK;
}

static BrimStatus read_paths(BrimPathList *list, const char *source, const char *folder, const char *key,
                             const BrimYaml *node)
{
    bool many = node && node->kind == BRIM_YAML_LIST;
    BrimStatus status = BRIM_OK;
    if (!node || brim_yaml_null(node) || (many && node->count == 0))
        return strcmp(key, "test") == 0
                   ? BRIM_OK
                   : brim_fail(BRIM_ERROR_INPUT,
                               "%s: line %d: `%s:` is missing; it names the folder of pictures", source,
                               node ? node->key_line : 1, key);
    list->paths = brim_mem_take(BRIM_MEM_CONF, many ? (size_t)node->count : 1, sizeof *list->paths);
    if (!list->paths)
        return BRIM_ERROR_MEMORY;
    for (int i = 0; i < (many ? node->count : 1) && status == BRIM_OK; i++)
        status = add_path(list, source, folder, key, many ? &node->items[i] : node);
    return status;
}

/* Names end up in tables, file names and pictures: some letters, and no line breaks. */
static BrimStatus set_name(BrimDataset *dataset, int index, const BrimYaml *node)
{
    enum { MOST_NAME_BYTES = 200 };
    bool fits = node->kind == BRIM_YAML_SCALAR && node->text[0] && strlen(node->text) <= MOST_NAME_BYTES;
    for (const char *c = fits ? node->text : ""; *c; c++)
        fits = fits && !iscntrl((unsigned char)*c);
    char shown[BRIM_YAML_SHOWN_BYTES];
    if (!fits)
        return brim_fail(BRIM_ERROR_INPUT,
                         "%s: line %d: `names:` class %d is %s; it must be one line of at most %d letters",
                         dataset->source, node->line, index, brim_yaml_show(node, shown), MOST_NAME_BYTES);
    dataset->class_names[index] = brim_mem_text(BRIM_MEM_CONF, node->text);
    return dataset->class_names[index] ? BRIM_OK : BRIM_ERROR_MEMORY;
}

/* names as a map: its keys are the class numbers. */
static BrimStatus set_mapped_name(BrimDataset *dataset, const BrimYaml *names, int i)
{
    char number[24];
    long index = strtol(names->keys[i], NULL, 10);
    snprintf(number, sizeof number, "%ld", index);
    if (strcmp(number, names->keys[i]) != 0 || index < 0 || index >= names->count)
        return brim_fail(
            BRIM_ERROR_INPUT, "%s: line %d: `names:` must number its %d classes 0 to %d, found \"%.40s\"",
            dataset->source, names->items[i].key_line, names->count, names->count - 1, names->keys[i]);
    return set_name(dataset, (int)index, &names->items[i]);
}

/* class0, class1, ... where the file gives their number alone. */
static BrimStatus set_numbered_name(BrimDataset *dataset, int index)
{
    char name[32];
    snprintf(name, sizeof name, "class%d", index);
    dataset->class_names[index] = brim_mem_text(BRIM_MEM_CONF, name);
    return dataset->class_names[index] ? BRIM_OK : BRIM_ERROR_MEMORY;
}

static BrimStatus read_class_count(BrimDataset *dataset, const BrimYaml *names, const BrimYaml *classes)
{
    const char *source = dataset->source;
    char shown[BRIM_YAML_SHOWN_BYTES];
    if (!names && !classes)
        return brim_fail(BRIM_ERROR_INPUT, "%s: line 1: `names:` is missing; it lists the classes", source);
    if (names && (names->kind == BRIM_YAML_SCALAR || names->count < 1 || names->count > BRIM_MAX_CLASSES))
        return brim_fail(BRIM_ERROR_INPUT, "%s: line %d: `names:` must be a list or a map of 1 to %d names",
                         source, names->line, BRIM_MAX_CLASSES);
    if (classes && !brim_yaml_whole_within(classes, 1, BRIM_MAX_CLASSES, &dataset->class_count))
        return brim_fail(BRIM_ERROR_INPUT,
                         "%s: line %d: `nc:` is %s; it must be the number of classes, 1 to %d", source,
                         classes->line, brim_yaml_show(classes, shown), BRIM_MAX_CLASSES);
    if (names && classes && names->count != dataset->class_count)
        return brim_fail(BRIM_ERROR_INPUT, "%s: line %d: `nc:` is %d, but `names:` has %d names", source,
                         classes->line, dataset->class_count, names->count);
    if (names)
        dataset->class_count = names->count;
    return BRIM_OK;
}

static BrimStatus read_names(BrimDataset *dataset, const BrimYaml *names, const BrimYaml *classes)
{
    BrimStatus status = read_class_count(dataset, names, classes);
    if (status != BRIM_OK)
        return status;
    dataset->class_names =
        brim_mem_take(BRIM_MEM_CONF, (size_t)dataset->class_count, sizeof *dataset->class_names);
    if (!dataset->class_names)
        return BRIM_ERROR_MEMORY;
    for (int i = 0; i < dataset->class_count && status == BRIM_OK; i++) {
        if (!names)
            status = set_numbered_name(dataset, i);
        else if (names->kind == BRIM_YAML_MAP)
            status = set_mapped_name(dataset, names, i);
        else
            status = set_name(dataset, i, &names->items[i]);
    }
    return status;
}

/* Exporters add keys of their own, which mean nothing here. One that is nearly a known key, where that one is
 * absent, is a slip of the user's: `name:` would silently train with the classes unnamed. */
static BrimStatus check_keys(const char *source, const BrimYaml *root)
{
    static const char *const known[] = {"path", "train", "val", "test", "nc", "names", "download"};
    enum { KNOWN_COUNT = sizeof known / sizeof known[0] };
    if (root->kind != BRIM_YAML_MAP)
        return brim_fail(BRIM_ERROR_INPUT, "%s: line %d: expected lines of `key: value`", source, root->line);
    for (int i = 0; i < root->count; i++) {
        const char *nearest = brim_nearest(root->keys[i], known, KNOWN_COUNT);
        if (nearest && strcmp(nearest, root->keys[i]) != 0 && !brim_yaml_get(root, nearest))
            return brim_fail(BRIM_ERROR_INPUT, "%s: line %d: unknown key `%s`; `%s` is meant?", source,
                             root->items[i].key_line, root->keys[i], nearest);
    }
    return BRIM_OK;
}

static BrimStatus read_root(BrimDataset *dataset, const BrimYaml *root)
{
    BrimStatus status;
    const char *source = dataset->source;
    char *folder = NULL;
    BRIM_TRY(check_keys(source, root));
    BRIM_TRY(read_names(dataset, brim_yaml_get(root, "names"), brim_yaml_get(root, "nc")));
    BRIM_TRY(find_root(source, root, &folder));
    BRIM_TRY(read_paths(&dataset->train, source, folder, "train", brim_yaml_get(root, "train")));
    BRIM_TRY(read_paths(&dataset->val, source, folder, "val", brim_yaml_get(root, "val")));
    BRIM_TRY(read_paths(&dataset->test, source, folder, "test", brim_yaml_get(root, "test")));
fail:
    brim_mem_give(folder);
    return status;
}

BrimStatus brim_dataset_parse(BrimDataset *dataset, const char *path, const char *text, size_t bytes)
{
    BrimYaml *root = NULL;
    *dataset = (BrimDataset){.source = brim_mem_text(BRIM_MEM_CONF, path)};
    if (!dataset->source)
        return BRIM_ERROR_MEMORY;
    BrimStatus status = brim_yaml_parse(&root, path, text, bytes);
    if (status == BRIM_OK)
        status = read_root(dataset, root);
    brim_yaml_close(&root);
    if (status != BRIM_OK)
        brim_dataset_clear(dataset);
    return status;
}

BrimStatus brim_dataset_load(BrimDataset *dataset, const char *path)
{
    char *text;
    size_t bytes;
    *dataset = (BrimDataset){0};
    BrimStatus status = brim_file_read(path, BRIM_YAML_MOST_BYTES, &text, &bytes);
    if (status != BRIM_OK)
        return status;
    status = brim_dataset_parse(dataset, path, text, bytes);
    brim_mem_give(text);
    return status;
}

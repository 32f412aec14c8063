/* data.yaml. */
#include "conf/dataset.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "conf/yaml.h"

enum { MOST_YAML_BYTES = 1 << 24, MOST_CLASSES = 10000 };

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

/* The folder that relative paths start from: `path` below the yaml's folder, or, where nothing is there, below the
 * working directory; without `path` the yaml's folder. */
static BrimStatus find_root(const char *source, const BrimYaml *root, char **folder)
{
    const BrimYaml *path = brim_yaml_get(root, "path");
    const char *slash = strrchr(source, '/');
    char *yaml_folder = brim_mem_text(BRIM_MEM_CONF, source);
    if (!yaml_folder)
        return BRIM_ERROR_MEMORY;
    yaml_folder[slash ? slash - source + 1 : 0] = '\0';
    *folder = yaml_folder;
    if (!path || brim_yaml_null(path))
        return BRIM_OK;
    if (path->kind != BRIM_YAML_SCALAR)
        return brim_fail(BRIM_ERROR_INPUT, "%s: line %d: `path:` must be a folder", source, path->line);
    *folder = brim_path_join(yaml_folder, path->text);
    brim_mem_give(yaml_folder);
    if (*folder && !brim_folder_exists(*folder)) {
        brim_mem_give(*folder);
        *folder = brim_mem_text(BRIM_MEM_CONF, path->text);
    }
    return *folder ? BRIM_OK : BRIM_ERROR_MEMORY;
}

static BrimStatus add_path(BrimPathList *list, const char *source, const char *folder, const BrimYaml *node)
{
    if (node->kind != BRIM_YAML_SCALAR || !node->text[0])
        return brim_fail(BRIM_ERROR_INPUT, "%s: line %d: expected a folder, a list file or a picture", source, node->line);
    char *path = brim_path_join(folder, node->text);
    if (!path)
        return BRIM_ERROR_MEMORY;
    if (!brim_file_exists(path) && !brim_folder_exists(path)) {
        BrimStatus status = brim_fail(BRIM_ERROR_INPUT, "%s: line %d: nothing at %s; check `path:` and the folders below it",
                                      source, node->line, path);
        brim_mem_give(path);
        return status;
    }
    list->paths[list->count++] = path;
    return BRIM_OK;
}

static BrimStatus read_paths(BrimPathList *list, const char *source, const char *folder, const BrimYaml *node)
{
    if (!node || brim_yaml_null(node))
        return BRIM_OK;
    bool many = node->kind == BRIM_YAML_LIST;
    BrimStatus status = BRIM_OK;
    list->paths = brim_mem_take(BRIM_MEM_CONF, many ? (size_t)node->count + 1 : 1, sizeof *list->paths);
    if (!list->paths)
        return BRIM_ERROR_MEMORY;
    for (int i = 0; i < (many ? node->count : 1) && status == BRIM_OK; i++)
        status = add_path(list, source, folder, many ? &node->items[i] : node);
    return status;
}

static BrimStatus set_name(BrimDataset *dataset, int index, const BrimYaml *node)
{
    if (node->kind != BRIM_YAML_SCALAR)
        return brim_fail(BRIM_ERROR_INPUT, "%s: line %d: a class name must be a word", dataset->source, node->line);
    dataset->class_names[index] = brim_mem_text(BRIM_MEM_CONF, node->text);
    return dataset->class_names[index] ? BRIM_OK : BRIM_ERROR_MEMORY;
}

/* names as a map: its keys are the class numbers. */
static BrimStatus set_mapped_name(BrimDataset *dataset, const BrimYaml *names, int i)
{
    int index, used = 0;
    const char *key = names->keys[i];
    bool whole = sscanf(key, "%d%n", &index, &used) == 1 && key[used] == '\0';
    if (!whole || index < 0 || index >= names->count || dataset->class_names[index])
        return brim_fail(BRIM_ERROR_INPUT, "%s: line %d: `names` must number its %d classes 0 to %d, found \"%s\"",
                         dataset->source, names->items[i].line, names->count, names->count - 1, key);
    return set_name(dataset, index, &names->items[i]);
}

static BrimStatus read_names(BrimDataset *dataset, const BrimYaml *names, const BrimYaml *classes)
{
    BrimStatus status = BRIM_OK;
    int count = names ? names->count : dataset->class_count;
    if (names && names->kind == BRIM_YAML_SCALAR)
        return brim_fail(BRIM_ERROR_INPUT, "%s: line %d: `names` must be a list or a map", dataset->source, names->line);
    if (names && classes && count != dataset->class_count)
        return brim_fail(BRIM_ERROR_INPUT, "%s: line %d: `nc` is %d, but `names` has %d names", dataset->source,
                         classes->line, dataset->class_count, count);
    if (count < 1 || count > MOST_CLASSES)
        return brim_fail(BRIM_ERROR_INPUT, "%s: neither `nc:` nor `names:` says which classes there are", dataset->source);
    dataset->class_names = brim_mem_take(BRIM_MEM_CONF, (size_t)count, sizeof *dataset->class_names);
    if (!dataset->class_names)
        return BRIM_ERROR_MEMORY;
    dataset->class_count = count;
    for (int i = 0; i < count && status == BRIM_OK; i++) {
        char number[32];
        snprintf(number, sizeof number, "class%d", i);
        if (names)
            status = names->kind == BRIM_YAML_MAP ? set_mapped_name(dataset, names, i)
                                                  : set_name(dataset, i, &names->items[i]);
        else if (!(dataset->class_names[i] = brim_mem_text(BRIM_MEM_CONF, number)))
            status = BRIM_ERROR_MEMORY;
    }
    return status;
}

/* A typo such as `trian:` would silently train on nothing: unknown keys are refused. */
static BrimStatus check_keys(const char *source, const BrimYaml *root)
{
    static const char *const known[] = {"path", "train", "val", "test", "nc", "names", "download", "yaml_file"};
    if (root->kind != BRIM_YAML_MAP)
        return brim_fail(BRIM_ERROR_INPUT, "%s: line 1: expected lines of `key: value`", source);
    for (int i = 0; i < root->count; i++) {
        bool found = false;
        for (size_t j = 0; j < sizeof known / sizeof known[0] && !found; j++)
            found = strcmp(root->keys[i], known[j]) == 0;
        if (!found)
            return brim_fail(BRIM_ERROR_INPUT,
                             "%s: line %d: unknown key `%s`; known are path, train, val, test, nc, names and download",
                             source, root->items[i].line, root->keys[i]);
    }
    return BRIM_OK;
}

static BrimStatus read_root(BrimDataset *dataset, const BrimYaml *root)
{
    BrimStatus status;
    char *folder = NULL;
    const BrimYaml *classes = brim_yaml_get(root, "nc");
    BRIM_TRY(check_keys(dataset->source, root));
    if (classes && (!brim_yaml_whole(classes, &dataset->class_count) || dataset->class_count < 1 ||
                    dataset->class_count > MOST_CLASSES))
        return brim_fail(BRIM_ERROR_INPUT, "%s: line %d: `nc:` must be the number of classes, 1 to %d", dataset->source,
                         classes->line, MOST_CLASSES);
    BRIM_TRY(read_names(dataset, brim_yaml_get(root, "names"), classes));
    BRIM_TRY(find_root(dataset->source, root, &folder));
    BRIM_TRY(read_paths(&dataset->train, dataset->source, folder, brim_yaml_get(root, "train")));
    BRIM_TRY(read_paths(&dataset->val, dataset->source, folder, brim_yaml_get(root, "val")));
    BRIM_TRY(read_paths(&dataset->test, dataset->source, folder, brim_yaml_get(root, "test")));
    if (dataset->train.count + dataset->val.count + dataset->test.count == 0)
        status = brim_fail(BRIM_ERROR_INPUT, "%s: none of `train:`, `val:` and `test:` names pictures", dataset->source);
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
    BrimStatus status = brim_file_read(path, MOST_YAML_BYTES, &text, &bytes);
    if (status != BRIM_OK)
        return status;
    status = brim_dataset_parse(dataset, path, text, bytes);
    brim_mem_give(text);
    return status;
}

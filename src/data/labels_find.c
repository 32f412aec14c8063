/* Folders, list files and single pictures to a sorted list of picture files. */
#include "data/labels_find.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/file.h"
#include "data/decode.h"

#define MOST_LIST_BYTES ((size_t)1 << 30)

/* The folders that a walk is inside of, so that a link back to one of them ends the walk. */
typedef struct Folder {
    dev_t device;
    ino_t inode;
    const struct Folder *parent;
} Folder;

typedef struct Search {
    BrimTexts *pictures, *remarks;
} Search;

static BrimStatus add_owned(BrimTexts *list, char *text)
{
    char **texts = brim_mem_room(BRIM_MEM_DATA, list->texts, list->count, &list->room, sizeof *texts);
    if (!texts) {
        brim_mem_give(text);
        return BRIM_ERROR_MEMORY;
    }
    list->texts = texts;
    list->texts[list->count++] = text;
    return BRIM_OK;
}

BrimStatus brim_texts_add(BrimTexts *list, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int bytes = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *text = brim_mem_take(BRIM_MEM_DATA, (size_t)(bytes > 0 ? bytes : 0) + 1, 1);
    if (!text)
        return BRIM_ERROR_MEMORY;
    va_start(arguments, format);
    vsnprintf(text, (size_t)(bytes > 0 ? bytes : 0) + 1, format, arguments);
    va_end(arguments);
    return add_owned(list, text);
}

void brim_texts_clear(BrimTexts *list)
{
    for (int i = 0; i < list->count; i++)
        brim_mem_give(list->texts[i]);
    brim_mem_give(list->texts);
    *list = (BrimTexts){0};
}

char *brim_label_path(const char *picture_path)
{
    static const char images[] = "images/", labels[] = "labels/";
    enum { NAME_BYTES = sizeof images - 1 };
    char *path = brim_mem_take(BRIM_MEM_DATA, strlen(picture_path) + sizeof ".txt", 1);
    if (!path)
        return NULL;
    strcpy(path, picture_path);
    for (char *at = path + strlen(path); at-- > path;) {
        if (strncmp(at, images, NAME_BYTES) == 0 && (at == path || at[-1] == '/')) {
            memcpy(at, labels, NAME_BYTES);
            break;
        }
    }
    char *slash = strrchr(path, '/');
    char *dot = strrchr(slash ? slash : path, '.');
    strcpy(dot ? dot : path + strlen(path), ".txt");
    return path;
}

/* The formats that YOLOv5 reads and brim does not. */
static bool is_foreign_picture(const char *path)
{
    static const char *const endings[] = {".dng", ".mpo", ".tif", ".tiff", ".pfm"};
    const char *dot = strrchr(path, '.');
    for (size_t i = 0; dot && i < sizeof endings / sizeof endings[0]; i++)
        if (strcasecmp(dot, endings[i]) == 0)
            return true;
    return false;
}

static BrimStatus remark_foreign(const Search *search, const char *path)
{
    return brim_texts_add(search->remarks, "%s: brim reads JPEG, PNG, BMP and WebP only; left out", path);
}

static BrimStatus walk(const Search *search, const char *path, const struct stat *info, const Folder *parent);

/* One entry of a folder: a picture, a folder to walk, or nothing of interest. */
static BrimStatus visit(const Search *search, const char *path, const Folder *parent)
{
    struct stat info;
    if (stat(path, &info) != 0) /* a dangling link */
        return BRIM_OK;
    if (S_ISDIR(info.st_mode))
        return walk(search, path, &info, parent);
    if (S_ISREG(info.st_mode) && brim_decode_knows(path))
        return brim_texts_add(search->pictures, "%s", path);
    return S_ISREG(info.st_mode) && is_foreign_picture(path) ? remark_foreign(search, path) : BRIM_OK;
}

/* A folder and those below it; hidden entries are left out, as Python's glob leaves them out. */
static BrimStatus walk(const Search *search, const char *path, const struct stat *info, const Folder *parent)
{
    Folder folder = {info->st_dev, info->st_ino, parent};
    for (const Folder *above = parent; above; above = above->parent)
        if (above->device == folder.device && above->inode == folder.inode)
            return BRIM_OK;
    DIR *entries = opendir(path);
    if (!entries)
        return brim_fail(BRIM_ERROR_IO, "cannot open the folder %s: %s", path, strerror(errno));
    BrimStatus status = BRIM_OK;
    for (struct dirent *entry; status == BRIM_OK && (entry = readdir(entries));) {
        if (entry->d_name[0] == '.')
            continue;
        char *below = brim_path_join(path, entry->d_name);
        status = below ? visit(search, below, &folder) : BRIM_ERROR_MEMORY;
        brim_mem_give(below);
    }
    closedir(entries);
    return status;
}

/* One line of a list file; ./ stands for the list file's folder, anything else is taken as it is. */
static BrimStatus add_listed(const Search *search, const char *list_path, int number, const char *line)
{
    if (!brim_decode_knows(line))
        return brim_texts_add(search->remarks, "%s:%d: not a picture that brim reads; left out", list_path,
                              number);
    const char *slash = strrchr(list_path, '/');
    int folder_bytes = slash ? (int)(slash - list_path) + 1 : 0;
    if (strncmp(line, "./", 2) == 0)
        return brim_texts_add(search->pictures, "%.*s%s", folder_bytes, list_path, line + 2);
    return brim_texts_add(search->pictures, "%s", line);
}

static BrimStatus read_list(const Search *search, const char *path)
{
    char *text;
    size_t bytes;
    BrimStatus status = brim_file_read(path, MOST_LIST_BYTES, &text, &bytes);
    if (status != BRIM_OK)
        return status;
    int number = 0;
    for (char *line = text; line && status == BRIM_OK;) {
        char *next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        line += strspn(line, " \t");
        for (size_t length = strlen(line); length > 0 && strchr(" \t\r", line[length - 1]); length--)
            line[length - 1] = '\0';
        number++;
        if (*line)
            status = add_listed(search, path, number, line);
        line = next;
    }
    brim_mem_give(text);
    return status;
}

static int compare_texts(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

/* By bytes, which for UTF-8 is Python's order; a picture that is named twice counts once. */
static void sort_once(BrimTexts *list)
{
    if (list->count == 0)
        return;
    qsort(list->texts, (size_t)list->count, sizeof *list->texts, compare_texts);
    int kept = 1;
    for (int i = 1; i < list->count; i++) {
        if (strcmp(list->texts[i], list->texts[kept - 1]) != 0)
            list->texts[kept++] = list->texts[i];
        else
            brim_mem_give(list->texts[i]);
    }
    list->count = kept;
}

BrimStatus brim_pictures_find(BrimTexts *pictures, BrimTexts *remarks, const BrimPathList *paths)
{
    Search search = {pictures, remarks};
    BrimStatus status = BRIM_OK;
    for (int i = 0; i < paths->count && status == BRIM_OK; i++) {
        const char *path = paths->paths[i];
        struct stat info;
        if (stat(path, &info) != 0)
            status = brim_fail(BRIM_ERROR_INPUT, "%s: no such folder, list file or picture", path);
        else if (S_ISDIR(info.st_mode))
            status = walk(&search, path, &info, NULL);
        else if (brim_decode_knows(path))
            status = brim_texts_add(pictures, "%s", path);
        else
            status = read_list(&search, path);
    }
    sort_once(pictures);
    /* A folder's entries come in no order; the remarks are not to depend on it. */
    if (remarks->count)
        qsort(remarks->texts, (size_t)remarks->count, sizeof *remarks->texts, compare_texts);
    return status;
}

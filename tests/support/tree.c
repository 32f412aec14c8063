/* Listings to files. */
#include "support/tree.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "support/support.h"

static void unescape(char *to, size_t room, const char *from)
{
    size_t done = 0;
    for (; *from && done + 2 < room; from++) {
        bool line_end = from[0] == '\\' && from[1] == 'n';
        to[done++] = line_end ? '\n' : *from;
        from += line_end;
    }
    to[done] = '\0';
}

/* False for a line that is no entry. */
static bool take_line(TreeEntry *entry, char *line, char folder[200])
{
    char *separator;
    line[strcspn(line, "\n")] = '\0';
    if (line[0] == '[') {
        line[strcspn(line, "]")] = '\0';
        snprintf(folder, 200, "%.190s%s", line + 1, line[1] ? "/" : "");
        return false;
    }
    if (line[0] == '#' || !line[0])
        return false;
    if ((separator = strchr(line, '\t'))) {
        *separator = '\0';
        entry->link = false;
        unescape(entry->content, sizeof entry->content - 1, separator + 1);
        strcat(entry->content, "\n");
    } else if ((separator = strstr(line, " -> "))) {
        *separator = '\0';
        entry->link = true;
        snprintf(entry->content, sizeof entry->content, "%s", separator + 4);
    } else {
        fail_msg("a listing has the line \"%s\", which is neither a file nor a link", line);
    }
    snprintf(entry->path, sizeof entry->path, "%.199s%.56s", folder, line);
    return true;
}

Tree tree_load(const char *name)
{
    char path[256], line[4096], folder[200] = "";
    Tree tree = {NULL, 0};
    snprintf(path, sizeof path, "tests/monitor/%s.tree", name);
    FILE *listing = fopen(path, "r");
    if (!listing)
        fail_msg("no listing %s", path);
    while (fgets(line, sizeof line, listing)) {
        tree.entries =
            brim_mem_grow(BRIM_MEM_OTHER, tree.entries, (size_t)tree.count + 1, sizeof *tree.entries);
        assert_non_null(tree.entries);
        tree.count += take_line(&tree.entries[tree.count], line, folder);
    }
    fclose(listing);
    return tree;
}

void tree_free(Tree *tree)
{
    brim_mem_give(tree->entries);
    *tree = (Tree){NULL, 0};
}

const char *tree_root(void)
{
    static char root[256];
    static int count;
    snprintf(root, sizeof root, "%s/tree-%d", scratch_folder(), count++);
    assert_ok(brim_folder_make(root));
    return root;
}

void tree_unpack(const Tree *tree, const char *root)
{
    for (int i = 0; i < tree->count; i++)
        (tree->entries[i].link ? tree_link : tree_write)(root, tree->entries[i].path,
                                                         tree->entries[i].content);
}

/* The whole path, below a folder that is there. */
static const char *place(const char *root, const char *path)
{
    static char whole[1024];
    snprintf(whole, sizeof whole, "%s/%s", root, path);
    char *slash = strrchr(whole, '/');
    *slash = '\0';
    assert_ok(brim_folder_make(whole));
    *slash = '/';
    return whole;
}

/* In place, as the kernel has it: who holds the file open reads the new content. Cut at the end and not
 * before, which some file systems would answer by waiting for the disk. */
void tree_write(const char *root, const char *path, const char *content)
{
    int descriptor = open(place(root, path), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    size_t length = strlen(content);
    assert_true(descriptor >= 0);
    assert_int_equal(write(descriptor, content, length), length);
    assert_int_equal(ftruncate(descriptor, (off_t)length), 0);
    close(descriptor);
}

void tree_link(const char *root, const char *path, const char *target)
{
    const char *whole = place(root, path);
    unlink(whole);
    assert_int_equal(symlink(target, whole), 0);
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    (void)info;
    (void)kind;
    (void)where;
    return remove(path);
}

void tree_remove(const char *root, const char *path)
{
    char whole[1024];
    snprintf(whole, sizeof whole, "%s/%s", root, path);
    nftw(whole, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

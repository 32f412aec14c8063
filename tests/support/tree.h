/* Recorded trees of /sys and /proc: one listing in tests/monitor/, unpacked into a folder. Knows files, not
 * what is in them.
 *
 * A listing has a line for each file, its path, a tab and its content, where \n stands for a line's end (the
 * last one is added); "path -> target" is a link; "[folder]" is put before the paths behind it, "[]" ends
 * that; # begins a comment. */
#ifndef BRIM_TESTS_TREE_H
#define BRIM_TESTS_TREE_H

#include <stdbool.h>

typedef struct TreeEntry {
    char path[256];
    char content[2048]; /* or the link's target */
    bool link;
} TreeEntry;

typedef struct Tree {
    TreeEntry *entries;
    int count;
} Tree;

/* Loads tests/monitor/NAME.tree, or fails the test. */
Tree tree_load(const char *name);
void tree_free(Tree *tree);

/* A new folder with nothing in it, gone at exit. */
const char *tree_root(void);

/* Writes all of the tree below the root, over what is there. */
void tree_unpack(const Tree *tree, const char *root);

/* One file or link, its folder included; and what is at the path with all below it, which need not be there.
 */
void tree_write(const char *root, const char *path, const char *content);
void tree_link(const char *root, const char *path, const char *target);
void tree_remove(const char *root, const char *path);

#endif

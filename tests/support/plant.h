/* Small files in folders of a test, below the scratch folder: trees of /proc and /sys, caches. */
#ifndef BRIM_TESTS_PLANT_H
#define BRIM_TESTS_PLANT_H

/* A new empty tree; the path lives until the next call. */
const char *new_tree(void);

/* Writes a file of the tree, with the folders above it: plant("/proc/stat", "cpu  %d", 7). */
void plant(const char *path, const char *format, ...) __attribute__((format(printf, 2, 3)));
void uproot(const char *path);

#endif

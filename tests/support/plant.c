/* Small files in a folder. */
#include "support/plant.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "support/support.h"

static char root[256];

const char *new_tree(void)
{
    static int count;
    snprintf(root, sizeof root, "%s/tree%d", scratch_folder(), count++);
    assert_ok(brim_folder_make(root));
    return root;
}

/* In place, so that a descriptor that is open sees it. */
void plant(const char *path, const char *format, ...)
{
    char whole[1024];
    va_list args;
    snprintf(whole, sizeof whole, "%s%s", root, path);
    *strrchr(whole, '/') = '\0';
    assert_ok(brim_folder_make(whole));
    snprintf(whole, sizeof whole, "%s%s", root, path);
    FILE *file = fopen(whole, "w");
    assert_non_null(file);
    va_start(args, format);
    vfprintf(file, format, args);
    va_end(args);
    fclose(file);
}

void uproot(const char *path)
{
    char whole[1024];
    snprintf(whole, sizeof whole, "%s%s", root, path);
    assert_int_equal(unlink(whole), 0);
}

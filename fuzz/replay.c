/* Runs a fuzz target over every file of the folders given, so that the seed corpus is a plain test. */
#include <dirent.h>
#include <stdio.h>

#include "base/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay(const char *path)
{
    char *data;
    size_t bytes;
    if (brim_file_read(path, (size_t)1 << 26, &data, &bytes) != BRIM_OK) {
        fprintf(stderr, "%s\n", brim_last_error());
        return 1;
    }
    LLVMFuzzerTestOneInput((const uint8_t *)data, bytes);
    brim_mem_give(data);
    return 0;
}

int main(int count, char **folders)
{
    int files = 0, failed = 0;
    for (int i = 1; i < count; i++) {
        DIR *folder = opendir(folders[i]);
        if (!folder) {
            fprintf(stderr, "no corpus at %s\n", folders[i]);
            return 1;
        }
        for (struct dirent *entry; (entry = readdir(folder));) {
            char path[4096];
            if (entry->d_name[0] == '.')
                continue;
            snprintf(path, sizeof path, "%s/%s", folders[i], entry->d_name);
            failed += replay(path);
            files++;
        }
        closedir(folder);
    }
    printf("%d inputs replayed\n", files);
    return failed != 0 || files == 0;
}

/* A run's folder. */
#include "report/folder.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"

BrimStatus brim_report_folder(const char *project, const char *name, bool exist_ok, char **path)
{
    *path = NULL;
    if (!project || !name || !name[0])
        return brim_fail(BRIM_ERROR_ARGUMENT, "the run's folder has no name; --project runs --name exp names one");
    BrimStatus status = brim_folder_make(project);
    size_t bytes = strlen(name) + 16;
    char *numbered = brim_mem_take(BRIM_MEM_REPORT, bytes, 1);
    if (!numbered)
        return BRIM_ERROR_MEMORY;
    for (int number = 1; status == BRIM_OK && number < 100000; number++) {
        snprintf(numbered, bytes, number > 1 ? "%s%d" : "%s", name, number);
        brim_mem_give(*path);
        *path = brim_path_join(project, numbered);
        if (!*path) {
            status = BRIM_ERROR_MEMORY;
            break;
        }
        /* mkdir decides, so that two runs that start together cannot share a folder. */
        if (mkdir(*path, 0777) == 0 || (exist_ok && brim_folder_exists(*path)))
            break;
        if (!brim_folder_exists(*path))
            status = brim_folder_make(*path); /* a name with a slash in it, or no right to write: this says which */
        if (status == BRIM_OK && number == 1 && exist_ok)
            break;
    }
    brim_mem_give(numbered);
    if (status != BRIM_OK) {
        brim_mem_give(*path);
        *path = NULL;
    }
    return status;
}

/* The newest run of a project. */
#include "report/latest.h"

#include <glob.h>
#include <string.h>
#include <sys/stat.h>

/* The project's folder as a pattern that matches it alone, and behind it all its runs. */
static char *pattern_of(const char *project)
{
    static const char behind[] = "/*/weights/last.safetensors";
    char *pattern = brim_mem_take(BRIM_MEM_REPORT, 2 * strlen(project) + sizeof behind, 1), *to = pattern;
    if (!pattern)
        return NULL;
    for (const char *at = project; *at; at++) {
        if (strchr("*?[\\", *at))
            *to++ = '\\';
        *to++ = *at;
    }
    memcpy(to, behind, sizeof behind);
    return pattern;
}

BrimStatus brim_report_latest(const char *project, char **path)
{
    glob_t found = {0};
    const char *newest = NULL;
    struct timespec newest_time = {0};
    *path = NULL;
    char *pattern = pattern_of(project && project[0] ? project : ".");
    if (!pattern)
        return BRIM_ERROR_MEMORY;
    if (glob(pattern, 0, NULL, &found) != 0)
        found.gl_pathc = 0;
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct stat info;
        if (stat(found.gl_pathv[i], &info) != 0)
            continue;
        struct timespec time = info.st_mtim;
        bool newer = time.tv_sec > newest_time.tv_sec ||
                     (time.tv_sec == newest_time.tv_sec && time.tv_nsec > newest_time.tv_nsec);
        if (!newest || newer) {
            newest = found.gl_pathv[i];
            newest_time = time;
        }
    }
    BrimStatus status = BRIM_OK;
    if (!newest)
        status = brim_fail(
            BRIM_ERROR_INPUT,
            "no run in %s has a weights/last.safetensors to go on with; --resume FILE names one", project);
    else if (!(*path = brim_mem_text(BRIM_MEM_REPORT, newest)))
        status = BRIM_ERROR_MEMORY;
    globfree(&found);
    brim_mem_give(pattern);
    return status;
}

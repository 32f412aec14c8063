/* Where the newest run of a project stopped. */
#ifndef BRIM_REPORT_LATEST_H
#define BRIM_REPORT_LATEST_H

#include "base/memory.h"

/* The last.safetensors of project's runs that was written last; *path is given back with brim_mem_give.
 * ERROR_INPUT where there is none. */
BrimStatus brim_report_latest(const char *project, char **path);

#endif

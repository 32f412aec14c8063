/* A run's folder under YOLOv5's names: runs/train/exp, exp2, exp3, ... */
#ifndef BRIM_REPORT_FOLDER_H
#define BRIM_REPORT_FOLDER_H

#include "base/memory.h"

/* Makes project/name, or, where it exists and exist_ok is not set, project/name2, name3, ...; *path is given back with
 * brim_mem_give. */
BrimStatus brim_report_folder(const char *project, const char *name, bool exist_ok, char **path);

#endif

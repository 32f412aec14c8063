/* A data.yaml as YOLOv5 takes it: path, train, val, test (a folder, a list file, or a list of those), nc, names as a
 * list or a map. Knows nothing of pictures. */
#ifndef BRIM_CONF_DATASET_H
#define BRIM_CONF_DATASET_H

#include "base/memory.h"

typedef struct BrimPathList {
    char **paths; /* absolute or relative to the working directory; resolved against `path` and the yaml's folder */
    int count;
} BrimPathList;

typedef struct BrimDataset {
    char *source; /* the yaml's own path, for messages */
    BrimPathList train;
    BrimPathList val;
    BrimPathList test;
    int class_count;
    char **class_names; /* class_count of them */
} BrimDataset;

/* ERROR_INPUT names file, line and key: no such folder, nc that disagrees with names, a hole in a names map.
 * `path` is taken relative to the yaml's folder; where nothing is there, relative to the working directory. */
BrimStatus brim_dataset_load(BrimDataset *dataset, const char *path);
BrimStatus brim_dataset_parse(BrimDataset *dataset, const char *path, const char *text, size_t bytes);
void brim_dataset_clear(BrimDataset *dataset);

#endif

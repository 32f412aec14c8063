/* The pictures and labels of one split, found and verified as YOLOv5 verifies them. */
#ifndef BRIM_DATA_LABELS_H
#define BRIM_DATA_LABELS_H

#include "conf/dataset.h"
#include "data/picture.h"

typedef struct BrimLabel {
    float class_index; /* a whole number */
    float x, y, w, h;  /* centre and size as fractions of the picture */
} BrimLabel;

typedef struct BrimSample {
    char *picture_path;
    int width_px, height_px;
    int32_t first_label; /* into BrimSplit.labels */
    int32_t label_count;
} BrimSample;

typedef struct BrimSplit {
    BrimSample *samples; /* in the order of their paths, as YOLOv5 sorts them */
    int sample_count;
    BrimLabel *labels;
    int label_count;
    int without_label_file, empty, corrupt, duplicate_labels, skipped_labels; /* counts for the report */
    int most_labels; /* of one picture */
    char **remarks; /* one line a problem: file, line, what is wrong, what was done */
    int remark_count;
} BrimSplit;

/* Scans the folders, list files or single pictures of `paths`; label files stand in labels/ beside images/.
 * A label line that is malformed, out of 0..1 or of a class outside 0..class_count-1 is skipped, named and counted;
 * duplicates are removed (what is left of such a file is sorted by column, as YOLOv5 leaves it). A polygon becomes its
 * box. A picture that cannot be read is left out, named and counted.
 * threads 0: as many as cores. ERROR_INPUT when no picture is found. */
BrimStatus brim_split_scan(BrimSplit *split, const BrimPathList *paths, int class_count, int threads);
void brim_split_clear(BrimSplit *split);

/* Parses the text of one label file into split-free arrays; for the fuzzer and the scan. labels has room for
 * most_labels; remarks go through the callback, which may be NULL. Returns the count, -1 when memory runs out. */
typedef void (*BrimLabelRemark)(void *self, int line, const char *text);
int brim_labels_parse(const char *text, size_t bytes, int class_count, BrimLabel *labels, int most_labels,
                      BrimLabelRemark remark, void *self, int *duplicates, int *skipped);

#endif

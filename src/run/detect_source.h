/* What a detection looks at: the pictures behind --source, and the names of what is written for each. Private
 * to detect*.c. */
#ifndef BRIM_RUN_DETECT_SOURCE_H
#define BRIM_RUN_DETECT_SOURCE_H

#include "data/letterbox.h"
#include "train/engine.h"

typedef struct BrimDetectPicture {
    char *path;
    char *stem; /* the file's name without its ending; "_2" and so on where another picture has it already */
    int width_px, height_px;
} BrimDetectPicture;

typedef struct BrimDetectSource {
    BrimDetectPicture *pictures; /* in the order of their paths */
    int count;
    int unreadable; /* left out, with a remark each */
    size_t most_px; /* pixels of the largest picture */
    int longest_px; /* the longest side of any */
    bool squares;   /* more shapes than a plan covers: every picture goes into a square */
} BrimDetectSource;

/* A picture, a folder (with those in it) or a list file. ERROR_INPUT when there is no picture that can be
 * read. */
BrimStatus brim_detect_source_find(BrimDetectSource *source, const char *path, BrimListener listener,
                                   void *self);
void brim_detect_source_clear(BrimDetectSource *source);

/* How a picture of those sides goes into the network: detect.py's letterbox, at most imgsz_px a side. */
BrimLetterboxFit brim_detect_fit(const BrimDetectSource *source, int width_px, int height_px, int imgsz_px,
                                 int stride_px);

/* All network shapes of the pictures, each once; given back by the caller. Decides whether squares are
 * needed. */
BrimStatus brim_detect_source_shapes(BrimDetectSource *source, int imgsz_px, int stride_px,
                                     BrimShape **shapes, int *count);

#endif

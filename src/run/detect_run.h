/* What a detection holds between its options and its end. Private to detect*.c. */
#ifndef BRIM_RUN_DETECT_RUN_H
#define BRIM_RUN_DETECT_RUN_H

#include "data/picture.h"
#include "report/predictions.h"
#include "run/detect_source.h"
#include "run/detector.h"
#include "train/nms.h"

typedef struct BrimDetectRun {
    const BrimDetectOptions *options;
    BrimListener listener;
    void *self;
    BrimDetector detector;
    BrimDetectSource source;
    int imgsz_px;
    BrimPicture scaled, frame; /* room for the largest, imgsz x imgsz */
    void *resize_scratch;
    BrimNms *nms;
    BrimDetection *detections;    /* max_det */
    BrimPredictions *predictions; /* NULL unless asked for */
    char *folder, *labels_folder;
    int64_t spent_ns[3]; /* reading, network, NMS */
    int seen;
} BrimDetectRun;

/* One picture from its file to what is written and told of it. A file that can no longer be read is told and
 * counted with the unreadable ones. BRIM_STOPPED when the listener said so. */
BrimStatus brim_detect_picture(BrimDetectRun *run, int index);

#endif

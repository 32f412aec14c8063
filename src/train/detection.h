/* Boxes that a network found and boxes that a label says, in px, and how far two of them agree. */
#ifndef BRIM_TRAIN_DETECTION_H
#define BRIM_TRAIN_DETECTION_H

typedef struct BrimDetection {
    float x1, y1, x2, y2;
    float confidence;
    float class_index; /* a whole number */
} BrimDetection;

typedef struct BrimTruth {
    float class_index; /* a whole number */
    float x1, y1, x2, y2;
} BrimTruth;

/* Intersection over union in single precision, as YOLOv5's box_iou has it. */
static inline float brim_detection_iou(const BrimTruth *truth, const BrimDetection *detection)
{
    float left = truth->x1 > detection->x1 ? truth->x1 : detection->x1;
    float right = truth->x2 < detection->x2 ? truth->x2 : detection->x2;
    float top = truth->y1 > detection->y1 ? truth->y1 : detection->y1;
    float bottom = truth->y2 < detection->y2 ? truth->y2 : detection->y2;
    float overlap = (right > left ? right - left : 0.0f) * (bottom > top ? bottom - top : 0.0f);
    float truth_area = (truth->x2 - truth->x1) * (truth->y2 - truth->y1);
    float detection_area = (detection->x2 - detection->x1) * (detection->y2 - detection->y1);
    return overlap / (truth_area + detection_area - overlap + 1e-7f);
}

#endif

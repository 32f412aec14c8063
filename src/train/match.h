/* Which detection stands for which label in one picture, as YOLOv5 v7.0 decides it. */
#ifndef BRIM_TRAIN_MATCH_H
#define BRIM_TRAIN_MATCH_H

#include <stdint.h>

#include "train/detection.h"

enum { BRIM_IOU_COUNT = 10 }; /* thresholds of a match: 0.50, 0.55 ... 0.95 */

/* A threshold in single precision, as torch.linspace has it. */
float brim_match_threshold(int index);

/* For each detection the IoU thresholds, as bits, at which it is right: its class is the label's, the label
 * is the one that it overlaps most, and no detection before it has that label. (So a label goes to the most
 * confident detection, not to the best fitting one.) taken: room for truth_count. */
void brim_match_correct(const BrimDetection *detections, int detection_count, const BrimTruth *truths,
                        int truth_count, uint16_t *correct, uint16_t *taken);

/* For each label the detection above confidence 0.25 and IoU 0.45 that overlaps it most, of any class, among
 * those that overlap no other label more; -1 where there is none. Returns how many have one. */
int brim_match_any_class(const BrimDetection *detections, int detection_count, const BrimTruth *truths,
                         int truth_count, int *matched, float *ious);

/* The confidence above which a detection enters the confusion matrix. */
#define BRIM_CONFUSION_CONFIDENCE 0.25f

#endif

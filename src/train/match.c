/* Matches of detections with labels. Among equal overlaps the later label, and then the later detection,
 * wins: v7.0 sorts upwards and reads backwards. */
#include "train/match.h"

#include <stdbool.h>

#define CONFUSION_IOU 0.45f

float brim_match_threshold(int index)
{
    const float step = (0.95f - 0.5f) / (BRIM_IOU_COUNT - 1);
    /* From both ends to the middle, so that the last one is 0.95 itself. */
    return index < BRIM_IOU_COUNT / 2 ? 0.5f + step * (float)index
                                      : 0.95f - step * (float)(BRIM_IOU_COUNT - 1 - index);
}

/* The label that a detection overlaps most (of its class where asked), or -1. */
static int find_best(const BrimDetection *detection, const BrimTruth *truths, int truth_count,
                     bool same_class, float *most)
{
    int best = -1;
    *most = 0;
    for (int t = 0; t < truth_count; t++) {
        if (same_class && truths[t].class_index != detection->class_index)
            continue;
        float iou = brim_detection_iou(&truths[t], detection);
        if (iou >= *most) {
            *most = iou;
            best = t;
        }
    }
    return best;
}

void brim_match_correct(const BrimDetection *detections, int detection_count, const BrimTruth *truths,
                        int truth_count, uint16_t *correct, uint16_t *taken)
{
    for (int t = 0; t < truth_count; t++)
        taken[t] = 0;
    for (int d = 0; d < detection_count; d++) {
        float iou;
        int truth = find_best(&detections[d], truths, truth_count, true, &iou);
        unsigned reached = 0;
        for (int i = 0; i < BRIM_IOU_COUNT && truth >= 0 && iou >= brim_match_threshold(i); i++)
            reached |= 1u << i;
        correct[d] = 0;
        if (truth < 0)
            continue;
        correct[d] = (uint16_t)(reached & ~(unsigned)taken[truth]);
        taken[truth] = (uint16_t)(taken[truth] | reached);
    }
}

int brim_match_any_class(const BrimDetection *detections, int detection_count, const BrimTruth *truths,
                         int truth_count, int *matched, float *ious)
{
    int count = 0;
    for (int t = 0; t < truth_count; t++) {
        matched[t] = -1;
        ious[t] = CONFUSION_IOU;
    }
    for (int d = 0; d < detection_count; d++) {
        float iou;
        if (!(detections[d].confidence > BRIM_CONFUSION_CONFIDENCE))
            continue;
        int truth = find_best(&detections[d], truths, truth_count, false, &iou);
        if (truth < 0 || !(iou > CONFUSION_IOU) || iou < ious[truth])
            continue;
        count += matched[truth] < 0;
        matched[truth] = d;
        ious[truth] = iou;
    }
    return count;
}

/* What a detection found, as files: labels in YOLOv5's text form, and one list of all boxes as JSON. */
#ifndef BRIM_REPORT_PREDICTIONS_H
#define BRIM_REPORT_PREDICTIONS_H

#include "base/status.h"
#include "train/detection.h"

/* One line a box, the least confident first as detect.py has them: class, centre and size as fractions of the
 * picture, with confidence where asked. Boxes are rounded to px before. */
BrimStatus brim_predictions_save_text(const char *path, const BrimDetection *detections, int count,
                                      int width_px, int height_px, bool with_confidence);

/* A list of {image, category_id, bbox [x, y, w, h] px from the top left, score}, written once all are there.
 */
typedef struct BrimPredictions BrimPredictions;
BrimStatus brim_predictions_open(BrimPredictions **predictions);
BrimStatus brim_predictions_add(BrimPredictions *predictions, const char *image,
                                const BrimDetection *detections, int count);
BrimStatus brim_predictions_save(BrimPredictions *predictions, const char *path);
void brim_predictions_close(BrimPredictions **predictions);

#endif

/* Boxes from the network's letterboxed picture back to the picture itself. */
#ifndef BRIM_TRAIN_BACK_H
#define BRIM_TRAIN_BACK_H

#include "data/loader.h"
#include "train/detection.h"

/* In px of the picture, cut at its sides. */
void brim_back_detection(const BrimLetterbox *letterbox, BrimDetection *detection);

/* A target row (image, class, x, y, w, h as fractions of a network picture of that size) in px of the
 * picture. */
BrimTruth brim_back_target(const BrimLetterbox *letterbox, const float *target, int width_px, int height_px);

#endif

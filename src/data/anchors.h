/* How well anchors fit the labels of a split, and better ones: YOLOv5's AutoAnchor without the decision. */
#ifndef BRIM_DATA_ANCHORS_H
#define BRIM_DATA_ANCHORS_H

#include "base/random.h"
#include "data/labels.h"

enum { BRIM_ANCHORS_MOST = 64, BRIM_ANCHORS_GENERATIONS = 1000 };

typedef struct BrimLabelSides {
    float width_px, height_px;
} BrimLabelSides;

typedef struct BrimAnchorFit {
    double recall;  /* best possible: the part of labels that some anchor comes near enough to be assigned */
    double anchors; /* near enough, a label */
    double fitness; /* mean nearness of the best anchor, 0 where it is not near enough */
} BrimAnchorFit;

/* The sides that each label has on its picture scaled to imgsz, times its picture's scale (NULL: 1); sides
 * has room for all labels of the split. */
void brim_anchors_sides(const BrimSplit *split, int imgsz_px, const double *scales, BrimLabelSides *sides);

/* An anchor is near enough when no side is over `ratio` times the other's (hyper-parameter anchor_t). */
BrimAnchorFit brim_anchors_measure(const BrimLabelSides *sides, int count, const double (*anchors_px)[2],
                                   int anchor_count, double ratio);

/* Finds anchor_count anchors by k-means, then by BRIM_ANCHORS_GENERATIONS of mutation; smallest first. Labels
 * under 2 px are left out. ERROR_MEMORY; ERROR_INPUT when no label is left. */
BrimStatus brim_anchors_find(double (*anchors_px)[2], int anchor_count, const BrimLabelSides *sides,
                             int count, int imgsz_px, double ratio, BrimRandom *random);

#endif

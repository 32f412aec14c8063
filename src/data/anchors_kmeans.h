/* K-means over label sides, as scipy.cluster.vq.kmeans does it. Private to anchors*.c. */
#ifndef BRIM_DATA_ANCHORS_KMEANS_H
#define BRIM_DATA_ANCHORS_KMEANS_H

#include "data/anchors.h"

/* The best of 30 tries from random labels, over sides divided by their deviations. found is false when every
 * try lost a cluster. */
BrimStatus brim_anchors_kmeans(double (*means_px)[2], int mean_count, const BrimLabelSides *sides, int count,
                               BrimRandom *random, bool *found);

#endif

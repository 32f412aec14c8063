/* One picture of a batch with its labels, as YOLOv5's dataset gives it: letterboxed, or augmented. Private to
 * loader*.c. */
#ifndef BRIM_DATA_LOADER_FILL_H
#define BRIM_DATA_LOADER_FILL_H

#include "data/loader_load.h"

/* Where a picture goes: its place in a slot. */
typedef struct BrimLoaderPlace {
    BrimPicture frame;     /* sides set; without pixels where they are made apart */
    BrimAugmentTask *task; /* for those */
    BrimLabel *labels; /* room for the bounds' most_boxes */
    int *label_count;
    BrimLetterbox *box; /* without augmentation */
} BrimLoaderPlace;

BrimStatus brim_loader_fill_plain(const BrimLoaderConf *conf, BrimCache *cache, BrimLoaderRoom *room,
                                  int sample, const BrimLoaderPlace *place);

/* Draws depend on seed, epoch and sample alone. */
BrimStatus brim_loader_fill_augmented(const BrimLoaderConf *conf, BrimCache *cache, BrimLoaderRoom *room,
                                      int epoch, int sample, const BrimLoaderPlace *place);

/* The same without pixels, which place->task describes. starts: where each sample's picture is kept, in bytes. */
void brim_loader_fill_apart(const BrimLoaderConf *conf, const size_t *starts, BrimLoaderRoom *room, int epoch,
                            int sample, const BrimLoaderPlace *place);

#endif

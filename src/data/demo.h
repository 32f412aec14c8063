/* A drawn picture set to try a training with at once: cartoon faces with and without masks, and where they
 * are. */
#ifndef BRIM_DATA_DEMO_H
#define BRIM_DATA_DEMO_H

#include "data/labels.h"

enum { BRIM_DEMO_WITH_MASK, BRIM_DEMO_WITHOUT_MASK, BRIM_DEMO_CLASS_COUNT, BRIM_DEMO_MOST_FACES = 5 };

/* Draws one picture whose longer side is imgsz_px; the same numbers give the same picture. labels has room
 * for BRIM_DEMO_MOST_FACES. */
BrimStatus brim_demo_draw(BrimPicture *picture, BrimLabel *labels, int *label_count, int imgsz_px,
                          uint64_t seed, uint64_t number);

/* Writes images/{train,val}/NNNN.jpg, labels/{train,val}/NNNN.txt, data.yaml and hyp.yaml below the folder, which is
 * made. ERROR_INPUT when the folder holds images already, as leftovers would mix with what is drawn. */
BrimStatus brim_demo_write(const char *folder, int train_count, int val_count, int imgsz_px, uint64_t seed);

#endif

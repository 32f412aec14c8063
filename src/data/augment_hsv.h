/* Colour jitter in hue, saturation and value, with OpenCV's 8-bit conversion to HSV; and flips in the same
 * pass. */
#ifndef BRIM_DATA_AUGMENT_HSV_H
#define BRIM_DATA_AUGMENT_HSV_H

#include "data/picture.h"
#include "element/hsv.h"

/* Gains are 1 + what was drawn. */
void brim_hsv_tables(BrimHsvTables *tables, double hue_gain, double saturation_gain, double value_gain);

void brim_hsv_from_rgb(uint8_t hsv[3], const uint8_t rgb[3]);
void brim_hsv_to_rgb(uint8_t rgb[3], const uint8_t hsv[3]);

/* Recolours the pixels of `from` into `to`, of the same sides, flipped on the way. tables NULL: flips alone.
 */
void brim_hsv_apply(const BrimPicture *from, BrimPicture *to, const BrimHsvTables *tables, bool flip_x,
                    bool flip_y);

#endif

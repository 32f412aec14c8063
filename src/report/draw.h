/* Boxes with their names on pictures, and sheets of several pictures such as train_batch0.jpg. */
#ifndef BRIM_REPORT_DRAW_H
#define BRIM_REPORT_DRAW_H

#include "data/picture.h"

typedef struct BrimDrawBox {
    float left_px, top_px, right_px, bottom_px;
    int class_index;
    float confidence; /* below 0: a label, none is shown */
} BrimDrawBox;

/* Names are class_count texts in UTF-8; a class outside them shows its number. */
typedef struct BrimDrawNames {
    char *const *names;
    int class_count;
    bool hidden; /* outlines alone */
    int line_px; /* of the outlines of brim_draw_boxes; 0: as suits the picture */
} BrimDrawNames;

/* Draws onto the picture; boxes reaching outside are cut. Text uses the system's sans font, or a plain one
 * that cairo carries where there is none. */
BrimStatus brim_draw_boxes(BrimPicture *picture, const BrimDrawBox *boxes, int count, BrimDrawNames names);

typedef struct BrimDrawTile {
    BrimPicture picture; /* borrowed; all tiles of a sheet have the same sides */
    const char *title;   /* shown in the corner, NULL for none */
    const BrimDrawBox *boxes;
    int box_count;
} BrimDrawTile;

enum { BRIM_DRAW_MOST_TILES = 16, BRIM_DRAW_SHEET_PX = 1920 };

/* Makes a sheet of the first BRIM_DRAW_MOST_TILES tiles in rows, shrunk so that no side is over
 * BRIM_DRAW_SHEET_PX. */
BrimStatus brim_draw_sheet(BrimPicture *sheet, const BrimDrawTile *tiles, int count, BrimDrawNames names);

#endif

/* Scratch of one thread that makes pictures of batches; one block, sized for the largest file and picture of
 * the split. Private to loader*.c. */
#ifndef BRIM_DATA_LOADER_ROOM_H
#define BRIM_DATA_LOADER_ROOM_H

#include "data/augment_boxes.h"
#include "data/decode.h"
#include "data/loader.h"

/* What the rooms have to hold. */
typedef struct BrimLoaderBounds {
    size_t file_bytes;
    size_t pixel_bytes; /* of a decoded picture */
    int side_px;
    int most_boxes; /* of one picture of a batch: those of up to eight pictures of the split */
} BrimLoaderBounds;

typedef struct BrimLoaderRoom {
    void *block;
    BrimDecodeRoom decode;
    void *resize;
    uint8_t *loaded; /* imgsz x imgsz */
    uint8_t *spare;  /* imgsz x imgsz; not with pixels_apart */
    uint8_t *canvas; /* 2 imgsz x 2 imgsz; this and what follows with augmentation only, pixels not apart */
    uint8_t *warped; /* imgsz x imgsz */
    void *warp;
    BrimPixelBox *boxes; /* with augmentation, pixels apart or not */
} BrimLoaderRoom;

BrimLoaderBounds brim_loader_bounds(const BrimLoaderConf *conf);
size_t brim_loader_room_bytes(const BrimLoaderConf *conf, const BrimLoaderBounds *bounds);
BrimStatus brim_loader_room_open(BrimLoaderRoom *room, const BrimLoaderConf *conf,
                                 const BrimLoaderBounds *bounds);
void brim_loader_room_close(BrimLoaderRoom *room);

#endif

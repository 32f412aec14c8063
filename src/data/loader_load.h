/* One picture of the split, decoded and brought to the size at which YOLOv5 keeps it; from the cache where it
 * is there. Private to loader*.c. */
#ifndef BRIM_DATA_LOADER_LOAD_H
#define BRIM_DATA_LOADER_LOAD_H

#include "data/cache.h"
#include "data/loader_room.h"

BrimCacheSide brim_loader_load_side(const BrimLoaderConf *conf, const BrimSample *sample);

/* The picture lies in the room or the cache until the room's next use. cache may be NULL. */
BrimStatus brim_loader_load(const BrimLoaderConf *conf, BrimCache *cache, BrimLoaderRoom *room, int sample,
                            BrimPicture *picture);

#endif

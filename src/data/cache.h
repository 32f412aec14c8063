/* Decoded pictures kept in memory that was taken at once. Threads fill it as pictures come by; a picture that
 * another thread is just filling counts as absent. Knows nothing of files. */
#ifndef BRIM_DATA_CACHE_H
#define BRIM_DATA_CACHE_H

#include "data/picture.h"

typedef struct BrimCache BrimCache;

typedef struct BrimCacheSide {
    int width_px, height_px;
} BrimCacheSide;

/* Bytes that a cache takes for so many pictures of so many bytes of pixels in all. */
size_t brim_cache_bytes(int count, size_t pixel_bytes);

size_t brim_cache_picture_bytes(BrimCacheSide side);

/* sides is copied. */
BrimStatus brim_cache_open(BrimCache **cache, const BrimCacheSide *sides, int count);
void brim_cache_close(BrimCache **cache);

/* True when the picture is there; its pixels stay as they are until the cache is closed. */
bool brim_cache_find(BrimCache *cache, int index, BrimPicture *picture);

/* True when the picture is absent and the caller is the one to fill it: picture then has its sides and room
 * for its pixels, and brim_cache_filled must follow. */
bool brim_cache_claim(BrimCache *cache, int index, BrimPicture *picture);
void brim_cache_filled(BrimCache *cache, int index);

#endif

/* Decode, resize, keep. */
#include "data/loader_load.h"

#include "data/letterbox.h"
#include "data/resize.h"

static double ratio_of(const BrimLoaderConf *conf, const BrimSample *sample)
{
    int longest = sample->width_px > sample->height_px ? sample->width_px : sample->height_px;
    return (double)conf->imgsz_px / longest;
}

/* int(), not round(), as load_image has it: a side may come out one less than imgsz. */
static int loaded_side(int side_px, double ratio)
{
    int side = (int)(side_px * ratio);
    return side > 1 ? side : 1;
}

BrimCacheSide brim_loader_load_side(const BrimLoaderConf *conf, const BrimSample *sample)
{
    if (conf->straight) {
        BrimLetterboxFit fit = brim_letterbox_fit(sample->width_px, sample->height_px, conf->imgsz_px,
                                                  conf->imgsz_px, conf->stride_px, true);
        return (BrimCacheSide){fit.width_px, fit.height_px};
    }
    double ratio = ratio_of(conf, sample);
    return (BrimCacheSide){loaded_side(sample->width_px, ratio), loaded_side(sample->height_px, ratio)};
}

static BrimStatus decode(BrimPicture *decoded, const BrimLoaderRoom *room, const BrimSample *sample)
{
    BrimStatus status = brim_decode_file_into(decoded, &room->decode, sample->picture_path);
    if (status == BRIM_OK &&
        (decoded->width_px != sample->width_px || decoded->height_px != sample->height_px))
        return brim_fail(BRIM_ERROR_INPUT, "%s: %d x %d px now, %d x %d when the split was read",
                         sample->picture_path, decoded->width_px, decoded->height_px, sample->width_px,
                         sample->height_px);
    return status;
}

BrimStatus brim_loader_load(const BrimLoaderConf *conf, BrimCache *cache, BrimLoaderRoom *room, int index,
                            BrimPicture *picture)
{
    const BrimSample *sample = &conf->split->samples[index];
    BrimPicture decoded;
    if (cache && brim_cache_find(cache, index, picture))
        return BRIM_OK;
    BrimStatus status = decode(&decoded, room, sample);
    if (status != BRIM_OK)
        return status;
    bool keep = cache && brim_cache_claim(cache, index, picture);
    if (!keep) {
        BrimCacheSide side = brim_loader_load_side(conf, sample);
        *picture = (BrimPicture){side.width_px, side.height_px, room->loaded};
    }
    bool by_area = !conf->augment && !conf->straight && ratio_of(conf, sample) < 1;
    brim_resize(&decoded, picture, by_area ? BRIM_RESIZE_AREA : BRIM_RESIZE_LINEAR, room->resize);
    if (keep)
        brim_cache_filled(cache, index);
    return BRIM_OK;
}

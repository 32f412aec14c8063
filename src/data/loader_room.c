/* One block for each thread, cut into its parts by the same walk that counts its bytes. */
#include "data/loader_room.h"

#include <sys/stat.h>

#include "base/round.h"
#include "data/resize.h"

enum { ALIGNMENT = 64 };

BrimLoaderBounds brim_loader_bounds(const BrimLoaderConf *conf)
{
    BrimLoaderBounds bounds = {0};
    for (int i = 0; i < conf->split->sample_count; i++) {
        const BrimSample *sample = &conf->split->samples[i];
        struct stat info;
        if (stat(sample->picture_path, &info) == 0 && (size_t)info.st_size > bounds.file_bytes)
            bounds.file_bytes = (size_t)info.st_size;
        size_t bytes = (size_t)sample->width_px * (size_t)sample->height_px * 3;
        int side = sample->width_px > sample->height_px ? sample->width_px : sample->height_px;
        bounds.pixel_bytes = bytes > bounds.pixel_bytes ? bytes : bounds.pixel_bytes;
        bounds.side_px = side > bounds.side_px ? side : bounds.side_px;
    }
    int pictures = !conf->augment || conf->hyper.mosaic <= 0 ? 1 : conf->hyper.mixup > 0 ? 8 : 4;
    bounds.most_boxes = pictures * conf->split->most_labels;
    return bounds;
}

/* The next part of the block; NULL while bytes are only counted. */
static void *cut(char *block, size_t *bytes, size_t part_bytes)
{
    void *part = block ? block + *bytes : NULL;
    *bytes += brim_round_up(part_bytes, ALIGNMENT);
    return part;
}

static size_t lay_out(BrimLoaderRoom *room, const BrimLoaderConf *conf, const BrimLoaderBounds *bounds)
{
    char *block = room->block;
    size_t bytes = 0, frame_bytes = (size_t)conf->imgsz_px * (size_t)conf->imgsz_px * 3;
    room->decode.file_bytes = bounds->file_bytes;
    room->decode.file = cut(block, &bytes, bounds->file_bytes);
    room->decode.pixel_bytes = bounds->pixel_bytes;
    room->decode.pixels = cut(block, &bytes, bounds->pixel_bytes);
    room->decode.turned = cut(block, &bytes, bounds->pixel_bytes);
    int side = bounds->side_px > conf->imgsz_px ? bounds->side_px : conf->imgsz_px;
    room->resize = cut(block, &bytes, brim_resize_scratch_bytes(side, conf->imgsz_px));
    room->loaded = cut(block, &bytes, frame_bytes);
    if (!conf->pixels_apart)
        room->spare = cut(block, &bytes, frame_bytes);
    if (conf->augment && !conf->pixels_apart) {
        room->canvas = cut(block, &bytes, 4 * frame_bytes);
        room->warped = cut(block, &bytes, frame_bytes);
        room->warp = cut(block, &bytes, brim_warp_scratch_bytes(conf->imgsz_px));
    }
    if (conf->augment)
        room->boxes = cut(block, &bytes, (size_t)bounds->most_boxes * sizeof *room->boxes);
    return bytes;
}

size_t brim_loader_room_bytes(const BrimLoaderConf *conf, const BrimLoaderBounds *bounds)
{
    BrimLoaderRoom room = {0};
    return lay_out(&room, conf, bounds);
}

BrimStatus brim_loader_room_open(BrimLoaderRoom *room, const BrimLoaderConf *conf,
                                 const BrimLoaderBounds *bounds)
{
    *room = (BrimLoaderRoom){.block = brim_mem_take(BRIM_MEM_DATA, brim_loader_room_bytes(conf, bounds), 1)};
    if (!room->block)
        return BRIM_ERROR_MEMORY;
    lay_out(room, conf, bounds);
    return BRIM_OK;
}

void brim_loader_room_close(BrimLoaderRoom *room)
{
    brim_mem_give(room->block);
    *room = (BrimLoaderRoom){0};
}

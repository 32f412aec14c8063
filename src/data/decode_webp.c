/* WebP through libwebp: lossy and lossless, alpha dropped; no animations. */
#include "data/decode_format.h"

#include <string.h>

#include <webp/decode.h>

static BrimStatus webp_header(BrimPictureHeader *header, const BrimPictureBytes *source)
{
    WebPBitstreamFeatures features;
    if (WebPGetFeatures(source->data, source->bytes, &features) != VP8_STATUS_OK)
        return brim_fail(BRIM_ERROR_INPUT, "%s: not a whole WebP picture (damaged header)", source->name);
    if (features.has_animation)
        return brim_fail(BRIM_ERROR_INPUT, "%s: an animated WebP; save one picture of it instead",
                         source->name);
    *header = (BrimPictureHeader){features.width, features.height, 1};
    return BRIM_OK;
}

static BrimStatus webp_pixels(BrimPicture *picture, const BrimPictureBytes *source)
{
    size_t row_bytes = (size_t)picture->width_px * 3;
    if (!WebPDecodeRGBInto(source->data, source->bytes, picture->rgb, row_bytes * (size_t)picture->height_px,
                           (int)row_bytes))
        return brim_fail(BRIM_ERROR_INPUT, "%s: not a whole WebP picture (damaged or cut off)", source->name);
    return BRIM_OK;
}

static bool webp_starts(const uint8_t *data, size_t bytes)
{
    return bytes >= 12 && memcmp(data, "RIFF", 4) == 0 && memcmp(data + 8, "WEBP", 4) == 0;
}

static bool webp_ends(const BrimPictureBytes *beginning, const uint8_t *tail, size_t file_bytes)
{
    (void)tail;
    const uint8_t *size = beginning->data + 4;
    uint32_t riff_bytes =
        size[0] | (uint32_t)size[1] << 8 | (uint32_t)size[2] << 16 | (uint32_t)size[3] << 24;
    return (uint64_t)riff_bytes + 8 <= file_bytes;
}

const BrimPictureFormat brim_format_webp = {webp_starts, webp_header, webp_pixels, webp_ends};

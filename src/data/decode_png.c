/* PNG through libspng: every colour type and depth to 8-bit RGB, alpha and tRNS dropped and 16 bits cut to
 * the upper 8, as OpenCV's imread(IMREAD_COLOR) does. */
#include "data/decode_format.h"

#include <string.h>

#include <spng.h>

/* Text and colour profiles are skipped, but libspng reads them; 64 MiB a chunk is its own recommendation's
 * order. */
enum { MOST_CHUNK_BYTES = 64 << 20 };

static BrimStatus refuse(spng_ctx *png, const BrimPictureBytes *source, int error)
{
    spng_ctx_free(png);
    return brim_fail(error == SPNG_EMEM ? BRIM_ERROR_MEMORY : BRIM_ERROR_INPUT,
                     "%s: not a whole PNG picture (%s)", source->name, spng_strerror(error));
}

static int open_png(spng_ctx **png, const BrimPictureBytes *source)
{
    *png = spng_ctx_new(0);
    if (!*png)
        return SPNG_EMEM;
    spng_set_image_limits(*png, BRIM_PICTURE_MAX_SIDE_PX, BRIM_PICTURE_MAX_SIDE_PX);
    spng_set_chunk_limits(*png, MOST_CHUNK_BYTES, MOST_CHUNK_BYTES);
    spng_set_crc_action(*png, SPNG_CRC_ERROR, SPNG_CRC_DISCARD);
    return spng_set_png_buffer(*png, source->data, source->bytes);
}

static BrimStatus png_header(BrimPictureHeader *header, const BrimPictureBytes *source)
{
    spng_ctx *png;
    struct spng_ihdr ihdr;
    struct spng_exif exif;
    int error = open_png(&png, source);
    if (!error)
        error = spng_get_ihdr(png, &ihdr);
    if (error)
        return refuse(png, source, error);
    header->width_px = (int)ihdr.width;
    header->height_px = (int)ihdr.height;
    /* Only a chunk before the pixels counts, so that a size read from the beginning agrees with the decoded
     * picture. */
    header->orientation = 1;
    error = spng_get_exif(png, &exif);
    if (error && error != SPNG_ECHUNKAVAIL)
        return refuse(png, source, error);
    if (!error)
        header->orientation = brim_exif_orientation((const uint8_t *)exif.data, exif.length);
    spng_ctx_free(png);
    return BRIM_OK;
}

static BrimStatus png_pixels(BrimPicture *picture, const BrimPictureBytes *source)
{
    spng_ctx *png;
    size_t bytes = (size_t)picture->width_px * 3 * (size_t)picture->height_px;
    int error = open_png(&png, source);
    if (!error)
        error = spng_decode_image(png, picture->rgb, bytes, SPNG_FMT_RGB8, 0);
    if (error)
        return refuse(png, source, error);
    spng_ctx_free(png);
    return BRIM_OK;
}

static bool png_starts(const uint8_t *data, size_t bytes)
{
    return bytes >= 8 && memcmp(data, "\x89PNG\r\n\x1a\n", 8) == 0;
}

static bool png_ends(const BrimPictureBytes *beginning, const uint8_t *tail, size_t file_bytes)
{
    (void)beginning, (void)file_bytes;
    return memcmp(tail, "\0\0\0\0IEND\xae\x42\x60\x82", BRIM_PICTURE_TAIL_BYTES) == 0;
}

const BrimPictureFormat brim_format_png = {png_starts, png_header, png_pixels, png_ends};

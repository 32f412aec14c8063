/* BMP without compression: palettes of 1, 4 and 8 bits, 24 and 32 bits, rows from the bottom or from the top.
 */
#include "data/decode_format.h"

#include <string.h>

typedef struct Bitmap {
    int width_px, height_px;
    bool top_down;
    int bits;                    /* a pixel */
    size_t row_bytes;            /* rows are padded to 4 bytes */
    size_t pixels_at;            /* file offset */
    size_t palette_at;           /* file offset */
    size_t palette_colours;      /* entries before the pixels start */
    size_t palette_colour_bytes; /* 4, or 3 in the OS/2 header */
} Bitmap;

static uint32_t u16_at(const uint8_t *at)
{
    return at[0] | (uint32_t)at[1] << 8;
}

static uint32_t u32_at(const uint8_t *at)
{
    return u16_at(at) | u16_at(at + 2) << 16;
}

static BrimStatus refuse(const BrimPictureBytes *source, const char *why)
{
    return brim_fail(BRIM_ERROR_INPUT, "%s: cannot use this BMP picture (%s)", source->name, why);
}

/* The masks behind the header of a 32-bit picture with bit fields: only the plain order blue, green, red,
 * alpha. */
static bool plain_masks(const BrimPictureBytes *source)
{
    enum { MASKS_AT = 14 + 40 };
    const uint8_t *masks = source->data + MASKS_AT;
    return source->bytes >= MASKS_AT + 12 && u32_at(masks) == 0xFF0000 && u32_at(masks + 4) == 0xFF00 &&
           u32_at(masks + 8) == 0xFF;
}

/* Sides, depth and compression from the BITMAPCOREHEADER (12 bytes) or the BITMAPINFOHEADER and its heirs (40
 * up). */
static BrimStatus parse_info(Bitmap *bitmap, const BrimPictureBytes *source)
{
    enum { FILE_HEADER = 14, CORE_HEADER = 12, INFO_HEADER = 40, BITFIELDS = 3 };
    const uint8_t *info = source->data + FILE_HEADER;
    if (source->bytes < FILE_HEADER + CORE_HEADER)
        return refuse(source, "the header is cut off");
    uint32_t info_bytes = u32_at(info);
    bool core = info_bytes == CORE_HEADER;
    if (!core && (info_bytes < INFO_HEADER || source->bytes < FILE_HEADER + INFO_HEADER))
        return refuse(source, "the header is cut off or of an unknown kind");
    int64_t width = core ? (int32_t)u16_at(info + 4) : (int32_t)u32_at(info + 4);
    int64_t height = core ? (int32_t)u16_at(info + 6) : (int32_t)u32_at(info + 8);
    uint32_t compression = core ? 0 : u32_at(info + 16);
    bitmap->bits = (int)u16_at(info + (core ? 10 : 14));
    bitmap->top_down = height < 0;
    height = height < 0 ? -height : height;
    if (width < 1 || height < 1 || width > BRIM_PICTURE_MAX_SIDE_PX || height > BRIM_PICTURE_MAX_SIDE_PX)
        return refuse(source, "a side is 0, negative or too long");
    if (compression != 0 && !(compression == BITFIELDS && bitmap->bits == 32 && plain_masks(source)))
        return refuse(source, "compressed or with unusual bit fields; save it as PNG");
    bitmap->width_px = (int)width;
    bitmap->height_px = (int)height;
    bitmap->palette_at = FILE_HEADER + (size_t)info_bytes;
    bitmap->palette_colour_bytes = core ? 3 : 4;
    return BRIM_OK;
}

static BrimStatus parse(Bitmap *bitmap, const BrimPictureBytes *source)
{
    BrimStatus status = parse_info(bitmap, source);
    if (status != BRIM_OK)
        return status;
    int bits = bitmap->bits;
    if (bits != 1 && bits != 4 && bits != 8 && bits != 24 && bits != 32)
        return refuse(source, "only 1, 4, 8, 24 and 32 bits a pixel are known; save it as PNG");
    bitmap->row_bytes = ((size_t)bitmap->width_px * (size_t)bits + 31) / 32 * 4;
    bitmap->pixels_at = u32_at(source->data + 10);
    if (bitmap->pixels_at < bitmap->palette_at)
        return refuse(source, "the pixels start inside the header");
    bitmap->palette_colours = (bitmap->pixels_at - bitmap->palette_at) / bitmap->palette_colour_bytes;
    return BRIM_OK;
}

static BrimStatus bmp_header(BrimPictureHeader *header, const BrimPictureBytes *source)
{
    Bitmap bitmap = {0};
    BrimStatus status = parse(&bitmap, source);
    if (status == BRIM_OK)
        *header = (BrimPictureHeader){bitmap.width_px, bitmap.height_px, 1};
    return status;
}

/* One row of palette indices; an index past the palette is black. */
static void row_from_palette(uint8_t *rgb, const uint8_t *row, const Bitmap *bitmap, const uint8_t *palette)
{
    int bits = bitmap->bits;
    for (int x = 0; x < bitmap->width_px; x++, rgb += 3) {
        size_t bit = (size_t)x * (size_t)bits;
        size_t index = (size_t)(row[bit / 8] >> (8 - bits - (int)(bit % 8))) & ((1u << bits) - 1);
        if (index >= bitmap->palette_colours)
            continue;
        const uint8_t *bgr = palette + index * bitmap->palette_colour_bytes;
        rgb[0] = bgr[2], rgb[1] = bgr[1], rgb[2] = bgr[0];
    }
}

static void row_from_bgr(uint8_t *rgb, const uint8_t *row, int width_px, int pixel_bytes)
{
    for (int x = 0; x < width_px; x++, rgb += 3, row += pixel_bytes)
        rgb[0] = row[2], rgb[1] = row[1], rgb[2] = row[0];
}

static BrimStatus bmp_pixels(BrimPicture *picture, const BrimPictureBytes *source)
{
    Bitmap bitmap = {0};
    BrimStatus status = parse(&bitmap, source);
    if (status != BRIM_OK)
        return status;
    size_t height = (size_t)bitmap.height_px;
    if (bitmap.pixels_at > source->bytes || (source->bytes - bitmap.pixels_at) / bitmap.row_bytes < height)
        return refuse(source, "cut off");
    for (size_t y = 0; y < height; y++) {
        size_t stored = bitmap.top_down ? y : height - 1 - y;
        const uint8_t *row = source->data + bitmap.pixels_at + stored * bitmap.row_bytes;
        uint8_t *rgb = picture->rgb + y * (size_t)bitmap.width_px * 3;
        if (bitmap.bits <= 8)
            row_from_palette(rgb, row, &bitmap, source->data + bitmap.palette_at);
        else
            row_from_bgr(rgb, row, bitmap.width_px, bitmap.bits / 8);
    }
    return BRIM_OK;
}

static bool bmp_starts(const uint8_t *data, size_t bytes)
{
    return bytes >= 2 && data[0] == 'B' && data[1] == 'M';
}

static bool bmp_ends(const BrimPictureBytes *beginning, const uint8_t *tail, size_t file_bytes)
{
    (void)tail;
    Bitmap bitmap = {0};
    return parse(&bitmap, beginning) == BRIM_OK && bitmap.pixels_at <= file_bytes &&
           (file_bytes - bitmap.pixels_at) / bitmap.row_bytes >= (size_t)bitmap.height_px;
}

const BrimPictureFormat brim_format_bmp = {bmp_starts, bmp_header, bmp_pixels, bmp_ends};

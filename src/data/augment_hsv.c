/* The tables, and pictures turned by them. */
#include "data/augment_hsv.h"

#include <math.h>
#include <string.h>

/* Of each range and value. */
typedef struct Reciprocals {
    int32_t saturation[256], hue[256];
} Reciprocals;

static Reciprocals reciprocals_make(void)
{
    Reciprocals made = {{0}, {0}};
    for (int i = 1; i < 256; i++) {
        made.saturation[i] = brim_hsv_saturation_reciprocal(i);
        made.hue[i] = brim_hsv_hue_reciprocal(i);
    }
    return made;
}

/* How far R, G and B sink, for each hue. */
typedef struct Sinks {
    float rgb[BRIM_HSV_HUES][4];
} Sinks;

static void sinks_of_hue(float sinks[3], int hue)
{
    for (int c = 0; c < 3; c++)
        sinks[c] = brim_hsv_sink(hue, c);
}

void brim_hsv_tables(BrimHsvTables *tables, double hue_gain, double saturation_gain, double value_gain)
{
    for (int i = 0; i < 256; i++) {
        tables->hue[i] = (uint8_t)fmod(i * hue_gain, BRIM_HSV_HUES);
        tables->saturation[i] = (uint8_t)fmin(fmax(i * saturation_gain, 0), 255);
        tables->value[i] = (uint8_t)fmin(fmax(i * value_gain, 0), 255);
    }
}

static inline void from_rgb(int hsv[3], const uint8_t rgb[3], const Reciprocals *reciprocals)
{
    BrimHsvParts parts = brim_hsv_parts(rgb[0], rgb[1], rgb[2]);
    hsv[0] = brim_hsv_hue(parts, reciprocals->hue[parts.range]);
    hsv[1] = brim_hsv_saturation(parts, reciprocals->saturation[parts.value]);
    hsv[2] = parts.value;
}

static inline void to_rgb(uint8_t rgb[3], const float sinks[3], int saturation, int value)
{
    for (int c = 0; c < 3; c++)
        rgb[c] = brim_hsv_colour(sinks[c], saturation, value);
}

void brim_hsv_from_rgb(uint8_t hsv[3], const uint8_t rgb[3])
{
    Reciprocals reciprocals = reciprocals_make();
    int wide[3];
    from_rgb(wide, rgb, &reciprocals);
    for (int c = 0; c < 3; c++)
        hsv[c] = (uint8_t)wide[c];
}

void brim_hsv_to_rgb(uint8_t rgb[3], const uint8_t hsv[3])
{
    float sinks[3];
    sinks_of_hue(sinks, hsv[0] % BRIM_HSV_HUES);
    to_rgb(rgb, sinks, hsv[1], hsv[2]);
}

static void flip_rows(const BrimPicture *from, BrimPicture *to, bool flip_x, bool flip_y)
{
    size_t row_bytes = (size_t)from->width_px * 3;
    for (int y = 0; y < from->height_px; y++) {
        const uint8_t *row = from->rgb + (size_t)y * row_bytes;
        uint8_t *out = to->rgb + (size_t)(flip_y ? from->height_px - 1 - y : y) * row_bytes;
        if (!flip_x) {
            memcpy(out, row, row_bytes);
            continue;
        }
        for (size_t x = 0; x < row_bytes; x += 3)
            memcpy(out + row_bytes - 3 - x, row + x, 3);
    }
}

void brim_hsv_apply(const BrimPicture *from, BrimPicture *to, const BrimHsvTables *tables, bool flip_x,
                    bool flip_y)
{
    if (!tables) {
        flip_rows(from, to, flip_x, flip_y);
        return;
    }
    Reciprocals reciprocals = reciprocals_make();
    Sinks sinks;
    for (int hue = 0; hue < BRIM_HSV_HUES; hue++)
        sinks_of_hue(sinks.rgb[hue], tables->hue[hue]);
    size_t row_bytes = (size_t)from->width_px * 3;
    for (int y = 0; y < from->height_px; y++) {
        const uint8_t *pixel = from->rgb + (size_t)y * row_bytes;
        uint8_t *out = to->rgb + (size_t)(flip_y ? from->height_px - 1 - y : y) * row_bytes;
        ptrdiff_t step = flip_x ? -3 : 3;
        out += flip_x ? row_bytes - 3 : 0;
        for (int x = 0; x < from->width_px; x++, pixel += 3, out += step) {
            int hsv[3];
            from_rgb(hsv, pixel, &reciprocals);
            to_rgb(out, sinks.rgb[hsv[0]], tables->saturation[hsv[1]], tables->value[hsv[2]]);
        }
    }
}

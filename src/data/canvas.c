/* A picture that cairo draws on. */
#include "data/canvas.h"

static BrimStatus refuse(cairo_status_t status)
{
    return brim_fail(BRIM_ERROR_MEMORY, "cairo cannot draw (%s)", cairo_status_to_string(status));
}

BrimStatus brim_canvas_open(BrimCanvas *canvas, const BrimPicture *picture)
{
    int width = picture->width_px, height = picture->height_px;
    canvas->surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
    canvas->pen = cairo_create(canvas->surface);
    cairo_status_t status = cairo_status(canvas->pen);
    if (status != CAIRO_STATUS_SUCCESS) {
        brim_canvas_close(canvas);
        return refuse(status);
    }
    uint8_t *pixels = cairo_image_surface_get_data(canvas->surface);
    size_t row_bytes = (size_t)cairo_image_surface_get_stride(canvas->surface);
    const uint8_t *from = picture->rgb;
    for (int y = 0; y < height; y++) {
        uint32_t *to = (uint32_t *)(void *)(pixels + (size_t)y * row_bytes);
        for (int x = 0; x < width; x++, from += 3)
            to[x] = (uint32_t)from[0] << 16 | (uint32_t)from[1] << 8 | from[2];
    }
    cairo_surface_mark_dirty(canvas->surface);
    return BRIM_OK;
}

BrimStatus brim_canvas_copy(BrimCanvas *canvas, BrimPicture *picture)
{
    cairo_status_t status = cairo_status(canvas->pen);
    if (status != CAIRO_STATUS_SUCCESS)
        return refuse(status);
    cairo_surface_flush(canvas->surface);
    const uint8_t *pixels = cairo_image_surface_get_data(canvas->surface);
    size_t row_bytes = (size_t)cairo_image_surface_get_stride(canvas->surface);
    uint8_t *to = picture->rgb;
    for (int y = 0; y < picture->height_px; y++) {
        const uint32_t *from = (const uint32_t *)(const void *)(pixels + (size_t)y * row_bytes);
        for (int x = 0; x < picture->width_px; x++, to += 3) {
            to[0] = (uint8_t)(from[x] >> 16);
            to[1] = (uint8_t)(from[x] >> 8);
            to[2] = (uint8_t)from[x];
        }
    }
    return BRIM_OK;
}

void brim_canvas_close(BrimCanvas *canvas)
{
    if (canvas->pen)
        cairo_destroy(canvas->pen);
    if (canvas->surface)
        cairo_surface_destroy(canvas->surface);
    *canvas = (BrimCanvas){0};
}

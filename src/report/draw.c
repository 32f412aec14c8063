/* Boxes with their names on pictures, and sheets of several pictures. */
#include "report/draw.h"

#include <math.h>
#include <stdio.h>

#include "base/utf8.h"
#include "data/canvas.h"

enum { TEXT_BYTES = 96, TITLE_BYTES = 40 };

/* Twelve colours that stay apart on photographs, from strong to soft; classes beyond start over. */
static const uint32_t palette[] = {0xE6194B, 0x3CB44B, 0x4363D8, 0xF58231, 0x911EB4, 0x17BECF,
                                   0xBFA500, 0xF032E6, 0x008080, 0x9A6324, 0x6A7B00, 0xFF8FA3};

/* Where boxes are drawn: a whole picture, or one tile of a sheet. */
typedef struct Area {
    double left_px, top_px, width_px, height_px;
    double scale;   /* sheet px a picture px */
    double line_px; /* width of a box's line */
    double font_px;
} Area;

typedef struct Rectangle {
    double left, top, right, bottom;
} Rectangle;

static uint32_t colour_of(int class_index)
{
    enum { COLOURS = sizeof palette / sizeof palette[0] };
    return palette[(unsigned)class_index % COLOURS];
}

static void set_ink(cairo_t *pen, uint32_t colour)
{
    cairo_set_source_rgb(pen, (colour >> 16) / 255.0, (colour >> 8 & 0xFF) / 255.0, (colour & 0xFF) / 255.0);
}

/* Black or white, whichever is easier to read on the colour (ITU-R BT.601 luma). */
static uint32_t text_colour_on(uint32_t colour)
{
    double luma = 0.299 * (colour >> 16) + 0.587 * (colour >> 8 & 0xFF) + 0.114 * (colour & 0xFF);
    return luma > 150 ? 0x000000 : 0xFFFFFF;
}

/* "with_mask 0.87"; the confidence's point does not depend on the locale. */
static void label_text(char *text, const BrimDrawBox *box, BrimDrawNames names)
{
    char name[TEXT_BYTES - 24]; /* leaves room for the confidence */
    if (box->class_index >= 0 && box->class_index < names.class_count)
        brim_utf8_copy(name, sizeof name, names.names[box->class_index]);
    else
        snprintf(name, sizeof name, "class %d", box->class_index);
    int hundredths = (int)lround(fmin(1, box->confidence) * 100);
    if (box->confidence >= 0)
        snprintf(text, TEXT_BYTES, "%s %d.%02d", name, hundredths / 100, hundredths % 100);
    else
        snprintf(text, TEXT_BYTES, "%s", name);
}

static double between(double value, double low, double high)
{
    return fmin(fmax(value, low), high); /* a NaN becomes low */
}

/* The box on the sheet, cut at the area's edges. */
static Rectangle place(const Area *area, const BrimDrawBox *box)
{
    double right = area->left_px + area->width_px, bottom = area->top_px + area->height_px;
    return (Rectangle){between(area->left_px + box->left_px * area->scale, area->left_px, right),
                       between(area->top_px + box->top_px * area->scale, area->top_px, bottom),
                       between(area->left_px + box->right_px * area->scale, area->left_px, right),
                       between(area->top_px + box->bottom_px * area->scale, area->top_px, bottom)};
}

static void draw_outline(cairo_t *pen, const Area *area, const BrimDrawBox *box)
{
    Rectangle at = place(area, box);
    set_ink(pen, colour_of(box->class_index));
    cairo_set_line_width(pen, area->line_px);
    cairo_rectangle(pen, at.left, at.top, at.right - at.left, at.bottom - at.top);
    cairo_stroke(pen);
}

/* The name on a filled bar: above the box where there is room, else in its upper edge; never outside the area
 * unless it is wider than that. */
static void draw_name(cairo_t *pen, const Area *area, const BrimDrawBox *box, const char *text)
{
    cairo_text_extents_t size;
    cairo_font_extents_t font;
    Rectangle at = place(area, box);
    cairo_text_extents(pen, text, &size);
    cairo_font_extents(pen, &font);
    double width = size.x_advance + area->line_px * 2, height = font.ascent + font.descent;
    double left = at.left - area->line_px / 2, top = at.top - area->line_px / 2 - height;
    if (top < area->top_px)
        top = at.top;
    left = between(left, area->left_px, fmax(area->left_px, area->left_px + area->width_px - width));
    top = between(top, area->top_px, fmax(area->top_px, area->top_px + area->height_px - height));
    uint32_t colour = colour_of(box->class_index);
    set_ink(pen, colour);
    cairo_rectangle(pen, left, top, width, height);
    cairo_fill(pen);
    set_ink(pen, text_colour_on(colour));
    cairo_move_to(pen, left + area->line_px, top + font.ascent);
    cairo_show_text(pen, text);
}

/* Until cairo_restore, nothing is drawn outside the area. */
static void enter(cairo_t *pen, const Area *area)
{
    cairo_save(pen);
    cairo_rectangle(pen, area->left_px, area->top_px, area->width_px, area->height_px);
    cairo_clip(pen);
    cairo_select_font_face(pen, "sans", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(pen, area->font_px);
}

/* All outlines first, so that no line crosses a name; the surest boxes, which come first, end on top. */
static void draw_all(cairo_t *pen, const Area *area, const BrimDrawBox *boxes, int count, BrimDrawNames names)
{
    for (int i = count - 1; i >= 0; i--)
        draw_outline(pen, area, &boxes[i]);
    for (int i = count - 1; i >= 0 && !names.hidden; i--) {
        char text[TEXT_BYTES];
        label_text(text, &boxes[i], names);
        draw_name(pen, area, &boxes[i], text);
    }
}

BrimStatus brim_draw_boxes(BrimPicture *picture, const BrimDrawBox *boxes, int count, BrimDrawNames names)
{
    BrimCanvas canvas = {0};
    BrimStatus status = brim_canvas_open(&canvas, picture);
    if (status != BRIM_OK)
        return status;
    double mean_side = (picture->width_px + picture->height_px) / 2.0;
    /* Line width as YOLOv5 scales it: 0.3 % of the mean side, at least 2. */
    Area area = {0,
                 0,
                 picture->width_px,
                 picture->height_px,
                 1,
                 names.line_px > 0 ? names.line_px : fmax(2, round(mean_side * 0.003)),
                 fmax(11, round(mean_side * 0.02))};
    enter(canvas.pen, &area);
    draw_all(canvas.pen, &area, boxes, count, names);
    cairo_restore(canvas.pen);
    status = brim_canvas_copy(&canvas, picture);
    brim_canvas_close(&canvas);
    return status;
}

/* The file name in light letters on a dark shadow, readable on any picture. */
static void draw_title(cairo_t *pen, const Area *area, const char *title)
{
    char text[TITLE_BYTES + 1];
    brim_utf8_copy(text, sizeof text, title);
    double x = area->left_px + 5, y = area->top_px + 4 + area->font_px;
    set_ink(pen, 0x202020);
    cairo_move_to(pen, x + 1, y + 1);
    cairo_show_text(pen, text);
    set_ink(pen, 0xF0F0F0);
    cairo_move_to(pen, x, y);
    cairo_show_text(pen, text);
}

/* The tile's pixels, shrunk to the area. */
static BrimStatus paint_picture(cairo_t *pen, const Area *area, const BrimPicture *picture)
{
    BrimCanvas canvas = {0};
    BrimStatus status = brim_canvas_open(&canvas, picture);
    if (status != BRIM_OK)
        return status;
    cairo_save(pen);
    cairo_translate(pen, area->left_px, area->top_px);
    cairo_scale(pen, area->scale, area->scale);
    cairo_set_source_surface(pen, canvas.surface, 0, 0);
    cairo_pattern_set_extend(cairo_get_source(pen), CAIRO_EXTEND_PAD);
    cairo_paint(pen);
    cairo_restore(pen);
    brim_canvas_close(&canvas);
    return BRIM_OK;
}

static BrimStatus draw_tile(cairo_t *pen, const Area *area, const BrimDrawTile *tile, BrimDrawNames names)
{
    enter(pen, area);
    BrimStatus status = paint_picture(pen, area, &tile->picture);
    if (tile->title)
        draw_title(pen, area, tile->title);
    draw_all(pen, area, tile->boxes, tile->box_count, names);
    set_ink(pen, 0xFFFFFF);
    cairo_set_line_width(pen, 2);
    cairo_rectangle(pen, area->left_px, area->top_px, area->width_px, area->height_px);
    cairo_stroke(pen);
    cairo_restore(pen);
    return status;
}

BrimStatus brim_draw_sheet(BrimPicture *sheet, const BrimDrawTile *tiles, int count, BrimDrawNames names)
{
    BrimCanvas canvas = {0};
    BrimStatus status;
    *sheet = (BrimPicture){0};
    if (count < 1)
        return brim_fail(BRIM_ERROR_ARGUMENT, "a sheet of %d pictures", count);
    count = count < BRIM_DRAW_MOST_TILES ? count : BRIM_DRAW_MOST_TILES;
    int columns = (int)ceil(sqrt(count)), rows = (count + columns - 1) / columns;
    const BrimPicture *first = &tiles[0].picture;
    int longer = first->width_px > first->height_px ? first->width_px : first->height_px;
    double scale = fmin(1, (double)BRIM_DRAW_SHEET_PX / columns / longer);
    int width = (int)fmax(1, floor(first->width_px * scale)),
        height = (int)fmax(1, floor(first->height_px * scale));
    double font = fmax(9, (width + height) * columns * 0.006);
    BRIM_TRY(brim_picture_make(sheet, width * columns, height * rows));
    BRIM_TRY(brim_canvas_open(&canvas, sheet));
    set_ink(canvas.pen, 0xFFFFFF);
    cairo_paint(canvas.pen);
    for (int i = 0; i < count; i++) {
        Area area = {
            i % columns * width, i / columns * height, width, height, scale, fmax(2, round(font / 8)), font};
        BRIM_TRY(draw_tile(canvas.pen, &area, &tiles[i], names));
    }
    BRIM_TRY(brim_canvas_copy(&canvas, sheet));
    brim_canvas_close(&canvas);
    return BRIM_OK;
fail:
    brim_canvas_close(&canvas);
    brim_picture_clear(sheet);
    return status;
}

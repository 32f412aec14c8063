/* What lies behind the faces, and the helpers that all drawing shares. */
#include "data/demo_scene.h"

#include <math.h>

bool brim_demo_chance(BrimRandom *random, double probability)
{
    return brim_random_unit(random) < probability;
}

BrimDemoColour brim_demo_colour(BrimRandom *random, double darkest, double brightest)
{
    double red = brim_random_uniform(random, darkest, brightest);
    double green = brim_random_uniform(random, darkest, brightest);
    return (BrimDemoColour){red, green, brim_random_uniform(random, darkest, brightest)};
}

BrimDemoColour brim_demo_shade(BrimDemoColour colour, double factor)
{
    return (BrimDemoColour){colour.red * factor, colour.green * factor, colour.blue * factor};
}

BrimDemoColour brim_demo_pick(BrimRandom *random, const BrimDemoColour *colours, size_t count)
{
    return colours[brim_random_below(random, (uint32_t)count)];
}

void brim_demo_ink(cairo_t *pen, BrimDemoColour colour, double alpha)
{
    cairo_set_source_rgba(pen, colour.red, colour.green, colour.blue, alpha);
}

void brim_demo_oval(cairo_t *pen, double x, double y, double half_width, double half_height)
{
    cairo_save(pen);
    cairo_translate(pen, x, y);
    cairo_scale(pen, half_width, half_height);
    cairo_new_sub_path(pen);
    cairo_arc(pen, 0, 0, 1, 0, 2 * M_PI);
    cairo_restore(pen);
}

void brim_demo_face_half_box(const BrimDemoFace *face, double *half_width_px, double *half_height_px)
{
    double across = face->half_width_px, along = across * face->stretch;
    double c = cos(face->angle), s = sin(face->angle);
    *half_width_px = sqrt(across * across * c * c + along * along * s * s);
    *half_height_px = sqrt(across * across * s * s + along * along * c * c);
}

static void wall(cairo_t *pen, BrimRandom *random, int width_px, int height_px)
{
    double angle = brim_random_uniform(random, 0, 2 * M_PI);
    double reach = (width_px + height_px) / 2.0;
    cairo_pattern_t *wash = cairo_pattern_create_linear(
        width_px / 2.0 - reach * cos(angle) / 2, height_px / 2.0 - reach * sin(angle) / 2,
        width_px / 2.0 + reach * cos(angle) / 2, height_px / 2.0 + reach * sin(angle) / 2);
    BrimDemoColour from = brim_demo_colour(random, 0.25, 0.95), to = brim_demo_colour(random, 0.25, 0.95);
    cairo_pattern_add_color_stop_rgb(wash, 0, from.red, from.green, from.blue);
    cairo_pattern_add_color_stop_rgb(wash, 1, to.red, to.green, to.blue);
    cairo_set_source(pen, wash);
    cairo_paint(pen);
    cairo_pattern_destroy(wash);
}

/* Parallel stripes over the whole wall, as of paper or shutters. */
static void stripes(cairo_t *pen, BrimRandom *random, int width_px, int height_px)
{
    double step = brim_random_uniform(random, 0.06, 0.2) * width_px;
    cairo_save(pen);
    cairo_translate(pen, width_px / 2.0, height_px / 2.0);
    cairo_rotate(pen, brim_random_below(random, 4) * M_PI / 4);
    brim_demo_ink(pen, brim_demo_colour(random, 0.3, 1), brim_random_uniform(random, 0.1, 0.3));
    cairo_set_line_width(pen, step * brim_random_uniform(random, 0.2, 0.6));
    double reach = width_px + height_px;
    for (double x = -reach; x < reach; x += step) {
        cairo_move_to(pen, x, -reach);
        cairo_line_to(pen, x, reach);
    }
    cairo_stroke(pen);
    cairo_restore(pen);
}

/* A frame with two panes or shelves: straight edges that are no faces. */
static void window(cairo_t *pen, double size, BrimDemoColour colour)
{
    brim_demo_ink(pen, brim_demo_shade(colour, 0.6), 1);
    cairo_rectangle(pen, -size, -size * 0.7, 2 * size, 1.4 * size);
    cairo_fill(pen);
    brim_demo_ink(pen, colour, 1);
    cairo_rectangle(pen, -size * 0.9, -size * 0.6, size * 0.85, 1.2 * size);
    cairo_rectangle(pen, size * 0.05, -size * 0.6, size * 0.85, 1.2 * size);
    cairo_fill(pen);
}

static void shape(cairo_t *pen, BrimRandom *random, double size)
{
    enum { BALL, BOX, TRIANGLE, RING, WINDOW, KINDS };
    BrimDemoColour colour = brim_demo_colour(random, 0.15, 1);
    uint32_t kind = brim_random_below(random, KINDS);
    brim_demo_ink(pen, colour, brim_random_uniform(random, 0.5, 1));
    if (kind == WINDOW) {
        window(pen, size, colour);
        return;
    }
    if (kind == BALL || kind == RING)
        brim_demo_oval(pen, 0, 0, size, size * brim_random_uniform(random, 0.6, 1.4));
    else if (kind == BOX)
        cairo_rectangle(pen, -size, -size / 2, 2 * size, size * brim_random_uniform(random, 0.5, 2));
    else {
        cairo_move_to(pen, -size, size);
        cairo_line_to(pen, size, size);
        cairo_line_to(pen, brim_random_uniform(random, -size, size), -size);
    }
    cairo_set_line_width(pen, size * 0.25);
    if (kind == RING)
        cairo_stroke(pen);
    else
        cairo_fill(pen);
}

void brim_demo_background(cairo_t *pen, BrimRandom *random, int width_px, int height_px)
{
    wall(pen, random, width_px, height_px);
    if (brim_demo_chance(random, 0.35))
        stripes(pen, random, width_px, height_px);
    int shapes = 3 + (int)brim_random_below(random, 8);
    for (int i = 0; i < shapes; i++) {
        cairo_save(pen);
        double x = brim_random_uniform(random, 0, width_px);
        cairo_translate(pen, x, brim_random_uniform(random, 0, height_px));
        cairo_rotate(pen, brim_random_uniform(random, -0.6, 0.6));
        shape(pen, random, brim_random_uniform(random, 0.03, 0.14) * width_px);
        cairo_restore(pen);
    }
}

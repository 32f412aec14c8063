/* A mask over nose, mouth and chin with its straps, in units of the face's half width. */
#include "data/demo_scene.h"

#include <math.h>

/* Surgical blue, green and white; cloth in black, grey, pink, red, violet, yellow. */
static const BrimDemoColour colours[] = {{0.55, 0.78, 0.90}, {0.62, 0.85, 0.78}, {0.95, 0.96, 0.97},
                                         {0.13, 0.13, 0.15}, {0.50, 0.52, 0.55}, {0.94, 0.65, 0.72},
                                         {0.75, 0.18, 0.20}, {0.48, 0.36, 0.65}, {0.93, 0.80, 0.35}};

static void outline(cairo_t *pen, double stretch)
{
    cairo_move_to(pen, -0.97, 0.06 * stretch);
    cairo_curve_to(pen, -0.5, 0.08 * stretch, -0.25, -0.06 * stretch, 0, -0.06 * stretch);
    cairo_curve_to(pen, 0.25, -0.06 * stretch, 0.5, 0.08 * stretch, 0.97, 0.06 * stretch);
    cairo_curve_to(pen, 0.98, 0.5 * stretch, 0.75, 0.75 * stretch, 0.45, 0.92 * stretch);
    cairo_curve_to(pen, 0.2, 1.03 * stretch, -0.2, 1.03 * stretch, -0.45, 0.92 * stretch);
    cairo_curve_to(pen, -0.75, 0.75 * stretch, -0.98, 0.5 * stretch, -0.97, 0.06 * stretch);
    cairo_close_path(pen);
}

static void straps(cairo_t *pen, BrimDemoColour colour, double stretch)
{
    brim_demo_ink(pen, colour, 1);
    cairo_set_line_width(pen, 0.05);
    for (int side = -1; side <= 1; side += 2) {
        cairo_move_to(pen, side * 0.93, 0.1 * stretch);
        cairo_line_to(pen, side * 1.08, -0.12);
        cairo_move_to(pen, side * 0.72, 0.66 * stretch);
        cairo_curve_to(pen, side * 0.9, 0.5 * stretch, side * 1.05, 0.4, side * 1.1, 0.1);
    }
    cairo_stroke(pen);
}

static void pleats(cairo_t *pen, BrimDemoColour colour, double stretch)
{
    brim_demo_ink(pen, brim_demo_shade(colour, 0.8), 0.9);
    cairo_set_line_width(pen, 0.035);
    for (int i = 0; i < 3; i++) {
        double y = (0.27 + 0.18 * i) * stretch;
        cairo_move_to(pen, -1, y - 0.06);
        cairo_curve_to(pen, -0.4, y + 0.08, 0.4, y + 0.08, 1, y - 0.06);
    }
    cairo_stroke(pen);
}

static void dots(cairo_t *pen, BrimDemoColour colour, double stretch)
{
    brim_demo_ink(pen, colour, 0.8);
    for (int row = 0; row < 5; row++)
        for (int column = -4; column <= 4; column++)
            brim_demo_oval(pen, column * 0.26 + row % 2 * 0.13, (0.1 + 0.2 * row) * stretch, 0.05, 0.05);
    cairo_fill(pen);
}

/* The seam and the valve of a respirator. */
static void seam(cairo_t *pen, BrimDemoColour colour, double stretch)
{
    brim_demo_ink(pen, brim_demo_shade(colour, 0.75), 1);
    cairo_set_line_width(pen, 0.04);
    cairo_move_to(pen, 0, -0.06 * stretch);
    cairo_curve_to(pen, 0.12, 0.3 * stretch, 0.12, 0.7 * stretch, 0, stretch);
    cairo_stroke(pen);
    brim_demo_oval(pen, 0.42, 0.45 * stretch, 0.16, 0.16);
    cairo_fill(pen);
}

void brim_demo_mask(cairo_t *pen, BrimRandom *look, double stretch)
{
    enum { PLEATS, DOTS, SEAM, PLAIN, KINDS };
    BrimDemoColour colour = brim_demo_pick(look, colours, sizeof colours / sizeof colours[0]);
    uint32_t kind = brim_random_below(look, KINDS);
    BrimDemoColour dotted = brim_demo_colour(look, 0.1, 1);
    straps(pen, brim_demo_shade((BrimDemoColour){0.9, 0.9, 0.9}, brim_random_uniform(look, 0.4, 1)), stretch);
    cairo_pattern_t *bulge = cairo_pattern_create_radial(-0.15, 0.3, 0.1, 0, 0.4, 1.1);
    BrimDemoColour edge = brim_demo_shade(colour, 0.85);
    cairo_pattern_add_color_stop_rgb(bulge, 0, colour.red, colour.green, colour.blue);
    cairo_pattern_add_color_stop_rgb(bulge, 1, edge.red, edge.green, edge.blue);
    cairo_save(pen);
    outline(pen, stretch);
    cairo_set_source(pen, bulge);
    cairo_fill_preserve(pen);
    cairo_pattern_destroy(bulge);
    cairo_clip(pen);
    if (kind == PLEATS)
        pleats(pen, colour, stretch);
    else if (kind == DOTS)
        dots(pen, dotted, stretch);
    else if (kind == SEAM)
        seam(pen, colour, stretch);
    cairo_restore(pen);
    outline(pen, stretch);
    brim_demo_ink(pen, brim_demo_shade(colour, 0.7), 0.8);
    cairo_set_line_width(pen, 0.03);
    cairo_stroke(pen);
}

/* One person: shoulders, head, hair, eyes, and a mouth or a mask. All lengths are in units of the face's half
 * width, with the middle of the face at 0, 0 and the chin at `stretch`. */
#include "data/demo_scene.h"

#include <math.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* From pale to dark brown. */
static const BrimDemoColour skins[] = {{0.98, 0.86, 0.76}, {0.95, 0.78, 0.64}, {0.88, 0.68, 0.52},
                                       {0.76, 0.55, 0.38}, {0.60, 0.41, 0.28}, {0.43, 0.29, 0.20}};
static const BrimDemoColour hairs[] = {{0.10, 0.08, 0.08}, {0.25, 0.16, 0.10}, {0.45, 0.28, 0.14},
                                       {0.85, 0.68, 0.35}, {0.62, 0.24, 0.10}, {0.75, 0.75, 0.76},
                                       {0.35, 0.25, 0.45}};
static const BrimDemoColour irises[] = {
    {0.25, 0.15, 0.08}, {0.20, 0.40, 0.65}, {0.25, 0.45, 0.25}, {0.1, 0.1, 0.1}};
static const BrimDemoColour white = {0.98, 0.98, 0.97}, black = {0.08, 0.07, 0.08};

typedef enum HairCut { HAIR_SHORT, HAIR_FRINGE, HAIR_LONG, HAIR_HAT, HAIR_NONE, HAIR_CUTS } HairCut;

static void head(cairo_t *pen, BrimDemoColour skin, double stretch)
{
    BrimDemoColour dark = brim_demo_shade(skin, 0.9);
    brim_demo_ink(pen, dark, 1);
    brim_demo_oval(pen, -0.98, 0.05, 0.16, 0.27);
    brim_demo_oval(pen, 0.98, 0.05, 0.16, 0.27);
    cairo_fill(pen);
    cairo_pattern_t *round = cairo_pattern_create_radial(-0.25, -0.4, 0.2, 0, 0, 1.5);
    cairo_pattern_add_color_stop_rgb(round, 0, fmin(1, skin.red * 1.04), fmin(1, skin.green * 1.04),
                                     fmin(1, skin.blue * 1.04));
    cairo_pattern_add_color_stop_rgb(round, 1, dark.red, dark.green, dark.blue);
    brim_demo_oval(pen, 0, 0, 1, stretch);
    cairo_set_source(pen, round);
    cairo_fill(pen);
    cairo_pattern_destroy(round);
}

static void eye(cairo_t *pen, double x, double y, BrimDemoColour iris, double open, double glance)
{
    brim_demo_oval(pen, x, y, 0.2, 0.13 * open);
    brim_demo_ink(pen, white, 1);
    cairo_fill_preserve(pen);
    cairo_save(pen);
    cairo_clip(pen);
    brim_demo_ink(pen, iris, 1);
    brim_demo_oval(pen, x + glance, y, 0.1, 0.1);
    cairo_fill(pen);
    brim_demo_ink(pen, black, 1);
    brim_demo_oval(pen, x + glance, y, 0.05, 0.05);
    cairo_fill(pen);
    brim_demo_ink(pen, white, 1);
    brim_demo_oval(pen, x + glance - 0.035, y - 0.04, 0.022, 0.022);
    cairo_fill(pen);
    cairo_restore(pen);
    brim_demo_ink(pen, black, 0.8);
    cairo_set_line_width(pen, 0.035);
    cairo_arc(pen, x, y + 0.1, 0.235, M_PI * 1.2, M_PI * 1.8);
    cairo_stroke(pen);
}

static void eyes(cairo_t *pen, BrimRandom *look, BrimDemoColour hair, double stretch)
{
    BrimDemoColour iris = brim_demo_pick(look, irises, COUNT(irises));
    double y = -0.14 * stretch, lift = brim_random_uniform(look, -0.05, 0.06);
    double open = brim_random_uniform(look, 0.75, 1.15), glance = brim_random_uniform(look, -0.06, 0.06);
    for (int side = -1; side <= 1; side += 2) {
        eye(pen, side * 0.4, y, iris, open, glance);
        brim_demo_ink(pen, brim_demo_shade(hair, 0.8), 1);
        cairo_set_line_width(pen, 0.075);
        cairo_set_line_cap(pen, CAIRO_LINE_CAP_ROUND);
        cairo_move_to(pen, side * 0.6, y - 0.2);
        cairo_curve_to(pen, side * 0.5, y - 0.31 - lift, side * 0.3, y - 0.31 - lift, side * 0.2, y - 0.22);
        cairo_stroke(pen);
    }
}

static void glasses(cairo_t *pen, BrimRandom *look, double stretch)
{
    double y = -0.13 * stretch;
    brim_demo_ink(pen, brim_demo_colour(look, 0.05, 0.4), 1);
    cairo_set_line_width(pen, 0.055);
    brim_demo_oval(pen, -0.4, y, 0.29, 0.24);
    brim_demo_oval(pen, 0.4, y, 0.29, 0.24);
    cairo_move_to(pen, -0.12, y);
    cairo_line_to(pen, 0.12, y);
    cairo_move_to(pen, -0.68, y);
    cairo_line_to(pen, -0.97, y - 0.06);
    cairo_move_to(pen, 0.68, y);
    cairo_line_to(pen, 0.97, y - 0.06);
    cairo_stroke(pen);
}

static void nose(cairo_t *pen, BrimDemoColour skin, double stretch)
{
    brim_demo_ink(pen, brim_demo_shade(skin, 0.72), 1);
    cairo_set_line_width(pen, 0.05);
    cairo_move_to(pen, 0.05, -0.02);
    cairo_curve_to(pen, 0.1, 0.1 * stretch, 0.22, 0.24 * stretch, 0.02, 0.27 * stretch);
    cairo_curve_to(pen, -0.03, 0.28 * stretch, -0.07, 0.27 * stretch, -0.09, 0.25 * stretch);
    cairo_stroke(pen);
}

static void beard(cairo_t *pen, BrimDemoColour hair, double stretch)
{
    cairo_save(pen);
    brim_demo_oval(pen, 0, 0, 1, stretch);
    cairo_clip(pen);
    cairo_move_to(pen, -1.1, 0.1 * stretch);
    cairo_curve_to(pen, -0.6, 0.5 * stretch, -0.5, 0.38 * stretch, 0, 0.4 * stretch);
    cairo_curve_to(pen, 0.5, 0.38 * stretch, 0.6, 0.5 * stretch, 1.1, 0.1 * stretch);
    cairo_line_to(pen, 1.1, 1.2 * stretch);
    cairo_line_to(pen, -1.1, 1.2 * stretch);
    brim_demo_ink(pen, hair, 0.92);
    cairo_fill(pen);
    cairo_restore(pen);
}

static void mouth(cairo_t *pen, BrimRandom *look, BrimDemoColour skin, double stretch)
{
    enum { SMILE, LAUGH, LIPS, KINDS };
    BrimDemoColour lips = {skin.red * 0.8, skin.green * 0.45, skin.blue * 0.45};
    double y = 0.52 * stretch, half = brim_random_uniform(look, 0.26, 0.42);
    uint32_t kind = brim_random_below(look, KINDS);
    brim_demo_ink(pen, lips, 1);
    cairo_set_line_width(pen, 0.075);
    cairo_move_to(pen, -half, y);
    if (kind == SMILE) {
        cairo_curve_to(pen, -half * 0.5, y + 0.22, half * 0.5, y + 0.22, half, y);
        cairo_stroke(pen);
    } else if (kind == LAUGH) {
        cairo_curve_to(pen, -half * 0.7, y + 0.42, half * 0.7, y + 0.42, half, y);
        cairo_close_path(pen);
        cairo_set_source_rgb(pen, 0.45, 0.08, 0.1);
        cairo_fill(pen);
        brim_demo_ink(pen, white, 1);
        cairo_rectangle(pen, -half * 0.75, y, half * 1.5, 0.09);
        cairo_fill(pen);
    } else {
        cairo_curve_to(pen, -half * 0.3, y - 0.12, half * 0.3, y - 0.12, half, y);
        cairo_curve_to(pen, half * 0.4, y + 0.17, -half * 0.4, y + 0.17, -half, y);
        cairo_fill(pen);
    }
}

/* The lower edge of hair or hat: an arc across the forehead at a height, all above it is covered. */
static void cover_above(cairo_t *pen, double stretch, double height, double bend)
{
    cairo_save(pen);
    cairo_move_to(pen, -1.3, height * stretch + bend);
    cairo_curve_to(pen, -0.6, height * stretch - bend, 0.6, height * stretch - bend, 1.3,
                   height * stretch + bend);
    cairo_line_to(pen, 1.3, -2 * stretch);
    cairo_line_to(pen, -1.3, -2 * stretch);
    cairo_close_path(pen);
    cairo_clip(pen);
    brim_demo_oval(pen, 0, -0.03, 1.09, 1.07 * stretch);
    cairo_fill(pen);
    cairo_restore(pen);
}

static void hair_in_front(cairo_t *pen, BrimRandom *look, HairCut cut, BrimDemoColour hair, double stretch)
{
    if (cut == HAIR_NONE)
        return;
    if (cut != HAIR_HAT) {
        brim_demo_ink(pen, hair, 1);
        cover_above(pen, stretch, cut == HAIR_FRINGE ? -0.4 : -0.56, brim_random_uniform(look, 0.1, 0.28));
        return;
    }
    BrimDemoColour cloth = brim_demo_colour(look, 0.1, 0.9);
    brim_demo_ink(pen, cloth, 1);
    cover_above(pen, stretch, -0.52, 0.02);
    brim_demo_ink(pen, brim_demo_shade(cloth, 0.7), 1);
    cairo_set_line_width(pen, 0.17);
    cairo_move_to(pen, -1.02, -0.46 * stretch);
    cairo_curve_to(pen, -0.5, -0.55 * stretch, 0.5, -0.55 * stretch, 1.02, -0.46 * stretch);
    cairo_stroke(pen);
}

static void hair_behind(cairo_t *pen, HairCut cut, BrimDemoColour hair, double stretch)
{
    if (cut != HAIR_LONG)
        return;
    brim_demo_ink(pen, brim_demo_shade(hair, 0.85), 1);
    brim_demo_oval(pen, 0, -0.08, 1.25, 1.12 * stretch);
    cairo_rectangle(pen, -1.25, -0.08, 2.5, 1.05 * stretch);
    cairo_fill(pen);
}

/* Both drawings of one person start from the same numbers, so that neck and face have one skin. */
static BrimDemoColour skin_of(BrimRandom *look)
{
    BrimDemoColour skin = brim_demo_pick(look, skins, COUNT(skins));
    return brim_demo_shade(skin, brim_random_uniform(look, 0.92, 1.02));
}

void brim_demo_body(cairo_t *pen, BrimDemoFace *face)
{
    BrimRandom look = face->look;
    BrimDemoColour skin = skin_of(&look), cloth = brim_demo_colour(&look, 0.1, 0.95);
    double top = face->stretch + 0.15, wide = brim_random_uniform(&look, 1.7, 2.1);
    cairo_save(pen);
    cairo_translate(pen, face->x_px, face->y_px);
    cairo_scale(pen, face->half_width_px, face->half_width_px);
    brim_demo_ink(pen, brim_demo_shade(skin, 0.82), 1);
    cairo_rectangle(pen, -0.42, 0.3, 0.84, top + 0.3);
    cairo_fill(pen);
    brim_demo_ink(pen, cloth, 1);
    cairo_move_to(pen, -wide, 30);
    cairo_line_to(pen, -wide, top + 1);
    cairo_curve_to(pen, -wide, top + 0.3, -0.8, top + 0.25, -0.45, top);
    cairo_curve_to(pen, -0.2, top + 0.35, 0.2, top + 0.35, 0.45, top);
    cairo_curve_to(pen, 0.8, top + 0.25, wide, top + 0.3, wide, top + 1);
    cairo_line_to(pen, wide, 30);
    cairo_fill(pen);
    brim_demo_ink(pen, brim_demo_shade(cloth, 0.75), 1);
    cairo_set_line_width(pen, 0.07);
    for (int side = -1; side <= 1; side += 2) { /* the inner edge of each sleeve */
        cairo_move_to(pen, side * wide * 0.68, top + 1.1);
        cairo_curve_to(pen, side * wide * 0.62, top + 2, side * wide * 0.66, top + 3, side * wide * 0.64, 30);
    }
    for (double y = top + 0.6; face->stretch > 1.25 && y < 9; y += 0.7) /* buttons on some */
        brim_demo_oval(pen, 0, y, 0.02, 0.02);
    cairo_stroke(pen);
    cairo_restore(pen);
}

void brim_demo_face(cairo_t *pen, BrimDemoFace *face)
{
    BrimRandom *look = &face->look;
    BrimDemoColour skin = skin_of(look), hair = brim_demo_pick(look, hairs, COUNT(hairs));
    HairCut cut = (HairCut)brim_random_below(look, HAIR_CUTS);
    double stretch = face->stretch;
    cairo_save(pen);
    cairo_translate(pen, face->x_px, face->y_px);
    cairo_rotate(pen, face->angle);
    cairo_scale(pen, face->half_width_px, face->half_width_px);
    hair_behind(pen, cut, hair, stretch);
    head(pen, skin, stretch);
    bool bearded = !face->masked && brim_demo_chance(look, 0.15);
    if (bearded)
        beard(pen, hair, stretch);
    nose(pen, skin, stretch);
    if (!face->masked)
        mouth(pen, look, skin, stretch);
    eyes(pen, look, hair, stretch);
    hair_in_front(pen, look, cut, hair, stretch);
    if (face->masked)
        brim_demo_mask(pen, look, stretch);
    if (brim_demo_chance(look, 0.2))
        glasses(pen, look, stretch);
    cairo_restore(pen);
}

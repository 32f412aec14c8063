/* The pieces of a drawn picture. Private to demo*.c. */
#ifndef BRIM_DATA_DEMO_SCENE_H
#define BRIM_DATA_DEMO_SCENE_H

#include <stdbool.h>

#include <cairo.h>

#include "base/random.h"

typedef struct BrimDemoFace {
    double x_px, y_px;    /* centre of the face's oval */
    double half_width_px; /* of the oval, before it is turned */
    double stretch;       /* half height / half width */
    double angle;         /* radians */
    bool masked;
    BrimRandom look; /* skin, hair, mask and so on are drawn from it */
} BrimDemoFace;

typedef struct BrimDemoColour {
    double red, green, blue;
} BrimDemoColour;

/* Half the sides of the upright box around the turned oval. */
void brim_demo_face_half_box(const BrimDemoFace *face, double *half_width_px, double *half_height_px);

void brim_demo_background(cairo_t *pen, BrimRandom *random, int width_px, int height_px);
void brim_demo_body(cairo_t *pen, BrimDemoFace *face); /* shoulders, down to the picture's lower edge */
void brim_demo_face(cairo_t *pen, BrimDemoFace *face);
void brim_demo_mask(cairo_t *pen, BrimRandom *look, double stretch); /* in units of the face's half width */

/* Small helpers for drawing. */
bool brim_demo_chance(BrimRandom *random, double probability);
BrimDemoColour brim_demo_colour(BrimRandom *random, double darkest, double brightest);
BrimDemoColour brim_demo_shade(BrimDemoColour colour, double factor);
BrimDemoColour brim_demo_pick(BrimRandom *random, const BrimDemoColour *colours, size_t count);
void brim_demo_ink(cairo_t *pen, BrimDemoColour colour, double alpha);
void brim_demo_oval(cairo_t *pen, double x, double y, double half_width,
                    double half_height); /* adds a path */

#endif

/* A picture that cairo draws on. Knows nothing of what is drawn. */
#ifndef BRIM_DATA_CANVAS_H
#define BRIM_DATA_CANVAS_H

#include <cairo.h>

#include "data/picture.h"

/* Cairo's own pixels, 4 bytes each; the picture is copied in and out. */
typedef struct BrimCanvas {
    cairo_surface_t *surface;
    cairo_t *pen;
} BrimCanvas;

/* A canvas that shows the picture. */
BrimStatus brim_canvas_open(BrimCanvas *canvas, const BrimPicture *picture);

/* Copies the canvas into a picture of the same sides; ERROR_MEMORY when cairo ran out of it while drawing. */
BrimStatus brim_canvas_copy(BrimCanvas *canvas, BrimPicture *picture);
void brim_canvas_close(BrimCanvas *canvas); /* a zeroed canvas is allowed */

#endif

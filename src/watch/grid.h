/* A screen as rows of cells, in memory: what the view draws on and what a terminal then shows. It knows
 * characters and how wide they are, and neither the monitor nor any terminal. */
#ifndef BRIM_WATCH_GRID_H
#define BRIM_WATCH_GRID_H

#include "base/memory.h"

/* How a cell is meant; the terminal has a colour for it, or an attribute. Nothing is said by ink alone. */
typedef enum BrimInk {
    BRIM_INK_PLAIN,
    BRIM_INK_DIM,    /* labels, what is empty */
    BRIM_INK_STRONG, /* names, keys */
    BRIM_INK_ACCENT, /* what is picked; graphs other than of memory */
    BRIM_INK_GOOD,
    BRIM_INK_WARN,
    BRIM_INK_BAD,
    BRIM_INK_COUNT
} BrimInk;

typedef struct BrimCell {
    uint32_t character; /* 0: the right half of the wide one before it */
    BrimInk ink;
} BrimCell;

typedef struct BrimGrid {
    int columns, rows;
    bool unicode;    /* else ASCII alone is drawn */
    BrimCell *cells; /* [rows][columns] */
} BrimGrid;

typedef struct BrimRect {
    int x, y, columns, rows;
} BrimRect;

/* Sizes the grid, 0 x 0 at first, and empties it. ERROR_MEMORY leaves it as it was. */
BrimStatus brim_grid_resize(BrimGrid *grid, int columns, int rows);
void brim_grid_clear(BrimGrid *grid);
void brim_grid_close(BrimGrid *grid);

/* A rectangle of spaces. */
void brim_grid_blank(BrimGrid *grid, BrimRect rect);

/* One character of one column; outside of the grid nothing happens. */
void brim_grid_put(BrimGrid *grid, int x, int y, BrimInk ink, uint32_t character);

/* That character where the grid is unicode, else the plain one. */
void brim_grid_sign(BrimGrid *grid, int x, int y, BrimInk ink, uint32_t character, char plain);

/* The columns that a UTF-8 text takes on this grid. What a terminal could take for a command, and what is
 * not UTF-8, is shown as '?'. */
int brim_grid_width(const BrimGrid *grid, const char *text);

/* Writes at most so many columns of it, and returns how many they were. */
int brim_grid_text(BrimGrid *grid, int x, int y, int most_columns, BrimInk ink, const char *text);

/* The same, with "…" at the end of what is cut. */
int brim_grid_cut(BrimGrid *grid, int x, int y, int most_columns, BrimInk ink, const char *text);

/* Writes it in `columns` columns from x, at their right end. */
void brim_grid_right(BrimGrid *grid, int x, int y, int columns, BrimInk ink, const char *text);

/* Formats and writes as brim_grid_text does. */
int brim_grid_print(BrimGrid *grid, int x, int y, int most_columns, BrimInk ink, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

/* The next character of a UTF-8 text, '?' for a byte that is none of it; *text moves on. 0 at the end. */
uint32_t brim_grid_decode(const char **text);

/* The character as UTF-8, with an end; returns its bytes, 1 to 4. */
int brim_grid_encode(char text[5], uint32_t character);

#endif

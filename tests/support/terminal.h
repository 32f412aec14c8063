/* A small terminal: what a program writes for an xterm becomes a screen. It knows the sequences that ncurses
 * sends to one, and says which others it met. */
#ifndef BRIM_TESTS_TERMINAL_H
#define BRIM_TESTS_TERMINAL_H

#include <stddef.h>

#include "watch/grid.h"

typedef struct Terminal {
    BrimGrid grid;
    int x, y, top,
        bottom; /* the cursor, which stands at x == columns after the last one; the scrolled rows */
    int saved_x, saved_y;
    bool alternate, hidden; /* the alternate screen is shown; the cursor is not */
    char last[8];           /* the character before, for repetitions */
    char sequence[64];      /* what came of an escape sequence or a character so far */
    size_t length;
    char unknown[64]; /* the first sequence that it does not know; "" */
    size_t bytes;     /* that were fed */
} Terminal;

void terminal_open(Terminal *terminal, int columns, int rows);
void terminal_resize(Terminal *terminal, int columns, int rows); /* keeps what fits, as xterm does */
void terminal_feed(Terminal *terminal, const char *bytes, size_t count);
void terminal_close(Terminal *terminal);

#endif

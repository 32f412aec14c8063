/* The terminal: shows a grid and reads keys. The only part of the view that knows ncurses, and it can do
 * without: a build that has no ncurses opens no screen. */
#ifndef BRIM_WATCH_VIEW_SCREEN_H
#define BRIM_WATCH_VIEW_SCREEN_H

#include "watch/grid.h"

typedef struct BrimScreen BrimScreen;

/* Takes the terminal that stdin and stdout are. ERROR_UNSUPPORTED where they are none, where its kind (TERM)
 * is not known, and in a build without ncurses. */
BrimStatus brim_screen_open(BrimScreen **screen);

/* Can it show more than ASCII? As the locale of the environment says. */
bool brim_screen_is_unicode(const BrimScreen *screen);

void brim_screen_size(const BrimScreen *screen, int *columns, int *rows);

/* Writes those cells to the terminal that are not there already. */
void brim_screen_show(BrimScreen *screen, const BrimGrid *grid);

/* A key that was pressed (view_state.h), BRIM_KEY_RESIZED after the terminal changed its size, or
 * BRIM_KEY_NONE. Does not wait. */
int brim_screen_key(BrimScreen *screen);

/* Gives the terminal back as it was. Takes the address, accepts NULL inside, clears. */
void brim_screen_close(BrimScreen **screen);

#endif

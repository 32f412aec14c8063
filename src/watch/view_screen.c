/* The terminal through ncurses, which sends what has changed since it sent last and nothing else. */
#include "watch/view_screen.h"

#ifdef BRIM_HAVE_NCURSES

#define NCURSES_WIDECHAR 1
#define NCURSES_NOMACROS 1

#include <curses.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "watch/view_state.h"

enum {
    ESCAPE_MS = 25, /* after Esc, in which the rest of a key's sequence has to come */
    CONTROL_L = 12  /* draws all anew, by custom */
};

struct BrimScreen {
    SCREEN *terminal;
    char *locale; /* as it was; for the type of characters */
    bool unicode;
    attr_t attributes[BRIM_INK_COUNT];
    short pairs[BRIM_INK_COUNT];
};

/* Where there are no colours, what is bad is bold and reversed, and what is almost so is bold. */
static void choose_inks(BrimScreen *screen)
{
    static const short colours[BRIM_INK_COUNT] = {[BRIM_INK_ACCENT] = COLOR_CYAN,
                                                  [BRIM_INK_GOOD] = COLOR_GREEN,
                                                  [BRIM_INK_WARN] = COLOR_YELLOW,
                                                  [BRIM_INK_BAD] = COLOR_RED};
    screen->attributes[BRIM_INK_DIM] = A_DIM;
    screen->attributes[BRIM_INK_STRONG] = A_BOLD;
    if (has_colors() && start_color() == OK && use_default_colors() == OK) {
        for (short i = BRIM_INK_ACCENT; i < BRIM_INK_COUNT; i++) {
            init_pair(i, colours[i], -1);
            screen->pairs[i] = i;
        }
    } else {
        screen->attributes[BRIM_INK_ACCENT] = A_BOLD;
        screen->attributes[BRIM_INK_WARN] = A_BOLD;
        screen->attributes[BRIM_INK_BAD] = A_BOLD | A_REVERSE;
    }
}

/* A terminal that sends keys one by one, shows no cursor and waits for nobody. */
static void set_up(void)
{
    set_escdelay(ESCAPE_MS);
    cbreak();
    noecho();
    nonl();
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    intrflush(stdscr, FALSE);
    curs_set(0);
}

BrimStatus brim_screen_open(BrimScreen **screen)
{
    *screen = NULL;
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        return brim_fail(BRIM_ERROR_UNSUPPORTED, "the view needs a terminal for its input and output; "
                                                 "write samples as JSON or CSV instead");
    BrimScreen *made = brim_mem_take(BRIM_MEM_OTHER, 1, sizeof *made);
    if (!made)
        return BRIM_ERROR_MEMORY;
    made->locale = brim_mem_text(BRIM_MEM_OTHER, setlocale(LC_CTYPE, NULL));
    setlocale(LC_CTYPE, "");
    made->unicode = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    *screen = made;
    made->terminal = made->locale ? newterm(NULL, stdout, stdin) : NULL;
    if (!made->terminal) {
        const char *kind = getenv("TERM");
        BrimStatus status =
            made->locale ? brim_fail(BRIM_ERROR_UNSUPPORTED,
                                     "the terminal's kind \"%s\" (TERM) is not known here; try TERM=xterm",
                                     kind ? kind : "")
                         : BRIM_ERROR_MEMORY;
        brim_screen_close(screen);
        return status;
    }
    set_up();
    choose_inks(made);
    return BRIM_OK;
}

bool brim_screen_is_unicode(const BrimScreen *screen)
{
    return screen->unicode;
}

void brim_screen_size(const BrimScreen *screen, int *columns, int *rows)
{
    (void)screen;
    getmaxyx(stdscr, *rows, *columns);
}

void brim_screen_show(BrimScreen *screen, const BrimGrid *grid)
{
    for (int y = 0; y < grid->rows; y++)
        for (int x = 0; x < grid->columns; x++) {
            const BrimCell *cell = &grid->cells[y * grid->columns + x];
            wchar_t text[2] = {(wchar_t)cell->character, L'\0'};
            cchar_t shown;
            if (cell->character == 0)
                continue;
            setcchar(&shown, text, screen->attributes[cell->ink], screen->pairs[cell->ink], NULL);
            mvadd_wch(y, x, &shown);
        }
    refresh();
}

static int special_key(wint_t key)
{
    static const int keys[][2] = {{KEY_UP, BRIM_KEY_UP},           {KEY_DOWN, BRIM_KEY_DOWN},
                                  {KEY_LEFT, BRIM_KEY_LEFT},       {KEY_RIGHT, BRIM_KEY_RIGHT},
                                  {KEY_BTAB, BRIM_KEY_BACK_TAB},   {KEY_HOME, BRIM_KEY_HOME},
                                  {KEY_END, BRIM_KEY_END},         {KEY_PPAGE, BRIM_KEY_PAGE_UP},
                                  {KEY_NPAGE, BRIM_KEY_PAGE_DOWN}, {KEY_RESIZE, BRIM_KEY_RESIZED}};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if ((int)key == keys[i][0])
            return keys[i][1];
    return BRIM_KEY_NONE;
}

int brim_screen_key(BrimScreen *screen)
{
    (void)screen;
    for (;;) {
        wint_t key;
        int what = get_wch(&key);
        if (what == ERR)
            return BRIM_KEY_NONE;
        int meant = what == OK ? (int)key : special_key(key);
        if (meant == CONTROL_L)
            meant = BRIM_KEY_RESIZED;
        if (meant == BRIM_KEY_RESIZED)
            clearok(curscr, TRUE); /* nobody knows what a terminal makes of its content then */
        if (meant != BRIM_KEY_NONE)
            return meant;
    }
}

void brim_screen_close(BrimScreen **screen)
{
    BrimScreen *closed = *screen;
    if (!closed)
        return;
    if (closed->terminal) {
        endwin();
        delscreen(closed->terminal);
    }
    if (closed->locale)
        setlocale(LC_CTYPE, closed->locale);
    brim_mem_give(closed->locale);
    brim_mem_give(closed);
    *screen = NULL;
}

#else

#include "watch/view_state.h"

BrimStatus brim_screen_open(BrimScreen **screen)
{
    *screen = NULL;
    return brim_fail(BRIM_ERROR_UNSUPPORTED,
                     "this brim was built without ncurses, so it has no view in the terminal; "
                     "write samples as JSON or CSV, or build it again after "
                     "\"apt install libncurses-dev\"");
}

bool brim_screen_is_unicode(const BrimScreen *screen)
{
    (void)screen;
    return false;
}

void brim_screen_size(const BrimScreen *screen, int *columns, int *rows)
{
    (void)screen;
    *columns = *rows = 0;
}

void brim_screen_show(BrimScreen *screen, const BrimGrid *grid)
{
    (void)screen;
    (void)grid;
}

int brim_screen_key(BrimScreen *screen)
{
    (void)screen;
    return BRIM_KEY_NONE;
}

void brim_screen_close(BrimScreen **screen)
{
    *screen = NULL;
}

#endif

/* Sequences to cells. */
#include "support/terminal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_PARAMETERS = 16 };

void terminal_open(Terminal *terminal, int columns, int rows)
{
    *terminal = (Terminal){.grid.unicode = true};
    terminal_resize(terminal, columns, rows);
}

void terminal_close(Terminal *terminal)
{
    brim_grid_close(&terminal->grid);
}

void terminal_resize(Terminal *terminal, int columns, int rows)
{
    BrimGrid before = terminal->grid;
    terminal->grid = (BrimGrid){.unicode = true};
    brim_grid_resize(&terminal->grid, columns, rows);
    for (int y = 0; y < before.rows && y < rows; y++)
        for (int x = 0; x < before.columns && x < columns; x++)
            terminal->grid.cells[y * columns + x] = before.cells[y * before.columns + x];
    brim_grid_close(&before);
    terminal->top = 0;
    terminal->bottom = rows - 1;
    terminal->x = terminal->x < columns ? terminal->x : columns - 1;
    terminal->y = terminal->y < rows ? terminal->y : rows - 1;
}

static void erase(Terminal *terminal, int from_x, int from_y, int to_x, int to_y)
{
    const int columns = terminal->grid.columns;
    for (int i = from_y * columns + from_x; i <= to_y * columns + to_x; i++)
        if (i < columns * terminal->grid.rows)
            terminal->grid.cells[i] = (BrimCell){.character = ' '};
}

/* Rows top to bottom move up by so many, down where it is negative. */
static void scroll(Terminal *terminal, int top, int by)
{
    const int columns = terminal->grid.columns;
    int count = terminal->bottom - top + 1;
    for (int i = 0; i < count; i++) {
        int y = by > 0 ? top + i : terminal->bottom - i, from = y + by;
        if (from < top || from > terminal->bottom)
            erase(terminal, 0, y, columns - 1, y);
        else
            memcpy(&terminal->grid.cells[y * columns], &terminal->grid.cells[from * columns],
                   (size_t)columns * sizeof(BrimCell));
    }
}

/* Cells of the row from the cursor on move to the left by so many, to the right where it is negative. */
static void shift(Terminal *terminal, int by)
{
    const int columns = terminal->grid.columns, count = columns - terminal->x;
    BrimCell *row = &terminal->grid.cells[terminal->y * columns + terminal->x];
    for (int i = 0; i < count; i++) {
        int to = by > 0 ? i : count - 1 - i, from = to + by;
        row[to] = from >= 0 && from < count ? row[from] : (BrimCell){.character = ' '};
    }
}

static void feed_line(Terminal *terminal)
{
    if (terminal->y == terminal->bottom)
        scroll(terminal, terminal->top, 1);
    else if (terminal->y < terminal->grid.rows - 1)
        terminal->y++;
}

static void print(Terminal *terminal, const char *character)
{
    if (terminal->x >= terminal->grid.columns) {
        terminal->x = 0;
        feed_line(terminal);
    }
    snprintf(terminal->last, sizeof terminal->last, "%s", character);
    brim_grid_put(&terminal->grid, terminal->x++, terminal->y, BRIM_INK_PLAIN, brim_grid_decode(&character));
}

static void set_mode(Terminal *terminal, int mode, bool on)
{
    if (mode == 25)
        terminal->hidden = !on;
    if (mode != 1049)
        return; /* keys and the like */
    terminal->alternate = on;
    if (on) {
        terminal->saved_x = terminal->x;
        terminal->saved_y = terminal->y;
    } else {
        terminal->x = terminal->saved_x;
        terminal->y = terminal->saved_y;
    }
    brim_grid_clear(&terminal->grid); /* what stood on the other one is not kept */
}

static void move_to(Terminal *terminal, int x, int y)
{
    terminal->x = x < 0 ? 0 : x < terminal->grid.columns ? x : terminal->grid.columns - 1;
    terminal->y = y < 0 ? 0 : y < terminal->grid.rows ? y : terminal->grid.rows - 1;
}

static void erase_by(Terminal *terminal, char what, int which)
{
    const int right = terminal->grid.columns - 1, last = what == 'J' ? terminal->grid.rows - 1 : terminal->y;
    const int first = what == 'J' ? 0 : terminal->y;
    if (which == 0)
        erase(terminal, terminal->x, terminal->y, right, last);
    else if (which == 1)
        erase(terminal, 0, first, terminal->x, terminal->y);
    else
        erase(terminal, 0, first, right, last);
}

/* Sequences that move the cursor; false for others. */
static bool moves(Terminal *terminal, char last, int by, int second)
{
    const int x = terminal->x, y = terminal->y;
    switch (last) {
    case 'A':
        move_to(terminal, x, y - by);
        return true;
    case 'B':
        move_to(terminal, x, y + by);
        return true;
    case 'C':
        move_to(terminal, x + by, y);
        return true;
    case 'D':
        move_to(terminal, x - by, y);
        return true;
    case 'G':
        move_to(terminal, by - 1, y);
        return true;
    case 'H':
        move_to(terminal, (second > 0 ? second : 1) - 1, by - 1);
        return true;
    case 'd':
        move_to(terminal, x, by - 1);
        return true;
    case 'Z':
        move_to(terminal, (x - 1) / 8 * 8, y);
        return true;
    }
    return false;
}

/* Sequences that move what is on the screen. */
static bool scrolls(Terminal *terminal, char last, int by)
{
    switch (last) {
    case '@':
        shift(terminal, -by);
        return true;
    case 'P':
        shift(terminal, by);
        return true;
    case 'L':
        scroll(terminal, terminal->y, -by);
        return true;
    case 'M':
        scroll(terminal, terminal->y, by);
        return true;
    case 'S':
        scroll(terminal, terminal->top, by);
        return true;
    case 'T':
        scroll(terminal, terminal->top, -by);
        return true;
    }
    return false;
}

/* A control sequence with its first two parameters, 0 where there are none. */
static bool control(Terminal *terminal, char last, int first, int second)
{
    const int by = first > 0 ? first : 1;
    char again[sizeof terminal->last];
    switch (last) {
    case 'J':
    case 'K':
        erase_by(terminal, last, first);
        return true;
    case 'X':
        erase(terminal, terminal->x, terminal->y, terminal->x + by - 1, terminal->y);
        return true;
    case 'b':
        memcpy(again, terminal->last, sizeof again);
        for (int i = 0; i < by; i++)
            print(terminal, again);
        return true;
    case 'r':
        terminal->top = by - 1;
        terminal->bottom = (second > 0 ? second : terminal->grid.rows) - 1;
        move_to(terminal, 0, 0);
        return true;
    case 'm': /* colours */
    case 't': /* the window's title */
    case 'l': /* insert mode off */
        return true;
    }
    return moves(terminal, last, by, second) || scrolls(terminal, last, by);
}

/* The parameters of "ESC [ ... last". */
static bool finish(Terminal *terminal, char last)
{
    int parameters[MOST_PARAMETERS] = {0}, count = 0;
    const char *at = terminal->sequence + 2;
    bool private = *at == '?';
    at += private;
    for (char *end; count < MOST_PARAMETERS; at = end + 1) {
        parameters[count++] = (int)strtol(at, &end, 10);
        if (*end != ';')
            break;
    }
    if (!private)
        return control(terminal, last, parameters[0], parameters[1]);
    for (int i = 0; i < count; i++)
        set_mode(terminal, parameters[i], last == 'h');
    return last == 'h' || last == 'l';
}

/* Is the escape sequence over? Then it is done. */
static bool escape(Terminal *terminal)
{
    const char *sequence = terminal->sequence;
    const char last = sequence[terminal->length - 1];
    bool known = true;
    if (terminal->length == 1 || strcmp(sequence, "\x1b[") == 0 || strcmp(sequence, "\x1b(") == 0)
        return false;
    if (sequence[1] == '[') {
        if (last < '@')
            return false;
        known = finish(terminal, last);
    } else if (sequence[1] == 'M') {
        if (terminal->y == terminal->top)
            scroll(terminal, terminal->top, -1);
        else
            terminal->y--;
    } else {
        known = strchr("(=>78", sequence[1]) != NULL;
    }
    if (!known && !terminal->unknown[0])
        snprintf(terminal->unknown, sizeof terminal->unknown, "%s", sequence + 1);
    return true;
}

static void plain(Terminal *terminal, char byte)
{
    switch (byte) {
    case '\r':
        terminal->x = 0;
        break;
    case '\n':
        feed_line(terminal);
        break;
    case '\b':
        move_to(terminal, terminal->x - 1, terminal->y);
        break;
    case '\t':
        move_to(terminal, (terminal->x / 8 + 1) * 8, terminal->y);
        break;
    case '\a':
    case '\x0f':
        break;
    default:
        print(terminal, terminal->sequence);
        break;
    }
}

/* Bytes of the character that begins so. */
static size_t bytes_of(unsigned char first)
{
    return first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

void terminal_feed(Terminal *terminal, const char *bytes, size_t count)
{
    terminal->bytes += count;
    for (size_t i = 0; i < count; i++) {
        if (terminal->length + 1 < sizeof terminal->sequence)
            terminal->sequence[terminal->length++] = bytes[i];
        terminal->sequence[terminal->length] = '\0';
        if (terminal->sequence[0] == '\x1b') {
            if (escape(terminal))
                terminal->length = 0;
        } else if (terminal->length >= bytes_of((unsigned char)terminal->sequence[0])) {
            plain(terminal, terminal->sequence[0]);
            terminal->length = 0;
        }
    }
}

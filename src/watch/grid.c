/* Cells, and texts to cells. */
#include "watch/grid.h"

#include <stdarg.h>
#include <stdio.h>
#include <wchar.h>

enum { ELLIPSIS = 0x2026 };

BrimStatus brim_grid_resize(BrimGrid *grid, int columns, int rows)
{
    if (columns != grid->columns || rows != grid->rows) {
        BrimCell *cells = brim_mem_take(BRIM_MEM_OTHER, (size_t)columns * (size_t)rows, sizeof *cells);
        if (!cells)
            return BRIM_ERROR_MEMORY;
        brim_mem_give(grid->cells);
        grid->cells = cells;
        grid->columns = columns;
        grid->rows = rows;
    }
    brim_grid_clear(grid);
    return BRIM_OK;
}

void brim_grid_clear(BrimGrid *grid)
{
    for (int i = 0; i < grid->columns * grid->rows; i++)
        grid->cells[i] = (BrimCell){.character = ' '};
}

void brim_grid_close(BrimGrid *grid)
{
    brim_mem_give(grid->cells);
    *grid = (BrimGrid){.cells = NULL};
}

void brim_grid_blank(BrimGrid *grid, BrimRect rect)
{
    for (int y = 0; y < rect.rows; y++)
        for (int x = 0; x < rect.columns; x++)
            brim_grid_put(grid, rect.x + x, rect.y + y, BRIM_INK_PLAIN, ' ');
}

/* A wide character of which one half is written over is gone as a whole. */
static void free_halves(BrimCell *row, int x, int columns)
{
    if (row[x].character == 0 && x > 0)
        row[x - 1].character = ' ';
    if (x + 1 < columns && row[x + 1].character == 0)
        row[x + 1].character = ' ';
}

void brim_grid_put(BrimGrid *grid, int x, int y, BrimInk ink, uint32_t character)
{
    if (x < 0 || x >= grid->columns || y < 0 || y >= grid->rows)
        return;
    BrimCell *row = grid->cells + (size_t)y * (size_t)grid->columns;
    free_halves(row, x, grid->columns);
    row[x] = (BrimCell){.character = character, .ink = ink};
}

void brim_grid_sign(BrimGrid *grid, int x, int y, BrimInk ink, uint32_t character, char plain)
{
    brim_grid_put(grid, x, y, ink, grid->unicode ? character : (uint32_t)plain);
}

uint32_t brim_grid_decode(const char **text)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    const unsigned char *at = (const unsigned char *)*text;
    int more = *at < 0x80 ? 0 : *at >> 5 == 6 ? 1 : *at >> 4 == 14 ? 2 : *at >> 3 == 30 ? 3 : -1;
    uint32_t character = more <= 0 ? *at : *at & (0x3fu >> more);
    int read = 0;
    while (read < more && at[read + 1] >> 6 == 2)
        character = character << 6 | (at[++read] & 0x3f);
    bool good = more >= 0 && read == more && character >= least[more] && character <= 0x10ffff &&
                (character < 0xd800 || character > 0xdfff);
    if (*at)
        *text += good ? 1 + more : 1;
    return good ? character : '?';
}

int brim_grid_encode(char text[5], uint32_t character)
{
    int more = character < 0x80 ? 0 : character < 0x800 ? 1 : character < 0x10000 ? 2 : 3;
    static const unsigned char first[] = {0, 0xc0, 0xe0, 0xf0};
    for (int i = more; i > 0; i--) {
        text[i] = (char)(0x80 | (character & 0x3f));
        character >>= 6;
    }
    text[0] = (char)(first[more] | character);
    text[more + 1] = '\0';
    return more + 1;
}

/* How the grid shows it: *character may become '?'. Marks that would change their neighbours have no width.
 */
static int shown_width(const BrimGrid *grid, uint32_t *character)
{
    int width = *character < 0x80 ? 1 : wcwidth((wchar_t)*character);
    if (*character < 0x20 || *character == 0x7f || (*character >= 0x80 && !grid->unicode) || width < 0) {
        *character = '?';
        return 1;
    }
    return width;
}

int brim_grid_width(const BrimGrid *grid, const char *text)
{
    int columns = 0;
    for (uint32_t character; (character = brim_grid_decode(&text)) != 0;)
        columns += shown_width(grid, &character);
    return columns;
}

int brim_grid_text(BrimGrid *grid, int x, int y, int most_columns, BrimInk ink, const char *text)
{
    int columns = 0;
    for (uint32_t character; (character = brim_grid_decode(&text)) != 0;) {
        int width = shown_width(grid, &character);
        if (columns + width > most_columns || x + columns + width > grid->columns)
            break;
        if (width > 0)
            brim_grid_put(grid, x + columns, y, ink, character);
        if (width == 2) { /* first what frees the cell, then what binds it */
            brim_grid_put(grid, x + columns + 1, y, ink, ' ');
            brim_grid_put(grid, x + columns + 1, y, ink, 0);
        }
        columns += width;
    }
    return columns;
}

int brim_grid_cut(BrimGrid *grid, int x, int y, int most_columns, BrimInk ink, const char *text)
{
    if (most_columns <= 0)
        return 0;
    if (brim_grid_width(grid, text) <= most_columns)
        return brim_grid_text(grid, x, y, most_columns, ink, text);
    int columns = brim_grid_text(grid, x, y, most_columns - 1, ink, text);
    brim_grid_sign(grid, x + columns, y, ink, ELLIPSIS, '~');
    return columns + 1;
}

void brim_grid_right(BrimGrid *grid, int x, int y, int columns, BrimInk ink, const char *text)
{
    int width = brim_grid_width(grid, text);
    brim_grid_text(grid, width < columns ? x + columns - width : x, y, columns, ink, text);
}

int brim_grid_print(BrimGrid *grid, int x, int y, int most_columns, BrimInk ink, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return brim_grid_text(grid, x, y, most_columns, ink, text);
}

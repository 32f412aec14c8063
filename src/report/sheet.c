/* One cell at a time. */
#include "report/sheet.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/json.h"

enum { CELL_BYTES = 96, GAP = 2, LEAST_CUT = 8 };

static const BrimSheetCell *cell_at(const BrimSheet *sheet, int row, int column)
{
    return &sheet->cells[row * sheet->column_count + column];
}

/* As people read it. */
static const char *shown(const BrimSheet *sheet, int row, int column, char text[CELL_BYTES])
{
    const BrimSheetColumn *about = &sheet->columns[column];
    const BrimSheetCell *cell = cell_at(sheet, row, column);
    if (about->unit == 0)
        return cell->text;
    if (isnan(cell->number))
        return "-";
    snprintf(text, CELL_BYTES, "%.*f", about->decimals, cell->number / about->unit);
    return text;
}

/* Where a head goes on in a second line: at the space, or before the stroke, that leaves both parts shortest.
 * Its end where it is one word. */
static size_t head_break(const char *head)
{
    size_t length = strlen(head), best = length, width = length;
    for (size_t at = 1; at < length; at++) {
        size_t below = length - at - (head[at] == ' ');
        size_t longer = at > below ? at : below;
        if ((head[at] == ' ' || head[at] == '/') && longer < width) {
            best = at;
            width = longer;
        }
    }
    return best;
}

/* A head's part in the first or the second line of a terminal's table. */
static const char *head_line(const char *head, int line, char text[CELL_BYTES])
{
    size_t at = head_break(head);
    if (line == 0)
        snprintf(text, CELL_BYTES, "%.*s", (int)at, head);
    else
        snprintf(text, CELL_BYTES, "%s", head + at + (head[at] == ' '));
    return text;
}

static int head_width(const char *head)
{
    char text[CELL_BYTES];
    size_t above = strlen(head_line(head, 0, text)), below = strlen(head_line(head, 1, text));
    return (int)(above > below ? above : below);
}

/* Columns that are at least as wide as their head. Nearly all our texts are ASCII: bytes are columns of the
 * terminal. */
static int width_of(const BrimSheet *sheet, int column, int width)
{
    char text[CELL_BYTES];
    for (int row = 0; row < sheet->row_count; row++) {
        int length = (int)strlen(shown(sheet, row, column, text));
        width = length > width ? length : width;
    }
    return width;
}

/* Numbers end where their column ends, texts begin where it begins. */
static void add_padded(BrimText *text, const BrimSheet *sheet, int column, int width, const char *cell)
{
    brim_text_add(text, "%*s", sheet->columns[column].unit == 0 ? -width : width, cell);
}

static void end_line(BrimText *text)
{
    while (text->length && text->text[text->length - 1] == ' ')
        brim_text_drop(text, 1);
    brim_text_add(text, "\n");
}

/* As much of a text as has room, its end where that tells more; never a part of a UTF-8 character. */
static void add_cut(BrimText *text, const BrimSheetColumn *about, const char *cell, int room)
{
    int length = (int)strlen(cell), begin = 0, end = length;
    if (length > room && about->ends)
        begin = length - room;
    else if (length > room)
        end = room;
    while (begin > 0 && ((unsigned char)cell[begin] & 0xC0) == 0x80)
        begin++;
    while (end > 0 && ((unsigned char)cell[end] & 0xC0) == 0x80)
        end--;
    brim_text_add(text, "%.*s", end - begin, cell + begin);
}

/* line: a row, -2 and -1 for the two of the head. */
static void add_table_line(BrimText *text, const BrimSheet *sheet, int line)
{
    char cell[CELL_BYTES];
    int at = 0, last = sheet->column_count - 1;
    for (int column = 0; column < sheet->column_count; column++) {
        const BrimSheetColumn *about = &sheet->columns[column];
        if (about->aside)
            continue;
        const char *words =
            line < 0 ? head_line(about->head, line + 2, cell) : shown(sheet, line, column, cell);
        int width = width_of(sheet, column, head_width(about->head)), gap = at ? GAP : 0;
        brim_text_add(text, "%*s", gap, "");
        at += gap;
        if (column == last && about->unit == 0 && sheet->width)
            add_cut(text, about, words, sheet->width > at + LEAST_CUT ? sheet->width - at : LEAST_CUT);
        else
            add_padded(text, sheet, column, width, words);
        at += width;
    }
    end_line(text);
}

static bool has_second_line(const BrimSheet *sheet)
{
    for (int column = 0; column < sheet->column_count; column++) {
        const char *head = sheet->columns[column].head;
        if (!sheet->columns[column].aside && head[head_break(head)])
            return true;
    }
    return false;
}

void brim_sheet_table(BrimText *text, const BrimSheet *sheet)
{
    add_table_line(text, sheet, -2);
    if (has_second_line(sheet))
        add_table_line(text, sheet, -1);
    for (int row = 0; row < sheet->row_count; row++)
        add_table_line(text, sheet, row);
}

/* Of a column whose head stands in one line. */
static int full_width(const BrimSheet *sheet, int column)
{
    return width_of(sheet, column, (int)strlen(sheet->columns[column].head));
}

static void add_rule(BrimText *text, const BrimSheet *sheet)
{
    for (int column = 0; column < sheet->column_count; column++) {
        bool number = sheet->columns[column].unit != 0;
        brim_text_add(text, "|");
        for (int i = full_width(sheet, column) + 2 - number; i > 0; i--)
            brim_text_add(text, "-");
        brim_text_add(text, "%s", number ? ":" : "");
    }
    brim_text_add(text, "|\n");
}

void brim_sheet_markdown(BrimText *text, const BrimSheet *sheet)
{
    for (int row = -1; row < sheet->row_count; row++) {
        for (int column = 0; column < sheet->column_count; column++) {
            char cell[CELL_BYTES];
            brim_text_add(text, "| ");
            add_padded(text, sheet, column, full_width(sheet, column),
                       row < 0 ? sheet->columns[column].head : shown(sheet, row, column, cell));
            brim_text_add(text, " ");
        }
        brim_text_add(text, "|\n");
        if (row < 0)
            add_rule(text, sheet);
    }
}

void brim_sheet_csv(BrimText *text, const BrimSheet *sheet)
{
    for (int column = 0; column < sheet->column_count; column++)
        brim_text_add(text, "%s%s", column ? "," : "", sheet->columns[column].key);
    brim_text_add(text, "\n");
    for (int row = 0; row < sheet->row_count; row++) {
        for (int column = 0; column < sheet->column_count; column++) {
            const BrimSheetColumn *about = &sheet->columns[column];
            const BrimSheetCell *cell = cell_at(sheet, row, column);
            brim_text_add(text, "%s", column ? "," : "");
            if (about->unit == 0)
                brim_text_add(text, "%s", cell->text);
            else if (!isnan(cell->number))
                brim_text_add(text, "%.*f", about->key_decimals, cell->number);
        }
        brim_text_add(text, "\n");
    }
}

static json_t *cell_as_json(const BrimSheetColumn *about, const BrimSheetCell *cell)
{
    if (about->unit == 0)
        return brim_json_text(cell->text);
    if (isnan(cell->number))
        return json_null();
    double scale = pow(10, about->key_decimals);
    return about->key_decimals ? json_real(round(cell->number * scale) / scale)
                               : json_integer((json_int_t)cell->number);
}

json_t *brim_sheet_json(const BrimSheet *sheet)
{
    json_t *rows = json_array();
    for (int row = 0; row < sheet->row_count; row++) {
        json_t *object = json_object();
        for (int column = 0; column < sheet->column_count; column++)
            json_object_set_new(object, sheet->columns[column].key,
                                cell_as_json(&sheet->columns[column], cell_at(sheet, row, column)));
        json_array_append_new(rows, object);
    }
    return rows;
}

/* One cell at a time. */
#include "report/sheet.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/json.h"

enum { CELL_BYTES = 96, GAP = 2 };

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

/* Columns that are at least as wide as their head. All our texts are ASCII: bytes are columns of the
 * terminal. */
static int width_of(const BrimSheet *sheet, int column)
{
    char text[CELL_BYTES];
    size_t width = strlen(sheet->columns[column].head);
    for (int row = 0; row < sheet->row_count; row++) {
        size_t length = strlen(shown(sheet, row, column, text));
        width = length > width ? length : width;
    }
    return (int)width;
}

/* Numbers end where their column ends, texts begin where it begins. */
static void add_padded(BrimText *text, const BrimSheet *sheet, int column, const char *cell)
{
    int width = width_of(sheet, column);
    brim_text_add(text, "%*s", sheet->columns[column].unit == 0 ? -width : width, cell);
}

static void end_line(BrimText *text)
{
    while (text->length && text->text[text->length - 1] == ' ')
        brim_text_drop(text, 1);
    brim_text_add(text, "\n");
}

void brim_sheet_table(BrimText *text, const BrimSheet *sheet)
{
    for (int row = -1; row < sheet->row_count; row++) {
        for (int column = 0; column < sheet->column_count; column++) {
            char cell[CELL_BYTES];
            brim_text_add(text, "%*s", column ? GAP : 0, "");
            add_padded(text, sheet, column,
                       row < 0 ? sheet->columns[column].head : shown(sheet, row, column, cell));
        }
        end_line(text);
    }
}

static void add_rule(BrimText *text, const BrimSheet *sheet)
{
    for (int column = 0; column < sheet->column_count; column++) {
        bool number = sheet->columns[column].unit != 0;
        brim_text_add(text, "|");
        for (int i = width_of(sheet, column) + 2 - number; i > 0; i--)
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
            add_padded(text, sheet, column,
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

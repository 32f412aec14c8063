/* The text of one label file to boxes. Knows nothing of files or pictures. */
#include "data/labels.h"

#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_NUMBER_BYTES = 200, PROBLEM_BYTES = 160, BOX_COLUMNS = 5, LEAST_POLYGON_COLUMNS = 7 };

typedef struct Cursor {
    const char *at, *end;
} Cursor;

/* The columns of a line as they pass: all that a box or a polygon's box needs. */
typedef struct Columns {
    int count;
    float first[BOX_COLUMNS];
    float low[2], high[2]; /* x and y over the points of a polygon */
} Columns;

static locale_t plain_locale;
static pthread_once_t plain_locale_once = PTHREAD_ONCE_INIT;

static void make_plain_locale(void)
{
    plain_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\v' || c == '\f';
}

static size_t digits(const char *text)
{
    return strspn(text, "0123456789");
}

/* [+-] digits [. digits] [e [+-] digits] and nothing else: no hexadecimal, inf or nan, which strtod would
 * take. */
static bool is_decimal(const char *text)
{
    text += *text == '+' || *text == '-';
    size_t whole = digits(text), fraction = 0;
    text += whole;
    if (*text == '.') {
        fraction = digits(text + 1);
        text += 1 + fraction;
    }
    if (whole + fraction == 0)
        return false;
    if (*text == 'e' || *text == 'E') {
        text += 1 + (text[1] == '+' || text[1] == '-');
        size_t exponent = digits(text);
        if (exponent == 0)
            return false;
        text += exponent;
    }
    return *text == '\0';
}

/* Through double, as numpy turns text into float32. */
static bool parse_number(const char *token, size_t bytes, float *value)
{
    char text[MOST_NUMBER_BYTES];
    if (bytes >= sizeof text || memchr(token, '\0', bytes))
        return false;
    memcpy(text, token, bytes);
    text[bytes] = '\0';
    if (!is_decimal(text))
        return false;
    pthread_once(&plain_locale_once, make_plain_locale);
    *value = (float)(plain_locale ? strtod_l(text, NULL, plain_locale) : strtod(text, NULL));
    return true;
}

static void add_column(Columns *columns, float value)
{
    int column = columns->count++;
    if (column < BOX_COLUMNS)
        columns->first[column] = value;
    if (column == 0)
        return;
    int axis = (column - 1) % 2;
    columns->low[axis] = column <= 2 || value < columns->low[axis] ? value : columns->low[axis];
    columns->high[axis] = column <= 2 || value > columns->high[axis] ? value : columns->high[axis];
}

/* False with a problem when a column is no number. */
static bool read_columns(Cursor line, Columns *columns, char *problem)
{
    *columns = (Columns){0};
    for (;;) {
        while (line.at < line.end && is_blank(*line.at))
            line.at++;
        if (line.at == line.end)
            return true;
        const char *token = line.at;
        while (line.at < line.end && !is_blank(*line.at))
            line.at++;
        float value;
        if (!parse_number(token, (size_t)(line.at - token), &value)) {
            snprintf(problem, PROBLEM_BYTES, "column %d is not a number", columns->count + 1);
            return false;
        }
        add_column(columns, value);
    }
}

/* YOLOv5 reads every line of a file that holds a polygon as a polygon; here a line of five columns is always
 * a box. */
static bool label_from_columns(const Columns *columns, BrimLabel *label, char *problem)
{
    const float *first = columns->first, *low = columns->low, *high = columns->high;
    if (columns->count == BOX_COLUMNS) {
        *label = (BrimLabel){first[0], first[1], first[2], first[3], first[4]};
        return true;
    }
    if (columns->count >= LEAST_POLYGON_COLUMNS && columns->count % 2 == 1) {
        *label = (BrimLabel){first[0], (low[0] + high[0]) / 2, (low[1] + high[1]) / 2, high[0] - low[0],
                             high[1] - low[1]};
        return true;
    }
    snprintf(problem, PROBLEM_BYTES, "%d columns; a box has 5, a polygon 7, 9, 11 ...", columns->count);
    return false;
}

/* Fractions that were rounded or drawn across an edge are a little above 1; pixels are far above. */
static const float most_rounded = 2;

static bool in_range(const BrimLabel *label, int class_count, char *problem)
{
    const struct {
        const char *name;
        float value;
    } parts[] = {{"x", label->x}, {"y", label->y}, {"w", label->w}, {"h", label->h}};
    float class_index = label->class_index;
    if (!(class_index >= 0) || class_index >= (float)class_count || class_index != floorf(class_index)) {
        snprintf(problem, PROBLEM_BYTES, "class %g is not one of 0 to %d", (double)class_index,
                 class_count - 1);
        return false;
    }
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (parts[i].value >= 0 && parts[i].value <= 1)
            continue;
        snprintf(problem, PROBLEM_BYTES, "%s %g is outside 0 to 1%s", parts[i].name, (double)parts[i].value,
                 parts[i].value > most_rounded ? " (pixels? it is a fraction of the picture's side)" : "");
        return false;
    }
    return true;
}

static int compare_labels(const void *left, const void *right)
{
    const BrimLabel *a = left, *b = right;
    const float pairs[][2] = {
        {a->class_index, b->class_index}, {a->x, b->x}, {a->y, b->y}, {a->w, b->w}, {a->h, b->h}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        if (pairs[i][0] != pairs[i][1])
            return pairs[i][0] < pairs[i][1] ? -1 : 1;
    return 0;
}

/* Leaves the labels alone when all differ; otherwise what is left is sorted by column, as numpy.unique leaves
 * it. Returns how many are left, -1 when memory runs out. */
static int remove_duplicates(BrimLabel *labels, int count)
{
    if (count < 2)
        return count;
    BrimLabel *sorted = brim_mem_take(BRIM_MEM_DATA, (size_t)count, sizeof *sorted);
    if (!sorted)
        return -1;
    memcpy(sorted, labels, (size_t)count * sizeof *sorted);
    qsort(sorted, (size_t)count, sizeof *sorted, compare_labels);
    int unique = 1;
    for (int i = 1; i < count; i++)
        if (compare_labels(&sorted[i], &sorted[unique - 1]) != 0)
            sorted[unique++] = sorted[i];
    if (unique < count)
        memcpy(labels, sorted, (size_t)unique * sizeof *labels);
    brim_mem_give(sorted);
    return unique;
}

/* Cuts the next line off the text: up to \n, \r\n or \r. */
static Cursor next_line(Cursor *text)
{
    Cursor line = *text;
    while (text->at < text->end && *text->at != '\n' && *text->at != '\r')
        text->at++;
    line.end = text->at;
    if (text->end - text->at >= 2 && text->at[0] == '\r' && text->at[1] == '\n')
        text->at++;
    if (text->at < text->end)
        text->at++;
    return line;
}

int brim_labels_parse(const char *text, size_t bytes, int class_count, BrimLabel *labels, int most_labels,
                      BrimLabelRemark remark, void *self, int *duplicates, int *skipped)
{
    Cursor rest = {text, text + bytes};
    int count = 0;
    *duplicates = 0;
    *skipped = 0;
    if (bytes >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) /* the mark that Windows editors put in front */
        rest.at += 3;
    for (int number = 1; rest.at < rest.end; number++) {
        char problem[PROBLEM_BYTES] = "more labels than there is room for";
        Columns columns;
        BrimLabel label;
        bool good = read_columns(next_line(&rest), &columns, problem);
        if (good && columns.count == 0)
            continue;
        good =
            good && label_from_columns(&columns, &label, problem) && in_range(&label, class_count, problem);
        if (good && count < most_labels) {
            labels[count++] = label;
            continue;
        }
        ++*skipped;
        if (remark)
            remark(self, number, problem);
    }
    int unique = remove_duplicates(labels, count);
    *duplicates = unique < 0 ? 0 : count - unique;
    return unique;
}

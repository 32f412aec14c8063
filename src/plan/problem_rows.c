/* Text to rows: the reader of placement problems, with a sentence for everything that is not as it has to be.
 */
#include "plan/problem_rows.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_LINE_BYTES = 4096, MOST_SHOWN_BYTES = 40 };

/* Sums of sizes stay far from what int64_t holds. */
static const int64_t most_total_bytes = (int64_t)1 << 60;

static const struct {
    const char *name;
    bool required;
} columns[] = {
#define X(name, text, required) {text, required},
    BRIM_PROBLEM_COLUMN_LIST(X)
#undef X
};

/* Where in the text the reader is, for the messages too. */
typedef struct Reader {
    BrimProblem *problem;
    const char *name;
    char *at, *end; /* what is not read yet */
    int line;
    int64_t total_bytes; /* of all sizes, with room for each alignment */
} Reader;

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Refuses the field of a column (counted from 0) for what is wrong with it. */
static BrimStatus refuse(const Reader *reader, int column, const char *field, const char *wrong)
{
    const BrimProblem *problem = reader->problem;
    const char *name = column < problem->column_count ? columns[problem->columns[column]].name : "?";
    size_t length = strlen(field);
    return brim_fail(BRIM_ERROR_INPUT, "%s: line %d, column %d (%s): \"%.*s%s\" %s", reader->name,
                     reader->line, column + 1, name, MOST_SHOWN_BYTES, field,
                     length > MOST_SHOWN_BYTES ? "..." : "", wrong);
}

/* Cuts the next line that is not blank; *line is NULL at the end. */
static BrimStatus next_line(Reader *reader, char **line)
{
    *line = NULL;
    while (reader->at < reader->end) {
        char *start = reader->at, *end = start;
        while (end < reader->end && *end != '\n' && *end != '\r')
            end++;
        reader->at = end + 1;
        if (end + 1 < reader->end && end[0] == '\r' && end[1] == '\n')
            reader->at = end + 2;
        *end = '\0';
        reader->line++;
        if (end - start > MOST_LINE_BYTES)
            return brim_fail(BRIM_ERROR_INPUT, "%s: line %d is longer than %d bytes; a row is a few numbers",
                             reader->name, reader->line, MOST_LINE_BYTES);
        for (const char *c = start; c < end; c++)
            if ((unsigned char)*c < ' ' && *c != '\t')
                return brim_fail(BRIM_ERROR_INPUT,
                                 "%s: line %d, byte %d: a control character; this is no CSV text",
                                 reader->name, reader->line, (int)(c - start) + 1);
        if (strspn(start, " \t") == (size_t)(end - start))
            continue;
        *line = start;
        return BRIM_OK;
    }
    return BRIM_OK;
}

/* Cuts the next field off a line, without the blanks around it; *line is NULL behind the last. */
static char *next_field(char **line)
{
    char *field = *line, *comma = strchr(field, ','), *end = comma ? comma : field + strlen(field);
    *line = comma ? comma + 1 : NULL;
    while (is_blank(*field))
        field++;
    while (end > field && is_blank(end[-1]))
        end--;
    *end = '\0';
    return field;
}

static int find_column(const char *name)
{
    for (int i = 0; i < BRIM_PROBLEM_COLUMN_COUNT; i++)
        if (strcmp(columns[i].name, name) == 0)
            return i;
    return -1;
}

static BrimStatus read_header(Reader *reader, char *line)
{
    BrimProblem *problem = reader->problem;
    bool seen[BRIM_PROBLEM_COLUMN_COUNT] = {false};
    for (int column = 0; line; column++) {
        const char *field = next_field(&line);
        int known = find_column(field);
        if (known < 0)
            return brim_fail(
                BRIM_ERROR_INPUT,
                "%s: line %d, column %d: \"%.*s\" is no known column; they are id, lower, upper, size and "
                "alignment",
                reader->name, reader->line, column + 1, MOST_SHOWN_BYTES, field);
        if (seen[known])
            return brim_fail(BRIM_ERROR_INPUT, "%s: line %d, column %d: a second column \"%s\"", reader->name,
                             reader->line, column + 1, field);
        seen[known] = true;
        problem->columns[problem->column_count++] = (BrimProblemColumn)known;
    }
    for (int i = 0; i < BRIM_PROBLEM_COLUMN_COUNT; i++)
        if (columns[i].required && !seen[i])
            return brim_fail(BRIM_ERROR_INPUT, "%s: line %d: the header has no column \"%s\"", reader->name,
                             reader->line, columns[i].name);
    return BRIM_OK;
}

/* [-] digits that int64_t holds. */
static BrimStatus read_number(const Reader *reader, int column, const char *field, int64_t *value)
{
    const char *digits = field + (*field == '-');
    if (!*digits || strspn(digits, "0123456789") != strlen(digits))
        return refuse(reader, column, field, "is no whole number");
    uint64_t number = 0, most = *field == '-' ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;
    for (; *digits; digits++) {
        uint64_t digit = (uint64_t)(*digits - '0');
        if (number > (most - digit) / 10)
            return refuse(reader, column, field, "is more than 64 bits hold");
        number = number * 10 + digit;
    }
    *value = *field == '-' ? (int64_t)(0 - number) : (int64_t)number;
    return BRIM_OK;
}

static BrimStatus read_field(const Reader *reader, int column, const char *field, BrimProblemRow *row)
{
    BrimProblemColumn kind = reader->problem->columns[column];
    if (kind == BRIM_PROBLEM_ID) {
        row->id = field;
        if (!*field || strchr(field, '"'))
            return refuse(reader, column, field, "is no id: a word without quotes is expected");
        return BRIM_OK;
    }
    if (kind == BRIM_PROBLEM_OFFSET)
        return BRIM_OK;
    BrimStatus status = read_number(reader, column, field, &row->value[kind]);
    if (status == BRIM_OK && kind == BRIM_PROBLEM_SIZE && row->value[kind] < 0)
        return refuse(reader, column, field, "is no size: it is negative");
    if (status == BRIM_OK && kind == BRIM_PROBLEM_ALIGNMENT && row->value[kind] < 1)
        return refuse(reader, column, field, "is no alignment: at least 1 is expected");
    return status;
}

static int column_at(const BrimProblem *problem, BrimProblemColumn kind)
{
    int column = 0;
    while (problem->columns[column] != kind)
        column++;
    return column;
}

/* What the fields of a row have to be to each other, and to the rows before. */
static BrimStatus check_row(Reader *reader, const BrimProblemRow *row)
{
    const int64_t *value = row->value;
    const BrimProblem *problem = reader->problem;
    if (value[BRIM_PROBLEM_UPPER] <= value[BRIM_PROBLEM_LOWER])
        return brim_fail(BRIM_ERROR_INPUT, "%s: line %d, column %d (upper): %lld is not above lower, %lld",
                         reader->name, row->line, column_at(problem, BRIM_PROBLEM_UPPER) + 1,
                         (long long)value[BRIM_PROBLEM_UPPER], (long long)value[BRIM_PROBLEM_LOWER]);
    int64_t left = most_total_bytes - reader->total_bytes;
    if (value[BRIM_PROBLEM_ALIGNMENT] > left ||
        value[BRIM_PROBLEM_SIZE] > left - value[BRIM_PROBLEM_ALIGNMENT])
        return brim_fail(BRIM_ERROR_INPUT,
                         "%s: line %d, column %d (size): with %lld, all sizes add up to more than 2^60 bytes",
                         reader->name, row->line, column_at(problem, BRIM_PROBLEM_SIZE) + 1,
                         (long long)value[BRIM_PROBLEM_SIZE]);
    reader->total_bytes += value[BRIM_PROBLEM_SIZE] + value[BRIM_PROBLEM_ALIGNMENT];
    return BRIM_OK;
}

static BrimStatus read_row(Reader *reader, char *line)
{
    BrimProblem *problem = reader->problem;
    BrimProblemRow row = {.line = reader->line, .value[BRIM_PROBLEM_ALIGNMENT] = 1};
    int column = 0;
    for (; line; column++) {
        const char *field = next_field(&line);
        if (column == problem->column_count)
            return refuse(reader, column, field, "is one field more than the header has");
        BrimStatus status = read_field(reader, column, field, &row);
        if (status != BRIM_OK)
            return status;
    }
    if (column < problem->column_count)
        return brim_fail(BRIM_ERROR_INPUT, "%s: line %d has %d fields; the next, %s, is missing",
                         reader->name, reader->line, column, columns[problem->columns[column]].name);
    if (problem->count == BRIM_PROBLEM_MOST_BUFFERS)
        return brim_fail(BRIM_ERROR_INPUT, "%s: line %d: more than %d buffers", reader->name, reader->line,
                         BRIM_PROBLEM_MOST_BUFFERS);
    BrimStatus status = check_row(reader, &row);
    problem->rows[problem->count++] = row;
    return status;
}

static int compare_ids(const void *a, const void *b)
{
    const BrimProblemRow *x = *(const BrimProblemRow *const *)a, *y = *(const BrimProblemRow *const *)b;
    int order = strcmp(x->id, y->id);
    return order ? order : x->line - y->line;
}

static BrimStatus check_ids(const Reader *reader)
{
    const BrimProblem *problem = reader->problem;
    const BrimProblemRow **sorted = brim_mem_take(BRIM_MEM_GRAPH, (size_t)problem->count, sizeof *sorted);
    if (!sorted)
        return BRIM_ERROR_MEMORY;
    BrimStatus status = BRIM_OK;
    for (int i = 0; i < problem->count; i++)
        sorted[i] = &problem->rows[i];
    qsort(sorted, (size_t)problem->count, sizeof(*sorted), compare_ids);
    for (int i = 1; i < problem->count && status == BRIM_OK; i++)
        if (strcmp(sorted[i]->id, sorted[i - 1]->id) == 0)
            status = brim_fail(BRIM_ERROR_INPUT,
                               "%s: line %d, column %d (id): \"%.*s\" is the id of line %d already",
                               reader->name, sorted[i]->line, column_at(problem, BRIM_PROBLEM_ID) + 1,
                               MOST_SHOWN_BYTES, sorted[i]->id, sorted[i - 1]->line);
    brim_mem_give(sorted);
    return status;
}

static size_t count_lines(const char *text, size_t bytes)
{
    size_t lines = 1;
    for (size_t i = 0; i < bytes; i++)
        lines += text[i] == '\n' || text[i] == '\r';
    return lines;
}

BrimStatus brim_problem_read_rows(BrimProblem *problem, const char *name, size_t bytes)
{
    Reader reader = {.problem = problem, .name = name, .at = problem->text, .end = problem->text + bytes};
    char *line;
    if (bytes >= 3 &&
        memcmp(problem->text, "\xEF\xBB\xBF", 3) == 0) /* the mark that Windows editors put in front */
        reader.at += 3;
    size_t rows = count_lines(problem->text, bytes);
    rows = rows < BRIM_PROBLEM_MOST_BUFFERS ? rows : BRIM_PROBLEM_MOST_BUFFERS;
    problem->rows = brim_mem_take(BRIM_MEM_GRAPH, rows, sizeof *problem->rows);
    BrimStatus status = problem->rows ? next_line(&reader, &line) : BRIM_ERROR_MEMORY;
    if (status == BRIM_OK && !line)
        status =
            brim_fail(BRIM_ERROR_INPUT, "%s is empty; a header and a row for each buffer are expected", name);
    if (status == BRIM_OK)
        status = read_header(&reader, line);
    while (status == BRIM_OK) {
        status = next_line(&reader, &line);
        if (status != BRIM_OK || !line)
            break;
        status = read_row(&reader, line);
    }
    if (status == BRIM_OK && problem->count == 0)
        status = brim_fail(BRIM_ERROR_INPUT, "%s: there is no buffer below the header in line %d", name,
                           reader.line);
    return status == BRIM_OK ? check_ids(&reader) : status;
}

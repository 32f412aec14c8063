/* Placement problems: a file to buffers, and the answer to text. */
#include "plan/problem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "plan/problem_rows.h"

enum { MOST_FILE_BYTES = 1 << 26, NUMBER_BYTES = 24 };

static int compare_times(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Times of any size as moments of 32 bits: counted from the earliest where that fits, else by their rank,
 * which keeps who meets whom but not how long anything lasts. */
static int32_t moment_of(const int64_t *times, size_t count, int64_t time)
{
    uint64_t span = (uint64_t)times[count - 1] - (uint64_t)times[0];
    if (span < INT32_MAX)
        return (int32_t)(time - times[0]);
    return (int32_t)((const int64_t *)bsearch(&time, times, count, sizeof time, compare_times) - times);
}

static BrimStatus make_buffers(BrimProblem *problem)
{
    size_t count = 0, kept = 0, most = 2 * (size_t)problem->count;
    int64_t *times = brim_mem_take(BRIM_MEM_GRAPH, most, sizeof *times);
    problem->buffers = brim_mem_take(BRIM_MEM_GRAPH, (size_t)problem->count, sizeof *problem->buffers);
    if (!times || !problem->buffers) {
        brim_mem_give(times);
        return BRIM_ERROR_MEMORY;
    }
    for (int i = 0; i < problem->count; i++) {
        times[count++] = problem->rows[i].value[BRIM_PROBLEM_LOWER];
        times[count++] = problem->rows[i].value[BRIM_PROBLEM_UPPER];
    }
    qsort(times, count, sizeof *times, compare_times);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || times[i] != times[kept - 1])
            times[kept++] = times[i];
    for (int i = 0; i < problem->count; i++) {
        const int64_t *value = problem->rows[i].value;
        problem->buffers[i] = (BrimBuffer){.first = moment_of(times, kept, value[BRIM_PROBLEM_LOWER]),
                                           .last = moment_of(times, kept, value[BRIM_PROBLEM_UPPER]) - 1,
                                           .bytes = (size_t)value[BRIM_PROBLEM_SIZE],
                                           .alignment_bytes = (size_t)value[BRIM_PROBLEM_ALIGNMENT]};
    }
    brim_mem_give(times);
    return BRIM_OK;
}

BrimStatus brim_problem_parse(BrimProblem *problem, const char *name, const char *text, size_t bytes)
{
    BrimStatus status = BRIM_ERROR_MEMORY;
    *problem = (BrimProblem){.text = brim_mem_take(BRIM_MEM_GRAPH, bytes + 1, 1)};
    if (problem->text) {
        if (bytes > 0)
            memcpy(problem->text, text, bytes);
        status = brim_problem_read_rows(problem, name, bytes);
    }
    if (status == BRIM_OK)
        status = make_buffers(problem);
    if (status != BRIM_OK)
        brim_problem_clear(problem);
    return status;
}

BrimStatus brim_problem_load(BrimProblem *problem, const char *path)
{
    char *text;
    size_t bytes;
    BrimStatus status = brim_file_read(path, MOST_FILE_BYTES, &text, &bytes);
    if (status != BRIM_OK)
        return status;
    status = brim_problem_parse(problem, path, text, bytes);
    brim_mem_give(text);
    return status;
}

void brim_problem_clear(BrimProblem *problem)
{
    brim_mem_give(problem->rows);
    brim_mem_give(problem->buffers);
    brim_mem_give(problem->text);
    *problem = (BrimProblem){0};
}

static size_t write_row(const BrimProblem *problem, int index, char *text)
{
    const BrimProblemRow *row = &problem->rows[index];
    size_t length = 0;
    for (int i = 0; i < problem->column_count; i++) {
        BrimProblemColumn column = problem->columns[i];
        if (column == BRIM_PROBLEM_ID)
            length += (size_t)sprintf(text + length, "%s,", row->id);
        else if (column != BRIM_PROBLEM_OFFSET)
            length += (size_t)sprintf(text + length, "%lld,", (long long)row->value[column]);
    }
    return length + (size_t)sprintf(text + length, "%zu\n", problem->buffers[index].offset);
}

static size_t write_header(const BrimProblem *problem, char *text)
{
    static const char *const names[] = {
#define X(name, word, required) word,
        BRIM_PROBLEM_COLUMN_LIST(X)
#undef X
    };
    size_t length = 0;
    for (int i = 0; i < problem->column_count; i++)
        if (problem->columns[i] != BRIM_PROBLEM_OFFSET)
            length += (size_t)sprintf(text + length, "%s,", names[problem->columns[i]]);
    return length + (size_t)sprintf(text + length, "%s\n", names[BRIM_PROBLEM_OFFSET]);
}

BrimStatus brim_problem_text(const BrimProblem *problem, char **text, size_t *bytes)
{
    size_t row = BRIM_PROBLEM_COLUMN_COUNT * NUMBER_BYTES, room = row; /* the header is shorter than that */
    for (int i = 0; i < problem->count; i++)
        room += row + strlen(problem->rows[i].id);
    *text = brim_mem_take(BRIM_MEM_GRAPH, room, 1);
    if (!*text)
        return BRIM_ERROR_MEMORY;
    *bytes = write_header(problem, *text);
    for (int i = 0; i < problem->count; i++)
        *bytes += write_row(problem, i, *text + *bytes);
    return BRIM_OK;
}

/* Any bytes as a placement problem: what is taken has the form that the header promises, and its placement
 * passes the checker. */
#include <stdlib.h>
#include <string.h>

#include "plan/problem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_rows(const BrimProblem *problem)
{
    if (problem->count < 1 || problem->column_count < 4)
        abort();
    for (int i = 0; i < problem->count; i++) {
        const BrimProblemRow *row = &problem->rows[i];
        const BrimBuffer *buffer = &problem->buffers[i];
        if (!row->id || !*row->id || row->value[BRIM_PROBLEM_LOWER] >= row->value[BRIM_PROBLEM_UPPER] ||
            row->value[BRIM_PROBLEM_SIZE] < 0 || row->value[BRIM_PROBLEM_ALIGNMENT] < 1 ||
            buffer->first < 0 || buffer->first > buffer->last)
            abort();
    }
}

/* What was written is read again, to the same rows. */
static void check_written(const BrimProblem *problem)
{
    BrimProblem again;
    char *text;
    size_t bytes;
    if (brim_problem_text(problem, &text, &bytes) != BRIM_OK)
        abort();
    if (brim_problem_parse(&again, "written", text, bytes) != BRIM_OK || again.count != problem->count)
        abort();
    for (int i = 0; i < again.count; i++)
        if (strcmp(again.rows[i].id, problem->rows[i].id) != 0 ||
            memcmp(again.rows[i].value, problem->rows[i].value, sizeof again.rows[i].value) != 0)
            abort();
    brim_mem_give(text);
    brim_problem_clear(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { MOST_PLACED = 64 };
    const BrimProblemLimits limits = {.seconds = 0.002};
    BrimProblemResult result;
    BrimProblem problem;
    if (brim_problem_parse(&problem, "fuzz", (const char *)data, size) != BRIM_OK) {
        if (problem.count || problem.rows || !*brim_last_error())
            abort();
        return 0;
    }
    check_rows(&problem);
    if (problem.count <= MOST_PLACED && brim_problem_place(&problem, &limits, &result) != BRIM_OK)
        abort();
    check_written(&problem);
    brim_problem_clear(&problem);
    return 0;
}

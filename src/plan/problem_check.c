/* The independent checker of placement problems: what an answer must keep, said again from nothing but the
 * rows of the file, by the plainest means. It shares no code with the packers on purpose. */
#include "plan/problem.h"

static BrimStatus check_row(const BrimProblemRow *row, size_t offset, size_t top_bytes)
{
    size_t bytes = (size_t)row->value[BRIM_PROBLEM_SIZE];
    if (offset % (size_t)row->value[BRIM_PROBLEM_ALIGNMENT])
        return brim_fail(BRIM_ERROR_DEVICE, "placement: %s at byte %zu is not aligned", row->id, offset);
    if (offset > top_bytes || bytes > top_bytes - offset)
        return brim_fail(BRIM_ERROR_DEVICE, "placement: %s at byte %zu reaches beyond the height of %zu",
                         row->id, offset, top_bytes);
    return BRIM_OK;
}

static bool collide(const BrimProblem *problem, int i, int j)
{
    const int64_t *a = problem->rows[i].value, *b = problem->rows[j].value;
    size_t a_start = problem->buffers[i].offset, b_start = problem->buffers[j].offset;
    bool together =
        a[BRIM_PROBLEM_LOWER] < b[BRIM_PROBLEM_UPPER] && b[BRIM_PROBLEM_LOWER] < a[BRIM_PROBLEM_UPPER];
    return together && a_start < b_start + (size_t)b[BRIM_PROBLEM_SIZE] &&
           b_start < a_start + (size_t)a[BRIM_PROBLEM_SIZE];
}

BrimStatus brim_problem_check(const BrimProblem *problem, size_t top_bytes)
{
    size_t highest = 0;
    for (int i = 0; i < problem->count; i++) {
        const BrimProblemRow *row = &problem->rows[i];
        size_t offset = problem->buffers[i].offset, end = offset + (size_t)row->value[BRIM_PROBLEM_SIZE];
        BrimStatus status = check_row(row, offset, top_bytes);
        if (status != BRIM_OK)
            return status;
        for (int j = 0; j < i; j++)
            if (collide(problem, i, j))
                return brim_fail(BRIM_ERROR_DEVICE,
                                 "placement: %s and %s lie in the same bytes at the same time",
                                 problem->rows[j].id, row->id);
        highest = end > highest ? end : highest;
    }
    return highest == top_bytes
               ? BRIM_OK
               : brim_fail(BRIM_ERROR_DEVICE, "placement: %zu bytes high, where %zu are claimed", highest,
                           top_bytes);
}

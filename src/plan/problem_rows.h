/* Within the reader of placement problems: from text to rows. */
#ifndef BRIM_PLAN_PROBLEM_ROWS_H
#define BRIM_PLAN_PROBLEM_ROWS_H

#include "plan/problem.h"

/* Fills rows, columns and their counts from problem->text, whose `bytes` bytes end with NUL and are cut into
 * fields. */
BrimStatus brim_problem_read_rows(BrimProblem *problem, const char *name, size_t bytes);

#endif

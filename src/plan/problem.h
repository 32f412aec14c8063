/* A placement problem from elsewhere, in MiniMalloc's CSV form: buffers with lifetimes and sizes, to be
 * placed as low as can be. */
#ifndef BRIM_PLAN_PROBLEM_H
#define BRIM_PLAN_PROBLEM_H

#include "plan/pack.h"

/* name, the header's word for it, whether a file must have it. The header decides the order; an offset that a
 * file brings along is read over. */
#define BRIM_PROBLEM_COLUMN_LIST(X)                                                                          \
    X(ID, "id", true)                                                                                        \
    X(LOWER, "lower", true)                                                                                  \
    X(UPPER, "upper", true)                                                                                  \
    X(SIZE, "size", true)                                                                                    \
    X(ALIGNMENT, "alignment", false)                                                                         \
    X(OFFSET, "offset", false)

typedef enum BrimProblemColumn {
#define X(name, text, required) BRIM_PROBLEM_##name,
    BRIM_PROBLEM_COLUMN_LIST(X)
#undef X
        BRIM_PROBLEM_COLUMN_COUNT
} BrimProblemColumn;

/* A placement takes time that grows with the square of the buffers. */
enum { BRIM_PROBLEM_MOST_BUFFERS = 65536 };

/* A row as the file has it. */
typedef struct BrimProblemRow {
    const char *id;
    int64_t value[BRIM_PROBLEM_COLUMN_COUNT]; /* upper is exclusive; those of ID and OFFSET are 0 */
    int line;
} BrimProblemRow;

typedef struct BrimProblem {
    int count;
    BrimProblemRow *rows;
    BrimBuffer *buffers;                                  /* the same for the packer, and the answer */
    BrimProblemColumn columns[BRIM_PROBLEM_COLUMN_COUNT]; /* as the header orders them */
    int column_count;
    char *text; /* where the ids live */
} BrimProblem;

/* Reads a file. ERROR_INPUT names the file, line and column of what cannot be used. */
BrimStatus brim_problem_load(BrimProblem *problem, const char *path);

/* The same from text, which need not end with NUL; name stands for the file in messages. */
BrimStatus brim_problem_parse(BrimProblem *problem, const char *name, const char *text, size_t bytes);
void brim_problem_clear(BrimProblem *problem);

/* The rows with their offsets as CSV, in the header's order with the offset last; give it back with
 * brim_mem_give. */
BrimStatus brim_problem_text(const BrimProblem *problem, char **text, size_t *bytes);

/* The independent check of the offsets in `buffers` against the rows: aligned, no two that live at the same
 * time in the same bytes, and as high as is claimed, to the byte. */
BrimStatus brim_problem_check(const BrimProblem *problem, size_t top_bytes);

typedef struct BrimProblemLimits {
    double seconds;      /* for the exact search; 0: greedy orders alone */
    size_t memory_bytes; /* a placement that fits in so many is good enough; 0: as low as can be */
} BrimProblemLimits;

typedef struct BrimProblemResult {
    size_t lower_bytes;  /* no placement is lower */
    size_t alive_bytes;  /* the most alive at once; lower_bytes is higher where that is proven */
    size_t greedy_bytes; /* the height that the greedy orders reached */
    size_t top_bytes;    /* the height reached */
    const char *method;  /* what reached it: "by size", as the greedy orders are named, or "exact search" */
    int64_t nodes;       /* of the exact search */
    double seconds;
} BrimProblemResult;

/* Places the buffers and checks the placement. ERROR_FIT, with the result filled in, when it is higher than
 * memory_bytes. */
BrimStatus brim_problem_place(BrimProblem *problem, const BrimProblemLimits *limits,
                              BrimProblemResult *result);

#endif

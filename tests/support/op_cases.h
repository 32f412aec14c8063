/* One list of small graphs, an op each: every kind in the shapes that are hard (odd sides, channels that fill
 * no block, parts of a concatenation, sums in place). It drives the comparison of backends and the benchmark.
 */
#ifndef BRIM_TESTS_OP_CASES_H
#define BRIM_TESTS_OP_CASES_H

#include "backend/backend.h"

typedef enum OpPlace {
    OP_WHOLE, /* features are tensors of their own */
    OP_FIRST, /* features are the first channels of others */
    OP_LAST   /* features are the last channels of others */
} OpPlace;

typedef struct OpCase {
    BrimOpKind kind;
    int n, c, h, w; /* of x; heads: of the picture, c is unused */
    int out_c;      /* CONV_*, FOLD */
    int kernel, stride, padding;
    bool activation, residual, bias, accumulate;
    bool in_place; /* ADD, ACT_FORWARD, BN_BACKWARD_APPLY, BN_BACKWARD_REDUCE's sum */
    int terms;     /* gradients that are summed, or destinations; 0 counts as 1 */
    OpPlace place;
} OpCase;

extern const OpCase op_cases[];
extern const int op_case_count;

/* "CONV_FORWARD n3 c20 7x5 ..." in the buffer. */
void op_case_name(const OpCase *test, char *name, size_t bytes);

/* The case's graph, its tensors alive all the time so that all can be read afterwards. */
BrimStatus op_case_graph(const OpCase *test, BrimGraph **graph);

/* A case made ready on a backend: measured, planned, checked, loaded and filled with numbers that depend on
 * the case and the tensor alone. */
typedef struct OpRun {
    const BrimBackendClass *class;
    BrimBackend *backend;
    BrimGraph *graph;
    BrimPlan *plan;
    BrimProgram *program;
    BrimStepScalars scalars;
} OpRun;

BrimStatus op_run_open(OpRun *run, const BrimBackendClass *class, const OpCase *test, int threads);

/* The same with features, and the filters that convolutions read or FOLD writes, of type `held`, filled with
 * numbers that type `filled` can hold: fp32 filled so is there to be compared with. */
BrimStatus op_run_open_as(OpRun *run, const BrimBackendClass *class, const OpCase *test, int threads,
                          BrimDtype held, BrimDtype filled);

BrimStatus op_run_start(OpRun *run);
void op_run_close(OpRun *run);

/* A tensor in its plain form, to be given back with brim_mem_give. */
void *op_run_read(const OpRun *run, BrimTensorId id);

/* The same in fp32, whatever its elements are there. */
float *op_run_read_floats(const OpRun *run, BrimTensorId id);

#endif

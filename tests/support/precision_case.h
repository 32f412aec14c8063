/* Tests of a precision that not every card computes in. */
#ifndef BRIM_TESTS_SUPPORT_PRECISION_CASE_H
#define BRIM_TESTS_SUPPORT_PRECISION_CASE_H

#include "support/support.h"

#include "backend/backend.h"

/* Skips the test where the first card does not compute in it: one before 8.0 has no bfloat16. */
static inline void skip_unless_computed_in(const BrimBackendClass *backend, BrimPrecision precision)
{
    if (backend->computes_in && backend->computes_in(0, precision) != BRIM_OK) {
        print_message("skipped: %s\n", brim_last_error());
        skip();
    }
}

#endif

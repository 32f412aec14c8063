/* Status codes with a sentence behind them. Knows nothing of the rest of brim. */
#ifndef BRIM_BASE_STATUS_H
#define BRIM_BASE_STATUS_H

#include "brim.h"

/* Keeps the sentence as this thread's last error and returns status, so that `return brim_fail(...)` reads well. What a
 * terminal would take for a command in it becomes '?': it may quote files from anywhere. */
BrimStatus brim_fail(BrimStatus status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Puts words in front of the present sentence ("data.yaml: " + sentence) and returns status. */
BrimStatus brim_fail_within(BrimStatus status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Leaves the function through its `fail:` label when a call did not succeed; needs a local `status`. */
#define BRIM_TRY(call)                                                                                         \
    do {                                                                                                       \
        status = (call);                                                                                       \
        if (status != BRIM_OK)                                                                                 \
            goto fail;                                                                                         \
    } while (0)

#endif

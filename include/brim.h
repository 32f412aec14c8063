/* brim: YOLOv5 detectors trained inside exactly the memory they were given.
 *
 * The public interface of libbrim. It compiles alone, as C17 and as C++.
 * Every function that can fail returns a BrimStatus and leaves a sentence in brim_last_error(): what failed,
 * where (file, line or key of the input) and what to try. The library never prints, exits or aborts. */
#ifndef BRIM_H
#define BRIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BRIM_VERSION "0.1.0"

/* name, what it says about the call that returned it */
#define BRIM_STATUS_LIST(X)                                                                                    \
    X(OK, "done")                                                                                              \
    X(ERROR_ARGUMENT, "a wrong argument")                                                                      \
    X(ERROR_INPUT, "a file or setting of the user that cannot be used")                                        \
    X(ERROR_IO, "the file system refused")                                                                     \
    X(ERROR_MEMORY, "the host's memory is used up")                                                            \
    X(ERROR_FIT, "it does not fit in the memory given")                                                        \
    X(ERROR_UNSUPPORTED, "not supported by this build or device")                                              \
    X(ERROR_DEVICE, "a device or its library failed")                                                          \
    X(STOPPED, "stopped on request")

typedef enum BrimStatus {
#define X(name, text) BRIM_##name,
    BRIM_STATUS_LIST(X)
#undef X
} BrimStatus;

/* The status as words, for example "a wrong argument". Never NULL. */
const char *brim_status_text(BrimStatus status);

/* The sentence that the last failed call of this thread left; "" when none failed. Valid until the next failure. */
const char *brim_last_error(void);

/* The version of the library, as BRIM_VERSION was when it was built. */
const char *brim_version(void);

#ifdef __cplusplus
}
#endif

#endif

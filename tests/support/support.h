/* What the tests share: cmocka with its includes, the golden folder, and comparisons that say how far off. */
#ifndef BRIM_TESTS_SUPPORT_H
#define BRIM_TESTS_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "exchange/tensors.h"

/* A path below the shared folder (BRIM_SHARED, else ../shared): "reference/golden/5_nms/few.safetensors".
 * The text lives in one of a few static buffers. */
const char *shared_path(const char *name);

/* Skips the running test with a word when the shared file or folder is not there. */
void need_shared(const char *name);

/* Loads a golden safetensors file or fails the test with brim's last error. */
void load_golden(BrimTensorFile *file, const char *name);

/* The tensor of that name; fails the test when it is absent. */
const BrimHostTensor *golden(const BrimTensorFile *file, const char *name);
const float *golden_floats(const BrimTensorFile *file, const char *name);

/* A JSON file, and one of the golden folder, where the test skips without it; to be given back with json_decref. */
json_t *load_json(const char *path);
json_t *load_golden_json(const char *name);

/* Fails with brim's last error when the call did not return BRIM_OK. */
#define assert_ok(call)                                                                                        \
    do {                                                                                                       \
        BrimStatus got_status = (call);                                                                        \
        if (got_status != BRIM_OK)                                                                             \
            fail_msg("%s: %s: %s", #call, brim_status_text(got_status), brim_last_error());                    \
    } while (0)

/* The call returns that status and the last error contains every word of the text. */
void assert_refused(BrimStatus got, BrimStatus expected, const char *text);

/* |a - b| <= absolute + relative * |b| for every element, or the worst one is named. */
void assert_floats_near(const char *what, const float *got, const float *expected, size_t count, double absolute,
                        double relative);

/* ||got - expected|| / ||expected|| */
double relative_distance(const float *got, const float *expected, size_t count);

/* A fresh empty folder that is gone at exit. */
const char *scratch_folder(void);

/* A path below it: "runs/exp". The text lives in one of a few static buffers. */
const char *scratch_path(const char *name);

/* Writes the text to a file of that name there, in folders that are made. Its path, as scratch_path's. */
const char *scratch_file(const char *name, const char *text);

#endif

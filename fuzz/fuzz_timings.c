/* Any bytes as a file of timed steps: refused with a sentence, or taken with figures that the search can use.
 */
#include <math.h>
#include <stdlib.h>

#include "run/timings_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static BrimModel model;
    const BrimTimingsKey key = {"cpu", &model, 64};
    BrimTimings timings = {.count = 0};
    if (!model.layer_count && brim_model_builtin(&model, "yolov5n", 3) != BRIM_OK)
        abort();
    BrimStatus status = brim_timings_parse(&timings, &key, (const char *)data, size);
    if (status != BRIM_OK && !*brim_last_error())
        abort();
    for (int i = 0; i < timings.count; i++) {
        const BrimTiming *timing = &timings.list[i];
        if (timing->batch < 1 || !(timing->pictures_per_s > 0) || !isfinite(timing->pictures_per_s) ||
            timing->scheme.precision >= BRIM_PRECISION_COUNT)
            abort();
    }
    brim_timings_clear(&timings);
    return 0;
}

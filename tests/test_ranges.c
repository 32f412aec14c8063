/* Numbers that no command line would let through, given to the library: each call names the option and what
 * it may be, before it reads anything. */
#include "support/support.h"

#include <limits.h>

#include "brim.h"
#include "cli/options_shared.h"
#include "run/ranges.h"

typedef BrimStatus (*Call)(int imgsz_px);

static BrimStatus train(int imgsz_px)
{
    BrimTrainOptions options = brim_train_defaults();
    options.data = "nowhere.yaml";
    options.imgsz = imgsz_px;
    return brim_train(&options, NULL, NULL);
}

static BrimStatus plan(int imgsz_px)
{
    BrimTrainOptions options = brim_train_defaults();
    options.data = "nowhere.yaml";
    options.imgsz = imgsz_px;
    return brim_plan(&options, NULL, NULL);
}

static BrimStatus config(int imgsz_px)
{
    BrimTrainingConfig answer;
    BrimTrainingQuery query = brim_training_query_defaults();
    query.imgsz = imgsz_px;
    return brim_get_training_config(&query, &answer);
}

static BrimStatus val(int imgsz_px)
{
    BrimValOptions options = brim_val_defaults();
    options.data = "nowhere.yaml";
    options.imgsz = imgsz_px;
    return brim_val(&options, NULL, NULL);
}

static BrimStatus detect(int imgsz_px)
{
    BrimDetectOptions options = brim_detect_defaults();
    options.source = "nowhere";
    options.imgsz = imgsz_px;
    return brim_detect(&options, NULL, NULL);
}

static BrimStatus bench(int imgsz_px)
{
    BrimBenchOptions options = brim_bench_defaults();
    options.model = "yolov5n";
    options.imgsz = imgsz_px;
    return brim_bench(&options, NULL, NULL);
}

static void every_call_has_the_same_bounds_of_imgsz(void **state)
{
    static const Call calls[] = {train, plan, config, val, detect, bench};
    static const int wrong_px[] = {INT_MIN, -64, 0, 31, 8193, INT_MAX};
    char sentence[64];
    (void)state;
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        for (size_t j = 0; j < sizeof wrong_px / sizeof wrong_px[0]; j++) {
            snprintf(sentence, sizeof sentence, "--imgsz %d: it must be from 32 to 8192", wrong_px[j]);
            assert_refused(calls[i](wrong_px[j]), BRIM_ERROR_ARGUMENT, sentence);
        }
    }
    assert_true(brim_option_side.high == BRIM_MOST_IMGSZ_PX && brim_option_side.low == BRIM_LEAST_IMGSZ_PX);
}

static void other_numbers_are_named_too(void **state)
{
    (void)state;
    BrimValOptions val_options = brim_val_defaults();
    val_options.data = "nowhere.yaml";
    val_options.batch_size = INT_MAX;
    assert_refused(brim_val(&val_options, NULL, NULL), BRIM_ERROR_ARGUMENT,
                   "--batch-size 2147483647: it must be from 1 to 65536");
    BrimDetectOptions detect_options = brim_detect_defaults();
    detect_options.max_det = 0;
    assert_refused(brim_detect(&detect_options, NULL, NULL), BRIM_ERROR_ARGUMENT,
                   "--max-det 0: it must be from 1 to 30000");
    BrimBenchOptions bench_options = brim_bench_defaults();
    bench_options.model = "yolov5n";
    bench_options.steps = -1;
    assert_refused(brim_bench(&bench_options, NULL, NULL), BRIM_ERROR_ARGUMENT,
                   "--steps -1: it must be from 0 to 100000");
}

static void what_is_not_named_is_asked_for(void **state)
{
    (void)state;
    BrimBenchOptions bench_options = brim_bench_defaults();
    bench_options.model = NULL;
    assert_refused(brim_bench(&bench_options, NULL, NULL), BRIM_ERROR_ARGUMENT, "no model is named: yolov5n");
    BrimTrainOptions train_options = brim_train_defaults();
    train_options.data = "nowhere.yaml";
    train_options.weights = train_options.cfg = NULL;
    assert_refused(brim_plan(&train_options, NULL, NULL), BRIM_ERROR_ARGUMENT, "--weights FILE or --cfg");
}

/* A stride of a model that a user wrote, which is no power of two. */
static void a_side_that_is_near_is_in_the_range(void **state)
{
    (void)state;
    BrimModel model = {.name = "mine", .layer_count = 2, .layers = {{.reduction = 96}}};
    assert_refused(brim_imgsz_check_whole(40, &model), BRIM_ERROR_ARGUMENT,
                   "--imgsz 40: mine needs a multiple of 96; 96 is near");
    assert_refused(brim_imgsz_check_whole(8192, &model), BRIM_ERROR_ARGUMENT, "8160 is near");
    assert_ok(brim_imgsz_check_whole(192, &model));
    assert_int_equal(brim_imgsz_round(97, &model, NULL, NULL), 192);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_call_has_the_same_bounds_of_imgsz),
        cmocka_unit_test(other_numbers_are_named_too),
        cmocka_unit_test(what_is_not_named_is_asked_for),
        cmocka_unit_test(a_side_that_is_near_is_in_the_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

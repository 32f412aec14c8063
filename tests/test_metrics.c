/* Matches, confusion and AP against v7.0's figures, and the small rules one by one. */
#include "support/support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "train/metrics.h"

enum { MOST = 512 };

static void near_key(const json_t *root, const char *key, size_t index, double got)
{
    const json_t *value = json_object_get(root, key);
    if (json_is_array(value))
        value = json_array_get(value, index);
    if (!json_is_number(value))
        fail_msg("no number %s[%zu] in the expected figures", key, index);
    if (!(fabs(got - json_number_value(value)) <= 1e-6))
        fail_msg("%s[%zu]: %.9f, expected %.9f", key, index, got, json_number_value(value));
}

/* Adds a picture of the file and holds its matches against the expected ones. */
static void add_picture(BrimMetrics *metrics, const BrimTensorFile *file, int image)
{
    char name[32];
    BrimDetection detections[MOST];
    BrimTruth truths[MOST];
    snprintf(name, sizeof name, "img%d/det", image);
    const BrimHostTensor *det = golden(file, name);
    snprintf(name, sizeof name, "img%d/labels", image);
    const BrimHostTensor *labels = golden(file, name);
    snprintf(name, sizeof name, "img%d/correct", image);
    const int64_t *correct = golden(file, name)->data;
    int det_count = (int)det->dims[0], label_count = (int)labels->dims[0];
    assert_in_range(det_count, 0, MOST);
    assert_in_range(label_count, 0, MOST);
    memcpy(detections, det->data, (size_t)det_count * sizeof *detections);
    memcpy(truths, labels->data, (size_t)label_count * sizeof *truths);
    int64_t first = brim_metrics_detections(metrics);
    brim_metrics_add(metrics, detections, det_count, truths, label_count);
    assert_int_equal(brim_metrics_detections(metrics), first + det_count);
    for (int d = 0; d < det_count; d++)
        for (int i = 0; i < BRIM_IOU_COUNT; i++)
            assert_int_equal(brim_metrics_correct(metrics, first + d) >> i & 1,
                             correct[d * BRIM_IOU_COUNT + i]);
}

static void check_confusion(const BrimMetrics *metrics, const json_t *root, int classes)
{
    const int64_t *got = brim_metrics_confusion(metrics);
    for (int row = 0; row <= classes; row++)
        for (int column = 0; column <= classes; column++) {
            const json_t *cells = json_array_get(json_object_get(root, "confusion"), (size_t)row);
            double expected = json_number_value(json_array_get(cells, (size_t)column));
            assert_true(got[row * (classes + 1) + column] == (int64_t)expected);
        }
}

static void check_class(const BrimMetrics *metrics, const json_t *root, size_t index)
{
    BrimClassMetrics figures;
    int class_index = (int)json_integer_value(json_array_get(json_object_get(root, "classes"), index));
    assert_true(brim_metrics_class(metrics, class_index, &figures));
    near_key(root, "precision", index, figures.precision);
    near_key(root, "recall", index, figures.recall);
    near_key(root, "f1", index, figures.f1);
    near_key(root, "ap50", index, figures.ap50);
    near_key(root, "ap50_95", index, figures.ap50_95);
    near_key(root, "labels_per_class", (size_t)class_index, figures.labels);
    const json_t *ap = json_array_get(json_object_get(root, "ap_10"), index);
    for (size_t i = 0; i < BRIM_IOU_COUNT; i++)
        assert_true(fabs(figures.ap[i] - json_number_value(json_array_get(ap, i))) <= 1e-6);
}

static void check_case(const char *name)
{
    char path[128];
    BrimTensorFile file;
    BrimMetrics *metrics = NULL;
    BrimMeanMetrics means;
    snprintf(path, sizeof path, "reference/golden/6_map/%s.json", name);
    json_t *root = load_golden_json(path);
    snprintf(path, sizeof path, "reference/golden/6_map/%s.safetensors", name);
    load_golden(&file, path);
    int images = (int)json_integer_value(json_object_get(root, "images"));
    int classes = (int)json_integer_value(json_object_get(root, "nc"));
    const BrimMetricsConf conf = {classes, MOST, MOST, images};
    assert_ok(brim_metrics_open(&metrics, &conf));
    uint64_t takes = brim_mem_takes();
    for (int round = 0; round < 2; round++) { /* the second one must not see the first */
        brim_metrics_reset(metrics);
        for (int image = 0; image < images; image++)
            add_picture(metrics, &file, image);
        brim_metrics_compute(metrics, &means);
        check_confusion(metrics, root, classes);
        for (size_t i = 0; i < json_array_size(json_object_get(root, "classes")); i++)
            check_class(metrics, root, i);
        near_key(root, "mp", 0, means.precision);
        near_key(root, "mr", 0, means.recall);
        near_key(root, "map50", 0, means.map50);
        near_key(root, "map", 0, means.map50_95);
        near_key(root, "fitness", 0, means.fitness);
    }
    assert_int_equal(brim_mem_takes(), takes);
    brim_metrics_close(&metrics);
    assert_null(metrics);
    brim_tensors_clear(&file);
    json_decref(root);
}

static void figures_are_yolov5s(void **state)
{
    (void)state;
    static const char *const cases[] = {"duplicates",      "mixed3",  "mixed5",      "no_predictions",
                                        "nothing_correct", "perfect", "single_class"};
    need_shared("reference/golden/6_map");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_case(cases[i]);
}

static void thresholds_are_torchs(void **state)
{
    (void)state;
    BrimTensorFile file;
    need_shared("reference/golden/6_map");
    load_golden(&file, "reference/golden/6_map/mixed3.safetensors");
    const float *expected = golden_floats(&file, "iou_thresholds");
    for (int i = 0; i < BRIM_IOU_COUNT; i++)
        assert_true(brim_match_threshold(i) == expected[i]);
    brim_tensors_clear(&file);
}

static BrimDetection detection(float x, float confidence, float class_index)
{
    return (BrimDetection){x, 0, x + 10, 10, confidence, class_index};
}

static BrimTruth truth(float x, float class_index)
{
    return (BrimTruth){class_index, x, 0, x + 10, 10};
}

/* The first has IoU 0.67 with the label, the second all of it: up to 0.65 the first has the label, above the
 * second. */
static void a_label_goes_to_the_most_confident_that_reaches_the_threshold(void **state)
{
    (void)state;
    const BrimDetection found[] = {detection(2, 0.9f, 0), detection(0, 0.8f, 0), detection(0, 0.7f, 1)};
    const BrimTruth label = truth(0, 0);
    uint16_t correct[3], taken[1];
    brim_match_correct(found, 3, &label, 1, correct, taken);
    assert_int_equal(correct[0], 0x00f);
    assert_int_equal(correct[1], 0x3f0);
    assert_int_equal(correct[2], 0);
}

/* The first overlaps two labels alike and has the later one, which the second would have else. */
static void of_labels_alike_the_later_one_is_had(void **state)
{
    (void)state;
    const BrimDetection found[] = {detection(0, 0.9f, 0), detection(2, 0.8f, 0)};
    const BrimTruth labels[] = {truth(-2, 0), truth(2, 0)};
    uint16_t correct[2], taken[2];
    brim_match_correct(found, 2, labels, 2, correct, taken);
    assert_int_equal(correct[0], 0x00f);
    assert_int_equal(correct[1], 0x3f0);
}

/* One class with half of its labels found at confidence 0.9, and nothing wrong: AP is the area up to recall
 * 0.5 and the line from there to 0 at recall 1. A class that is detected but not labelled is in no mean. */
static void average_precision_of_half_is_known(void **state)
{
    (void)state;
    BrimMetrics *metrics = NULL;
    BrimMeanMetrics means;
    BrimClassMetrics figures;
    const BrimMetricsConf conf = {3, 4, 4, 2};
    const BrimDetection found[] = {detection(0, 0.9f, 0), detection(500, 0.8f, 2)};
    const BrimTruth labels[] = {truth(0, 0), truth(100, 0)};
    assert_ok(brim_metrics_open(&metrics, &conf));
    brim_metrics_add(metrics, found, 2, labels, 2);
    brim_metrics_add(metrics, NULL, 0, NULL, 0);
    brim_metrics_compute(metrics, &means);
    assert_true(brim_metrics_class(metrics, 0, &figures));
    assert_true(fabs(figures.ap50 - 0.75) < 1e-9);
    assert_true(figures.precision == 1 && figures.recall == 0.5);
    assert_int_equal(figures.labels, 2);
    assert_int_equal(figures.pictures, 1);
    assert_true(means.map50 == figures.ap50);
    assert_true(means.confidence == 0); /* the first where all are as good */
    assert_false(brim_metrics_class(metrics, 1, &figures));
    assert_false(brim_metrics_class(metrics, 2, &figures));
    assert_int_equal(brim_metrics_confusion(metrics)[0], 1);
    assert_int_equal(brim_metrics_confusion(metrics)[3 * 4 + 0], 1); /* a label that nobody found */
    assert_int_equal(brim_metrics_confusion(metrics)[2 * 4 + 3], 1); /* a detection of nothing */
    brim_metrics_close(&metrics);
}

static void memory_is_taken_when_opened_or_refused(void **state)
{
    (void)state;
    BrimMetrics *metrics = NULL;
    const BrimMetricsConf conf = {2, 10, 10, 10}, none = {0, 10, 10, 10};
    assert_refused(brim_metrics_open(&metrics, &none), BRIM_ERROR_ARGUMENT, "0 classes");
    const BrimMetricsConf many = {80, 30000, 100, 150000};
    assert_refused(brim_metrics_open(&metrics, &many), BRIM_ERROR_ARGUMENT, "--max-det 28633 can be");
    size_t held = brim_mem_held_bytes(BRIM_MEM_TRAIN);
    for (uint64_t nth = 1; nth <= 15; nth++) {
        brim_mem_fail_at(nth);
        assert_int_equal(brim_metrics_open(&metrics, &conf), BRIM_ERROR_MEMORY);
        assert_null(metrics);
        brim_mem_fail_at(0);
        assert_int_equal(brim_mem_held_bytes(BRIM_MEM_TRAIN), held);
    }
    assert_ok(brim_metrics_open(&metrics, &conf));
    assert_in_range(brim_mem_held_bytes(BRIM_MEM_TRAIN) - held, brim_metrics_bytes(&conf),
                    brim_metrics_bytes(&conf) + 15 * 128);
    brim_metrics_close(&metrics);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_are_yolov5s),
        cmocka_unit_test(thresholds_are_torchs),
        cmocka_unit_test(a_label_goes_to_the_most_confident_that_reaches_the_threshold),
        cmocka_unit_test(of_labels_alike_the_later_one_is_had),
        cmocka_unit_test(average_precision_of_half_is_known),
        cmocka_unit_test(memory_is_taken_when_opened_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* A whole validation, and detections of two pictures, against what v7.0 makes of the same weights and files.
 * The tolerances are those of the golden index: a different JPEG decoder moves pixels by one. */
#include "support/support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "brim.h"

#define WEIGHTS "reference/weights/yolov5n.pt"

static double number(const json_t *root, const char *key)
{
    const json_t *value = json_object_get(root, key);
    if (!json_is_number(value))
        fail_msg("no number \"%s\"", key);
    return json_number_value(value);
}

static void near(const char *what, double got, double expected, double allowed)
{
    if (!(fabs(got - expected) <= allowed))
        fail_msg("%s: %.5f, expected %.5f +- %g", what, got, expected, allowed);
}

/* What a listener heard. */
typedef struct Heard {
    int plans, validating, results, classes, pictures, done, remarks;
    int stop_after; /* VALIDATING or PICTURE events; 0: never */
    uint64_t planned_bytes;
    char last_picture[512];
} Heard;

static bool hear(void *self, const BrimEvent *event)
{
    Heard *heard = self;
    heard->plans += event->kind == BRIM_EVENT_PLAN;
    heard->validating += event->kind == BRIM_EVENT_VALIDATING;
    heard->results += event->kind == BRIM_EVENT_RESULTS;
    heard->classes += event->kind == BRIM_EVENT_CLASS;
    heard->pictures += event->kind == BRIM_EVENT_PICTURE;
    heard->remarks += event->kind == BRIM_EVENT_REMARK;
    heard->done += event->kind == BRIM_EVENT_DONE;
    if (event->kind == BRIM_EVENT_PLAN)
        heard->planned_bytes = event->memory_planned_bytes;
    if (event->kind == BRIM_EVENT_PICTURE)
        snprintf(heard->last_picture, sizeof heard->last_picture, "%s", event->text);
    return !heard->stop_after || heard->validating + heard->pictures < heard->stop_after;
}

static BrimValOptions val_options(const char *name)
{
    static char data[512], weights[512];
    BrimValOptions options = brim_val_defaults();
    snprintf(data, sizeof data, "%s", shared_path("data/coco128val/data.yaml"));
    snprintf(weights, sizeof weights, "%s", shared_path(WEIGHTS));
    options.data = data;
    options.weights = weights;
    options.project = scratch_folder();
    options.name = name;
    options.batch_size = 8;
    options.imgsz = 320;
    return options;
}

static void check_classes(const json_t *got, const json_t *expected)
{
    size_t i;
    const json_t *row;
    const json_t *maps = json_object_get(expected, "maps_per_class_or_mean");
    double sum = 0;
    assert_int_equal(json_array_size(json_object_get(got, "names")), 80);
    json_array_foreach(json_object_get(got, "classes"), i, row)
    {
        size_t class_index = (size_t)number(row, "class");
        sum += fabs(number(row, "mAP50-95") - json_number_value(json_array_get(maps, class_index)));
    }
    /* Single classes have a handful of labels, so that one box moves them; their distances still are small.
     */
    near("mean distance of the classes' AP", sum / (double)i, 0, 0.01);
}

/* 31 pictures have the aspect ratio 3:4 exactly and lie on both sides of the edge between two batches of
 * other shapes. v7.0's sort is not stable: of these two it has the one where brim has the other, at another
 * size. */
static bool is_in_another_batch(const char *name)
{
    return strcmp(name, "000000002006.jpg") == 0 || strcmp(name, "000000012667.jpg") == 0;
}

/* Every other picture within 20 boxes of v7.0's number. */
static void check_pictures(const json_t *got, const json_t *expected)
{
    size_t i;
    const json_t *row;
    const json_t *pictures = json_object_get(expected, "per_image");
    assert_int_equal(json_array_size(json_object_get(got, "by_picture")), json_object_size(pictures));
    json_array_foreach(json_object_get(got, "by_picture"), i, row)
    {
        const char *path = json_string_value(json_object_get(row, "image"));
        const json_t *picture = json_object_get(pictures, strrchr(path, '/') + 1);
        if (!is_in_another_batch(strrchr(path, '/') + 1))
            near(path, number(row, "detections"), number(picture, "n"), 20);
    }
}

static void a_validation_is_yolov5s(void **state)
{
    (void)state;
    need_shared("data/coco128val");
    need_shared(WEIGHTS);
    need_shared("reference/golden/8_val/coco256_val_n_320.json");
    Heard heard = {0};
    BrimValOptions options = val_options("val");
    assert_ok(brim_val(&options, hear, &heard));
    json_t *got = load_json(scratch_path("val/results.json"));
    json_t *expected = load_golden_json("reference/golden/8_val/coco256_val_n_320.json");
    near("mAP50", number(got, "mAP50"), number(expected, "mAP50"), 0.003);
    near("mAP50-95", number(got, "mAP50-95"), number(expected, "mAP50_95"), 0.003);
    near("P", number(got, "precision"), number(expected, "P"), 0.02);
    near("R", number(got, "recall"), number(expected, "R"), 0.02);
    double detections = number(expected, "total_detections");
    near("detections", number(got, "detections"), detections, 0.005 * detections);
    near("labels", number(got, "labels"), 898, 0);
    check_classes(got, expected);
    check_pictures(got, expected);
    assert_int_equal(heard.plans, 1);
    assert_int_equal(heard.validating, 16);
    assert_int_equal(heard.results, 1);
    assert_int_equal(heard.classes, 0); /* 80 classes are too many unless asked for */
    assert_int_equal(heard.done, 1);
    const json_t *memory = json_object_get(got, "memory_bytes");
    assert_true(number(memory, "planned") == (double)heard.planned_bytes);
    json_decref(got);
    json_decref(expected);
}

static void threads_and_workers_change_no_figure(void **state)
{
    (void)state;
    static const char *const keys[] = {"precision", "recall", "mAP50", "mAP50-95", "detections"};
    need_shared("data/coco128val");
    need_shared(WEIGHTS);
    BrimValOptions one = val_options("one"), three = val_options("three");
    one.imgsz = three.imgsz = 64;
    one.threads = 1;
    three.threads = 3;
    three.workers = 2;
    assert_ok(brim_val(&one, NULL, NULL));
    assert_ok(brim_val(&three, NULL, NULL));
    json_t *a = load_json(scratch_path("one/results.json")),
           *b = load_json(scratch_path("three/results.json"));
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        assert_true(number(a, keys[i]) == number(b, keys[i]));
    assert_true(number(a, "detections") > 100);
    assert_true(json_equal(json_object_get(a, "classes"), json_object_get(b, "classes")));
    json_decref(a);
    json_decref(b);
}

static void a_listener_stops_it_and_no_results_are_left(void **state)
{
    (void)state;
    need_shared("data/coco128val");
    need_shared(WEIGHTS);
    Heard heard = {.stop_after = 2};
    BrimValOptions options = val_options("stopped");
    options.imgsz = 64;
    assert_refused(brim_val(&options, hear, &heard), BRIM_STOPPED, "stopped after 16 of 128");
    assert_int_equal(heard.validating, 2);
    assert_int_equal(heard.results, 0);
    assert_null(fopen(scratch_path("stopped/results.json"), "r"));
}

static void what_does_not_fit_is_refused_with_what_would(void **state)
{
    (void)state;
    need_shared("data/coco128val");
    need_shared(WEIGHTS);
    Heard heard = {0};
    BrimValOptions options = val_options("fit");
    options.batch_size = 64;
    options.memory_bytes = 1 << 20;
    assert_refused(brim_val(&options, NULL, NULL), BRIM_ERROR_FIT, "even with --batch-size 1");
    options.memory_bytes = 0;
    options.imgsz = 64;
    assert_ok(brim_val(&options, hear, &heard));
    options.imgsz = 320;
    options.memory_bytes = heard.planned_bytes + (100 << 20);
    assert_refused(brim_val(&options, NULL, NULL), BRIM_ERROR_FIT, "--batch-size fits");
}

/* ---- detection ---- */

static BrimDetectOptions detect_options(const char *name)
{
    static char source[512], weights[512];
    BrimDetectOptions options = brim_detect_defaults();
    snprintf(source, sizeof source, "%s", shared_path("reference/pictures"));
    snprintf(weights, sizeof weights, "%s", shared_path(WEIGHTS));
    options.source = source;
    options.weights = weights;
    options.project = scratch_folder();
    options.name = name;
    return options;
}

static double iou_of(const double *a, const double *b)
{
    double w = fmin(a[2], b[2]) - fmax(a[0], b[0]), h = fmin(a[3], b[3]) - fmax(a[1], b[1]);
    double overlap = fmax(w, 0) * fmax(h, 0);
    return overlap / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - overlap);
}

/* The rows of one picture, in order; next: the first one. */
static void check_picture(const json_t *rows, size_t *next, const json_t *expected)
{
    const json_t *found = json_object_get(json_object_get(expected, "nms"), "detect_c25_i45");
    const json_t *letterbox = json_object_get(found, "letterbox_px"),
                 *native = json_object_get(found, "native_px");
    for (size_t i = 0; i < json_array_size(native); i++) {
        const json_t *row = json_array_get(rows, (*next)++), *box = json_object_get(row, "bbox");
        double got[4], wanted[4];
        for (size_t k = 0; k < 4; k++) {
            got[k] = json_number_value(json_array_get(box, k)) + (k < 2 ? 0 : got[k - 2]);
            wanted[k] = json_number_value(json_array_get(json_array_get(native, i), k));
        }
        const json_t *full = json_array_get(letterbox, i);
        assert_true(iou_of(got, wanted) > 0.99);
        near("confidence", number(row, "score"), json_number_value(json_array_get(full, 4)), 5e-3);
        assert_true(number(row, "category_id") == json_number_value(json_array_get(full, 5)));
    }
}

static void detections_are_yolov5s(void **state)
{
    (void)state;
    need_shared("reference/pictures/bus.jpg");
    need_shared(WEIGHTS);
    need_shared("reference/golden/1_inference/pictures.json");
    Heard heard = {0};
    BrimDetectOptions options = detect_options("detect");
    options.save_json = options.save_txt = true;
    assert_ok(brim_detect(&options, hear, &heard));
    json_t *rows = load_json(scratch_path("detect/predictions.json"));
    json_t *expected = load_golden_json("reference/golden/1_inference/pictures.json");
    size_t next = 0;
    check_picture(rows, &next, json_object_get(expected, "bus_rect640"));
    check_picture(rows, &next, json_object_get(expected, "zidane_rect640"));
    assert_int_equal(next, json_array_size(rows));
    assert_int_equal(heard.pictures, 2);
    assert_non_null(strstr(heard.last_picture, "image 2/2"));
    assert_non_null(strstr(heard.last_picture, "zidane.jpg: 384x640 2 persons, 1 tie, "));
    int class_index, lines = 0;
    double x, y, w, h;
    FILE *text = fopen(scratch_path("detect/labels/bus.txt"), "r");
    assert_non_null(text);
    while (fscanf(text, "%d %lf %lf %lf %lf\n", &class_index, &x, &y, &w, &h) == 5) {
        assert_true(lines > 0 || class_index == 5); /* the least confident first: the bus */
        assert_true(x > 0 && x < 1 && y > 0 && y < 1 && w > 0 && w <= 1 && h > 0 && h <= 1);
        lines++;
    }
    fclose(text);
    assert_int_equal(lines, 5);
    json_decref(rows);
    json_decref(expected);
}

static void only_what_is_asked_for_is_written(void **state)
{
    (void)state;
    static const int wanted[] = {5};
    need_shared("reference/pictures/bus.jpg");
    need_shared(WEIGHTS);
    Heard heard = {.stop_after = 1};
    BrimDetectOptions options = detect_options("few");
    options.nosave = options.save_json = true;
    options.classes = wanted;
    options.class_count = 1;
    options.imgsz = 320;
    assert_refused(brim_detect(&options, hear, &heard), BRIM_STOPPED, "stopped after 1 of 2");
    json_t *rows = load_json(scratch_path("few/predictions.json")); /* of what was seen */
    for (size_t i = 0; i < json_array_size(rows); i++)
        assert_true(number(json_array_get(rows, i), "category_id") == 5);
    assert_int_equal(json_array_size(rows), 1);
    assert_null(fopen(scratch_path("few/bus.jpg"), "r"));
    assert_null(fopen(scratch_path("few/labels"), "r"));
    json_decref(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_validation_is_yolov5s),
        cmocka_unit_test(threads_and_workers_change_no_figure),
        cmocka_unit_test(a_listener_stops_it_and_no_results_are_left),
        cmocka_unit_test(what_does_not_fit_is_refused_with_what_would),
        cmocka_unit_test(detections_are_yolov5s),
        cmocka_unit_test(only_what_is_asked_for_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

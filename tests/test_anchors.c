/* AutoAnchor against v7.0's figures for a real set. */
#include "support/support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "data/anchors.h"
#include "run/anchors.h"

static const char figures_name[] = "reference/golden/7_anchors/facemask700_train.json";

/* A split of the golden labels' sides; no files behind it. */
static void golden_split(BrimSplit *split, const BrimTensorFile *file)
{
    const BrimHostTensor *pictures = golden(file, "image_wh");
    const int64_t *sides = pictures->data, *owners = golden(file, "label_image_index")->data;
    const float *labels = golden_floats(file, "label_wh_normalised");
    split->sample_count = (int)pictures->dims[0];
    split->label_count = (int)golden(file, "label_image_index")->dims[0];
    split->samples = brim_mem_take(BRIM_MEM_DATA, (size_t)split->sample_count, sizeof *split->samples);
    split->labels = brim_mem_take(BRIM_MEM_DATA, (size_t)split->label_count, sizeof *split->labels);
    for (int i = 0; i < split->sample_count; i++) {
        split->samples[i].width_px = (int)sides[2 * i];
        split->samples[i].height_px = (int)sides[2 * i + 1];
    }
    for (int i = 0; i < split->label_count; i++) {
        BrimSample *sample = &split->samples[owners[i]];
        sample->first_label = sample->label_count++ ? sample->first_label : i;
        split->labels[i] = (BrimLabel){0, 0.5f, 0.5f, labels[2 * i], labels[2 * i + 1]};
    }
}

static void check_fit(const json_t *expected, BrimAnchorFit fit)
{
    assert_true(fabs(fit.recall - json_number_value(json_object_get(expected, "bpr"))) <= 1e-4);
    assert_true(fabs(fit.anchors - json_number_value(json_object_get(expected, "aat"))) <= 1e-4);
    assert_true(fabs(fit.fitness - json_number_value(json_object_get(expected, "fitness"))) <= 1e-4);
}

typedef struct Data {
    BrimTensorFile file;
    BrimSplit split;
    json_t *figures;
    BrimModel model;
    BrimLabelSides *sides;
} Data;

static void open_data(Data *data)
{
    memset(data, 0, sizeof *data);
    load_golden(&data->file, "reference/golden/7_anchors/facemask700_train.safetensors");
    data->figures = load_golden_json(figures_name);
    golden_split(&data->split, &data->file);
    assert_ok(brim_model_load(&data->model, "yolov5n", 3));
    data->sides = brim_mem_take(BRIM_MEM_DATA, (size_t)data->split.label_count, sizeof *data->sides);
}

static void close_data(Data *data)
{
    brim_mem_give(data->sides);
    brim_split_clear(&data->split);
    json_decref(data->figures);
    brim_tensors_clear(&data->file);
}

static void model_anchors(const BrimModel *model, double (*anchors)[2])
{
    for (int i = 0; i < 9; i++)
        memcpy(anchors[i], model->anchors_px[i / 3][i % 3], sizeof anchors[i]);
}

static void measures_as_yolov5_does(void **state)
{
    (void)state;
    Data data;
    double anchors[9][2], scales[1024];
    open_data(&data);
    model_anchors(&data.model, anchors);
    const json_t *results = json_object_get(data.figures, "results");
    for (size_t i = 0; i < json_array_size(results); i++) {
        const json_t *row = json_array_get(results, i);
        int imgsz = (int)json_integer_value(json_object_get(row, "img"));
        brim_anchors_sides(&data.split, imgsz, NULL, data.sides);
        check_fit(json_object_get(row, "default_anchors_no_jitter"),
                  brim_anchors_measure(data.sides, data.split.label_count, anchors, 9, 4));
        char name[32];
        snprintf(name, sizeof name, "%d/scale_jitter", imgsz);
        const float *jitter = golden_floats(&data.file, name);
        for (int j = 0; j < data.split.sample_count; j++)
            scales[j] = jitter[j];
        brim_anchors_sides(&data.split, imgsz, scales, data.sides);
        check_fit(json_array_get(json_object_get(row, "jittered"), 0),
                  brim_anchors_measure(data.sides, data.split.label_count, anchors, 9, 4));
    }
    close_data(&data);
}

static void finds_anchors_as_good_as_yolov5s(void **state)
{
    (void)state;
    Data data;
    open_data(&data);
    const json_t *results = json_object_get(data.figures, "results");
    for (size_t i = 0; i < json_array_size(results); i++) {
        const json_t *row = json_array_get(results, i);
        int imgsz = (int)json_integer_value(json_object_get(row, "img"));
        double least =
            json_number_value(json_array_get(json_object_get(row, "kmeans_fitness_min_median_max"), 0));
        brim_anchors_sides(&data.split, imgsz, NULL, data.sides);
        for (uint64_t seed = 0; seed < 3; seed++) {
            double anchors[9][2];
            BrimRandom random = brim_random(seed, 1);
            assert_ok(brim_anchors_find(anchors, 9, data.sides, data.split.label_count, imgsz, 4, &random));
            double fitness = brim_anchors_measure(data.sides, data.split.label_count, anchors, 9, 4).fitness;
            if (fitness < least - 0.005)
                fail_msg("img %d seed %d: fitness %.5f, v7.0 reaches %.5f", imgsz, (int)seed, fitness, least);
            for (int j = 1; j < 9; j++)
                assert_true(anchors[j][0] * anchors[j][1] >= anchors[j - 1][0] * anchors[j - 1][1]);
        }
    }
    close_data(&data);
}

typedef struct Heard {
    int count;
    char text[512];
} Heard;

static bool hear(void *self, const BrimEvent *event)
{
    Heard *heard = self;
    heard->count++;
    snprintf(heard->text, sizeof heard->text, "%s", event->text);
    return true;
}

static void keeps_anchors_that_fit(void **state)
{
    (void)state;
    Data data;
    Heard heard = {0};
    BrimHyper hyper = brim_hyper_default();
    open_data(&data);
    BrimModel before = data.model;
    assert_ok(brim_anchors_fit(&data.model, &data.split, &hyper, 320, 0, hear, &heard));
    assert_memory_equal(&data.model, &before, sizeof before);
    assert_int_equal(heard.count, 1);
    assert_non_null(strstr(heard.text, "good fit"));
    close_data(&data);
}

/* Anchors ten times too large are replaced, the same ones for the same seed, small ones at the fine level. */
static void replaces_anchors_that_do_not_fit(void **state)
{
    (void)state;
    Data data;
    Heard heard = {0};
    BrimHyper hyper = brim_hyper_default();
    open_data(&data);
    for (int i = 0; i < 9; i++)
        for (int j = 0; j < 2; j++)
            data.model.anchors_px[i / 3][i % 3][j] *= 10;
    BrimModel again = data.model;
    assert_ok(brim_anchors_fit(&data.model, &data.split, &hyper, 320, 5, hear, &heard));
    assert_int_equal(heard.count, 1);
    assert_non_null(strstr(heard.text, "are taken"));
    assert_ok(brim_anchors_fit(&again, &data.split, &hyper, 320, 5, NULL, NULL));
    assert_memory_equal(&again, &data.model, sizeof again);
    double anchors[9][2];
    model_anchors(&data.model, anchors);
    brim_anchors_sides(&data.split, 320, NULL, data.sides);
    assert_true(brim_anchors_measure(data.sides, data.split.label_count, anchors, 9, 4).recall > 0.99);
    assert_true(anchors[0][0] * anchors[0][1] < anchors[8][0] * anchors[8][1]);
    close_data(&data);
}

/* Fewer labels than anchors, equal labels, none at all: no clusters, yet no failure but a word. */
static void lives_with_few_labels(void **state)
{
    (void)state;
    BrimLabelSides sides[20];
    double anchors[9][2];
    BrimRandom random = brim_random(0, 0);
    for (int i = 0; i < 20; i++)
        sides[i] = (BrimLabelSides){30, 40};
    assert_ok(brim_anchors_find(anchors, 9, sides, 3, 320, 4, &random));
    assert_ok(brim_anchors_find(anchors, 9, sides, 20, 320, 4, &random));
    assert_true(brim_anchors_measure(sides, 20, anchors, 9, 4).recall == 1);
    sides[0] = (BrimLabelSides){1, 1};
    assert_refused(brim_anchors_find(anchors, 9, sides, 1, 320, 4, &random), BRIM_ERROR_INPUT,
                   "2 px --imgsz");
    Heard heard = {0};
    BrimModel model;
    BrimHyper hyper = brim_hyper_default();
    assert_ok(brim_model_load(&model, "yolov5n", 3));
    assert_ok(brim_anchors_fit(&model, &(BrimSplit){0}, &hyper, 320, 0, hear, &heard));
    assert_non_null(strstr(heard.text, "no label"));
    BrimSample sample = {.width_px = 320, .height_px = 320, .label_count = 1};
    BrimLabel speck = {0, 0.5f, 0.5f, 0.003f, 0.003f};
    BrimSplit split = {.samples = &sample, .sample_count = 1, .labels = &speck, .label_count = 1};
    assert_ok(brim_anchors_fit(&model, &split, &hyper, 320, 0, hear, &heard));
    assert_non_null(strstr(heard.text, "stay as they are"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(measures_as_yolov5_does), cmocka_unit_test(finds_anchors_as_good_as_yolov5s),
        cmocka_unit_test(keeps_anchors_that_fit), cmocka_unit_test(replaces_anchors_that_do_not_fit),
        cmocka_unit_test(lives_with_few_labels)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

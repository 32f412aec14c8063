/* Models: the built-in family against YOLOv5's own figures, files in its yaml form, and what is refused of
 * them. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "conf/count.h"
#include "conf/state.h"
#include "report/model_table.h"
#include "support/support.h"

static const char *const module_texts[] = {
#define X(name, yaml, printed) printed,
    BRIM_MODULE_LIST(X)
#undef X
};

static int64_t int_of(const json_t *object, const char *key)
{
    json_t *value = json_object_get(object, key);
    if (!json_is_integer(value))
        fail_msg("the golden file has no whole number %s", key);
    return json_integer_value(value);
}

/* Python's str() of a list, for lists of numbers, None, booleans and texts. */
static void python_text(const json_t *value, char *text, size_t bytes)
{
    size_t length = strlen(text);
    if (json_is_array(value)) {
        snprintf(text + length, bytes - length, "[");
        for (size_t i = 0; i < json_array_size(value); i++) {
            length = strlen(text);
            snprintf(text + length, bytes - length, "%s", i ? ", " : "");
            python_text(json_array_get(value, i), text, bytes);
        }
        length = strlen(text);
        snprintf(text + length, bytes - length, "]");
    } else if (json_is_string(value)) {
        snprintf(text + length, bytes - length, "'%s'", json_string_value(value));
    } else if (json_is_number(value)) {
        snprintf(text + length, bytes - length, "%g", json_number_value(value));
    } else {
        snprintf(text + length, bytes - length, "%s",
                 json_is_null(value)   ? "None"
                 : json_is_true(value) ? "True"
                                       : "False");
    }
}

static void check_from(const json_t *expected, const BrimLayer *layer, int index)
{
    bool list = json_is_array(expected);
    assert_int_equal(layer->from_count, list ? (int)json_array_size(expected) : 1);
    for (int i = 0; i < layer->from_count; i++) {
        int from = (int)json_integer_value(list ? json_array_get(expected, (size_t)i) : expected);
        assert_int_equal(layer->from[i], from < 0 ? index + from : from);
    }
}

static void check_shape(const json_t *expected, BrimLayerShape shape)
{
    int64_t product = 1;
    size_t rank = json_array_size(expected);
    for (size_t i = 0; i < rank; i++)
        product *= json_integer_value(json_array_get(expected, i));
    assert_int_equal(product, (int64_t)shape.channels * shape.height * shape.width);
    bool head = rank == 5; /* [1, anchors, height, width, 5 + classes] */
    assert_int_equal(json_integer_value(json_array_get(expected, 2)), shape.height);
    assert_int_equal(json_integer_value(json_array_get(expected, 3)), shape.width);
    if (!head)
        assert_int_equal(json_integer_value(json_array_get(expected, 1)), shape.channels);
}

/* Detect's golden arguments carry the anchors in full; brim names them, and check_anchors compares them. */
static void check_arguments(json_t *expected, const BrimModel *model, int index)
{
    char text[256] = "", got[BRIM_ARGUMENTS_BYTES];
    brim_model_arguments(model, index, got);
    if (model->layers[index].module == BRIM_MODULE_DETECT) {
        snprintf(text, sizeof text, "[%d, anchors, ", (int)json_integer_value(json_array_get(expected, 0)));
        python_text(json_array_get(expected, 2), text, sizeof text);
        strcat(text, "]");
    } else {
        python_text(expected, text, sizeof text);
    }
    assert_string_equal(got, text);
}

static void check_layers(const json_t *rows, const BrimModel *model)
{
    assert_int_equal(model->layer_count, json_array_size(rows));
    for (int i = 0; i < model->layer_count; i++) {
        const json_t *row = json_array_get(rows, (size_t)i);
        const BrimLayer *layer = &model->layers[i];
        BrimLayerCount count = brim_layer_count(model, i, 640, 640);
        json_t *shape = json_object_get(row, "out_shape_640");
        assert_int_equal(i, int_of(row, "i"));
        assert_int_equal(layer->repeats, int_of(row, "n"));
        assert_int_equal(count.parameters, int_of(row, "params"));
        assert_string_equal(module_texts[layer->module], json_string_value(json_object_get(row, "type")));
        double gmacs = json_number_value(json_object_get(row, "conv_gmacs_640"));
        assert_true(fabs(count.conv_macs / 1e9 - gmacs) <= 1e-12 * gmacs);
        check_from(json_object_get(row, "from"), layer, i);
        check_arguments(json_object_get(row, "args"), model, i);
        bool levels = layer->module == BRIM_MODULE_DETECT;
        assert_int_equal(count.shape_count, levels ? json_array_size(shape) : 1);
        for (int s = 0; s < count.shape_count; s++)
            check_shape(levels ? json_array_get(shape, (size_t)s) : shape, count.shapes[s]);
    }
}

static void check_anchors(const json_t *root, const BrimModel *model)
{
    const json_t *levels = json_object_get(root, "anchors_pixels"),
                 *strides = json_object_get(root, "stride");
    assert_int_equal(model->level_count, json_array_size(levels));
    for (int level = 0; level < model->level_count; level++) {
        const json_t *anchors = json_array_get(levels, (size_t)level);
        assert_int_equal(model->anchor_count, json_array_size(anchors));
        assert_int_equal(model->stride_px[level],
                         (int)json_number_value(json_array_get(strides, (size_t)level)));
        for (int i = 0; i < 2 * model->anchor_count; i++) {
            const json_t *pair = json_array_get(anchors, (size_t)i / 2);
            assert_true(model->anchors_px[level][i / 2][i % 2] ==
                        json_number_value(json_array_get(pair, (size_t)i % 2)));
        }
    }
}

typedef struct StateCheck {
    const json_t *expected;
    size_t next;
    int64_t parameters, buffers;
    int groups[4];
} StateCheck;

/* One tensor against ["name", [shape], "dtype", group or "buffer"]. */
static BrimStatus check_tensor(void *self, const BrimStateTensor *tensor)
{
    StateCheck *check = self;
    const json_t *row = json_array_get(check->expected, check->next++);
    const json_t *shape = json_array_get(row, 1), *group = json_array_get(row, 3);
    int64_t elements = 1;
    if (!row)
        fail_msg("%s: one tensor too many", tensor->name);
    assert_string_equal(tensor->name, json_string_value(json_array_get(row, 0)));
    assert_int_equal(tensor->rank, json_array_size(shape));
    for (int i = 0; i < tensor->rank; i++) {
        assert_int_equal(tensor->shape[i], json_integer_value(json_array_get(shape, (size_t)i)));
        elements *= tensor->shape[i];
    }
    assert_string_equal(tensor->counter ? "int64" : "float32", json_string_value(json_array_get(row, 2)));
    assert_int_equal(tensor->group,
                     json_is_integer(group) ? json_integer_value(group) : BRIM_STATE_GROUP_BUFFER);
    *(tensor->group == BRIM_STATE_GROUP_BUFFER ? &check->buffers : &check->parameters) += elements;
    check->groups[tensor->group]++;
    return BRIM_OK;
}

static void check_state(const json_t *root, const BrimModel *model)
{
    StateCheck check = {.expected = json_object_get(root, "state_dict")};
    assert_ok(brim_model_state(model, check_tensor, &check));
    assert_int_equal(check.next, json_array_size(check.expected));
    assert_int_equal(check.parameters, int_of(root, "parameters"));
    assert_int_equal(check.buffers, int_of(root, "buffers_elements"));
    const json_t *groups = json_object_get(root, "optimizer_groups_count");
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(check.groups[i], json_integer_value(json_array_get(groups, i)));
}

static void every_size_is_as_yolov5_builds_it(void **state)
{
    (void)state;
    for (const char *size = "nsmlx"; *size; size++) {
        char name[64], summary[160];
        BrimModel model;
        snprintf(name, sizeof name, "reference/golden/2_model/yolov5%c_nc3.json", *size);
        json_t *root = load_golden_json(name);
        snprintf(name, sizeof name, "yolov5%c", *size);
        assert_ok(brim_model_load(&model, name, 3));
        assert_string_equal(model.name, name);
        assert_true(model.depth_multiple == json_number_value(json_object_get(root, "depth_multiple")));
        assert_true(model.width_multiple == json_number_value(json_object_get(root, "width_multiple")));
        check_layers(json_object_get(root, "layers"), &model);
        check_anchors(root, &model);
        check_state(root, &model);

        const json_t *gflops = json_object_get(root, "gflops_640");
        BrimModelCount count = brim_model_count(&model, 640, 640);
        double exact = json_number_value(json_object_get(gflops, "v70_model_info_exact"));
        double convs = json_number_value(json_object_get(gflops, "conv_only"));
        assert_true(fabs(count.gflops - exact) <= 1e-12 * exact);
        assert_true(fabs(2 * count.conv_macs / 1e9 - convs) <= 1e-12 * convs);
        assert_int_equal(count.parameters, int_of(root, "parameters"));
        assert_int_equal(count.buffer_elements, int_of(root, "buffers_elements"));
        assert_string_equal(brim_model_summary(&model, 640, summary, sizeof summary),
                            json_string_value(json_object_get(root, "summary_line")));
        json_decref(root);
    }
}

/* The same figures as they are known without the golden files: YOLOv5's README states 1.9 and 7.2 M
 * parameters for n and s, 140.7 M for x6, all with 80 classes. */
static void names_find_the_family(void **state)
{
    (void)state;
    const struct {
        const char *name, *called;
        int64_t parameters;
        int layers, max_stride_px;
    } cases[] = {
        {"n", "yolov5n", 1872157, 214, 32},       {"yolov5n.yaml", "yolov5n", 1872157, 214, 32},
        {"yolov5s", "yolov5s", 7235389, 214, 32}, {"x", "yolov5x", 86749405, 445, 32},
        {"n6", "yolov5n6", 3246940, 281, 64},     {"yolov5x6.yaml", "yolov5x6", 140794780, 575, 64},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        BrimModel model;
        assert_ok(brim_model_load(&model, cases[i].name, 0));
        BrimModelCount count = brim_model_count(&model, 640, 640);
        assert_string_equal(model.name, cases[i].called);
        assert_int_equal(model.class_count, 80);
        assert_int_equal(count.parameters, cases[i].parameters);
        assert_int_equal(count.layers, cases[i].layers);
        assert_int_equal(brim_model_max_stride_px(&model), cases[i].max_stride_px);
    }
    BrimModel model;
    assert_refused(brim_model_load(&model, "yolov5q", 3), BRIM_ERROR_INPUT, "yolov5q yolov5n yolov5x");
    assert_refused(brim_model_load(&model, "", 3), BRIM_ERROR_INPUT, "no model");
    assert_refused(brim_model_load(&model, "n", -1), BRIM_ERROR_ARGUMENT, "classes");
    assert_refused(brim_model_load(&model, "n", 10001), BRIM_ERROR_ARGUMENT, "10001");
}

/* Every module and every form of argument, one line a layer: layer 0 stands in line 8. */
static const char small_model[] = "nc: 4\n"
                                  "depth_multiple: 0.5\n"
                                  "width_multiple: 0.5\n"
                                  "anchors:\n"
                                  "  - [100, 120]\n"
                                  "  - [10, 12.5]\n"
                                  "backbone:\n"
                                  "  - [-1, 1, Conv, [32, 6, 2, 2]]\n"
                                  "  - [-1, 5, C3, [32]]\n"
                                  "  - [-1, 1, Conv, [60, 3, 2, null, 1, 1, True]]\n"
                                  "  - [-1, 1, Bottleneck, [64, False]]\n"
                                  "  - [-1, 1, SPP, [64, [3, 5]]]\n"
                                  "head:\n"
                                  "  - [-1, 1, nn.Upsample, [None, 2, 'nearest']]\n"
                                  "  - [[-1, 1], 1, Concat, [1]]\n"
                                  "  - [-1, 1, Conv, [9, 1, 1, \"None\", 1, False]]\n"
                                  "  - [[7, 4], 1, Detect, [nc, anchors]]\n";

typedef struct Wanted {
    const char *name;
    int64_t shape[4];
    bool found;
} Wanted;

static BrimStatus look_for(void *self, const BrimStateTensor *tensor)
{
    for (Wanted *wanted = self; wanted->name; wanted++)
        if (strcmp(wanted->name, tensor->name) == 0) {
            assert_memory_equal(wanted->shape, tensor->shape, sizeof wanted->shape);
            wanted->found = true;
        }
    return BRIM_OK;
}

static void a_file_is_resolved(void **state)
{
    (void)state;
    BrimModel model;
    assert_ok(brim_model_parse(&model, "models/small.yaml", small_model, strlen(small_model), 0));
    assert_string_equal(model.name, "small");
    assert_int_equal(model.class_count, 4);
    assert_int_equal(model.layer_count, 9);
    assert_int_equal(model.layers[0].from[0], -1);
    assert_int_equal(model.layers[0].in_channels, 3);
    assert_int_equal(model.layers[0].out_channels, 16);
    assert_int_equal(model.layers[1].repeats, 2); /* 2.5 goes to the even neighbour */
    assert_true(model.layers[1].shortcut);
    assert_int_equal(model.layers[2].out_channels, 32); /* 30 goes up to a multiple of 8 */
    assert_int_equal(model.layers[2].padding, 1);
    assert_true(model.layers[2].activation);
    assert_false(model.layers[3].shortcut);
    assert_int_equal(model.layers[4].pool_count, 2);
    assert_int_equal(model.layers[4].reduction, 4);
    assert_int_equal(model.layers[5].reduction, 2);
    assert_int_equal(model.layers[6].in_channels, 32 + 16);
    assert_int_equal(model.layers[7].out_channels, 9); /* as many as the head has outputs: never scaled */
    assert_false(model.layers[7].activation);
    assert_int_equal(model.stride_px[0], 2);
    assert_int_equal(model.stride_px[1], 4);
    assert_true(model.anchors_px[0][0][1] == 12.5); /* the file lists them large ones first */
    assert_true(model.anchors_px[1][0][0] == 100);

    Wanted wanted[] = {{"model.3.cv1.conv.weight", {16, 32, 1, 1}, false},
                       {"model.4.cv2.conv.weight", {32, 48, 1, 1}, false},
                       {"model.7.bn.running_var", {9}, false},
                       {"model.8.m.1.weight", {9, 32, 1, 1}, false},
                       {0}};
    assert_ok(brim_model_state(&model, look_for, wanted));
    for (Wanted *want = wanted; want->name; want++)
        assert_true(want->found);
    /* model, sequence, SiLU; 2 Conv and one with an identity; C3 of 2; Bottleneck; SPP of 2; 2; Detect of 2
     */
    assert_int_equal(brim_model_count(&model, 64, 64).layers, 3 + 3 + 3 + 4 + (4 + 21) + 7 + (7 + 3) + 2 + 4);
}

/* The model with the first occurrence of one text replaced by another. */
static const char *replaced(const char *old, const char *new)
{
    static char text[2048];
    const char *at = strstr(small_model, old);
    if (!at)
        fail_msg("the small model has no %s", old);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - small_model), small_model, new, at + strlen(old));
    return text;
}

static void a_slip_is_named_with_its_line(void **state)
{
    (void)state;
    const struct {
        const char *old, *new, *words;
    } cases[] = {
        {"nc: 4", "nc: four", "m.yaml: line 1: `nc:` \"four\" 1 10000"},
        {"nc: 4", "nc: 0", "line 1: `nc:` \"0\""},
        {"nc: 4\n", "", "`nc:` missing"},
        {"depth_multiple", "depth_multipel", "line 2: `depth_multipel` `depth_multiple`"},
        {"depth_multiple: 0.5\n", "", "`depth_multiple:` missing"},
        {"width_multiple: 0.5", "width_multiple: -1", "line 3: `width_multiple:` \"-1\""},
        {"nc: 4", "nc: 4\nactivation: nn.ReLU()", "line 2: `activation:` nn.ReLU() nn.SiLU()"},
        {"nc: 4", "nc: 4\nch: 1", "line 2: `ch:` \"1\""},
        {"nc: 4", "nc: 4\nnc: 5", "line 2: \"nc\" twice"},
        {"anchors:\n  - [100, 120]\n  - [10, 12.5]", "anchors: 3", "line 4: `anchors:` \"3\" w, h"},
        {"[10, 12.5]", "[10, 12.5, 3]", "line 6: `anchors:` pairs"},
        {"[10, 12.5]", "[10, -12.5]", "line 6: `anchors:` pairs"},
        {"  - [10, 12.5]\n", "", "line 16: layer 8 (Detect) 2 layers `anchors` 1"},
        {"backbone:", "backbone: 7\nhaed:", "line 8: `haed` `head`"},
        {"[-1, 5, C3, [32]]", "[-1, 5, C4, [32]]",
         "line 9: layer 1 \"C4\" C3 Conv, Bottleneck, SPPF, Detect"},
        {"[-1, 5, C3, [32]]", "[-1, 5, C3]", "line 9: layer 1 [from, number, module, [arguments]]"},
        {"[-1, 5, C3, [32]]", "[-1, 5, C3, []]", "line 9: layer 1 (C3) channels missing"},
        {"[-1, 5, C3, [32]]", "[-1, 0, C3, [32]]", "line 9: layer 1: `number` \"0\""},
        {"[-1, 5, C3, [32]]", "[-1, 1e9, C3, [32]]", "line 9: layer 1: `number` \"1e9\""},
        {"[-1, 5, C3, [32]]", "[last, 5, C3, [32]]", "line 9: layer 1: `from` \"last\""},
        {"[-1, 5, C3, [32]]", "[1, 5, C3, [32]]", "line 9: layer 1 (C3): from 1 before"},
        {"[-1, 5, C3, [32]]", "[-2, 5, C3, [32]]", "line 9: layer 1 (C3): from -2 before"},
        {"[-1, 5, C3, [32]]", "[[-1, 0], 5, C3, [32]]", "line 9: layer 1 (C3): one input"},
        {"[-1, 5, C3, [32]]", "[-1, 5, C3, [thirty]]",
         "line 9: layer 1 (C3): argument 1, channels, \"thirty\""},
        {"[-1, 5, C3, [32]]", "[-1, 5, C3, [32, maybe]]",
         "line 9: argument 2, shortcut, \"maybe\" True False"},
        {"[-1, 5, C3, [32]]", "[-1, 5, C3, [32, True, 2]]", "line 9: argument 3, groups, \"2\""},
        {"[-1, 5, C3, [32]]", "[-1, 5, C3, [32, True, 1, 0.25]]", "line 9: argument 4, \"0.25\" 0.5"},
        {"[-1, 5, C3, [32]]", "[-1, 5, C3, [32, True, 1, 0.5, 1]]", "line 9: 5 arguments; 4"},
        {"[-1, 5, C3, [32]]", "[-1, 5, C3, [65000]]", "line 9: layer 1 (C3): 32504 channels"},
        {"[32, 6, 2, 2]", "[32, 6, 2, 1]", "line 8: layer 0 (Conv): kernel 6, stride 2 padding 1"},
        {"[32, 6, 2, 2]", "[32, 99]", "line 8: argument 2, kernel, \"99\""},
        {"[32, 6, 2, 2]", "[32, 6, -2]", "line 8: argument 3, stride, \"-2\""},
        {"1, Conv, [32, 6, 2, 2]", "4, Conv, [32, 6, 2, 2]", "line 8: layer 0 (Conv): 2 times C3"},
        {"null, 1, 1, True", "null, 1, 2, True", "line 10: argument 6, dilation, \"2\""},
        {"null, 1, 1, True", "null, 1, 1, nn.ReLU()", "line 10: argument 7, act, \"nn.ReLU()\""},
        {"[3, 5]", "[5, 3]", "line 12: layer 4 (SPP): odd ascend"},
        {"[3, 5]", "[3, 5, 7, 9]", "line 12: argument 2, list"},
        {"[None, 2, 'nearest']", "[None, 3, 'nearest']", "line 14: layer 5 (nn.Upsample): argument 2, \"3\""},
        {"[None, 2, 'nearest']", "[None, 2, 'linear']", "line 14: argument 3, \"linear\" nearest"},
        {"[None, 2, 'nearest']", "[64, 2, 'nearest']", "line 14: argument 1, \"64\" None"},
        {"[[-1, 1], 1, Concat", "[[-1, 4], 1, Concat", "line 15: layer 6 (Concat): layer 5 1/2 layer 4 1/4"},
        {"[[-1, 1], 1, Concat, [1]]", "[[-1, 1], 1, Concat, [2]]", "line 15: argument 1, dimension, \"2\""},
        {"[[7, 4], 1, Detect, [nc, anchors]]", "[[7, 4], 1, Detect, [80, anchors]]",
         "line 17: argument 1 \"80\" nc"},
        {"[[7, 4]", "[[6, 4]", "line 16: layer 7 (Conv): no other reads"},
        {"[[7, 4], 1, Detect, [nc, anchors]]", "[-1, 1, Conv, [64]]", "head: end Detect"},
        {"  - [[7, 4], 1, Detect, [nc, anchors]]\n",
         "  - [[7, 4], 1, Detect, [nc, anchors]]\n  - [-1, 1, Conv, [8]]\n",
         "line 18: layer 9 (Conv): Detect last"},
        {"[[7, 4]", "[[7, 4", "line 1"}, /* a bracket that is never closed: libyaml says where it noticed */
        {"nc: 4", "nc: *four", "m.yaml: line 1: alias"},
        {"nc: 4", "nc: 4\n--- # more\nnc: 5", "line 2: second document"},
        {"nc: 4", "[nc, 4]", "m.yaml: line"},
        {"nc: 4", "nc: 4\n\tch: 3", "line 2"},
        {"nc: 4", "nc: [[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]", "line 1: deep"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        BrimModel model;
        const char *text = replaced(cases[i].old, cases[i].new);
        BrimStatus status = brim_model_parse(&model, "m.yaml", text, strlen(text), 0);
        if (status == BRIM_OK)
            fail_msg("case %zu was taken: %s", i, cases[i].new);
        assert_refused(status, BRIM_ERROR_INPUT, cases[i].words);
        assert_null(strchr(brim_last_error(), '\n'));
    }
}

static void no_memory_is_no_crash(void **state)
{
    (void)state;
    size_t before = brim_mem_held_bytes(BRIM_MEM_TAG_COUNT);
    BrimModel model;
    uint64_t nth = 1;
    for (BrimStatus status = BRIM_ERROR_MEMORY; status != BRIM_OK; nth++) {
        brim_mem_fail_at(nth);
        status = brim_model_parse(&model, "m.yaml", small_model, strlen(small_model), 0);
        brim_mem_fail_at(0);
        assert_true(status == BRIM_OK || status == BRIM_ERROR_MEMORY);
        assert_int_equal(brim_mem_held_bytes(BRIM_MEM_TAG_COUNT), before);
    }
    assert_true(nth > 100);
}

/* The table fits 100 columns, has a line for each layer, and ends with the summary. */
static void the_table_is_aligned(void **state)
{
    (void)state;
    char *text = NULL;
    size_t bytes = 0;
    FILE *file = open_memstream(&text, &bytes);
    BrimModel model;
    assert_ok(brim_model_load(&model, "s", 3));
    assert_ok(brim_model_print(file, &model, 640));
    fclose(file);
    int lines = 0, summaries = 0;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"), lines++) {
        bool summary = strncmp(line, "YOLOv5s summary: 214 layers, ", 29) == 0;
        assert_true(strlen(line) <= 100);
        assert_true(line[strlen(line) - 1] != ' ');
        if (lines == 1)
            assert_string_equal(
                line, "  0 -1        1      3520  Conv        [3, 32, 6, 2, 2]         32x320x320  0.734 "
                      "12.5 MiB 13.8 KiB");
        summaries += summary;
    }
    assert_int_equal(lines, 1 + 25 + 2 + 1); /* head, layers, two more levels of Detect, summary */
    assert_int_equal(summaries, 1);
    free(text);
    assert_refused(brim_model_print(stdout, &model, 650), BRIM_ERROR_ARGUMENT, "650 yolov5s 32");
}

/* A file beside the working directory is read, and wins over a built-in name that it shares. */
static void a_file_wins_over_a_name(void **state)
{
    (void)state;
    char *path = brim_path_join(scratch_folder(), "yolov5n.yaml");
    BrimModel model;
    assert_ok(brim_file_write(path, small_model, strlen(small_model)));
    assert_ok(brim_model_load(&model, path, 7));
    assert_string_equal(model.name, "yolov5n");
    assert_int_equal(model.layer_count, 9);
    assert_int_equal(model.class_count, 7);
    brim_mem_give(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_size_is_as_yolov5_builds_it),
        cmocka_unit_test(names_find_the_family),
        cmocka_unit_test(a_file_is_resolved),
        cmocka_unit_test(a_slip_is_named_with_its_line),
        cmocka_unit_test(no_memory_is_no_crash),
        cmocka_unit_test(the_table_is_aligned),
        cmocka_unit_test(a_file_wins_over_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Weights with their model: the official .pt, brim's own files there and back, files that contradict
 * themselves. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "exchange/safetensors.h"
#include "run/model_file.h"
#include "support/support.h"

static char *const names[] = {"mask", "no mask", "wrong"};

/* A yaml file on one line, as JSON is; and one on several. */
static const char flow_cfg[] =
    "{nc: 80, depth_multiple: 1.0, width_multiple: 1.0, anchors: [[10,13, 16,30]], "
    "backbone: [[-1, 1, Conv, [16, 3, 2]], [-1, 1, Conv, [32, 3, 2]]], head: [[[1], 1, Detect, [nc, "
    "anchors]]]}";
static const char block_cfg[] =
    "nc: 80\ndepth_multiple: 1.0\nwidth_multiple: 1.0\nanchors:\n  - [10,13, 16,30]\n"
    "backbone:\n  - [-1, 1, Conv, [16, 3, 2]]\n  - [-1, 1, Conv, [32, 3, 2]]\n"
    "head:\n  - [[1], 1, Detect, [nc, anchors]]\n";

static void the_official_weights_name_their_model(void **state)
{
    (void)state;
    static const char official[] = "reference/weights/yolov5n.pt";
    BrimModelFile file;
    BrimModel model;
    need_shared(official);
    assert_ok(brim_model_file_load(&file, shared_path(official)));
    assert_ok(brim_model_load(&model, "yolov5n", 0));
    assert_true(file.has_model);
    assert_int_equal(file.model.class_count, 80);
    assert_int_equal(file.model.layer_count, model.layer_count);
    assert_memory_equal(file.model.layers, model.layers, sizeof model.layers);
    assert_memory_equal(file.model.anchors_px, model.anchors_px, sizeof model.anchors_px);
    assert_memory_equal(file.model.stride_px, model.stride_px, sizeof model.stride_px);
    assert_int_equal(file.class_name_count, 80);
    assert_string_equal(file.class_names[79], "toothbrush");
    assert_int_equal(file.tensors.tensor_count, 349);
    brim_model_file_clear(&file);
}

static char *saved(const BrimTensorFile *tensors)
{
    char *path = brim_path_join(scratch_folder(), "weights.safetensors");
    assert_ok(brim_safetensors_save(tensors, path));
    return path;
}

static void assert_comes_back(const BrimModel *model, const char *cfg_text)
{
    size_t held = brim_mem_held_bytes(BRIM_MEM_TAG_COUNT);
    BrimTensorFile identity = {0};
    BrimModelFile file;
    assert_ok(brim_model_file_describe(&identity, model, cfg_text, names));
    char *path = saved(&identity);
    assert_ok(brim_model_file_load(&file, path));
    assert_true(file.has_model);
    assert_int_equal(file.model.class_count, 3);
    assert_int_equal(file.model.layer_count, model->layer_count);
    assert_memory_equal(file.model.layers, model->layers, sizeof model->layers);
    assert_memory_equal(file.model.anchors_px, model->anchors_px, sizeof model->anchors_px);
    assert_int_equal(file.class_name_count, 3);
    for (int i = 0; i < 3; i++)
        assert_string_equal(file.class_names[i], names[i]);
    brim_model_file_clear(&file);
    brim_tensors_clear(&identity);
    brim_mem_give(path);
    assert_int_equal(brim_mem_held_bytes(BRIM_MEM_TAG_COUNT), held);
}

static void a_model_comes_back_as_it_was_described(void **state)
{
    (void)state;
    static const char *const builtin[] = {"yolov5n", "yolov5x", "yolov5s6"};
    BrimModel model;
    for (size_t i = 0; i < sizeof builtin / sizeof builtin[0]; i++) {
        assert_ok(brim_model_load(&model, builtin[i], 3));
        model.anchors_px[1][2][0] = 123.456789; /* as after autoanchor */
        assert_comes_back(&model, builtin[i]);
    }
    assert_ok(brim_model_parse(&model, "block.yaml", block_cfg, strlen(block_cfg), 3));
    assert_comes_back(&model, block_cfg);
    assert_ok(brim_model_parse(&model, "flow.yaml", flow_cfg, strlen(flow_cfg), 3));
    assert_comes_back(&model, flow_cfg);
}

static void cfg_is_the_name_or_the_text_of_the_file(void **state)
{
    (void)state;
    char *text, *path = brim_path_join(scratch_folder(), "my.yaml");
    assert_ok(brim_file_write(path, block_cfg, strlen(block_cfg)));
    assert_ok(brim_model_file_cfg_text(path, &text));
    assert_string_equal(text, block_cfg);
    brim_mem_give(text);
    assert_ok(brim_model_file_cfg_text("yolov5s", &text));
    assert_string_equal(text, "yolov5s");
    brim_mem_give(text);
    brim_mem_give(path);
}

/* Metadata of a good file with one entry changed. */
static BrimStatus load_with(const char *key, const char *value)
{
    size_t held = brim_mem_held_bytes(BRIM_MEM_TAG_COUNT);
    BrimTensorFile identity = {0};
    BrimModel model;
    BrimModelFile file;
    assert_ok(brim_model_load(&model, "yolov5n", 3));
    assert_ok(brim_model_file_describe(&identity, &model, "yolov5n", names));
    assert_ok(brim_tensors_set_metadata(&identity, key, value));
    char *path = saved(&identity);
    BrimStatus status = brim_model_file_load(&file, path);
    brim_model_file_clear(&file);
    brim_tensors_clear(&identity);
    brim_mem_give(path);
    assert_int_equal(brim_mem_held_bytes(BRIM_MEM_TAG_COUNT), held);
    return status;
}

static void what_contradicts_itself_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *key, *value, *words;
    } rows[] = {
        {"nc", "", "\"nc\" damaged"},
        {"nc", "three", "\"nc\" damaged three"},
        {"nc", "3x", "\"nc\" damaged"},
        {"nc", "-1", "\"nc\" damaged"},
        {"nc", "99999999999999999999", "\"nc\" damaged"},
        {"nc", "4", "3 names for 4 classes"},
        {"names", "", "\"names\" damaged"},
        {"names", "[\"a\",\"b\"", "\"names\" damaged"},
        {"names", "[\"a\",\"b\",3]", "\"names\" damaged"},
        {"names", "{\"0\":\"a\"}", "\"names\" damaged"},
        {"names", "[\"a\",\"b\"]", "2 names for 3 classes"},
        {"anchors", "", "\"anchors\" damaged 18"},
        {"anchors", "[1,2,3]", "\"anchors\" damaged 18"},
        {"anchors", "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,0]", "\"anchors\" damaged greater than 0"},
        {"anchors", "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,\"a\"]", "\"anchors\" damaged"},
        {"anchors", "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,1e9]", "\"anchors\" damaged"},
        {"cfg", "yolov5q", "no model \"yolov5q\""},
        {"cfg", "/etc/hostname",
         "no model \"/etc/hostname\""}, /* a foreign file may not make brim open others */
        {"cfg", "nc: 3\nbackbone: 7\n", "weights.safetensors line"},
        {"cfg", "{", "weights.safetensors line"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_refused(load_with(rows[i].key, rows[i].value), BRIM_ERROR_INPUT, rows[i].words);
        assert_non_null(strstr(brim_last_error(), "the model in /tmp/"));
    }
}

static void names_cannot_command_a_terminal(void **state)
{
    (void)state;
    BrimTensorFile identity = {0};
    BrimModel model;
    BrimModelFile file;
    assert_ok(brim_model_load(&model, "yolov5n", 1));
    assert_ok(brim_model_file_describe(&identity, &model, "yolov5n", (char *[]){"a\x1b[2J\n\x7fä"}));
    char *path = saved(&identity);
    assert_ok(brim_model_file_load(&file, path));
    assert_string_equal(file.class_names[0], "a?[2J??ä");
    brim_model_file_clear(&file);
    brim_tensors_clear(&identity);
    brim_mem_give(path);
}

static void weights_alone_have_no_model(void **state)
{
    (void)state;
    BrimTensorFile tensors = {0};
    BrimModelFile file;
    assert_ok(brim_tensors_add(&tensors, "a", BRIM_HOST_F32, 1, (int64_t[]){1}, NULL));
    assert_ok(brim_tensors_set_metadata(&tensors, "names", "another tool's own"));
    char *path = saved(&tensors);
    assert_ok(brim_model_file_load(&file, path));
    assert_false(file.has_model);
    assert_int_equal(file.class_name_count, 0);
    assert_int_equal(file.tensors.tensor_count, 1);
    brim_model_file_clear(&file);
    brim_model_file_clear(&file);
    brim_tensors_clear(&tensors);
    brim_mem_give(path);
    assert_refused(brim_model_file_load(&file, "/nowhere/best.pt"), BRIM_ERROR_INPUT,
                   "/nowhere/best.pt .safetensors");
}

/* Every single allocation of a load fails once, and nothing stays behind. */
static void running_out_of_memory_is_survived(void **state)
{
    (void)state;
    BrimTensorFile identity = {0};
    BrimModel model;
    BrimModelFile file;
    uint64_t nth = 0;
    BrimStatus status;
    assert_ok(brim_model_parse(&model, "block.yaml", block_cfg, strlen(block_cfg), 3));
    assert_ok(brim_model_file_describe(&identity, &model, block_cfg, names));
    char *path = saved(&identity);
    size_t held = brim_mem_held_bytes(BRIM_MEM_TAG_COUNT);
    do {
        brim_mem_fail_at(++nth);
        status = brim_model_file_load(&file, path);
        brim_mem_fail_at(0);
        if (status != BRIM_OK) {
            assert_int_equal(status, BRIM_ERROR_MEMORY);
            assert_int_equal(brim_mem_held_bytes(BRIM_MEM_TAG_COUNT), held);
        }
    } while (status != BRIM_OK);
    assert_true(nth > 10);
    brim_model_file_clear(&file);
    brim_tensors_clear(&identity);
    brim_mem_give(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_official_weights_name_their_model),
        cmocka_unit_test(a_model_comes_back_as_it_was_described),
        cmocka_unit_test(cfg_is_the_name_or_the_text_of_the_file),
        cmocka_unit_test(what_contradicts_itself_is_refused),
        cmocka_unit_test(names_cannot_command_a_terminal),
        cmocka_unit_test(weights_alone_have_no_model),
        cmocka_unit_test(running_out_of_memory_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

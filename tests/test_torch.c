/* `.pt` files as users have them: the official weights, checkpoints of every form, the tensors in them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/file.h"
#include "exchange/torch.h"
#include "support/make_pt.h"
#include "support/support.h"

static const char official[] = "reference/weights/yolov5n.pt";

/* ---- the official weights ---- */

/* Sum and sum of magnitudes, in double, as PyTorch gives them of the same file. */
static const struct {
    const char *name;
    double sum, magnitude;
} official_sums[] = {
    {"model.0.conv.weight", -2.0980430245399475, 154.8815377354622},
    {"model.2.m.0.cv1.bn.running_var", 3.82257080078125, 3.82257080078125},
    {"model.9.cv2.conv.weight", 35.43096214532852, 2337.737401664257},
    {"model.13.cv3.conv.weight", -84.92215478420258, 525.8202705383301},
    {"model.24.anchors", 78.46875, 78.46875},
    {"model.24.m.2.bias", -1575.7713203430176, 1576.4782905578613},
};

static size_t count_of(const BrimHostTensor *tensor)
{
    return tensor->bytes / brim_host_dtype_bytes(tensor->dtype);
}

static void add_sums(const BrimHostTensor *tensor, double *sum, double *magnitude)
{
    for (size_t i = 0; i < count_of(tensor); i++) {
        double value = (double)brim_host_tensor_float(tensor, i);
        *sum += value;
        *magnitude += fabs(value);
    }
}

static void assert_sum(const char *name, double got, double expected, double magnitude)
{
    if (!(fabs(got - expected) <= 1e-9 * magnitude))
        fail_msg("%s: the sum is %.17g, expected %.17g", name, got, expected);
}

static void the_official_weights_are_those_of_pytorch(void **state)
{
    (void)state;
    BrimTensorFile file;
    double sum = 0, magnitude = 0;
    need_shared(official);
    assert_ok(brim_torch_load(&file, shared_path(official)));
    for (int i = 0; i < file.tensor_count; i++)
        add_sums(&file.tensors[i], &sum, &magnitude);
    assert_sum("all", sum, -3013.482884168625, 51000);
    for (size_t i = 0; i < sizeof official_sums / sizeof official_sums[0]; i++) {
        sum = magnitude = 0;
        add_sums(golden(&file, official_sums[i].name), &sum, &magnitude);
        assert_sum(official_sums[i].name, sum, official_sums[i].sum, magnitude);
        assert_sum(official_sums[i].name, magnitude, official_sums[i].magnitude, magnitude);
    }
    assert_int_equal(*(int64_t *)golden(&file, "model.0.bn.num_batches_tracked")->data, 1);
    brim_tensors_clear(&file);
}

/* The golden state_dict has 3 classes, the official weights 80: the Detect convolutions differ in their
 * outputs. */
static void assert_like_golden(const BrimHostTensor *tensor, const json_t *row)
{
    const char *name = json_string_value(json_array_get(row, 0));
    const json_t *shape = json_array_get(row, 1);
    bool detect = strncmp(name, "model.24.m.", 11) == 0;
    bool counter = strcmp(json_string_value(json_array_get(row, 2)), "int64") == 0;
    assert_string_equal(tensor->name, name);
    assert_int_equal(tensor->dtype, counter ? BRIM_HOST_I64 : BRIM_HOST_F32);
    assert_int_equal(tensor->dim_count, json_array_size(shape));
    for (int i = 0; i < tensor->dim_count; i++) {
        json_int_t size = json_integer_value(json_array_get(shape, (size_t)i));
        assert_int_equal(tensor->dims[i], detect && i == 0 ? 3 * (5 + 80) : size);
    }
}

static void the_official_weights_have_the_golden_names_and_shapes(void **state)
{
    (void)state;
    BrimTensorFile file;
    need_shared(official);
    json_t *root = load_golden_json("reference/golden/2_model/yolov5n_nc3.json");
    assert_ok(brim_torch_load(&file, shared_path(official)));
    const json_t *rows = json_object_get(root, "state_dict");
    assert_int_equal(json_array_size(rows), 349);
    assert_int_equal(file.tensor_count, 349);
    for (int i = 0; i < file.tensor_count; i++)
        assert_like_golden(&file.tensors[i], json_array_get(rows, (size_t)i));
    json_decref(root);
    brim_tensors_clear(&file);
}

static void assert_metadata(const BrimTensorFile *file, const char *key, const char *beginning)
{
    const char *text = brim_tensors_metadata(file, key);
    if (!text || strncmp(text, beginning, strlen(beginning)) != 0)
        fail_msg("%s is %s, expected %s", key, text ? text : "absent", beginning);
}

static void the_official_weights_say_what_they_are(void **state)
{
    (void)state;
    BrimTensorFile file;
    need_shared(official);
    assert_ok(brim_torch_load(&file, shared_path(official)));
    assert_metadata(&file, "nc", "80");
    assert_metadata(&file, "names", "[\"person\",\"bicycle\",\"car\",");
    assert_metadata(&file, "stride", "[8,16,32]");
    assert_metadata(&file, "epoch", "-1");
    assert_metadata(&file, "dtype", "F16");
    assert_metadata(&file, "yolov5", "2022-");
    json_t *yaml = json_loads(brim_tensors_metadata(&file, "yaml"), 0, NULL);
    assert_int_equal(json_array_size(json_object_get(yaml, "backbone")), 10);
    assert_int_equal(json_array_size(json_object_get(yaml, "head")), 15);
    assert_true(json_real_value(json_object_get(yaml, "depth_multiple")) == 0.33);
    json_decref(yaml);
    brim_tensors_clear(&file);
}

/* ---- checkpoints of every form ---- */

static void read_checkpoint(PtCheckpoint options, BrimTensorFile *file)
{
    PtBytes archive = pt_checkpoint(options);
    assert_ok(brim_torch_parse(file, "made.pt", archive.data, archive.bytes));
    free(archive.data);
}

/* Floats first, first + step, ... */
static void assert_floats(const BrimTensorFile *file, const char *name, int count, float first, float step)
{
    const float *floats = golden_floats(file, name);
    assert_int_equal(count_of(golden(file, name)), count);
    for (int i = 0; i < count; i++)
        if (floats[i] != first + step * (float)i)
            fail_msg("%s[%d] is %g, expected %g", name, i, (double)floats[i],
                     (double)(first + step * (float)i));
}

static void assert_tensors(const BrimTensorFile *file, bool ema)
{
    static const char *const names[] = {
        "model.0.conv.weight",     "model.0.bn.weight",      "model.0.bn.bias",
        "model.0.bn.running_mean", "model.0.bn.running_var", "model.0.bn.num_batches_tracked",
        "model.1.anchors",         "model.1.mask",           "model.1.m.weight",
    };
    assert_int_equal(file->tensor_count, 9);
    for (int i = 0; i < 9; i++)
        assert_string_equal(file->tensors[i].name, names[i]);
    assert_floats(file, names[0], 24, ema ? 6.0f : 0.0f, 0.25f);
    for (int i = 1; i <= 4; i++) /* four views of one storage */
        assert_floats(file, names[i], 2, -1.0f + 0.5f * (float)(i - 1), 0.25f);
    assert_int_equal(golden(file, names[5])->dtype, BRIM_HOST_I64);
    assert_int_equal(golden(file, names[5])->dim_count, 0);
    assert_true(*(int64_t *)golden(file, names[5])->data == 1234567890123);
    assert_floats(file, names[6], 6, -4.0f, 0.25f);
    assert_int_equal(golden(file, names[7])->dtype, BRIM_HOST_BOOL);
    assert_memory_equal(golden(file, names[7])->data, "\1\0\1", 3);
    static const float transposed[] = {-3, -2, -2.75f, -1.75f, -2.5f, -1.5f, -2.25f, -1.25f};
    assert_memory_equal(golden_floats(file, names[8]), transposed, sizeof transposed);
}

static void checkpoints_of_every_form_are_read(void **state)
{
    (void)state;
    size_t held = brim_mem_held_bytes(BRIM_MEM_TAG_COUNT);
    for (int form = 0; form < 64; form++) {
        BrimTensorFile file;
        PtCheckpoint options = {.protocol = form & 1 ? 4 : 2,
                                .half = form & 2,
                                .ema = form & 4,
                                .names_are_dict = form & 8,
                                .deflate = form & 16,
                                .byte_order = form & 32 ? "little" : NULL};
        read_checkpoint(options, &file);
        assert_tensors(&file, options.ema);
        assert_metadata(&file, "nc", "3");
        assert_metadata(&file, "names", "[\"mask\",\"no mask\",\"mask worn wr\xc3\xb6ng\"]");
        assert_metadata(&file, "stride", "[-5.0]");
        assert_metadata(&file, "yaml", "{\"nc\":3,\"anchors\":[[0.5,1250]],\"depth_multiple\":0.33}");
        assert_metadata(&file, "epoch", "-1");
        assert_metadata(&file, "yolov5", "2022-11-22T10:00:00");
        assert_metadata(&file, "dtype", options.half ? "F16" : "F32");
        brim_tensors_clear(&file);
    }
    assert_int_equal(brim_mem_held_bytes(BRIM_MEM_TAG_COUNT), held);
}

/* As Python takes it: it is nothing, and the model beside it counts. */
static void an_empty_ema_is_passed_over(void **state)
{
    (void)state;
    BrimTensorFile file;
    read_checkpoint((PtCheckpoint){.protocol = 2, .ema_is_empty = true}, &file);
    assert_tensors(&file, false);
    brim_tensors_clear(&file);
}

static void a_file_is_read_as_its_bytes_are(void **state)
{
    (void)state;
    BrimTensorFile file;
    PtBytes archive = pt_checkpoint((PtCheckpoint){.protocol = 2});
    char *path = brim_path_join(scratch_folder(), "best.pt");
    assert_ok(brim_file_write(path, archive.data, archive.bytes));
    assert_ok(brim_torch_load(&file, path));
    assert_tensors(&file, false);
    brim_tensors_clear(&file);
    free(archive.data);
    brim_mem_give(path);
}

static void numbers_of_a_big_endian_machine_are_refused(void **state)
{
    (void)state;
    BrimTensorFile file;
    PtBytes archive = pt_checkpoint((PtCheckpoint){.protocol = 2, .byte_order = "big"});
    assert_refused(brim_torch_parse(&file, "x.pt", archive.data, archive.bytes), BRIM_ERROR_UNSUPPORTED,
                   "x.pt big-endian");
    free(archive.data);
}

/* ---- single tensors ---- */

/* A state_dict of one tensor, "t", over a storage of 64 bytes that count from 0. */
static BrimStatus read_tensor(PtTensor tensor, BrimTensorFile *file)
{
    PtPickle pickle;
    pt_begin(&pickle, 2);
    pt_ordered_begin(&pickle);
    pt_text(&pickle, "t");
    pt_tensor(&pickle, tensor);
    pt_ordered_end(&pickle);
    pt_stop(&pickle);
    PtBytes archive = pt_archive(&pickle, 1, 64);
    BrimStatus status = brim_torch_parse(file, "t.pt", archive.data, archive.bytes);
    free(archive.data);
    return status;
}

static void every_type_of_element_is_read(void **state)
{
    (void)state;
    /* What bytes 8, 9, 10... are as the second element of 8 bytes, the third of 4, and so on. */
    static const struct {
        const char *type;
        int offset;
        BrimHostDtype dtype;
        double value;
    } rows[] = {
        {"FloatStorage", 2, BRIM_HOST_F32, 0x1.14121p-105},
        {"HalfStorage", 4, BRIM_HOST_F32, 0x1.42p-13},
        {"BFloat16Storage", 4, BRIM_HOST_F32, 0x1.1p-109},
        {"DoubleStorage", 1, BRIM_HOST_F32, 0},
        {"LongStorage", 1, BRIM_HOST_I64, 0x0F0E0D0C0B0A0908},
        {"IntStorage", 2, BRIM_HOST_I32, 0x0B0A0908},
        {"ShortStorage", 4, BRIM_HOST_I32, 0x0908},
        {"CharStorage", 8, BRIM_HOST_I32, 8},
        {"ByteStorage", 8, BRIM_HOST_U8, 8},
        {"BoolStorage", 8, BRIM_HOST_BOOL, 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        BrimTensorFile file;
        assert_ok(read_tensor(
            (PtTensor){
                .type = rows[i].type, .key = "0", .count = rows[i].offset + 1, .offset = rows[i].offset},
            &file));
        assert_int_equal(file.tensors[0].dtype, rows[i].dtype);
        if (brim_host_tensor_float(&file.tensors[0], 0) != (float)rows[i].value)
            fail_msg("%s: %a, expected %a", rows[i].type, (double)brim_host_tensor_float(&file.tensors[0], 0),
                     rows[i].value);
        brim_tensors_clear(&file);
    }
}

static void views_are_laid_out_row_by_row(void **state)
{
    (void)state;
    static const struct {
        PtTensor tensor;
        int count;
        const char *bytes;
    } rows[] = {
        {{.rank = 1, .sizes = {4}, .strides = {1}}, 4, "\0\1\2\3"},
        {{.rank = 1, .offset = 60, .sizes = {4}, .strides = {1}}, 4, "\x3C\x3D\x3E\x3F"},
        {{.rank = 2, .sizes = {2, 3}, .strides = {1, 2}}, 6, "\0\2\4\1\3\5"},
        {{.rank = 2, .offset = 3, .sizes = {2, 2}, .strides = {20, 7}}, 4, "\3\xA\x17\x1E"},
        {{.rank = 3, .sizes = {2, 1, 2}, .strides = {2, 999999, 1}}, 4, "\0\1\2\3"},
        {{.rank = 4, .sizes = {1, 2, 2, 2}, .strides = {8, 1, 4, 2}},
         8,
         "\0\2\4\6\1\3\5\7"}, /* channels last */
        {{.rank = 2, .offset = 64, .sizes = {0, 3}, .strides = {3, 1}}, 0, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        BrimTensorFile file;
        PtTensor tensor = rows[i].tensor;
        tensor.type = "ByteStorage";
        tensor.key = "0";
        tensor.count = 64;
        assert_ok(read_tensor(tensor, &file));
        assert_int_equal(file.tensors[0].bytes, rows[i].count);
        assert_true(rows[i].count == 0 ||
                    memcmp(file.tensors[0].data, rows[i].bytes, (size_t)rows[i].count) == 0);
        brim_tensors_clear(&file);
    }
}

/* Every single allocation of a load fails once, and nothing stays behind. */
static void running_out_of_memory_is_survived(void **state)
{
    (void)state;
    BrimTensorFile file;
    PtBytes archive =
        pt_checkpoint((PtCheckpoint){.protocol = 2, .half = true, .ema = true, .names_are_dict = true});
    size_t held = brim_mem_held_bytes(BRIM_MEM_TAG_COUNT);
    uint64_t nth = 0;
    BrimStatus status;
    do {
        brim_mem_fail_at(++nth);
        status = brim_torch_parse(&file, "x.pt", archive.data, archive.bytes);
        brim_mem_fail_at(0);
        if (status != BRIM_OK) {
            assert_int_equal(status, BRIM_ERROR_MEMORY);
            assert_int_equal(brim_mem_held_bytes(BRIM_MEM_TAG_COUNT), held);
        }
    } while (status != BRIM_OK);
    assert_true(nth > 40);
    assert_tensors(&file, true);
    brim_tensors_clear(&file);
    assert_int_equal(brim_mem_held_bytes(BRIM_MEM_TAG_COUNT), held);
    free(archive.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_official_weights_are_those_of_pytorch),
        cmocka_unit_test(the_official_weights_have_the_golden_names_and_shapes),
        cmocka_unit_test(the_official_weights_say_what_they_are),
        cmocka_unit_test(checkpoints_of_every_form_are_read),
        cmocka_unit_test(an_empty_ema_is_passed_over),
        cmocka_unit_test(a_file_is_read_as_its_bytes_are),
        cmocka_unit_test(numbers_of_a_big_endian_machine_are_refused),
        cmocka_unit_test(every_type_of_element_is_read),
        cmocka_unit_test(views_are_laid_out_row_by_row),
        cmocka_unit_test(running_out_of_memory_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

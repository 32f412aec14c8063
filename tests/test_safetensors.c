/* safetensors files: goldens, round trip, everything malformed, atomic writing. */
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "base/file.h"
#include "exchange/safetensors.h"
#include "support/support.h"

static int goldens_read;

static int load_if_golden(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void)info, (void)walk;
    const char *end = strrchr(path, '.');
    if (type != FTW_F || !end || strcmp(end, ".safetensors") != 0)
        return 0;
    BrimTensorFile file;
    assert_ok(brim_safetensors_load(&file, path));
    assert_true(file.tensor_count > 0);
    brim_tensors_clear(&file);
    goldens_read++;
    return 0;
}

static void every_golden_file_is_read(void **state)
{
    (void)state;
    need_shared("reference/golden");
    goldens_read = 0;
    nftw(shared_path("reference/golden"), load_if_golden, 16, FTW_PHYS);
    assert_in_range(goldens_read, 30, 1000);
}

static void goldens_have_the_shapes_of_their_index(void **state)
{
    (void)state;
    BrimTensorFile file;
    load_golden(&file, "reference/golden/5_nms/first_image_empty.safetensors");
    const BrimHostTensor *empty = golden(&file, "det0");
    assert_int_equal(empty->dim_count, 2);
    assert_int_equal(empty->dims[0], 0);
    assert_int_equal(empty->dims[1], 6);
    assert_int_equal(empty->bytes, 0);
    assert_non_null(strstr(brim_tensors_metadata(&file, "params"), "conf"));
    brim_tensors_clear(&file);

    load_golden(&file, "reference/golden/1_inference/n_bus_rect640.safetensors");
    assert_int_equal(golden(&file, "image_rgb_chw_u8")->dtype, BRIM_HOST_U8);
    assert_int_equal(golden(&file, "image_rgb_chw_u8")->bytes, 3 * 640 * 480);
    assert_int_equal(golden(&file, "top400_rows")->dtype, BRIM_HOST_I64);
    assert_int_equal(golden(&file, "decoded_first200")->dims[1], 85);
    brim_tensors_clear(&file);
}

/* One tensor of every dtype, an empty one and a scalar, with metadata that JSON has to escape. */
static void fill(BrimTensorFile *file)
{
    static const char *const names[] = {"f32", "f16", "bf16", "f64", "i64", "i32", "u8", "bool"};
    memset(file, 0, sizeof *file);
    for (int i = 0; i < 8; i++) {
        BrimHostTensor *tensor;
        assert_ok(brim_tensors_add(file, names[i], (BrimHostDtype)i, 2, (int64_t[]){3, i + 1}, &tensor));
        for (size_t b = 0; b < tensor->bytes; b++)
            ((unsigned char *)tensor->data)[b] = (unsigned char)(b * 7 + (size_t)i);
    }
    BrimHostTensor *scalar;
    assert_ok(brim_tensors_add(file, "model.24.\"ä\"", BRIM_HOST_F32, 0, NULL, &scalar));
    *(float *)scalar->data = 0.5f;
    assert_ok(brim_tensors_add(file, "empty", BRIM_HOST_F32, 3, (int64_t[]){2, 0, 4}, NULL));
    assert_ok(brim_tensors_set_metadata(file, "names", "[\"with\",\"without \\\\ \\n\"]"));
    assert_ok(brim_tensors_set_metadata(file, "nc", "2"));
}

static void assert_same(const BrimTensorFile *got, const BrimTensorFile *expected)
{
    assert_int_equal(got->tensor_count, expected->tensor_count);
    for (int i = 0; i < expected->tensor_count; i++) {
        const BrimHostTensor *a = &got->tensors[i], *b = &expected->tensors[i];
        assert_string_equal(a->name, b->name);
        assert_int_equal(a->dtype, b->dtype);
        assert_int_equal(a->dim_count, b->dim_count);
        assert_memory_equal(a->dims, b->dims, sizeof a->dims);
        assert_int_equal(a->bytes, b->bytes);
        assert_true(a->bytes == 0 || memcmp(a->data, b->data, b->bytes) == 0);
    }
    assert_int_equal(got->metadata_count, expected->metadata_count);
    for (int i = 0; i < expected->metadata_count; i++)
        assert_string_equal(brim_tensors_metadata(got, expected->metadata[i].key), expected->metadata[i].value);
}

static void a_file_comes_back_as_it_was_saved(void **state)
{
    (void)state;
    size_t held = brim_mem_held_bytes(BRIM_MEM_TAG_COUNT);
    BrimTensorFile saved, loaded, nothing = {0};
    fill(&saved);
    char *path = brim_path_join(scratch_folder(), "round.safetensors");
    assert_ok(brim_safetensors_save(&saved, path));
    assert_ok(brim_safetensors_load(&loaded, path));
    assert_same(&loaded, &saved);
    brim_tensors_clear(&loaded);

    char *data;
    size_t bytes;
    assert_ok(brim_file_read(path, 10000, &data, &bytes));
    assert_int_equal((unsigned char)data[0] % 8, 0);
    assert_int_equal(data[8], '{');
    brim_mem_give(data);

    assert_ok(brim_safetensors_save(&nothing, path));
    assert_ok(brim_safetensors_load(&loaded, path));
    assert_same(&loaded, &nothing);
    brim_tensors_clear(&loaded);
    brim_tensors_clear(&saved);
    brim_mem_give(path);
    assert_int_equal(brim_mem_held_bytes(BRIM_MEM_TAG_COUNT), held);
}

static void what_the_format_cannot_say_is_not_saved(void **state)
{
    (void)state;
    BrimTensorFile file = {0}, never;
    char *path = brim_path_join(scratch_folder(), "never.safetensors");
    assert_ok(brim_tensors_add(&file, "bad \xff", BRIM_HOST_U8, 1, (int64_t[]){1}, NULL));
    assert_refused(brim_safetensors_save(&file, path), BRIM_ERROR_ARGUMENT, "never.safetensors UTF-8");
    assert_false(brim_file_exists(path));
    brim_tensors_clear(&file);
    assert_ok(brim_tensors_add(&file, "__metadata__", BRIM_HOST_U8, 1, (int64_t[]){1}, NULL));
    assert_ok(brim_tensors_set_metadata(&file, "a", "b"));
    assert_refused(brim_safetensors_save(&file, path), BRIM_ERROR_ARGUMENT, "__metadata__");
    brim_tensors_clear(&file);
    assert_refused(brim_safetensors_load(&never, path), BRIM_ERROR_IO, "never.safetensors");
    brim_mem_give(path);
}

static void a_full_disk_leaves_the_old_file(void **state)
{
    (void)state;
    BrimTensorFile small, large = {0}, loaded;
    fill(&small);
    assert_ok(brim_tensors_add(&large, "large", BRIM_HOST_U8, 1, (int64_t[]){100000}, NULL));
    char *path = brim_path_join(scratch_folder(), "weights.safetensors");
    assert_ok(brim_safetensors_save(&small, path));
    /* A limit on file size is how a full disk looks to a process that may not fill one. */
    struct rlimit old, tight;
    getrlimit(RLIMIT_FSIZE, &old);
    tight = (struct rlimit){.rlim_cur = 4096, .rlim_max = old.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &tight);
    BrimStatus status = brim_safetensors_save(&large, path);
    setrlimit(RLIMIT_FSIZE, &old);
    assert_refused(status, BRIM_ERROR_IO, "weights.safetensors unchanged");
    assert_ok(brim_safetensors_load(&loaded, path));
    assert_same(&loaded, &small);
    brim_tensors_clear(&loaded);
    brim_tensors_clear(&small);
    brim_tensors_clear(&large);
    brim_mem_give(path);
}

/* The header with its right length before it and data_bytes zeros behind. */
static BrimStatus parse(const char *header, size_t data_bytes)
{
    char text[1024] = {0};
    size_t length = strlen(header);
    text[0] = (char)length;
    text[1] = (char)(length >> 8);
    memcpy(text + 8, header, length);
    BrimTensorFile file;
    BrimStatus status = brim_safetensors_parse(&file, "made.safetensors", text, 8 + length + data_bytes);
    if (status == BRIM_OK)
        brim_tensors_clear(&file);
    else
        assert_null(file.tensors);
    return status;
}

static void legal_headers_are_read(void **state)
{
    (void)state;
    assert_ok(parse("{}", 0));
    assert_ok(parse("{}      ", 0));
    assert_ok(parse("{\"__metadata__\":{}}", 0));
    assert_ok(parse("{\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}", 4));
    assert_ok(parse("{\"a\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}}", 0));
    /* The order of the header need not be that of the data. */
    assert_ok(parse("{\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[1,3]},"
                    "\"a\":{\"dtype\":\"BOOL\",\"shape\":[1],\"data_offsets\":[0,1]}}", 3));
}

static void malformed_headers_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        size_t data_bytes;
        const char *words;
    } rows[] = {
        {"", 0, "begin with {"},
        {"[]", 0, "begin with {"},
        {" {}", 0, "begin with {"},
        {"{", 0, "header byte"},
        {"{} x", 0, "header byte"},
        {"{}", 1, "1 bytes belong to no tensor"},
        {"{\"a\":1}", 0, "tensor a dtype"},
        {"{\"a\":null}", 0, "tensor a dtype"},
        {"{\"a\\u0000b\":1}", 0, "header byte"},
        {"{\"a\xff\":1}", 0, "header byte"},
        {"{\"__metadata__\":1}", 0, "__metadata__ object"},
        {"{\"__metadata__\":{\"x\":1}}", 0, "__metadata__.x text"},
        {"{\"a\":{\"dtype\":\"F8_E4M3\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1, "tensor a F8_E4M3"},
        {"{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4, "tensor a shape"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", 4, "dimension 0 tensor a"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1.0],\"data_offsets\":[0,4]}}", 4, "dimension 0 tensor a"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1,1,1,1,1,1,1,1,1],\"data_offsets\":[0,1]}}", 1, "9 dimensions"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,4]}}", 4, "impossible"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[9223372036854775807],\"data_offsets\":[0,4]}}", 4, "impossible"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[9223372036854775808],\"data_offsets\":[0,4]}}", 4, "header byte"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "tensor a data_offsets"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}", 4, "tensor a data_offsets"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,8]}}", 4, "tensor a data_offsets"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[-4,0]}}", 4, "tensor a -4"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}}", 4, "tensor a 4 to 0"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 4, "tensor a cut short"},
        {"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4, "needs 8 bytes has 4"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]}}", 2, "tensor a byte 1"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},"
         "\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[1,3]}}", 3, "tensor b byte 1"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
         "\"b\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[2,3]}}", 3, "tensor b byte 2"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
         "\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]}}", 2, "header duplicate"},
    };
    size_t held = brim_mem_held_bytes(BRIM_MEM_TAG_COUNT);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_refused(parse(rows[i].header, rows[i].data_bytes), BRIM_ERROR_INPUT, rows[i].words);
        assert_non_null(strstr(brim_last_error(), "made.safetensors"));
    }
    assert_int_equal(brim_mem_held_bytes(BRIM_MEM_TAG_COUNT), held);
}

static void a_wrong_length_is_refused(void **state)
{
    (void)state;
    BrimTensorFile file;
    assert_refused(brim_safetensors_parse(&file, "x", "", 0), BRIM_ERROR_INPUT, "x too few");
    assert_refused(brim_safetensors_parse(&file, "x", "\2\0\0\0\0\0\0", 7), BRIM_ERROR_INPUT, "too few");
    assert_refused(brim_safetensors_parse(&file, "x", "\3\0\0\0\0\0\0\0{}", 10), BRIM_ERROR_INPUT, "3 bytes");
    assert_refused(brim_safetensors_parse(&file, "x", "\xff\xff\xff\xff\xff\xff\xff\xff{}", 10), BRIM_ERROR_INPUT,
                   "no safetensors file");
}

/* Every single allocation of a load fails once, and nothing stays behind. */
static void running_out_of_memory_is_survived(void **state)
{
    (void)state;
    BrimTensorFile saved, loaded;
    fill(&saved);
    char *path = brim_path_join(scratch_folder(), "memory.safetensors");
    assert_ok(brim_safetensors_save(&saved, path));
    size_t held = brim_mem_held_bytes(BRIM_MEM_TAG_COUNT);
    uint64_t nth = 0;
    BrimStatus status;
    do {
        brim_mem_fail_at(++nth);
        status = brim_safetensors_load(&loaded, path);
        brim_mem_fail_at(0);
        assert_true(status == BRIM_OK || status == BRIM_ERROR_MEMORY);
        if (status != BRIM_OK)
            assert_int_equal(brim_mem_held_bytes(BRIM_MEM_TAG_COUNT), held);
    } while (status != BRIM_OK);
    assert_true(nth > 20);
    assert_same(&loaded, &saved);
    brim_tensors_clear(&loaded);
    brim_tensors_clear(&saved);
    brim_mem_give(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_golden_file_is_read),
        cmocka_unit_test(goldens_have_the_shapes_of_their_index),
        cmocka_unit_test(a_file_comes_back_as_it_was_saved),
        cmocka_unit_test(what_the_format_cannot_say_is_not_saved),
        cmocka_unit_test(a_full_disk_leaves_the_old_file),
        cmocka_unit_test(legal_headers_are_read),
        cmocka_unit_test(malformed_headers_are_refused),
        cmocka_unit_test(a_wrong_length_is_refused),
        cmocka_unit_test(running_out_of_memory_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* `.pt` files that mean harm or are broken: each is refused with words, nothing is run, memory stays bounded.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "exchange/pickle.h"
#include "exchange/torch.h"
#include "support/make_pt.h"
#include "support/support.h"

static void assert_archive_refused(PtBytes archive, BrimStatus expected, const char *words)
{
    BrimTensorFile file;
    size_t held = brim_mem_held_bytes(BRIM_MEM_TAG_COUNT);
    assert_refused(brim_torch_parse(&file, "bad.pt", archive.data, archive.bytes), expected, words);
    assert_int_equal(strncmp(brim_last_error(), "bad.pt: ", 8), 0);
    assert_null(strchr(brim_last_error(), '\n'));
    assert_null(file.tensors);
    assert_int_equal(brim_mem_held_bytes(BRIM_MEM_TAG_COUNT), held);
}

/* With one storage of 64 bytes beside it. */
static void assert_pickle_refused(PtPickle *pickle, const char *words)
{
    PtBytes archive = pt_archive(pickle, 1, 64);
    assert_archive_refused(archive, BRIM_ERROR_INPUT, words);
    free(archive.data);
}

static void assert_opcodes_refused(const char *opcodes, size_t bytes, const char *words)
{
    PtPickle pickle;
    pt_begin(&pickle, 2);
    pt_put(&pickle.out, opcodes, bytes);
    assert_pickle_refused(&pickle, words);
}

/* ---- calls ---- */

static void what_runs_programs_is_refused_by_name(void **state)
{
    (void)state;
    static const char *const names[][2] = {
        {"os", "system"},
        {"posix", "system"},
        {"nt", "system"},
        {"subprocess", "Popen"},
        {"builtins", "eval"},
        {"builtins", "exec"},
        {"runpy", "run_path"},
        {"os.path", "join"},
        {"__builtin__", "eval"},
        {"builtins", "__import__"},
        {"importlib", "import_module"},
    };
    char words[64];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        for (int protocol = 2; protocol <= 4; protocol += 2) {
            PtPickle pickle; /* beside a model, where nothing would have looked */
            pt_begin(&pickle, protocol);
            pt_dict_begin(&pickle);
            pt_text(&pickle, "state_dict");
            pt_ordered_begin(&pickle);
            pt_text(&pickle, "t");
            pt_tensor(&pickle, (PtTensor){.type = "ByteStorage", .key = "0", .count = 1});
            pt_ordered_end(&pickle);
            pt_text(&pickle, "extra");
            pt_call(&pickle, names[i][0], names[i][1], "touch /tmp/harm");
            pt_dict_end(&pickle);
            pt_stop(&pickle);
            snprintf(words, sizeof words, "%s.%s malicious", names[i][0], names[i][1]);
            assert_pickle_refused(&pickle, words);
        }
    }
}

static void unknown_calls_in_place_of_weights_are_refused_by_name(void **state)
{
    (void)state;
    PtPickle pickle;
    pt_begin(&pickle, 2);
    pt_call(&pickle, "my.module", "make_model", "x");
    pt_stop(&pickle);
    assert_pickle_refused(&pickle, "my.module.make_model");

    pt_begin(&pickle, 2);
    pt_ordered_begin(&pickle);
    pt_text(&pickle, "t");
    pt_call(&pickle, "torch._utils", "_rebuild_sparse_tensor", "x");
    pt_ordered_end(&pickle);
    pt_stop(&pickle);
    assert_pickle_refused(&pickle, "t: torch._utils._rebuild_sparse_tensor");

    pt_begin(&pickle, 2); /* what a terminal would take for commands */
    pt_call(&pickle, "a\x1b[2J", "b\x07", "x");
    pt_stop(&pickle);
    assert_pickle_refused(&pickle, "a?[2J.b?");
}

/* ---- opcodes ---- */

static void broken_pickles_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *opcodes;
        size_t bytes;
        const char *words;
    } rows[] = {
        {"", 0, "ends too early"},
        {".", 1, "nothing on the stack"},
        {"N", 1, "ends too early"},
        {"\x80\x06", 2, "protocol 6"},
        {"\x80\x01", 2, "protocol 1"},
        {"i", 1, "opcode 0x69"},
        {"(0", 2, "ends too early"},
        {"t", 1, "no mark"},
        {"h\x05.", 3, "part 5 never remembered"},
        {"Nr\xff\xff\xff\xff.", 6, "more than parts"},
        {"X\xff\xff\xff\x7f"
         "a",
         6, "ends too early"},
        {"\x8D\xff\xff\xff\xff\xff\xff\xff\xff"
         "a",
         10, "ends too early"},
        {"\x8B\xff\xff\xff\xff"
         "a",
         6, "ends too early"},
        {"cos", 3, "without an end"},
        {"NN\x93.", 4, "global no name"},
        {"]K\x01K\x02s.", 7, "takes none"},
        {"}K\x01"
         "a.",
         5, "takes none"},
        {"}(K\x01u.", 6, "a key without a value"},
        {"K\x01\x86.", 4, "too little"},
        {"(\x85.", 3, "too little"},
        {"N.", 2, "None where a model"},
        {"].", 2, "a list where a model"},
        {"}.", 2, "no tensors"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_opcodes_refused(rows[i].opcodes, rows[i].bytes, rows[i].words);
}

/* A pickle of count repetitions of the opcodes between begin and end. */
static PtPickle repeat(const char *begin, size_t count, const char *opcodes, const char *end)
{
    PtPickle pickle;
    pt_begin(&pickle, 2);
    pt_put(&pickle.out, begin, strlen(begin));
    for (size_t i = 0; i < count; i++)
        pt_put(&pickle.out, opcodes, strlen(opcodes));
    pt_put(&pickle.out, end, strlen(end));
    return pickle;
}

static void bombs_stay_small(void **state)
{
    (void)state;
    brim_mem_limit(brim_mem_held_bytes(BRIM_MEM_TAG_COUNT) + ((size_t)512 << 20));
    PtPickle marks = repeat("", 1 << 17, "(", ".");
    assert_pickle_refused(&marks, "marks on the stack");
    PtPickle stack = repeat("", (1 << 20) + 1, "N", ".");
    assert_pickle_refused(&stack, "items on the stack");
    PtPickle nodes = repeat("", 3 << 20, ")0", "N.");
    assert_pickle_refused(&nodes, "parts");
    PtPickle deep = repeat(")", 1 << 20, "\x85", "."); /* a million tuples in each other */
    assert_pickle_refused(&deep, "a tuple where a model");
    PtPickle doubled = repeat(")", 100, "2\x86", "."); /* 2 to the 100th leaves */
    assert_pickle_refused(&doubled, "a tuple where a model");
    brim_mem_limit(0);
}

/* A module that contains itself, and one under two names again and again. */
static void tangled_modules_end(void **state)
{
    (void)state;
    static const char *const keys[] = {"a", "b"};
    for (int children = 1; children <= 2; children++) {
        PtPickle pickle;
        pt_begin(&pickle, 2);
        pt_object_begin(&pickle, "torch.nn", "Module"); /* remembered as part 1, after its class */
        pt_text(&pickle, "_modules");
        pt_ordered_begin(&pickle);
        for (int i = 0; i < children; i++) {
            pt_text(&pickle, keys[i]);
            pt_op(&pickle, 'h');
            pt_number(&pickle, 1, 1);
        }
        pt_ordered_end(&pickle);
        pt_object_end(&pickle);
        pt_stop(&pickle);
        assert_pickle_refused(&pickle, "nested more than 32 deep");
    }
}

/* ---- tensors ---- */

static void tensors_beyond_their_storage_are_refused(void **state)
{
    (void)state;
    static const int64_t huge = INT64_MAX;
    const struct {
        PtTensor tensor;
        const char *words;
    } rows[] = {
        {{.type = "FloatStorage", .key = "0", .count = 17, .rank = 1, .sizes = {17}, .strides = {1}},
         "too few"},
        {{.type = "FloatStorage", .key = "0", .count = huge, .rank = 1, .sizes = {1}, .strides = {1}},
         "too few"},
        {{.type = "FloatStorage", .key = "0", .count = 16, .offset = 16}, "beyond its storage"},
        {{.type = "FloatStorage", .key = "0", .count = 16, .offset = huge}, "beyond its storage"},
        {{.type = "FloatStorage", .key = "0", .count = 16, .offset = -1}, "malformed"},
        {{.type = "FloatStorage", .key = "0", .count = -1}, "malformed"},
        {{.type = "FloatStorage", .key = "0", .count = 16, .rank = 1, .sizes = {17}, .strides = {1}},
         "beyond"},
        {{.type = "FloatStorage", .key = "0", .count = 16, .rank = 1, .sizes = {17}, .strides = {0}},
         "beyond"},
        {{.type = "FloatStorage", .key = "0", .count = 16, .rank = 1, .sizes = {2}, .strides = {16}},
         "beyond"},
        {{.type = "FloatStorage", .key = "0", .count = 16, .rank = 1, .sizes = {2}, .strides = {-1}},
         "malformed"},
        {{.type = "FloatStorage", .key = "0", .count = 16, .rank = 1, .sizes = {-2}, .strides = {1}},
         "malformed"},
        {{.type = "FloatStorage", .key = "0", .count = 16, .rank = 1, .sizes = {2}, .strides = {huge}},
         "beyond"},
        {{.type = "FloatStorage",
          .key = "0",
          .count = 16,
          .offset = 8,
          .rank = 1,
          .sizes = {3},
          .strides = {huge}},
         "beyond"},
        {{.type = "FloatStorage",
          .key = "0",
          .count = huge,
          .rank = 2,
          .sizes = {huge, huge},
          .strides = {1, 1}},
         "beyond"},
        {{.type = "FloatStorage", .key = "0", .count = 16, .rank = 9, .sizes = {1, 1, 1, 1, 1, 1, 1, 1, 1}},
         "malformed"},
        {{.type = "FloatStorage", .key = "1", .count = 1}, "no member archive/data/1"},
        {{.type = "FloatStorage", .key = "../data/0", .count = 1}, "no usable name"},
        {{.type = "FloatStorage", .key = "", .count = 1}, "no member"},
        {{.type = "ComplexFloatStorage", .key = "0", .count = 1}, "torch.ComplexFloatStorage"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        PtPickle pickle;
        pt_begin(&pickle, 2);
        pt_ordered_begin(&pickle);
        pt_text(&pickle, "t");
        pt_tensor(&pickle, rows[i].tensor);
        pt_ordered_end(&pickle);
        pt_stop(&pickle);
        assert_pickle_refused(&pickle, rows[i].words);
    }
}

/* ---- archives ---- */

static void members_outside_are_never_touched(void **state)
{
    (void)state;
    PtZip zip;
    pt_zip_begin(&zip);
    pt_zip_add(&zip, "../../tmp/brim-harm", "x", 1, false);
    pt_zip_add(&zip, "/etc/data.pkl", "x", 1, false);
    pt_zip_add(&zip, "a/b/data.pkl", "x", 1, false);
    pt_zip_add(&zip, "a\nb/data.pkl", "x", 1, false);
    PtBytes archive = pt_zip_end(&zip);
    assert_archive_refused(archive, BRIM_ERROR_INPUT, "without data.pkl");
    assert_false(brim_file_exists("/tmp/brim-harm"));
    free(archive.data);
}

static void zip_bombs_are_refused_before_they_unpack(void **state)
{
    (void)state;
    size_t bytes = (size_t)64 << 20;
    char *zeros = calloc(bytes, 1);
    PtZip zip;
    pt_zip_begin(&zip);
    pt_zip_add(&zip, "archive/data.pkl", zeros, bytes, true);
    PtBytes archive = pt_zip_end(&zip);
    free(zeros);
    assert_true(archive.bytes < bytes / 500);
    brim_mem_limit(brim_mem_held_bytes(BRIM_MEM_TAG_COUNT) + 1024);
    assert_archive_refused(archive, BRIM_ERROR_INPUT, "unpack 50 times");
    brim_mem_limit(0);
    free(archive.data);
}

/* Puts value at an offset behind the start of each header of a zip with that signature. */
static void overwrite(PtBytes archive, const char *signature, size_t offset, uint32_t value)
{
    for (size_t i = 0; i + offset + 4 <= archive.bytes; i++)
        if (memcmp(archive.data + i, signature, 4) == 0)
            memcpy(archive.data + i + offset, &value, sizeof value);
}

static void members_that_lie_about_their_size_are_refused(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {0, 1, 100, 100000, 0x7FFFFFFF, 0xFFFFFFFE};
    for (int deflate = 0; deflate < 2; deflate++) {
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            BrimTensorFile file;
            PtBytes archive = pt_checkpoint((PtCheckpoint){.protocol = 2, .deflate = deflate});
            overwrite(archive, "PK\1\2", 24, sizes[i]); /* the directory's uncompressed sizes */
            brim_mem_limit(brim_mem_held_bytes(BRIM_MEM_TAG_COUNT) + ((size_t)64 << 20));
            assert_int_equal(brim_torch_parse(&file, "lie.pt", archive.data, archive.bytes),
                             BRIM_ERROR_INPUT);
            brim_mem_limit(0);
            free(archive.data);
        }
    }
}

static void every_cut_and_every_changed_byte_is_survived(void **state)
{
    (void)state;
    BrimTensorFile file;
    PtBytes archive = pt_checkpoint((PtCheckpoint){.protocol = 2, .half = true});
    size_t held = brim_mem_held_bytes(BRIM_MEM_TAG_COUNT);
    for (size_t bytes = 0; bytes < archive.bytes; bytes++) {
        unsigned char *cut = malloc(bytes + 1); /* of its own size, so that a read past the end is seen */
        memcpy(cut, archive.data, bytes);
        assert_true(brim_torch_parse(&file, "cut.pt", cut, bytes) != BRIM_OK);
        free(cut);
    }
    for (size_t i = 0; i < archive.bytes; i++) {
        archive.data[i] ^= 0xFF;
        if (brim_torch_parse(&file, "changed.pt", archive.data, archive.bytes) == BRIM_OK)
            brim_tensors_clear(&file);
        archive.data[i] ^= 0xFF;
        assert_int_equal(brim_mem_held_bytes(BRIM_MEM_TAG_COUNT), held);
    }
    free(archive.data);
}

static void a_wrong_checksum_is_refused(void **state)
{
    (void)state;
    PtBytes archive = pt_checkpoint((PtCheckpoint){.protocol = 2});
    overwrite(archive, "PK\1\2", 16, 0x12345678); /* the directory's checksums */
    assert_archive_refused(archive, BRIM_ERROR_INPUT, "member archive/data.pkl");
    free(archive.data);
}

/* ---- files of other kinds ---- */

static void files_of_other_kinds_are_told_what_to_do(void **state)
{
    (void)state;
    static char tar[512];
    memcpy(tar + 257, "ustar", 5);
    static const struct {
        const char *data;
        size_t bytes;
        BrimStatus status;
        const char *words;
    } rows[] = {
        {"\x80\x02\x8A\x0A\x6C\xFC\x9C\x46\xF9\x20\x6A\xA8\x50\x19.", 15, BRIM_ERROR_UNSUPPORTED,
         "1.6 save once more"},
        {tar, sizeof tar, BRIM_ERROR_UNSUPPORTED, "tar save once more"},
        {"\x80\x02}.", 4, BRIM_ERROR_INPUT, "bare pickle torch.save"},
        {"\x1F\x8B\x08", 3, BRIM_ERROR_INPUT, "gzip unpack"},
        {"version https://git-lfs", 23, BRIM_ERROR_INPUT, "git lfs pull"},
        {"<!doctype html>", 15, BRIM_ERROR_INPUT, "web page download"},
        {"\x02\0\0\0\0\0\0\0{}", 10, BRIM_ERROR_INPUT, "safetensors"},
        {"PK\3\4", 4, BRIM_ERROR_INPUT, "zip"},
        {"", 0, BRIM_ERROR_INPUT, "no PyTorch checkpoint"},
        {"hello", 5, BRIM_ERROR_INPUT, "no PyTorch checkpoint"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_archive_refused((PtBytes){.data = (unsigned char *)rows[i].data, .bytes = rows[i].bytes},
                               rows[i].status, rows[i].words);
}

static void a_torchscript_program_is_refused(void **state)
{
    (void)state;
    PtZip zip;
    pt_zip_begin(&zip);
    pt_zip_add(&zip, "m/data.pkl", "\x80\x02}.", 4, false);
    pt_zip_add(&zip, "m/constants.pkl", "\x80\x02).", 4, false);
    PtBytes archive = pt_zip_end(&zip);
    assert_archive_refused(archive, BRIM_ERROR_UNSUPPORTED, "TorchScript");
    free(archive.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_runs_programs_is_refused_by_name),
        cmocka_unit_test(unknown_calls_in_place_of_weights_are_refused_by_name),
        cmocka_unit_test(broken_pickles_are_refused),
        cmocka_unit_test(bombs_stay_small),
        cmocka_unit_test(tangled_modules_end),
        cmocka_unit_test(tensors_beyond_their_storage_are_refused),
        cmocka_unit_test(members_outside_are_never_touched),
        cmocka_unit_test(zip_bombs_are_refused_before_they_unpack),
        cmocka_unit_test(members_that_lie_about_their_size_are_refused),
        cmocka_unit_test(every_cut_and_every_changed_byte_is_survived),
        cmocka_unit_test(a_wrong_checksum_is_refused),
        cmocka_unit_test(files_of_other_kinds_are_told_what_to_do),
        cmocka_unit_test(a_torchscript_program_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

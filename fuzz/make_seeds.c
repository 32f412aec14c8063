/* Writes the seeds of fuzz/corpus/{torch,pickle,safetensors}, all of them made here: cmake --build ...
 * --target make_seeds, then make_seeds fuzz/corpus. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "exchange/safetensors.h"
#include "support/make_pt.h"

static const char *corpus;

static void need(BrimStatus status)
{
    if (status == BRIM_OK)
        return;
    fprintf(stderr, "%s\n", brim_last_error());
    exit(1);
}

static void write_seed(const char *name, const void *data, size_t bytes)
{
    char *path = brim_path_join(corpus, name);
    need(path ? brim_file_write(path, data, bytes) : BRIM_ERROR_MEMORY);
    brim_mem_give(path);
}

static void write_pickle(const char *name, PtPickle *pickle)
{
    char path[64];
    snprintf(path, sizeof path, "pickle/%s", name);
    write_seed(path, pickle->out.data, pickle->out.bytes);
}

/* The same thing as a pickle and inside an archive. */
static void write_both(const char *name, PtPickle *pickle)
{
    char path[64];
    write_pickle(name, pickle);
    PtBytes archive = pt_archive(pickle, 1, 64);
    snprintf(path, sizeof path, "torch/%s.pt", name);
    write_seed(path, archive.data, archive.bytes);
    free(archive.data);
}

static void make_checkpoints(void)
{
    static const struct {
        const char *name;
        PtCheckpoint options;
    } rows[] = {
        {"torch/v7.pt", {.protocol = 2, .half = true, .names_are_dict = true}},
        {"torch/v6_ema.pt", {.protocol = 2, .ema = true}},
        {"torch/protocol4.pt", {.protocol = 4, .names_are_dict = true, .byte_order = "little"}},
        {"torch/deflated.pt", {.protocol = 2, .deflate = true}},
        {"torch/big_endian.pt", {.protocol = 2, .byte_order = "big"}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        PtBytes archive = pt_checkpoint(rows[i].options);
        write_seed(rows[i].name, archive.data, archive.bytes);
        free(archive.data);
    }
}

static void make_state_dict(int protocol, const char *name)
{
    PtPickle pickle;
    pt_begin(&pickle, protocol);
    pt_ordered_begin(&pickle);
    pt_text(&pickle, "a.weight");
    pt_tensor(&pickle, (PtTensor){.type = "FloatStorage",
                                  .key = "0",
                                  .count = 16,
                                  .offset = 4,
                                  .rank = 2,
                                  .sizes = {2, 3},
                                  .strides = {1, 2},
                                  .parameter = true});
    pt_text(&pickle, "a.count");
    pt_tensor(&pickle, (PtTensor){.type = "LongStorage", .key = "0", .count = 8});
    pt_ordered_end(&pickle);
    pt_stop(&pickle);
    write_both(name, &pickle);
}

static void make_hostile(void)
{
    PtPickle pickle;
    pt_begin(&pickle, 2);
    pt_call(&pickle, "os", "system", "true");
    pt_stop(&pickle);
    write_both("system", &pickle);

    pt_begin(&pickle, 2); /* a list in itself, then once more from the memo */
    pt_op(&pickle, ']');
    pt_op(&pickle, 'q');
    pt_number(&pickle, 0, 1);
    pt_op(&pickle, '(');
    for (int i = 0; i < 2; i++) {
        pt_op(&pickle, 'h');
        pt_number(&pickle, 0, 1);
    }
    pt_op(&pickle, 'e');
    pt_stop(&pickle);
    write_both("itself", &pickle);
}

/* Every opcode that is not in the others. */
static void make_opcodes(void)
{
    static const char text[] =
        "\x80\x05\x95\x10\0\0\0\0\0\0\0(\x8A\x01\xFF\x8B\x02\0\0\0\x01\x02U\x01uT\x01\0\0\0tC\x01"
        "cB\x01\0\0\0b\x8D\x01\0\0\0\0\0\0\0x\x8E\x01\0\0\0\0\0\0\0y\x96\x01\0\0\0\0\0\0\0zl"
        "(K\x01K\x02\x91\x8F(K\x03\x90(\x88\x89t(K\x01K\x02"
        "d}K\x01K\x02s(NN1N0(0N2\x86\x86\x87\x87.";
    write_seed("pickle/opcodes", text, sizeof text - 1);
}

static void save_safetensors(const BrimTensorFile *file, const char *name)
{
    char *path = brim_path_join(corpus, name);
    need(path ? brim_safetensors_save(file, path) : BRIM_ERROR_MEMORY);
    brim_mem_give(path);
}

static void make_safetensors(void)
{
    static const char *const names[] = {"f32", "f16", "bf16", "f64", "i64", "i32", "u8", "bool"};
    BrimTensorFile file = {0};
    save_safetensors(&file, "safetensors/nothing");
    for (int i = 0; i < 8; i++)
        need(brim_tensors_add(&file, names[i], (BrimHostDtype)i, 2, (int64_t[]){2, i}, NULL));
    need(brim_tensors_add(&file, "model.24.anchors", BRIM_HOST_F32, 0, NULL, NULL));
    need(brim_tensors_set_metadata(&file, "names", "[\"mask\",\"no mask \\n\"]"));
    need(brim_tensors_set_metadata(&file, "nc", "2"));
    save_safetensors(&file, "safetensors/every_type");
    brim_tensors_clear(&file);
    static const char overlap[] =
        "\x7B\0\0\0\0\0\0\0{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},"
        "\"b\":{\"dtype\":\"U8\",\"shape\":[9223372036854775807],\"data_offsets\":[1,3]}}   xyz";
    write_seed("safetensors/overlap", overlap, sizeof overlap - 1);
}

int main(int count, char **arguments)
{
    static const char *const folders[] = {"torch", "pickle", "safetensors"};
    if (count != 2) {
        fprintf(stderr, "usage: make_seeds fuzz/corpus\n");
        return 2;
    }
    corpus = arguments[1];
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        char *path = brim_path_join(corpus, folders[i]);
        need(path ? brim_folder_make(path) : BRIM_ERROR_MEMORY);
        brim_mem_give(path);
    }
    make_checkpoints();
    make_state_dict(2, "state_dict");
    make_state_dict(4, "state_dict4");
    make_hostile();
    make_opcodes();
    make_safetensors();
    return 0;
}

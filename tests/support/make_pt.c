/* Small checkpoints, byte by byte. */
#include "support/make_pt.h"

#include <stdlib.h>
#include <string.h>

#define ROOT "archive/"

static void *need(void *pointer)
{
    if (!pointer)
        abort();
    return pointer;
}

void pt_put(PtBytes *out, const void *data, size_t bytes)
{
    if (out->bytes + bytes > out->room) {
        out->room = 2 * (out->bytes + bytes) + 256;
        out->data = need(realloc(out->data, out->room));
    }
    if (bytes)
        memcpy(out->data + out->bytes, data, bytes);
    out->bytes += bytes;
}

/* ---- pickles; the opcodes are those of Python's pickletools ---- */

void pt_op(PtPickle *pickle, int opcode)
{
    pt_number(pickle, (uint64_t)opcode, 1);
}

void pt_number(PtPickle *pickle, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++) {
        unsigned char byte = (unsigned char)(value >> 8 * i);
        pt_put(&pickle->out, &byte, 1);
    }
}

void pt_begin(PtPickle *pickle, int protocol)
{
    *pickle = (PtPickle){.protocol = protocol};
    pt_op(pickle, 0x80);
    pt_number(pickle, (uint64_t)protocol, 1);
}

void pt_stop(PtPickle *pickle)
{
    pt_op(pickle, '.');
}

static void remember(PtPickle *pickle)
{
    int index = pickle->remembered++;
    if (pickle->protocol >= 4) {
        pt_op(pickle, 0x94);
        return;
    }
    pt_op(pickle, index < 256 ? 'q' : 'r');
    pt_number(pickle, (uint64_t)index, index < 256 ? 1 : 4);
}

void pt_text(PtPickle *pickle, const char *text)
{
    size_t bytes = strlen(text);
    bool brief = pickle->protocol >= 4 && bytes < 256;
    pt_op(pickle, brief ? 0x8C : 'X');
    pt_number(pickle, bytes, brief ? 1 : 4);
    pt_put(&pickle->out, text, bytes);
    remember(pickle);
}

void pt_integer(PtPickle *pickle, int64_t value)
{
    if (value >= 0 && value < 256) {
        pt_op(pickle, 'K');
        pt_number(pickle, (uint64_t)value, 1);
    } else if (value >= 0 && value < 65536) {
        pt_op(pickle, 'M');
        pt_number(pickle, (uint64_t)value, 2);
    } else if (value == (int32_t)value) {
        pt_op(pickle, 'J');
        pt_number(pickle, (uint64_t)value, 4);
    } else {
        pt_op(pickle, 0x8A);
        pt_number(pickle, 8, 1);
        pt_number(pickle, (uint64_t)value, 8);
    }
}

void pt_real(PtPickle *pickle, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    pt_op(pickle, 'G');
    pt_number(pickle, __builtin_bswap64(bits), 8);
}

void pt_global(PtPickle *pickle, const char *module, const char *name)
{
    if (pickle->protocol >= 4) {
        pt_text(pickle, module);
        pt_text(pickle, name);
        pt_op(pickle, 0x93);
    } else {
        pt_op(pickle, 'c');
        pt_put(&pickle->out, module, strlen(module));
        pt_put(&pickle->out, "\n", 1);
        pt_put(&pickle->out, name, strlen(name));
        pt_put(&pickle->out, "\n", 1);
    }
    remember(pickle);
}

void pt_call(PtPickle *pickle, const char *module, const char *name, const char *argument)
{
    pt_global(pickle, module, name);
    pt_text(pickle, argument);
    pt_op(pickle, 0x85);
    pt_op(pickle, 'R');
}

void pt_integers(PtPickle *pickle, int count, const int64_t *values)
{
    static const int tuples[] = {')', 0x85, 0x86, 0x87};
    if (count > 3)
        pt_op(pickle, '(');
    for (int i = 0; i < count; i++)
        pt_integer(pickle, values[i]);
    pt_op(pickle, count > 3 ? 't' : tuples[count]);
}

void pt_dict_begin(PtPickle *pickle)
{
    pt_op(pickle, '}');
    remember(pickle);
    pt_op(pickle, '(');
}

void pt_dict_end(PtPickle *pickle)
{
    pt_op(pickle, 'u');
}

void pt_ordered_begin(PtPickle *pickle)
{
    pt_global(pickle, "collections", "OrderedDict");
    pt_op(pickle, ')');
    pt_op(pickle, 'R');
    remember(pickle);
    pt_op(pickle, '(');
}

void pt_ordered_end(PtPickle *pickle)
{
    pt_op(pickle, 'u');
}

void pt_object_begin(PtPickle *pickle, const char *module, const char *name)
{
    pt_global(pickle, module, name);
    pt_op(pickle, ')');
    pt_op(pickle, 0x81);
    remember(pickle);
    pt_dict_begin(pickle);
}

void pt_object_end(PtPickle *pickle)
{
    pt_dict_end(pickle);
    pt_op(pickle, 'b');
}

void pt_tensor(PtPickle *pickle, PtTensor tensor)
{
    if (tensor.parameter) {
        pt_global(pickle, "torch._utils", "_rebuild_parameter");
        pt_op(pickle, '(');
    }
    pt_global(pickle, "torch._utils", "_rebuild_tensor_v2");
    pt_op(pickle, '(');
    pt_op(pickle, '(');
    pt_text(pickle, "storage");
    pt_global(pickle, "torch", tensor.type);
    pt_text(pickle, tensor.key);
    pt_text(pickle, "cpu");
    pt_integer(pickle, tensor.count);
    pt_op(pickle, 't');
    pt_op(pickle, 'Q');
    pt_integer(pickle, tensor.offset);
    pt_integers(pickle, tensor.rank, tensor.sizes);
    pt_integers(pickle, tensor.rank, tensor.strides);
    for (int i = 0; i <= tensor.parameter; i++) {
        pt_op(pickle, i ? 0x88 : 0x89);
        pt_ordered_begin(pickle);
        pt_ordered_end(pickle);
        pt_op(pickle, 't');
        pt_op(pickle, 'R');
    }
}

/* ---- archives ---- */

void pt_zip_begin(PtZip *zip)
{
    zip->source = need(zip_source_buffer_create(NULL, 0, 0, NULL));
    zip_source_keep(zip->source);
    zip->zip = need(zip_open_from_source(zip->source, ZIP_TRUNCATE, NULL));
}

void pt_zip_add(PtZip *zip, const char *name, const void *data, size_t bytes, bool deflate)
{
    void *copy = need(malloc(bytes + 1));
    if (bytes)
        memcpy(copy, data, bytes);
    zip_source_t *source = need(zip_source_buffer(zip->zip, copy, bytes, 1));
    zip_int64_t index = zip_file_add(zip->zip, name, source, 0);
    if (index < 0)
        abort();
    zip_set_file_compression(zip->zip, (zip_uint64_t)index, deflate ? ZIP_CM_DEFLATE : ZIP_CM_STORE, 0);
    zip_file_set_dostime(zip->zip, (zip_uint64_t)index, 0, 0x21, 0); /* the first of January 1980 */
}

PtBytes pt_zip_end(PtZip *zip)
{
    zip_stat_t info;
    PtBytes out = {0};
    if (zip_close(zip->zip) != 0 || zip_source_stat(zip->source, &info) != 0 ||
        zip_source_open(zip->source) != 0)
        abort();
    out.bytes = (size_t)info.size;
    out.data = need(malloc(out.bytes));
    if (zip_source_read(zip->source, out.data, out.bytes) != (zip_int64_t)out.bytes)
        abort();
    zip_source_close(zip->source);
    zip_source_free(zip->source);
    return out;
}

PtBytes pt_archive(PtPickle *pickle, int storages, size_t storage_bytes)
{
    PtZip zip;
    unsigned char *counting = need(malloc(storage_bytes + 1));
    for (size_t i = 0; i < storage_bytes; i++)
        counting[i] = (unsigned char)i;
    pt_zip_begin(&zip);
    pt_zip_add(&zip, ROOT "data.pkl", pickle->out.data, pickle->out.bytes, false);
    for (int i = 0; i < storages; i++) {
        const char name[] = {'a', 'r', 'c', 'h', 'i', 'v', 'e', '/', 'd', 'a', 't', 'a', '/', (char)('0' + i),
                             0};
        pt_zip_add(&zip, name, counting, storage_bytes, false);
    }
    pt_zip_add(&zip, ROOT "version", "3\n", 2, false);
    free(counting);
    free(pickle->out.data);
    return pt_zip_end(&zip);
}

/* ---- a checkpoint ---- */

/* 0 convolution (model, EMA), 1 BatchNorm, 2 its counter, 3 head, 4 anchors, 5 stride, 6 mask */
enum { CONV_COUNT = 48, NORM_COUNT = 8, HEAD_COUNT = 8, ANCHOR_COUNT = 6, STORAGE_COUNT = 7 };
static const int float_counts[STORAGE_COUNT] = {CONV_COUNT, NORM_COUNT, 0, HEAD_COUNT, ANCHOR_COUNT, 1, 0};

static void put_floats(PtBytes *out, int storage, bool half)
{
    for (int i = 0; i < float_counts[storage]; i++) {
        float value = (float)i * 0.25f - (float)storage;
        uint32_t bits;
        memcpy(&bits, &value, sizeof bits);
        /* Exact for these numbers: 5 bits of exponent, 10 of mantissa. */
        uint16_t narrow = value == 0 ? 0
                                     : (uint16_t)((bits >> 16 & 0x8000) |
                                                  (((bits >> 23 & 0xFF) - 112) << 10) | (bits >> 13 & 0x3FF));
        pt_put(out, half ? (void *)&narrow : (void *)&value, half ? sizeof narrow : sizeof value);
    }
}

static void add_storages(PtZip *zip, const PtCheckpoint *options)
{
    static const int64_t batches = 1234567890123;
    static const unsigned char mask[] = {1, 0, 1};
    for (int i = 0; i < STORAGE_COUNT; i++) {
        const char name[] = {'a', 'r', 'c', 'h', 'i', 'v', 'e', '/', 'd', 'a', 't', 'a', '/', (char)('0' + i),
                             0};
        PtBytes content = {0};
        if (float_counts[i])
            put_floats(&content, i, options->half);
        else if (i == 2)
            pt_put(&content, &batches, sizeof batches);
        else
            pt_put(&content, mask, sizeof mask);
        pt_zip_add(zip, name, content.data, content.bytes, options->deflate);
        free(content.data);
    }
}

static void put_names(PtPickle *pickle, bool dict)
{
    static const char *const names[] = {"mask", "no mask", "mask worn wr\xc3\xb6ng"};
    pt_text(pickle, "names");
    pt_op(pickle, dict ? '}' : ']');
    pt_op(pickle, '(');
    for (int i = 0; i < 3; i++) {
        if (dict)
            pt_integer(pickle, i);
        pt_text(pickle, names[i]);
    }
    pt_op(pickle, dict ? 'u' : 'e');
}

/* nn.Module's three dicts: between begin and end stand the entries of the one named. */
static void part_begin(PtPickle *pickle, const char *name)
{
    pt_text(pickle, name);
    pt_ordered_begin(pickle);
}

static void put_tensor(PtPickle *pickle, const char *name, PtTensor tensor)
{
    pt_text(pickle, name);
    pt_tensor(pickle, tensor);
}

/* A module without children. */
static void leaf_begin(PtPickle *pickle, const char *key, const char *module, const char *name)
{
    pt_text(pickle, key);
    pt_object_begin(pickle, module, name);
    part_begin(pickle, "_modules");
    pt_ordered_end(pickle);
}

static void put_norm(PtPickle *pickle, const char *floats)
{
    PtTensor tensor = {
        .type = floats, .key = "1", .count = NORM_COUNT, .rank = 1, .sizes = {2}, .strides = {1}};
    leaf_begin(pickle, "bn", "torch.nn.modules.batchnorm", "BatchNorm2d");
    part_begin(pickle, "_parameters");
    tensor.parameter = true;
    put_tensor(pickle, "weight", tensor);
    tensor.offset = 2;
    put_tensor(pickle, "bias", tensor);
    pt_ordered_end(pickle);
    part_begin(pickle, "_buffers");
    tensor.parameter = false;
    tensor.offset = 4;
    put_tensor(pickle, "running_mean", tensor);
    tensor.offset = 6;
    put_tensor(pickle, "running_var", tensor);
    put_tensor(pickle, "num_batches_tracked", (PtTensor){.type = "LongStorage", .key = "2", .count = 1});
    pt_ordered_end(pickle);
    pt_object_end(pickle);
}

static void put_conv(PtPickle *pickle, const char *floats, bool ema)
{
    pt_text(pickle, "0");
    pt_object_begin(pickle, "models.common", "Conv");
    part_begin(pickle, "_modules");
    leaf_begin(pickle, "conv", "torch.nn.modules.conv", "Conv2d");
    part_begin(pickle, "_parameters");
    put_tensor(pickle, "weight",
               (PtTensor){.type = floats,
                          .key = "0",
                          .count = CONV_COUNT,
                          .offset = ema ? 24 : 0,
                          .rank = 4,
                          .sizes = {2, 3, 2, 2},
                          .strides = {12, 4, 2, 1},
                          .parameter = true});
    pt_text(pickle, "bias");
    pt_op(pickle, 'N');
    pt_ordered_end(pickle);
    pt_object_end(pickle);
    put_norm(pickle, floats);
    leaf_begin(pickle, "act", "torch.nn.modules.activation", "SiLU");
    pt_object_end(pickle);
    pt_ordered_end(pickle);
    pt_object_end(pickle);
}

/* A head whose weight lies transposed, and a buffer that state_dict() leaves out. */
static void put_detect(PtPickle *pickle, const char *floats)
{
    pt_text(pickle, "1");
    pt_object_begin(pickle, "models.yolo", "Detect");
    part_begin(pickle, "_buffers");
    put_tensor(pickle, "anchors",
               (PtTensor){.type = floats,
                          .key = "4",
                          .count = ANCHOR_COUNT,
                          .rank = 3,
                          .sizes = {1, 3, 2},
                          .strides = {6, 2, 1}});
    put_tensor(
        pickle, "mask",
        (PtTensor){.type = "BoolStorage", .key = "6", .count = 3, .rank = 1, .sizes = {3}, .strides = {1}});
    put_tensor(
        pickle, "grid",
        (PtTensor){
            .type = floats, .key = "4", .count = ANCHOR_COUNT, .rank = 1, .sizes = {1}, .strides = {1}});
    pt_ordered_end(pickle);
    pt_text(pickle, "_non_persistent_buffers_set");
    pt_global(pickle, "__builtin__", "set");
    pt_op(pickle, ']');
    pt_text(pickle, "grid");
    pt_op(pickle, 'a');
    pt_op(pickle, 0x85);
    pt_op(pickle, 'R');
    part_begin(pickle, "_modules");
    leaf_begin(pickle, "m", "torch.nn.modules.conv", "Conv2d");
    part_begin(pickle, "_parameters");
    put_tensor(pickle, "weight",
               (PtTensor){.type = floats,
                          .key = "3",
                          .count = HEAD_COUNT,
                          .rank = 2,
                          .sizes = {4, 2},
                          .strides = {1, 4},
                          .parameter = true});
    pt_ordered_end(pickle);
    pt_object_end(pickle);
    pt_ordered_end(pickle);
    pt_object_end(pickle);
}

/* {"nc": 3, "anchors": [[0.5, 1.25e3]], "depth_multiple": 0.33} */
static void put_yaml(PtPickle *pickle)
{
    pt_text(pickle, "yaml");
    pt_dict_begin(pickle);
    pt_text(pickle, "nc");
    pt_integer(pickle, 3);
    pt_text(pickle, "anchors");
    pt_op(pickle, ']');
    pt_op(pickle, ']');
    pt_op(pickle, '(');
    pt_real(pickle, 0.5);
    pt_integer(pickle, 1250);
    pt_op(pickle, 'e');
    pt_op(pickle, 'a');
    pt_text(pickle, "depth_multiple");
    pt_real(pickle, 0.33);
    pt_dict_end(pickle);
}

static void put_model(PtPickle *pickle, const PtCheckpoint *options, bool ema)
{
    const char *floats = options->half ? "HalfStorage" : "FloatStorage";
    pt_object_begin(pickle, "models.yolo", "DetectionModel");
    part_begin(pickle, "_modules");
    pt_text(pickle, "model");
    pt_object_begin(pickle, "torch.nn.modules.container", "Sequential");
    part_begin(pickle, "_modules");
    put_conv(pickle, floats, ema);
    put_detect(pickle, floats);
    pt_ordered_end(pickle);
    pt_object_end(pickle);
    pt_ordered_end(pickle);
    put_yaml(pickle);
    put_names(pickle, options->names_are_dict);
    put_tensor(pickle, "stride",
               (PtTensor){.type = floats, .key = "5", .count = 1, .rank = 1, .sizes = {1}, .strides = {1}});
    pt_text(pickle, "nc");
    pt_integer(pickle, 3);
    pt_object_end(pickle);
}

PtBytes pt_checkpoint(PtCheckpoint options)
{
    PtPickle pickle;
    PtZip zip;
    pt_begin(&pickle, options.protocol);
    pt_dict_begin(&pickle);
    pt_text(&pickle, "epoch");
    pt_integer(&pickle, -1);
    pt_text(&pickle, "best_fitness");
    pt_op(&pickle, 'N');
    pt_text(&pickle, "model");
    put_model(&pickle, &options, false);
    pt_text(&pickle, "ema");
    if (options.ema)
        put_model(&pickle, &options, true);
    else if (options.ema_is_empty) {
        pt_dict_begin(&pickle);
        pt_dict_end(&pickle);
    } else
        pt_op(&pickle, 'N');
    pt_text(&pickle, "date");
    pt_text(&pickle, "2022-11-22T10:00:00");
    pt_dict_end(&pickle);
    pt_stop(&pickle);
    pt_zip_begin(&zip);
    pt_zip_add(&zip, ROOT "data.pkl", pickle.out.data, pickle.out.bytes, options.deflate);
    if (options.byte_order)
        pt_zip_add(&zip, ROOT "byteorder", options.byte_order, strlen(options.byte_order), false);
    add_storages(&zip, &options);
    pt_zip_add(&zip, ROOT "version", "3\n", 2, false);
    free(pickle.out.data);
    return pt_zip_end(&zip);
}

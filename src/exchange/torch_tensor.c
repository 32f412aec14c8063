/* Tensors as torch.save writes them: a call of torch._utils._rebuild_tensor_v2 with a storage, an offset, sizes and
 * strides. The call is read, never made, and nothing in it is believed. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/half.h"
#include "exchange/torch_file.h"

/* What the elements of a storage are, and what they become. */
typedef struct StorageType {
    const char *name;
    size_t bytes;
    BrimHostDtype dtype;
    const char *stored; /* the safetensors name of the stored type, for floats */
    void (*convert)(const char *from, char *to);
} StorageType;

static void from_float(const char *from, char *to)
{
    memcpy(to, from, sizeof(float));
}

static void from_half(const char *from, char *to)
{
    uint16_t half;
    memcpy(&half, from, sizeof half);
    float value = brim_half_to_float(half);
    memcpy(to, &value, sizeof value);
}

static void from_bfloat(const char *from, char *to)
{
    uint16_t bfloat;
    memcpy(&bfloat, from, sizeof bfloat);
    float value = brim_bfloat_to_float(bfloat);
    memcpy(to, &value, sizeof value);
}

static void from_double(const char *from, char *to)
{
    double wide;
    memcpy(&wide, from, sizeof wide);
    float value = (float)wide;
    memcpy(to, &value, sizeof value);
}

static void from_long(const char *from, char *to)
{
    memcpy(to, from, sizeof(int64_t));
}

static void from_int(const char *from, char *to)
{
    memcpy(to, from, sizeof(int32_t));
}

static void from_short(const char *from, char *to)
{
    int16_t narrow;
    memcpy(&narrow, from, sizeof narrow);
    int32_t value = narrow;
    memcpy(to, &value, sizeof value);
}

static void from_char(const char *from, char *to)
{
    int32_t value = (int8_t)*from;
    memcpy(to, &value, sizeof value);
}

static void from_byte(const char *from, char *to)
{
    *to = *from;
}

static void from_bool(const char *from, char *to)
{
    *to = *from != 0;
}

static const StorageType storage_types[] = {
    {"FloatStorage", 4, BRIM_HOST_F32, "F32", from_float},
    {"HalfStorage", 2, BRIM_HOST_F32, "F16", from_half},
    {"BFloat16Storage", 2, BRIM_HOST_F32, "BF16", from_bfloat},
    {"DoubleStorage", 8, BRIM_HOST_F32, "F64", from_double},
    {"LongStorage", 8, BRIM_HOST_I64, NULL, from_long},
    {"IntStorage", 4, BRIM_HOST_I32, NULL, from_int},
    {"ShortStorage", 2, BRIM_HOST_I32, NULL, from_short},
    {"CharStorage", 1, BRIM_HOST_I32, NULL, from_char},
    {"ByteStorage", 1, BRIM_HOST_U8, NULL, from_byte},
    {"BoolStorage", 1, BRIM_HOST_BOOL, NULL, from_bool},
};

/* Everything that the call says, checked. */
typedef struct View {
    const StorageType *type;
    BrimPickleId key;
    int64_t storage_count; /* elements */
    int64_t offset;
    int dim_count;
    int64_t dims[BRIM_HOST_MAX_DIMS];
    int64_t strides[BRIM_HOST_MAX_DIMS];
    int64_t count; /* elements of the tensor */
} View;

static bool is_call_of(const BrimTorchFile *file, BrimPickleId id, const char *name)
{
    const BrimPickleNode *node = brim_pickle_node(&file->pickle, id);
    return node->kind == BRIM_PICKLE_OBJECT &&
           brim_pickle_is_global(&file->pickle, node->call.callee, "torch._utils", name);
}

/* The tensor inside nn.Parameter. */
static BrimPickleId unwrap(const BrimTorchFile *file, BrimPickleId id)
{
    if (is_call_of(file, id, "_rebuild_parameter") || is_call_of(file, id, "_rebuild_parameter_with_state"))
        return brim_pickle_item(&file->pickle, brim_pickle_node(&file->pickle, id)->call.arguments, 0);
    return id;
}

bool brim_torch_is_tensor(const BrimTorchFile *file, BrimPickleId id)
{
    return is_call_of(file, unwrap(file, id), "_rebuild_tensor_v2");
}

/* A number of 0 or more. */
static bool get_size(const BrimPickle *pickle, BrimPickleId id, int64_t *size)
{
    const BrimPickleNode *node = brim_pickle_node(pickle, id);
    if (node->kind != BRIM_PICKLE_INTEGER || node->integer < 0)
        return false;
    *size = node->integer;
    return true;
}

/* sizes[BRIM_HOST_MAX_DIMS] of a tuple. */
static bool get_sizes(const BrimPickle *pickle, BrimPickleId tuple, int *count, int64_t *sizes)
{
    if (brim_pickle_kind(pickle, tuple) != BRIM_PICKLE_TUPLE)
        return false;
    *count = 0;
    const BrimPickleEntry *entry = brim_pickle_first(pickle, tuple);
    for (; entry; entry = brim_pickle_next(pickle, entry)) {
        if (*count == BRIM_HOST_MAX_DIMS || !get_size(pickle, entry->value, &sizes[(*count)++]))
            return false;
    }
    return true;
}

/* The reference to a storage: ("storage", torch.FloatStorage, "0", "cpu", elements). */
static BrimStatus read_reference(const BrimTorchFile *file, BrimPickleId id, View *view)
{
    const BrimPickle *pickle = &file->pickle;
    if (brim_pickle_kind(pickle, id) != BRIM_PICKLE_PERSISTENT)
        return brim_fail(BRIM_ERROR_INPUT, "it has no storage");
    BrimPickleId tuple = brim_pickle_node(pickle, id)->call.arguments;
    BrimPickleId type = brim_pickle_item(pickle, tuple, 1);
    for (size_t i = 0; i < sizeof storage_types / sizeof storage_types[0]; i++) {
        if (brim_pickle_is_global(pickle, type, "torch", storage_types[i].name))
            view->type = &storage_types[i];
    }
    char words[BRIM_PICKLE_WORDS_BYTES];
    if (!view->type)
        return brim_fail(BRIM_ERROR_INPUT, "its elements are %s, which brim does not read",
                         brim_pickle_words(pickle, type, words));
    view->key = brim_pickle_item(pickle, tuple, 2);
    if (!brim_pickle_is_text(pickle, brim_pickle_item(pickle, tuple, 0), "storage") ||
        brim_pickle_kind(pickle, view->key) != BRIM_PICKLE_TEXT ||
        !get_size(pickle, brim_pickle_item(pickle, tuple, 4), &view->storage_count))
        return brim_fail(BRIM_ERROR_INPUT, "the reference to its storage is malformed");
    return BRIM_OK;
}

/* Every element lies inside the storage, and there are no more of them than it has: a view that repeats elements is
 * no weight, but a way to make much of little. */
static BrimStatus check_bounds(View *view)
{
    int64_t last = view->offset, count = 1;
    bool overflow = false;
    for (int i = 0; i < view->dim_count; i++)
        overflow |= __builtin_mul_overflow(count, view->dims[i], &count);
    for (int i = 0; i < view->dim_count && count != 0; i++) {
        int64_t reach = 0;
        if (view->dims[i] == 1)
            view->strides[i] = 0; /* means nothing there, and may be any number */
        overflow |= __builtin_mul_overflow(view->dims[i] - 1, view->strides[i], &reach);
        overflow |= __builtin_add_overflow(last, reach, &last);
    }
    if (overflow || count > view->storage_count || (count != 0 && last >= view->storage_count))
        return brim_fail(BRIM_ERROR_INPUT, "its shape reaches beyond its storage of %lld elements",
                         (long long)view->storage_count);
    view->count = count;
    return BRIM_OK;
}

static BrimStatus read_view(const BrimTorchFile *file, BrimPickleId id, View *view)
{
    const BrimPickle *pickle = &file->pickle;
    char words[BRIM_PICKLE_WORDS_BYTES];
    BrimPickleId call = unwrap(file, id);
    if (!is_call_of(file, call, "_rebuild_tensor_v2"))
        return brim_fail(BRIM_ERROR_INPUT, "there is %s where a plain tensor should be, and brim runs nothing that a "
                         "file asks for", brim_pickle_words(pickle, call, words));
    BrimPickleId arguments = brim_pickle_node(pickle, call)->call.arguments;
    BrimStatus status = read_reference(file, brim_pickle_item(pickle, arguments, 0), view);
    if (status != BRIM_OK)
        return status;
    int stride_count = 0;
    if (!get_size(pickle, brim_pickle_item(pickle, arguments, 1), &view->offset) ||
        !get_sizes(pickle, brim_pickle_item(pickle, arguments, 2), &view->dim_count, view->dims) ||
        !get_sizes(pickle, brim_pickle_item(pickle, arguments, 3), &stride_count, view->strides) ||
        view->dim_count != stride_count)
        return brim_fail(BRIM_ERROR_INPUT, "its offset, sizes or strides are malformed");
    return check_bounds(view);
}

static bool same_text(const BrimPickle *pickle, BrimPickleId a, BrimPickleId b)
{
    const BrimPickleNode *left = brim_pickle_node(pickle, a), *right = brim_pickle_node(pickle, b);
    return a == b || (left->text.bytes == right->text.bytes &&
                      memcmp(left->text.data, right->text.data, left->text.bytes) == 0);
}

static BrimStatus read_storage(BrimTorchFile *file, BrimPickleId key, BrimTorchStorage *storage)
{
    const BrimPickleNode *text = brim_pickle_node(&file->pickle, key);
    char name[BRIM_TORCH_NAME_BYTES + 64];
    for (size_t i = 0; i < text->text.bytes; i++) {
        if (i == 32 || !isalnum((unsigned char)text->text.data[i]))
            return brim_fail(BRIM_ERROR_INPUT, "its storage has no usable name");
    }
    snprintf(name, sizeof name, "%sdata/%.*s", file->prefix, (int)text->text.bytes, text->text.data);
    storage->key = key;
    return brim_archive_read(file->archive, name, &storage->data, &storage->bytes);
}

/* The storage's bytes, read from the archive the first time. */
static BrimStatus open_storage(BrimTorchFile *file, const View *view, const char **data)
{
    const BrimTorchStorage *storage = NULL;
    for (int i = 0; i < file->storage_count && !storage; i++) {
        if (same_text(&file->pickle, file->storages[i].key, view->key))
            storage = &file->storages[i];
    }
    if (!storage) {
        BrimTorchStorage *storages = brim_mem_room(BRIM_MEM_EXCHANGE, file->storages, file->storage_count,
                                                   &file->storage_room, sizeof *storages);
        if (!storages)
            return BRIM_ERROR_MEMORY;
        file->storages = storages;
        BrimStatus status = read_storage(file, view->key, &file->storages[file->storage_count]);
        if (status != BRIM_OK)
            return status;
        storage = &file->storages[file->storage_count++];
    }
    if (storage->bytes / view->type->bytes < (size_t)view->storage_count)
        return brim_fail(BRIM_ERROR_INPUT, "its storage has %zu bytes, too few for %lld elements", storage->bytes,
                         (long long)view->storage_count);
    *data = storage->data;
    return BRIM_OK;
}

/* Row-major out, whatever the strides are in. */
static void copy_elements(const View *view, const char *from, char *to)
{
    size_t to_bytes = brim_host_dtype_bytes(view->type->dtype);
    int64_t at[BRIM_HOST_MAX_DIMS] = {0};
    int64_t index = view->offset;
    for (int64_t i = 0; i < view->count; i++) {
        view->type->convert(from + (size_t)index * view->type->bytes, to + (size_t)i * to_bytes);
        for (int d = view->dim_count - 1; d >= 0; d--) {
            index += view->strides[d];
            if (++at[d] < view->dims[d])
                break;
            index -= view->strides[d] * view->dims[d];
            at[d] = 0;
        }
    }
}

static BrimStatus add_view(BrimTorchFile *file, BrimTensorFile *tensors, const char *name, const View *view)
{
    const char *data = NULL;
    size_t bytes = 0;
    BrimHostTensor *tensor = NULL;
    BrimStatus status = BRIM_OK;
    BRIM_TRY(open_storage(file, view, &data));
    BRIM_TRY(brim_tensor_shape_bytes(name, view->type->dtype, view->dim_count, view->dims, &bytes));
    if (bytes > file->bytes_left)
        return brim_fail(BRIM_ERROR_INPUT, "the tensors are far larger than the file");
    file->bytes_left -= bytes;
    BRIM_TRY(brim_tensors_add(tensors, name, view->type->dtype, view->dim_count, view->dims, &tensor));
    copy_elements(view, data, tensor->data);
    if (view->type->stored && !brim_tensors_metadata(tensors, "dtype"))
        BRIM_TRY(brim_tensors_set_metadata(tensors, "dtype", view->type->stored));
fail:
    return status;
}

BrimStatus brim_torch_add_tensor(BrimTorchFile *file, BrimTensorFile *tensors, const char *name, BrimPickleId id)
{
    View view = {0};
    BrimStatus status = read_view(file, id, &view);
    if (status == BRIM_OK)
        status = add_view(file, tensors, name, &view);
    return status == BRIM_OK ? status : brim_fail_within(status, "%s: ", name);
}

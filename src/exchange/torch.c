/* A `.pt` file from the outside in: what kind of file it is, where in it the model is, and the model's tensors under
 * the names that PyTorch's state_dict() gives them. */
#include "exchange/torch.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "exchange/torch_file.h"

/* YOLOv5x6 with optimizer is 1.1 GB; its pickle is 0.5 MB. */
static const size_t most_file_bytes = (size_t)1 << 33;

enum { MOST_PICKLE_BYTES = 1 << 26, MOST_MODULE_DEPTH = 32 };

typedef struct Walk {
    BrimTorchFile *file;
    BrimTensorFile *tensors;
} Walk;

/* ---- what kind of file ---- */

/* Files that users try, and what to do with them. */
static const struct {
    size_t at, bytes;
    const char *magic;
    BrimStatus status;
    const char *words;
} known_files[] = {
    /* The number 0x1950a86a20f9469cfc6c with which torch.save began before PyTorch 1.6. */
    {0, 14, "\x80\x02\x8A\x0A\x6C\xFC\x9C\x46\xF9\x20\x6A\xA8\x50\x19", BRIM_ERROR_UNSUPPORTED,
     "a file in torch.save's form from before PyTorch 1.6: load it in PyTorch and save it once more with 1.6 or newer"},
    {257, 5, "ustar", BRIM_ERROR_UNSUPPORTED,
     "a tar archive, as PyTorch wrote before 0.1.10: load it in PyTorch and save it once more with 1.6 or newer"},
    {0, 2, "\x1F\x8B", BRIM_ERROR_INPUT, "compressed by gzip: unpack it first"},
    {0, 1, "\x80", BRIM_ERROR_INPUT,
     "a bare pickle, which holds no tensors that brim could read: save the model with torch.save"},
    {0, 8, "version ", BRIM_ERROR_INPUT, "only the pointer of git-lfs to the file: fetch it with git lfs pull"},
    {0, 1, "<", BRIM_ERROR_INPUT, "a web page, not the file itself: download it once more"},
    {8, 1, "{", BRIM_ERROR_INPUT, "no PyTorch checkpoint but, it seems, safetensors: name it *.safetensors"},
};

static BrimStatus check_magic(const char *data, size_t bytes)
{
    if (bytes >= 4 && memcmp(data, "PK\3\4", 4) == 0)
        return BRIM_OK;
    for (size_t i = 0; i < sizeof known_files / sizeof known_files[0]; i++) {
        if (bytes >= known_files[i].at + known_files[i].bytes &&
            memcmp(data + known_files[i].at, known_files[i].magic, known_files[i].bytes) == 0)
            return brim_fail(known_files[i].status, "%s", known_files[i].words);
    }
    return brim_fail(BRIM_ERROR_INPUT, "no PyTorch checkpoint: it is no zip archive, as torch.save writes since "
                     "PyTorch 1.6");
}

/* Printable, since it becomes part of messages. */
static bool is_folder(const char *name, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        if (name[i] < ' ' || name[i] > '~')
            return false;
    }
    return bytes == 0 || strchr(name, '/') == name + bytes - 1;
}

/* The folder in the archive in which data.pkl lies. */
static BrimStatus find_prefix(BrimTorchFile *file)
{
    static const char pickle_name[] = "data.pkl";
    size_t tail = sizeof pickle_name - 1;
    for (int i = 0; i < brim_archive_count(file->archive); i++) {
        const char *name = brim_archive_name(file->archive, i);
        size_t bytes = name ? strlen(name) : 0;
        if (bytes < tail || strcmp(name + bytes - tail, pickle_name) != 0)
            continue;
        size_t folder = bytes - tail;
        if (folder < sizeof file->prefix && is_folder(name, folder)) {
            memcpy(file->prefix, name, folder);
            file->prefix[folder] = '\0';
            return BRIM_OK;
        }
    }
    return brim_fail(BRIM_ERROR_INPUT, "a zip archive without data.pkl: no PyTorch checkpoint");
}

static bool has_member(const BrimTorchFile *file, const char *name)
{
    char path[BRIM_TORCH_NAME_BYTES + 32];
    snprintf(path, sizeof path, "%s%s", file->prefix, name);
    return brim_archive_has(file->archive, path);
}

static BrimStatus read_member(const BrimTorchFile *file, const char *name, char **data, size_t *bytes)
{
    char path[BRIM_TORCH_NAME_BYTES + 32];
    snprintf(path, sizeof path, "%s%s", file->prefix, name);
    return brim_archive_read(file->archive, path, data, bytes);
}

/* Newer PyTorch says in which order the bytes of its numbers are. */
static BrimStatus check_byte_order(const BrimTorchFile *file)
{
    char *order = NULL;
    size_t bytes = 0;
    if (!has_member(file, "byteorder"))
        return BRIM_OK;
    BrimStatus status = read_member(file, "byteorder", &order, &bytes);
    if (status == BRIM_OK && (bytes != 6 || memcmp(order, "little", 6) != 0))
        status = brim_fail(BRIM_ERROR_UNSUPPORTED, "saved on a big-endian machine: save it once more on another");
    brim_mem_give(order);
    return status;
}

static BrimStatus open_file(BrimTorchFile *file, const void *data, size_t bytes)
{
    size_t pickle_bytes = 0;
    BrimStatus status = BRIM_OK;
    BRIM_TRY(check_magic(data, bytes));
    BRIM_TRY(brim_archive_open(&file->archive, data, bytes));
    BRIM_TRY(find_prefix(file));
    if (has_member(file, "constants.pkl"))
        return brim_fail(BRIM_ERROR_UNSUPPORTED, "a TorchScript program, made for running and not for training: use "
                         "the checkpoint that it was exported from");
    BRIM_TRY(check_byte_order(file));
    BRIM_TRY(read_member(file, "data.pkl", &file->pickle_data, &pickle_bytes));
    if (pickle_bytes > MOST_PICKLE_BYTES)
        return brim_fail(BRIM_ERROR_INPUT, "its pickle has %zu bytes; at most %d are read", pickle_bytes,
                         MOST_PICKLE_BYTES);
    BRIM_TRY(brim_pickle_read(&file->pickle, file->pickle_data, pickle_bytes));
    BRIM_TRY(brim_torch_refuse_programs(file));
    file->bytes_left = brim_archive_most_bytes(bytes);
fail:
    return status;
}

static void close_file(BrimTorchFile *file)
{
    for (int i = 0; i < file->storage_count; i++)
        brim_mem_give(file->storages[i].data);
    brim_mem_give(file->storages);
    brim_pickle_clear(&file->pickle);
    brim_mem_give(file->pickle_data);
    brim_archive_close(&file->archive);
}

/* ---- where the model is ---- */

bool brim_torch_is_dict(const BrimTorchFile *file, BrimPickleId id)
{
    const BrimPickleNode *node = brim_pickle_node(&file->pickle, id);
    return node->kind == BRIM_PICKLE_DICT ||
           (node->kind == BRIM_PICKLE_OBJECT &&
            brim_pickle_is_global(&file->pickle, node->call.callee, "collections", "OrderedDict"));
}

/* The __dict__ of an nn.Module; 0 when id is none. The class may be called anything: what is inside decides. */
static BrimPickleId module_state(BrimTorchFile *file, BrimPickleId id)
{
    const BrimPickleNode *node = brim_pickle_node(&file->pickle, id);
    if (node->kind != BRIM_PICKLE_OBJECT || !brim_torch_is_dict(file, node->call.state))
        return 0;
    BrimPickleId state = node->call.state;
    return brim_torch_is_dict(file, brim_pickle_find(&file->pickle, state, "_modules")) ? state : 0;
}

/* As Python's truth: YOLOv5 takes "ema" when it is neither None nor empty. */
static bool is_something(const BrimTorchFile *file, BrimPickleId id)
{
    const BrimPickleNode *node = brim_pickle_node(&file->pickle, id);
    return node->kind == BRIM_PICKLE_OBJECT || (brim_torch_is_dict(file, id) && node->call.count > 0);
}

/* "ema", "model" or "state_dict" of a checkpoint; the root itself when it is no checkpoint. */
static BrimPickleId find_model(BrimTorchFile *file)
{
    static const char *const keys[] = {"ema", "model", "state_dict"};
    BrimPickleId root = file->pickle.root;
    for (size_t i = 0; brim_torch_is_dict(file, root) && i < sizeof keys / sizeof keys[0]; i++) {
        BrimPickleId found = brim_pickle_find(&file->pickle, root, keys[i]);
        if (is_something(file, found) && !brim_torch_is_tensor(file, found))
            return found;
    }
    return root;
}

/* ---- the model's tensors ---- */

/* name = prefix + key; an error when the key is nothing that a state_dict could have. */
static BrimStatus join_name(const BrimTorchFile *file, const char *prefix, BrimPickleId key,
                            char name[BRIM_TORCH_NAME_BYTES])
{
    const BrimPickleNode *node = brim_pickle_node(&file->pickle, key);
    size_t length = strlen(prefix);
    if (node->kind != BRIM_PICKLE_TEXT || node->text.bytes + length >= BRIM_TORCH_NAME_BYTES - 1)
        return brim_fail(BRIM_ERROR_INPUT, "a part of the model below \"%s\" has no usable name", prefix);
    memcpy(name, prefix, length);
    for (size_t i = 0; i < node->text.bytes; i++) {
        name[length + i] = node->text.data[i];
        if (name[length + i] < ' ' || name[length + i] > '~')
            return brim_fail(BRIM_ERROR_INPUT, "a part of the model below \"%s\" has no usable name", prefix);
    }
    name[length + node->text.bytes] = '\0';
    return BRIM_OK;
}

/* Counts a step of the walk, so that a pickle that contains itself a thousandfold ends. */
static BrimStatus count_step(BrimTorchFile *file)
{
    if (--file->pickle.looks_left < 0)
        return brim_fail(BRIM_ERROR_INPUT, "the pickle is too tangled for a checkpoint");
    return BRIM_OK;
}

/* The entries of a Python set, however the protocol wrote it. */
static const BrimPickleEntry *set_entries(const BrimPickle *pickle, BrimPickleId set)
{
    const BrimPickleNode *node = brim_pickle_node(pickle, set);
    if (node->kind == BRIM_PICKLE_OBJECT)
        set = brim_pickle_item(pickle, node->call.arguments, 0);
    return brim_pickle_first(pickle, set);
}

/* state_dict() leaves out the buffers that the module has listed so. */
static bool is_transient(BrimPickle *pickle, BrimPickleId set, BrimPickleId key)
{
    const BrimPickleNode *name = brim_pickle_node(pickle, key);
    const BrimPickleEntry *entry = set_entries(pickle, set);
    for (; entry && pickle->looks_left >= 0; entry = brim_pickle_next(pickle, entry)) {
        const BrimPickleNode *other = brim_pickle_node(pickle, entry->value);
        pickle->looks_left--;
        if (name->kind == BRIM_PICKLE_TEXT && other->kind == BRIM_PICKLE_TEXT &&
            name->text.bytes == other->text.bytes &&
            memcmp(name->text.data, other->text.data, name->text.bytes) == 0)
            return true;
    }
    return false;
}

/* Every tensor of a dict, except None (a layer without bias) and what transient lists. */
static BrimStatus add_tensors(const Walk *walk, const char *prefix, BrimPickleId dict, BrimPickleId transient)
{
    char name[BRIM_TORCH_NAME_BYTES];
    BrimPickle *pickle = &walk->file->pickle;
    BrimStatus status = BRIM_OK;
    const BrimPickleEntry *entry = brim_pickle_first(pickle, dict);
    for (; entry; entry = brim_pickle_next(pickle, entry)) {
        BRIM_TRY(count_step(walk->file));
        if (brim_pickle_kind(pickle, entry->value) == BRIM_PICKLE_NONE || is_transient(pickle, transient, entry->key))
            continue;
        BRIM_TRY(join_name(walk->file, prefix, entry->key, name));
        BRIM_TRY(brim_torch_add_tensor(walk->file, walk->tensors, name, entry->value));
    }
fail:
    return status;
}

/* A module and those inside it, in the order of state_dict(): parameters, buffers, children. */
static BrimStatus add_module(const Walk *walk, const char *prefix, BrimPickleId state, int depth)
{
    char name[BRIM_TORCH_NAME_BYTES];
    BrimPickle *pickle = &walk->file->pickle;
    BrimStatus status = BRIM_OK;
    if (depth == MOST_MODULE_DEPTH)
        return brim_fail(BRIM_ERROR_INPUT, "its modules are nested more than %d deep", MOST_MODULE_DEPTH);
    BrimPickleId transient = brim_pickle_find(pickle, state, "_non_persistent_buffers_set");
    BRIM_TRY(add_tensors(walk, prefix, brim_pickle_find(pickle, state, "_parameters"), 0));
    BRIM_TRY(add_tensors(walk, prefix, brim_pickle_find(pickle, state, "_buffers"), transient));
    const BrimPickleEntry *entry = brim_pickle_first(pickle, brim_pickle_find(pickle, state, "_modules"));
    for (; entry; entry = brim_pickle_next(pickle, entry)) {
        BRIM_TRY(count_step(walk->file));
        if (brim_pickle_kind(pickle, entry->value) == BRIM_PICKLE_NONE)
            continue;
        BRIM_TRY(join_name(walk->file, prefix, entry->key, name));
        BrimPickleId child = module_state(walk->file, entry->value);
        char words[BRIM_PICKLE_WORDS_BYTES];
        if (!child)
            return brim_fail(BRIM_ERROR_INPUT, "%s: there is %s where a module should be", name,
                             brim_pickle_words(pickle, entry->value, words));
        size_t length = strlen(name);
        memcpy(name + length, ".", 2); /* join_name left the room */
        BRIM_TRY(add_module(walk, name, child, depth + 1));
    }
fail:
    return status;
}

static BrimStatus add_model(const Walk *walk)
{
    BrimTorchFile *file = walk->file;
    BrimPickleId root = file->pickle.root;
    BrimPickleId model = find_model(file);
    BrimPickleId state = module_state(file, model);
    char words[BRIM_PICKLE_WORDS_BYTES];
    BrimStatus status = BRIM_OK;
    if (state)
        BRIM_TRY(add_module(walk, "", state, 0));
    else if (brim_torch_is_dict(file, model))
        BRIM_TRY(add_tensors(walk, "", model, 0));
    else
        return brim_fail(BRIM_ERROR_INPUT, "there is %s where a model or a state_dict should be, and brim runs "
                         "nothing that a file asks for", brim_pickle_words(&file->pickle, model, words));
    BRIM_TRY(brim_torch_add_metadata(file, walk->tensors, model == root ? 0 : root, state));
    BRIM_TRY(count_step(file));
    if (walk->tensors->tensor_count == 0)
        return brim_fail(BRIM_ERROR_INPUT, "it holds no tensors");
fail:
    return status;
}

BrimStatus brim_torch_parse(BrimTensorFile *tensors, const char *name, const void *data, size_t bytes)
{
    BrimTorchFile file = {0};
    *tensors = (BrimTensorFile){0};
    BrimStatus status = open_file(&file, data, bytes);
    if (status == BRIM_OK)
        status = add_model(&(Walk){.file = &file, .tensors = tensors});
    close_file(&file);
    if (status == BRIM_OK)
        return BRIM_OK;
    brim_tensors_clear(tensors);
    return brim_fail_within(status, "%s: ", name);
}

BrimStatus brim_torch_load(BrimTensorFile *tensors, const char *path)
{
    char *data = NULL;
    size_t bytes = 0;
    *tensors = (BrimTensorFile){0};
    BrimStatus status = brim_file_read(path, most_file_bytes, &data, &bytes);
    if (status == BRIM_OK)
        status = brim_torch_parse(tensors, path, data, bytes);
    brim_mem_give(data);
    return status;
}

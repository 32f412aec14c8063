/* Names that no checkpoint of a model has a reason for: what runs programs or code. The reader would run
 * nothing anyway, so this list need not be complete. It is there for the user, who is told before other tools
 * open the file. */
#include <string.h>

#include "exchange/torch_file.h"

/* Whole modules, with those inside them. */
static const char *const modules[] = {
    "os",    "posix", "nt",     "subprocess", "sys",     "pty",    "shutil",  "socket",     "ctypes",
    "runpy", "code",  "codeop", "importlib",  "marshal", "pickle", "pip",     "webbrowser", "asyncio",
    "bdb",   "pdb",   "timeit", "cProfile",   "http",    "urllib", "httplib", "requests",   "aiohttp",
};

/* Of modules that a checkpoint may well name. */
static const char *const functions[][2] = {
    {"builtins", "eval"},
    {"builtins", "exec"},
    {"builtins", "compile"},
    {"builtins", "__import__"},
    {"builtins", "open"},
    {"__builtin__", "eval"},
    {"__builtin__", "exec"},
    {"__builtin__", "compile"},
    {"__builtin__", "open"},
    {"torch", "load"},
    {"__builtin__", "__import__"},
    {"__builtin__", "execfile"},
    {"numpy.testing._private.utils", "runstring"},
};

/* "os" and "os.path", but not "oscar". */
static bool is_within(const BrimPickle *pickle, BrimPickleId id, const char *module)
{
    const BrimPickleNode *node = brim_pickle_node(pickle, id);
    size_t bytes = strlen(module);
    return node->text.bytes >= bytes && memcmp(node->text.data, module, bytes) == 0 &&
           (node->text.bytes == bytes || node->text.data[bytes] == '.');
}

static bool runs_something(const BrimPickle *pickle, BrimPickleId id)
{
    for (size_t i = 0; i < sizeof modules / sizeof modules[0]; i++) {
        if (is_within(pickle, brim_pickle_node(pickle, id)->global.module, modules[i]))
            return true;
    }
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        if (brim_pickle_is_global(pickle, id, functions[i][0], functions[i][1]))
            return true;
    }
    return false;
}

BrimStatus brim_torch_refuse_programs(const BrimTorchFile *file)
{
    const BrimPickle *pickle = &file->pickle;
    char words[BRIM_PICKLE_WORDS_BYTES];
    for (BrimPickleId id = 0; id < pickle->node_count; id++) {
        if (brim_pickle_kind(pickle, id) == BRIM_PICKLE_GLOBAL && runs_something(pickle, id))
            return brim_fail(
                BRIM_ERROR_INPUT,
                "it asks to call %s, as no checkpoint has to: the file is malicious. brim has run nothing "
                "of it; do not load it with other tools either",
                brim_pickle_words(pickle, id, words));
    }
    return BRIM_OK;
}

/* Python pickles read as data: a tree of nodes in one pool, built by a reader that knows no way to run anything. What
 * a pickle would have called is a node that says so, and no more. Knows nothing of tensors. */
#ifndef BRIM_EXCHANGE_PICKLE_H
#define BRIM_EXCHANGE_PICKLE_H

#include "base/memory.h"

/* A node of the tree. 0 is Python's None, and what a search finds when there is nothing. */
typedef int32_t BrimPickleId;

typedef enum BrimPickleKind {
    BRIM_PICKLE_NONE,
    BRIM_PICKLE_BOOL,       /* integer */
    BRIM_PICKLE_INTEGER,    /* integer */
    BRIM_PICKLE_REAL,       /* real */
    BRIM_PICKLE_TEXT,       /* text, UTF-8 if the writer was honest */
    BRIM_PICKLE_BYTES,      /* text; also integers of more than 64 bits */
    BRIM_PICKLE_LIST,       /* entries */
    BRIM_PICKLE_TUPLE,      /* entries */
    BRIM_PICKLE_SET,        /* entries */
    BRIM_PICKLE_DICT,       /* entries with keys */
    BRIM_PICKLE_GLOBAL,     /* global: a name such as collections.OrderedDict */
    BRIM_PICKLE_OBJECT,     /* call: what calling a global with arguments would have made; entries put in later */
    BRIM_PICKLE_PERSISTENT, /* call.arguments: a reference to something outside the pickle */
} BrimPickleKind;

typedef struct BrimPickleNode {
    BrimPickleKind kind;
    union {
        int64_t integer;
        double real;
        struct {
            const char *data; /* inside the pickle's bytes: not NUL-terminated */
            size_t bytes;
        } text;
        struct {
            BrimPickleId module, name;
        } global;
        struct {
            int32_t first, last, count; /* entries; first and last are 0 when there are none */
            BrimPickleId callee, arguments, state;
        } call;
    };
} BrimPickleNode;

typedef struct BrimPickleEntry {
    BrimPickleId key; /* 0 outside dicts */
    BrimPickleId value;
    int32_t next; /* 0 at the end */
} BrimPickleEntry;

typedef struct BrimPickle {
    BrimPickleNode *nodes; /* nodes[0] is None */
    int32_t node_count, node_room;
    BrimPickleEntry *entries; /* entries[0] is not used */
    int32_t entry_count, entry_room;
    BrimPickleId root;
    int64_t looks_left; /* see brim_pickle_find */
} BrimPickle;

/* Reads a pickle of protocol 2 to 5; the nodes point into data, which must stay. The pickle may contain itself: who
 * walks it limits the depth. ERROR_INPUT for what is malformed, larger than any checkpoint's, or an opcode that
 * torch.save does not write. */
BrimStatus brim_pickle_read(BrimPickle *pickle, const void *data, size_t bytes);
void brim_pickle_clear(BrimPickle *pickle);

/* For the reader while it builds. ERROR_INPUT when the pickle is larger than any checkpoint's. */
BrimStatus brim_pickle_add(BrimPickle *pickle, BrimPickleNode node, BrimPickleId *id);
BrimStatus brim_pickle_append(BrimPickle *pickle, BrimPickleId container, BrimPickleId key, BrimPickleId value);

static inline const BrimPickleNode *brim_pickle_node(const BrimPickle *pickle, BrimPickleId id)
{
    return &pickle->nodes[id];
}

static inline BrimPickleKind brim_pickle_kind(const BrimPickle *pickle, BrimPickleId id)
{
    return pickle->nodes[id].kind;
}

/* True for list, tuple, set, dict and object: what has entries. */
bool brim_pickle_has_entries(const BrimPickle *pickle, BrimPickleId id);

/* The first entry of a container, NULL when it has none or is no container; and the one after an entry. */
const BrimPickleEntry *brim_pickle_first(const BrimPickle *pickle, BrimPickleId container);
const BrimPickleEntry *brim_pickle_next(const BrimPickle *pickle, const BrimPickleEntry *entry);

/* The value under a text key; 0 when absent. Searching is linear, so every search takes from looks_left; when that
 * falls below 0 nothing is found any more and the caller, who looks at it in the end, refuses the file. */
BrimPickleId brim_pickle_find(BrimPickle *pickle, BrimPickleId dict, const char *key);

/* Item i of a list or tuple; 0 when there are fewer. For small i. */
BrimPickleId brim_pickle_item(const BrimPickle *pickle, BrimPickleId sequence, int i);

bool brim_pickle_is_text(const BrimPickle *pickle, BrimPickleId id, const char *text);
bool brim_pickle_is_global(const BrimPickle *pickle, BrimPickleId id, const char *module, const char *name);

/* What the node is, in words for an error: "posix.system", "a number". Printable whatever the file says. */
enum { BRIM_PICKLE_WORDS_BYTES = 160 };
const char *brim_pickle_words(const BrimPickle *pickle, BrimPickleId id, char words[BRIM_PICKLE_WORDS_BYTES]);

#endif

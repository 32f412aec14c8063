/* The tree that a pickle becomes: the pool of its nodes, and looking into it. */
#include "exchange/pickle.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* A YOLOv5x checkpoint with its optimizer has 60,000 nodes. */
enum { MOST_NODES = 1 << 21, MOST_ENTRIES = 1 << 22, FIRST_ROOM = 256 };

/* Makes room for one more item in a pool. */
static BrimStatus make_room(void **pool, int32_t count, int32_t *room, int32_t most, size_t size)
{
    if (count < *room)
        return BRIM_OK;
    if (count >= most)
        return brim_fail(BRIM_ERROR_INPUT, "the pickle has more than %d parts", most);
    int32_t wider = *room ? 2 * *room : FIRST_ROOM;
    void *grown = brim_mem_grow(BRIM_MEM_EXCHANGE, *pool, (size_t)wider, size);
    if (!grown)
        return BRIM_ERROR_MEMORY;
    *pool = grown;
    *room = wider;
    return BRIM_OK;
}

BrimStatus brim_pickle_add(BrimPickle *pickle, BrimPickleNode node, BrimPickleId *id)
{
    void *pool = pickle->nodes;
    BrimStatus status = make_room(&pool, pickle->node_count, &pickle->node_room, MOST_NODES, sizeof node);
    if (status != BRIM_OK)
        return status;
    pickle->nodes = pool;
    pickle->nodes[pickle->node_count] = node;
    *id = pickle->node_count++;
    return BRIM_OK;
}

BrimStatus brim_pickle_append(BrimPickle *pickle, BrimPickleId container, BrimPickleId key, BrimPickleId value)
{
    BrimPickleEntry entry = {.key = key, .value = value};
    void *pool = pickle->entries;
    int32_t at = pickle->entry_count ? pickle->entry_count : 1;
    BrimStatus status = make_room(&pool, at, &pickle->entry_room, MOST_ENTRIES, sizeof entry);
    if (status != BRIM_OK)
        return status;
    pickle->entries = pool;
    pickle->entry_count = at + 1;
    BrimPickleNode *node = &pickle->nodes[container];
    pickle->entries[at] = entry;
    if (node->call.last)
        pickle->entries[node->call.last].next = at;
    else
        node->call.first = at;
    node->call.last = at;
    node->call.count++;
    return BRIM_OK;
}

void brim_pickle_clear(BrimPickle *pickle)
{
    brim_mem_give(pickle->nodes);
    brim_mem_give(pickle->entries);
    *pickle = (BrimPickle){0};
}

bool brim_pickle_has_entries(const BrimPickle *pickle, BrimPickleId id)
{
    BrimPickleKind kind = brim_pickle_kind(pickle, id);
    return (kind >= BRIM_PICKLE_LIST && kind <= BRIM_PICKLE_DICT) || kind == BRIM_PICKLE_OBJECT;
}

const BrimPickleEntry *brim_pickle_first(const BrimPickle *pickle, BrimPickleId container)
{
    if (!brim_pickle_has_entries(pickle, container))
        return NULL;
    int32_t first = brim_pickle_node(pickle, container)->call.first;
    return first ? &pickle->entries[first] : NULL;
}

const BrimPickleEntry *brim_pickle_next(const BrimPickle *pickle, const BrimPickleEntry *entry)
{
    return entry->next ? &pickle->entries[entry->next] : NULL;
}

BrimPickleId brim_pickle_find(BrimPickle *pickle, BrimPickleId dict, const char *key)
{
    const BrimPickleEntry *entry = brim_pickle_first(pickle, dict);
    /* The last of equal keys, as in Python. */
    BrimPickleId found = 0;
    for (; entry && pickle->looks_left >= 0; entry = brim_pickle_next(pickle, entry)) {
        pickle->looks_left--;
        if (brim_pickle_is_text(pickle, entry->key, key))
            found = entry->value;
    }
    return found;
}

BrimPickleId brim_pickle_item(const BrimPickle *pickle, BrimPickleId sequence, int i)
{
    const BrimPickleEntry *entry = brim_pickle_first(pickle, sequence);
    for (; entry && i > 0; i--)
        entry = brim_pickle_next(pickle, entry);
    return entry ? entry->value : 0;
}

bool brim_pickle_is_text(const BrimPickle *pickle, BrimPickleId id, const char *text)
{
    const BrimPickleNode *node = brim_pickle_node(pickle, id);
    return node->kind == BRIM_PICKLE_TEXT && node->text.bytes == strlen(text) &&
           memcmp(node->text.data, text, node->text.bytes) == 0;
}

bool brim_pickle_is_global(const BrimPickle *pickle, BrimPickleId id, const char *module, const char *name)
{
    const BrimPickleNode *node = brim_pickle_node(pickle, id);
    return node->kind == BRIM_PICKLE_GLOBAL && brim_pickle_is_text(pickle, node->global.module, module) &&
           brim_pickle_is_text(pickle, node->global.name, name);
}

/* Up to 60 bytes of a text with whatever a terminal could take for a command replaced. */
static void copy_printable(const BrimPickle *pickle, BrimPickleId id, char *copy)
{
    const BrimPickleNode *node = brim_pickle_node(pickle, id);
    size_t bytes = node->text.bytes < 60 ? node->text.bytes : 60;
    for (size_t i = 0; i < bytes; i++)
        copy[i] = isprint((unsigned char)node->text.data[i]) ? node->text.data[i] : '?';
    copy[bytes] = '\0';
}

const char *brim_pickle_words(const BrimPickle *pickle, BrimPickleId id, char words[BRIM_PICKLE_WORDS_BYTES])
{
    static const char *const kinds[] = {
        [BRIM_PICKLE_NONE] = "None",       [BRIM_PICKLE_BOOL] = "a truth value",
        [BRIM_PICKLE_INTEGER] = "a number", [BRIM_PICKLE_REAL] = "a number",
        [BRIM_PICKLE_TEXT] = "a text",     [BRIM_PICKLE_BYTES] = "bytes",
        [BRIM_PICKLE_LIST] = "a list",     [BRIM_PICKLE_TUPLE] = "a tuple",
        [BRIM_PICKLE_SET] = "a set",       [BRIM_PICKLE_DICT] = "a dict",
        [BRIM_PICKLE_GLOBAL] = "a name",   [BRIM_PICKLE_OBJECT] = "an object",
        [BRIM_PICKLE_PERSISTENT] = "a storage",
    };
    const BrimPickleNode *node = brim_pickle_node(pickle, id);
    if (node->kind == BRIM_PICKLE_OBJECT && brim_pickle_kind(pickle, node->call.callee) == BRIM_PICKLE_GLOBAL)
        node = brim_pickle_node(pickle, node->call.callee);
    if (node->kind == BRIM_PICKLE_GLOBAL) {
        char module[64], name[64];
        copy_printable(pickle, node->global.module, module);
        copy_printable(pickle, node->global.name, name);
        snprintf(words, BRIM_PICKLE_WORDS_BYTES, "%s.%s", module, name);
    } else {
        snprintf(words, BRIM_PICKLE_WORDS_BYTES, "%s", kinds[node->kind]);
    }
    return words;
}

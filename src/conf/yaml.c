/* libyaml's events to a tree. */
#include "conf/yaml.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

/* Far above what a file of this field has, far below what would take long. */
enum { MOST_DEPTH = 16, MOST_NODES = 200000, MOST_KEYS = 12000 };

typedef struct Reader {
    yaml_parser_t parser;
    const char *name;
    const char *text;
    int nodes;
} Reader;

static void clear_node(BrimYaml *node)
{
    for (int i = 0; i < node->count; i++) {
        clear_node(&node->items[i]);
        if (node->keys)
            brim_mem_give(node->keys[i]);
    }
    brim_mem_give(node->items);
    brim_mem_give(node->keys);
    brim_mem_give(node->text);
}

void brim_yaml_close(BrimYaml **root)
{
    if (!*root)
        return;
    clear_node(*root);
    brim_mem_give(*root);
    *root = NULL;
}

/* The line at which libyaml gave up; unreadable characters have an offset alone. */
static size_t problem_line(const Reader *reader)
{
    const yaml_parser_t *parser = &reader->parser;
    size_t line = 1;
    if (parser->error != YAML_READER_ERROR)
        return parser->problem_mark.line + 1;
    for (size_t i = 0; i < parser->problem_offset; i++)
        line += reader->text[i] == '\n';
    return line;
}

static BrimStatus next_event(Reader *reader, yaml_event_t *event)
{
    if (yaml_parser_parse(&reader->parser, event))
        return BRIM_OK;
    memset(event, 0, sizeof *event);
    if (reader->parser.error == YAML_MEMORY_ERROR)
        return brim_fail(BRIM_ERROR_MEMORY, "%s: no memory to read it", reader->name);
    const char *problem = reader->parser.problem;
    return brim_fail(BRIM_ERROR_INPUT, "%s: line %zu: %s", reader->name, problem_line(reader),
                     problem ? problem : "this is not yaml");
}

/* Room for one more item; NULL with a last error. */
static BrimYaml *add_item(BrimYaml *node)
{
    if (node->count == node->room) {
        int room = node->room ? 2 * node->room : 8;
        BrimYaml *items = brim_mem_grow(BRIM_MEM_CONF, node->items, (size_t)room, sizeof *items);
        if (!items)
            return NULL;
        node->items = items;
        if (node->kind == BRIM_YAML_MAP) {
            char **keys = brim_mem_grow(BRIM_MEM_CONF, node->keys, (size_t)room, sizeof *keys);
            if (!keys)
                return NULL;
            node->keys = keys;
        }
        node->room = room;
    }
    return &node->items[node->count++];
}

static BrimStatus read_node(Reader *reader, const yaml_event_t *event, BrimYaml *node, int depth);

static BrimStatus read_list(Reader *reader, BrimYaml *node, int depth)
{
    for (;;) {
        yaml_event_t event;
        BrimStatus status = next_event(reader, &event);
        if (status != BRIM_OK || event.type == YAML_SEQUENCE_END_EVENT) {
            yaml_event_delete(&event);
            return status;
        }
        BrimYaml *item = add_item(node);
        status = item ? read_node(reader, &event, item, depth + 1) : BRIM_ERROR_MEMORY;
        yaml_event_delete(&event);
        if (status != BRIM_OK)
            return status;
    }
}

/* A text that a message and a list of names can show: printable, without a zero inside. */
static bool is_plain(const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        if (iscntrl((unsigned char)text[i]))
            return false;
    return true;
}

/* A key and its value. */
static BrimStatus read_pair(Reader *reader, const yaml_event_t *key, BrimYaml *node, int depth)
{
    int line = (int)key->start_mark.line + 1;
    if (key->type != YAML_SCALAR_EVENT ||
        !is_plain((const char *)key->data.scalar.value, key->data.scalar.length) || node->count == MOST_KEYS)
        return brim_fail(BRIM_ERROR_INPUT, "%s: line %d: a key must be a plain word, and one of at most %d",
                         reader->name, line, MOST_KEYS);
    const char *text = (const char *)key->data.scalar.value;
    if (brim_yaml_get(node, text))
        return brim_fail(BRIM_ERROR_INPUT, "%s: line %d: key \"%s\" appears twice", reader->name, line, text);
    BrimYaml *item = add_item(node);
    if (!item || !(node->keys[node->count - 1] = brim_mem_text(BRIM_MEM_CONF, text)))
        return BRIM_ERROR_MEMORY;
    item->key_line = line;
    yaml_event_t value;
    BrimStatus status = next_event(reader, &value);
    if (status == BRIM_OK)
        status = read_node(reader, &value, item, depth + 1);
    yaml_event_delete(&value);
    return status;
}

static BrimStatus read_map(Reader *reader, BrimYaml *node, int depth)
{
    for (;;) {
        yaml_event_t event;
        BrimStatus status = next_event(reader, &event);
        if (status != BRIM_OK || event.type == YAML_MAPPING_END_EVENT) {
            yaml_event_delete(&event);
            return status;
        }
        status = read_pair(reader, &event, node, depth);
        yaml_event_delete(&event);
        if (status != BRIM_OK)
            return status;
    }
}

static BrimStatus read_node(Reader *reader, const yaml_event_t *event, BrimYaml *node, int depth)
{
    node->line = (int)event->start_mark.line + 1;
    if (depth > MOST_DEPTH || ++reader->nodes > MOST_NODES)
        return brim_fail(BRIM_ERROR_INPUT, "%s: line %d: nested too deep or too large", reader->name,
                         node->line);
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        node->kind = BRIM_YAML_SCALAR;
        node->quoted = event->data.scalar.style == YAML_SINGLE_QUOTED_SCALAR_STYLE ||
                       event->data.scalar.style == YAML_DOUBLE_QUOTED_SCALAR_STYLE;
        if (memchr(event->data.scalar.value, 0, event->data.scalar.length))
            return brim_fail(BRIM_ERROR_INPUT, "%s: line %d: a zero byte in a text", reader->name,
                             node->line);
        node->text = brim_mem_text(BRIM_MEM_CONF, (const char *)event->data.scalar.value);
        return node->text ? BRIM_OK : BRIM_ERROR_MEMORY;
    case YAML_SEQUENCE_START_EVENT:
        node->kind = BRIM_YAML_LIST;
        return read_list(reader, node, depth);
    case YAML_MAPPING_START_EVENT:
        node->kind = BRIM_YAML_MAP;
        return read_map(reader, node, depth);
    default:
        return brim_fail(BRIM_ERROR_INPUT, "%s: line %d: aliases are not supported", reader->name,
                         node->line);
    }
}

/* One document and nothing behind it. */
static BrimStatus read_document(Reader *reader, BrimYaml *root)
{
    int documents = 0;
    root->kind = BRIM_YAML_MAP;
    for (;;) {
        yaml_event_t event;
        BrimStatus status = next_event(reader, &event);
        yaml_event_type_t type = event.type;
        bool between = type == YAML_STREAM_START_EVENT || type == YAML_STREAM_END_EVENT ||
                       type == YAML_DOCUMENT_START_EVENT || type == YAML_DOCUMENT_END_EVENT;
        documents += type == YAML_DOCUMENT_START_EVENT;
        if (documents > 1)
            status = brim_fail(BRIM_ERROR_INPUT, "%s: line %zu: a second document begins; one is expected",
                               reader->name, event.start_mark.line + 1);
        else if (status == BRIM_OK && !between)
            status = read_node(reader, &event, root, 0);
        yaml_event_delete(&event);
        if (status != BRIM_OK || type == YAML_STREAM_END_EVENT)
            return status;
    }
}

BrimStatus brim_yaml_parse(BrimYaml **root, const char *name, const char *text, size_t bytes)
{
    Reader reader = {.name = name, .text = text};
    *root = brim_mem_take(BRIM_MEM_CONF, 1, sizeof **root);
    if (!*root)
        return BRIM_ERROR_MEMORY;
    if (!yaml_parser_initialize(&reader.parser)) {
        brim_yaml_close(root);
        return brim_fail(BRIM_ERROR_MEMORY, "%s: no memory to read it", name);
    }
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)text, bytes);
    BrimStatus status = read_document(&reader, *root);
    yaml_parser_delete(&reader.parser);
    if (status != BRIM_OK)
        brim_yaml_close(root);
    return status;
}

const BrimYaml *brim_yaml_get(const BrimYaml *map, const char *key)
{
    for (int i = 0; map && map->kind == BRIM_YAML_MAP && i < map->count; i++) {
        if (map->keys[i] && strcmp(map->keys[i], key) == 0)
            return &map->items[i];
    }
    return NULL;
}

/* Decimal numbers alone: strtod would take infinities, words and hexadecimals too. */
bool brim_yaml_number(const BrimYaml *node, double *value)
{
    char *end;
    if (!node || node->kind != BRIM_YAML_SCALAR || node->quoted || !node->text[0] ||
        strspn(node->text, "0123456789+-.eE") != strlen(node->text))
        return false;
    *value = strtod(node->text, &end);
    return *end == '\0' && isfinite(*value);
}

bool brim_yaml_whole(const BrimYaml *node, int *value)
{
    double number;
    if (!brim_yaml_number(node, &number) || number != floor(number) || fabs(number) > 1e9)
        return false;
    *value = (int)number;
    return true;
}

bool brim_yaml_whole_within(const BrimYaml *node, int low, int high, int *value)
{
    return brim_yaml_whole(node, value) && *value >= low && *value <= high;
}

bool brim_yaml_is(const BrimYaml *node, const char *text)
{
    return node && node->kind == BRIM_YAML_SCALAR && strcmp(node->text, text) == 0;
}

bool brim_yaml_bool(const BrimYaml *node, bool *value)
{
    *value = brim_yaml_is(node, "True") || brim_yaml_is(node, "true");
    return *value || brim_yaml_is(node, "False") || brim_yaml_is(node, "false");
}

bool brim_yaml_null(const BrimYaml *node)
{
    return node && !node->quoted &&
           (brim_yaml_is(node, "None") || brim_yaml_is(node, "null") || brim_yaml_is(node, "~") ||
            brim_yaml_is(node, ""));
}

const char *brim_yaml_show(const BrimYaml *node, char shown[BRIM_YAML_SHOWN_BYTES])
{
    enum { MOST_LETTERS = BRIM_YAML_SHOWN_BYTES - 6 }; /* beside two quotes, three dots and the end */
    if (!node || (node->kind == BRIM_YAML_SCALAR && !node->text[0])) {
        snprintf(shown, BRIM_YAML_SHOWN_BYTES, node ? "empty" : "missing");
    } else if (node->kind != BRIM_YAML_SCALAR) {
        snprintf(shown, BRIM_YAML_SHOWN_BYTES, "a %s", node->kind == BRIM_YAML_LIST ? "list" : "map");
    } else {
        bool cut = strlen(node->text) > MOST_LETTERS;
        snprintf(shown, BRIM_YAML_SHOWN_BYTES, "\"%.*s%s\"", MOST_LETTERS, node->text, cut ? "..." : "");
    }
    for (char *c = shown; *c; c++)
        if (iscntrl((unsigned char)*c))
            *c = ' ';
    return shown;
}

/* A yaml document as a tree that remembers lines, by libyaml. Aliases are refused: no file of this field uses
 * them, and they are how a small file becomes a large tree. */
#ifndef BRIM_CONF_YAML_H
#define BRIM_CONF_YAML_H

#include "base/memory.h"

enum {
    BRIM_YAML_MOST_BYTES = 1 << 22, /* of a file: room for any list of class names */
    BRIM_YAML_SHOWN_BYTES = 48
};

typedef enum BrimYamlKind { BRIM_YAML_SCALAR, BRIM_YAML_LIST, BRIM_YAML_MAP } BrimYamlKind;

typedef struct BrimYaml {
    BrimYamlKind kind;
    int line;     /* from 1 */
    int key_line; /* a map's item: the line of its key */
    bool quoted;  /* SCALAR: was in quotes, so that "1" is a text */
    char *text;   /* SCALAR */
    int count;    /* LIST, MAP: items */
    int room;
    struct BrimYaml *items;
    char **keys; /* MAP: one an item, each once */
} BrimYaml;

/* name is for messages ("file: line N: ..."). An empty document is an empty map. */
BrimStatus brim_yaml_parse(BrimYaml **root, const char *name, const char *text, size_t bytes);
void brim_yaml_close(BrimYaml **root);

/* The value of a key, or NULL. */
const BrimYaml *brim_yaml_get(const BrimYaml *map, const char *key);

/* The scalar as a number or truth value; false where it is none. */
bool brim_yaml_number(const BrimYaml *node, double *value);
bool brim_yaml_whole(const BrimYaml *node, int *value);
bool brim_yaml_whole_within(const BrimYaml *node, int low, int high, int *value);
bool brim_yaml_bool(const BrimYaml *node, bool *value);
bool brim_yaml_null(const BrimYaml *node); /* null, ~, None or nothing */

/* True when the node is this unquoted or quoted text. */
bool brim_yaml_is(const BrimYaml *node, const char *text);

/* The node in a few printable characters, for a message; NULL reads "missing". Returns shown. */
const char *brim_yaml_show(const BrimYaml *node, char shown[BRIM_YAML_SHOWN_BYTES]);

#endif

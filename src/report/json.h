/* JSON trees to files. */
#ifndef BRIM_REPORT_JSON_H
#define BRIM_REPORT_JSON_H

#include <jansson.h>

#include "base/status.h"

/* A string; bytes that are no UTF-8, which a file's name may have, become '?'. */
json_t *brim_json_text(const char *text);

/* Writes the tree atomically and lets go of it. root NULL, where memory ran out, is an error. Numbers have
 * `digits` digits: 9 hold a float, 17 a double. */
BrimStatus brim_json_write(const char *path, json_t *root, int digits);

#endif

/* JSON trees to files. */
#include "report/json.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"

json_t *brim_json_text(const char *text)
{
    json_t *string = json_string(text);
    char *plain = string ? NULL : brim_mem_text(BRIM_MEM_REPORT, text);
    for (char *at = plain; at && *at; at++)
        if ((unsigned char)*at >= 0x80)
            *at = '?';
    if (plain)
        string = json_string(plain);
    brim_mem_give(plain);
    return string;
}

BrimStatus brim_json_write(const char *path, json_t *root, int digits)
{
    char *text = json_dumps(root, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(digits));
    json_decref(root);
    if (!text)
        return brim_fail(BRIM_ERROR_MEMORY, "no memory for %s", path);
    BrimStatus status = brim_file_write(path, text, strlen(text));
    free(text);
    return status;
}

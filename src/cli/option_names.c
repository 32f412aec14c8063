/* Names out of the one text that a row holds them in. */
#include "cli/option_names.h"

#include <string.h>

BrimOption brim_option_at(const BrimOptionTable *table, int index)
{
    const BrimOption *row = &table->options[index];
    BrimOption option = row->as ? *row->as : *row;
    option.offset = row->offset;
    return option;
}

BrimOptionName brim_option_name(const BrimOption *option, int index)
{
    BrimOptionName name = {""};
    const char *at = option->names;
    for (; index > 0 && *at; index--) {
        at += strcspn(at, " ");
        at += *at == ' ';
    }
    snprintf(name.text, sizeof name.text, "%.*s", (int)strcspn(at, " "), at);
    return name;
}

int brim_option_names(const BrimOptionTable *table,
                      char names[BRIM_OPTION_MOST_NAMES][BRIM_OPTION_NAME_BYTES])
{
    int count = 0;
    snprintf(names[count++], BRIM_OPTION_NAME_BYTES, "help");
    for (int i = 0; i < table->count; i++) {
        const BrimOption option = brim_option_at(table, i);
        BrimOptionName name = brim_option_name(&option, 0);
        for (int n = 1; name.text[0] && option.kind != BRIM_OPTION_WORD && count < BRIM_OPTION_MOST_NAMES;
             n++) {
            snprintf(names[count++], BRIM_OPTION_NAME_BYTES, "%s", name.text);
            name = brim_option_name(&option, n);
        }
    }
    return count;
}

/* --batch_size is --batch-size */
static bool same_name(const char *name, const char *word, size_t length)
{
    if (strlen(name) != length)
        return false;
    for (size_t i = 0; i < length; i++)
        if ((word[i] == '_' ? '-' : word[i]) != (name[i] == '_' ? '-' : name[i]))
            return false;
    return true;
}

bool brim_option_same_name(const char *name, const char *other)
{
    return same_name(name, other, strlen(other));
}

int brim_option_find(const BrimOptionTable *table, const char *word, size_t length)
{
    for (int i = 0; i < table->count; i++) {
        const BrimOption option = brim_option_at(table, i);
        BrimOptionName name = brim_option_name(&option, 0);
        for (int n = 1; name.text[0] && option.kind != BRIM_OPTION_WORD; n++) {
            if (same_name(name.text, word, length))
                return i;
            name = brim_option_name(&option, n);
        }
    }
    return -1;
}

/* Lines for Prometheus. */
#include "watch/serve_exposition.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"

enum { VALUE_MOST = 1024 }; /* longer than every text of a sample */

void brim_exposition_add(BrimExposition *exposition, const BrimFamily *family, const char *labels,
                         double value)
{
    if (!isfinite(value))
        return;
    if (exposition->open != family)
        brim_text_add(&exposition->text, "# HELP %s %s\n# TYPE %s %s\n", family->name, family->help,
                      family->name, family->type);
    exposition->open = family;
    /* 15 digits bring back every integer below 10^15, so that bytes stay exact. Most figures are such
     * integers, and those are written faster as what they are. */
    char number[32];
    if (fabs(value) < 1e15 && value == floor(value))
        snprintf(number, sizeof number, "%lld", (long long)value);
    else
        snprintf(number, sizeof number, "%.15g", value);
    if (labels[0])
        brim_text_add(&exposition->text, "%s{%s} %s\n", family->name, labels, number);
    else
        brim_text_add(&exposition->text, "%s %s\n", family->name, number);
}

void brim_exposition_label(BrimText *labels, const char *key, const char *value)
{
    char clean[VALUE_MOST], escaped[2 * VALUE_MOST], *to = escaped;
    if (!value[0])
        return;
    brim_utf8_copy(clean, sizeof clean, value);
    for (const char *from = clean; *from; from++) {
        if (*from == '\\' || *from == '"' || *from == '\n')
            *to++ = '\\';
        *to++ = *from == '\n' ? 'n' : *from;
    }
    *to = '\0';
    brim_text_add(labels, "%s%s=\"%s\"", labels->length ? "," : "", key, escaped);
}

BrimStatus brim_exposition_labels(char ***labels, int count, BrimLabelWriter writer, const void *things)
{
    BrimStatus status = BRIM_OK;
    *labels = brim_mem_take(BRIM_MEM_REPORT, (size_t)count, sizeof **labels);
    if (!*labels)
        return BRIM_ERROR_MEMORY;
    for (int i = 0; i < count; i++) {
        BrimText text = {0};
        writer(&text, things, i);
        BRIM_TRY(brim_text_end(&text, &(*labels)[i]));
    }
    return BRIM_OK;
fail:
    brim_exposition_labels_give(labels, count);
    return status;
}

void brim_exposition_labels_give(char ***labels, int count)
{
    if (!*labels)
        return;
    for (int i = 0; i < count; i++)
        brim_mem_give((*labels)[i]);
    brim_mem_give(*labels);
    *labels = NULL;
}

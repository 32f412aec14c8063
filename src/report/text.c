/* Grows by doubling. */
#include "report/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"

static bool make_room(BrimText *text, size_t bytes)
{
    if (text->length + bytes <= text->room)
        return true;
    size_t room = 2 * (text->length + bytes);
    char *grown = brim_mem_grow(BRIM_MEM_REPORT, text->text, room, 1);
    if (!grown)
        return false;
    text->text = grown;
    text->room = room;
    return true;
}

void brim_text_add(BrimText *text, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    text->failed = text->failed || length < 0 || !make_room(text, (size_t)length + 1);
    if (!text->failed)
        text->length +=
            (size_t)vsnprintf(text->text + text->length, text->room - text->length, format, again);
    va_end(again);
    va_end(args);
}

void brim_text_add_bytes(BrimText *text, const void *bytes, size_t count)
{
    text->failed = text->failed || !make_room(text, count + 1);
    if (text->failed)
        return;
    memcpy(text->text + text->length, bytes, count);
    text->length += count;
    text->text[text->length] = '\0';
}

void brim_text_drop(BrimText *text, size_t count)
{
    if (text->failed || count > text->length)
        return;
    text->length -= count;
    text->text[text->length] = '\0';
}

BrimStatus brim_text_end(BrimText *text, char **whole)
{
    brim_text_add(text, "%s", "");
    *whole = text->failed ? NULL : text->text;
    if (text->failed)
        brim_mem_give(text->text);
    bool failed = text->failed;
    *text = (BrimText){0};
    return failed ? brim_fail(BRIM_ERROR_MEMORY, "no memory left for a report") : BRIM_OK;
}

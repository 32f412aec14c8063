/* UTF-8 as RFC 3629 has it. */
#include "base/utf8.h"

#include <string.h>

/* Bytes of the UTF-8 character at text, 0 when there is none. */
static size_t utf8_bytes(const unsigned char *text)
{
    size_t bytes = text[0] < 0x80                      ? 1
                   : text[0] >= 0xC2 && text[0] < 0xE0 ? 2
                   : (text[0] & 0xF0) == 0xE0          ? 3
                                                       : 0;
    if ((text[0] & 0xF8) == 0xF0 && text[0] < 0xF4)
        bytes = 4;
    for (size_t i = 1; i < bytes; i++)
        if ((text[i] & 0xC0) != 0x80)
            return 0;
    /* Overlong forms and surrogates. */
    if ((text[0] == 0xE0 && text[1] < 0xA0) || (text[0] == 0xF0 && text[1] < 0x90) ||
        (text[0] == 0xED && text[1] > 0x9F))
        return 0;
    return bytes;
}

void brim_utf8_copy(char *to, size_t room, const char *from)
{
    size_t used = 0;
    while (*from) {
        size_t bytes = utf8_bytes((const unsigned char *)from);
        size_t step = bytes ? bytes : 1;
        if (used + step >= room)
            break;
        memcpy(to + used, bytes ? from : "?", step);
        used += step;
        from += step;
    }
    to[used] = '\0';
}

/* C0, DEL, and C1, which begins with C2 80. */
static int is_control(const unsigned char *text)
{
    return text[0] < 0x20 || text[0] == 0x7F || (text[0] == 0xC2 && text[1] < 0xA0);
}

void brim_utf8_clean(char *text)
{
    while (*text) {
        size_t bytes = utf8_bytes((const unsigned char *)text);
        if (bytes == 0 || is_control((const unsigned char *)text))
            memset(text, '?', bytes ? bytes : 1);
        text += bytes ? bytes : 1;
    }
}

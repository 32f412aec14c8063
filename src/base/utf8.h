/* Texts of unknown origin made fit for those who take UTF-8 only. */
#ifndef BRIM_BASE_UTF8_H
#define BRIM_BASE_UTF8_H

#include <stddef.h>

/* Copies whole characters as far as there is room. What is not UTF-8 becomes '?': cairo would stop drawing at
 * it. */
void brim_utf8_copy(char *to, size_t room, const char *from);

/* In place: what is not UTF-8, and what a terminal would take for a command, becomes '?', one for each byte. */
void brim_utf8_clean(char *text);

#endif

/* Texts of unknown origin made fit for those who take UTF-8 only. */
#ifndef BRIM_REPORT_UTF8_H
#define BRIM_REPORT_UTF8_H

#include <stddef.h>

/* Copies whole characters as far as there is room. What is not UTF-8 becomes '?': cairo would stop drawing at
 * it. */
void brim_utf8_copy(char *to, size_t room, const char *from);

#endif

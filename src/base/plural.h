/* Numbers in sentences. */
#ifndef BRIM_BASE_PLURAL_H
#define BRIM_BASE_PLURAL_H

/* What a noun ends with for so many: "%d batch%s", n, brim_plural(n, "es"). */
static inline const char *brim_plural(long long count, const char *ending)
{
    return count == 1 ? "" : ending;
}

#endif

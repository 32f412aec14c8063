/* The known word that a mistyped one most likely meant. */
#ifndef BRIM_CONF_NEAREST_H
#define BRIM_CONF_NEAREST_H

/* The nearest of count words by edits (insert, delete, replace, swap of neighbours), or NULL where none is
 * near: more than a third of its letters would change. The first of equals. */
const char *brim_nearest(const char *word, const char *const *known, int count);

#endif

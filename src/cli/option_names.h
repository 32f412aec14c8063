/* The rows of a table, and their names. Private to options.c and options_help.c. */
#ifndef BRIM_CLI_OPTION_NAMES_H
#define BRIM_CLI_OPTION_NAMES_H

#include "cli/options.h"

enum { BRIM_OPTION_MOST_NAMES = 160, BRIM_OPTION_NAME_BYTES = 32 };

typedef struct BrimOptionName {
    char text[BRIM_OPTION_NAME_BYTES]; /* "" behind the last one */
} BrimOptionName;

/* The table's row as it holds, with what it has of another. */
BrimOption brim_option_at(const BrimOptionTable *table, int index);

/* The option's name number `index`. */
BrimOptionName brim_option_name(const BrimOption *option, int index);

/* All names that stand behind two dashes, "help" among them; gives their number. */
int brim_option_names(const BrimOptionTable *table,
                      char names[BRIM_OPTION_MOST_NAMES][BRIM_OPTION_NAME_BYTES]);

/* Is it one name? - and _ are the same letter. */
bool brim_option_same_name(const char *name, const char *other);

/* The row with one of whose names the first `length` letters agree; - and _ are the same letter, as YOLOv5
 * uses both. -1 where there is none. */
int brim_option_find(const BrimOptionTable *table, const char *word, size_t length);

#endif

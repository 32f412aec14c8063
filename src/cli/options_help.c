/* The help text that follows from a command's table. */
#include <string.h>

#include "base/terminal.h"
#include "cli/option_names.h"

enum { HELP_COLUMN = 28, LEAST_COLUMNS = 56, MOST_COLUMNS = 100 };

/* As far as the terminal goes; lines that are too long are hard to read on a wide one. */
static int last_column(FILE *file)
{
    int columns = brim_terminal_columns(fileno(file), MOST_COLUMNS);
    return columns < LEAST_COLUMNS ? LEAST_COLUMNS : columns > MOST_COLUMNS ? MOST_COLUMNS : columns;
}

/* Prints words from a column on, broken before the last one. */
static void print_wrapped(FILE *file, const char *text, int column)
{
    int at = column, last = last_column(file);
    for (const char *word = text; *word;) {
        int length = (int)strcspn(word, " ");
        if (at > column && at + 1 + length > last) {
            fprintf(file, "\n%*s", column, "");
            at = column;
        }
        at += fprintf(file, "%s%.*s", at > column ? " " : "", length, word);
        word += length;
        word += strspn(word, " ");
    }
    fputc('\n', file);
}

static void print_bytes(char *text, size_t bytes, uint64_t amount)
{
    static const char *const units[] = {"", "K", "M", "G", "T"};
    int unit = 0;
    for (; amount >= 1024 && amount % 1024 == 0 && unit < 4; unit++)
        amount /= 1024;
    snprintf(text, bytes, "%llu%s", (unsigned long long)amount, units[unit]);
}

/* The default as text; "" where there is none to tell. */
static void print_default(char *text, size_t bytes, const BrimOption *option, const void *defaults)
{
    const void *field = (const char *)defaults + option->offset;
    text[0] = '\0';
    if (option->kind == BRIM_OPTION_DOUBLE && *(const double *)field < option->low)
        return; /* what cannot be given stands for "not given" */
    if (option->kind == BRIM_OPTION_INT)
        snprintf(text, bytes, "%d", *(const int *)field);
    else if (option->kind == BRIM_OPTION_UINT64)
        snprintf(text, bytes, "%llu", (unsigned long long)*(const uint64_t *)field);
    else if (option->kind == BRIM_OPTION_DOUBLE)
        snprintf(text, bytes, "%g", *(const double *)field);
    else if (option->kind == BRIM_OPTION_BYTES && *(const uint64_t *)field)
        print_bytes(text, bytes, *(const uint64_t *)field);
    else if ((option->kind == BRIM_OPTION_TEXT || option->kind == BRIM_OPTION_CHOICE ||
              option->kind == BRIM_OPTION_WORD) &&
             *(const char *const *)field)
        snprintf(text, bytes, "%s", *(const char *const *)field);
}

/* "  --imgsz, --img PX", then what it is for. */
static void print_option(FILE *file, const BrimOption *option, const void *defaults)
{
    char standard[128], help[512];
    const char *dashes = option->kind == BRIM_OPTION_WORD ? "" : "--";
    int at = fprintf(file, "  %s%s", dashes, brim_option_name(option, 0).text);
    for (int n = 1; brim_option_name(option, n).text[0]; n++)
        at += fprintf(file, ", %s%s", dashes, brim_option_name(option, n).text);
    if (option->value && option->kind != BRIM_OPTION_WORD)
        at += fprintf(file, option->alone ? " [%s]" : " %s", option->value);
    if (at > HELP_COLUMN - 2) {
        fputc('\n', file);
        at = 0;
    }
    fprintf(file, "%*s", HELP_COLUMN - at, "");
    print_default(standard, sizeof standard, option, defaults);
    if (option->required)
        snprintf(help, sizeof help, "%s (required)", option->help);
    else
        snprintf(help, sizeof help, standard[0] ? "%s (default %s)" : "%s", option->help, standard);
    print_wrapped(file, help, HELP_COLUMN);
}

void brim_options_help(const BrimOptionTable *table, const void *defaults, FILE *file)
{
    fprintf(file, "usage: %s\n\n", table->usage);
    print_wrapped(file, table->about, 0);
    fputc('\n', file);
    for (int i = 0; i < table->count; i++) {
        const BrimOption option = brim_option_at(table, i);
        print_option(file, &option, defaults);
    }
    fprintf(file, "  %-*sthis text\n", HELP_COLUMN - 2, "-h, --help");
}

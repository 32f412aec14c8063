/* The parser behind every command's table. */
#include "cli/options.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/option_names.h"
#include "cli/options_yolov5.h"
#include "conf/nearest.h"

typedef struct Parser {
    const BrimOptionTable *table;
    char *const *words;
    int count, next; /* the word to read next */
    char *options;
    bool given[BRIM_OPTION_MOST];
    bool names_over; /* after "--" all words are words */
} Parser;

static void *field(const Parser *parser, const BrimOption *option)
{
    return parser->options + option->offset;
}

/* A negative number is a value, everything else behind a dash a name. */
static bool looks_like_name(const char *word)
{
    return word[0] == '-' && word[1] && !strchr("0123456789.", word[1]);
}

static BrimStatus refuse_value(const BrimOption *option, const char *expected, const char *word)
{
    return brim_fail(BRIM_ERROR_ARGUMENT, "--%s must be %s, not \"%s\"", brim_option_name(option, 0).text,
                     expected, word);
}

/* The whole word as a number: decimal alone, without the words and hexadecimals that strtod takes. */
static bool read_number(const char *word, double *number)
{
    char *end;
    if (!*word || strspn(word, "0123456789+-.eE") != strlen(word))
        return false;
    *number = strtod(word, &end);
    return *end == '\0' && isfinite(*number);
}

static bool within(const BrimOption *option, double number)
{
    return number >= option->low && number <= option->high;
}

static BrimStatus set_whole(const BrimOption *option, const char *word, int *value)
{
    double number;
    char expected[96];
    snprintf(expected, sizeof expected, "a whole number from %.0f to %.0f", option->low, option->high);
    if (!read_number(word, &number) || number != floor(number) || !within(option, number))
        return refuse_value(option, expected, word);
    *value = (int)number;
    return BRIM_OK;
}

/* Seeds use all 64 bits, which a double does not hold. */
static BrimStatus set_uint64(const BrimOption *option, const char *word, uint64_t *value)
{
    errno = 0;
    unsigned long long number = strtoull(word, NULL, 10);
    if (!*word || strspn(word, "0123456789") != strlen(word) || errno)
        return refuse_value(option, "a whole number of at most 64 bits", word);
    *value = number;
    return BRIM_OK;
}

static BrimStatus set_double(const BrimOption *option, const char *word, double *value)
{
    double number;
    char expected[96];
    snprintf(expected, sizeof expected, "a number from %g to %g", option->low, option->high);
    if (!read_number(word, &number) || !within(option, number))
        return refuse_value(option, expected, word);
    *value = number;
    return BRIM_OK;
}

/* 8G, 8GB and 8GiB are the same 8 * 2^30 bytes, as memory is sold. */
static BrimStatus set_bytes(const BrimOption *option, const char *word, uint64_t *value)
{
    static const char units[] = "KMGT";
    char *end;
    double number = strtod(word, &end);
    bool fits = word[0] >= '0' && word[0] <= '9' && word[1] != 'x' && word[1] != 'X';
    for (int i = 0; fits && units[i]; i++)
        if ((*end & ~0x20) == units[i]) {
            number *= pow(1024, i + 1);
            end++;
            if (strncmp(end, "iB", 2) == 0)
                end += 2;
            else if (*end == 'B')
                end++;
            break;
        }
    if (!fits || *end || !within(option, floor(number)))
        return refuse_value(option, "an amount of memory such as 512M or 8G", word);
    *value = (uint64_t)number;
    return BRIM_OK;
}

/* Numbers of one word, "0,2,3" or "2", behind those that are there. */
static BrimStatus add_ints(const BrimOption *option, const char *word, BrimOptionInts *ints)
{
    const char *at = word;
    for (;;) {
        char number[24];
        size_t length = strcspn(at, ",");
        BrimStatus status;
        if (length >= sizeof number || ints->count == BRIM_OPTION_MOST_INTS)
            return refuse_value(option, "a list of at most 256 whole numbers", word);
        snprintf(number, sizeof number, "%.*s", (int)length, at);
        status = set_whole(option, number, &ints->values[ints->count]);
        if (status != BRIM_OK)
            return status;
        ints->count++;
        if (at[length] == '\0')
            return BRIM_OK;
        at += length + 1;
    }
}

/* One of the words between bars. */
static BrimStatus set_choice(const BrimOption *option, const char *word, const char **value)
{
    char expected[128];
    size_t length = strlen(word);
    for (const char *at = option->value; length; at++) {
        size_t choice = strcspn(at, "|");
        if (choice == length && strncmp(at, word, length) == 0) {
            *value = word;
            return BRIM_OK;
        }
        at += choice;
        if (!*at)
            break;
    }
    snprintf(expected, sizeof expected, "one of %s", option->value);
    return refuse_value(option, expected, word);
}

static BrimStatus set_value(const BrimOption *option, const char *word, void *value)
{
    switch (option->kind) {
    case BRIM_OPTION_INT:
        return set_whole(option, word, value);
    case BRIM_OPTION_UINT64:
        return set_uint64(option, word, value);
    case BRIM_OPTION_DOUBLE:
        return set_double(option, word, value);
    case BRIM_OPTION_BYTES:
        return set_bytes(option, word, value);
    case BRIM_OPTION_CHOICE:
        return set_choice(option, word, value);
    case BRIM_OPTION_INTS:
        ((BrimOptionInts *)value)->count = 0;
        return add_ints(option, word, value);
    default:
        *(const char **)value = word;
        return BRIM_OK;
    }
}

/* The further numbers of --classes 0 2 3. */
static BrimStatus read_more_ints(Parser *parser, const BrimOption *option)
{
    BrimStatus status = BRIM_OK;
    while (status == BRIM_OK && parser->next < parser->count) {
        const char *word = parser->words[parser->next];
        if (!*word || strspn(word, "-0123456789,") != strlen(word) || looks_like_name(word))
            break;
        status = add_ints(option, word, field(parser, option));
        parser->next++;
    }
    return status;
}

static BrimStatus refuse_name(const Parser *parser, const char *word, size_t length)
{
    char typed[64], names[BRIM_OPTION_MOST_NAMES][BRIM_OPTION_NAME_BYTES];
    const char *known[BRIM_OPTION_MOST_NAMES];
    int count = brim_option_names(parser->table, names);
    for (int i = 0; i < count; i++)
        known[i] = names[i];
    snprintf(typed, sizeof typed, "%.*s", (int)length, word);
    const char *instead = brim_option_of_yolov5(typed);
    if (instead)
        return brim_fail(BRIM_ERROR_ARGUMENT, "there is no option --%s here, as YOLOv5 has it: %s", typed,
                         instead);
    const char *nearest = brim_nearest(typed, known, count);
    return brim_fail(BRIM_ERROR_ARGUMENT, "there is no option --%s%s%s%s", typed,
                     nearest ? "; --" : "; --help lists them", nearest ? nearest : "",
                     nearest ? " is meant?" : "");
}

/* --name, --name value or --name=value. */
static BrimStatus read_option(Parser *parser, const char *word)
{
    size_t length = strcspn(word, "=");
    const char *value = word[length] ? word + length + 1 : NULL;
    int found = brim_option_find(parser->table, word, length);
    if (found < 0)
        return refuse_name(parser, word, length);
    const BrimOption option = brim_option_at(parser->table, found);
    parser->given[found] = true;
    if (option.kind == BRIM_OPTION_FLAG) {
        *(bool *)field(parser, &option) = true;
        return value ? brim_fail(BRIM_ERROR_ARGUMENT, "--%.*s takes no value", (int)length, word) : BRIM_OK;
    }
    bool inside = value; /* --name=value */
    if (!inside && parser->next < parser->count && !looks_like_name(parser->words[parser->next]))
        value = parser->words[parser->next++];
    if (!value)
        value = option.alone;
    if (!value)
        return brim_fail(BRIM_ERROR_ARGUMENT, "--%.*s needs a value: %s", (int)length, word, option.value);
    BrimStatus status = set_value(&option, value, field(parser, &option));
    return status == BRIM_OK && option.kind == BRIM_OPTION_INTS && !inside ? read_more_ints(parser, &option)
                                                                           : status;
}

/* A word by its place: the first such row that has none yet. */
static BrimStatus read_word(Parser *parser, const char *word)
{
    for (int i = 0; i < parser->table->count; i++) {
        const BrimOption option = brim_option_at(parser->table, i);
        if (option.kind == BRIM_OPTION_WORD && !parser->given[i]) {
            parser->given[i] = true;
            return set_value(&option, word, field(parser, &option));
        }
    }
    return brim_fail(BRIM_ERROR_ARGUMENT, "\"%s\" is one word too many; options begin with --", word);
}

/* A word is called as in the usage, which shows where it belongs. */
static BrimStatus refuse_missing(const Parser *parser, const BrimOption *option)
{
    const BrimOptionName name = brim_option_name(option, 0);
    if (option->kind != BRIM_OPTION_WORD)
        return brim_fail(BRIM_ERROR_ARGUMENT, "--%s is missing: %s", name.text, option->help);
    return brim_fail(BRIM_ERROR_ARGUMENT, "the %s is missing in `%.*s`: %s", name.text,
                     (int)strcspn(parser->table->usage, "\n"), parser->table->usage, option->help);
}

static BrimStatus check_required(const Parser *parser)
{
    for (int i = 0; i < parser->table->count; i++) {
        const BrimOption option = brim_option_at(parser->table, i);
        if (option.required && !parser->given[i])
            return refuse_missing(parser, &option);
    }
    return BRIM_OK;
}

static BrimStatus read_next(Parser *parser)
{
    const char *word = parser->words[parser->next++];
    if (parser->names_over || !looks_like_name(word))
        return read_word(parser, word);
    if (word[1] != '-')
        return brim_fail(BRIM_ERROR_ARGUMENT, "there is no option %s; options begin with two dashes", word);
    if (word[2])
        return read_option(parser, word + 2);
    parser->names_over = true;
    return BRIM_OK;
}

BrimStatus brim_options_parse(const BrimOptionTable *table, int count, char *const *words, void *options,
                              bool *help)
{
    Parser parser = {.table = table, .words = words, .count = count, .options = options};
    *help = false;
    for (int i = 0; i < count && strcmp(words[i], "--") != 0; i++)
        *help = *help || strcmp(words[i], "-h") == 0 || strcmp(words[i], "--help") == 0;
    if (*help)
        return BRIM_OK;
    while (parser.next < count) {
        BrimStatus status = read_next(&parser);
        if (status != BRIM_OK)
            return status;
    }
    return check_required(&parser);
}

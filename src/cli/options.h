/* Words of a command line to the fields of a command's options struct, by one table a command. YOLOv5's
 * spellings work:
 * --imgsz 640, --img-size=640, --img 640. Reads and describes; never prints by itself or exits. */
#ifndef BRIM_CLI_OPTIONS_H
#define BRIM_CLI_OPTIONS_H

#include <stddef.h>
#include <stdio.h>

#include "base/status.h"

enum { BRIM_OPTION_MOST = 64, BRIM_OPTION_MOST_INTS = 256 };

/* The field of each kind. */
typedef enum BrimOptionKind {
    BRIM_OPTION_FLAG,   /* bool: true when given */
    BRIM_OPTION_INT,    /* int, low to high */
    BRIM_OPTION_UINT64, /* uint64_t, any */
    BRIM_OPTION_DOUBLE, /* double, low to high */
    BRIM_OPTION_TEXT,   /* const char *, which lives as long as the words */
    BRIM_OPTION_CHOICE, /* const char *, one of the words of `value`: "train|val|test" */
    BRIM_OPTION_INTS,   /* BrimOptionInts: --classes 0 2 3, --classes 0,2,3 */
    BRIM_OPTION_BYTES,  /* uint64_t: 8G, 512MiB, 1.5GB (binary, all of them); low to high bytes */
    BRIM_OPTION_WORD    /* const char *: a word without dashes, by its place */
} BrimOptionKind;

typedef struct BrimOptionInts {
    int count;
    int values[BRIM_OPTION_MOST_INTS]; /* each low to high */
} BrimOptionInts;

typedef struct BrimOption {
    const char *names; /* "imgsz img img-size": without dashes, the first for help and messages */
    BrimOptionKind kind;
    size_t offset; /* of the field */
    double low, high;
    const char *value; /* what help calls the value: "PX", "FILE", "ram|none" */
    const char *help;
    const char *alone; /* TEXT, CHOICE: the value when the name stands alone (--resume); NULL: it needs one */
    bool required;
    const struct BrimOption *as; /* where there is only an offset: the row that all else is of */
} BrimOption;

typedef struct BrimOptionTable {
    const char *usage; /* "brim train [options]" */
    const char *about; /* what the command does, in a sentence or two */
    const BrimOption *options;
    int count; /* at most BRIM_OPTION_MOST */
} BrimOptionTable;

/* Reads count words (those behind the command's name) into the struct at options, which holds the defaults;
 * the last of repeated options holds. *help becomes true for -h or --help, and nothing else counts then.
 * ERROR_ARGUMENT names the word and what was expected, or the nearest known name. */
BrimStatus brim_options_parse(const BrimOptionTable *table, int count, char *const *words, void *options,
                              bool *help);

/* The help: usage, about, a line or two for each option with the default that the struct holds. */
void brim_options_help(const BrimOptionTable *table, const void *defaults, FILE *file);

#endif

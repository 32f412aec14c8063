/* What opcodes work with: stack, marks, memo, the bytes still to come. Only pickle.c includes it. The first mistake is
 * kept in the machine; after it every helper does nothing, so that opcodes read as if nothing could fail. */
#ifndef BRIM_EXCHANGE_PICKLE_MACHINE_H
#define BRIM_EXCHANGE_PICKLE_MACHINE_H

#include <stdarg.h>
#include <stdio.h>

#include "exchange/pickle.h"

/* A checkpoint's stack is under a hundred deep, but a list is laid out there in batches of 1000. */
enum { MOST_STACK = 1 << 20, MOST_MARKS = 1 << 16, MOST_MEMO = 1 << 21 };

typedef struct Ids {
    BrimPickleId *items;
    size_t count, room;
} Ids;

typedef struct Machine {
    BrimPickle *pickle;
    const unsigned char *data;
    size_t bytes, at;
    Ids stack;
    Ids marks; /* heights of the stack */
    Ids memo;
    size_t memo_next; /* for MEMOIZE */
    bool stopped;
    BrimStatus status;
} Machine;

__attribute__((format(printf, 2, 3))) static inline void refuse(Machine *machine, const char *format, ...)
{
    if (machine->status != BRIM_OK)
        return;
    char words[256];
    va_list args;
    va_start(args, format);
    vsnprintf(words, sizeof words, format, args);
    va_end(args);
    machine->status = brim_fail(BRIM_ERROR_INPUT, "byte %zu of the pickle: %s", machine->at, words);
}

/* Widens ids to hold index, which is below most. */
static inline bool reach(Machine *machine, Ids *ids, size_t index, size_t most, const char *what)
{
    if (index < ids->room)
        return true;
    if (index >= most) {
        refuse(machine, "more than %zu %s", most, what);
        return false;
    }
    size_t room = ids->room ? ids->room : 256;
    while (room <= index)
        room *= 2;
    BrimPickleId *grown = brim_mem_grow(BRIM_MEM_EXCHANGE, ids->items, room, sizeof *grown);
    if (!grown) {
        machine->status = BRIM_ERROR_MEMORY;
        return false;
    }
    ids->items = grown;
    ids->room = room;
    return true;
}

static inline void push(Machine *machine, BrimPickleId id)
{
    if (machine->status == BRIM_OK &&
        reach(machine, &machine->stack, machine->stack.count, MOST_STACK, "items on the stack"))
        machine->stack.items[machine->stack.count++] = id;
}

/* The lowest height to which opcodes may take items away now. */
static inline size_t floor_of(const Machine *machine)
{
    return machine->marks.count ? (size_t)machine->marks.items[machine->marks.count - 1] : 0;
}

static inline BrimPickleId pop(Machine *machine)
{
    if (machine->stack.count == floor_of(machine)) {
        refuse(machine, "nothing on the stack");
        return 0;
    }
    return machine->stack.items[--machine->stack.count];
}

static inline BrimPickleId top(Machine *machine)
{
    BrimPickleId id = pop(machine);
    push(machine, id);
    return id;
}

/* Takes away the last mark and says at which height it was; the caller drops the items above. */
static inline size_t pop_mark(Machine *machine)
{
    if (machine->marks.count == 0) {
        refuse(machine, "no mark on the stack");
        return machine->stack.count;
    }
    return (size_t)machine->marks.items[--machine->marks.count];
}

static inline const unsigned char *take(Machine *machine, uint64_t bytes)
{
    if (machine->status != BRIM_OK)
        return NULL;
    if (bytes > machine->bytes - machine->at) {
        refuse(machine, "it ends too early");
        return NULL;
    }
    const unsigned char *taken = machine->data + machine->at;
    machine->at += (size_t)bytes;
    return taken;
}

/* A little-endian unsigned number of 0 to 8 bytes. */
static inline uint64_t take_number(Machine *machine, int bytes)
{
    const unsigned char *at = take(machine, (uint64_t)bytes);
    uint64_t number = 0;
    for (int i = bytes - 1; at && i >= 0; i--)
        number = number << 8 | at[i];
    return number;
}

static inline BrimPickleId add(Machine *machine, BrimPickleNode node)
{
    if (machine->status != BRIM_OK)
        return 0;
    BrimPickleId id = 0;
    machine->status = brim_pickle_add(machine->pickle, node, &id);
    return id;
}

static inline void append(Machine *machine, BrimPickleId container, BrimPickleId key, BrimPickleId value)
{
    if (machine->status == BRIM_OK)
        machine->status = brim_pickle_append(machine->pickle, container, key, value);
}

#endif

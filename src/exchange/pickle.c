/* The opcodes of Python's pickles: bytes in, nodes out. */
#include "exchange/pickle.h"

#include <string.h>

#include "exchange/pickle_machine.h"

enum { MOST_PROTOCOL = 5 };

/* What searches in one pickle may cost together: seconds at most, and a hundred times what a checkpoint needs. */
static const int64_t most_looks = 10 * 1000 * 1000;

static void push_integer(Machine *machine, int64_t value)
{
    push(machine, add(machine, (BrimPickleNode){.kind = BRIM_PICKLE_INTEGER, .integer = value}));
}

static void push_text(Machine *machine, BrimPickleKind kind, uint64_t bytes)
{
    const unsigned char *at = take(machine, bytes);
    push(machine, add(machine, (BrimPickleNode){.kind = kind,
                                                .text = {.data = (const char *)at, .bytes = (size_t)bytes}}));
}

/* ---- opcodes: what the argument means stands in the table ---- */

static void do_protocol(Machine *machine, int argument)
{
    (void)argument;
    uint64_t protocol = take_number(machine, 1);
    if (protocol < 2 || protocol > MOST_PROTOCOL)
        refuse(machine, "protocol %d; brim reads 2 to %d", (int)protocol, MOST_PROTOCOL);
}

static void do_frame(Machine *machine, int argument)
{
    (void)argument;
    take_number(machine, 8); /* only tells a reader how much to fetch at once */
}

static void do_stop(Machine *machine, int argument)
{
    (void)argument;
    machine->pickle->root = pop(machine);
    machine->stopped = true;
}

static void do_mark(Machine *machine, int argument)
{
    (void)argument;
    if (reach(machine, &machine->marks, machine->marks.count, MOST_MARKS, "marks on the stack"))
        machine->marks.items[machine->marks.count++] = (BrimPickleId)machine->stack.count;
}

static void do_pop(Machine *machine, int argument)
{
    (void)argument;
    /* As in Python, a POP right behind a MARK takes the mark. */
    if (machine->marks.count && machine->stack.count == floor_of(machine))
        machine->marks.count--;
    else
        pop(machine);
}

static void do_pop_mark(Machine *machine, int argument)
{
    (void)argument;
    machine->stack.count = pop_mark(machine);
}

static void do_duplicate(Machine *machine, int argument)
{
    (void)argument;
    push(machine, top(machine));
}

static void do_none(Machine *machine, int argument)
{
    (void)argument;
    push(machine, 0);
}

static void do_bool(Machine *machine, int value)
{
    push(machine, add(machine, (BrimPickleNode){.kind = BRIM_PICKLE_BOOL, .integer = value}));
}

static void do_unsigned(Machine *machine, int bytes)
{
    push_integer(machine, (int64_t)take_number(machine, bytes));
}

static void do_signed32(Machine *machine, int argument)
{
    (void)argument;
    push_integer(machine, (int32_t)(uint32_t)take_number(machine, 4));
}

static void do_long(Machine *machine, int length_bytes)
{
    uint64_t length = take_number(machine, length_bytes);
    if (length > 8) {
        push_text(machine, BRIM_PICKLE_BYTES, length);
        return;
    }
    uint64_t value = take_number(machine, (int)length);
    bool negative = length > 0 && value >> (8 * length - 1) & 1;
    if (negative && length < 8)
        value |= ~(uint64_t)0 << 8 * length;
    push_integer(machine, (int64_t)value);
}

static void do_real(Machine *machine, int argument)
{
    (void)argument;
    uint64_t bits = __builtin_bswap64(take_number(machine, 8));
    BrimPickleNode node = {.kind = BRIM_PICKLE_REAL};
    memcpy(&node.real, &bits, sizeof bits);
    push(machine, add(machine, node));
}

static void do_text(Machine *machine, int length_bytes)
{
    push_text(machine, BRIM_PICKLE_TEXT, take_number(machine, length_bytes));
}

static void do_bytes(Machine *machine, int length_bytes)
{
    push_text(machine, BRIM_PICKLE_BYTES, take_number(machine, length_bytes));
}

static void do_empty(Machine *machine, int kind)
{
    push(machine, add(machine, (BrimPickleNode){.kind = (BrimPickleKind)kind}));
}

/* Moves the items above height into a container, singly or as key and value in turn. */
static void fill(Machine *machine, BrimPickleId container, size_t height, bool pairs)
{
    const Ids *stack = &machine->stack;
    if (pairs && (stack->count - height) % 2 != 0)
        refuse(machine, "a key without a value");
    for (size_t i = height; machine->status == BRIM_OK && i < stack->count; i += pairs ? 2 : 1) {
        if (pairs)
            append(machine, container, stack->items[i], stack->items[i + 1]);
        else
            append(machine, container, 0, stack->items[i]);
    }
    if (machine->status == BRIM_OK)
        machine->stack.count = height;
}

static void make_of(Machine *machine, BrimPickleKind kind, size_t height)
{
    BrimPickleId container = add(machine, (BrimPickleNode){.kind = kind});
    fill(machine, container, height, kind == BRIM_PICKLE_DICT);
    push(machine, container);
}

static void do_marked(Machine *machine, int kind)
{
    size_t height = pop_mark(machine);
    make_of(machine, (BrimPickleKind)kind, height);
}

static void do_small_tuple(Machine *machine, int count)
{
    if (machine->stack.count - floor_of(machine) < (size_t)count)
        refuse(machine, "too little on the stack for a tuple of %d", count);
    else
        make_of(machine, BRIM_PICKLE_TUPLE, machine->stack.count - (size_t)count);
}

/* Puts the items above height into the container just below it. Objects take anything: they stand for classes
 * derived from dict or list. */
static void put_into(Machine *machine, size_t height, bool pairs)
{
    if (height <= floor_of(machine) || machine->status != BRIM_OK) {
        refuse(machine, "nothing to put into");
        return;
    }
    BrimPickleId container = machine->stack.items[height - 1];
    BrimPickleKind kind = brim_pickle_kind(machine->pickle, container);
    bool fits = pairs ? kind == BRIM_PICKLE_DICT : kind == BRIM_PICKLE_LIST || kind == BRIM_PICKLE_SET;
    if (fits || kind == BRIM_PICKLE_OBJECT)
        fill(machine, container, height, pairs);
    else
        refuse(machine, "items for what takes none");
}

static void do_put_marked(Machine *machine, int pairs)
{
    size_t height = pop_mark(machine);
    put_into(machine, height, pairs);
}

/* The topmost count items, 1 for a list or 2 for a dict. */
static void do_put_few(Machine *machine, int count)
{
    if (machine->stack.count - floor_of(machine) <= (size_t)count)
        refuse(machine, "too little on the stack");
    else
        put_into(machine, machine->stack.count - (size_t)count, count == 2);
}

static BrimPickleId take_line(Machine *machine)
{
    const unsigned char *from = machine->data + machine->at;
    const unsigned char *end = memchr(from, '\n', machine->bytes - machine->at);
    if (!end) {
        refuse(machine, "a name without an end");
        return 0;
    }
    size_t bytes = (size_t)(end - from);
    machine->at += bytes + 1;
    return add(machine,
               (BrimPickleNode){.kind = BRIM_PICKLE_TEXT, .text = {.data = (const char *)from, .bytes = bytes}});
}

static void push_global(Machine *machine, BrimPickleId module, BrimPickleId name)
{
    const BrimPickle *pickle = machine->pickle;
    if (brim_pickle_kind(pickle, module) != BRIM_PICKLE_TEXT || brim_pickle_kind(pickle, name) != BRIM_PICKLE_TEXT)
        refuse(machine, "a global that is no name");
    push(machine, add(machine, (BrimPickleNode){.kind = BRIM_PICKLE_GLOBAL,
                                                .global = {.module = module, .name = name}}));
}

static void do_global(Machine *machine, int argument)
{
    (void)argument;
    BrimPickleId module = take_line(machine);
    BrimPickleId name = take_line(machine);
    push_global(machine, module, name);
}

static void do_stack_global(Machine *machine, int argument)
{
    (void)argument;
    BrimPickleId name = pop(machine);
    BrimPickleId module = pop(machine);
    push_global(machine, module, name);
}

/* Where Python would call: the call is written down. Keyword arguments, which no tensor needs, are dropped. */
static void do_call(Machine *machine, int with_keywords)
{
    if (with_keywords)
        pop(machine);
    BrimPickleId arguments = pop(machine);
    BrimPickleId callee = pop(machine);
    BrimPickleNode node = {.kind = BRIM_PICKLE_OBJECT, .call = {.callee = callee, .arguments = arguments}};
    push(machine, add(machine, node));
}

static void do_build(Machine *machine, int argument)
{
    (void)argument;
    BrimPickleId state = pop(machine);
    BrimPickleId object = top(machine);
    if (machine->status == BRIM_OK && brim_pickle_kind(machine->pickle, object) == BRIM_PICKLE_OBJECT)
        machine->pickle->nodes[object].call.state = state;
}

static void do_persistent(Machine *machine, int argument)
{
    (void)argument;
    BrimPickleId reference = pop(machine);
    push(machine, add(machine, (BrimPickleNode){.kind = BRIM_PICKLE_PERSISTENT, .call = {.arguments = reference}}));
}

static void remember(Machine *machine, uint64_t index)
{
    BrimPickleId id = top(machine);
    if (machine->status != BRIM_OK || !reach(machine, &machine->memo, (size_t)index, MOST_MEMO, "remembered parts"))
        return;
    machine->memo.items[index] = id;
    if (index >= machine->memo.count)
        machine->memo.count = (size_t)index + 1;
    machine->memo_next++;
}

static void do_put(Machine *machine, int bytes)
{
    remember(machine, take_number(machine, bytes));
}

static void do_memoize(Machine *machine, int argument)
{
    (void)argument;
    remember(machine, machine->memo_next);
}

static void do_get(Machine *machine, int bytes)
{
    uint64_t index = take_number(machine, bytes);
    if (index >= machine->memo.count)
        refuse(machine, "part %llu was never remembered", (unsigned long long)index);
    else
        push(machine, machine->memo.items[index]);
}

/* Python's pickletools has the names. What is absent (text protocols 0 and 1, extension registry, out-of-band
 * buffers) is written by no torch.save. */
static const struct {
    void (*run)(Machine *machine, int argument);
    int argument;
} opcodes[256] = {
    [0x80] = {do_protocol, 0},
    [0x95] = {do_frame, 0},
    ['.'] = {do_stop, 0},
    ['('] = {do_mark, 0},
    ['0'] = {do_pop, 0},
    ['1'] = {do_pop_mark, 0},
    ['2'] = {do_duplicate, 0},
    ['N'] = {do_none, 0},
    [0x88] = {do_bool, 1},
    [0x89] = {do_bool, 0},
    ['K'] = {do_unsigned, 1}, /* bytes of the number */
    ['M'] = {do_unsigned, 2},
    ['J'] = {do_signed32, 0},
    [0x8A] = {do_long, 1}, /* bytes of the length, here and below */
    [0x8B] = {do_long, 4},
    ['G'] = {do_real, 0},
    [0x8C] = {do_text, 1},
    ['X'] = {do_text, 4},
    [0x8D] = {do_text, 8},
    ['U'] = {do_text, 1}, /* Python 2's str */
    ['T'] = {do_text, 4},
    ['C'] = {do_bytes, 1},
    ['B'] = {do_bytes, 4},
    [0x8E] = {do_bytes, 8},
    [0x96] = {do_bytes, 8},
    [']'] = {do_empty, BRIM_PICKLE_LIST},
    [')'] = {do_empty, BRIM_PICKLE_TUPLE},
    ['}'] = {do_empty, BRIM_PICKLE_DICT},
    [0x8F] = {do_empty, BRIM_PICKLE_SET},
    ['l'] = {do_marked, BRIM_PICKLE_LIST},
    ['t'] = {do_marked, BRIM_PICKLE_TUPLE},
    ['d'] = {do_marked, BRIM_PICKLE_DICT},
    [0x91] = {do_marked, BRIM_PICKLE_SET},
    [0x85] = {do_small_tuple, 1},
    [0x86] = {do_small_tuple, 2},
    [0x87] = {do_small_tuple, 3},
    ['e'] = {do_put_marked, false}, /* in pairs? */
    [0x90] = {do_put_marked, false},
    ['u'] = {do_put_marked, true},
    ['a'] = {do_put_few, 1},
    ['s'] = {do_put_few, 2},
    ['c'] = {do_global, 0},
    [0x93] = {do_stack_global, 0},
    ['R'] = {do_call, false}, /* with keywords? */
    [0x81] = {do_call, false},
    [0x92] = {do_call, true},
    ['b'] = {do_build, 0},
    ['Q'] = {do_persistent, 0},
    ['q'] = {do_put, 1}, /* bytes of the index */
    ['r'] = {do_put, 4},
    [0x94] = {do_memoize, 0},
    ['h'] = {do_get, 1},
    ['j'] = {do_get, 4},
};

BrimStatus brim_pickle_read(BrimPickle *pickle, const void *data, size_t bytes)
{
    Machine machine = {.pickle = pickle, .data = data, .bytes = bytes};
    *pickle = (BrimPickle){.looks_left = most_looks};
    add(&machine, (BrimPickleNode){.kind = BRIM_PICKLE_NONE}); /* node 0 */
    while (machine.status == BRIM_OK && !machine.stopped) {
        int opcode = (int)take_number(&machine, 1);
        if (machine.status == BRIM_OK && !opcodes[opcode].run)
            refuse(&machine, "opcode 0x%02X is none that torch.save writes", opcode);
        if (machine.status == BRIM_OK)
            opcodes[opcode].run(&machine, opcodes[opcode].argument);
    }
    brim_mem_give(machine.stack.items);
    brim_mem_give(machine.marks.items);
    brim_mem_give(machine.memo.items);
    if (machine.status != BRIM_OK)
        brim_pickle_clear(pickle);
    return machine.status;
}

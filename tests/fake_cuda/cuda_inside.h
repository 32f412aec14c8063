/* What the files of the false libcuda.so.1 share: the card, what a call begins with, handles, and memory's
 * records. */
#ifndef BRIM_TESTS_FAKE_CUDA_INSIDE_H
#define BRIM_TESTS_FAKE_CUDA_INSIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fake_cuda.h"

/* ---- cuda_card.c ---- */

enum { FAKE_CARDS = 8 };

typedef struct FakeCard {
    size_t memory_bytes, free_bytes, context_bytes, module_bytes, late_bytes, grain_bytes, pinned_bytes;
    int cc_major, cc_minor, driver, cards, sms, bus_bits;
    char name[96];
    char fail_name[64]; /* "": nothing fails */
    unsigned long fail_at;
    bool fail_once;
    CUresult error;
    int failing; /* the only card that fails; -1: all */
    int other;   /* a card with memory of its own; -1: none */
    size_t other_bytes;
    int old; /* a card of compute capability 7.0; -1: none */
    bool strict, threads, lazy, stalls, tell;
} FakeCard;

size_t fake_card_memory_bytes(int device);
size_t fake_card_free_bytes(int device);

/* BRIM_FAKE_CARD, read once. A word that means nothing ends the process with a line. */
const FakeCard *fake_card(void);

/* ---- cuda_call.c ---- */

/* A line to stderr: what the caller did wrong. */
void fake_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* As fake_complain, and ends the process: memory is overwritten, nothing after it means anything. */
_Noreturn void fake_abort(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Counts the call; an error where it is to fail, cuInit was not called, or the card is lost. */
CUresult fake_begin(const char *function);

/* From now on every call gives that error, as after a kernel that failed. */
void fake_lose(CUresult error);

/* Leaves the function where its call is not to succeed. */
#define FAKE_TRY(call)                                                                                       \
    do {                                                                                                     \
        CUresult fake_result = (call);                                                                       \
        if (fake_result != CUDA_SUCCESS)                                                                     \
            return fake_result;                                                                              \
    } while (0)

/* The name as callers write it, not what cuda.h's macros make of it. */
#define FAKE_BEGIN(function) FAKE_TRY(fake_begin(#function))

/* ---- cuda_handle.c ---- */

typedef enum FakeKind {
    FAKE_CONTEXT,
    FAKE_STREAM,
    FAKE_MODULE,
    FAKE_FUNCTION,
    FAKE_GRAPH,
    FAKE_EXEC,
    FAKE_EVENT
} FakeKind;

/* First in each object that is a handle to callers. What was destroyed stays in the list, so that its use is
 * seen. */
typedef struct FakeHandle {
    struct FakeHandle *next;
    FakeKind kind;
    bool live;
    CUcontext context; /* in which it was made; NULL for a context itself */
} FakeHandle;

void *fake_handle_make(FakeKind kind, size_t bytes);
void fake_handle_destroy(void *handle);

/* CUDA_ERROR_INVALID_HANDLE and a line where it is none of that kind, or is destroyed;
 * CUDA_ERROR_CONTEXT_IS_DESTROYED where it went with its context. */
CUresult fake_handle_check(const void *handle, FakeKind kind, const char *function);

/* CUDA_ERROR_INVALID_HANDLE and a line where two live handles are of different contexts. The second may be
 * NULL: the context of this thread. */
CUresult fake_handle_together(const void *one, const void *other, const char *function);
bool fake_handle_live(const void *handle, FakeKind kind);

/* ---- cuda_device.c ---- */

/* The device of this thread's context. CUDA_ERROR_INVALID_CONTEXT where there is none. */
CUresult fake_current(int *device);

/* That context, or NULL. */
CUcontext fake_context(void);

/* Contexts, modules and what was loaded late: what is gone of a device beside allocations. */
size_t fake_context_bytes(int device);
void fake_module_add(int device, int count);

/* ---- cuda_late.c ---- */

/* What was loaded late in the device's context; all of it goes when the context ends. */
size_t fake_late_bytes(int device);
void fake_late_end(int device);

/* ---- cuda_memory.c ---- */

/* Frees what was left in a context that ends, with a line that says so. */
void fake_memory_end(int device);

/* The last word of 8 bytes of args that points into freed memory; 0 where none does. */
uintptr_t fake_memory_dangling(const void *args, size_t bytes);

/* Whether the whole range is pinned memory; and whether the address is of such memory, or was of any that is
 * freed. */
bool fake_memory_pinned(const void *start, size_t bytes);
bool fake_memory_known(const void *start);

/* Around whatever works on device memory; between, with the word `strict`, the host cannot touch it. */
void fake_memory_open(void);
void fake_memory_shut(void);

size_t fake_memory_left_bytes(int device);

/* ---- cuda_stream.c ---- */

/* Does what waits on the stream, in order, until *done is true, or all of it for NULL: with the word `lazy`, or
 * behind another stream's work, which goes on as far as it has to. False where that never comes. */
bool fake_stream_catch_up(CUstream stream, const bool *done);

/* ---- cuda_capture.c ---- */

/* CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED where a capture forbids calls that might wait or take memory; that
 * capture is void then. */
CUresult fake_unsafe(const char *function);

/* CUDA_ERROR_INVALID_HANDLE for what is no stream; *capturing says whether it is being captured. By another
 * thread: CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD, though the driver would take what that thread starts for a
 * part of the graph, and that capture is void. */
CUresult fake_stream_check(CUstream stream, const char *function, bool *capturing);

/* CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, with a line, and the stream's capture is void. */
CUresult fake_stream_spoil(CUstream stream, const char *function);

#endif

/* Device memory that is the host's, to the byte: every allocation stands alone between pages that nobody may
 * touch, starts as 0xFF, ends with guard bytes, and is out of reach once it is freed. Pinned memory is made
 * the same way. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cuda_inside.h"

enum { POISON = 0xFF, GUARD = 0xA5 };

/* What the driver promises of an allocation's address, and here it is no more. */
enum { ADDRESS_BYTES = 256 };

typedef struct Block {
    struct Block *next;
    unsigned char *start;
    size_t bytes, room_bytes; /* asked for; to the end of its last page */
    int device;
    bool pinned, freed;
} Block;

static pthread_mutex_t taking = PTHREAD_MUTEX_INITIALIZER;
static Block *blocks; /* the freed ones too: their addresses are never given again */
static size_t taken_bytes, taken_on[FAKE_CARDS], peak_bytes, pinned_bytes;
static unsigned long allocations;
static int open_depth;

static size_t page_bytes(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

static Block *block_at(uintptr_t address)
{
    for (Block *block = blocks; block; block = block->next)
        if (address >= (uintptr_t)block->start && address < (uintptr_t)block->start + block->room_bytes)
            return block;
    return NULL;
}

/* Of the card, in whole grains. */
static size_t card_bytes(size_t bytes)
{
    size_t grain = fake_card()->grain_bytes;
    return (bytes + grain - 1) / grain * grain;
}

static void count(Block *block, int sign)
{
    if (block->pinned) {
        pinned_bytes += sign > 0 ? block->bytes : -block->bytes;
        return;
    }
    size_t bytes = card_bytes(block->bytes);
    taken_bytes += sign > 0 ? bytes : -bytes;
    taken_on[block->device] += sign > 0 ? bytes : -bytes;
    if (taken_bytes > peak_bytes)
        peak_bytes = taken_bytes;
}

static Block *map_block(size_t bytes)
{
    size_t page = page_bytes();
    size_t room = (ADDRESS_BYTES + bytes + page) / page * page; /* one guard byte at least */
    Block *block = calloc(1, sizeof *block);
    unsigned char *map =
        mmap(NULL, room + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (!block || map == MAP_FAILED || mprotect(map + page, room, PROT_READ | PROT_WRITE) != 0)
        fake_abort("the host's memory is used up by %zu bytes of device memory", bytes);
    *block = (Block){.start = map + page + ADDRESS_BYTES, .bytes = bytes, .room_bytes = room - ADDRESS_BYTES};
    memset(block->start - ADDRESS_BYTES, GUARD, ADDRESS_BYTES);
    memset(block->start, POISON, bytes);
    memset(block->start + bytes, GUARD, block->room_bytes - bytes);
    return block;
}

static void protect_pages(const Block *block, int protection)
{
    mprotect(block->start - ADDRESS_BYTES, block->room_bytes + ADDRESS_BYTES, protection);
}

static void protect(const Block *block, int protection)
{
    if (!block->pinned && !block->freed && fake_card()->strict)
        protect_pages(block, protection);
}

static CUresult take(void **start, size_t bytes, int device, bool pinned)
{
    if (bytes == 0)
        return CUDA_ERROR_INVALID_VALUE;
    pthread_mutex_lock(&taking);
    bool fits = pinned ? bytes <= fake_card()->pinned_bytes - pinned_bytes
                       : card_bytes(bytes) <= fake_memory_left_bytes(device);
    if (fits) {
        Block *block = map_block(bytes);
        block->device = device;
        block->pinned = pinned;
        block->next = blocks;
        blocks = block;
        count(block, +1);
        allocations += !pinned;
        if (open_depth == 0)
            protect(block, PROT_NONE);
        *start = block->start;
    }
    pthread_mutex_unlock(&taking);
    return fits ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}

static void check_guard(const Block *block)
{
    for (size_t i = block->bytes; i < block->room_bytes; i++)
        if (block->start[i] != GUARD)
            fake_abort("memory was written %zu bytes behind the end of an allocation of %zu bytes",
                       i - block->bytes, block->bytes);
    for (size_t i = 1; i <= ADDRESS_BYTES; i++)
        if (*(block->start - i) != GUARD)
            fake_abort("memory was written %zu bytes before an allocation of %zu bytes", i, block->bytes);
}

static void let_go(Block *block)
{
    protect(block, PROT_READ | PROT_WRITE);
    check_guard(block);
    count(block, -1);
    block->freed = true;
    madvise(block->start - ADDRESS_BYTES, block->room_bytes + ADDRESS_BYTES, MADV_DONTNEED);
    protect_pages(block, PROT_NONE);
}

static CUresult give(void *start, bool pinned, const char *function)
{
    pthread_mutex_lock(&taking);
    Block *block = block_at((uintptr_t)start);
    bool right = block && block->start == start && block->pinned == pinned && !block->freed;
    if (right)
        let_go(block);
    else
        fake_complain("%s: the pointer %s", function,
                      block && block->freed ? "was freed before" : "is not what an allocation gave");
    pthread_mutex_unlock(&taking);
    return right ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuMemAlloc(CUdeviceptr *pointer, size_t bytes)
{
    int device;
    void *start = NULL;
    FAKE_BEGIN(cuMemAlloc);
    FAKE_TRY(fake_current(&device));
    FAKE_TRY(fake_unsafe("cuMemAlloc"));
    FAKE_TRY(take(&start, bytes, device, false));
    *pointer = (CUdeviceptr)(uintptr_t)start;
    return CUDA_SUCCESS;
}

CUresult cuMemFree(CUdeviceptr pointer)
{
    int device;
    FAKE_BEGIN(cuMemFree);
    FAKE_TRY(fake_current(&device));
    FAKE_TRY(fake_unsafe("cuMemFree"));
    return pointer ? give((void *)(uintptr_t)pointer, false, "cuMemFree") : CUDA_SUCCESS;
}

CUresult cuMemHostAlloc(void **pointer, size_t bytes, unsigned int flags)
{
    int device;
    const unsigned int known =
        CU_MEMHOSTALLOC_PORTABLE | CU_MEMHOSTALLOC_DEVICEMAP | CU_MEMHOSTALLOC_WRITECOMBINED;
    FAKE_BEGIN(cuMemHostAlloc);
    if (flags & ~known)
        return CUDA_ERROR_INVALID_VALUE;
    FAKE_TRY(fake_current(&device));
    FAKE_TRY(fake_unsafe("cuMemHostAlloc"));
    return take(pointer, bytes, device, true);
}

CUresult cuMemFreeHost(void *pointer)
{
    int device;
    FAKE_BEGIN(cuMemFreeHost);
    FAKE_TRY(fake_current(&device));
    FAKE_TRY(fake_unsafe("cuMemFreeHost"));
    return give(pointer, true, "cuMemFreeHost");
}

CUresult cuMemGetInfo(size_t *free_bytes, size_t *total_bytes)
{
    int device;
    FAKE_BEGIN(cuMemGetInfo);
    FAKE_TRY(fake_current(&device));
    *free_bytes = fake_memory_left_bytes(device);
    *total_bytes = fake_card_memory_bytes(device);
    return CUDA_SUCCESS;
}

size_t fake_memory_left_bytes(int device)
{
    size_t gone = fake_context_bytes(device) + taken_on[device];
    size_t free_bytes = fake_card_free_bytes(device);
    return free_bytes > gone ? free_bytes - gone : 0;
}

void fake_memory_end(int device)
{
    pthread_mutex_lock(&taking);
    for (Block *block = blocks; block; block = block->next)
        if (block->device == device && !block->freed) {
            fake_complain("a context ended with %zu bytes of %s memory not freed", block->bytes,
                          block->pinned ? "pinned" : "device");
            let_go(block);
        }
    pthread_mutex_unlock(&taking);
}

/* A small number with whatever stood in the bytes that fill up its word is no pointer, though it may look
 * like one. */
static bool is_pointer(uintptr_t word)
{
    enum { SMALL = 1 << 16 };
    return (uint32_t)word >= SMALL;
}

uintptr_t fake_memory_dangling(const void *args, size_t bytes)
{
    uintptr_t word, found = 0;
    pthread_mutex_lock(&taking);
    for (size_t at = 0; at + sizeof word <= bytes; at += sizeof word) {
        memcpy(&word, (const char *)args + at, sizeof word);
        const Block *block = is_pointer(word) ? block_at(word) : NULL;
        if (block && block->freed)
            found = word;
    }
    pthread_mutex_unlock(&taking);
    return found;
}

bool fake_memory_pinned(const void *start, size_t bytes)
{
    pthread_mutex_lock(&taking);
    const Block *block = block_at((uintptr_t)start);
    size_t at = block ? (uintptr_t)start - (uintptr_t)block->start : 0;
    bool pinned = block && !block->freed && block->pinned && at <= block->bytes && bytes <= block->bytes - at;
    pthread_mutex_unlock(&taking);
    return pinned;
}

bool fake_memory_known(const void *start)
{
    pthread_mutex_lock(&taking);
    bool known = block_at((uintptr_t)start) != NULL;
    pthread_mutex_unlock(&taking);
    return known;
}

void fake_memory_open(void)
{
    pthread_mutex_lock(&taking);
    if (open_depth++ == 0 && fake_card()->strict)
        for (const Block *block = blocks; block; block = block->next)
            protect(block, PROT_READ | PROT_WRITE);
    pthread_mutex_unlock(&taking);
}

void fake_memory_shut(void)
{
    pthread_mutex_lock(&taking);
    if (--open_depth == 0 && fake_card()->strict)
        for (const Block *block = blocks; block; block = block->next)
            protect(block, PROT_NONE);
    pthread_mutex_unlock(&taking);
}

int fake_cuda_memory_card(CUdeviceptr start, size_t bytes)
{
    pthread_mutex_lock(&taking);
    const Block *block = block_at((uintptr_t)start);
    size_t at = block ? (uintptr_t)start - (uintptr_t)block->start : 0;
    bool holds = block && !block->freed && !block->pinned && at <= block->bytes && bytes <= block->bytes - at;
    int card = holds ? block->device : -1;
    pthread_mutex_unlock(&taking);
    return card;
}

int fake_cuda_holds(CUdeviceptr start, size_t bytes)
{
    return fake_cuda_memory_card(start, bytes) >= 0;
}

size_t fake_cuda_taken_bytes(void)
{
    return taken_bytes;
}

size_t fake_cuda_pinned_bytes(void)
{
    return pinned_bytes;
}

size_t fake_cuda_peak_bytes(void)
{
    return peak_bytes;
}

unsigned long fake_cuda_allocations(void)
{
    return allocations;
}

/* The false NCCL's communicators: made for all cards at once, summed over in groups, exchanging in groups,
 * destroyed one by one. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "fake_cuda.h"
#include "fake_nccl.h"

enum { WAYS = 3 }; /* to go about a sum or an exchange, by its size */

typedef struct Call {
    void *start;
    size_t count;
    CUstream stream;
} Call;

struct ncclComm {
    struct ncclComm **mates; /* all ranks, this one among them; freed with the last */
    int *left;               /* of the mates, those that were not destroyed */
    int rank, count, card;
    CUdeviceptr memory, ways[WAYS]; /* what NCCL takes of the card, and what the first sum that goes a way does */
    int error;
    CUstream stuck;
    Call calls[FAKE_NCCL_CALLS];
    int call_count;
    FakeMeeting *meeting;
    Call gather; /* at most one in a group; its start is the whole, NULL: none */
};

static _Thread_local int depth;           /* of groups */
static _Thread_local BrimCudaRank called; /* any rank of the group */
static unsigned long groups;

/* ---- communicators ---- */

static CUresult take_memory(void *self)
{
    BrimCudaRank rank = self;
    return cuMemAlloc(&rank->memory, fake_nccl()->memory_bytes);
}

static CUresult give_memory(void *self)
{
    BrimCudaRank rank = self;
    CUresult result = CUDA_SUCCESS;
    for (int i = 0; i < WAYS && result == CUDA_SUCCESS; i++)
        result = rank->ways[i] ? cuMemFree(rank->ways[i]) : CUDA_SUCCESS;
    return rank->memory && result == CUDA_SUCCESS ? cuMemFree(rank->memory) : result;
}

static int way_of(size_t bytes)
{
    return bytes >= 64 << 10 ? 0 : bytes >= 1 << 10 ? 1 : 2;
}

static CUresult take_way(void *way)
{
    return cuMemAlloc(way, fake_nccl()->memory_bytes / 2);
}

/* As NCCL does since 2.22, when the ranks first go that way. */
static int connect_ranks(BrimCudaRank *ranks, size_t bytes)
{
    int result = BRIM_NCCL_SUCCESS, way = way_of(bytes);
    for (int k = 0; k < ranks[0]->count && result == BRIM_NCCL_SUCCESS; k++)
        if (!ranks[k]->ways[way])
            result = fake_nccl_on_card(ranks[k]->card, take_way, &ranks[k]->ways[way]);
    return result;
}

static int destroy(BrimCudaRank rank)
{
    if (fake_meeting_recorded(rank->meeting))
        fake_nccl_abort("a communicator's end would wait for that of a graph that was recorded with it");
    if (rank->stuck)
        fake_cuda_stream_keep_busy(rank->stuck, 0);
    int result = fake_nccl_on_card(rank->card, give_memory, rank);
    if (--*rank->left == 0) {
        free(rank->mates);
        free(rank->left);
    }
    free(rank);
    return result;
}

static int check_cards(int count, const int *cards)
{
    int there = 0;
    cuDeviceGetCount(&there);
    if (count < 1 || count > FAKE_NCCL_RANKS)
        return fake_nccl_refuse(NCCL_INVALID_ARGUMENT, "ncclCommInitAll: %d ranks", count);
    for (int i = 0; i < count; i++) {
        if (cards[i] < 0 || cards[i] >= there)
            return fake_nccl_refuse(NCCL_INVALID_ARGUMENT, "ncclCommInitAll: there is no card %d", cards[i]);
        for (int j = 0; j < i; j++)
            if (cards[j] == cards[i])
                return fake_nccl_refuse(NCCL_INVALID_USAGE, "ncclCommInitAll: card %d comes twice", cards[i]);
    }
    return BRIM_NCCL_SUCCESS;
}

int ncclCommInitAll(BrimCudaRank *ranks, int count, const int *cards)
{
    int result = fake_nccl_begin("ncclCommInitAll");
    if (result == BRIM_NCCL_SUCCESS)
        result = check_cards(count, cards);
    if (result != BRIM_NCCL_SUCCESS)
        return result;
    struct ncclComm **mates = calloc((size_t)count, sizeof *mates);
    int *left = malloc(sizeof *left);
    FakeMeeting *meeting = fake_meeting_open(count);
    *left = count;
    for (int i = 0; i < count; i++) {
        mates[i] = ranks[i] = calloc(1, sizeof **ranks);
        *ranks[i] = (struct ncclComm){
            .mates = mates, .left = left, .rank = i, .count = count, .card = cards[i], .meeting = meeting};
    }
    for (int i = 0; i < count && result == BRIM_NCCL_SUCCESS; i++)
        result = fake_nccl_on_card(cards[i], take_memory, ranks[i]);
    for (int i = 0; i < count && result != BRIM_NCCL_SUCCESS; i++)
        destroy(ranks[i]);
    return result;
}

int ncclCommGetAsyncError(BrimCudaRank rank, int *result)
{
    *result = rank->error ? rank->error : fake_meeting_error(rank->meeting, rank->rank);
    return fake_nccl_begin("ncclCommGetAsyncError");
}

int ncclCommDestroy(BrimCudaRank rank)
{
    int result = fake_nccl_begin("ncclCommDestroy");
    if (rank->stuck || rank->error || fake_meeting_waits(rank->meeting))
        fake_nccl_abort("ncclCommDestroy: a sum is on its way, for which this would wait without end");
    int ended = destroy(rank);
    return result == BRIM_NCCL_SUCCESS ? ended : result;
}

int ncclCommAbort(BrimCudaRank rank)
{
    fake_meeting_abort(rank->meeting);
    return destroy(rank);
}

/* ---- sums and exchanges ---- */

/* What both ask of a caller. */
static int check_call(const char *function, const void *start, size_t bytes, BrimCudaRank rank,
                      CUstream stream)
{
    if (depth == 0)
        return fake_nccl_refuse(NCCL_INVALID_USAGE, "%s: one thread has several cards, and no group",
                                function);
    if (fake_cuda_stream_card(stream) != rank->card)
        return fake_nccl_refuse(NCCL_INVALID_ARGUMENT, "%s: the stream is none of card %d", function,
                                rank->card);
    if (fake_cuda_memory_card((CUdeviceptr)(uintptr_t)start, bytes) != rank->card)
        return fake_nccl_refuse(NCCL_INVALID_ARGUMENT, "%s: %zu bytes do not lie on card %d", function, bytes,
                                rank->card);
    if (rank->call_count == FAKE_NCCL_CALLS || rank->gather.start || (called && called->mates != rank->mates))
        return fake_nccl_refuse(NCCL_INTERNAL_ERROR, "%s: more than it knows of in a group", function);
    return BRIM_NCCL_SUCCESS;
}

int ncclAllReduce(const void *from, void *to, size_t count, int type, int op, BrimCudaRank rank,
                  CUstream stream)
{
    int result = fake_nccl_begin("ncclAllReduce");
    const size_t bytes = count * sizeof(float);
    if (result != BRIM_NCCL_SUCCESS)
        return result;
    if (type != BRIM_NCCL_FLOAT32 || op != BRIM_NCCL_SUM || from != to)
        return fake_nccl_refuse(NCCL_INVALID_ARGUMENT, "ncclAllReduce: it only sums floats, and in place");
    if (fake_cuda_stream_captured(stream))
        return fake_nccl_refuse(NCCL_INTERNAL_ERROR, "ncclAllReduce: it only captures exchanges");
    result = check_call("ncclAllReduce", to, bytes, rank, stream);
    if (result != BRIM_NCCL_SUCCESS)
        return result;
    rank->calls[rank->call_count++] = (Call){to, count, stream};
    called = rank;
    return BRIM_NCCL_SUCCESS;
}

int ncclAllGather(const void *from, void *to, size_t count, int type, BrimCudaRank rank, CUstream stream)
{
    int result = fake_nccl_begin("ncclAllGather");
    if (result != BRIM_NCCL_SUCCESS)
        return result;
    if (type != BRIM_NCCL_FLOAT64 || (const double *)from != (double *)to + (size_t)rank->rank * count)
        return fake_nccl_refuse(NCCL_INVALID_ARGUMENT,
                                "ncclAllGather: it only brings doubles together, and in place");
    result = check_call("ncclAllGather", to, (size_t)rank->count * count * sizeof(double), rank, stream);
    if (result != BRIM_NCCL_SUCCESS)
        return result;
    rank->gather = (Call){to, count, stream};
    called = rank;
    return BRIM_NCCL_SUCCESS;
}

/* One sum: the n-th of each rank. */
typedef struct Sum {
    BrimCudaRank *ranks;
    int n;
} Sum;

static void run_sum(void *args)
{
    const Sum *sum = args;
    const Call *first = &sum->ranks[0]->calls[sum->n];
    for (size_t i = 0; i < first->count; i++) {
        float total = 0;
        for (int k = 0; k < sum->ranks[0]->count; k++)
            total += ((const float *)sum->ranks[k]->calls[sum->n].start)[i];
        for (int k = 0; k < sum->ranks[0]->count; k++)
            ((float *)sum->ranks[k]->calls[sum->n].start)[i] = total;
    }
}

/* On a card each rank has to have called as often as the others, for as much: else all would wait. */
static int check_group(const BrimCudaRank *ranks)
{
    for (int k = 0; k < ranks[0]->count; k++) {
        if (ranks[k]->call_count != ranks[0]->call_count)
            return fake_nccl_refuse(NCCL_INVALID_USAGE, "ncclGroupEnd: rank 0 has %d sums and rank %d %d",
                                    ranks[0]->call_count, k, ranks[k]->call_count);
        for (int n = 0; n < ranks[0]->call_count; n++)
            if (ranks[k]->calls[n].count != ranks[0]->calls[n].count)
                return fake_nccl_refuse(NCCL_INVALID_ARGUMENT,
                                        "ncclGroupEnd: sum %d is of %zu floats and of %zu", n,
                                        ranks[0]->calls[n].count, ranks[k]->calls[n].count);
    }
    return BRIM_NCCL_SUCCESS;
}

/* Its card does not come along: the others are at work and stay so. */
static void hang(BrimCudaRank *ranks, int missing)
{
    for (int k = 0; k < ranks[0]->count; k++) {
        if (k == missing) {
            ranks[k]->error = fake_nccl()->error;
            continue;
        }
        ranks[k]->stuck = ranks[k]->calls[0].stream;
        fake_cuda_stream_keep_busy(ranks[k]->stuck, -1);
    }
}

static int check_exchange(const BrimCudaRank *ranks)
{
    const Call *first = &ranks[0]->gather;
    for (int k = 0; k < ranks[0]->count; k++) {
        const Call *call = &ranks[k]->gather;
        if (!call->start || !first->start || call->count != first->count || ranks[k]->call_count > 0)
            return fake_nccl_refuse(NCCL_INVALID_USAGE,
                                    "ncclGroupEnd: rank %d does not exchange what rank 0 does", k);
        if (fake_cuda_stream_captured(call->stream) != fake_cuda_stream_captured(first->stream))
            return fake_nccl_refuse(NCCL_INVALID_USAGE,
                                    "ncclGroupEnd: all ranks are to be captured, or none");
    }
    return BRIM_NCCL_SUCCESS;
}

static int run_exchange(BrimCudaRank *ranks)
{
    int result = check_exchange(ranks);
    if (result == BRIM_NCCL_SUCCESS)
        result = connect_ranks(ranks, ranks[0]->gather.count * sizeof(double));
    for (int k = 0; k < ranks[0]->count && result == BRIM_NCCL_SUCCESS; k++) {
        const Call *call = &ranks[k]->gather;
        result =
            fake_meeting_visit(ranks[k]->meeting, k, call->start, call->count * sizeof(double), call->stream);
    }
    return result;
}

static int run_sums(BrimCudaRank *ranks)
{
    enum { LOOKS = 2 };
    int result = check_group(ranks);
    for (int n = 0; n < ranks[0]->call_count && result == BRIM_NCCL_SUCCESS; n++)
        result = connect_ranks(ranks, ranks[0]->calls[n].count * sizeof(float));
    if (result != BRIM_NCCL_SUCCESS)
        return result;
    groups += ranks[0]->call_count > 1;
    if (ranks[0]->call_count > 1 && groups == fake_nccl()->hang_at &&
        fake_nccl()->hang_rank < ranks[0]->count) {
        hang(ranks, fake_nccl()->hang_rank);
        return BRIM_NCCL_SUCCESS;
    }
    for (int k = 0; k < ranks[0]->count; k++)
        fake_cuda_stream_keep_busy(ranks[k]->calls[0].stream, LOOKS);
    for (int n = 0; n < ranks[0]->call_count; n++)
        fake_cuda_touch(run_sum, &(Sum){ranks, n});
    return BRIM_NCCL_SUCCESS;
}

int ncclGroupStart(void)
{
    int result = fake_nccl_begin("ncclGroupStart");
    depth += result == BRIM_NCCL_SUCCESS;
    return result;
}

int ncclGroupEnd(void)
{
    int result = fake_nccl_begin("ncclGroupEnd");
    if (depth == 0)
        return fake_nccl_refuse(NCCL_INVALID_USAGE, "ncclGroupEnd: no group was begun");
    if (--depth > 0 || !called)
        return result;
    BrimCudaRank *ranks = called->mates;
    called = NULL;
    bool exchanges = false;
    for (int k = 0; k < ranks[0]->count; k++)
        exchanges = exchanges || ranks[k]->gather.start;
    if (result == BRIM_NCCL_SUCCESS)
        result = exchanges ? run_exchange(ranks) : run_sums(ranks);
    for (int k = 0, count = ranks[0]->count; k < count; k++) {
        ranks[k]->call_count = 0;
        ranks[k]->gather = (Call){0};
    }
    return result;
}

/* ---- words ---- */

int ncclGetVersion(int *version)
{
    *version = fake_nccl()->version;
    return fake_nccl_begin("ncclGetVersion");
}

const char *ncclGetErrorString(int result)
{
    switch (result) {
    case BRIM_NCCL_SUCCESS:
        return "no error";
    case BRIM_NCCL_UNHANDLED_CUDA_ERROR:
        return "unhandled cuda error";
    case BRIM_NCCL_SYSTEM_ERROR:
        return "unhandled system error";
    case NCCL_INTERNAL_ERROR:
        return "internal error";
    case NCCL_INVALID_ARGUMENT:
        return "invalid argument";
    case NCCL_INVALID_USAGE:
        return "invalid usage";
    default:
        return "unknown result code";
    }
}

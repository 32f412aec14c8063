/* Joining cards, and sums over them. One host thread starts the sum on every card's stream and then watches
 * all of them: where a card is lost, the others would wait for its share without end. */
#include "backend/cuda/team.h"

#include <stdio.h>
#include <time.h>

enum { LOOK_NS = 20000 }; /* between two looks at the cards; a sum of 28 MB takes a hundred times as long */

/* ---- a team's end ---- */

/* A communicator's end waits for that of all graphs that were recorded with it. */
static void drop_graphs(const BrimBackend *backend)
{
    backend->device.driver->cuCtxSetCurrent_(backend->device.context); /* no check, as it may be lost */
    for (BrimProgram *program = backend->programs; program; program = program->next)
        if (program->shares)
            brim_cuda_drop_graph(program, BRIM_PART_GRADIENT);
}

/* An abort does not wait for cards that are lost. */
void brim_cuda_team_end(BrimCudaTeam *team, bool abort)
{
    for (int i = 0; i < team->count; i++)
        drop_graphs(team->backends[i]);
    for (int i = 0; i < team->count; i++) {
        if (abort)
            team->nccl->ncclCommAbort_(team->ranks[i]);
        else
            team->nccl->ncclCommDestroy_(team->ranks[i]);
    }
    team->count = 0;
}

/* Whether something is on its way, or cannot be asked for: a step that was begun and, as another call failed,
 * never waited for. */
static bool at_work(const BrimCudaTeam *team)
{
    bool any = false;
    for (int i = 0; i < team->count; i++) {
        const BrimCudaDevice *device = &team->backends[i]->device;
        device->driver->cuCtxSetCurrent_(device->context); /* no check: a lost card's stream says so below */
        any = any || device->driver->cuStreamQuery_(device->stream) != CUDA_SUCCESS;
    }
    return any;
}

/* A communicator's end waits for its exchanges, and those for a card that may be lost. */
void brim_cuda_leave(BrimBackend *backend)
{
    BrimCudaTeam *team = backend->team;
    backend->team = NULL;
    if (!team)
        return;
    brim_cuda_team_end(team, at_work(team));
    if (--team->holders == 0)
        brim_mem_give(team);
}

/* ---- a sum ---- */

/* A run of floats on a card. */
typedef struct Share {
    BrimBackend *backend;
    CUdeviceptr start;
    size_t floats;
} Share;

static BrimStatus start_share(const BrimCudaTeam *team, int rank, const Share *share)
{
    void *start = (void *)(uintptr_t)share->start;
    int result = team->nccl->ncclAllReduce_(start, start, share->floats, BRIM_NCCL_FLOAT32, BRIM_NCCL_SUM,
                                            team->ranks[rank], share->backend->device.stream);
    return brim_cuda_nccl_check(team->nccl, result, "starting a sum over the cards");
}

/* Starts all shares, those of one card after those of the card before; a group that was begun must be ended.
 */
static BrimStatus start_shares(const BrimCudaTeam *team, const Share *shares, int per_card)
{
    BrimStatus status =
        brim_cuda_nccl_check(team->nccl, team->nccl->ncclGroupStart_(), "starting a sum over the cards");
    if (status != BRIM_OK)
        return status;
    for (int i = 0; i < team->count * per_card && status == BRIM_OK; i++)
        status = start_share(team, i / per_card, &shares[i]);
    int ended = team->nccl->ncclGroupEnd_();
    return status == BRIM_OK ? brim_cuda_nccl_check(team->nccl, ended, "summing over the cards") : status;
}

/* Whether a card still works at what was started; an error that comes from it, or from its communicator. */
static BrimStatus look_at(const BrimCudaTeam *team, int rank, const BrimCudaDevice *device, bool *busy)
{
    BrimStatus status;
    int result = BRIM_NCCL_SUCCESS;
    BRIM_TRY(brim_cuda_device_enter(device));
    CUresult there = device->driver->cuStreamQuery_(device->stream);
    *busy = there == CUDA_ERROR_NOT_READY;
    if (!*busy)
        BRIM_TRY(brim_cuda_check(device->driver, there, "summing over the cards"));
    int asked = team->nccl->ncclCommGetAsyncError_(team->ranks[rank], &result);
    if (asked == BRIM_NCCL_SUCCESS && result != BRIM_NCCL_IN_PROGRESS)
        asked = result;
    BRIM_TRY(brim_cuda_nccl_check(team->nccl, asked, "summing over the cards"));
    return BRIM_OK;
fail:
    return brim_fail_within(status, "card %d: ", device->index);
}

BrimStatus brim_cuda_team_watch(const BrimCudaTeam *team)
{
    BrimStatus status = BRIM_OK;
    bool any_busy = true;
    while (status == BRIM_OK && any_busy) {
        any_busy = false;
        for (int i = 0; i < team->count && status == BRIM_OK; i++) {
            bool busy = false;
            status = look_at(team, i, &team->backends[i]->device, &busy);
            any_busy = any_busy || busy;
        }
        if (status == BRIM_OK && any_busy)
            nanosleep(&(struct timespec){.tv_nsec = LOOK_NS}, NULL);
    }
    return status;
}

/* A team that failed once is ended: what its cards hold of the sum is not the same any more. */
static BrimStatus sum(BrimCudaTeam *team, const Share *shares, int per_card)
{
    BrimStatus status = start_shares(team, shares, per_card);
    if (status == BRIM_OK)
        status = brim_cuda_team_watch(team);
    if (status != BRIM_OK)
        brim_cuda_team_end(team, true);
    return status;
}

/* ---- an exchange ---- */

size_t brim_cuda_most_doubles(const BrimBackend *backend)
{
    size_t most = 0;
    for (const BrimProgram *program = backend->programs; program; program = program->next) {
        for (BrimOpId id = 0; id < program->graph->op_count; id++) {
            size_t doubles = brim_cuda_bn_exchange_doubles(program->graph, &program->graph->ops[id]);
            most = doubles > most ? doubles : most;
        }
    }
    return most;
}

/* What each card has is brought to all and added up there in one order, not summed by NCCL: means are no
 * sums. */
BrimStatus brim_cuda_team_exchange(const BrimCudaTeam *team, const BrimCudaExchange *exchanges)
{
    static const char what[] = "exchanging BatchNorm's statistics";
    const BrimCudaNccl *nccl = team->nccl;
    BrimStatus status = brim_cuda_nccl_check(nccl, nccl->ncclGroupStart_(), what);
    if (status != BRIM_OK)
        return status;
    for (int i = 0; i < team->count && status == BRIM_OK; i++) {
        size_t doubles = exchanges[i].doubles;
        double *all = (double *)(uintptr_t)exchanges[i].start;
        int result = nccl->ncclAllGather_(all + (size_t)i * doubles, all, doubles, BRIM_NCCL_FLOAT64,
                                          team->ranks[i], team->backends[i]->device.stream);
        status = brim_cuda_nccl_check(nccl, result, what);
    }
    int ended = nccl->ncclGroupEnd_();
    return status == BRIM_OK ? brim_cuda_nccl_check(nccl, ended, what) : status;
}

/* ---- joining ---- */

/* What is tried has those bytes at least: a smaller sum or exchange goes the way of this one. */
enum { LEAST_TRIED_BYTES = 64 };

/* Sums of nothing, of all sizes that a step may have. */
static BrimStatus try_sums(BrimCudaTeam *team, const Share *whole)
{
    BrimStatus status = BRIM_OK;
    Share shares[BRIM_MOST_CARDS];
    for (size_t floats = whole[0].floats; status == BRIM_OK && floats * sizeof(float) >= LEAST_TRIED_BYTES;
         floats /= 2) {
        for (int i = 0; i < team->count; i++) {
            shares[i] = whole[i];
            shares[i].floats = floats;
        }
        status = sum(team, shares, 1);
    }
    return status;
}

/* The same for exchanges, in the memory of the sums. */
static BrimStatus try_exchanges(BrimCudaTeam *team, const Share *shares, size_t most_doubles)
{
    BrimStatus status = BRIM_OK;
    BrimCudaExchange exchanges[BRIM_MOST_CARDS];
    for (size_t doubles = most_doubles; status == BRIM_OK && doubles * sizeof(double) >= LEAST_TRIED_BYTES;
         doubles /= 2) {
        for (int i = 0; i < team->count; i++)
            exchanges[i] = (BrimCudaExchange){.start = shares[i].start, .doubles = doubles};
        status = brim_cuda_team_exchange(team, exchanges);
        if (status == BRIM_OK)
            status = brim_cuda_team_watch(team);
    }
    if (status != BRIM_OK)
        brim_cuda_team_end(team, true);
    return status;
}

/* In memory of its own: what NCCL takes to bring the cards together is taken before anybody measures. It goes
 * about a sum by its size, and, since 2.22, connects the cards for each way when it first goes it
 * (NCCL_RUNTIME_CONNECT in its user guide). */
static BrimStatus try_team(BrimCudaTeam *team, BrimBackend *const *backends, size_t bytes)
{
    BrimStatus status = BRIM_OK;
    const size_t doubles = brim_cuda_most_doubles(backends[0]);
    const size_t exchanged_bytes = (size_t)team->count * doubles * sizeof(double);
    bytes = bytes > exchanged_bytes ? bytes : exchanged_bytes;
    Share shares[BRIM_MOST_CARDS] = {{0}};
    for (int i = 0; i < team->count; i++) {
        const BrimCudaDevice *device = &backends[i]->device;
        shares[i] = (Share){.backend = backends[i], .floats = bytes / sizeof(float)};
        BRIM_TRY(brim_cuda_device_enter(device));
        status = brim_cuda_check(device->driver, device->driver->cuMemAlloc_(&shares[i].start, bytes),
                                 "taking memory to try a sum over the cards");
        if (status != BRIM_OK) {
            shares[i].start = 0;
            status = brim_fail_within(status, "card %d: ", device->index);
            goto fail;
        }
        BRIM_CUDA_TRY(device->driver, cuMemsetD8Async, "clearing memory", shares[i].start, 0, bytes,
                      device->stream);
    }
    BRIM_TRY(try_sums(team, shares));
    BRIM_TRY(try_exchanges(team, shares, doubles));
fail:
    for (int i = 0; i < BRIM_MOST_CARDS && shares[i].backend; i++) {
        const BrimCudaDevice *device = &shares[i].backend->device;
        device->driver->cuCtxSetCurrent_(device->context); /* no check, which would hide the first error */
        if (shares[i].start)
            device->driver->cuMemFree_(shares[i].start);
    }
    return status;
}

/* For a sentence: NCCL does not say which card has no memory for it. */
static void name_fullest(BrimBackend *const *backends, int count, char *text, size_t bytes)
{
    size_t least_bytes = SIZE_MAX;
    text[0] = '\0';
    for (int i = 0; i < count; i++) {
        size_t free_bytes;
        const BrimCudaDevice *device = &backends[i]->device;
        if (brim_cuda_device_enter(device) != BRIM_OK ||
            brim_cuda_device_free_bytes(device, &free_bytes) != BRIM_OK || free_bytes >= least_bytes)
            continue;
        least_bytes = free_bytes;
        snprintf(text, bytes, "joining the cards, of which card %d has the least memory free, %zu MiB",
                 device->index, free_bytes >> 20);
    }
}

/* A communicator for them; no backend knows of it yet. */
static BrimStatus make_ranks(BrimCudaTeam *team, BrimBackend *const *backends, int count)
{
    char what[128];
    int cards[BRIM_MOST_CARDS];
    for (int i = 0; i < count; i++)
        cards[i] = backends[i]->device.index;
    name_fullest(backends, count, what, sizeof what);
    return brim_cuda_nccl_check(team->nccl, team->nccl->ncclCommInitAll_(team->ranks, count, cards), what);
}

BrimStatus brim_cuda_join(BrimBackend *const *backends, int count, size_t most_bytes)
{
    BrimStatus status;
    const BrimCudaNccl *nccl;
    if (count < 2 || count > BRIM_MOST_CARDS)
        return brim_fail(BRIM_ERROR_ARGUMENT, "%d cards to work together: it can be 2 to %d", count,
                         BRIM_MOST_CARDS);
    BRIM_TRY(brim_cuda_nccl(&nccl, backends[0]->device.driver));
    BrimCudaTeam *team = brim_mem_take(BRIM_MEM_BACKEND, 1, sizeof *team);
    if (!team)
        return BRIM_ERROR_MEMORY;
    *team = (BrimCudaTeam){.nccl = nccl};
    status = make_ranks(team, backends, count);
    if (status != BRIM_OK) {
        brim_mem_give(team);
        return status;
    }
    team->count = team->holders = count;
    for (int i = 0; i < count; i++) {
        team->backends[i] = backends[i];
        backends[i]->team = team;
        backends[i]->rank = i;
    }
    BRIM_TRY(try_team(team, backends, most_bytes));
fail:
    return status;
}

/* ---- the contract's sum ---- */

/* Where a block lies on each card: the same floats in number, else they are not the same tensor. */
static BrimStatus find_share(const BrimProgram *program, const BrimProgram *first, BrimTensorId block,
                             Share *share)
{
    const BrimTensor *tensor = &program->graph->tensors[block];
    *share = (Share){.backend = program->backend,
                     .start = program->backend->arena +
                              brim_cuda_offset(program->graph, program->placement, block),
                     .floats = tensor->bytes / sizeof(float)};
    if (tensor->form == BRIM_FORM_BLOCK && tensor->bytes == first->graph->tensors[block].bytes)
        return BRIM_OK;
    return brim_fail(BRIM_ERROR_ARGUMENT,
                     "%s: %zu bytes on card %d and %zu on card %d cannot be summed; please report it with "
                     "this sentence",
                     tensor->name, tensor->bytes, program->backend->device.index,
                     first->graph->tensors[block].bytes, first->backend->device.index);
}

BrimStatus brim_cuda_reduce(BrimProgram *const *programs, int count, const BrimTensorId *blocks,
                            int block_count)
{
    BrimStatus status = BRIM_OK;
    Share shares[BRIM_MOST_CARDS * BRIM_OP_IN];
    BrimCudaTeam *team = programs[0]->backend->team;
    if (!team || team->count != count || block_count < 1 || block_count > BRIM_OP_IN)
        return brim_fail(BRIM_ERROR_ARGUMENT, "%d cards have not joined for a sum of %d blocks", count,
                         block_count);
    for (int i = 0; i < count * block_count; i++)
        BRIM_TRY(find_share(programs[i / block_count], programs[0], blocks[i % block_count], &shares[i]));
    BRIM_TRY(sum(team, shares, block_count));
fail:
    return status;
}

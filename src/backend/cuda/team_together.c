/* A step that several cards compute together: where an op needs what the others have, as a BatchNorm with all
 * cards' statistics does, they exchange it on the way.
 *
 * One host thread starts an op on every card before it goes on to the next, and the exchange on all of them
 * in one group. To start one card's whole step and then the next one's would not do: NCCL may wait within a
 * call until all cards have made it, when it connects them or prepares a graph, and says that one thread with
 * several cards has to call in groups. A thread for each card would do as well, but an error of one would
 * have to be told to those that wait in NCCL for it, and the host is idle while the cards compute: from the
 * second step on there is a graph for each card, in which the exchanges are, and those only wait on the
 * cards.
 *
 * The exchanges are recorded on all cards or on none, as NCCL asks. */
#include <pthread.h>

#include "backend/cuda/team.h"

/* ---- starting op by op ---- */

static BrimStatus of_card(const BrimProgram *program, BrimStatus status)
{
    return status == BRIM_OK ? status : brim_fail_within(status, "card %d: ", program->backend->device.index);
}

typedef BrimStatus (*StartOp)(const BrimProgram *program, BrimOpId id);

static BrimStatus start_before(const BrimProgram *program, BrimOpId id)
{
    return brim_cuda_start_half(program, id, false);
}

static BrimStatus start_after(const BrimProgram *program, BrimOpId id)
{
    return brim_cuda_start_half(program, id, true);
}

static BrimStatus start_on_all(BrimProgram *const *programs, int count, BrimOpId id, StartOp start)
{
    BrimStatus status = BRIM_OK;
    for (int i = 0; i < count && status == BRIM_OK; i++) {
        status = brim_cuda_device_enter(&programs[i]->backend->device);
        if (status == BRIM_OK)
            status = start(programs[i], id);
        status = of_card(programs[i], status);
    }
    return status;
}

static BrimStatus exchange(BrimProgram *const *programs, int count, BrimOpId id)
{
    BrimCudaExchange exchanges[BRIM_MOST_CARDS];
    for (int i = 0; i < count; i++) {
        const BrimProgram *program = programs[i];
        const BrimCudaCall call = {program->backend, program->graph, program->placement, id,
                                   &program->graph->ops[id]};
        exchanges[i] = brim_cuda_bn_exchange(&call);
    }
    return brim_cuda_team_exchange(programs[0]->backend->team, exchanges);
}

static BrimStatus start_ops(BrimProgram *const *programs, int count, BrimPart part)
{
    BrimStatus status = BRIM_OK;
    const BrimGraph *graph = programs[0]->graph;
    for (BrimOpId id = 0; id < graph->op_count; id++) {
        if (graph->ops[id].part != part)
            continue;
        if (!brim_cuda_bn_shares(&graph->ops[id])) {
            BRIM_TRY(start_on_all(programs, count, id, brim_cuda_start_op));
            continue;
        }
        BRIM_TRY(start_on_all(programs, count, id, start_before));
        BRIM_TRY(exchange(programs, count, id));
        BRIM_TRY(start_on_all(programs, count, id, start_after));
    }
fail:
    return status;
}

/* ---- recording ---- */

/* Recordings that were begun are ended, however it went. */
static BrimStatus record(BrimProgram *const *programs, int count, BrimPart part, CUgraph *graphs)
{
    BrimStatus status = BRIM_OK;
    int begun = 0;
    for (; begun < count && status == BRIM_OK; begun += status == BRIM_OK)
        status = of_card(programs[begun], brim_cuda_record_begin(&programs[begun]->backend->device));
    if (status == BRIM_OK)
        status = start_ops(programs, count, part);
    for (int i = 0; i < begun; i++)
        status = brim_cuda_record_end(&programs[i]->backend->device, status, &graphs[i]);
    return status;
}

static BrimStatus capture(BrimProgram *const *programs, int count, BrimPart part)
{
    CUgraph graphs[BRIM_MOST_CARDS] = {NULL};
    BrimStatus status = record(programs, count, part, graphs);
    for (int i = 0; i < count; i++) {
        const BrimCudaDevice *device = &programs[i]->backend->device;
        if (status == BRIM_OK)
            status = brim_cuda_device_enter(device);
        if (status == BRIM_OK)
            status = of_card(programs[i], brim_cuda_take_graph(programs[i], part, graphs[i]));
        if (graphs[i])
            device->driver->cuGraphDestroy_(graphs[i]);
    }
    for (int i = 0; i < count; i++) {
        programs[i]->captured[part] = status == BRIM_OK;
        programs[i]->loose[part] = status == BRIM_ERROR_FIT;
        if (status != BRIM_OK)
            brim_cuda_drop_graph(programs[i], part);
    }
    return status == BRIM_ERROR_FIT ? BRIM_OK : status;
}

/* ---- launching ---- */

/* A card's graph, and what became of its launch. */
typedef struct Launch {
    const BrimProgram *program;
    BrimPart part;
    CUresult result;
} Launch;

static void *launch(void *self)
{
    Launch *own = self;
    const BrimCudaDevice *device = &own->program->backend->device;
    own->result = device->driver->cuCtxSetCurrent_(device->context);
    if (own->result == CUDA_SUCCESS)
        own->result = device->driver->cuGraphLaunch_(own->program->parts[own->part], device->stream);
    return NULL;
}

/* Each on a thread of its own, the last on the caller's. With exchanges in it, a graph's launch may wait
 * until those of the other cards are launched: one thread that comes to them in turn would wait without end
 * ("Using NCCL with CUDA Graphs" in NCCL's user guide). Where there is no thread to be had, the caller's has
 * to do. */
static BrimStatus launch_on_all(BrimProgram *const *programs, int count, BrimPart part)
{
    BrimStatus status = BRIM_OK;
    Launch launches[BRIM_MOST_CARDS];
    pthread_t threads[BRIM_MOST_CARDS];
    int apart = 0;
    for (int i = 0; i < count; i++)
        launches[i] = (Launch){.program = programs[i], .part = part};
    while (apart < count - 1 && pthread_create(&threads[apart], NULL, launch, &launches[apart]) == 0)
        apart++;
    for (int i = apart; i < count; i++)
        launch(&launches[i]);
    for (int i = 0; i < apart; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < count && status == BRIM_OK; i++)
        status = of_card(programs[i], brim_cuda_check(programs[i]->backend->device.driver, launches[i].result,
                                                      "starting a step"));
    return status;
}

/* ---- the contract ---- */

/* All programs have run, were recorded, or could not be, alike. */
static BrimStatus run(BrimProgram *const *programs, int count, BrimPart part)
{
    BrimStatus status;
    const BrimProgram *first = programs[0];
    if (!first->warm[part]) {
        BRIM_TRY(start_ops(programs, count, part));
        for (int i = 0; i < count; i++)
            programs[i]->warm[part] = true;
        return BRIM_OK;
    }
    if (!first->captured[part] && !first->loose[part])
        BRIM_TRY(capture(programs, count, part));
    if (first->loose[part])
        return start_ops(programs, count, part);
    return launch_on_all(programs, count, part);
fail:
    return status;
}

static BrimStatus check(BrimProgram *const *programs, int count)
{
    const BrimCudaTeam *team = programs[0]->backend->team;
    if (!team || team->count != count)
        return brim_fail(BRIM_ERROR_ARGUMENT, "%d cards have not joined for a step together", count);
    for (int i = 0; i < count; i++)
        if (programs[i]->backend != team->backends[i] ||
            programs[i]->graph->op_count != programs[0]->graph->op_count)
            return brim_fail(BRIM_ERROR_ARGUMENT, "the steps of %d cards are not the same one", count);
    return BRIM_OK;
}

/* Where a card did not come along, the others wait for it until the team is ended. */
BrimStatus brim_cuda_run_together(BrimProgram *const *programs, int count, BrimPart part,
                                  const BrimStepScalars *scalars)
{
    BrimStatus status = check(programs, count);
    if (status != BRIM_OK)
        return status;
    for (int i = 0; i < count && status == BRIM_OK; i++) {
        status = brim_cuda_device_enter(&programs[i]->backend->device);
        if (status == BRIM_OK)
            status = brim_cuda_write_scalars(programs[i]->backend, scalars);
        status = of_card(programs[i], status);
    }
    if (status == BRIM_OK)
        status = run(programs, count, part);
    if (status != BRIM_OK)
        brim_cuda_team_end(programs[0]->backend->team, true);
    return status;
}

BrimStatus brim_cuda_wait_together(BrimProgram *const *programs, int count)
{
    BrimStatus status = check(programs, count);
    if (status != BRIM_OK)
        return status;
    status = brim_cuda_team_watch(programs[0]->backend->team);
    if (status != BRIM_OK)
        brim_cuda_team_end(programs[0]->backend->team, true);
    return status;
}

/* Clients from sample to sample, and their sums. */
#include "monitor/clients.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_BYTES = 16384 };

void brim_clients_open(BrimClients *clients, const char *root)
{
    *clients = (BrimClients){.count = 0};
    brim_holders_open(&clients->holders, root);
}

void brim_clients_close(BrimClients *clients)
{
    brim_mem_give(clients->list);
    brim_holders_close(&clients->holders);
    *clients = (BrimClients){.holders = {.proc = -1}};
}

/* Kernels without client ids know descriptors only. */
static bool is_same(const BrimClient *client, const BrimHolder *holder, const BrimFdinfo *info)
{
    if (client->card != holder->card || client->info.has_client != info->has_client)
        return false;
    return info->has_client ? client->info.client == info->client
                            : client->pid == holder->pid && client->descriptor == holder->descriptor;
}

static BrimStatus find_or_add(BrimClients *clients, const BrimHolder *holder, const BrimFdinfo *info,
                              BrimClient **found)
{
    for (int i = 0; i < clients->count; i++) {
        *found = &clients->list[i];
        if (is_same(*found, holder, info))
            return BRIM_OK;
    }
    BrimClient *list =
        brim_mem_room(BRIM_MEM_OTHER, clients->list, clients->count, &clients->room, sizeof *list);
    if (!list)
        return BRIM_ERROR_MEMORY;
    clients->list = list;
    *found = &clients->list[clients->count++];
    **found = (BrimClient){.card = holder->card};
    return BRIM_OK;
}

static const BrimFdinfoEngine *engine_named(const BrimFdinfo *info, const char *name)
{
    for (int i = 0; i < info->engine_count; i++)
        if (strcmp(info->engines[i].name, name) == 0)
            return &info->engines[i];
    return NULL;
}

/* How much of the time since `before` the engine was busy for the client; `now` keeps the highest that the
 * counter ever showed, as the kernel's document asks of its readers: it may fall back for a while. */
static double share_since(const BrimFdinfoEngine *before, BrimFdinfoEngine *now, int64_t elapsed_ns)
{
    if (now->busy_ns != BRIM_FDINFO_UNKNOWN && before->busy_ns != BRIM_FDINFO_UNKNOWN) {
        if (now->busy_ns < before->busy_ns)
            now->busy_ns = before->busy_ns;
        return (double)(now->busy_ns - before->busy_ns) / (double)elapsed_ns / (double)now->capacity;
    }
    if (now->busy_cycles == BRIM_FDINFO_UNKNOWN || before->busy_cycles == BRIM_FDINFO_UNKNOWN ||
        now->total_cycles == BRIM_FDINFO_UNKNOWN || before->total_cycles == BRIM_FDINFO_UNKNOWN)
        return NAN;
    /* The card's own clock fell back: it was reset, and both begin anew. */
    if (now->total_cycles <= before->total_cycles)
        return NAN;
    if (now->busy_cycles < before->busy_cycles)
        now->busy_cycles = before->busy_cycles;
    return (double)(now->busy_cycles - before->busy_cycles) /
           (double)(now->total_cycles - before->total_cycles) / (double)now->capacity;
}

static void update(BrimClient *client, BrimFdinfo *info, int64_t monotonic_ns)
{
    bool known = client->read_ns && monotonic_ns > client->read_ns;
    for (int i = 0; i < info->engine_count; i++) {
        const BrimFdinfoEngine *before = known ? engine_named(&client->info, info->engines[i].name) : NULL;
        client->share[i] =
            before ? share_since(before, &info->engines[i], monotonic_ns - client->read_ns) : NAN;
    }
    client->info = *info;
    client->read_ns = monotonic_ns;
}

static BrimStatus read_holder(BrimClients *clients, const BrimDrmCards *cards, const BrimHolder *holder,
                              int64_t monotonic_ns)
{
    char path[48], text[TEXT_BYTES];
    BrimFdinfo info;
    BrimClient *client;
    snprintf(path, sizeof path, "%d/fdinfo/%d", holder->pid, holder->descriptor);
    if (brim_sysfs_text(clients->holders.proc, path, text, sizeof text) != 0)
        return BRIM_OK;
    brim_fdinfo_parse(&info, text);
    /* The descriptor may be another file's by now. */
    const BrimDrmCard *card = &cards->list[holder->card];
    if (strcmp(info.driver, card->driver) != 0 ||
        (info.address[0] && strcmp(info.address, card->address) != 0))
        return BRIM_OK;
    BrimStatus status = find_or_add(clients, holder, &info, &client);
    if (status != BRIM_OK)
        return status;
    if (!client->seen)
        update(client, &info, monotonic_ns);
    /* Of several that hold it the last is taken for its user: descriptors are handed from a keeper (a session
     * manager, a parent) to the one that works with them. */
    client->pid = holder->pid;
    client->descriptor = holder->descriptor;
    client->seen = true;
    return BRIM_OK;
}

/* Keeps those that were seen, and those of cards asleep, whose counters stand still. */
static void drop_closed(BrimClients *clients, const BrimDrmCards *cards)
{
    int kept = 0;
    for (int i = 0; i < clients->count; i++)
        if (clients->list[i].seen || cards->list[clients->list[i].card].presence == BRIM_DRM_ASLEEP)
            clients->list[kept++] = clients->list[i];
    clients->count = kept;
}

BrimStatus brim_clients_read(BrimClients *clients, const BrimDrmCards *cards, int64_t monotonic_ns)
{
    BrimStatus status = BRIM_OK;
    BRIM_TRY(brim_holders_look(&clients->holders, cards, monotonic_ns));
    for (int i = 0; i < clients->count; i++)
        clients->list[i].seen = false;
    for (int i = 0; i < clients->holders.now.count; i++) {
        const BrimHolder *holder = &clients->holders.now.list[i];
        /* xe wakes its card to answer. */
        if (cards->list[holder->card].presence == BRIM_DRM_AWAKE)
            BRIM_TRY(read_holder(clients, cards, holder, monotonic_ns));
    }
    drop_closed(clients, cards);
    clients->readings++;
fail:
    return status;
}

/* Sums of the shares of engines that have the same name. */
typedef struct Engines {
    const char *names[BRIM_FDINFO_MOST_ENGINES];
    double shares[BRIM_FDINFO_MOST_ENGINES];
    int count;
} Engines;

static void add_share(Engines *engines, const char *name, double share)
{
    int at = 0;
    while (at < engines->count && strcmp(engines->names[at], name) != 0)
        at++;
    if (isnan(share) || at == BRIM_FDINFO_MOST_ENGINES)
        return;
    if (at == engines->count) {
        engines->names[engines->count++] = name;
        engines->shares[at] = 0;
    }
    engines->shares[at] += share;
}

/* Names that amdgpu, i915 and xe give their engines. */
static bool is_compute(const char *name)
{
    return strcmp(name, "compute") == 0 || strcmp(name, "ccs") == 0;
}

static bool is_graphics(const char *name)
{
    return strcmp(name, "gfx") == 0 || strcmp(name, "render") == 0 || strcmp(name, "rcs") == 0;
}

static bool has_worked(const BrimFdinfoEngine *engine)
{
    return (engine->busy_ns != BRIM_FDINFO_UNKNOWN && engine->busy_ns > 0) ||
           (engine->busy_cycles != BRIM_FDINFO_UNKNOWN && engine->busy_cycles > 0);
}

/* A sum in which what several share stands once, with the largest of their parts. */
typedef struct Memory {
    double own_bytes, shared_bytes;
} Memory;

static void add_memory(Memory *memory, double bytes, double shared_bytes)
{
    if (isnan(bytes))
        return;
    memory->own_bytes = (isnan(memory->own_bytes) ? 0 : memory->own_bytes) + bytes - shared_bytes;
    memory->shared_bytes = fmax(memory->shared_bytes, shared_bytes);
}

BrimClientsUse brim_clients_use(const BrimClients *clients, int card, int pid)
{
    static const char *const kinds[] = {"", "compute", "graphics", "both"};
    Engines engines = {.count = 0};
    Memory device = {NAN, 0}, host = {NAN, 0};
    BrimClientsUse use = {.utilization_percent = NAN};
    int kind = 0;
    for (int i = 0; i < clients->holders.now.count; i++)
        use.holders += clients->holders.now.list[i].card == card;
    for (int i = 0; i < clients->count; i++) {
        const BrimClient *client = &clients->list[i];
        double shared;
        if (client->card != card || (pid && client->pid != pid))
            continue;
        use.count++;
        for (int j = 0; j < client->info.engine_count; j++) {
            const BrimFdinfoEngine *engine = &client->info.engines[j];
            add_share(&engines, engine->name, client->share[j]);
            if (has_worked(engine))
                kind |= is_compute(engine->name) | is_graphics(engine->name) << 1;
        }
        double bytes = brim_fdinfo_device_bytes(&client->info, &shared);
        add_memory(&device, bytes, shared);
        bytes = brim_fdinfo_host_bytes(&client->info, &shared);
        add_memory(&host, bytes, shared);
    }
    for (int i = 0; i < engines.count; i++)
        use.utilization_percent = fmax(use.utilization_percent, fmin(100, 100 * engines.shares[i]));
    use.device_bytes = device.own_bytes + device.shared_bytes;
    use.host_bytes = host.own_bytes + host.shared_bytes;
    use.kind = kinds[kind];
    return use;
}

/* The process with the lowest number above that one; INT_MAX: none. */
static int next_process(const BrimClients *clients, int card, int pid)
{
    int next = INT_MAX;
    for (int i = 0; i < clients->count; i++)
        if (clients->list[i].card == card && clients->list[i].pid > pid && clients->list[i].pid < next)
            next = clients->list[i].pid;
    return next;
}

BrimStatus brim_clients_append(const BrimClients *clients, int card, BrimDraft *draft, int device)
{
    for (int pid = next_process(clients, card, 0); pid != INT_MAX; pid = next_process(clients, card, pid)) {
        BrimClientsUse use = brim_clients_use(clients, card, pid);
        BrimProcessSample *process = brim_draft_process(draft);
        if (!process)
            return BRIM_ERROR_MEMORY;
        process->pid = pid;
        process->device = device;
        process->utilization_percent = use.utilization_percent;
        process->memory_bytes = isnan(use.device_bytes) ? use.host_bytes : use.device_bytes;
        snprintf(process->kind, sizeof process->kind, "%s", use.kind);
    }
    return BRIM_OK;
}

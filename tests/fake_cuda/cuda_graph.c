/* Graphs: the work that was captured, done again at each launch. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cuda_work.h"

struct CUgraph_st {
    FakeHandle handle;
    FakeWorks works;
};

struct CUgraphExec_st {
    FakeHandle handle;
    CUgraphExec next;  /* of those that were not destroyed */
    int device, place; /* among those of the device, when it was made */
    bool uploaded;
    FakeWorks works;
};

/* Graphs that can be launched, of each card; as many as there were at once have taken memory, and keep it: a
 * half when they were made, the other before their first launch. */
static int execs[FAKE_CARDS];
static CUgraphExec first_exec;
static pthread_mutex_t listing = PTHREAD_MUTEX_INITIALIZER, launching = PTHREAD_MUTEX_INITIALIZER;

CUgraph fake_graph_make(FakeWorks works)
{
    CUgraph graph = fake_handle_make(FAKE_GRAPH, sizeof *graph);
    graph->works = works;
    return graph;
}

int fake_cuda_recorded(int (*ready)(void *args), const void *first)
{
    int found = 0;
    pthread_mutex_lock(&listing);
    for (CUgraphExec exec = first_exec; exec; exec = exec->next)
        for (const FakeWork *work = exec->works.first; work; work = work->next)
            found += work->ready == ready && memcmp(work->args, &first, sizeof first) == 0;
    pthread_mutex_unlock(&listing);
    return found;
}

CUresult cuGraphGetNodes(CUgraph graph, CUgraphNode *nodes, size_t *count)
{
    FAKE_BEGIN(cuGraphGetNodes);
    FAKE_TRY(fake_handle_check(graph, FAKE_GRAPH, "cuGraphGetNodes"));
    if (nodes) {
        fake_complain("cuGraphGetNodes: the false library counts them, and has none to show");
        return CUDA_ERROR_NOT_SUPPORTED;
    }
    *count = 0;
    for (const FakeWork *work = graph->works.first; work; work = work->next)
        ++*count;
    return CUDA_SUCCESS;
}

static CUresult load_graph(int place, const char *what)
{
    char name[32];
    snprintf(name, sizeof name, "graph %d %s", place, what);
    return fake_cuda_load(name);
}

CUresult cuGraphInstantiateWithFlags(CUgraphExec *exec, CUgraph graph, unsigned long long flags)
{
    (void)flags;
    FAKE_BEGIN(cuGraphInstantiateWithFlags);
    int device;
    FAKE_TRY(fake_current(&device));
    FAKE_TRY(fake_handle_check(graph, FAKE_GRAPH, "cuGraphInstantiateWithFlags"));
    FAKE_TRY(load_graph(execs[device], "made"));
    *exec = fake_handle_make(FAKE_EXEC, sizeof **exec);
    (*exec)->device = device;
    (*exec)->place = execs[device]++;
    for (const FakeWork *work = graph->works.first; work; work = work->next)
        fake_works_append(&(*exec)->works, work, work->args);
    pthread_mutex_lock(&listing);
    (*exec)->next = first_exec;
    first_exec = *exec;
    pthread_mutex_unlock(&listing);
    return CUDA_SUCCESS;
}

static CUresult upload(CUgraphExec exec)
{
    if (!exec->uploaded)
        FAKE_TRY(load_graph(exec->place, "on the card"));
    exec->uploaded = true;
    return CUDA_SUCCESS;
}

CUresult cuGraphUpload(CUgraphExec exec, CUstream stream)
{
    bool capturing;
    FAKE_BEGIN(cuGraphUpload);
    FAKE_TRY(fake_handle_check(exec, FAKE_EXEC, "cuGraphUpload"));
    FAKE_TRY(fake_stream_check(stream, "cuGraphUpload", &capturing));
    return capturing ? fake_stream_spoil(stream, "cuGraphUpload") : upload(exec);
}

static CUresult launch(CUgraphExec exec, CUstream stream)
{
    FAKE_TRY(fake_handle_check(exec, FAKE_EXEC, "cuGraphLaunch"));
    FAKE_TRY(upload(exec));
    for (const FakeWork *work = exec->works.first; work; work = work->next)
        FAKE_TRY(fake_stream_enqueue(stream, work, work->args));
    return CUDA_SUCCESS;
}

/* With the word `stalls`: until the stream is at its end, while other threads launch what it waits for. */
static void stall(CUstream stream)
{
    enum { LOOKS = 5000, LOOK_US = 1000 };
    for (int look = 0; !fake_stream_catch_up(stream, NULL); look++) {
        if (look == LOOKS)
            fake_abort("cuGraphLaunch: this would wait without end for what is not launched beside it");
        pthread_mutex_unlock(&launching);
        usleep(LOOK_US);
        pthread_mutex_lock(&launching);
    }
}

/* Threads that launch come one after the other: all else on streams is one thread's, who waits for them. */
CUresult cuGraphLaunch(CUgraphExec exec, CUstream stream)
{
    FAKE_BEGIN(cuGraphLaunch);
    pthread_mutex_lock(&launching);
    CUresult result = launch(exec, stream);
    if (result == CUDA_SUCCESS && fake_card()->stalls)
        stall(stream);
    pthread_mutex_unlock(&launching);
    return result;
}

/* Of no use to anybody any more, even where its card is lost and refuses to destroy it. */
static void forget(CUgraphExec exec)
{
    pthread_mutex_lock(&listing);
    CUgraphExec *link = &first_exec;
    while (*link && *link != exec)
        link = &(*link)->next;
    if (*link)
        *link = exec->next;
    pthread_mutex_unlock(&listing);
}

CUresult cuGraphExecDestroy(CUgraphExec exec)
{
    forget(exec);
    FAKE_BEGIN(cuGraphExecDestroy);
    FAKE_TRY(fake_handle_check(exec, FAKE_EXEC, "cuGraphExecDestroy"));
    FAKE_TRY(fake_handle_together(exec, NULL, "cuGraphExecDestroy"));
    fake_works_clear(&exec->works);
    fake_handle_destroy(exec);
    execs[exec->device]--;
    return CUDA_SUCCESS;
}

CUresult cuGraphDestroy(CUgraph graph)
{
    FAKE_BEGIN(cuGraphDestroy);
    FAKE_TRY(fake_handle_check(graph, FAKE_GRAPH, "cuGraphDestroy"));
    fake_works_clear(&graph->works);
    fake_handle_destroy(graph);
    return CUDA_SUCCESS;
}

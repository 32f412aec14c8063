/* Events: the time at which the stream came to them, by a clock of the card's own. It goes on where work says
 * how long it takes (fake_cuda_pass_ns), and a little at each look, so that what is chosen by time is the
 * same on a busy machine.
 */
#include <stdatomic.h>

#include "cuda_inside.h"

struct CUevent_st {
    FakeHandle handle;
    unsigned int flags;
    bool recorded, captured, reached; /* reached: by the stream, since it was recorded last */
    long records;                     /* outside of graphs */
    long reaches;                     /* the last of them that the stream came to */
    CUstream stream;
    long long time_ns;
};

/* One of an event's records, of which the last one counts. */
typedef struct Record {
    CUevent event;
    long number;
} Record;

enum { LOOK_NS = 1000 };

static atomic_llong clock_ns;

void fake_cuda_pass_ns(long long ns)
{
    atomic_fetch_add(&clock_ns, ns);
}

CUresult cuEventCreate(CUevent *event, unsigned int flags)
{
    int device;
    FAKE_BEGIN(cuEventCreate);
    FAKE_TRY(fake_current(&device));
    *event = fake_handle_make(FAKE_EVENT, sizeof **event);
    (*event)->flags = flags;
    return CUDA_SUCCESS;
}

static void take_time(void *args)
{
    const CUevent event = *(CUevent *)args;
    event->recorded = event->reached = true;
    event->time_ns = atomic_fetch_add(&clock_ns, LOOK_NS);
}

static void reach(void *args)
{
    const Record *record = args;
    record->event->reaches = record->number;
    if (record->number == record->event->records)
        take_time(&(CUevent){record->event});
}

CUresult cuEventRecord(CUevent event, CUstream stream)
{
    bool capturing;
    FAKE_BEGIN(cuEventRecord);
    FAKE_TRY(fake_handle_check(event, FAKE_EVENT, "cuEventRecord"));
    FAKE_TRY(fake_stream_check(stream, "cuEventRecord", &capturing));
    FAKE_TRY(fake_handle_together(event, stream, "cuEventRecord"));
    event->captured = capturing;
    event->recorded = !capturing;
    event->reached = capturing;
    event->stream = stream;
    const Record record = {event, ++event->records};
    return capturing ? CUDA_SUCCESS : fake_cuda_enqueue(stream, reach, &record, sizeof record);
}

/* What is recorded as EXTERNAL is part of the graph, and has the time of its last launch. */
CUresult cuEventRecordWithFlags(CUevent event, CUstream stream, unsigned int flags)
{
    bool capturing;
    FAKE_BEGIN(cuEventRecordWithFlags);
    FAKE_TRY(fake_handle_check(event, FAKE_EVENT, "cuEventRecordWithFlags"));
    FAKE_TRY(fake_stream_check(stream, "cuEventRecordWithFlags", &capturing));
    FAKE_TRY(fake_handle_together(event, stream, "cuEventRecordWithFlags"));
    if (flags != CU_EVENT_RECORD_EXTERNAL || !capturing) {
        fake_complain("cuEventRecordWithFlags: %s", capturing
                                                        ? "flags that it does not know"
                                                        : "EXTERNAL is for streams that are being captured");
        return CUDA_ERROR_INVALID_VALUE;
    }
    event->captured = false;
    return fake_cuda_enqueue(stream, take_time, &event, sizeof event);
}

CUresult cuEventSynchronize(CUevent event)
{
    int device;
    FAKE_BEGIN(cuEventSynchronize);
    FAKE_TRY(fake_current(&device));
    FAKE_TRY(fake_handle_check(event, FAKE_EVENT, "cuEventSynchronize"));
    FAKE_TRY(fake_unsafe("cuEventSynchronize"));
    if (event->captured)
        return CUDA_ERROR_CAPTURED_EVENT;
    if (event->recorded && !event->reached)
        if (!fake_stream_catch_up(event->stream, &event->reached))
            fake_abort("cuEventSynchronize: this would wait without end");
    return CUDA_SUCCESS;
}

static int has_come(void *args)
{
    const Record *record = args;
    return record->event->reaches >= record->number;
}

/* For the last record so far; one that comes later is no matter of this. */
CUresult cuStreamWaitEvent(CUstream stream, CUevent event, unsigned int flags)
{
    bool capturing;
    FAKE_BEGIN(cuStreamWaitEvent);
    FAKE_TRY(fake_handle_check(event, FAKE_EVENT, "cuStreamWaitEvent"));
    FAKE_TRY(fake_stream_check(stream, "cuStreamWaitEvent", &capturing));
    if (capturing || event->captured || flags != CU_EVENT_WAIT_DEFAULT) {
        fake_complain("cuStreamWaitEvent: %s",
                      flags ? "flags that it does not know" : "the false library does not capture it");
        return CUDA_ERROR_NOT_SUPPORTED;
    }
    const Record record = {event, event->records};
    return fake_cuda_enqueue_wait(stream, has_come, &record, sizeof record);
}

CUresult cuEventElapsedTime(float *milliseconds, CUevent start, CUevent end)
{
    int device;
    FAKE_BEGIN(cuEventElapsedTime);
    FAKE_TRY(fake_current(&device));
    FAKE_TRY(fake_handle_check(start, FAKE_EVENT, "cuEventElapsedTime"));
    FAKE_TRY(fake_handle_check(end, FAKE_EVENT, "cuEventElapsedTime"));
    FAKE_TRY(fake_handle_together(start, end, "cuEventElapsedTime"));
    if (start->captured || end->captured)
        return CUDA_ERROR_CAPTURED_EVENT;
    if (!start->recorded || !end->recorded || ((start->flags | end->flags) & CU_EVENT_DISABLE_TIMING)) {
        fake_complain("cuEventElapsedTime: an event was not recorded, or made without time");
        return CUDA_ERROR_INVALID_HANDLE;
    }
    if (!start->reached || !end->reached)
        return CUDA_ERROR_NOT_READY;
    *milliseconds = (float)((double)(end->time_ns - start->time_ns) * 1e-6);
    return CUDA_SUCCESS;
}

CUresult cuEventDestroy(CUevent event)
{
    int device;
    FAKE_BEGIN(cuEventDestroy);
    FAKE_TRY(fake_current(&device));
    FAKE_TRY(fake_handle_check(event, FAKE_EVENT, "cuEventDestroy"));
    FAKE_TRY(fake_handle_together(event, NULL, "cuEventDestroy"));
    fake_handle_destroy(event);
    return CUDA_SUCCESS;
}

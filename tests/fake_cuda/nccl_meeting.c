/* What the ranks of a communicator come to together while their streams go on: an exchange is made when the
 * last of them is there, and holds up the streams of the others until then. */
#include <stdlib.h>
#include <string.h>

#include "fake_cuda.h"
#include "fake_nccl.h"

/* A rank's part of one meeting, as it lies in its stream. */
typedef struct Visit {
    FakeMeeting *meeting;
    int rank, over;
    char *all; /* [ranks][bytes] */
    size_t bytes;
} Visit;

/* Never freed but with the process: streams may hold visits when the communicator is gone. */
struct FakeMeeting {
    FakeMeeting *next;
    int count, aborted;
    unsigned long held;
    Visit *there[FAKE_NCCL_RANKS];
    int errors[FAKE_NCCL_RANKS];
};

static FakeMeeting *meetings;

FakeMeeting *fake_meeting_open(int count)
{
    FakeMeeting *meeting = calloc(1, sizeof *meeting);
    meeting->count = count;
    meeting->next = meetings;
    return meetings = meeting;
}

void fake_meeting_abort(FakeMeeting *meeting)
{
    meeting->aborted = 1;
    memset(meeting->there, 0, sizeof meeting->there);
}

int fake_meeting_waits(const FakeMeeting *meeting)
{
    for (int i = 0; i < meeting->count; i++)
        if (meeting->there[i])
            return 1;
    return 0;
}

int fake_meeting_error(const FakeMeeting *meeting, int rank)
{
    return meeting->errors[rank];
}

static void exchange(void *args)
{
    FakeMeeting *meeting = args;
    size_t bytes = meeting->there[0]->bytes;
    for (int to = 0; to < meeting->count; to++)
        for (int from = 0; from < meeting->count; from++)
            memcpy(meeting->there[to]->all + (size_t)from * bytes,
                   meeting->there[from]->all + (size_t)from * bytes, bytes);
}

static int all_are_there(const FakeMeeting *meeting)
{
    int there = 0;
    for (int i = 0; i < meeting->count; i++)
        there += meeting->there[i] != NULL;
    return there == meeting->count;
}

static int ready(void *args)
{
    Visit *visit = args;
    FakeMeeting *meeting = visit->meeting;
    if (meeting->aborted || visit->over)
        return 1;
    if (visit->rank == fake_nccl()->lost_rank && meeting->held + 1 == fake_nccl()->lost_at) {
        meeting->errors[visit->rank] = fake_nccl()->error;
        return 0;
    }
    meeting->there[visit->rank] = visit;
    if (!all_are_there(meeting))
        return 0;
    fake_cuda_touch(exchange, meeting);
    for (int i = 0; i < meeting->count; i++) {
        meeting->there[i]->over = 1;
        meeting->there[i] = NULL;
    }
    meeting->held++;
    return 1;
}

/* A visit begins with its meeting. */
int fake_meeting_recorded(const FakeMeeting *meeting)
{
    return fake_cuda_recorded(ready, meeting) > 0;
}

int fake_meeting_visit(FakeMeeting *meeting, int rank, void *all, size_t bytes, CUstream stream)
{
    const Visit visit = {.meeting = meeting, .rank = rank, .all = all, .bytes = bytes};
    CUresult result = fake_cuda_enqueue_wait(stream, ready, &visit, sizeof visit);
    return result == CUDA_SUCCESS ? BRIM_NCCL_SUCCESS : BRIM_NCCL_UNHANDLED_CUDA_ERROR;
}

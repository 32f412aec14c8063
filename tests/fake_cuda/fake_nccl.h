/* What the files of the false libnccl.so.2 share. NCCL is as BRIM_FAKE_NCCL says, words separated by commas, all optional:
 *   version=22703       what ncclGetVersion says
 *   memory=32M          what a communicator takes of its card; half of that again for the first sum or exchange
 *                       of 64 KiB or more, of 1 KiB or more, and of less
 *   fail=NAME@N         the N-th call of that function fails; error=CODE is its result (1)
 *   hang=RANK@N         in the N-th group of more than one sum, so no trial, that card does not come along: the
 *                       others' streams are at work without end, until the communicators are aborted, and its own
 *                       communicator says an error
 *   lost=RANK@N         to the N-th exchange of a communicator, the trials among them, that card does not come, and
 *                       its communicator says an error: the others' streams wait until the communicators are aborted
 * Sums are made when their group ends, rank by rank from 0 on; exchanges when the streams come to them, so that
 * they can be captured. */
#ifndef BRIM_TESTS_FAKE_NCCL_H
#define BRIM_TESTS_FAKE_NCCL_H

#include <stddef.h>

#include "backend/cuda/nccl.h"

enum {
    NCCL_INTERNAL_ERROR = 3,
    NCCL_INVALID_ARGUMENT = 4,
    NCCL_INVALID_USAGE = 5,
    FAKE_NCCL_RANKS = 8,
    FAKE_NCCL_CALLS = 16 /* sums of a rank in one group */
};

typedef struct FakeNccl {
    int version, error;
    size_t memory_bytes;
    char fail_name[64];
    unsigned long fail_at;
    int hang_rank;
    unsigned long hang_at;
    int lost_rank;
    unsigned long lost_at;
} FakeNccl;

/* BRIM_FAKE_NCCL, read once. A word that means nothing ends the process with a line. */
const FakeNccl *fake_nccl(void);

/* A line to stderr, and the result: what the caller did wrong. */
int fake_nccl_refuse(int result, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A line to stderr, and the process's end, where NCCL would wait and never come back. */
_Noreturn void fake_nccl_abort(const char *sentence);

/* Counts the call: an error where it is to fail. */
int fake_nccl_begin(const char *function);

/* ---- nccl_meeting.c ---- */

typedef struct FakeMeeting FakeMeeting;

FakeMeeting *fake_meeting_open(int count);

/* Lets go all who wait, and wait no more. */
void fake_meeting_abort(FakeMeeting *meeting);

/* Whether somebody waits; and the error of a rank that was lost on the way to a meeting. */
int fake_meeting_waits(const FakeMeeting *meeting);
int fake_meeting_error(const FakeMeeting *meeting, int rank);

/* Whether a graph that can be launched has an exchange of it. */
int fake_meeting_recorded(const FakeMeeting *meeting);

/* Starts the rank's part of the next exchange on its stream: all is [ranks][bytes] on its card. */
int fake_meeting_visit(FakeMeeting *meeting, int rank, void *all, size_t bytes, CUstream stream);

/* Does work(self) in a context of the card, and goes back to the caller's, as NCCL does. */
int fake_nccl_on_card(int card, CUresult (*work)(void *self), void *self);

#endif

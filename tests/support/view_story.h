/* A made-up machine that the tests of the view watch: an NVIDIA card that a run of brim trains on, one with
 * MIG parts, an AMD card that is lost on the way, and the host; figures that move, and some that nobody
 * knows. */
#ifndef BRIM_TESTS_VIEW_STORY_H
#define BRIM_TESTS_VIEW_STORY_H

#include "base/status.h"

enum { STORY_SAMPLES = 90 };

typedef struct Story {
    int next; /* of its samples */
    BrimDeviceSample devices[5];
    BrimProcessSample processes[9];
    BrimRunSample runs[2];
    BrimMonitorSample sample;
} Story;

/* The next sample, a second after the one before; BRIM_STOPPED after the last, which is gone then. self is a
 * Story. */
BrimStatus story_sample(void *self, const BrimMonitorSample **sample);

#endif

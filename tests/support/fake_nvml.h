/* What a false NVML has to say, set by the test that opens it. */
#ifndef BRIM_TESTS_FAKE_NVML_H
#define BRIM_TESTS_FAKE_NVML_H

#include <stdbool.h>

enum { FAKE_MOST_CARDS = 16, FAKE_MOST_PARTS = 7, FAKE_MOST_CALLS = 64 };

typedef struct FakeNvml {
    int init_result;
    int count;                  /* cards there are */
    int order[FAKE_MOST_CARDS]; /* which of them stands at an index */
    int lost_card;              /* every call on it says that it is lost; -1: none */
    int void_card;              /* its handle is, until it is asked for anew; -1: none is */

    const char *fail_call; /* a function that fails; NULL: none */
    int fail_result;
    int fail_card; /* only for this one; -1: for all */

    int mig_card;                    /* the one that is cut; -1: none */
    int mig_serial[FAKE_MOST_PARTS]; /* of its parts; 0: none there */
    int compute, graphics, mps;      /* processes on each card and part: pids from 1000, 1000, 5000 */
    int stride_bytes;                /* of a process entry; 0: as documented */
    bool insatiable;                 /* no room is enough for its processes */
    bool nobody;                     /* the first entry of a list has no process */
    bool garbage_text;               /* texts have no end and no letters */
    bool all_ones;                   /* every number is "not available" */
    bool cold_memory;                /* 0 degrees, where there is no sensor */

    unsigned long long since_us; /* as nvmlDeviceGetProcessUtilization was asked last */
    struct {
        const char *name;
        int count;
    } calls[FAKE_MOST_CALLS]; /* by the order in which they were called first */
    int call_count, total;
} FakeNvml;

/* Exported by the false library. */
typedef FakeNvml *FakeNvmlControl(void);
FakeNvml *fake_nvml_control(void);

#endif

/* Made-up samples for tests and measurements of what reads them: nothing here looks at a machine. */
#ifndef BRIM_TESTS_SAMPLES_H
#define BRIM_TESTS_SAMPLES_H

#include "brim.h"

enum { MADE_UP_MOST_DEVICES = 8, MADE_UP_MOST_PROCESSES = 8 };

typedef struct MadeUp {
    BrimDeviceSample devices[MADE_UP_MOST_DEVICES];
    BrimProcessSample processes[MADE_UP_MOST_PROCESSES];
    BrimRunSample runs[2];
    BrimMonitorSample sample; /* points to the above */
} MadeUp;

/* Empty lists; then one more device, process or run, its figures unknown. */
void made_up_begin(MadeUp *made_up, int64_t time_ns);
BrimDeviceSample *made_up_device(MadeUp *made_up, const char *vendor, const char *name, const char *id);
BrimProcessSample *made_up_process(MadeUp *made_up, int pid, const char *name, int device);
BrimRunSample *made_up_run(MadeUp *made_up, int pid, const char *model);

/* Two cards of NVIDIA, one of them in two parts, one of AMD with little known, one that is lost, a host;
 * processes, and a training. The figures move with the step. */
void made_up_machine(MadeUp *made_up, int step);

/* A sample as `brim watch --json` writes it. */
char *made_up_json(const BrimMonitorSample *sample);

#endif

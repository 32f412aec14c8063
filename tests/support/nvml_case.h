/* What the tests of NVML share: a false library, a monitor upon it, and its last sample. */
#ifndef BRIM_TESTS_NVML_CASE_H
#define BRIM_TESTS_NVML_CASE_H

#include "monitor/monitor.h"
#include "monitor/nvml.h"
#include "support/fake_nvml.h"
#include "support/support.h"

enum { FAKE_AGES = 3, FAKE_NEWEST = 2 };

extern FakeNvml *fake;      /* of the library in use */
extern const char *library; /* its path */
extern BrimMonitor *monitor;
extern const BrimMonitorSample *sample;

/* Puts a false library of that age in use, with so many cards and nothing wrong with them. */
void use(int age, int cards);

/* Opens the monitor upon it; and takes a sample. */
BrimStatus try_open(bool no_processes);
void take(void);
void open_and_take(void);

/* A teardown: closes what a test left open. */
int close_monitor(void **state);

/* Devices of NVIDIA in the sample: the first ones. */
int nvidia_count(void);
double value(int device, BrimMetric metric);
void assert_nothing_known(int device);

int process_count(int device);
const BrimProcessSample *process(int device, int pid); /* or the test fails */

/* How often that function of the library was called since use(). */
int calls_of(const char *name);

#endif

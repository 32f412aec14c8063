/* A sample as tables for people. */
#ifndef BRIM_WATCH_TABLE_H
#define BRIM_WATCH_TABLE_H

#include "brim.h"
#include "report/text.h"

/* "nvidia 0", "host" */
enum { BRIM_DEVICE_LABEL_BYTES = 40 };
void brim_device_label(char label[BRIM_DEVICE_LABEL_BYTES], const char *vendor, int index);

/* The time, the devices with what troubles them, the processes, and brim's runs; what is unknown is "-".
 * ERROR_MEMORY. */
BrimStatus brim_watch_table(BrimText *text, const BrimMonitorSample *sample);

#endif

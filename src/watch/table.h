/* A sample as tables for people. */
#ifndef BRIM_WATCH_TABLE_H
#define BRIM_WATCH_TABLE_H

#include "brim.h"
#include "report/text.h"

/* "nvidia 0", "host" */
enum { BRIM_DEVICE_LABEL_BYTES = 40 };
void brim_device_label(char label[BRIM_DEVICE_LABEL_BYTES], const char *vendor, int index);

/* Columns of a table that no terminal shows. */
enum { BRIM_TABLE_WIDTH = 100 };

/* The time, the devices with what troubles them, the processes, and brim's runs; what is unknown is "-".
 * Names, commands and folders, which come last, are cut to `width` columns. ERROR_MEMORY. */
BrimStatus brim_watch_table(BrimText *text, const BrimMonitorSample *sample, int width);

#endif

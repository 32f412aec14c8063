/* A sample's devices as CSV (RFC 4180): a line each, unknown figures empty. */
#ifndef BRIM_MONITOR_SAMPLE_CSV_H
#define BRIM_MONITOR_SAMPLE_CSV_H

#include "brim.h"

/* Holds every line: texts whose every byte is a quote, figures of 24 characters. */
enum { BRIM_SAMPLE_CSV_BYTES = 4096 };

/* The header, which comes first; ends with a newline. Returns its length in bytes. */
size_t brim_sample_csv_header(char line[BRIM_SAMPLE_CSV_BYTES]);

/* The line of a device of the sample. */
size_t brim_sample_csv_device(char line[BRIM_SAMPLE_CSV_BYTES], const BrimMonitorSample *sample, int device);

#endif

/* results.csv in YOLOv5's columns and widths, and device.csv, which says how the device was used: one row an epoch. */
#ifndef BRIM_REPORT_RESULTS_H
#define BRIM_REPORT_RESULTS_H

#include "base/memory.h"

/* Appends the row of a RESULTS event, with the header where the file is new. Rows of this or later epochs, which a
 * resumed run writes again, are replaced. */
BrimStatus brim_results_append(const char *path, const BrimEvent *results);

/* The same of a RESULTS event that has a `use`; what is not known is an empty cell. Heads have their units. */
BrimStatus brim_results_append_use(const char *path, const BrimEvent *results);

#endif

/* What a scan of the data found, as remarks for the user. */
#ifndef BRIM_RUN_REMARKS_H
#define BRIM_RUN_REMARKS_H

#include "data/labels.h"

/* A summary line, then the first problems in full and how many more there are. */
void brim_remark_split(const BrimSplit *split, const char *name, BrimListener listener, void *self);

/* One line to the listener. */
void brim_remark(BrimListener listener, void *self, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif

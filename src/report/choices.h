/* The answer of a search for people: the chosen step with its memory row by row, and what else was near. */
#ifndef BRIM_REPORT_CHOICES_H
#define BRIM_REPORT_CHOICES_H

#include <stdio.h>

#include "plan/ledger.h"

/* A search and what it was asked. */
typedef struct BrimPlanSheet {
    const BrimModel *model;
    int imgsz_px;
    const BrimPlanDevice *device;
    const char *profile;
    double fraction;
    uint64_t budget_bytes;
    int workers;
    const BrimSearch *search;
} BrimPlanSheet;

void brim_choices_print(FILE *file, const BrimPlanSheet *sheet);

/* One row for the chosen step of each model, below one header; what the columns mean, below the rows. */
void brim_choices_print_header(FILE *file, const BrimPlanSheet *sheet);
void brim_choices_print_row(FILE *file, const BrimPlanSheet *sheet);
void brim_choices_print_legend(FILE *file);

/* The cards that are known, one a line. */
void brim_gpus_print(FILE *file);

#endif

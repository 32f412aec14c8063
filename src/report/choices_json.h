/* The answer of a search for programs; docs/plan.schema.json is its schema. */
#ifndef BRIM_REPORT_CHOICES_JSON_H
#define BRIM_REPORT_CHOICES_JSON_H

#include <jansson.h>

#include "report/choices.h"

/* An answer without choices yet, for the device and budget of the sheet. NULL where memory ran out, as
 * everything that jansson makes of it then. */
json_t *brim_choices_json_open(const BrimPlanSheet *sheet);

/* Adds the first `count` choices of the sheet's search; the first one is "chosen". */
void brim_choices_json_add(json_t *root, const BrimPlanSheet *sheet, int count);

/* Adds a model that does not fit, and the sentence that says why. */
void brim_choices_json_add_unfit(json_t *root, const char *model, const char *sentence);

/* Prints the answer and lets go of it. ERROR_MEMORY where memory ran out. */
BrimStatus brim_choices_json_print(FILE *file, json_t *root);

#endif

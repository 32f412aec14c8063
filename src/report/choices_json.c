/* Choices as JSON. */
#include "report/choices_json.h"

#include <stdlib.h>

#include "graph/recompute.h"
#include "report/json.h"

/* Changes when a field changes its meaning or goes away, not when one is added. */
static const char schema[] = "brim-plan-1";

static json_t *purposes(const BrimPlanSheet *sheet, const BrimChoice *choice)
{
    BrimLedgerRow rows[BRIM_LEDGER_MOST];
    int count = brim_ledger_fill(choice, sheet->device, rows);
    json_t *list = json_array();
    for (int i = 0; i < count; i++)
        json_array_append_new(list,
                              json_pack("{s:s, s:I, s:s}", "name", rows[i].name, "bytes",
                                        (json_int_t)rows[i].bytes, "truth", brim_truth_text(rows[i].truth)));
    return list;
}

/* What each layer computes again, in the order of the model. */
static json_t *layers(const BrimPlanSheet *sheet, const BrimChoice *choice)
{
    json_t *list = json_array();
    for (int layer = 0; layer < sheet->model->layer_count; layer++) {
        bool has_choice = brim_scheme_has_choice(sheet->model, layer);
        json_array_append_new(
            list, json_string(has_choice ? brim_recompute_text(choice->scheme.recompute[layer]) : "-"));
    }
    return list;
}

/* Moves the members of `more` over. */
static void join(json_t *object, json_t *more)
{
    json_object_update(object, more);
    json_decref(more);
}

static json_t *step_json(const BrimPlanSheet *sheet, const BrimChoice *choice)
{
    char words[BRIM_SCHEME_TEXT_BYTES], argument[BRIM_RECOMPUTE_TEXT_BYTES];
    brim_scheme_text(sheet->model, &choice->scheme, words);
    brim_recompute_format(choice->scheme.recompute, sheet->model, argument);
    return json_pack("{s:i, s:i, s:i, s:i, s:i, s:i, s:s, s:s, s:s, s:o}", "imgsz_px", sheet->imgsz_px,
                     "class_count", sheet->model->class_count, "micro_batch", choice->micro_batch,
                     "accumulate", choice->accumulate, "effective_batch",
                     choice->micro_batch * choice->accumulate, "validation_batch", choice->validation_batch,
                     "precision", brim_precision_traits(choice->scheme.precision)->text, "recompute", words,
                     "recompute_argument", argument, "recompute_layers", layers(sheet, choice));
}

static json_t *memory_json(const BrimPlanSheet *sheet, const BrimChoice *choice)
{
    BrimTruth truth = choice->packed ? BRIM_TRUTH_EXACT : BRIM_TRUTH_ESTIMATED;
    return json_pack("{s:I, s:I, s:s, s:I, s:o}", "peak_bytes", (json_int_t)choice->peak_bytes, "arena_bytes",
                     (json_int_t)choice->arena_bytes, "arena_truth", brim_truth_text(truth), "capacity_bytes",
                     (json_int_t)sheet->device->capacity_bytes, "purposes", purposes(sheet, choice));
}

static json_t *choice_json(const BrimPlanSheet *sheet, const BrimChoice *choice, bool chosen)
{
    json_t *object = json_pack("{s:o, s:b}", "model", brim_json_text(sheet->model->name), "chosen", chosen);
    join(object, step_json(sheet, choice));
    join(object, memory_json(sheet, choice));
    join(object, json_pack("{s:f, s:s, s:f, s:s, s:f}", "pictures_per_s", choice->pictures_per_s,
                           "pictures_per_s_truth",
                           brim_truth_text(choice->measured ? BRIM_TRUTH_MEASURED : BRIM_TRUTH_ESTIMATED),
                           "extra_time_share", choice->extra_time, "bound", brim_bound_text(choice->bound),
                           "bound_share", choice->bound_share));
    if (chosen)
        json_object_set_new(object, "workers", json_integer(sheet->workers));
    return object;
}

json_t *brim_choices_json_open(const BrimPlanSheet *sheet)
{
    const BrimPlanDevice *device = sheet->device;
    return json_pack("{s:s, s:s, s:{s:s, s:I, s:I, s:b}, s:I, s:f, s:s, s:[], s:[]}", "schema", schema,
                     "brim", brim_version(), "device", "name", device->name, "capacity_bytes",
                     (json_int_t)device->capacity_bytes, "free_bytes", (json_int_t)device->free_bytes,
                     "observed", device->observed, "budget_bytes", (json_int_t)sheet->budget_bytes,
                     "fraction", sheet->fraction, "profile", sheet->profile, "choices", "unfit");
}

void brim_choices_json_add(json_t *root, const BrimPlanSheet *sheet, int count)
{
    json_t *choices = json_object_get(root, "choices");
    for (int i = 0; i < count && i < sheet->search->count; i++)
        json_array_append_new(choices, choice_json(sheet, &sheet->search->choices[i], i == 0));
}

void brim_choices_json_add_unfit(json_t *root, const char *model, const char *sentence)
{
    json_array_append_new(
        json_object_get(root, "unfit"),
        json_pack("{s:o, s:o}", "model", brim_json_text(model), "sentence", brim_json_text(sentence)));
}

BrimStatus brim_choices_json_print(FILE *file, json_t *root)
{
    char *text =
        root ? json_dumps(root, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(9)) : NULL;
    json_decref(root);
    if (!text)
        return brim_fail(BRIM_ERROR_MEMORY, "no memory for the answer as JSON");
    fprintf(file, "%s\n", text);
    free(text);
    return BRIM_OK;
}

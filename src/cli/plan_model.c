/* brim plan MODEL: the best training step for a device, from a model alone. */
#include "cli/plan_model.h"

#include <stdio.h>
#include <string.h>

#include "base/plural.h"
#include "cli/commands.h"
#include "cli/options_shared.h"
#include "cli/print.h"
#include "report/choices.h"
#include "report/choices_json.h"
#include "report/plan_map.h"
#include "run/planning_sheet.h"
#include "run/ranges.h"

typedef struct PlanOptions {
    BrimTrainingQuery query;
    const char *map;
    bool all, json, windows;
} PlanOptions;

#define AT(field) offsetof(PlanOptions, field)
static const BrimOption options_of_plan[] = {
    {.names = "model",
     .kind = BRIM_OPTION_WORD,
     .offset = AT(query.model),
     .help = "yolov5n, s, m, l or x, or a model file in YOLOv5's yaml form"},
    {.as = &brim_option_side, .offset = AT(query.imgsz)},
    {.as = &brim_option_nc, .offset = AT(query.class_count)},
    {.names = "device",
     .kind = BRIM_OPTION_TEXT,
     .offset = AT(query.device),
     .value = "auto|cpu|0",
     .help = "plans for a device of this machine"},
    {.names = "gpu",
     .kind = BRIM_OPTION_TEXT,
     .offset = AT(query.gpu),
     .value = "NAME",
     .help =
         "plans for a card by name, \"RTX 3050 Laptop\", which need not be here; `--gpu list` lists them"},
    {.names = "windows",
     .kind = BRIM_OPTION_FLAG,
     .offset = AT(windows),
     .help = "the card's memory as Windows reports it, of which the desktop holds a fifth"},
    {.names = "memory",
     .kind = BRIM_OPTION_BYTES,
     .offset = AT(query.memory_bytes),
     .low = 1,
     .high = 1e15,
     .value = "BYTES",
     .help = "the run must fit in so much, 4G or 800M, all of it counted, whatever the fraction"},
    {.names = "fraction",
     .kind = BRIM_OPTION_DOUBLE,
     .offset = AT(query.fraction),
     .low = 0.01,
     .high = 1,
     .value = "X",
     .help = "part of the device's memory to use, never more than is free now; 0.8 unless the profile says "
             "otherwise"},
    {.names = "precision",
     .kind = BRIM_OPTION_CHOICE,
     .offset = AT(query.precision),
     .value = "auto|fp32|amp|bf16",
     .help = "amp: 16 bits for features and their gradients on a card, for what is kept on the CPU; bf16: "
             "the same as bfloat16, on a card from compute capability 8.0 on"},
    {.names = "batch-size batch",
     .kind = BRIM_OPTION_INT,
     .offset = AT(query.batch_size),
     .low = -1,
     .high = BRIM_MOST_BATCH,
     .value = "N",
     .help = "pictures of a step; -1 chooses those with the most pictures a second, 64 at most"},
    {.names = "profile",
     .kind = BRIM_OPTION_CHOICE,
     .offset = AT(query.profile),
     .value = "high-performance|balanced|conservative",
     .help =
         "fraction 0.9, 0.8 or 0.6; loading threads on at most all cores, half of them, or 2; 16 bits where "
         "they help, likewise, or only where fp32 does not fit"},
    {.names = "tune",
     .kind = BRIM_OPTION_FLAG,
     .offset = AT(query.tune),
     .help = "times the best steps, where the device is in this machine, and keeps what it found for later plans"},
    {.names = "all",
     .kind = BRIM_OPTION_FLAG,
     .offset = AT(all),
     .help = "a table for yolov5n, s, m, l and x"},
    {.names = "json",
     .kind = BRIM_OPTION_FLAG,
     .offset = AT(json),
     .help = "the answer as JSON; docs/plan.schema.json says what is in it"},
    {.names = "map",
     .kind = BRIM_OPTION_TEXT,
     .offset = AT(map),
     .value = "FILE.svg",
     .help = "draws the memory over the step"},
};
#undef AT
static const BrimOptionTable table = {
    "brim plan MODEL [options]\n       brim plan --data FILE [options of brim train]\n"
    "       brim plan --csv FILE [options]",
    "Says which batch, precision and recomputation train a model fastest in a device's memory, in "
    "milliseconds and without the device. With --data it plans the run that `brim train` with the same "
    "options would start; with --csv it places the buffers of a problem from elsewhere. `brim plan --data "
    "--help` and `brim plan --csv --help` list the options of those.",
    options_of_plan, sizeof options_of_plan / sizeof options_of_plan[0]};

static BrimStatus draw_map(const char *path, const BrimPlanning *planning)
{
    char title[256], scheme[BRIM_SCHEME_TEXT_BYTES];
    BrimGraph *graphs[2] = {NULL, NULL};
    BrimPlan *plan = NULL;
    const BrimChoice *choice = &planning->search.choices[0];
    const BrimSubject subject = {
        .model = &planning->model, .imgsz_px = planning->imgsz_px, .sizer = planning->device.sizer};
    snprintf(title, sizeof title, "%s, %d px, %d picture%s, %s, computing again: %s", planning->model.name,
             planning->imgsz_px, choice->micro_batch, brim_plural(choice->micro_batch, "s"),
             brim_precision_traits(choice->scheme.precision)->text,
             brim_scheme_text(&planning->model, &choice->scheme, scheme));
    BrimStatus status = brim_choice_plan(choice, &subject, graphs, &plan);
    if (status == BRIM_OK)
        status = brim_plan_map_write(path, title, plan, graphs[0], 0);
    brim_plan_close(&plan);
    for (int i = 0; i < 2; i++)
        brim_graph_close(&graphs[i]);
    return status;
}

static BrimStatus tell(const PlanOptions *options, const BrimPlanning *planning)
{
    const BrimPlanSheet sheet = brim_planning_sheet(planning);
    if (!options->json) {
        brim_choices_print(stdout, &sheet);
        return BRIM_OK;
    }
    json_t *root = brim_choices_json_open(&sheet);
    brim_choices_json_add(root, &sheet, sheet.search->count);
    return brim_choices_json_print(stdout, root);
}

static BrimStatus plan_one(const PlanOptions *options, BrimPlanning *planning)
{
    BrimStatus status = brim_planning_open(planning, &options->query, options->windows);
    if (status == BRIM_OK)
        status = tell(options, planning);
    if (status == BRIM_OK && options->map)
        status = draw_map(options->map, planning);
    brim_planning_close(planning);
    return status;
}

/* The family's models; those that do not fit are said to, and it is an error only where none does. */
typedef struct Family {
    const PlanOptions *options;
    BrimPlanning *planning;
    json_t *root;
    int shown;
} Family;

static void tell_member(Family *family, const BrimPlanSheet *sheet, const char *name, bool fits)
{
    bool json = family->options->json, first = family->shown++ == 0;
    if (first && json)
        family->root = brim_choices_json_open(sheet);
    else if (first)
        brim_choices_print_header(stdout, sheet);
    if (json && fits)
        brim_choices_json_add(family->root, sheet, 1);
    else if (json)
        brim_choices_json_add_unfit(family->root, name, brim_last_error());
    else if (fits)
        brim_choices_print_row(stdout, sheet);
    else
        printf("%-8s does not fit: %s\n", name, brim_last_error());
}

static BrimStatus plan_member(Family *family, const char *name)
{
    BrimTrainingQuery query = family->options->query;
    query.model = name;
    BrimStatus status = brim_planning_open(family->planning, &query, family->options->windows);
    if (status == BRIM_OK || status == BRIM_ERROR_FIT) {
        const BrimPlanSheet sheet = brim_planning_sheet(family->planning);
        tell_member(family, &sheet, name, status == BRIM_OK);
    }
    brim_planning_close(family->planning);
    return status;
}

static BrimStatus plan_all(const PlanOptions *options, BrimPlanning *planning)
{
    static const char *const names[] = {"yolov5n", "yolov5s", "yolov5m", "yolov5l", "yolov5x"};
    enum { COUNT = sizeof names / sizeof names[0] };
    Family family = {.options = options, .planning = planning};
    int fitting = 0;
    for (int i = 0; i < COUNT; i++) {
        BrimStatus status = plan_member(&family, names[i]);
        fitting += status == BRIM_OK;
        if (status != BRIM_OK && status != BRIM_ERROR_FIT) {
            json_decref(family.root);
            return status;
        }
    }
    BrimStatus status = options->json ? brim_choices_json_print(stdout, family.root) : BRIM_OK;
    if (!options->json && fitting)
        brim_choices_print_legend(stdout);
    return status == BRIM_OK && !fitting ? BRIM_ERROR_FIT : status;
}

static BrimStatus check(const PlanOptions *options)
{
    if (options->all && (options->query.model || options->map))
        return brim_fail(BRIM_ERROR_ARGUMENT,
                         "--all plans the whole family: it takes no model and draws no map");
    if (!options->all && !options->query.model)
        return brim_fail(BRIM_ERROR_ARGUMENT,
                         "which model? `brim plan yolov5s`, or --all, or --data for a run");
    return BRIM_OK;
}

static BrimStatus run(const PlanOptions *options)
{
    BrimStatus status = check(options);
    if (status != BRIM_OK)
        return status;
    BrimPlanning *planning = brim_mem_take(BRIM_MEM_CONF, 1, sizeof *planning);
    if (!planning)
        return BRIM_ERROR_MEMORY;
    status = options->all ? plan_all(options, planning) : plan_one(options, planning);
    brim_mem_give(planning);
    return status;
}

/* Beside the answer, which may be JSON for a program. */
static bool tell_remark(void *self, const BrimEvent *event)
{
    (void)self;
    if (event->kind == BRIM_EVENT_REMARK)
        fprintf(stderr, "%s\n", event->text);
    return !brim_print_stopped();
}

int brim_plan_model_command(int count, char *const *words)
{
    BrimPrint print;
    PlanOptions options = {.query = brim_training_query_defaults()};
    options.query.listener = tell_remark;
    bool help = false;
    options.query.model = NULL;
    BrimStatus status = brim_options_parse(&table, count, words, &options, &help);
    if (status == BRIM_OK && help) {
        brim_options_help(&table, &options, stdout);
        return BRIM_EXIT_DONE;
    }
    if (status == BRIM_OK && options.query.gpu && strcmp(options.query.gpu, "list") == 0) {
        brim_gpus_print(stdout);
        return BRIM_EXIT_DONE;
    }
    if (options.query.tune)
        brim_print_open(&print); /* Ctrl-C ends it between two steps */
    return brim_command_end("plan", status == BRIM_OK ? run(&options) : status);
}

/* brim plan --csv: the planner's packers on a placement problem from elsewhere. */
#include <jansson.h>
#include <stdio.h>

#include "base/file.h"
#include "base/plural.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "plan/problem.h"
#include "report/json.h"

typedef struct CsvOptions {
    const char *csv, *output;
    double seconds;
    uint64_t memory_bytes;
    bool json;
} CsvOptions;

#define AT(field) offsetof(CsvOptions, field)
static const BrimOption options_of_csv[] = {
    {.names = "csv",
     .kind = BRIM_OPTION_TEXT,
     .offset = AT(csv),
     .value = "FILE",
     .required = true,
     .help = "the problem: columns id, lower, upper, size and, if wanted, alignment; alive from lower to "
             "before upper"},
    {.names = "seconds",
     .kind = BRIM_OPTION_DOUBLE,
     .offset = AT(seconds),
     .low = 0,
     .high = 1e6,
     .value = "N",
     .help = "how long to search where no greedy order is the best there can be"},
    {.names = "memory",
     .kind = BRIM_OPTION_BYTES,
     .offset = AT(memory_bytes),
     .low = 1,
     .high = 1LL << 50,
     .value = "BYTES",
     .help = "stop at the first placement that fits in so much; exit code 3 when none is found. Without it, "
             "as low "
             "as can be"},
    {.names = "output",
     .kind = BRIM_OPTION_TEXT,
     .offset = AT(output),
     .value = "FILE",
     .help = "where the placement is written, as CSV; without it, to the terminal"},
    {.names = "json",
     .kind = BRIM_OPTION_FLAG,
     .offset = AT(json),
     .help = "print the figures as JSON; the placement is written to --output only"},
};
#undef AT
static const BrimOptionTable table = {"brim plan --csv FILE [options]",
                                      "Places the buffers of a problem in MiniMalloc's CSV form as low as "
                                      "can be, and prints them with an offset.",
                                      options_of_csv, sizeof options_of_csv / sizeof options_of_csv[0]};

static double percent_above(const BrimProblemResult *result)
{
    double lower = (double)result->lower_bytes;
    return lower > 0 ? ((double)result->top_bytes - lower) / lower * 100 : 0;
}

static void print_summary(const BrimProblem *problem, const BrimProblemResult *result)
{
    bool optimal = result->top_bytes == result->lower_bytes;
    fprintf(stderr, "%d buffer%s: height %zu bytes, lower bound %zu, %.2f%% above it, %s; %s, %.2f s\n",
            problem->count, brim_plural(problem->count, "s"), result->top_bytes, result->lower_bytes,
            percent_above(result), optimal ? "the best there can be" : "not proven to be the best",
            result->method, result->seconds);
}

static BrimStatus print_json(const BrimProblem *problem, const BrimProblemResult *result)
{
    json_t *root = json_pack(
        "{s:i, s:I, s:I, s:I, s:I, s:f, s:b, s:s, s:I, s:f}", "buffers", problem->count, "height_bytes",
        (json_int_t)result->top_bytes, "lower_bound_bytes", (json_int_t)result->lower_bytes, "alive_bytes",
        (json_int_t)result->alive_bytes, "greedy_bytes", (json_int_t)result->greedy_bytes, "above_percent",
        percent_above(result), "optimal", result->top_bytes == result->lower_bytes, "method", result->method,
        "nodes", (json_int_t)result->nodes, "seconds", result->seconds);
    char *text = root ? json_dumps(root, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) : NULL;
    json_decref(root);
    if (!text)
        return brim_fail(BRIM_ERROR_MEMORY, "no memory for the figures as JSON");
    puts(text);
    free(text);
    return BRIM_OK;
}

static BrimStatus write_placement(const CsvOptions *options, const BrimProblem *problem)
{
    char *text;
    size_t bytes;
    if (options->json && !options->output)
        return BRIM_OK;
    BrimStatus status = brim_problem_text(problem, &text, &bytes);
    if (status != BRIM_OK)
        return status;
    if (options->output)
        status = brim_file_write(options->output, text, bytes);
    else if (fwrite(text, 1, bytes, stdout) != bytes || fflush(stdout) != 0)
        status =
            brim_fail(BRIM_ERROR_IO, "the placement could not be written to the terminal; try --output FILE");
    brim_mem_give(text);
    return status;
}

static BrimStatus place(const CsvOptions *options)
{
    BrimProblem problem;
    BrimProblemResult result;
    BrimProblemLimits limits = {options->seconds, (size_t)options->memory_bytes};
    BrimStatus status = brim_problem_load(&problem, options->csv);
    if (status != BRIM_OK)
        return status;
    BRIM_TRY(brim_problem_place(&problem, &limits, &result));
    BRIM_TRY(write_placement(options, &problem));
    if (options->json)
        BRIM_TRY(print_json(&problem, &result));
    else
        print_summary(&problem, &result);
fail:
    brim_problem_clear(&problem);
    return status;
}

int brim_command_plan_csv(int count, char *const *words)
{
    CsvOptions options = {.seconds = 60};
    bool help = false;
    BrimStatus status = brim_options_parse(&table, count, words, &options, &help);
    if (status == BRIM_OK && help) {
        brim_options_help(&table, &options, stdout);
        return BRIM_EXIT_DONE;
    }
    if (status == BRIM_OK)
        status = place(&options);
    return brim_command_end("plan", status);
}

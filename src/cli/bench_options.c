/* The table of `brim bench`. */
#include "cli/bench_options.h"

#include "cli/options_shared.h"
#include "run/ranges.h"

#define AT(field) offsetof(BrimBenchCommand, run.field)
static const BrimOption options_of_bench[] = {
    {.names = "model",
     .kind = BRIM_OPTION_WORD,
     .offset = AT(model),
     .required = true,
     .help = "yolov5n, s, m, l or x, a model file in YOLOv5's yaml form, or weights, of which only the "
             "architecture "
             "counts"},
    {.names = "imgsz img img-size",
     .kind = BRIM_OPTION_INT,
     .offset = AT(imgsz),
     .low = BRIM_LEAST_IMGSZ_PX,
     .high = BRIM_MOST_IMGSZ_PX,
     .value = "PX",
     .help = "side of the pictures"},
    {.names = "batch-sizes",
     .kind = BRIM_OPTION_INTS,
     .offset = offsetof(BrimBenchCommand, batch_sizes),
     .low = 1,
     .high = BRIM_MOST_BATCH,
     .value = "N,N,...",
     .help = "the batch sizes to compare (default 1,2,4,8,16)"},
    {.names = "training",
     .kind = BRIM_OPTION_FLAG,
     .offset = AT(training),
     .help = "training alone: gradient and update"},
    {.names = "inference",
     .kind = BRIM_OPTION_FLAG,
     .offset = AT(inference),
     .help = "inference alone: the network, without NMS"},
    {.names = "steps",
     .kind = BRIM_OPTION_INT,
     .offset = AT(steps),
     .low = 0,
     .high = BRIM_MOST_BENCH_STEPS,
     .value = "N",
     .help = "timed steps of each batch size; 0: 3 to 100, as many as 3 seconds hold"},
    {.names = "warmup",
     .kind = BRIM_OPTION_INT,
     .offset = AT(warmup),
     .low = 0,
     .high = BRIM_MOST_BENCH_WARMUP,
     .value = "N",
     .help = "steps before those that are timed"},
    {.names = "memory",
     .kind = BRIM_OPTION_BYTES,
     .offset = AT(memory_bytes),
     .low = 1,
     .high = 1e15,
     .value = "BYTES",
     .help = "what would take more, such as 512M or 8G, is not run, and is shown with what it needs; without "
             "it 80% of "
             "the free memory"},
    {.names = "precision",
     .kind = BRIM_OPTION_CHOICE,
     .offset = AT(precision),
     .value = "fp32|amp|bf16",
     .help = "amp: 16 bits for features and their gradients on a card, for what training keeps on the CPU; "
             "bf16: the same as bfloat16, on a card from compute capability 8.0 on"},
    {.as = &brim_option_device, .offset = AT(device)},
    {.as = &brim_option_threads, .offset = AT(threads)},
    {.names = "format",
     .kind = BRIM_OPTION_CHOICE,
     .offset = AT(format),
     .value = "table|md|csv|json",
     .help = "of the report; without it by the ending of --output, else a table"},
    {.names = "output",
     .kind = BRIM_OPTION_TEXT,
     .offset = AT(output),
     .value = "FILE",
     .help = "where the report is written, besides the table on the terminal"},
    {.names = "plot",
     .kind = BRIM_OPTION_TEXT,
     .offset = AT(plot),
     .value = "FILE",
     .help = "draws pictures/s and memory over the batch size, as .svg or .png"},
    {.names = "random-training",
     .kind = BRIM_OPTION_FLAG,
     .offset = AT(random_training),
     .help = "no sweep but one short training on random pictures, with the losses of each batch"},
    {.names = "batches",
     .kind = BRIM_OPTION_INT,
     .offset = AT(batches),
     .low = 1,
     .high = BRIM_MOST_BENCH_STEPS,
     .value = "N",
     .help = "of the random training"},
    {.names = "batch-size batch",
     .kind = BRIM_OPTION_INT,
     .offset = AT(batch_size),
     .low = 1,
     .high = BRIM_MOST_BATCH,
     .value = "N",
     .help = "pictures of a batch of the random training"},
};
#undef AT
static const BrimOptionTable table = {"brim bench MODEL [options]",
                                      "Times inference and training of a model on random pictures, batch "
                                      "size by batch size, says what memory each "
                                      "takes, and which one pays.",
                                      options_of_bench, sizeof options_of_bench / sizeof options_of_bench[0]};

BrimStatus brim_bench_options_parse(BrimBenchCommand *command, int count, char *const *words, bool *help)
{
    *command = (BrimBenchCommand){.run = brim_bench_defaults()};
    BrimStatus status = brim_options_parse(&table, count, words, command, help);
    if (*help) {
        command->run.model = NULL; /* no default: it has to be said */
        brim_options_help(&table, command, stdout);
    }
    if (command->batch_sizes.count) {
        command->run.batch_sizes = command->batch_sizes.values;
        command->run.batch_size_count = command->batch_sizes.count;
    }
    return status;
}

/* Command lines: values of every kind, the spellings of YOLOv5, and one clear sentence for every slip. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/options.h"
#include "support/support.h"

typedef struct Options {
    int epochs, imgsz;
    uint64_t seed, memory_bytes;
    double conf_thres;
    const char *data, *resume, *task, *source;
    BrimOptionInts classes;
    bool noplots;
} Options;

#define FIELD(name) offsetof(Options, name)

/* As several commands have it. */
static const BrimOption side = {.names = "imgsz img img-size",
                                .kind = BRIM_OPTION_INT,
                                .low = 32,
                                .high = 4096,
                                .value = "PX",
                                .help = "side of the network's input"};

static const BrimOption rows[] = {
    {"data", BRIM_OPTION_TEXT, FIELD(data), 0, 0, "FILE", "the data.yaml", NULL, true, NULL},
    {.as = &side, .offset = FIELD(imgsz)},
    {"epochs", BRIM_OPTION_INT, FIELD(epochs), 1, 100000, "N", "epochs", NULL, false, NULL},
    {"seed", BRIM_OPTION_UINT64, FIELD(seed), 0, 0, "N", "seed of all random numbers", NULL, false, NULL},
    {"memory", BRIM_OPTION_BYTES, FIELD(memory_bytes), 1, 1e15, "BYTES",
     "the most memory that the run may take", NULL, false, NULL},
    {"conf-thres", BRIM_OPTION_DOUBLE, FIELD(conf_thres), 0, 1, "X", "least confidence", NULL, false, NULL},
    {"resume", BRIM_OPTION_TEXT, FIELD(resume), 0, 0, "FILE",
     "goes on with a run that was stopped, from its last checkpoint or, with FILE, from that one, with all "
     "of its options",
     "latest", false, NULL},
    {"task", BRIM_OPTION_CHOICE, FIELD(task), 0, 0, "train|val|test", "the split", NULL, false, NULL},
    {"classes", BRIM_OPTION_INTS, FIELD(classes), 0, 79, "N", "only these classes", NULL, false, NULL},
    {"noplots", BRIM_OPTION_FLAG, FIELD(noplots), 0, 0, NULL, "draws no pictures", NULL, false, NULL},
    {"source", BRIM_OPTION_WORD, FIELD(source), 0, 0, NULL, "a picture or a folder", NULL, false, NULL},
};

static const BrimOptionTable table = {"brim thing [options] [source]", "Does the thing.", rows,
                                      sizeof rows / sizeof rows[0]};

static const Options standard = {
    .imgsz = 640, .epochs = 300, .conf_thres = 0.25, .task = "val", .memory_bytes = 3u << 30};

/* The line's words, split at blanks, into options; they point into a static copy of it. */
static BrimStatus parse(const char *line, Options *options, bool *help)
{
    static char text[4096];
    char *words[300];
    int count = 0;
    snprintf(text, sizeof text, "%s", line);
    for (char *word = strtok(text, " "); word; word = strtok(NULL, " "))
        words[count++] = word;
    *options = standard;
    return brim_options_parse(&table, count, words, options, help);
}

static void every_kind_is_read(void **state)
{
    (void)state;
    Options options;
    bool help;
    assert_ok(parse("--data a.yaml", &options, &help));
    assert_false(help);
    assert_string_equal(options.data, "a.yaml");
    assert_int_equal(options.imgsz, 640);
    assert_null(options.source);
    assert_ok(
        parse("pic.jpg --data=a=b.yaml --imgsz 320 --epochs=7 --seed 18446744073709551615 --conf-thres .001 "
              "--memory 1.5G --task test --classes 0 2,5 7 --noplots --resume",
              &options, &help));
    assert_string_equal(options.source, "pic.jpg");
    assert_string_equal(options.data, "a=b.yaml");
    assert_int_equal(options.imgsz, 320);
    assert_int_equal(options.epochs, 7);
    assert_true(options.seed == UINT64_MAX);
    assert_true(options.conf_thres == 0.001);
    assert_true(options.memory_bytes == 3ull << 29);
    assert_string_equal(options.task, "test");
    assert_int_equal(options.classes.count, 4);
    assert_int_equal(options.classes.values[2], 5);
    assert_int_equal(options.classes.values[3], 7);
    assert_true(options.noplots);
    assert_string_equal(options.resume, "latest");
}

static void spellings_are_yolov5s(void **state)
{
    (void)state;
    const char *const lines[] = {"--data d --img 416", "--data d --img-size 416", "--data d --img_size=416",
                                 "--imgsz 320 --data d --imgsz 416"};
    Options options;
    bool help;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        assert_ok(parse(lines[i], &options, &help));
        assert_int_equal(options.imgsz, 416);
    }
    assert_ok(
        parse("--data d --classes=3 4", &options, &help)); /* behind = there is one word: 4 is the source */
    assert_int_equal(options.classes.count, 1);
    assert_string_equal(options.source, "4");
    assert_ok(parse("--data d --resume runs/a.pt --", &options, &help));
    assert_string_equal(options.resume, "runs/a.pt");
    assert_ok(parse("--data d -- --odd-name.jpg", &options, &help));
    assert_string_equal(options.source, "--odd-name.jpg");
    for (const char *const *unit =
             (const char *const[]){"8G", "8g", "8GB", "8GiB", "8192M", "8589934592", NULL};
         *unit; unit++) {
        char line[64];
        snprintf(line, sizeof line, "--data d --memory %s", *unit);
        assert_ok(parse(line, &options, &help));
        assert_true(options.memory_bytes == 8ull << 30);
    }
}

static void a_slip_is_named(void **state)
{
    (void)state;
    const struct {
        const char *line, *words;
    } cases[] = {
        {"", "--data missing"},
        {"--data d --imgzs 640", "--imgzs --imgsz"},
        {"--data d --epoch=3", "--epoch --epochs"},
        {"--data d --quantum", "--quantum --help"},
        {"--data", "--data value FILE"},
        {"--data --imgsz 640", "--data value FILE"},
        {"--data d --imgsz big", "--imgsz whole 32 4096 \"big\""},
        {"--data d --img 31", "--imgsz 32 \"31\""},
        {"--data d --imgsz 640.5", "--imgsz \"640.5\""},
        {"--data d --imgsz=", "--imgsz \"\""},
        {"--data d --imgsz 1e400", "--imgsz \"1e400\""},
        {"--data d --epochs -1", "--epochs \"-1\""},
        {"--data d --seed -1", "--seed \"-1\""},
        {"--data d --seed 18446744073709551616", "--seed 64"},
        {"--data d --conf-thres 1.1", "--conf-thres 0 1 \"1.1\""},
        {"--data d --conf-thres nan", "--conf-thres \"nan\""},
        {"--data d --memory lots", "--memory 8G \"lots\""},
        {"--data d --memory 8X", "--memory \"8X\""},
        {"--data d --memory 0", "--memory \"0\""},
        {"--data d --memory 0x10", "--memory \"0x10\""},
        {"--data d --memory 1e300", "--memory \"1e300\""},
        {"--data d --task vla", "--task train|val|test \"vla\""},
        {"--data d --task va", "--task \"va\""},
        {"--data d --classes 0 80", "--classes 0 79 \"80\""},
        {"--data d --classes 0,,1", "--classes \"\""},
        {"--data d --classes cat", "--classes \"cat\""},
        {"--data d --noplots=yes", "--noplots no value"},
        {"--data d -x", "-x two dashes"},
        {"--data d one two", "\"two\" too many"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Options options;
        bool help;
        BrimStatus status = parse(cases[i].line, &options, &help);
        if (status == BRIM_OK)
            fail_msg("taken: %s", cases[i].line);
        assert_refused(status, BRIM_ERROR_ARGUMENT, cases[i].words);
    }
}

static void long_lists_end(void **state)
{
    (void)state;
    char line[2048] = "--data d --classes ";
    Options options;
    bool help;
    for (int i = 0; i < BRIM_OPTION_MOST_INTS; i++)
        strcat(line, "7,");
    assert_refused(parse(strcat(line, "7"), &options, &help), BRIM_ERROR_ARGUMENT, "256");
}

static void help_comes_from_the_table(void **state)
{
    (void)state;
    const char *const wanted[] = {
        "usage: brim thing [options] [source]\n\nDoes the thing.\n",
        "  --data FILE               the data.yaml (required)\n",
        "  --imgsz, --img, --img-size PX\n                            side of the network's input (default "
        "640)\n",
        "  --memory BYTES            the most memory that the run may take (default 3G)\n",
        "  --resume [FILE]           goes on with a run that was stopped, from its last checkpoint or, with\n"
        "                            FILE, from that one, with all of its options\n",
        "  --task train|val|test     the split (default val)\n",
        "  --noplots                 draws no pictures\n",
        "  source                    a picture or a folder\n",
        "  -h, --help                this text\n",
    };
    Options options;
    bool help;
    assert_ok(parse("--imgsz wrong --help", &options, &help)); /* who asks for help may have erred before */
    assert_true(help);
    assert_ok(parse("-h", &options, &help));
    assert_true(help);
    assert_ok(parse("--data d -- -h", &options, &help));
    assert_false(help);

    char *text = NULL;
    size_t bytes = 0;
    FILE *file = open_memstream(&text, &bytes);
    brim_options_help(&table, &standard, file);
    fclose(file);
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        if (!strstr(text, wanted[i]))
            fail_msg("the help does not say:\n%s\nbut:\n%s", wanted[i], text);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        assert_true(strlen(line) <= 100);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_is_read),        cmocka_unit_test(spellings_are_yolov5s),
        cmocka_unit_test(a_slip_is_named),           cmocka_unit_test(long_lists_end),
        cmocka_unit_test(help_comes_from_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

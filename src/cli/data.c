/* brim data: picture sets. */
#include <stdio.h>
#include <string.h>

#include "base/plural.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "data/demo.h"

typedef struct DemoOptions {
    const char *what, *folder;
    int pictures, imgsz;
    uint64_t seed;
} DemoOptions;

#define AT(field) offsetof(DemoOptions, field)
static const BrimOption options_of_data[] = {
    {.names = "set",
     .kind = BRIM_OPTION_WORD,
     .offset = AT(what),
     .required = true,
     .help = "demo: draws faces with and without masks, to try a training with"},
    {.names = "folder",
     .kind = BRIM_OPTION_WORD,
     .offset = AT(folder),
     .required = true,
     .help = "where images, labels and data.yaml are written"},
    {.names = "pictures",
     .kind = BRIM_OPTION_INT,
     .offset = AT(pictures),
     .low = 2,
     .high = 1000000,
     .value = "N",
     .help = "how many, a fifth of them to validate on"},
    {.names = "imgsz img img-size",
     .kind = BRIM_OPTION_INT,
     .offset = AT(imgsz),
     .low = 32,
     .high = 4096,
     .value = "PX",
     .help = "longer side of a picture"},
    {.names = "seed",
     .kind = BRIM_OPTION_UINT64,
     .offset = AT(seed),
     .value = "N",
     .help = "the same seed draws the same pictures"},
};
#undef AT
static const BrimOptionTable table = {"brim data demo FOLDER [options]", "Writes a picture set with labels.",
                                      options_of_data, sizeof options_of_data / sizeof options_of_data[0]};

static BrimStatus write_demo(const DemoOptions *options)
{
    if (strcmp(options->what, "demo") != 0)
        return brim_fail(BRIM_ERROR_ARGUMENT, "there is no \"data %s\"; there is demo", options->what);
    int val = options->pictures / 5 > 0 ? options->pictures / 5 : 1;
    BrimStatus status =
        brim_demo_write(options->folder, options->pictures - val, val, options->imgsz, options->seed);
    if (status == BRIM_OK)
        printf("%d picture%s to train on and %d to validate on: --data %s/data.yaml\n",
               options->pictures - val, brim_plural(options->pictures - val, "s"), val, options->folder);
    return status;
}

int brim_command_data(int count, char *const *words)
{
    DemoOptions options = {.pictures = 200, .imgsz = 320};
    bool help = false;
    BrimStatus status = brim_options_parse(&table, count, words, &options, &help);
    if (status == BRIM_OK && help) {
        brim_options_help(&table, &options, stdout);
        return BRIM_EXIT_DONE;
    }
    if (status == BRIM_OK)
        status = write_demo(&options);
    return brim_command_end("data", status);
}

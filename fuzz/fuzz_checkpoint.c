/* Lines of `key value` as a checkpoint's metadata: what a run that goes on takes of it is in range, what is
 * refused is refused in one line that no terminal takes for a command. */
#include <stdlib.h>
#include <string.h>

#include "graph/recompute.h"
#include "run/model_file.h"
#include "run/settings.h"
#include "train/position.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_sentence(void)
{
    if (!*brim_last_error())
        abort();
    for (const char *at = brim_last_error(); *at; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7F)
            abort();
}

static void take_metadata(BrimTensorFile *file, const uint8_t *data, size_t size)
{
    char *text = calloc(size + 1, 1);
    if (!text)
        return;
    if (size) /* an empty input has no address */
        memcpy(text, data, size);
    for (char *line = text, *end; *line; line = end) {
        end = strchr(line, '\n') ? strchr(line, '\n') : line + strlen(line);
        if (*end)
            *end++ = '\0';
        char *value = strchr(line, ' ');
        if (value)
            *value++ = '\0';
        brim_tensors_set_metadata(file, line, value ? value : "");
    }
    free(text);
}

static void read_model(BrimModelFile *file, const BrimTrainOptions *options)
{
    uint8_t levels[BRIM_MAX_LAYERS];
    if (brim_model_file_read(file, "fuzz") != BRIM_OK)
        check_sentence();
    else if (file->has_model && brim_recompute_parse(options->recompute, &file->model, levels) != BRIM_OK)
        check_sentence();
    for (int i = 0; file->has_model && i < file->class_name_count; i++)
        if (!file->class_names[i])
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static BrimModelFile file; /* a model is large */
    BrimSettings settings = {.count = 0};
    BrimTrainOptions options = {.data = NULL};
    BrimHyper hyper = brim_hyper_default();
    BrimPosition position = {.last_update = -1, .scaler = brim_scaler()};
    size_t before = brim_mem_held_bytes(BRIM_MEM_TAG_COUNT);
    file = (BrimModelFile){0};
    take_metadata(&file.tensors, data, size);
    if (brim_settings_restore(&file.tensors, &options, &hyper, &settings) != BRIM_OK)
        check_sentence();
    else if (brim_hyper_check(&hyper) != BRIM_OK)
        abort();
    if (brim_position_read(&position, &file.tensors) != BRIM_OK)
        check_sentence();
    else if (position.epoch < 0 || position.batch < 0 || !(position.scaler.scale > 0))
        abort();
    read_model(&file, &options);
    brim_settings_clear(&settings);
    brim_model_file_clear(&file);
    if (brim_mem_held_bytes(BRIM_MEM_TAG_COUNT) != before)
        abort();
    return 0;
}
